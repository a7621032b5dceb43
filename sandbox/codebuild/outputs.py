"""Collects a build's artifacts and puts them into S3, with the service role's permissions."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.codebuild.build import Location
from sandbox.codebuild.buildspec import Artifact


class OutputError(Exception):
    """Artifacts cannot be uploaded; the text goes to the UPLOAD_ARTIFACTS phase's context."""


def collect(artifact: Artifact, root: Path) -> dict[str, Path]:
    """The files of an artifact, by the path that they get in it, sorted.

    Raises:
        OutputError: The base directory is missing, or no file matches.
    """
    base = root
    if artifact.base_directory:
        found = sorted(path for path in _glob_folder(root, artifact.base_directory) if path.is_dir())
        if not found:
            raise OutputError(f"no matching base directory path found for {artifact.base_directory}")
        base = found[0]
    wanted = [_pattern(text, base) for text in artifact.files]
    unwanted = [_pattern(text, base) for text in artifact.exclude]
    files = {}
    for path in sorted(base.rglob("*")):
        relative = path.relative_to(base).as_posix()
        if path.is_dir() or not any(one.fullmatch(relative) for one in wanted):
            continue
        if not any(one.fullmatch(relative) for one in unwanted):
            files[path.name if artifact.discard_paths else relative] = path
    if not files:
        raise OutputError(f"no matching artifact paths found: {' '.join(artifact.files)}")
    return files


def _glob_folder(root: Path, text: str) -> list[Path]:
    if any(letter in text for letter in "*?["):
        return list(root.glob(text))
    return [root / text]


def _pattern(text: str, base: Path) -> re.Pattern[str]:
    if text.startswith(f"{base.as_posix()}/"):
        text = text[len(base.as_posix()) + 1 :]
    text = text.removeprefix("./")
    pattern = ""
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", text):
        pattern += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(piece, re.escape(piece))
    return re.compile(pattern, re.DOTALL)


def zipped(files: Mapping[str, Path]) -> bytes:
    """A zip of the files, with their modes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as archive:
        for name, path in files.items():
            archive.write(path, name)
    return buffer.getvalue()


def upload(client: Any, location: Location, data: bytes, *, key_id: str | None) -> dict[str, Any]:
    """Put an artifact into S3, encrypted with a KMS key unless `key_id` is None; returns the record's fields.

    Raises:
        OutputError: S3 refuses.
    """
    encryption = {"ServerSideEncryption": "aws:kms"} if key_id is not None else {}
    if key_id:
        encryption["SSEKMSKeyId"] = key_id
    try:
        client.put_object(Bucket=location.bucket, Key=location.key, Body=data, **encryption)
    except ClientError as error:
        detail = error.response["Error"]
        raise OutputError(f"Error in UPLOAD_ARTIFACTS phase: {detail['Code']}: {detail['Message']}") from None
    except BotoCoreError as error:
        raise OutputError(str(error)) from None
    return {
        "location": location.arn,
        "sha256sum": hashlib.sha256(data).hexdigest(),
        "md5sum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
    }
