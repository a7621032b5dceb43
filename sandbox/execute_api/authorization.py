"""May this request call this method: IAM authorization, the API's resource policy, API keys."""

from __future__ import annotations

from typing import Any

from moto.apigateway.models import apigateway_backends

from sandbox.accounts import Principal
from sandbox.context import Context
from sandbox.execute_api.request import ApiRequest, GatewayError
from sandbox.execute_api.signature import SignatureRefused, signer
from sandbox.iam.decide import Guard, refusal
from sandbox.iam.identities import Identity, identity_of
from sandbox.iam.policy import Caller, Effect, Question, evaluate, parse


def authorize(context: Context, request: ApiRequest, url: str, raw_headers: dict[str, str]) -> None:
    """Let a request pass, its caller noted, or raise GatewayError as API Gateway answers."""
    kind = request.on_route.authorization_type or "NONE"
    if kind == "AWS_IAM":
        try:
            request.caller = signer(request.method, url, raw_headers, request.body)
        except SignatureRefused as error:
            response_type = {
                "MissingAuthenticationTokenException": "MISSING_AUTHENTICATION_TOKEN",
                "ExpiredTokenException": "EXPIRED_TOKEN",
            }.get(error.kind, "INVALID_SIGNATURE")
            raise GatewayError(response_type, 403, error.kind, str(error)) from error
        _check_iam(context, request, request.caller)
    elif kind == "NONE":
        _check_resource_policy(request)
    else:
        raise NotImplementedError(f"API Gateway authorization {kind}")
    if request.on_route.api_key_required:
        _check_api_key(request)


def _check_iam(context: Context, request: ApiRequest, caller: Principal) -> None:
    policy = request.served.snapshot.policy
    api = request.served.api
    guard = Guard(api.account_id, None if policy is None else parse(_with_arns(policy, request)))
    identity = Identity(()) if caller.kind == "root" else identity_of(caller)
    if not context.enforce_iam and caller.account_id == api.account_id:
        return
    values = _values(request) | {
        "aws:principalaccount": caller.account_id,
        "aws:principalarn": caller.role_arn or caller.arn,
        "aws:userid": caller.user_id,
    }
    question = Question("execute-api:Invoke", ((request.arn,),), values)
    why = refusal(caller, identity, question, guard)
    if why is not None:
        masked = request.arn.replace(f":{api.account_id}:", f":********{api.account_id[-4:]}:")
        ending = f" {why}" if why.startswith("with") else ""
        message = f"User: {caller.arn} is not authorized to perform: execute-api:Invoke on resource: {masked}{ending}"
        raise GatewayError("ACCESS_DENIED", 403, "AccessDeniedException", message, key="Message")


def _check_resource_policy(request: ApiRequest) -> None:
    policy = request.served.snapshot.policy
    if policy is None:
        return
    question = Question("execute-api:Invoke", ((request.arn,),), _values(request))
    if evaluate([parse(_with_arns(policy, request))], question, Caller()) is not Effect.ALLOW:
        api = request.served.api
        masked = request.arn.replace(f":{api.account_id}:", f":********{api.account_id[-4:]}:")
        message = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {masked}"
        raise GatewayError("ACCESS_DENIED", 403, "AccessDeniedException", message, key="Message")


def _check_api_key(request: ApiRequest) -> None:
    api, stage = request.served.api, request.served.stage
    given = request.header("x-api-key")
    backend = apigateway_backends[api.account_id][api.region_name]
    for key_id, key in list(backend.keys.items()):
        if given is not None and key.value == given and key.enabled in (True, "true", "True", None):
            for plan_id, plan in list(backend.usage_plans.items()):
                stages = [item for item in plan.api_stages or [] if item.get("apiId") == api.id]
                if any(item.get("stage") == stage.name for item in stages) and key_id in _keys_of(backend, plan_id):
                    request.api_key = key_id
                    return
    raise GatewayError("INVALID_API_KEY", 403, "ForbiddenException", "Forbidden")


def _keys_of(backend: Any, plan_id: str) -> set[str]:
    return set(backend.usage_plan_keys.get(plan_id, {}))


def _with_arns(policy: str, request: ApiRequest) -> str:
    # A policy may name its resources from `execute-api:/` on; API Gateway fills in the rest.
    api = request.served.api
    return policy.replace("execute-api:/", f"arn:aws:execute-api:{api.region_name}:{api.account_id}:{api.id}/")


def _values(request: ApiRequest) -> dict[str, str]:
    return {
        "aws:sourceip": request.source_ip,
        "aws:securetransport": "true",
        "aws:requestedregion": request.served.api.region_name,
        "aws:useragent": request.header("user-agent") or "",
    }
