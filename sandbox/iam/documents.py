"""Policies as AWS accepts them: principals that exist, sizes within the quotas, keys that can still be
managed.

moto stores any document. On AWS a policy that names a role is refused while that role does not exist, in
any account, which decides in what order accounts can be set up; a document that is too long is refused; and
a key policy that would lock its author out is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from moto.iam.models import iam_backends

from sandbox.accounts import Principal, access_key_id, principal_of
from sandbox.context import Application, Context
from sandbox.errors import error_response
from sandbox.iam.calls import Call, read_call, scope_of
from sandbox.iam.decide import Guard, refusal
from sandbox.iam.identities import Identity, identity_of
from sandbox.iam.policy import Question, parse

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, in characters without white
# space.
TRUST_SIZE = 2048
MANAGED_SIZE = 6144
INLINE_SIZE = 10240

Problem = tuple[str, str]
"""An error code and its message."""

_ROLE_OR_USER = re.compile(r"arn:[^:]+:iam::(\d{12}):(role|user)/(.+)")


def install(context: Context) -> None:
    """Check documents before they are stored."""

    def choose(environ: dict[str, Any]) -> Application | None:
        _, signing = scope_of(environ)
        if signing not in _SERVICES or (signing == "s3" and "policy" not in environ.get("QUERY_STRING", "")):
            return None
        call = read_call(environ, default_region=context.region)
        check = None if call is None else _CHECKS.get((call.service, call.operation))
        if call is None or check is None:
            return None
        caller = principal_of(access_key_id({"Authorization": environ.get("HTTP_AUTHORIZATION", "")}, {}))
        try:
            problem = check(call, caller)
        except (ValueError, KeyError, TypeError, AttributeError):
            # Not a policy at all: moto says so in the service's own words.
            return None
        return None if problem is None else error_response(environ, *problem, 400)

    context.front.append(choose)


def missing_principal(document: str) -> str | None:
    """The first role or user that a document names as a principal and that does not exist; None if all do."""
    for name in _principals(json.loads(document)):
        found = _ROLE_OR_USER.fullmatch(name)
        if found is None:
            continue
        account_id, kind, _ = found.groups()
        backend = iam_backends[account_id]["aws"]
        known = backend.roles if kind == "role" else backend.users
        if not any(item.arn == name for item in list(known.values())):
            return name
    return None


def _principals(document: Any) -> Iterator[str]:
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            value = statement.get(element)
            names = value.get("AWS", []) if isinstance(value, dict) else []
            yield from names if isinstance(names, list) else [names]


def _named(parameter: str, code: str, message: str) -> Callable[[Call, Principal], Problem | None]:
    """A check of one parameter's principals; `{}` in the message is the one that does not exist."""

    def check(call: Call, caller: Principal) -> Problem | None:
        value: Any = call.parameters
        for part in parameter.split("."):
            value = (value or {}).get(part)
        if isinstance(value, bytes):
            value = value.decode()
        missing = missing_principal(value) if value else None
        return None if missing is None else (code, message.format(missing))

    return check


def _topic(call: Call, caller: Principal) -> Problem | None:
    parameters = call.parameters
    document = (parameters.get("Attributes") or {}).get("Policy")
    if parameters.get("AttributeName") == "Policy":
        document = parameters.get("AttributeValue")
    if document and missing_principal(document) is not None:
        return "InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"
    return None


def _trust(parameter: str) -> Callable[[Call, Principal], Problem | None]:
    named = _named(parameter, "MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"{}"')

    def check(call: Call, caller: Principal) -> Problem | None:
        if _size(call.parameters[parameter]) > TRUST_SIZE:
            return "LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_SIZE}"
        return named(call, caller)

    return check


def _managed(call: Call, caller: Principal) -> Problem | None:
    if _size(call.parameters["PolicyDocument"]) > MANAGED_SIZE:
        return "LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_SIZE}"
    return None


def _inline(call: Call, caller: Principal) -> Problem | None:
    backend = iam_backends[caller.account_id][call.partition]
    name = call.parameters["RoleName"]
    role = next(role for role in list(backend.roles.values()) if role.name == name)
    documents = dict(role.policies) | {call.parameters["PolicyName"]: call.parameters["PolicyDocument"]}
    if sum(_size(document) for document in documents.values()) > INLINE_SIZE:
        return "LimitExceeded", f"Maximum policy size of {INLINE_SIZE} bytes exceeded for role {name}"
    return None


def _key(call: Call, caller: Principal) -> Problem | None:
    document = call.parameters.get("Policy")
    if not document:
        return None
    if missing_principal(document) is not None:
        message = "Policy contains a statement with one or more invalid principals."
        return "MalformedPolicyDocumentException", message
    if call.parameters.get("BypassPolicyLockoutSafetyCheck"):
        return None
    arn = f"arn:{call.partition}:kms:{call.region}:{caller.account_id}:key/{call.parameters.get('KeyId', 'new')}"
    values = {
        "aws:principalarn": caller.role_arn or caller.arn,
        "aws:principalaccount": caller.account_id,
        "aws:requestedregion": call.region,
        "aws:securetransport": "true",
        "kms:calleraccount": caller.account_id,
    }
    identity = Identity(()) if caller.kind == "root" else identity_of(caller, call.partition)
    guard = Guard(caller.account_id, parse(document), is_sole_gate=True)
    if refusal(caller, identity, Question("kms:PutKeyPolicy", ((arn,),), values), guard) is not None:
        message = "The new key policy will not allow you to update the key policy in the future."
        return "MalformedPolicyDocumentException", message
    return None


def _size(document: str) -> int:
    return len(re.sub(r"\s", "", document))


_SERVICES = frozenset({"iam", "s3", "kms", "sns", "sqs", "ecr", "sagemaker"})

_CHECKS: dict[tuple[str, str], Callable[[Call, Principal], Problem | None]] = {
    ("iam", "CreateRole"): _trust("AssumeRolePolicyDocument"),
    ("iam", "UpdateAssumeRolePolicy"): _trust("PolicyDocument"),
    ("iam", "CreatePolicy"): _managed,
    ("iam", "CreatePolicyVersion"): _managed,
    ("iam", "PutRolePolicy"): _inline,
    ("s3", "PutBucketPolicy"): _named("Policy", "MalformedPolicy", "Invalid principal in policy"),
    ("kms", "CreateKey"): _key,
    ("kms", "PutKeyPolicy"): _key,
    ("sns", "CreateTopic"): _topic,
    ("sns", "SetTopicAttributes"): _topic,
    ("sqs", "CreateQueue"): _named(
        "Attributes.Policy", "InvalidParameterValue", "Invalid value for the parameter Policy."
    ),
    ("sqs", "SetQueueAttributes"): _named(
        "Attributes.Policy", "InvalidParameterValue", "Invalid value for the parameter Policy."
    ),
    ("ecr", "SetRepositoryPolicy"): _named(
        "policyText",
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
    ),
    ("sagemaker", "PutModelPackageGroupPolicy"): _named(
        "ResourcePolicy", "ValidationException", "Invalid principal in policy: {}"
    ),
}
