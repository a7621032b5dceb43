"""Integrations of a method: AWS_PROXY and AWS to functions, AWS to other services, MOCK."""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.exceptions import ClientError
from werkzeug.wrappers import Response

from sandbox.context import Context
from sandbox.execute_api import templates
from sandbox.execute_api.proxy import SERVICE, call_function, invoke_function
from sandbox.execute_api.request import ApiRequest, GatewayError
from sandbox.iam.sessions import AssumeRoleRefused

_URI = re.compile(r"arn:aws:apigateway:(?P<region>[^:]+):(?P<service>[^:]+):(?P<kind>path|action)/(?P<rest>.*)")
MAX_SECONDS = 29.0


def integrate(context: Context, request: ApiRequest) -> Response:
    """The answer of the method's integration; raises GatewayError where API Gateway answers by itself."""
    integration = request.on_route.method_integration
    seconds = min(float(integration.timeout_in_millis or 29000) / 1000, MAX_SECONDS)
    kind = integration.integration_type
    if kind == "AWS_PROXY":
        return call_function(context, request, seconds)
    if kind == "MOCK":
        return _mock(request)
    if kind == "AWS" and ":lambda:" in integration.uri:
        event = json.loads(templates.request_body(request) or "{}")
        result = invoke_function(context, request, event, seconds)
        error = json.loads(result.payload).get("errorMessage", "") if result.error is not None else ""
        return _respond(request, 200, result.payload, error, by_status=False)
    if kind == "AWS":
        return _call_service(context, request, seconds)
    raise NotImplementedError(f"integrations of type {kind}")


def _mock(request: ApiRequest) -> Response:
    body = templates.request_body(request)
    try:
        status = int(json.loads(body or "{}").get("statusCode", 200))
    except (ValueError, AttributeError) as error:
        raise GatewayError("DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error") from error
    return _respond(request, status, body, str(status), by_status=True)


def _call_service(context: Context, request: ApiRequest, seconds: float) -> Response:
    """AWS integration with another service, as the integration's role:

    SageMaker's runtime and actions with JSON.
    """
    integration = request.on_route.method_integration
    found = _URI.fullmatch(integration.uri)
    if found is None or not integration.credentials:
        raise GatewayError("DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error")
    try:
        client = context.client(
            {"runtime.sagemaker": "sagemaker-runtime", "states": "stepfunctions"}.get(
                found["service"], found["service"]
            ),
            request.served.api.account_id,
            found["region"],
            integration.credentials,
            principal=SERVICE,
            read_timeout_seconds=int(seconds) + 1,
        )
    except AssumeRoleRefused as error:
        raise GatewayError("DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error") from error
    body = templates.request_body(request)
    try:
        if found["service"] == "runtime.sagemaker":
            status, payload = _invoke_endpoint(client, found["rest"], request, body)
        else:
            name = found["rest"].rsplit("&Action=", 1)[-1].removeprefix("Action=")
            answer = getattr(client, _snake(name))(**json.loads(body or "{}"))
            answer.pop("ResponseMetadata", None)
            status, payload = 200, json.dumps(answer, default=str)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        payload = json.dumps({"message": error.response["Error"]["Message"]})
    return _respond(request, status, payload, str(status), by_status=True)


def _invoke_endpoint(client: Any, rest: str, request: ApiRequest, body: str) -> tuple[int, str]:
    path = rest
    for name, value in templates.parameters(request, "path").items():
        path = path.replace("{" + name + "}", value)
    found = re.fullmatch(r"endpoints/([^/]+)/invocations", path.strip("/"))
    if found is None:
        raise GatewayError("DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error")
    headers = templates.parameters(request, "header")
    options = {}
    for header, option in (
        ("Content-Type", "ContentType"),
        ("Accept", "Accept"),
        ("X-Amzn-SageMaker-Target-Variant", "TargetVariant"),
        ("X-Amzn-SageMaker-Target-Model", "TargetModel"),
        ("X-Amzn-SageMaker-Custom-Attributes", "CustomAttributes"),
    ):
        given = headers.get(header) or (request.header(header) if option in ("ContentType", "Accept") else None)
        if given:
            options[option] = given
    answer = client.invoke_endpoint(EndpointName=found[1], Body=body.encode(), **options)
    return 200, answer["Body"].read().decode("utf-8", "replace")


def _respond(request: ApiRequest, status: int, payload: str, selector: str, *, by_status: bool) -> Response:
    """The method's response: the integration response whose pattern fits, else the default one."""
    responses = request.on_route.method_integration.integration_responses or {}
    chosen = None
    for response in responses.values():
        pattern = response.selection_pattern
        if pattern and (selector or by_status) and re.fullmatch(pattern, selector, re.DOTALL):
            chosen = response
            break
    if chosen is None and by_status and request.on_route.method_integration.integration_type == "MOCK":
        chosen = responses.get(str(status))
    if chosen is None:
        chosen = next((r for r in responses.values() if not r.selection_pattern), None)
    if chosen is None:
        raise GatewayError("DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error")
    text = templates.response_body(request, chosen, payload)
    answer = Response(text, status=int(chosen.status_code), content_type="application/json")
    for name, value in (chosen.response_parameters or {}).items():
        if ".header." in name and str(value).startswith("'"):
            answer.headers[name.split(".header.", 1)[1]] = str(value).strip("'")
    return answer


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
