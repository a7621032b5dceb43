"""The artifact store: where artifacts go, with which key, and moving them between regions."""

from __future__ import annotations

import secrets
import string
from typing import Any

from botocore.exceptions import ClientError

from sandbox.codebuild import Location
from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.failure import ActionFailure, refused

_LETTERS = string.ascii_letters + string.digits


def store_of(pipeline: Declaration, region: str, home: str) -> dict[str, Any]:
    """The artifact store for actions in `region`; `home` is the pipeline's own. Pure.

    Raises:
        ActionFailure: No store is declared for that region.
    """
    stores = pipeline.get("artifactStores") or {home: pipeline["artifactStore"]}
    if region not in stores:
        raise ActionFailure("ConfigurationError", f"The pipeline has no artifact store in the region {region}")
    return dict(stores[region])


def new_location(pipeline: Declaration, artifact: str, store: Declaration) -> Location:
    """A fresh key: the pipeline's first 20 and the artifact's first 10 characters, and seven at random."""
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(7))
    return Location(store["location"], f"{pipeline['name'][:20]}/{artifact[:10]}/{suffix}")


def encryption_of(store: Declaration) -> dict[str, str]:
    """PutObject's encryption arguments: the store's key, else S3's own. Pure."""
    key = (store.get("encryptionKey") or {}).get("id")
    return {"ServerSideEncryption": "aws:kms"} | ({"SSEKMSKeyId": key} if key else {})


def put(client: Any, location: Location, data: bytes, store: Declaration) -> None:
    """Write an artifact.

    Raises:
        ActionFailure: S3 refuses.
    """
    try:
        client.put_object(Bucket=location.bucket, Key=location.key, Body=data, **encryption_of(store))
    except ClientError as error:
        raise _failure(location, error) from None


def require(client: Any, location: Location) -> None:
    """See that an artifact is there and may be read.

    Raises:
        ActionFailure: It is not, or may not.
    """
    try:
        client.head_object(Bucket=location.bucket, Key=location.key)
    except ClientError as error:
        raise _failure(location, error) from None


def copy(client: Any, source: Location, target: Location, store: Declaration) -> None:
    """Copy an artifact into another region's store.

    Raises:
        ActionFailure: S3 refuses.
    """
    try:
        data = client.get_object(Bucket=source.bucket, Key=source.key)["Body"].read()
    except ClientError as error:
        raise _failure(source, error) from None
    put(client, target, data, store)


def _failure(location: Location, error: ClientError) -> ActionFailure:
    if error.response["Error"]["Code"] in ("404", "NoSuchKey", "NoSuchBucket", "NotFound"):
        return ActionFailure(
            "ConfigurationError",
            "The action failed because either the artifact or the Amazon S3 bucket could not be found. Name of"
            f" artifact bucket: {location.bucket}. Verify that this bucket exists. If it exists, check the life"
            " cycle policy, then try releasing a change.",
        )
    return refused(
        "The provided role does not have permissions to perform this action on the artifact"
        f" s3://{location.bucket}/{location.key}. Underlying error: ",
        error,
    )
