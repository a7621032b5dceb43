"""Rules with a schedule, and EventBridge Scheduler: fired when somebody asks, so that a rehearsal need not
wait.

`POST /_sandbox/schedules/fire` with `{"name": pattern, "account_id": ..., "region": ...}` (each optional,
patterns as in a shell) fires every enabled one that fits and answers with their ARNs; `GET
/_sandbox/schedules` lists them.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends
from werkzeug.wrappers import Request

from sandbox.context import Context
from sandbox.events.delivery import Delivery, Sender, Target
from sandbox.events.rules import send_to_target

SCHEDULER = "scheduler.amazonaws.com"


def install(context: Context, delivery: Delivery) -> None:
    """Offer the control routes."""

    def fire(request: Request) -> dict[str, Any]:
        wanted = request.get_json(silent=True) or {}
        fired = []
        for kind, item in _all(wanted):
            if kind == "rule":
                _fire_rule(delivery, item)
            else:
                _fire_schedule(delivery, item)
            fired.append(item.arn)
        return {"fired": fired}

    def list_all(request: Request) -> dict[str, Any]:
        return {
            "schedules": [
                {
                    "kind": kind,
                    "arn": item.arn,
                    "name": item.name,
                    "expression": item.scheduled_expression if kind == "rule" else item.schedule_expression,
                }
                for kind, item in _all({})
            ]
        }

    context.control_route("schedules", list_all)
    context.control_route("schedules/fire", fire, ("POST",))


def _all(wanted: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Enabled rules with a schedule and schedules, as far as they fit what is wanted."""
    name = str(wanted.get("name", "*"))
    for backend in _backends(events_backends, wanted):
        for bus in list(backend.event_buses.values()):
            for rule in list(bus.rules.values()):
                if rule.scheduled_expression and rule.state == "ENABLED" and fnmatchcase(rule.name, name):
                    yield "rule", rule
    for backend in _backends(scheduler_backends, wanted):
        for group in list(backend.schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                if schedule.state == "ENABLED" and fnmatchcase(schedule.name, name):
                    yield "schedule", schedule


def _backends(backends: Any, wanted: dict[str, Any]) -> Iterator[Any]:
    for account_id, regions in list(backends.items()):
        if wanted.get("account_id") not in (None, account_id):
            continue
        for region, backend in list(regions.items()):
            if wanted.get("region") in (None, region):
                yield backend


def _fire_rule(delivery: Delivery, rule: Any) -> None:
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account_id,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": rule.region_name,
        "resources": [rule.arn],
        "detail": {},
    }
    for target in list(rule.targets):
        send_to_target(delivery, rule, target, event)


def _fire_schedule(delivery: Delivery, schedule: Any) -> None:
    target = schedule.target
    _, _, _, region, account_id, _ = schedule.arn.split(":", 5)
    text = target.get("Input") or "{}"
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = text.replace("<aws.scheduler.scheduled-time>", moment).replace("<aws.scheduler.schedule-arn>", schedule.arn)
    sender = Sender(SCHEDULER, schedule.arn, account_id, region)
    delivery.send_later(sender, _scheduler_target(target), _value(text))


def _scheduler_target(target: dict[str, Any]) -> Target:
    return Target(
        arn=target["Arn"],
        role_arn=target["RoleArn"],
        options=target,
        dead_letter_arn=(target.get("DeadLetterConfig") or {}).get("Arn"),
    )


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
