"""What a request asks for: service, operation and parameters, read with botocore's service models.

Reading is independent of moto's handlers, so every service is covered alike, and costs nothing for requests
that need no decision.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Any

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model
from moto.utilities.utils import get_partition

_SCOPE = re.compile(r"Credential=[^/,\s]+/[0-9]{8}/([^/]*)/([^/]+)/aws4_request")

_KEY = "sandbox.call"

# Signing names that are not botocore's service names.
_SERVICES = {
    "cloudcontrolapi": "cloudcontrol",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "email": "ses",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}

# Services whose IAM prefix is not their signing name.
_PREFIXES = {
    "cloudcontrolapi": "cloudformation",
    "elasticfilesystem": "elasticfilesystem",
    "email": "ses",
    "monitoring": "cloudwatch",
    "tagging": "tag",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS API call.

    Attributes:
        service: botocore's service name.
        prefix: The service as IAM actions name it.
        operation: botocore's operation name.
        parameters: The operation's input, keys as in botocore.
        region, partition: From the signature's scope.
        path, method: As sent; the path is percent-encoded.
        headers: The request's headers, names in lower case.
        query: The query string's parameters, each name's first value.
    """

    service: str
    prefix: str
    operation: str
    parameters: dict[str, Any]
    region: str
    partition: str
    path: str
    method: str
    headers: dict[str, str]
    query: dict[str, str]


def scope_of(environ: dict[str, Any]) -> tuple[str, str]:
    """Region and signing name of a request; ("", "") if it is not signed in its header. Pure."""
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return (found.group(1), found.group(2)) if found else ("", "")


def read_body(environ: dict[str, Any]) -> bytes:
    """The request's body; it can be read again afterwards, by us and by moto."""
    stream = environ["wsgi.input"]
    if isinstance(stream, io.BytesIO):
        return stream.getvalue()
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        data: bytes = stream.read(int(length))
    elif environ.get("wsgi.input_terminated"):
        # A chunked body: the server hands it over decoded, and ends it.
        data = stream.read()
        environ["CONTENT_LENGTH"] = str(len(data))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    else:
        data = b""
    environ["wsgi.input"] = io.BytesIO(data)
    return data


def read_call(environ: dict[str, Any], *, default_region: str) -> Call | None:
    """The API call that a request makes; None if no service model knows it (moto then answers for itself).

    Read once a request, however many ask.
    """
    if _KEY not in environ:
        try:
            environ[_KEY] = _read(environ, default_region)
        finally:
            environ["wsgi.input"].seek(0)
    call: Call | None = environ[_KEY]
    return call


def _read(environ: dict[str, Any], default_region: str) -> Call | None:
    region, signing = scope_of(environ)
    service = _service(environ, signing or "s3")
    read_body(environ)
    environ["wsgi.input"].seek(0)
    request = Request(environ)
    try:
        model = get_service_model(service)
        operation, uri_parameters = get_service_router(service).match(request)
    except (NotFound, NotImplementedError):
        return None
    except Exception:
        # botocore raises its own family for a service that it has no model of.
        return None
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)](operation, map_type=dict)
    try:
        parameters = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": b"" if _is_payload(service, operation.name) else request.data,
                "url_path": request.path,
                "url_params": uri_parameters,
            }
        )
    except Exception:
        # A malformed request is moto's to refuse; the decision then rests on the path alone.
        parameters = dict(uri_parameters)
    region = region or default_region
    return Call(
        service=service,
        prefix=_PREFIXES.get(signing or "s3", signing or "s3"),
        operation=operation.name,
        parameters=dict(parameters or {}),
        region=region,
        partition=get_partition(region),
        path=request.raw_path,
        method=request.method,
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.args.items()),
    )


def _service(environ: dict[str, Any], signing: str) -> str:
    path = environ.get("PATH_INFO", "")
    if signing == "s3":
        return "s3control" if path.startswith("/v20180820/") else "s3"
    if signing == "apigateway" and path.startswith("/v2/"):
        return "apigatewayv2"
    if signing == "sagemaker" and not environ.get("HTTP_X_AMZ_TARGET"):
        return "sagemaker-runtime" if "/invocations" in path else "sagemaker"
    return _SERVICES.get(signing, signing)


def _is_payload(service: str, operation: str) -> bool:
    # Objects and blobs are not read for a decision, however large they are.
    return (service, operation) in {
        ("s3", "PutObject"),
        ("s3", "UploadPart"),
        ("lambda", "Invoke"),
        ("sagemaker-runtime", "InvokeEndpoint"),
    }
