"""AWS_PROXY: the event that a function gets for a request, and the response made of its answer."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Response

from sandbox.awslambda.permissions import InvocationRefused, function_of, permitted_function
from sandbox.context import Context
from sandbox.execute_api.request import ApiRequest, GatewayError

SERVICE = "apigateway.amazonaws.com"


def call_function(context: Context, request: ApiRequest, seconds: float) -> Response:
    """Invoke the method's function with the request and shape its answer; raises GatewayError."""
    result = invoke_function(context, request, event_of(request), seconds)
    if result.error is not None:
        raise malformed()
    return response_of(result.payload)


def invoke_function(context: Context, request: ApiRequest, event: Any, seconds: float) -> Any:
    """The result of the function behind the method's integration; raises GatewayError."""
    integration = request.on_route.method_integration
    arn = function_arn(integration.uri, request)
    try:
        if integration.credentials:
            function = _with_role(context, integration.credentials, arn, request)
        else:
            # On AWS a `*` in the permission's source ARN may cover the path with its variables, not the
            # values.
            api = request.served.api
            path = request.route.path if request.route is not None else request.path
            source = f"arn:aws:execute-api:{api.region_name}:{api.account_id}:{api.id}/"
            source += f"{request.served.stage.name}/{request.method}{path}"
            function = permitted_function(arn, service=SERVICE, source_arn=source)
    except InvocationRefused as error:
        raise GatewayError("DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error") from error
    answers: list[Any] = []
    invoker = context.parts["lambda"]
    thread = context.run_thread("api", lambda: answers.append(invoker.invoke(function, event)))
    thread.join(seconds)
    if thread.is_alive():
        raise GatewayError("INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", "Endpoint request timed out")
    if not answers:
        raise malformed()
    return answers[0]


def function_arn(uri: str, request: ApiRequest) -> str:
    """The function in an integration's URI, stage variables filled in. Pure.

    Raises:
        InvocationRefused: The URI names none.
    """
    for name, value in (request.served.stage.variables or {}).items():
        uri = uri.replace("${stageVariables." + name + "}", str(value))
    head, found, tail = uri.partition("/functions/")
    if not found:
        raise InvocationRefused(f"{head} names no function")
    return tail.removesuffix("/invocations")


def event_of(request: ApiRequest) -> dict[str, Any]:
    """The proxy event (payload version 1.0) of a request. Pure."""
    is_binary = _is_binary(request)
    body = None
    if request.body:
        body = base64.b64encode(request.body).decode() if is_binary else request.body.decode("utf-8", "replace")
    return {
        "resource": request.route.path if request.route is not None else request.path,
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in request.headers.items()} or None,
        "multiValueHeaders": dict(request.headers) or None,
        "queryStringParameters": {name: values[-1] for name, values in request.query.items()} or None,
        "multiValueQueryStringParameters": dict(request.query) or None,
        "pathParameters": request.path_parameters or None,
        "stageVariables": dict(request.served.stage.variables or {}) or None,
        "requestContext": request_context(request),
        "body": body,
        "isBase64Encoded": is_binary and body is not None,
    }


def request_context(request: ApiRequest) -> dict[str, Any]:
    """`requestContext` of the event: the API, the request and who made it. Pure."""
    api, stage, caller = request.served.api, request.served.stage, request.caller
    moment = datetime.fromtimestamp(request.started, UTC)
    return {
        "resourceId": request.route.resource_id if request.route is not None else None,
        "resourcePath": request.route.path if request.route is not None else None,
        "operationName": request.on_route.operation_name,
        "httpMethod": request.method,
        "extendedRequestId": request.request_id.replace("-", "")[:16] + "=",
        "requestTime": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "path": f"/{stage.name}{request.path}",
        "accountId": api.account_id,
        "protocol": "HTTP/1.1",
        "stage": stage.name,
        "domainPrefix": api.id,
        "requestTimeEpoch": int(request.started * 1000),
        "requestId": request.request_id,
        "identity": {
            "cognitoIdentityPoolId": None,
            "accountId": None if caller is None else caller.account_id,
            "cognitoIdentityId": None,
            "caller": None if caller is None else caller.user_id,
            "sourceIp": request.source_ip,
            "principalOrgId": None,
            "accessKey": None if caller is None else _key_of(request),
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": None if caller is None else caller.arn,
            "userAgent": request.header("user-agent"),
            "user": None if caller is None else caller.user_id,
        }
        | ({"apiKeyId": request.api_key, "apiKey": request.header("x-api-key")} if request.api_key else {}),
        "domainName": f"{api.id}.execute-api.{api.region_name}.amazonaws.com",
        "deploymentId": stage.deployment_id,
        "apiId": api.id,
    }


def response_of(payload: str) -> Response:
    """The HTTP response that a function's answer describes; raises GatewayError for any other answer.

    Pure.
    """
    try:
        value = json.loads(payload)
        status = int(value["statusCode"])
        body = value.get("body")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise malformed() from error
    if body is None:
        body = ""
    if not isinstance(body, str):
        raise malformed()
    data = base64.b64decode(body) if value.get("isBase64Encoded") else body.encode()
    response = Response(data, status=status)
    del response.headers["Content-Type"]
    for name, text in (value.get("headers") or {}).items():
        response.headers[name] = str(text)
    for name, texts in (value.get("multiValueHeaders") or {}).items():
        response.headers.pop(name, None)
        for text in texts:
            response.headers.add(name, str(text))
    response.headers.setdefault("Content-Type", "application/json")
    return response


def malformed() -> GatewayError:
    """502: the function failed, or did not answer as a proxy must."""
    return GatewayError("DEFAULT_5XX", 502, "InternalServerErrorException", "Internal server error")


def _with_role(context: Context, credentials: str, arn: str, request: ApiRequest) -> Any:
    """The function, if the integration's role exists, trusts API Gateway and may invoke it."""
    from sandbox.accounts import Principal
    from sandbox.iam.decide import Guard, refusal
    from sandbox.iam.identities import identity_of
    from sandbox.iam.policy import Question
    from sandbox.iam.sessions import trusts_service

    account_id = request.served.api.account_id
    role = request.caller.role_arn if credentials.endswith("user/*") and request.caller else credentials
    if role is None or (role is credentials and not trusts_service(role, SERVICE)):
        raise InvocationRefused(f"{credentials} cannot be assumed by API Gateway")
    principal = Principal("role", role.split(":")[4], role, "", "", role_arn=role)
    question = Question("lambda:InvokeFunction", ((arn,),), {"aws:principalarn": role})
    if context.enforce_iam and refusal(principal, identity_of(principal), question, Guard(account_id)) is not None:
        raise InvocationRefused(f"{role} may not invoke {arn}")
    return function_of(arn)


def _is_binary(request: ApiRequest) -> bool:
    content_type = (request.header("content-type") or "").split(";")[0].strip()
    return any(kind in ("*/*", content_type) for kind in request.served.snapshot.binary_media_types)


def _key_of(request: ApiRequest) -> str | None:
    header = request.header("authorization") or ""
    return header.partition("Credential=")[2].partition("/")[0] or None
