"""Request validators: required parameters, and bodies against the method's models."""

from __future__ import annotations

import json
from typing import Any

from sandbox.execute_api.deployments import schema_of
from sandbox.execute_api.request import ApiRequest, GatewayError


def validate(request: ApiRequest) -> None:
    """Check a request as its method's validator demands; raises GatewayError."""
    validator = request.served.snapshot.validators.get(request.on_route.request_validator_id or "")
    if validator is None:
        return
    settings = validator.to_dict()
    if settings["validateRequestParameters"]:
        _check_parameters(request)
    if settings["validateRequestBody"]:
        _check_body(request)


def _check_parameters(request: ApiRequest) -> None:
    missing = []
    for name, is_required in (request.on_route.request_parameters or {}).items():
        _, _, place, key = name.split(".", 3)
        if str(is_required).lower() != "true":
            continue
        given = {
            "querystring": request.query.get(key),
            "header": request.header(key),
            "path": request.path_parameters.get(key),
        }[place]
        if given is None:
            missing.append(key)
    if missing:
        message = f"Missing required request parameters: [{', '.join(missing)}]"
        raise GatewayError("BAD_REQUEST_PARAMETERS", 400, "BadRequestException", message)


def _check_body(request: ApiRequest) -> None:
    models = request.on_route.request_models or {}
    content_type = (request.header("content-type") or "application/json").split(";")[0].strip()
    name = models.get(content_type) or models.get("$default")
    model = request.served.snapshot.models.get(name or "")
    if model is None:
        return
    # Imported where it is used: it takes as long as the rest of the package.
    from jsonschema import Draft4Validator  # type: ignore[import-untyped]
    from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]

    try:
        value = json.loads(request.body or b"null")
        errors = list(Draft4Validator(_resolved(schema_of(model), request)).iter_errors(value))
    except SchemaError as error:
        raise GatewayError("DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error") from error
    except ValueError:
        errors = [None]
    if errors:
        raise GatewayError("BAD_REQUEST_BODY", 400, "BadRequestException", "Invalid request body")


def _resolved(schema: Any, request: ApiRequest) -> Any:
    """References to the API's other models replaced by those models."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str) and "/models/" in reference:
            other = request.served.snapshot.models.get(reference.rsplit("/", 1)[-1])
            return {} if other is None else _resolved(schema_of(other), request)
        return {key: _resolved(value, request) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_resolved(item, request) for item in schema]
    return schema
