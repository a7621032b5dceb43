"""SageMaker's events on the default EventBridge bus: `SageMaker Training Job State Change` and its kin.

The detail of such an event is what Describe answers, with times as epoch milliseconds. Endpoint states are
the one
exception: in events they are written `IN_SERVICE`, in the API `InService`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.context import Context
from sandbox.sagemaker.store import Resource, Store

SOURCE = "aws.sagemaker"


def publish(context: Context, resource: Resource, what: str, changes: Mapping[str, Any] | None = None) -> None:
    """Send `SageMaker <what> State Change` about a resource, to the account and region of its ARN.

    Args:
        context: The sandbox.
        resource: What changed; its document becomes the detail.
        what: The thing in the words of the event (`Training Job`).
        changes: Members that differ between event and document.
    """
    region, account_id = resource.arn.split(":")[3:5]
    detail = {key: _plain(value) for key, value in {**resource.document, **(changes or {})}.items()}
    context.publish_event(
        account_id, region, SOURCE, f"SageMaker {what} State Change", detail, resources=[resource.arn]
    )


def tags_of(store: Store, resource: Resource) -> dict[str, str]:
    """A resource's tags as an event shows them: key to value."""
    return dict(store.tags.get(resource.arn, {}))


def upper_snake(status: str) -> str:
    """`InService` as `IN_SERVICE`. Pure."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
