"""Kinds of value that AWS gives a meaning: bucket locations, ARNs, images, instance types, cron expressions. Pure.

No pattern lists regions: AWS opens new ones faster than lists are mended, and the AWS solution refused all of
Africa, the Middle East, Israel and Mexico that way.
"""

from __future__ import annotations

import re
from typing import Any

from ..names import PARTITIONS, partition
from ..problems import closest
from .kinds import Kind, Schema, Text, show
from .report import Report

REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
PARTITION = r"aws(?:-[a-z]+)*"
# Days that CloudWatch Logs can keep a log for.
LOG_PERIODS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


def arn_region(arn: str) -> str:
    """Return the region of an ARN, "" if it has none. Pure."""
    parts = arn.split(":", 5)
    return parts[3] if len(parts) > 4 else ""


def arn_account(arn: str) -> str:
    """Return the account id of an ARN, "" if it has none. Pure."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 4 else ""


def _partition_fault(arn: str) -> str:
    region = arn_region(arn)
    expected = partition(region)
    given = arn.split(":", 2)[1]
    if region and given != expected:
        return f"names partition {given}, but region {region} is in {expected}"
    return ""


class InstanceType(Kind):
    """An ML instance type that exists for a kind of job (see ``instances.JOB_KINDS``)."""

    __slots__ = ("_known", "job")

    def __init__(self, job: str) -> None:
        super().__init__("an ML instance type such as ml.m5.large")
        self.job = job
        self._known: frozenset[str] = frozenset()

    def check(self, value: Any, report: Report) -> Any:
        if value.__class__ is not str:
            return self.wrong_type(value, report)
        text: str = value.strip()
        known = self._known or self._load()
        if text in known:
            return text
        if not text:
            return report.add("empty-value", f"is empty; {self.expects} is expected")
        from .. import instances

        if instances.is_known(text) and text.startswith("ml."):
            return report.add(
                "instance-not-for-job",
                f"{show(text)} exists, but not for {_JOB_WORDS[self.job]}",
                _of_family(text, known),
            )
        meant = next((name for name in (text.lower(), f"ml.{text.lower()}") if name in known), closest(text, known))
        return report.add(
            "unknown-instance-type",
            f"{show(text)} is not {self.expects}",
            f'did you mean "{meant}"?' if meant else "use a type such as ml.m5.large",
        )

    def _load(self) -> frozenset[str]:
        from .. import instances

        self._known = instances.types_for(self.job)
        return self._known

    def schema(self) -> Schema:
        return {"type": "string", "enum": sorted(self._known or self._load())}


_JOB_WORDS = {
    "endpoint": "endpoints",
    "transform": "batch transform jobs",
    "training": "training jobs",
    "processing": "processing jobs (baselines and monitoring)",
}


def _of_family(text: str, known: frozenset[str]) -> str:
    family = text.rpartition(".")[0]
    siblings = sorted(name for name in known if name.rpartition(".")[0] == family)
    return f"use one of this family: {', '.join(siblings[:6])}" if siblings else "use a type such as ml.m5.large"


class Arn(Text):
    """An ARN of one service, whose region and partition agree."""

    __slots__ = ()

    def __init__(self, expects: str, service: str, resource: str, *, code: str, fix: str = "") -> None:
        super().__init__(
            expects,
            rf"arn:{PARTITION}:{service}:{REGION}:[0-9]{{12}}:{resource}",
            longest=2048,
            code=code,
            fix=fix,
            also=_partition_fault,
        )


class KmsKeyArn(Arn):
    """The ARN of a KMS key; an alias or a bare key id is refused with advice."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(
            "the ARN of a KMS key",
            "kms",
            r"key/[A-Za-z0-9-]{1,128}",
            code="bad-kms-key",
            fix="write arn:aws:kms:<region>:<account>:key/<key id>; an alias or a bare key id is not accepted",
        )


ACCOUNT_ID = Text(
    "a 12-digit account id", r"[0-9]{12}", numbers=True, fix='quote the full id, for example "123456789012"'
)
REGION_NAME = Text("an AWS region such as eu-central-1", REGION, code="bad-region", lower=False)
KMS_KEY_ARN = KmsKeyArn()
MODEL_PACKAGE_ARN = Arn(
    "the ARN of a model package version",
    "sagemaker",
    r"model-package/[A-Za-z0-9](?:-*[A-Za-z0-9]){0,62}(?:/[0-9]{1,9})?",
    code="bad-model-package",
    fix="write arn:aws:sagemaker:<region>:<account>:model-package/<group>/<version>",
)
ECR_IMAGE = Text(
    "the URI of an image in ECR",
    rf"[0-9]{{12}}\.dkr\.ecr\.{REGION}\.(?:{'|'.join(sorted({re.escape(suffix) for *_, suffix in PARTITIONS}))})/"
    r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?",
    longest=255,
    code="bad-image-uri",
    fix="write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>",
)
ECR_REPOSITORY = Text(
    "the name of an ECR repository",
    r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*",
    shortest=2,
    longest=256,
    code="bad-repository",
    fix="use lower-case letters, digits and single . _ - / between them; no registry address and no tag",
)
IMAGE_TAG = Text(
    "an image tag",
    r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,116}",
    numbers=True,
    code="bad-image-tag",
    fix="use letters, digits, dots, underscores and hyphens, starting with a letter, digit or underscore",
)


def sagemaker_name(noun: str, longest: int, *, lower: bool = False) -> Text:
    """Return the kind of a SageMaker resource name: letters, digits and single hyphens inside, bounded length."""
    return Text(
        f"{noun} (letters, digits and hyphens, at most {longest} characters)",
        r"[A-Za-z0-9](?:-*[A-Za-z0-9])*" if not lower else r"[a-z0-9](?:-*[a-z0-9])*",
        longest=longest,
        lower=lower,
        code="bad-name",
        fix="use letters, digits and hyphens; start and end with a letter or digit",
    )


def ecr_region(image_uri: str) -> str:
    """Return the region of an ECR image URI. Pure."""
    host = image_uri.partition("/")[0]
    found = re.search(rf"\.({REGION})\.", host)
    return found[1] if found else ""
