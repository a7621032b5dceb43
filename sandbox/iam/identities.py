"""The policies that belong to a principal: identity policies, permissions boundary, session policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends

from sandbox.accounts import Principal
from sandbox.iam.policy import Caller, Statement, parse

Statements = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """What a principal is given and what bounds it; an absent boundary or session policy bounds nothing."""

    granted: tuple[Statements, ...]
    boundary: Statements | None = None
    session: Statements | None = None
    tags: tuple[tuple[str, str], ...] = ()


def identity_of(principal: Principal, partition: str = "aws") -> Identity:
    """The policies of a role's session or a user; a role that was deleted meanwhile has none."""
    backend = iam_backends[principal.account_id][partition]
    if principal.kind == "role":
        role = next((r for r in list(backend.roles.values()) if r.arn == principal.role_arn), None)
        if role is None:
            return Identity(())
        return Identity(
            granted=tuple(_inline(role.policies) + _managed(role)),
            boundary=_boundary(backend, role),
            session=parse(principal.session_policy) if principal.session_policy else None,
            tags=tuple((tag["Key"], tag["Value"]) for tag in _tags(role)),
        )
    if principal.kind == "user":
        user = backend.users[principal.user_name]
        granted = _inline(user.policies) + _managed(user)
        for group in backend.get_groups_for_user(principal.user_name):
            granted += _inline(group.policies) + _managed(group)
        return Identity(tuple(granted), boundary=_boundary(backend, user))
    return Identity(())


def caller_of(principal: Principal) -> Caller:
    """The names by which resource policies can mean a principal: a session also stands for its role. Pure."""
    arns = (principal.arn,) if principal.role_arn is None else (principal.arn, principal.role_arn)
    return Caller(principal.account_id, arns)


def document_of(policy: Any) -> str:
    """The default version of a managed policy, as JSON text."""
    return str(next(v for v in policy.versions if v.is_default).document)


def _inline(policies: Any) -> list[Statements]:
    # Roles keep {name: document}, users and groups {name: document} or a list of records.
    if isinstance(policies, dict):
        return [parse(_text(document)) for document in list(policies.values())]
    return [parse(_text(record["policy_document"])) for record in policies]


def _managed(holder: Any) -> list[Statements]:
    return [parse(document_of(policy)) for policy in list(holder.managed_policies.values())]


def _boundary(backend: Any, holder: Any) -> Statements | None:
    arn = getattr(holder, "permissions_boundary_arn", None)
    if not arn:
        return None
    # A boundary that is gone allows nothing, as on AWS.
    policy = backend.managed_policies.get(arn)
    return () if policy is None else parse(document_of(policy))


def _tags(role: Any) -> list[dict[str, str]]:
    tags = role.tags or []
    return list(tags.values()) if isinstance(tags, dict) else list(tags)


def _text(document: Any) -> str:
    return str(document["policy_document"]) if isinstance(document, dict) else str(document)
