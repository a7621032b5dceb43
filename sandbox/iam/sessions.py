"""Sessions of roles: whom a role's trust policy lets in, be it people and roles or AWS services."""

from __future__ import annotations

from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from sandbox.iam.decide import Guard, service_may
from sandbox.iam.policy import Question, parse

SESSION_SECONDS = 3600


class AssumeRoleRefused(Exception):
    """The role does not exist or its trust policy does not let the caller in."""


def role_of(role_arn: str) -> Any | None:
    """moto's role of an ARN, in whatever account; None if there is none."""
    parts = role_arn.split(":", 5)
    if len(parts) < 6 or not parts[5].startswith("role/"):
        return None
    roles = iam_backends[parts[4]][parts[1]].roles
    return next((role for role in list(roles.values()) if role.arn == role_arn), None)


def trust_guard(role_arn: str) -> Guard:
    """The trust policy of a role, as the guard of sts:AssumeRole.

    A role that does not exist trusts nobody.
    """
    role = role_of(role_arn)
    return Guard(
        account_id=role_arn.split(":")[4] if role_arn.count(":") >= 5 else "",
        policy=parse(role.assume_role_policy_document) if role is not None else (),
        is_sole_gate=True,
    )


def trusts_service(role_arn: str, principal: str, source_arn: str | None = None) -> bool:
    """True if a role exists and its trust policy lets a service (`lambda.amazonaws.com`) assume it.

    Args:
        role_arn: The role.
        principal: The service's name.
        source_arn: The resource on whose behalf the service acts: `aws:SourceArn`, its account
            `aws:SourceAccount`.
    """
    values = {"aws:securetransport": "true", "aws:sourceaccount": role_arn.split(":")[4]}
    if source_arn is not None:
        values["aws:sourcearn"] = source_arn
        # Buckets' ARNs name no account; theirs is then the role's, which is where such a role must be.
        values["aws:sourceaccount"] = source_arn.split(":")[4] or values["aws:sourceaccount"]
    question = Question("sts:AssumeRole", ((role_arn,),), values)
    return service_may(trust_guard(role_arn).policy, question, principal)


def assume_role(
    role_arn: str,
    *,
    principal: str | None = None,
    source_arn: str | None = None,
    session_name: str = "sandbox",
    region: str = "us-east-1",
) -> Any:
    """A session of a role: moto's AssumedRole (access_key_id, secret_access_key, session_token, expiration).

    Args:
        role_arn: The role; it must exist.
        principal: The service that assumes it; None skips the trust policy (a call of the sandbox's own).
        source_arn: See `trusts_service`.
        session_name: Shown in the session's ARN; cut at 64 characters.
        region: Any region of the partition.

    Raises:
        AssumeRoleRefused: See there.
    """
    if role_of(role_arn) is None:
        raise AssumeRoleRefused(f"the role {role_arn} does not exist")
    if principal is not None and not trusts_service(role_arn, principal, source_arn):
        raise AssumeRoleRefused(f"the trust policy of {role_arn} does not let {principal} assume the role")
    partition = get_partition(region)
    return sts_backends[role_arn.split(":")[4]][partition].assume_role(
        region_name=region,
        role_session_name=session_name[:64],
        role_arn=role_arn,
        policy=None,
        duration=SESSION_SECONDS,
        external_id=None,
    )
