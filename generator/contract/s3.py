"""Kinds of value that name buckets and what is in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from .kinds import Kind, Schema, Text, show
from .report import Report

_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"


def _bucket_fault(bucket: str) -> str:
    if ".." in bucket or ".-" in bucket or "-." in bucket:
        return "has a dot next to a dot or a hyphen, which bucket names may not have"
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", bucket):
        return "looks like an IP address, which bucket names may not"
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


BUCKET_NAME = Text(
    "a bucket name (3 to 63 lower-case letters, digits, dots and hyphens)",
    _BUCKET,
    code="bad-bucket",
    also=_bucket_fault,
)
