"""What SageMaker does with the execution role: assume it, look whether data is there, read and write.

Every access is a call back to the sandbox with the role's credentials, so that a missing permission, a wrong
trust policy or a missing object shows as it does on AWS, with AWS's message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from sandbox.context import Context
from sandbox.errors import SandboxFault
from sandbox.iam.sessions import AssumeRoleRefused
from sandbox.sagemaker.store import invalid

PRINCIPAL = "sagemaker.amazonaws.com"


class AccessFailed(Exception):
    """The role may not, or the object is not there; the text says which, as S3 or KMS put it."""


class Role:
    """An execution role at work in an account and region.

    Args:
        context: The sandbox.
        arn: The role.
        account_id: Account of the resource on whose behalf it works.
        region: Region of that resource.
        source_arn: ARN of that resource, for `aws:SourceArn` conditions in the trust policy.
    """

    def __init__(self, context: Context, arn: str, account_id: str, region: str, source_arn: str | None = None) -> None:
        self.context = context
        self.arn = arn
        self.account_id = account_id
        self.region = region
        self.source_arn = source_arn

    def client(self, service: str) -> Any:
        """A client with the role's credentials.

        Raises:
            AssumeRoleRefused: The role does not exist or does not trust SageMaker.
        """
        return self.context.client(
            service, self.account_id, self.region, self.arn, principal=PRINCIPAL, source_arn=self.source_arn
        )

    def assume(self) -> None:
        """Check that the role can be assumed.

        Raises:
            SandboxFault: It cannot, in the words of SageMaker's job APIs.
        """
        if self.arn.split(":")[4] != self.account_id:
            raise invalid("RoleArn: Cross-account pass role is not allowed.")
        try:
            self.client("sts")
        except AssumeRoleRefused:
            raise invalid(
                f"Could not assume role {self.arn}. Please ensure that the role exists and allows principal "
                f"'{PRINCIPAL}' to assume the role."
            ) from None

    def require_objects(self, uri: str) -> None:
        """Check that something exists under an S3 URI and that the role may list it.

        Raises:
            SandboxFault: ValidationException as CreateTrainingJob and its kin word it.
        """
        bucket, key = split_uri(uri)
        try:
            listing = self.client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
            reason = None if listing.get("KeyCount") else ""
        except ClientError as error:
            reason = f" Error message from S3: {error.response['Error'].get('Message', '')}"
        except AssumeRoleRefused as error:
            reason = f" {error}"
        if reason is not None:
            raise invalid(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
                f"the bucket exists in the selected region ({self.region}), that objects exist under that S3 "
                f'prefix, and that the role "{self.arn}" has "s3:ListBucket" permissions on bucket '
                f'"{bucket}".{reason}'
            )

    def exists(self, uri: str) -> bool:
        """True if the object, or anything under the prefix, exists and the role may see it.

        Raises:
            AccessFailed: The role may not look, or the bucket is not there.
        """
        bucket, key = split_uri(uri)
        with _failures(uri):
            return bool(self.client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("KeyCount"))

    def objects(self, uri: str) -> Iterator[tuple[str, str]]:
        """Bucket and key of each object under an S3 URI, folder markers left out.

        Raises:
            AccessFailed: The role may not list them.
        """
        bucket, prefix = split_uri(uri)
        with _failures(uri):
            pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            found = [item["Key"] for page in pages for item in page.get("Contents", [])]
        yield from ((bucket, key) for key in found if not key.endswith("/"))

    def head(self, uri: str) -> dict[str, Any]:
        """HeadObject of an S3 URI.

        Raises:
            AccessFailed: It is not there, or the role may not read it.
        """
        bucket, key = split_uri(uri)
        with _failures(uri):
            answer: dict[str, Any] = self.client("s3").head_object(Bucket=bucket, Key=key)
        return answer

    def read(self, uri: str) -> bytes:
        """The bytes of an object.

        Raises:
            AccessFailed: It is not there, or the role may not read it.
        """
        bucket, key = split_uri(uri)
        with _failures(uri):
            body: bytes = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def write(self, uri: str, body: bytes, kms_key: str | None = None) -> None:
        """Put an object, encrypted with the key if one is given.

        Raises:
            AccessFailed: The bucket is not there, or the role may not write it or use the key.
        """
        bucket, key = split_uri(uri)
        more = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        with _failures(uri):
            self.client("s3").put_object(Bucket=bucket, Key=key, Body=body, **more)


class _failures:
    """Turns what S3, KMS and STS raise into AccessFailed with their own words."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ClientError):
            details = error.response["Error"]
            raise AccessFailed(
                f"{error.operation_name} {self.uri}: {details['Code']}: {details.get('Message')}"
            ) from error
        if isinstance(error, AssumeRoleRefused):
            raise AccessFailed(str(error)) from error


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://bucket/key` URI, or of its `https://` forms. Pure.

    Raises:
        SandboxFault: ValidationException for anything else.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.netloc:
        return parts.netloc, parts.path.lstrip("/")
    if parts.scheme == "https" and ".s3" in parts.netloc:
        return parts.netloc.split(".s3")[0], parts.path.lstrip("/")
    if parts.scheme == "https" and parts.netloc.startswith("s3"):
        bucket, _, key = parts.path.lstrip("/").partition("/")
        return bucket, key
    raise SandboxFault("ValidationException", f"Invalid S3 URI {uri}.")


def join_uri(base: str, *parts: str) -> str:
    """An S3 URI with path parts appended, single slashes between. Pure."""
    return "/".join([base.rstrip("/"), *(part.strip("/") for part in parts)])
