"""Deliveries of AWS services to functions, topics, queues, logs, pipelines, builds and state machines.

A service acts either by the target's own resource policy (functions, topics, queues) or with a role that it
was given; both are checked as AWS checks them, and a refusal is listed, logged and sent to the dead-letter
queue.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from sandbox.awslambda.asynchronous import invoke_later
from sandbox.awslambda.permissions import permitted_function
from sandbox.context import Context
from sandbox.events.calls import call_target
from sandbox.iam.decide import service_may
from sandbox.iam.guards import key_guard, key_of, queue_guard, topic_guard
from sandbox.iam.policy import Question
from sandbox.iam.resources import key_arn

log = logging.getLogger(__name__)


class DeliveryRefused(Exception):
    """A target that does not exist or does not let the service in."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who delivers: `service` (`events.amazonaws.com`), the resource it acts for, its account and region."""

    service: str
    source_arn: str
    account_id: str
    region: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and how: `role_arn` where the service acts with a role, `options` as the API names them."""

    arn: str
    role_arn: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    dead_letter_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One delivery that failed, for people to read."""

    at: float
    service: str
    source_arn: str
    target_arn: str
    reason: str


class Delivery:
    """The deliveries of one sandbox; thread-safe."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._lock = threading.Lock()
        self._undelivered: list[Undelivered] = []
        context.control_route("undelivered", lambda request: {"undelivered": self.undelivered()})

    def send_later(self, sender: Sender, target: Target, body: Any, **more: Any) -> None:
        """Deliver in a thread; see `send`."""
        self.context.run_thread(f"delivery to {target.arn}", self._send_or_note, sender, target, body, more)

    def send(self, sender: Sender, target: Target, body: Any, *, subject: str | None = None) -> None:
        """Deliver now.

        Args:
            sender: Who.
            target: Where to.
            body: A JSON value, or text that is passed on as it is.
            subject: Of a message to a topic.

        Raises:
            DeliveryRefused and whatever the target's API raises.
        """
        service = target.arn.split(":")[2]
        # EventBridge acts with the role that it was given, as it must in other accounts; Scheduler always has one.
        has_role = sender.service == "events.amazonaws.com" and target.role_arn is not None
        by_role = has_role or sender.service == "scheduler.amazonaws.com"
        deliver = None if by_role else self._by_policy().get(service)
        if deliver is not None:
            deliver(sender, target, body, subject)
        elif target.role_arn is None:
            raise DeliveryRefused(f"a target like {target.arn} needs a role")
        else:
            call_target(self.context, sender.service, sender.source_arn, target, body)

    def undelivered(self) -> list[dict[str, Any]]:
        """What could not be delivered, oldest first."""
        with self._lock:
            return [asdict(item) for item in self._undelivered]

    def note(self, sender: Sender, target_arn: str, reason: str) -> None:
        """List a delivery that failed."""
        log.warning("not delivered by %s from %s to %s: %s", sender.service, sender.source_arn, target_arn, reason)
        with self._lock:
            self._undelivered.append(Undelivered(time.time(), sender.service, sender.source_arn, target_arn, reason))

    def permits(self, sender: Sender, arn: str) -> None:
        """Raise DeliveryRefused unless a function, topic or queue lets the sender in."""
        service = arn.split(":")[2]
        try:
            if service == "lambda":
                self._function(sender, arn)
            elif service == "sns":
                self._check_topic(sender, arn)
            elif service == "sqs":
                self._check_queue(sender, arn)
        except DeliveryRefused:
            raise
        except Exception as error:
            raise DeliveryRefused(str(error)) from error

    def _send_or_note(self, sender: Sender, target: Target, body: Any, more: dict[str, Any]) -> None:
        try:
            self.send(sender, target, body, **more)
        except Exception as error:
            # Whatever went wrong on the way is the sender's to report; AWS retries and then drops the event.
            self.note(sender, target.arn, str(error))
            if target.dead_letter_arn:
                self._send_or_note(sender, Target(target.dead_letter_arn), body, {})

    def _by_policy(self) -> dict[str, Callable[[Sender, Target, Any, str | None], None]]:
        return {
            "lambda": self._to_function,
            "sns": self._to_topic,
            "sqs": self._to_queue,
            "logs": self._to_log_group,
        }

    def _function(self, sender: Sender, arn: str) -> Any:
        return permitted_function(
            arn, service=sender.service, source_arn=sender.source_arn, source_account=sender.account_id
        )

    def _to_function(self, sender: Sender, target: Target, body: Any, subject: str | None) -> None:
        value = json.loads(body) if isinstance(body, str) else body
        invoke_later(self.context.parts["lambda"], self._function(sender, target.arn), value)

    def _to_topic(self, sender: Sender, target: Target, body: Any, subject: str | None) -> None:
        self._check_topic(sender, target.arn)
        _, _, _, region, account_id, _ = target.arn.split(":")[:6]
        sns_backends[account_id][region].publish(arn=target.arn, message=_text(body), subject=subject)

    def _to_queue(self, sender: Sender, target: Target, body: Any, subject: str | None) -> None:
        self._check_queue(sender, target.arn)
        _, _, _, region, account_id, name = target.arn.split(":")[:6]
        group = (target.options.get("SqsParameters") or {}).get("MessageGroupId")
        more = {"group_id": group, "deduplication_id": uuid.uuid4().hex} if group else {}
        sqs_backends[account_id][region].send_message(queue_name=name, message_body=_text(body), **more)

    def _to_log_group(self, sender: Sender, target: Target, body: Any, subject: str | None) -> None:
        parts = target.arn.split(":")
        backend, group = logs_backends[parts[4]][parts[3]], parts[6]
        if group not in backend.groups:
            raise DeliveryRefused(f"there is no log group {group}")
        stream = uuid.uuid4().hex
        backend.create_log_stream(group, stream)
        backend.put_log_events(group, stream, [{"timestamp": int(unix_time_millis()), "message": _text(body)}])

    def _check_topic(self, sender: Sender, arn: str) -> None:
        guard = topic_guard(arn, sender.account_id)
        if guard.policy is None:
            raise DeliveryRefused(f"there is no topic {arn}")
        self._check(sender, "sns:Publish", arn, guard.policy)
        parts = arn.split(":")
        topic = sns_backends[parts[4]][parts[3]].topics[arn]
        self._check_key(sender, topic.kms_master_key_id, parts[4], parts[3], "sns")

    def _check_queue(self, sender: Sender, arn: str) -> None:
        parts = arn.split(":")
        queue = sqs_backends[parts[4]][parts[3]].queues.get(parts[5])
        if queue is None:
            raise DeliveryRefused(f"there is no queue {arn}")
        self._check(sender, "sqs:SendMessage", arn, queue_guard(parts[3], parts[4], parts[5]).policy or ())
        self._check_key(sender, getattr(queue, "kms_master_key_id", None), parts[4], parts[3], "sqs")

    def _check_key(self, sender: Sender, key_id: str | None, account_id: str, region: str, service: str) -> None:
        """A service that writes to something encrypted must be let in by the key too;

        AWS's own keys let none in.
        """
        if not key_id:
            return
        if key_id == f"alias/aws/{service}":
            raise DeliveryRefused(f"the key {key_id} cannot be used by {sender.service}; a key of your own can")
        arn = key_arn(key_id, account_id, region)
        if key_of(arn) is not None:
            self._check(sender, "kms:GenerateDataKey", arn, key_guard(arn).policy)

    def _check(self, sender: Sender, action: str, arn: str, policy: Any) -> None:
        values = {
            "aws:sourcearn": sender.source_arn,
            "aws:sourceaccount": sender.account_id,
            "aws:securetransport": "true",
        }
        if not service_may(policy, Question(action, ((arn,),), values), sender.service):
            raise DeliveryRefused(f"the policy of {arn} does not let {sender.service} do {action}")


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)
