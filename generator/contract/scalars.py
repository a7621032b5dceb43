"""Kinds of value that AWS gives a meaning: bucket locations, ARNs, images, instance types, cron expressions. Pure.

No pattern lists regions: AWS opens new ones faster than lists are mended, and the AWS solution refused all of
Africa, the Middle East, Israel and Mexico that way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from ..problems import closest
from .kinds import Kind, Schema, Text, show
from .report import INVALID, Report

REGION = r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}"
PARTITION = r"aws(?:-[a-z]+)*"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


def arn_region(arn: str) -> str:
    """Return the region of an ARN, "" if it has none. Pure."""
    parts = arn.split(":", 5)
    return parts[3] if len(parts) > 4 else ""


def arn_account(arn: str) -> str:
    """Return the account id of an ARN, "" if it has none. Pure."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 4 else ""


def partition_of(region: str) -> str:
    """Return the partition a region belongs to. Pure."""
    for start, name in (
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ):
        if region.startswith(start):
            return name
    return "aws"


def _bucket_fault(bucket: str) -> str:
    if ".." in bucket or ".-" in bucket or "-." in bucket:
        return "has a dot next to a dot or a hyphen, which bucket names may not have"
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", bucket):
        return "looks like an IP address, which bucket names may not"
    return ""


def _partition_fault(arn: str) -> str:
    region = arn_region(arn)
    expected = partition_of(region)
    given = arn.split(":", 2)[1]
    if region and given != expected:
        return f"names partition {given}, but region {region} is in {expected}"
    return ""


class S3Location(Kind):
    """``bucket/prefix``, with or without ``s3://`` and a trailing slash; the normal form has neither.

    Args:
        needs_key: Whether a bucket alone is refused.
        writes: Whether results are written there; S3 then takes fewer characters without escaping.
    """

    __slots__ = ("needs_key", "writes")
    _match: ClassVar[Callable[[str], object] | None] = None

    def __init__(self, *, needs_key: bool = False, writes: bool = False) -> None:
        super().__init__("an S3 location such as my-bucket/some/prefix")
        self.needs_key = needs_key
        self.writes = writes

    def check(self, value: Any, report: Report) -> Any:
        if value.__class__ is not str:
            return self.wrong_type(value, report)
        text: str = value.strip()
        if not text:
            return report.add("empty-value", f"is empty; {self.expects} is expected")
        if text[:5].lower() == "s3://":
            text = text[5:]
        elif "://" in text or text.startswith("arn:"):
            return report.add(
                "bad-s3-location", f"{show(value)} is not {self.expects}", "write bucket/prefix or s3://bucket/prefix"
            )
        bucket, _, key = text.rstrip("/").partition("/")
        match = S3Location._match or _compile_bucket()
        if match(bucket) is None or _bucket_fault(bucket):
            fault = (
                _bucket_fault(bucket) or "is not a bucket name (3 to 63 lower-case letters, digits, dots and hyphens)"
            )
            return report.add(
                "bad-s3-location",
                f"{show(bucket)} {fault}",
                "start with the bucket, then a slash and the prefix: my-bucket/some/prefix",
            )
        if self.needs_key and not key:
            return report.add(
                "bad-s3-location",
                f"{show(value)} names a bucket but nothing in it",
                f"add a prefix: {bucket}/some/prefix",
            )
        if key:
            fault = _key_fault(key, self.writes)
            if fault:
                return report.add(
                    "bad-s3-location", f"{show(value)} {fault}", "use letters, digits and ! - _ . * ' ( ) / ="
                )
            return f"{bucket}/{key}"
        return bucket

    def schema(self) -> Schema:
        characters = _WRITTEN if self.writes else _READ
        key = rf"/{characters}+" if self.needs_key else rf"(/{characters}*)?"
        return {"type": "string", "pattern": rf"^\s*([sS]3://)?{_BUCKET}{key}\s*$", "maxLength": 1000}


_READ = r"[^*?\s]"
_WRITTEN = r"[A-Za-z0-9!_.*()/=+@:,-]"
_LONGEST_KEY = 800


def _compile_bucket() -> Callable[[str], object]:
    S3Location._match = re.compile(_BUCKET).fullmatch
    return S3Location._match


def _key_fault(key: str, writes: bool) -> str:
    """Return what is wrong with an object key or prefix, "" for nothing."""
    if key[0] == "/" or "//" in key:
        return "has an empty part between two slashes"
    if len(key) > _LONGEST_KEY:
        return f"has a key of more than {_LONGEST_KEY} characters"
    if not key.isprintable():
        return "holds a control character"
    if re.fullmatch(f"{_WRITTEN if writes else _READ}+", key) is None:
        wrong = next(letter for letter in key if re.fullmatch(_WRITTEN if writes else _READ, letter) is None)
        return f"holds {'a blank' if wrong.isspace() else show(wrong)}, which is not possible here"
    return ""


class S3Key(Kind):
    """The key or prefix of an object inside the assets bucket, without the bucket; a trailing slash is dropped.

    Args:
        noun: What the key names.
        such_as: An example.
        writes: Whether results are written there.
        longest: Greatest number of characters.
        folders: Whether a slash at the end means something, and is kept.
    """

    __slots__ = ("folders", "longest", "noun", "writes")

    def __init__(
        self,
        noun: str,
        such_as: str = "churn/data",
        *,
        writes: bool = False,
        longest: int = _LONGEST_KEY,
        folders: bool = False,
    ) -> None:
        super().__init__(f"{noun} inside the assets bucket, such as {such_as}")
        self.noun = noun
        self.writes = writes
        self.longest = longest
        self.folders = folders

    def check(self, value: Any, report: Report) -> Any:
        if value.__class__ is not str:
            return self.wrong_type(value, report)
        text: str = value.strip()
        if not text:
            return report.add("empty-value", f"is empty; {self.expects} is expected")
        if "://" in text or text.startswith("arn:"):
            tail = text.split("://", 1)[-1].partition("/")[2]
            return report.add(
                "bad-s3-key",
                f"{show(value)} names a bucket, but {self.noun} inside the assets bucket is expected",
                f'write the key alone: "{tail}"' if tail else "write the key alone",
            )
        key = text.rstrip("/")
        if not key:
            return report.add("bad-s3-key", f"{show(value)} is not {self.noun}", "write a key such as churn/data")
        if len(key) > self.longest:
            return report.add(
                "too-long", f"has {len(key)} characters, at most {self.longest} are allowed", "use a shorter key"
            )
        fault = _key_fault(key, self.writes)
        if fault:
            return report.add("bad-s3-key", f"{show(value)} {fault}", f'write a key such as "{_tidied(key)}"')
        return f"{key}/" if self.folders and text.endswith("/") else key

    def schema(self) -> Schema:
        characters = _WRITTEN if self.writes else _READ
        return {
            "type": "string",
            "pattern": rf"^\s*(?!/)(?!\S*://)(?!arn:){characters}+\s*$",
            "maxLength": self.longest,
        }


def _tidied(key: str) -> str:
    return re.sub(r"/+", "/", re.sub(r"[^A-Za-z0-9!_.()/=+@:,-]+", "-", key)).strip("/-") or "churn/data"


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


class Cron(Kind):
    """A schedule in a form that SageMaker monitoring accepts.

    SageMaker takes hourly schedules ``cron(0 * ? * * *)``, daily ones ``cron(0 <hour> ? * * *)``, and every
    N hours from an hour on ``cron(0 <hour>/<N> ? * * *)``; and ``NOW`` for a single run. Source: Amazon SageMaker
    Developer Guide, "Cron Expressions for Monitoring Schedule".
    """

    __slots__ = ()
    _HOUR = r"(?:\*|(?:2[0-3]|1[0-9]|0?[0-9])(?:/(?:2[0-4]|1[0-9]|0?[1-9]))?)"

    def __init__(self) -> None:
        super().__init__("a schedule such as cron(0 * ? * * *), hourly, or cron(0 12 ? * * *), daily at noon, or NOW")

    def check(self, value: Any, report: Report) -> Any:
        if value.__class__ is not str:
            return self.wrong_type(value, report)
        text = " ".join(value.split())
        if not text:
            return report.add("empty-value", f"is empty; {self.expects} is expected")
        if text == "NOW":
            return text
        inner = re.fullmatch(r"cron\(\s*(.*?)\s*\)", text)
        if inner is None:
            fix = f"write cron({text})" if len(text.split()) == 6 else "write cron(minute hour day month weekday year)"
            return report.add("bad-schedule", f"{show(text)} is not {self.expects}", fix)
        fields = inner[1].split()
        if len(fields) != 6:
            return report.add(
                "bad-schedule",
                f"{show(text)} has {len(fields)} fields, but six are needed: minute hour day month weekday year",
                "for every hour write cron(0 * ? * * *)",
            )
        fault = self._fault(fields)
        if fault:
            return report.add("bad-schedule", f"{show(text)} {fault[0]}", fault[1])
        return f"cron({' '.join(fields)})"

    def _fault(self, fields: list[str]) -> tuple[str, str] | None:
        minute, hour, day, month, weekday, year = fields
        if minute != "0":
            return (
                f"runs at minute {minute}, but SageMaker starts monitoring only at the full hour",
                f"write cron(0 {hour} {day} {month} {weekday} {year})",
            )
        if re.fullmatch(self._HOUR, hour) is None:
            return (
                f"has {hour} for the hour; SageMaker takes *, one hour from 0 to 23, or start/step such as 0/6",
                "for every hour write cron(0 * ? * * *)",
            )
        if (day, month, weekday, year) not in _EVERY_DAY:
            return (
                "names days, but SageMaker monitoring runs hourly or daily only",
                f"write cron(0 {hour} ? * * *)",
            )
        return None

    def schema(self) -> Schema:
        days = r"(\?\s+\*\s+\*|\*\s+\*\s+\?)"
        return {"type": "string", "pattern": rf"^\s*(NOW|cron\(\s*0\s+{self._HOUR}\s+{days}\s+\*\s*\))\s*$"}


_EVERY_DAY = {("?", "*", "*", "*"), ("*", "*", "?", "*")}

ACCOUNT_ID = Text(
    "a 12-digit account id", r"[0-9]{12}", numbers=True, fix='quote the full id, for example "123456789012"'
)
REGION_NAME = Text("an AWS region such as eu-central-1", REGION, code="bad-region", lower=False)
BUCKET_NAME = Text(
    "a bucket name (3 to 63 lower-case letters, digits, dots and hyphens)",
    _BUCKET,
    code="bad-bucket",
    also=_bucket_fault,
)
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
    rf"[0-9]{{12}}\.dkr\.ecr\.{REGION}\.amazonaws\.com(?:\.cn)?/"
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


__all__ = [
    "ACCOUNT_ID",
    "BUCKET_NAME",
    "ECR_IMAGE",
    "ECR_REPOSITORY",
    "IMAGE_TAG",
    "INVALID",
    "KMS_KEY_ARN",
    "MODEL_PACKAGE_ARN",
    "REGION_NAME",
    "Arn",
    "Cron",
    "InstanceType",
    "KmsKeyArn",
    "S3Key",
    "S3Location",
    "arn_account",
    "arn_region",
    "ecr_region",
    "partition_of",
    "sagemaker_name",
]
