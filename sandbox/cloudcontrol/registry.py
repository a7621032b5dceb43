"""`cloudformation:DescribeType` for the types of the sandbox: Terraform's provider reads the schema from it.

moto has no DescribeType. It is answered before moto is asked, because moto's CloudFormation takes seconds to import
and nothing else of it is needed for Cloud Control.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from sandbox.cloudcontrol.schemas import schema
from sandbox.errors import error_response
from sandbox.iam.calls import read_body, scope_of

if TYPE_CHECKING:
    from sandbox.context import Context

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

_FORM = "application/x-www-form-urlencoded"


def install(context: Context) -> None:
    """Answer DescribeType."""

    def choose(environ: dict[str, Any]) -> Application | None:
        region, signing = scope_of(environ)
        if signing != "cloudformation" or not environ.get("CONTENT_TYPE", "").startswith(_FORM):
            return None
        form = parse_qs(read_body(environ).decode())
        if form.get("Action") != ["DescribeType"]:
            return None
        arn = form.get("Arn", [""])[0]
        name = form.get("TypeName", [arn.rsplit("/", 1)[-1].replace("-", "::")])[0]
        return _answer(name, region or context.region)

    context.front.append(choose)


def describe(name: str, region: str) -> dict[str, str]:
    """What DescribeType answers about a type.

    Raises:
        KeyError: The sandbox does not have the type.
    """
    found = schema(name, region)
    return {
        "Arn": f"arn:aws:cloudformation:{region}::type/resource/{name.replace('::', '-')}",
        "Type": "RESOURCE",
        "TypeName": name,
        "DefaultVersionId": "00000001",
        "IsDefaultVersion": "true",
        "Description": found.get("description", ""),
        "Schema": json.dumps(found),
        "ProvisioningType": "FULLY_MUTABLE" if "update" in found.get("handlers", {}) else "IMMUTABLE",
        "DeprecatedStatus": "LIVE",
        "Visibility": "PUBLIC",
    }


def _answer(name: str, region: str) -> Application:
    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            members = describe(name, region)
        except KeyError:
            text = f"The type '{name}' cannot be found."
            return error_response(environ, "TypeNotFoundException", text, 404)(environ, start_response)
        body = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in members.items())
        page = (
            '<DescribeTypeResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
            f"<DescribeTypeResult>{body}</DescribeTypeResult>"
            "<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata>"
            "</DescribeTypeResponse>"
        )
        return Response(page, content_type="text/xml")(environ, start_response)

    return serve
