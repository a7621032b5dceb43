"""The condition keys of a request, as far as the sandbox knows them.

Names in lower case, as policies are matched.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from moto.iam.models import iam_backends

from sandbox.accounts import Principal
from sandbox.iam.calls import Call
from sandbox.iam.guards import key_of
from sandbox.iam.identities import Identity
from sandbox.iam.needs import Need


def values_of(principal: Principal, identity: Identity, call: Call, need: Need) -> dict[str, Any]:
    """The keys of one decision: global ones, the service's own, and those of the need itself."""
    values: dict[str, Any] = {
        "aws:currenttime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:epochtime": str(int(time.time())),
        "aws:principalaccount": principal.account_id,
        "aws:principalarn": principal.role_arn or principal.arn,
        "aws:principaltype": {"root": "Account", "role": "AssumedRole", "user": "User"}[principal.kind],
        "aws:principalisawsservice": "false",
        "aws:requestedregion": call.region,
        "aws:resourceaccount": need.guard.account_id,
        # The sandbox speaks plain HTTP on the loopback; on AWS every one of these calls is HTTPS.
        "aws:securetransport": "true",
        "aws:sourceip": "127.0.0.1",
        "aws:sourceowner": principal.account_id,
        "aws:useragent": call.headers.get("user-agent", ""),
        "aws:userid": principal.user_id,
        "aws:viaawsservice": "false",
    }
    if principal.user_name:
        values["aws:username"] = principal.user_name
    for key, value in identity.tags:
        values[f"aws:principaltag/{key.lower()}"] = value
    tags = _request_tags(call)
    if tags:
        values["aws:tagkeys"] = list(tags)
        for key, value in tags.items():
            values[f"aws:requesttag/{key.lower()}"] = value
    add = _SERVICES.get(call.service)
    if add is not None:
        add(values, call, principal)
    if need.action.startswith("kms:"):
        _add_kms(values, call, principal, need)
    values.update(need.values)
    return values


def _add_s3(values: dict[str, Any], call: Call, principal: Principal) -> None:
    for name in ("prefix", "delimiter", "max-keys"):
        if name in call.query:
            values[f"s3:{name}"] = call.query[name]
    if call.parameters.get("VersionId"):
        values["s3:versionid"] = str(call.parameters["VersionId"])
    for name, value in call.headers.items():
        if name.startswith(("x-amz-server-side-encryption", "x-amz-acl", "x-amz-grant", "x-amz-storage-class")):
            values[f"s3:{name}"] = value
    values["s3:signatureversion"] = "AWS4-HMAC-SHA256"


def _add_sts(values: dict[str, Any], call: Call, principal: Principal) -> None:
    for name, key in (("ExternalId", "sts:externalid"), ("RoleSessionName", "sts:rolesessionname")):
        if call.parameters.get(name):
            values[key] = str(call.parameters[name])


def _add_iam(values: dict[str, Any], call: Call, principal: Principal) -> None:
    """Of a change to a role that exists, the boundary is the role's own."""
    parameters = call.parameters
    boundary = parameters.get("PermissionsBoundary")
    if not boundary and parameters.get("RoleName") and call.operation != "CreateRole":
        roles = iam_backends[principal.account_id][call.partition].roles
        found = next((role for role in list(roles.values()) if role.name == parameters["RoleName"]), None)
        boundary = getattr(found, "permissions_boundary_arn", None)
    for key, value in (
        ("iam:permissionsboundary", boundary),
        ("iam:policyarn", parameters.get("PolicyArn")),
        ("iam:awsservicename", parameters.get("AWSServiceName")),
    ):
        if value:
            values[key] = str(value)


def _add_cloudwatch(values: dict[str, Any], call: Call, principal: Principal) -> None:
    if call.parameters.get("Namespace"):
        values["cloudwatch:namespace"] = str(call.parameters["Namespace"])


def _add_kms(values: dict[str, Any], call: Call, principal: Principal, need: Need) -> None:
    values["kms:calleraccount"] = principal.account_id
    for names in need.resources:
        aliases = _aliases(names[0])
        if aliases:
            values["kms:resourcealiases"] = aliases
    if call.service != "kms":
        return
    if call.operation == "CreateGrant":
        values["kms:grantisforawsresource"] = "false"
    context = call.parameters.get("EncryptionContext") or {}
    if context:
        values["kms:encryptioncontextkeys"] = list(context)
        for key, value in context.items():
            values[f"kms:encryptioncontext:{key.lower()}"] = str(value)


def _aliases(arn: str) -> list[str]:
    key = key_of(arn) if ":key/" in arn else None
    return [] if key is None else sorted(key.aliases)


def _request_tags(call: Call) -> dict[str, str]:
    for name in ("Tags", "tags", "Tag", "TagSet"):
        tags = call.parameters.get(name)
        if isinstance(tags, dict):
            return {str(key): str(value) for key, value in tags.items()}
        if isinstance(tags, list):
            pairs = [tag for tag in tags if isinstance(tag, dict)]
            return {
                str(tag.get("Key", tag.get("key", ""))): str(tag.get("Value", tag.get("value", ""))) for tag in pairs
            }
    return {}


_SERVICES = {"s3": _add_s3, "sts": _add_sts, "iam": _add_iam, "cloudwatch": _add_cloudwatch}
