"""A request's way through API Gateway: route, authorization, validation, integration, response, access log."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from sandbox.context import Context
from sandbox.execute_api import access_log, deployments, integrations
from sandbox.execute_api.authorization import authorize
from sandbox.execute_api.request import ApiRequest, GatewayError
from sandbox.execute_api.validation import validate
from sandbox.iam.calls import read_body

log = logging.getLogger(__name__)


def serve(context: Context, environ: dict[str, Any], api_id: str, rest: str) -> Response:
    """Answer a request to an API; `rest` is the raw path from the stage on, without a leading slash."""
    read_body(environ)
    raw = Request(environ)
    stage_name, _, path = rest.partition("/")
    served = deployments.find(api_id, stage_name)
    if served is None:
        return _error_response(None, GatewayError("DEFAULT_4XX", 403, "ForbiddenException", "Forbidden"))
    request = ApiRequest(
        served=served,
        method=raw.method,
        path="/" + unquote(path),
        headers=_headers(raw),
        query=dict(raw.args.lists()),
        body=raw.get_data(),
        source_ip=raw.remote_addr or "127.0.0.1",
        host=raw.host,
    )
    try:
        response = _answer(context, request, raw)
    except GatewayError as error:
        response = _error_response(request, error)
    except NotImplementedError as error:
        response = Response(json.dumps({"message": f"the local AWS does not simulate {error}"}), status=501)
    except Exception:
        log.exception("%s %s", request.method, request.arn)
        failure = GatewayError("DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error")
        response = _error_response(request, failure)
    response.headers["x-amzn-RequestId"] = request.request_id
    response.headers["x-amz-apigw-id"] = request.request_id.replace("-", "")[:16] + "="
    access_log.write(request, response)
    return response


def _answer(context: Context, request: ApiRequest, raw: Request) -> Response:
    if request.served.api.disableExecuteApiEndpoint:
        raise GatewayError("DEFAULT_4XX", 403, "ForbiddenException", "Forbidden")
    found = deployments.match(request.served.snapshot, request.path.rstrip("/") or "/", request.method)
    if found is None or found[1].method_integration is None:
        kind = "MissingAuthenticationTokenException"
        raise GatewayError("MISSING_AUTHENTICATION_TOKEN", 403, kind, "Missing Authentication Token")
    request.route, request.on_route, request.path_parameters = found
    headers = {name.lower(): ",".join(values) for name, values in request.headers.items()}
    authorize(context, request, _url(raw), headers)
    validate(request)
    return integrations.integrate(context, request)


def _error_response(request: ApiRequest | None, error: GatewayError) -> Response:
    """The gateway's own error, as the API's gateway responses shape it."""
    status, body = error.status, json.dumps({error.key: error.message})
    headers: dict[str, str] = {}
    custom = None
    if request is not None:
        responses = request.served.snapshot.gateway_responses
        general = "DEFAULT_4XX" if status < 500 else "DEFAULT_5XX"
        custom = responses.get(error.response_type) or responses.get(general)
    if custom is not None:
        status = int(custom.status_code or status)
        template = (custom.response_templates or {}).get("application/json")
        if template:
            body = template.replace("$context.error.messageString", json.dumps(error.message))
            body = body.replace("$context.error.message", error.message)
            body = body.replace("$context.error.responseType", error.response_type)
            body = body.replace("$context.requestId", request.request_id if request is not None else "")
        for name, value in (custom.response_parameters or {}).items():
            if ".header." in name and value.startswith("'"):
                headers[name.rsplit(".", 1)[-1]] = value.strip("'")
    response = Response(body, status=status, content_type="application/json", headers=headers)
    response.headers["x-amzn-ErrorType"] = error.kind
    return response


def _headers(raw: Request) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in raw.headers.items():
        headers.setdefault(name, []).append(value)
    return headers


def _url(raw: Request) -> str:
    """The URL as it was signed: path still percent-encoded."""
    target = raw.environ.get("RAW_URI") or raw.environ.get("REQUEST_URI") or raw.full_path.rstrip("?")
    return f"http://{raw.host}{target}"
