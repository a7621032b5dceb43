"""Everything that a call needs to be allowed: its own action, and what AWS checks along with it.

Along with it come the source of a copy, the KMS key behind an encrypted object or topic, and `iam:PassRole`
for every role that the call hands to a service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.iam.actions import actions_of
from sandbox.iam.calls import Call
from sandbox.iam.decide import Guard
from sandbox.iam.guards import bucket_guard, bucket_of, guard_of, key_guard, key_of, topic_of
from sandbox.iam.resources import key_arn, resources_of

_WRITES = {"PutObject", "CopyObject", "CreateMultipartUpload"}

# The service that a role is passed to, by IAM prefix; what is not here is `<prefix>.amazonaws.com`.
_PASSED_TO = {
    "application-autoscaling": "application-autoscaling.amazonaws.com",
    "cloudwatch": "cloudwatch.amazonaws.com",
    "logs": "logs.amazonaws.com",
}

_ROLE_PARAMETERS = frozenset(
    {
        "role",
        "rolearn",
        "servicerole",
        "servicerolearn",
        "executionrolearn",
        "credentials",
        "cloudwatchrolearn",
        "destinationrolearn",
        "taskrolearn",
    }
)

_HANDS_OVER = ("Create", "Put", "Update", "Register", "Start", "Run", "Set", "Modify")


@dataclass(frozen=True, slots=True)
class Need:
    """One decision to make: an action on resources behind a guard, with condition values of its own."""

    action: str
    resources: tuple[tuple[str, ...], ...]
    guard: Guard
    values: tuple[tuple[str, str], ...] = ()


def needs_of(call: Call, account_id: str) -> Iterator[Need]:
    """What the caller must be allowed for this call, the call's own action first."""
    for action in actions_of(call):
        resources = resources_of(call, action, account_id)
        for resource in resources:
            yield Need(action, (resource,), guard_of(call, resource[0], account_id))
    if call.service == "s3":
        yield from _source_of_copy(call, account_id)
        yield from _object_keys(call, account_id)
    else:
        yield from _passed_roles(call, account_id)
    if call.service == "sns" and call.operation in ("Publish", "PublishBatch"):
        yield from _topic_key(call)


def _object_key(call: Call, action: str, bucket: Any, key_id: str | None, key: str, account_id: str) -> Iterator[Need]:
    """The need of the KMS key behind an S3 object; `key_id` is as the bucket or the request names it.

    S3's own key (`alias/aws/s3`, or none named) lets everybody of its account in, and nobody of another.
    """
    name = key_id or "alias/aws/s3"
    encrypted = f"arn:{call.partition}:s3:::{bucket.name}/{key}"
    values = (
        ("kms:viaservice", f"s3.{call.region}.amazonaws.com"),
        ("kms:encryptioncontext:aws:s3:arn", encrypted),
    )
    if name.endswith("alias/aws/s3"):
        if account_id != bucket.account_id:
            arn = f"arn:{call.partition}:kms:{bucket.region_name}:{bucket.account_id}:alias/aws/s3"
            yield Need(action, ((arn,),), Guard(bucket.account_id, (), is_sole_gate=True), values)
        return
    arn = key_arn(name, bucket.account_id, bucket.region_name, call.partition)
    if key_of(arn) is not None:
        yield Need(action, ((arn,),), key_guard(arn), values)


def _topic_key(call: Call) -> Iterator[Need]:
    """Whoever publishes to an encrypted topic uses its key, through SNS."""
    arn = str(call.parameters.get("TopicArn") or call.parameters.get("TargetArn") or "")
    topic = topic_of(arn)
    if topic is None or not topic.kms_master_key_id:
        return
    region, owner = arn.split(":")[3:5]
    key = key_arn(topic.kms_master_key_id, owner, region, call.partition)
    if key_of(key) is None:
        return
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        yield Need(action, ((key,),), key_guard(key), (("kms:viaservice", f"sns.{region}.amazonaws.com"),))


def _source_of_copy(call: Call, account_id: str) -> Iterator[Need]:
    source = call.headers.get("x-amz-copy-source")
    if not source:
        return
    path, _, version = unquote(source).lstrip("/").partition("?versionId=")
    bucket, _, key = path.partition("/")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    arn = f"arn:{call.partition}:s3:::{bucket}/{key}"
    yield Need(action, ((arn,),), bucket_guard(bucket, account_id))
    yield from _read_key(call, bucket, key, version, account_id)


def _object_keys(call: Call, account_id: str) -> Iterator[Need]:
    bucket, key = str(call.parameters.get("Bucket") or ""), str(call.parameters.get("Key") or "")
    if call.operation in _WRITES:
        found = bucket_of(bucket)
        default = {} if found is None or not found.encryption else found.encryption["Rule"]
        default = default.get("ApplyServerSideEncryptionByDefault", {})
        algorithm = call.headers.get("x-amz-server-side-encryption") or default.get("SSEAlgorithm")
        key_id = call.headers.get("x-amz-server-side-encryption-aws-kms-key-id") or default.get("KMSMasterKeyID")
        if found is not None and algorithm in ("aws:kms", "aws:kms:dsse"):
            yield from _object_key(call, "kms:GenerateDataKey", found, key_id, key, account_id)
    elif call.operation == "GetObject":
        yield from _read_key(call, bucket, key, str(call.parameters.get("VersionId") or ""), account_id)


def _read_key(call: Call, bucket: str, key: str, version: str, account_id: str) -> Iterator[Need]:
    found = bucket_of(bucket)
    if found is None:
        return
    stored = stored_object(found, key, version)
    if stored is not None and (getattr(stored, "encryption", None) or "").startswith("aws:kms"):
        yield from _object_key(call, "kms:Decrypt", found, stored.kms_key_id, key, account_id)


def stored_object(bucket: Any, key: str, version: str = "") -> Any | None:
    """moto's object of that key (and version), delete markers included; None if there is none."""
    versions = bucket.keys.getlist(key, [])
    if not version:
        return versions[-1] if versions else None
    return next((v for v in versions if str(v.version_id) == version), None)


def _passed_roles(call: Call, account_id: str) -> Iterator[Need]:
    if call.prefix in ("iam", "sts") or not call.operation.startswith(_HANDS_OVER):
        return
    own = f"arn:{call.partition}:iam::{account_id}:role/"
    service = _PASSED_TO.get(call.prefix, f"{call.prefix}.amazonaws.com")
    for arn in dict.fromkeys(_roles_in(call.parameters)):
        # A role of another account is never passed: the service assumes it through its own role.
        if arn.startswith(own):
            yield Need("iam:PassRole", ((arn,),), Guard(account_id), (("iam:passedtoservice", service),))


def _roles_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, str) and ":role/" in item and str(name).lower() in _ROLE_PARAMETERS:
                yield item
            else:
                yield from _roles_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _roles_in(item)
