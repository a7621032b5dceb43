"""Enforcement: each request is decided before moto sees it, and refused in the caller's own protocol.

moto's own enforcement looks at actions only, not at resources, conditions, boundaries or other accounts,
and answers XML to everyone; it stays off. Root of an account is looked at only where another account or a
resource policy may have a say (S3, SNS, SQS, sts:AssumeRole).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

from werkzeug.wrappers import Response

from sandbox.accounts import Principal, access_key_id, principal_of
from sandbox.context import Application, Context
from sandbox.errors import error_response
from sandbox.iam.calls import Call, read_call, scope_of
from sandbox.iam.decide import refusal
from sandbox.iam.guards import GUARDED, bucket_guard, bucket_of
from sandbox.iam.identities import Identity, identity_of
from sandbox.iam.needs import Need, needs_of, stored_object
from sandbox.iam.policy import ANY_RESOURCE, Question
from sandbox.iam.sessions import trust_guard
from sandbox.iam.values import values_of

log = logging.getLogger(__name__)

_ASSUME = ("AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML")

denied_keys = threading.local()
"""S3's DeleteObjects refuses single keys: `denied_keys.value` is the set of those of the request at hand."""


def install(context: Context) -> None:
    """Put enforcement before every AWS call."""

    def choose(environ: dict[str, Any]) -> Application | None:
        return _check(context, environ)

    context.front.append(choose)


def is_allowed(principal: Principal, need: Need, call: Call) -> bool:
    """True if the principal may do what a need describes."""
    return _refusal(principal, _identity(principal, call), need, call) is None


def _check(context: Context, environ: dict[str, Any]) -> Application | None:
    path = environ.get("PATH_INFO", "")
    if path.startswith(("/moto-api", "/_aws/")):
        return None
    denied_keys.value = frozenset()
    headers = {"Authorization": environ.get("HTTP_AUTHORIZATION", "")}
    key_id = access_key_id(headers, _query(environ))
    _, signing = scope_of(environ)
    if not key_id or signing == "execute-api":
        # Unsigned: S3's anonymous reads and public STS calls are moto's business.
        return None
    principal = principal_of(key_id)
    token = _token_problem(principal, environ)
    if token is not None:
        return _answer(environ, 403, token, "The security token included in the request is invalid.")
    if principal.kind == "root" and signing not in GUARDED and signing != "sts" and not context.faults.all():
        return None
    call = read_call(environ, default_region=context.region)
    if call is None:
        return None
    fault = context.faults.take(
        "api", service=call.service, operation=call.operation, account_id=principal.account_id, path=call.path
    )
    if fault is not None:
        error = fault.error
        return _answer(
            environ,
            int(error.get("status", 400)),
            str(error.get("code", "InternalFailure")),
            str(error.get("message", "made to fail on purpose")),
        )
    return _decide(context, environ, principal, call)


def _decide(context: Context, environ: dict[str, Any], principal: Principal, call: Call) -> Application | None:
    identity = _identity(principal, call)
    if call.service == "s3" and call.operation == "DeleteObjects":
        if context.enforce_iam or principal.account_id != bucket_guard(_bucket(call), "").account_id:
            denied_keys.value = frozenset(_undeletable(principal, identity, call))
        return None
    for need in _all_needs(principal, call):
        # Without enforcement, trust policies and other accounts' resource policies are checked all the same.
        is_own = need.guard.account_id == principal.account_id and call.operation not in _ASSUME
        if not context.enforce_iam and is_own:
            continue
        why = _refusal(principal, identity, need, call)
        if why is not None:
            return _refuse(environ, principal, call, need, why)
    if call.service == "s3" and context.enforce_iam:
        return _hide_missing(environ, principal, identity, call)
    return None


def _all_needs(principal: Principal, call: Call) -> Iterator[Need]:
    if call.service == "sts" and call.operation in _ASSUME:
        role_arn = str(call.parameters.get("RoleArn") or "")
        yield Need(f"sts:{call.operation}", ((role_arn,),), trust_guard(role_arn))
        return
    yield from needs_of(call, principal.account_id)


def _refusal(principal: Principal, identity: Identity, need: Need, call: Call) -> str | None:
    values = values_of(principal, identity, call, need)
    return refusal(principal, identity, Question(need.action, need.resources, values), need.guard)


def _identity(principal: Principal, call: Call) -> Identity:
    return Identity(()) if principal.kind == "root" else identity_of(principal, call.partition)


def _undeletable(principal: Principal, identity: Identity, call: Call) -> Iterator[str]:
    guard = bucket_guard(_bucket(call), principal.account_id)
    for item in (call.parameters.get("Delete") or {}).get("Objects", []):
        action = "s3:DeleteObjectVersion" if item.get("VersionId") else "s3:DeleteObject"
        arn = f"arn:{call.partition}:s3:::{_bucket(call)}/{item.get('Key')}"
        if _refusal(principal, identity, Need(action, ((arn,),), guard), call) is not None:
            yield str(item.get("Key"))


def _hide_missing(environ: dict[str, Any], principal: Principal, identity: Identity, call: Call) -> Application | None:
    """S3 tells nobody that an object is missing who may not list the bucket: 403 instead of 404."""
    if call.operation not in ("GetObject", "HeadObject") or principal.kind == "root":
        return None
    bucket = bucket_of(_bucket(call))
    if bucket is None or stored_object(bucket, str(call.parameters.get("Key") or "")) is not None:
        return None
    arn = f"arn:{call.partition}:s3:::{_bucket(call)}"
    need = Need("s3:ListBucket", ((arn,),), bucket_guard(_bucket(call), principal.account_id))
    why = _refusal(principal, identity, need, call)
    return None if why is None else _refuse(environ, principal, call, need, why)


def _refuse(environ: dict[str, Any], principal: Principal, call: Call, need: Need, why: str) -> Application:
    name = need.resources[0][0]
    resource = "" if name in ("*", ANY_RESOURCE) else f" on resource: {name}"
    message = f"User: {principal.arn} is not authorized to perform: {need.action}{resource} {why}"
    log.info("refused: %s", message)
    if call.service == "ec2":
        return _answer(environ, 403, "UnauthorizedOperation", message)
    if call.service == "sns":
        of_key = need.action.startswith("kms:")
        return _answer(environ, 400 if of_key else 403, "KMSAccessDenied" if of_key else "AuthorizationError", message)
    is_json = bool(environ.get("HTTP_X_AMZ_TARGET"))
    has_codes = call.service in ("s3", "s3control", "iam", "sts", "sqs", "cloudformation", "cloudwatch")
    code = "AccessDenied" if has_codes else "AccessDeniedException"
    return _answer(environ, 400 if is_json and code == "AccessDeniedException" else 403, code, message)


def _answer(environ: dict[str, Any], status: int, code: str, message: str) -> Response:
    if environ.get("REQUEST_METHOD") == "HEAD":
        return Response(status=status)
    return error_response(environ, code, message, status)


def _token_problem(principal: Principal, environ: dict[str, Any]) -> str | None:
    if principal.kind != "role":
        return None
    token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or _query(environ).get("X-Amz-Security-Token")
    if token != principal.session_token:
        return "InvalidClientTokenId"
    return "ExpiredToken" if principal.expired else None


def _query(environ: dict[str, Any]) -> dict[str, str]:
    text = environ.get("QUERY_STRING", "")
    if "X-Amz-" not in text and "AWSAccessKeyId" not in text:
        return {}
    from urllib.parse import parse_qsl

    return dict(parse_qsl(text))


def _bucket(call: Call) -> str:
    return str(call.parameters.get("Bucket") or "")
