"""Brings a build's sources into its folders, with the service role's permissions."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.codebuild.build import Location


class SourceError(Exception):
    """A source cannot be had; the text goes to the DOWNLOAD_SOURCE phase's context."""


def fetch(client: Any, location: Location, folder: Path, version: str | None = None) -> str | None:
    """Download an S3 source into `folder` and unpack it if it is a zip; returns the version id that was read.

    A key that ends with a slash is a folder: every object below it is downloaded.

    Raises:
        SourceError: S3 refuses, or the archive is broken.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if location.key.endswith("/"):
        _fetch_folder(client, location, folder)
        return None
    data, found = read(client, location, version)
    if zipfile.is_zipfile(io.BytesIO(data)):
        try:
            unpack(data, folder)
        except (zipfile.BadZipFile, OSError) as error:
            raise SourceError(f"error while unzipping {location.arn}: {error}") from None
    else:
        (folder / location.key.rpartition("/")[2]).write_bytes(data)
    return found


def read(client: Any, location: Location, version: str | None = None) -> tuple[bytes, str | None]:
    """An object's bytes and version id.

    Raises:
        SourceError: S3 refuses.
    """
    arguments = {"VersionId": version} if version else {}
    try:
        answer = client.get_object(Bucket=location.bucket, Key=location.key, **arguments)
        return answer["Body"].read(), answer.get("VersionId")
    except ClientError as error:
        detail = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise SourceError(
            f"{detail['Code']}: {detail['Message']}\n\tstatus code: {status} for primary source {location.arn}"
        ) from None
    except BotoCoreError as error:
        raise SourceError(str(error)) from None


def _fetch_folder(client: Any, location: Location, folder: Path) -> None:
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=location.bucket, Prefix=location.key)
        keys = [item["Key"] for answer in pages for item in answer.get("Contents", [])]
    except ClientError as error:
        raise SourceError(f"{error.response['Error']['Code']}: {error.response['Error']['Message']}") from None
    for key in keys:
        target = folder / key[len(location.key) :]
        if key.endswith("/") or not target.resolve().is_relative_to(folder.resolve()):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read(client, Location(location.bucket, key))[0])


def unpack(data: bytes, folder: Path) -> None:
    """Unpack a zip with the file modes that it records; members never land outside `folder`."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, folder))
            mode = stat.S_IMODE(member.external_attr >> 16)
            if mode and not member.is_dir():
                path.chmod(mode | stat.S_IRUSR | stat.S_IWUSR)
