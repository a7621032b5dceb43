"""Whose request is it: the account and the principal behind an access key id.

moto reads the account only from keys of 20 characters. Here a key id of exactly 12 digits is the root user
of that account (secret `test`), so a person, Terraform's provider and its S3 backend can all act in any
account with no set-up; keys that STS or IAM gave out belong to their account as in moto; any other key is
root of moto's default account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import BaseResponse
from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import STSBackend, sts_backends

ROOT_SECRET = "test"

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signs: `arn` as STS shows it, `secret` to check a signature with, `role_arn` for a role's
    session.
    """

    kind: Literal["root", "role", "user"]
    account_id: str
    arn: str
    user_id: str
    secret: str
    role_arn: str | None = None
    session_token: str | None = None
    session_policy: str | None = None
    user_name: str | None = None
    expired: bool = False


def access_key_id(headers: Any, query: Any) -> str:
    """The key id that signed a request, from its Authorization header or its presigned URL; "" if unsigned.

    Pure.
    """
    found = _CREDENTIAL.search(headers.get("Authorization") or "")
    if found:
        return found.group(1)
    for name in ("X-Amz-Credential", "AWSAccessKeyId"):
        value = query.get(name)
        if value:
            text = value[0] if isinstance(value, list) else value
            return str(text).split("/")[0]
    return ""


def account_of(key_id: str, partition: str = "aws") -> str:
    """The account of an access key id; moto's default account for a key that nobody gave out."""
    if _ACCOUNT_ID.fullmatch(key_id):
        return key_id
    for account_id, account in list(iam_backends.items()):
        if key_id in account[partition].access_keys:
            return str(account_id)
    return str(DEFAULT_ACCOUNT_ID)


def principal_of(key_id: str, partition: str = "aws") -> Principal:
    """The principal of an access key id; a key that nobody gave out is root of its account."""
    account_id = account_of(key_id, partition)
    if not _ACCOUNT_ID.fullmatch(key_id):
        session = sts_backends[account_id][partition].get_assumed_role_from_access_key(key_id)
        if session is not None:
            return Principal(
                kind="role",
                account_id=account_id,
                arn=session.arn,
                user_id=session.user_id,
                secret=session.secret_access_key,
                role_arn=session.role_arn,
                session_token=session.session_token,
                session_policy=session.policy,
                expired=session.expiration <= utcnow(),
            )
        iam = iam_backends[account_id][partition]
        user = iam.get_user_from_access_key_id(key_id)
        if user is not None:
            secret = next(key.secret_access_key for key in user.access_keys if key.access_key_id == key_id)
            return Principal("user", account_id, user.arn, user.id, secret, user_name=user.name)
    arn = f"arn:{partition}:iam::{account_id}:root"
    return Principal("root", account_id, arn, account_id, ROOT_SECRET)


def install() -> None:
    """Make moto ask this module for the key, the account and the caller's identity."""

    def get_access_key(self: Any) -> str:
        return access_key_id(self.headers, self.querystring)

    def get_current_account(self: Any) -> str:
        return account_of(get_access_key(self), self.partition)

    def get_caller_identity(self: Any, key_id: str, region: str) -> tuple[str, str, str]:
        caller = principal_of(key_id, self.partition)
        return caller.user_id, caller.arn, caller.account_id

    BaseResponse.get_access_key = get_access_key
    BaseResponse.get_current_account = get_current_account
    STSBackend.get_caller_identity = get_caller_identity
