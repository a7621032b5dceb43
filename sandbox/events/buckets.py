"""S3's notifications: to functions, topics, queues and EventBridge, after the request and only where S3 is
let in.

moto invokes functions inside PutObject's request, swallows their failure, asks for no permission, and sends
nothing for a delete marker, and forgets `EventBridgeConfiguration` when it shows a bucket's notifications.
AWS also refuses a notification whose target does not let S3 in at the moment it is set, which is what an
`aws_lambda_permission` that comes too late runs into.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import quote_plus

from moto.core.responses import ActionResult
from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response

from sandbox.context import Context
from sandbox.events.delivery import Delivery, DeliveryRefused, Sender, Target
from sandbox.events.rules import shown

SERVICE = "s3.amazonaws.com"

_REASONS = {
    "ObjectCreated:Put": "PutObject",
    "ObjectCreated:Post": "POST Object",
    "ObjectCreated:Copy": "CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "ObjectRemoved:Delete": "DeleteObject",
    "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}
_DETAIL_TYPES = {
    "ObjectCreated": "Object Created",
    "ObjectRemoved": "Object Deleted",
    "ObjectTagging": "Object Tags Added",
    "ObjectAcl": "Object ACL Updated",
    "ObjectRestore": "Object Restore Completed",
}


class _InvalidArgument(S3ClientError):  # type: ignore[misc]
    code = "InvalidArgument"


def install(context: Context, delivery: Delivery) -> None:
    """Replace the sending, the checks and the showing."""

    def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        config = bucket.notification_configuration
        if config is None:
            return
        name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
        sender = _sender(bucket)
        for listed in (config.cloud_function, config.queue, config.topic):
            for item in listed:
                if item.matches(f"s3:{name}", key.name):
                    record = {"Records": [_record(bucket, key, name, item.id)]}
                    delivery.send_later(sender, Target(item.arn), record, subject="Amazon S3 Notification")
        if config.event_bridge is not None:
            context.publish_event(
                bucket.account_id,
                bucket.region_name,
                "aws.s3",
                _DETAIL_TYPES.get(name.split(":")[0], name),
                _detail(bucket, key, name),
                [bucket.arn],
            )

    set_configuration = FakeBucket.set_notification_configuration

    def set_notification_configuration(self: Any, config: dict[str, Any] | None) -> None:
        sender = _sender(self)
        for kind, field in (("Topic", "Topic"), ("Queue", "Queue"), ("CloudFunction", "CloudFunction")):
            for item in (config or {}).get(f"{kind}Configuration") or []:
                try:
                    delivery.permits(sender, item[field])
                except DeliveryRefused as error:
                    message = "Unable to validate the following destination configurations"
                    raise _InvalidArgument(f"{message} ({error})") from error
        set_configuration(self, config)

    def send_test_event(account_id: str, bucket: Any) -> None:
        config = bucket.notification_configuration
        for arn in {item.arn for item in [*config.queue, *config.topic]}:
            event = notifications._get_test_event(bucket.name)
            delivery.send_later(_sender(bucket), Target(arn), event, subject="Amazon S3 Notification")

    set_delete_marker = S3Backend._set_delete_marker

    def _set_delete_marker(self: Any, bucket_name: str, key_name: str) -> Any:
        marker = set_delete_marker(self, bucket_name, key_name)
        event = notifications.S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
        send_event(self.account_id, event, self.get_bucket(bucket_name), marker)
        return marker

    S3Backend._set_delete_marker = _set_delete_marker
    notifications.send_event = send_event
    notifications.send_test_event = send_test_event
    FakeBucket.set_notification_configuration = set_notification_configuration
    _show_event_bridge()


def _show_event_bridge() -> None:
    show = S3Response.get_bucket_notification

    def get_bucket_notification(self: Any) -> Any:
        config = self.backend.get_bucket_notification_configuration(self.bucket_name)
        if config is None or config.event_bridge is None:
            return show(self)
        serialized = self.serialized

        def with_event_bridge(result: Any) -> Any:
            return serialized(ActionResult({**result.result, "EventBridgeConfiguration": {}}))

        self.serialized = with_event_bridge
        return show(self)

    S3Response.get_bucket_notification = get_bucket_notification


def _sender(bucket: Any) -> Sender:
    return Sender(SERVICE, f"arn:{bucket.partition}:s3:::{bucket.name}", bucket.account_id, bucket.region_name)


def _record(bucket: Any, key: Any, name: str, notification_id: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
    stored: dict[str, Any] = {"key": quote_plus(key.name, safe="/"), "sequencer": uuid.uuid4().hex[:18].upper()}
    if not name.startswith("ObjectRemoved"):
        stored |= {"size": key.size, "eTag": key.etag.replace('"', "")}
    if bucket.is_versioned:
        stored["versionId"] = str(key.version_id)
    owner = {"principalId": f"A{bucket.account_id}"}
    event = shown({"detail-type": "", "source": "", "account": "", "region": "", "detail": {}})
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventTime": event["time"].replace("Z", ".000Z"),
        "eventName": name,
        "userIdentity": {"principalId": f"AWS:{bucket.account_id}"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": uuid.uuid4().hex[:16].upper(), "x-amz-id-2": uuid.uuid4().hex},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": notification_id,
            "bucket": {"name": bucket.name, "ownerIdentity": owner, "arn": bucket.arn},
            "object": stored,
        },
    }


def _detail(bucket: Any, key: Any, name: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""
    stored: dict[str, Any] = {"key": key.name, "sequencer": uuid.uuid4().hex[:18].upper()}
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": stored,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": bucket.account_id,
        "source-ip-address": "127.0.0.1",
        "reason": _REASONS.get(name, name),
    }
    if name.startswith("ObjectRemoved"):
        is_marker = name.endswith("DeleteMarkerCreated")
        detail["deletion-type"] = "Delete Marker Created" if is_marker else "Permanently Deleted"
    else:
        stored |= {"size": key.size, "etag": key.etag.replace('"', "")}
    if bucket.is_versioned:
        stored["version-id"] = str(key.version_id)
    return detail
