"""The S3 source action: the object of a versioned bucket becomes the source artifact."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from sandbox.codepipeline import artifacts
from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.failure import ActionFailure, refused
from sandbox.codepipeline.state import Revision, now
from sandbox.codepipeline.work import Work


def entity_url(action: Declaration, region: str) -> str:
    """The bucket's page."""
    return "https://console.aws.amazon.com/s3/home?#"


def run(work: Work) -> None:
    """Copy the object, or the version that the execution was started with, into the artifact store."""
    override = work.execution.overrides.get(work.run.name, {})
    bucket = work.configuration["S3Bucket"]
    key = override.get("S3_OBJECT_KEY", work.configuration["S3ObjectKey"])
    client = work.client("s3")
    _require_versioning(client, bucket)
    data, version, etag = _read(client, bucket, key, override.get("S3_OBJECT_VERSION_ID"))
    [(name, location)] = work.run.outputs.items()
    artifacts.put(client, location, data, work.store)
    url = f"https://console.aws.amazon.com/s3/object/{bucket}?prefix={quote(key)}&region={work.region}"
    revision = Revision(work.run.name, name, version, f"Amazon S3 version id: {version}", url, now())
    with work.pipeline.changed:
        work.execution.revisions = [one for one in work.execution.revisions if one.action != work.run.name] + [revision]
    work.note(
        output_variables={"BucketName": bucket, "ETag": etag, "ObjectKey": key, "VersionId": version},
        external_id=version,
        external_url=url,
        summary=revision.summary,
    )


def _require_versioning(client: Any, bucket: str) -> None:
    try:
        status = client.get_bucket_versioning(Bucket=bucket).get("Status")
    except ClientError as error:
        raise _failure(bucket, "", error) from None
    if status != "Enabled":
        raise ActionFailure(
            "ConfigurationError",
            f"Bucket versioning is not enabled on the source bucket {bucket}; an Amazon S3 source needs it.",
        )


def _read(client: Any, bucket: str, key: str, version: str | None) -> tuple[bytes, str, str]:
    try:
        answer = client.get_object(Bucket=bucket, Key=key, **({"VersionId": version} if version else {}))
        return answer["Body"].read(), answer["VersionId"], answer["ETag"].strip('"')
    except ClientError as error:
        raise _failure(bucket, key, error) from None


def _failure(bucket: str, key: str, error: ClientError) -> ActionFailure:
    code = error.response["Error"]["Code"]
    if code in ("NoSuchKey", "NoSuchVersion", "404"):
        return ActionFailure("RevisionUnavailable", f"The object {key} does not exist in the bucket {bucket}.")
    if code == "NoSuchBucket":
        return ActionFailure("ConfigurationError", f"The source bucket {bucket} does not exist.")
    return refused(
        f"The provided role does not have permissions to read s3://{bucket}/{key}. Underlying error: ", error
    )
