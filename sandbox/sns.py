"""SNS mended: messages to people can be read, functions get the real event, nothing leaves this machine.

- A message to an e-mail, SMS or HTTP subscriber goes to the inbox, `GET /_sandbox/inbox`, as if the
  recipient had
  confirmed the subscription; `?topic=` (a pattern), `?account_id=` and `?since=` (a number) narrow it.
- moto posts to HTTP endpoints for real, invokes functions inside Publish with an invented event and asks
  for no
  permission, and finds a subscribed queue only in the topic's own account.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.sns.models import Subscription
from werkzeug.wrappers import Request

from sandbox.context import Context
from sandbox.events.delivery import Delivery, Sender, Target

SERVICE = "sns.amazonaws.com"
_PEOPLE = ("email", "email-json", "sms", "http", "https", "application", "firehose")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it reached `to`; `number` counts all messages of the sandbox from 1."""

    number: int
    at: float
    account_id: str
    region: str
    topic: str
    topic_arn: str
    protocol: str
    to: str
    subject: str | None
    message: str
    message_id: str


class Inbox:
    """What people were sent; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: list[Message] = []

    def add(self, subscription: Any, text: str, message_id: str, subject: str | None) -> None:
        """Put a message in the inbox of a subscriber."""
        arn = subscription.topic.arn
        _, _, _, region, account_id, name = arn.split(":", 5)
        with self._lock:
            self._messages.append(
                Message(
                    number=len(self._messages) + 1,
                    at=time.time(),
                    account_id=account_id,
                    region=region,
                    topic=name,
                    topic_arn=arn,
                    protocol=subscription.protocol,
                    to=subscription.endpoint,
                    subject=subject,
                    message=text,
                    message_id=message_id,
                )
            )

    def read(self, *, topic: str = "*", account_id: str | None = None, since: int = 0) -> list[dict[str, Any]]:
        """The messages, oldest first, as JSON values; `since` leaves out those up to that number."""
        with self._lock:
            messages = list(self._messages)
        return [
            asdict(message)
            for message in messages
            if message.number > since and fnmatchcase(message.topic, topic) and account_id in (None, message.account_id)
        ]


def install(context: Context) -> None:
    """Replace the delivery to subscribers and offer the inbox."""
    inbox = context.parts["inbox"] = Inbox()
    delivery: Delivery = context.parts["delivery"]

    def publish(
        self: Any,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> None:
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        text = self._parse_message_structure(message, self.protocol) if message_structure == "json" else message
        if self.protocol in _PEOPLE:
            inbox.add(self, text, message_id, subject)
            return
        notification = _notification(self, text, message_id, subject, message_attributes)
        body: Any = notification
        if self.protocol == "lambda":
            body = _lambda_event(self, notification)
        elif str(self.attributes.get("RawMessageDelivery")).lower() == "true":
            body = text
        options = {"SqsParameters": {"MessageGroupId": group_id}} if group_id else {}
        _, _, _, region, account_id, _ = self.topic.arn.split(":", 5)
        redrive = json.loads(self.attributes.get("RedrivePolicy") or "{}")
        target = Target(self.endpoint, options=options, dead_letter_arn=redrive.get("deadLetterTargetArn"))
        delivery.send_later(Sender(SERVICE, self.topic.arn, account_id, region), target, body)

    def read(request: Request) -> dict[str, Any]:
        wanted = request.args
        messages = inbox.read(
            topic=wanted.get("topic", "*"),
            account_id=wanted.get("account_id"),
            since=wanted.get("since", 0, type=int),
        )
        return {"messages": messages}

    Subscription.publish = publish
    context.control_route("inbox", read)


def _notification(
    subscription: Any, text: str, message_id: str, subject: str | None, attributes: dict[str, Any] | None
) -> dict[str, Any]:
    value = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic.arn,
        "Subject": subject,
        "Message": text,
        "Timestamp": iso_8601_datetime_with_milliseconds(),
        "SignatureVersion": "1",
        "Signature": "none: the local AWS signs nothing",
        "SigningCertURL": "",
        "UnsubscribeURL": "",
        "MessageAttributes": attributes,
    }
    return {key: item for key, item in value.items() if item is not None}


def _lambda_event(subscription: Any, notification: dict[str, Any]) -> dict[str, Any]:
    renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    record = {renamed.get(key, key): value for key, value in notification.items()}
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "Sns": {"Subject": None, "MessageAttributes": {}} | record,
            }
        ]
    }
