"""The resource policies that take part in decisions: buckets, keys, topics, queues."""

from __future__ import annotations

from typing import Any

from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from sandbox.iam.calls import Call
from sandbox.iam.decide import Guard
from sandbox.iam.policy import Statement, parse

# These have resource policies or can be reached from other accounts, so root's own calls are looked at too.
GUARDED = frozenset({"s3", "sns", "sqs", "kms"})


def guard_of(call: Call, resource: str, account_id: str) -> Guard:
    """The owner and the resource policy of what a call touches; without either, the caller's account owns
    it.
    """
    if call.prefix == "s3":
        return bucket_guard(str(call.parameters.get("Bucket") or ""), account_id)
    if call.prefix == "kms" and ":key/" in resource:
        return key_guard(resource)
    if call.prefix == "sns" and resource.startswith("arn:"):
        return topic_guard(resource, account_id)
    if call.prefix == "sqs":
        parts = str(call.parameters.get("QueueUrl") or "").rstrip("/").split("/")
        if len(parts) > 2:
            return queue_guard(call.region, parts[-2], parts[-1])
    return Guard(account_id)


def bucket_of(name: str) -> Any | None:
    """moto's bucket of that name, in whatever account; None if there is none."""
    owner = s3_backends.bucket_accounts.get(name)
    return s3_backends[owner[1]][owner[0]].buckets.get(name) if owner else None


def bucket_guard(name: str, account_id: str) -> Guard:
    """The owner and policy of a bucket; the caller's account if the bucket does not exist."""
    bucket = bucket_of(name)
    if bucket is None:
        return Guard(account_id)
    policy = bucket.policy
    text = policy.decode() if isinstance(policy, bytes) else policy
    return Guard(bucket.account_id, parse(text) if text else None)


def key_of(arn: str) -> Any | None:
    """moto's KMS key of an ARN; None if there is none."""
    _, _, _, region, account_id, name = arn.split(":", 5)
    return kms_backends[account_id][region].keys.get(name.removeprefix("key/"))


def key_guard(arn: str) -> Guard:
    """The owner and policy of a KMS key, its grants included: a key lets in nobody whom its policy does not
    name.
    """
    account_id = arn.split(":")[4]
    key = key_of(arn)
    if key is None:
        return Guard(account_id)
    statements = parse(key.policy) if key.policy else ()
    grants = tuple(
        Statement(
            allow=True,
            actions=tuple(f"kms:{operation}" for operation in grant.operations),
            except_actions=False,
            resources=None,
            except_resources=False,
            principal={"AWS": (grant.grantee_principal,)},
            except_principal=False,
            condition=None,
        )
        for grant in list(key.grants.values())
    )
    return Guard(account_id, statements + grants, is_sole_gate=True)


def topic_of(arn: str) -> Any | None:
    """moto's SNS topic of an ARN, or of a subscription's; None if there is none."""
    parts = arn.split(":")
    return None if len(parts) < 6 else sns_backends[parts[4]][parts[3]].topics.get(":".join(parts[:6]))


def topic_guard(arn: str, account_id: str) -> Guard:
    """The owner and policy of an SNS topic."""
    topic = topic_of(arn)
    owner = arn.split(":")[4] if arn.count(":") >= 5 else account_id
    return Guard(owner, parse(topic.policy) if topic is not None else None)


def queue_guard(region: str, owner: str, name: str) -> Guard:
    """The owner and policy of an SQS queue."""
    queue = sqs_backends[owner][region].queues.get(name)
    text = getattr(queue, "policy", None)
    return Guard(owner, parse(text) if text else None)
