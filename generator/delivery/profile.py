"""The stage's role: an AWS profile that Terraform's backend, its provider and boto3 all act through.

A saved plan embeds its variables and its backend, so the role must not be one of them: it comes from
the environment. A profile (rather than keys of one AssumeRole) lets the SDKs renew the credentials of
a long apply; a chained role's session lasts an hour.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from .aws import PROFILE, Aws, error_text
from .errors import DeliveryError
from .manifest import Manifest, Stage

_BUILD_PROFILE = "mlops-build"
_OWN_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def profile_text(environ: Mapping[str, str], role_arn: str, external_id: str | None, session: str, region: str) -> str:
    """Return the AWS config file that assumes a role with the build's own credentials. Pure.

    Environment keys would win over a profile in the Go SDK, so they move into a profile of their own and
    ``stage_environment`` takes them away.
    """
    lines = [
        f"[profile {PROFILE}]",
        f"role_arn = {role_arn}",
        f"role_session_name = {session}",
        f"region = {region}",
    ]
    if external_id:
        lines.append(f"external_id = {external_id}")
    if any(environ.get(name) for name in _CONTAINER):
        return "\n".join([*lines, "credential_source = EcsContainer", ""])
    if not environ.get("AWS_ACCESS_KEY_ID"):
        return "\n".join([*lines, "credential_source = Ec2InstanceMetadata", ""])
    lines += [
        f"source_profile = {_BUILD_PROFILE}",
        f"[profile {_BUILD_PROFILE}]",
        f"region = {region}",
        f"aws_access_key_id = {environ['AWS_ACCESS_KEY_ID']}",
        f"aws_secret_access_key = {environ.get('AWS_SECRET_ACCESS_KEY', '')}",
    ]
    if environ.get("AWS_SESSION_TOKEN"):
        lines.append(f"aws_session_token = {environ['AWS_SESSION_TOKEN']}")
    return "\n".join([*lines, ""])


def stage_environment(
    environ: Mapping[str, str],
    folder: Path,
    role_arn: str,
    external_id: str | None,
    session: str,
    region: str,
) -> dict[str, str]:
    """Return the environment in which everything acts with the role. Writes two files under ``folder``.

    Args:
        environ: The build's environment.
        folder: An existing private folder; its files hold credentials and go away with it.
        role_arn: Role to assume.
        external_id: What the role's trust asks for, or None.
        session: Session name, for the account's audit trail.
        region: Region of the calls.
    """
    config, credentials = folder / "config", folder / "credentials"
    for path, text in (
        (config, profile_text(environ, role_arn, external_id, session, region)),
        (credentials, ""),
    ):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
    kept = {name: value for name, value in environ.items() if name not in _OWN_KEYS}
    return {
        **kept,
        "AWS_PROFILE": PROFILE,
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_SDK_LOAD_CONFIG": "1",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def session_name(execution_id: str, pipeline: str) -> str:
    """Return a role session name that leads from the account's audit trail back to the execution. Pure."""
    return re.sub(r"[^\w+=,.@-]", "-", f"mlops-{execution_id or pipeline}")[:64]


def check_role(own: Aws, manifest: Manifest, stage: Stage, role: str, session: str) -> None:
    """Assume the stage's role once, before anything else is done.

    Raises:
        DeliveryError: It cannot be assumed; says who tried, which role, and what to check.
    """
    arn = manifest.role_arn(stage.account_id, role)
    request = {"RoleArn": arn, "RoleSessionName": session}
    if manifest.external_id:
        request["ExternalId"] = manifest.external_id
    try:
        own.client("sts").assume_role(**request)
    except Exception as error:
        trusted = f"{manifest.prefix}-build-{role if role == 'plan' else 'apply'}"
        external = "the external id of the platform file" if manifest.external_id else "no external id"
        raise DeliveryError(
            f"stage {stage.name}: {_caller(own)} cannot assume {arn}: {error_text(error)}",
            f"apply the workspace of account {stage.account_id} (environments/<stage>/account, or"
            " environments/orchestrator for the orchestrator's own account); the role must exist there,"
            f" trust role {trusted} of account {manifest.orchestrator_account_id}, and ask for {external}",
        ) from error


def _caller(own: Aws) -> str:
    try:
        return str(own.client("sts").get_caller_identity()["Arn"])
    except Exception as error:
        return f"this build (its own credentials do not work: {error_text(error)})"
