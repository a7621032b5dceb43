"""Policies and what they say about one request: allow, deny, or nothing. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from sandbox.iam import conditions
from sandbox.iam.conditions import Values

ANY_RESOURCE = "?"
"""A resource that the sandbox cannot name: fits every pattern of the action's own service."""


class Effect(Enum):
    """What one policy, or several together, say: an explicit deny beats every allow."""

    ALLOW = "allow"
    DENY = "deny"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as a resource policy can name it.

    Attributes:
        account_id: The caller's account; "" for an anonymous caller or a service.
        arns: The ARNs that stand for it: a role's session has its session ARN and its role's ARN.
        service: The service's name (`lambda.amazonaws.com`) if a service asks.
    """

    account_id: str = ""
    arns: tuple[str, ...] = ()
    service: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One request, as policies see it.

    Attributes:
        action: `service:Action`.
        resources: One entry a resource that the action needs; each entry lists the ARNs by which that
            resource may
            be named (most have one).
        values: Condition keys in lower case.
    """

    action: str
    resources: tuple[tuple[str, ...], ...]
    values: Values


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with every element as a list."""

    allow: bool
    actions: tuple[str, ...]
    except_actions: bool
    resources: tuple[str, ...] | None
    except_resources: bool
    principal: Mapping[str, tuple[str, ...]] | None
    except_principal: bool
    condition: Mapping[str, Any] | None
    sid: str = ""


@lru_cache(maxsize=2048)
def parse(document: str) -> tuple[Statement, ...]:
    """The statements of a policy document in JSON. Pure.

    Raises:
        ValueError: The text is not a policy.
    """
    value = json.loads(document)
    if not isinstance(value, dict):
        raise ValueError("a policy is an object with statements")
    return tuple(_statement(item) for item in _list(value.get("Statement")))


def evaluate(policies: Iterable[Sequence[Statement]], question: Question, caller: Caller | None = None) -> Effect:
    """What the policies together say. With `caller`, they are resource policies and must name it. Pure."""
    allowed = False
    for statements in policies:
        effect = _evaluate_one(statements, question, caller)
        if effect is Effect.DENY:
            return effect
        allowed = allowed or effect is Effect.ALLOW
    return Effect.ALLOW if allowed else Effect.NOTHING


def names_caller(statement: Statement, caller: Caller) -> bool:
    """True if the Principal (or NotPrincipal) of a statement covers the caller. Pure."""
    if statement.principal is None:
        return False
    return _is_named(statement.principal, caller) != statement.except_principal


def _evaluate_one(statements: Sequence[Statement], question: Question, caller: Caller | None) -> Effect:
    """Each resource must be allowed by some statement; a denied one denies the request."""
    concerned = [s for s in statements if _concerns(s, question, caller)]
    for resource in question.resources:
        if any(not s.allow and _covers(s, resource, question) for s in concerned):
            return Effect.DENY
    allows = [s for s in concerned if s.allow]
    if allows and all(any(_covers(s, resource, question) for s in allows) for resource in question.resources):
        return Effect.ALLOW
    return Effect.NOTHING


def _concerns(statement: Statement, question: Question, caller: Caller | None) -> bool:
    if caller is not None and not names_caller(statement, caller):
        return False
    hit = any(conditions.matches(a, question.action, ignore_case=True) for a in statement.actions)
    return hit != statement.except_actions and conditions.are_met(statement.condition, question.values)


def _covers(statement: Statement, names: Sequence[str], question: Question) -> bool:
    if statement.resources is None:
        return True
    patterns = [conditions.substitute(r, question.values) for r in statement.resources]
    hit = any(_fits(p, name, question.action) for p in patterns if p is not None for name in names)
    return hit != statement.except_resources


def _fits(pattern: str, name: str, action: str) -> bool:
    if name == ANY_RESOURCE:
        if pattern == "*":
            return True
        parts = pattern.split(":", 3)
        return len(parts) == 4 and conditions.matches(parts[2], action.split(":", 1)[0])
    return conditions.matches(pattern, name)


def _is_named(principal: Mapping[str, tuple[str, ...]], caller: Caller) -> bool:
    if caller.service:
        # A statement for everybody covers services too; S3 and SNS reach queues by such policies.
        return "*" in principal.get("AWS", ()) or caller.service in principal.get("Service", ())
    for name in principal.get("AWS", ()):
        if name == "*":
            return True
        if caller.account_id and name in (caller.account_id, f"arn:aws:iam::{caller.account_id}:root"):
            return True
        if name in caller.arns:
            return True
    return False


def _statement(item: Mapping[str, Any]) -> Statement:
    principal = item.get("Principal", item.get("NotPrincipal"))
    resources = item.get("Resource", item.get("NotResource"))
    return Statement(
        allow=item["Effect"] == "Allow",
        actions=tuple(_list(item.get("Action", item.get("NotAction")))),
        except_actions="NotAction" in item,
        resources=None if resources is None else tuple(_list(resources)),
        except_resources="NotResource" in item,
        principal=_principal(principal),
        except_principal="NotPrincipal" in item,
        condition=item.get("Condition"),
        sid=str(item.get("Sid", "")),
    )


def _principal(value: Any) -> Mapping[str, tuple[str, ...]] | None:
    if value is None:
        return None
    if value == "*":
        return {"AWS": ("*",)}
    return {kind: tuple(_list(names)) for kind, names in value.items()}


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
