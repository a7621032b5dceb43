"""EventBridge rules: every kind of target, only enabled rules, only rules with a pattern.

moto delivers to queues, logs and buses only and fails PutEvents for any other target; a rule that has a
schedule and no pattern gets every event there, and a disabled rule too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.events.models import Rule, events_backends
from moto.moto_api._internal import mock_random

from sandbox.context import Context
from sandbox.events.delivery import Delivery, Sender, Target
from sandbox.events.transform import input_of

SERVICE = "events.amazonaws.com"


def install(context: Context, delivery: Delivery) -> None:
    """Deliver what is put on a bus, and what AWS's services publish."""
    archive = Rule._send_to_events_archive

    def send_to_targets(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if self.state.startswith("DISABLED") or not self.event_pattern.get_pattern():
            return
        event = shown(original_event)
        if not self.event_pattern.matches_event(event):
            return
        for target in list(self.targets):
            if "archive-arn" in original_event:
                archive(self, original_event["archive-arn"].split(":archive/")[-1], original_event)
            else:
                send_to_target(delivery, self, target, event)

    def publish(account_id: str, region: str, event: dict[str, Any]) -> None:
        full = event | {"account": account_id, "region": region}
        bus = events_backends[account_id][region].event_buses["default"]
        for rule in list(bus.rules.values()):
            rule.send_to_targets(full)

    Rule.send_to_targets = send_to_targets
    context.on_event(publish)


def send_to_target(delivery: Delivery, rule: Any, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    """Deliver an event that a rule let through to one of its targets, in a thread."""
    sender = Sender(SERVICE, rule.arn, rule.account_id, rule.region_name)
    delivery.send_later(
        sender,
        Target(
            arn=target["Arn"],
            role_arn=target.get("RoleArn"),
            options=target,
            dead_letter_arn=(target.get("DeadLetterConfig") or {}).get("Arn"),
        ),
        input_of(target, event, rule_arn=rule.arn, rule_name=rule.name),
    )


def shown(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event as targets and patterns see it: with id, version and time, the time as text."""
    moment = event.get("time") or datetime.now(UTC).timestamp()
    if isinstance(moment, int | float):
        moment = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "version": "0",
        "id": event.get("id") or str(mock_random.uuid4()),
        "detail-type": event["detail-type"],
        "source": event["source"],
        "account": event["account"],
        "time": moment,
        "region": event["region"],
        "resources": list(event.get("resources", [])),
        "detail": event["detail"],
    }
