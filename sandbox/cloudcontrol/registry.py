"""`cloudformation:DescribeType` for the types of the sandbox: Terraform's provider reads the schema from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from sandbox.cloudcontrol.schemas import schema
from sandbox.errors import SandboxFault

if TYPE_CHECKING:
    from sandbox.context import Context


def install(context: Context) -> None:
    """moto has no DescribeType at all."""
    CloudFormationResponse.describe_type = _describe_type


def _describe_type(response: Any) -> ActionResult:
    arn = response._get_param("Arn")
    name = response._get_param("TypeName") or (arn.rsplit("/", 1)[-1].replace("-", "::") if arn else "")
    try:
        found = schema(name, response.region)
    except KeyError:
        raise SandboxFault("TypeNotFoundException", f"The type '{name}' cannot be found.") from None
    updatable = "update" in found.get("handlers", {})
    return ActionResult(
        {
            "Arn": f"arn:aws:cloudformation:{response.region}::type/resource/{name.replace('::', '-')}",
            "Type": "RESOURCE",
            "TypeName": name,
            "DefaultVersionId": "00000001",
            "IsDefaultVersion": True,
            "Description": found.get("description", ""),
            "Schema": json.dumps(found),
            "ProvisioningType": "FULLY_MUTABLE" if updatable else "IMMUTABLE",
            "DeprecatedStatus": "LIVE",
            "Visibility": "PUBLIC",
        }
    )
