"""Pinned objects: every stage gets the very bytes that the request pointed to when it was submitted.

The Lambda found each object's version and checksum; here that version is copied below ``objects/`` in the
artifacts bucket, where nothing overwrites it. An object that is already there is left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from .aws import error_code, error_text
from .console import say
from .errors import DeliveryError

# CopyObject takes 5 GB; above that a copy is made of parts.
_SINGLE_COPY_LIMIT = 5 * 1024**3
_PART = 512 * 1024**2


def copy_pins(pins: Sequence[Mapping[str, Any]], s3: Any) -> int:
    """Copy every pinned S3 object that is not there yet; return how many were copied.

    Args:
        pins: Of the manifest; an ``s3_object`` pin has ``source`` and ``target`` (``s3://bucket/key``), and
            ``version_id``, ``etag``, ``size`` in bytes and ``checksum`` (algorithm to value) as far as known; an
            ``s3_prefix`` pin with a target has folders there, and the digest of its listing as checksum.
            Pins of other kinds point to what cannot change and need no copy.
        s3: boto3 client.

    Raises:
        DeliveryError: An object is gone, was changed since the request, or cannot be read.
    """
    copied = 0
    folders = {pin["target"]: pin for pin in pins if pin["kind"] == "s3_prefix" and pin["target"]}
    for folder in folders.values():
        copied += _copy_folder(folder, s3)
    for pin in {pin["target"]: pin for pin in pins if pin["kind"] == "s3_object"}.values():
        if pin["target"] == pin["source"] or _is_there(pin, s3):
            say(f"pinned already: {pin['target']}")
            continue
        _copy(pin, s3)
        copied += 1
        say(f"pinned: {pin['source']} as {pin['target']}")
    return copied


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key``. Pure."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _copy_folder(pin: Mapping[str, Any], s3: Any) -> int:
    """Copy what a prefix holds; the target's name depends on the listing, so what is there already is the same."""
    bucket, prefix = split_uri(pin["source"])
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        items = [item for page in pages for item in page.get("Contents", ())]
    except Exception as error:
        raise DeliveryError(f"{pin['source']} cannot be listed: {error_text(error)}") from error
    listing = "".join(f"{item['Key']} {item['ETag']} {item['Size']}\n" for item in items)
    if hashlib.sha256(listing.encode()).hexdigest() != pin["checksum"]["listing"]:
        raise DeliveryError(f"what is below {pin['source']} was changed since the request", "submit the request again")
    copied = 0
    for item in items:
        one = {
            "source": f"s3://{bucket}/{item['Key']}",
            "target": pin["target"] + item["Key"].removeprefix(prefix),
            "etag": item["ETag"],
            "size": item["Size"],
        }
        # A console's empty object that stands for a folder is no content.
        if one["target"].endswith("/") or _is_there(one, s3):
            continue
        _copy(one, s3)
        copied += 1
    say(f"pinned: {pin['source']} as {pin['target']} ({copied} of {len(items)} objects copied)")
    return copied


def _is_there(pin: Mapping[str, Any], s3: Any) -> bool:
    bucket, key = split_uri(pin["target"])
    try:
        found = s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except Exception as error:
        if error_code(error) in ("404", "NoSuchKey", "NotFound"):
            return False
        raise DeliveryError(f"{pin['target']} cannot be looked at: {error_text(error)}") from error
    _compare(pin, found)
    return True


def _copy(pin: Mapping[str, Any], s3: Any) -> None:
    source_bucket, source_key = split_uri(pin["source"])
    bucket, key = split_uri(pin["target"])
    source = {"Bucket": source_bucket, "Key": source_key}
    if pin.get("version_id"):
        source["VersionId"] = pin["version_id"]
    # Without a version, the ETag sees to it that these are the bytes of the request.
    condition = {"CopySourceIfMatch": pin["etag"]} if pin.get("etag") and not pin.get("version_id") else {}
    try:
        if (pin.get("size") or 0) > _SINGLE_COPY_LIMIT:
            _copy_parts(source, condition, pin["size"], bucket, key, s3)
        else:
            s3.copy_object(
                Bucket=bucket,
                Key=key,
                CopySource=source,
                ChecksumAlgorithm="SHA256",
                TaggingDirective="REPLACE",
                **condition,
            )
        _compare(pin, s3.head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED"))
    except DeliveryError:
        raise
    except Exception as error:
        raise DeliveryError(
            _copy_problem(pin, error), "put the object in its place and submit the request again"
        ) from error


def _copy_parts(
    source: Mapping[str, str], condition: Mapping[str, str], size: int, bucket: str, key: str, s3: Any
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    upload = s3.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="SHA256")["UploadId"]

    def part(number: int) -> dict[str, Any]:
        start = (number - 1) * _PART
        answer = s3.upload_part_copy(
            Bucket=bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            CopySource=source,
            CopySourceRange=f"bytes={start}-{min(start + _PART, size) - 1}",
            **condition,
        )["CopyPartResult"]
        return {
            "PartNumber": number,
            **{name: answer[name] for name in ("ETag", "ChecksumSHA256") if name in answer},
        }

    try:
        with ThreadPoolExecutor(8) as pool:
            parts = list(pool.map(part, range(1, -(-size // _PART) + 1)))
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    except Exception:
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
        raise


def _compare(pin: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Refuse a copy that differs from what the request pointed to, as far as the two can be compared."""
    size = pin.get("size")
    if size is not None and found.get("ContentLength") != size:
        raise DeliveryError(
            f"{pin['target']} has {found.get('ContentLength')} bytes, the request pointed to {size}",
            "delete that copy and submit the request again",
        )
    for algorithm, value in (pin.get("checksum") or {}).items():
        other = found.get(f"Checksum{algorithm}")
        # A checksum of parts ("...-4") says nothing about another way of cutting.
        if other and "-" not in value and "-" not in other and other != value:
            raise DeliveryError(
                f"{pin['target']} has {algorithm} checksum {other}, the request pointed to {value}",
                "delete that copy and submit the request again",
            )


def _copy_problem(pin: Mapping[str, Any], error: Exception) -> str:
    code = error_code(error)
    if code in ("NoSuchKey", "NoSuchVersion", "404", "NoSuchBucket"):
        return f"{pin['source']} (version {pin.get('version_id') or 'unknown'}) is gone since the request"
    if code in ("PreconditionFailed", "412"):
        return f"{pin['source']} was overwritten since the request"
    return f"{pin['source']} cannot be copied to {pin['target']}: {error_text(error)}"
