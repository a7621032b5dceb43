"""Answers for calls that moto cannot serve: 501 with an error in the caller's own protocol.

moto's server answers such a call with HTTP 500 and an HTML page, which every SDK retries for minutes and
then cannot read. 501 is not retried, and the message arrives where the user sees it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from xml.sax.saxutils import escape

from moto.core.exceptions import ServiceException
from moto.core.utils import get_service_model
from werkzeug.wrappers import Response

_SCOPE = re.compile(r"Credential=[^/]+/[0-9]{8}/[^/]+/([^/]+)/aws4_request")


class SandboxFault(ServiceException):  # type: ignore[misc]
    """A call that the sandbox does not serve, in the shape moto serialises for any protocol."""


def failure_of(error: BaseException) -> tuple[str, str]:
    """Error code and message for an exception that escaped moto. Pure."""
    if isinstance(error, NotImplementedError):
        return "NotImplementedException", f"{error or 'this call'} (the local AWS does not simulate it)"
    return (
        "SandboxFailure",
        f"{type(error).__name__}: {error} (a fault of the local AWS; its log has the details)",
    )


def is_collision(error: BaseException) -> bool:
    """True if two requests met in a collection of moto's, which is not made for several at a time. Pure."""
    return isinstance(error, RuntimeError) and "changed size during iteration" in str(error)


def error_response(environ: dict[str, Any], code: str, message: str, status: int = 501) -> Response:
    """An error page that the caller's SDK can read:

    XML for S3, query and EC2 calls, JSON for all others. Pure.
    """
    kind = _protocol(environ)
    if kind == "json":
        body = json.dumps({"__type": code, "message": message, "Message": message})
        response = Response(body, status=status, content_type="application/x-amz-json-1.1")
        response.headers["x-amzn-ErrorType"] = code
        return response
    text = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if kind == "s3":
        body = f"<Error>{text}</Error>"
    elif kind == "ec2":
        body = f"<Response><Errors><Error>{text}</Error></Errors></Response>"
    else:
        body = f"<ErrorResponse><Error><Type>Sender</Type>{text}</Error></ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{body}', status=status, content_type="text/xml")


def _protocol(environ: dict[str, Any]) -> str:
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "json"
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    service = scope.group(1) if scope else "s3"
    if service in ("s3", "ec2"):
        return service
    try:
        protocol = get_service_model(service).protocol
    except Exception:
        # A signing name need not be a botocore service name; its calls are then REST with JSON.
        form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
        return "query" if form else "json"
    return "query" if protocol in ("query", "rest-xml") else "json"
