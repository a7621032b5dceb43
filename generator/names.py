"""Every cloud name, computed in one place from the platform and the pipeline. Pure.

Names never hold anything random or dated: the same platform and config always give the same names,
so a second submit finds what the first one made. A name that would be too long keeps its beginning
and gets eight hexadecimal digits of the SHA-256 of the whole.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Protocol

# SageMaker allows 63 characters, IAM roles 64; modules append at most 19 ("-inference-api-role").
RESOURCE_NAME_LIMIT = 44
CODEPIPELINE_NAME_LIMIT = 100
EVENT_RULE_NAME_LIMIT = 64
RESERVED_STAGE_NAMES = frozenset({"account", "bootstrap", "delivery", "orchestrator"})
# The workspace of an account stands beside those of pipelines.
RESERVED_PIPELINE_NAMES = frozenset({"account"})
# Beginning of its regions' names, name and DNS suffix of every partition; a test compares them with botocore's.
PARTITIONS = (
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
    ("", "aws", "amazonaws.com"),
)

_NOT_SLUG = re.compile(r"[^a-z0-9]+")


class PlatformLike(Protocol):
    """The part of a platform that names depend on."""

    @property
    def name(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def orchestrator_account_id(self) -> str: ...


@lru_cache(maxsize=16384)
def shorten(name: str, limit: int) -> str:
    """Return ``name`` if it fits ``limit`` characters, else its start plus ``-`` and 8 hex digits of its hash."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - 9].rstrip('-')}-{digest}"


@lru_cache(maxsize=16384)
def slug(label: str) -> str:
    """Return ``label`` in lower case with every run of other characters than a-z and 0-9 as one hyphen."""
    return _NOT_SLUG.sub("-", label.lower()).strip("-")


def pipeline_name(suffix: str, label: str) -> str:
    """Return the pipeline's name, e.g. ``churn-realtime-builtin`` for label ``churn``."""
    return f"{slug(label)}-{suffix}"


def resource_name(platform: PlatformLike, stage: str, pipeline: str) -> str:
    """Return the base name (at most 44 characters) of what one pipeline owns in one stage."""
    return shorten(f"{platform.name}-{stage}-{pipeline}", RESOURCE_NAME_LIMIT)


def resource_pattern(platform: PlatformLike, stage: str) -> str:
    """Return the pattern that the base names of a stage's pipelines match, shortened ones too."""
    return f"{f'{platform.name}-{stage}-'[: RESOURCE_NAME_LIMIT - 9]}*"


def delivery_pipeline_name(platform: PlatformLike, pipeline: str) -> str:
    """Return the name (at most 100 characters) of the AWS CodePipeline that delivers ``pipeline``."""
    return shorten(f"{platform.name}-{pipeline}", CODEPIPELINE_NAME_LIMIT)


def partition(region: str) -> str:
    """Return the AWS partition of a region, e.g. ``aws`` or ``aws-cn``."""
    return _partition(region)[1]


def dns_suffix(region: str) -> str:
    """Return how the names of AWS's hosts in a region end, e.g. ``amazonaws.com``."""
    return _partition(region)[2]


def _partition(region: str) -> tuple[str, str, str]:
    return next((row for row in PARTITIONS if region.startswith(row[0])), PARTITIONS[-1])


def bucket(platform: PlatformLike, role: str) -> str:
    """Return the name of the orchestrator's bucket for ``role``: state, assets, artifacts or logs."""
    return f"{platform.name}-{role}-{platform.orchestrator_account_id}-{platform.region}"


def state_key(platform: PlatformLike, *place: str) -> str:
    """Return the state's key for a workspace, e.g. ``acme-ml/dev/churn-realtime-builtin/terraform.tfstate``."""
    return "/".join((platform.name, *place, "terraform.tfstate"))


def role_arn(platform: PlatformLike, account_id: str, role: str) -> str:
    """Return the ARN of the platform's role ``<prefix>-<role>`` in an account."""
    return f"arn:{partition(platform.region)}:iam::{account_id}:role/{platform.name}-{role}"


def boundary_arn(given: str | None, account_id: str) -> str | None:
    """Return the permissions boundary of roles in an account: the policy of the given ARN's name there.

    IAM takes a boundary from the role's own account, or one of AWS's own policies.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    """
    if given is None or ":iam::aws:" in given:
        return given
    return re.sub(r":iam::[0-9]{12}:", f":iam::{account_id}:", given)


def key_alias_arn(platform: PlatformLike, alias: str) -> str:
    """Return the ARN of a KMS alias in the orchestrator account."""
    place = f"{platform.region}:{platform.orchestrator_account_id}"
    return f"arn:{partition(platform.region)}:kms:{place}:alias/{alias}"


def topic_arn(platform: PlatformLike) -> str:
    """Return the ARN of the topic that people are told through."""
    place = f"{platform.region}:{platform.orchestrator_account_id}"
    return f"arn:{partition(platform.region)}:sns:{place}:{platform.name}-notifications"


def model_package_group_arn(platform: PlatformLike, group: str) -> str:
    """Return the ARN of a model package group of the orchestrator account."""
    place = f"{platform.region}:{platform.orchestrator_account_id}"
    return f"arn:{partition(platform.region)}:sagemaker:{place}:model-package-group/{group}"


def orchestrator_function_arn(platform: PlatformLike) -> str:
    """Return the ARN of the orchestrator's Lambda function."""
    place = f"{platform.region}:{platform.orchestrator_account_id}"
    return f"arn:{partition(platform.region)}:lambda:{place}:function:{platform.name}-orchestrator"


def approval_rule_name(platform: PlatformLike, pipeline: str) -> str:
    """Return the name (at most 64 characters) of the rule that hears of versions approved for ``pipeline``.

    The dot keeps it out of ``<prefix>-*``, what stages in the orchestrator account may own.
    """
    return shorten(f"{platform.name}.approved-{pipeline}", EVENT_RULE_NAME_LIMIT)


def delivery_pipeline_arn(platform: PlatformLike, pipeline: str) -> str:
    """Return the ARN of the delivery pipeline; it is the ``pipeline_id`` of the API."""
    name = delivery_pipeline_name(platform, pipeline)
    place = f"{platform.region}:{platform.orchestrator_account_id}"
    return f"arn:{partition(platform.region)}:codepipeline:{place}:{name}"


def bundle_key(pipeline: str, digest: str) -> str:
    """Return the object key of a bundle in the artifacts bucket."""
    return f"bundles/{pipeline}/{digest}.zip"
