"""Sessions of roles that AWS services assume by themselves: a build's, a function's, a pipeline's."""

from __future__ import annotations

from typing import Any

from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

SESSION_SECONDS = 3600


class AssumeRoleRefused(Exception):
    """The role does not exist or its trust policy does not let the caller in; the text is AWS's."""


def assume_role(
    role_arn: str,
    *,
    principal: str | None = None,
    source_arn: str | None = None,
    session_name: str = "sandbox",
    region: str = "us-east-1",
) -> Any:
    """A session of a role: moto's AssumedRole, with access_key_id, secret_access_key, session_token,
    expiration.

    Args:
        role_arn: The role; it must exist.
        principal: The service that assumes it; None skips the trust policy (a call of the sandbox's own).
        source_arn: On whose behalf, as `aws:SourceArn`; its account is `aws:SourceAccount`.
        session_name: Shown in the session's ARN; at most 64 characters.
        region: Any region of the partition.

    Raises:
        AssumeRoleRefused: See there.
    """
    account_id = role_arn.split(":")[4]
    partition = get_partition(region)
    try:
        iam_backends[account_id][partition].get_role_by_arn(role_arn)
    except NotFoundException:
        raise AssumeRoleRefused(f"the role {role_arn} does not exist") from None
    return sts_backends[account_id][partition].assume_role(
        region_name=region,
        role_session_name=session_name[:64],
        role_arn=role_arn,
        policy=None,
        duration=SESSION_SECONDS,
        external_id=None,
    )
