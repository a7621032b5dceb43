"""Clients that act as the pipeline's role, or as an action's own role, which the pipeline's role then assumes."""

from __future__ import annotations

import threading
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.codepipeline.failure import ActionFailure
from sandbox.codepipeline.state import Pipeline
from sandbox.context import Context
from sandbox.iam.sessions import AssumeRoleRefused, trusts_service

PRINCIPAL = "codepipeline.amazonaws.com"

_session = boto3.Session()
# boto3's sessions make clients one at a time.
_session_lock = threading.Lock()


def client(context: Context, pipeline: Pipeline, service: str, *, role_arn: str | None, region: str) -> Any:
    """A client for `service` with the action role's permissions, or the pipeline role's if `role_arn` is None.

    Trust is looked at each time, so that a role that was changed meanwhile is not used as it was.

    Raises:
        ActionFailure: A role cannot be assumed.
    """
    own_role = pipeline.definition["roleArn"]
    if role_arn is None or role_arn == own_role:
        return _pipeline_client(context, pipeline, service, region)
    values = _assume(context, pipeline, role_arn)
    with _session_lock:
        return _session.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=context.base_url,
            aws_access_key_id=values["AccessKeyId"],
            aws_secret_access_key=values["SecretAccessKey"],
            aws_session_token=values["SessionToken"],
            config=Config(
                retries={"total_max_attempts": 1},
                read_timeout=_read_timeout(service),
                s3={"addressing_style": "path"},
            ),
        )


def artifact_credentials(context: Context, pipeline: Pipeline, role_arn: str | None) -> dict[str, str]:
    """Keys for a job worker, in the shape of `artifactCredentials`.

    Raises:
        ActionFailure: A role cannot be assumed.
    """
    if role_arn is not None and role_arn != pipeline.definition["roleArn"]:
        values = _assume(context, pipeline, role_arn)
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {name[0].lower() + name[1:]: values[name] for name in names}
    try:
        keys = context.credentials(
            pipeline.definition["roleArn"], principal=PRINCIPAL, source_arn=pipeline.arn, region=pipeline.region
        )
    except AssumeRoleRefused as error:
        raise _refused(pipeline.definition["roleArn"], error) from None
    return {
        "accessKeyId": keys["AWS_ACCESS_KEY_ID"],
        "secretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
        "sessionToken": keys["AWS_SESSION_TOKEN"],
    }


def _pipeline_client(context: Context, pipeline: Pipeline, service: str, region: str) -> Any:
    role_arn = pipeline.definition["roleArn"]
    if not trusts_service(role_arn, PRINCIPAL, pipeline.arn):
        raise _refused(role_arn, f"the role does not exist, or its trust policy does not let {PRINCIPAL} in")
    return context.client(
        service,
        pipeline.account_id,
        region,
        role_arn,
        principal=PRINCIPAL,
        source_arn=pipeline.arn,
        read_timeout_seconds=_read_timeout(service),
    )


def _read_timeout(service: str) -> int:
    # A function that CodePipeline invokes may run for a quarter of an hour.
    return 960 if service == "lambda" else 60


def _assume(context: Context, pipeline: Pipeline, role_arn: str) -> dict[str, str]:
    sts = _pipeline_client(context, pipeline, "sts", pipeline.region)
    try:
        answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=str(int(time.time() * 1000)))
    except ClientError as error:
        raise _refused(role_arn, error.response["Error"]["Message"]) from None
    values: dict[str, str] = answer["Credentials"]
    return values


def _refused(role_arn: str, detail: object) -> ActionFailure:
    return ActionFailure(
        "PermissionError", f"CodePipeline is not authorized to perform AssumeRole on role {role_arn}: {detail}"
    )
