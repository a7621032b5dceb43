"""PATCH operations on the parts of an API, which moto has for few of them.

A part is described by its single values and its maps: `/uri` sets one, `/requestParameters/<name>` an entry
of the other. In names inside a path `~1` stands for `/` and `~0` for `~` (JSON Pointer).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.apigateway.responses import APIGatewayResponse

Convert = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Part:
    """What may be changed: path -> (attribute, conversion) for values, path -> attribute for maps and
    lists.
    """

    values: Mapping[str, tuple[str, Convert]] = field(default_factory=dict)
    maps: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, str] = field(default_factory=dict)


def _flag(text: str) -> bool:
    return text.lower() == "true"


METHOD = Part(
    values={
        "authorizationType": ("authorization_type", str),
        "authorizerId": ("authorizer_id", str),
        "apiKeyRequired": ("api_key_required", _flag),
        "operationName": ("operation_name", str),
        "requestValidatorId": ("request_validator_id", str),
    },
    maps={"requestParameters": "request_parameters", "requestModels": "request_models"},
    lists={"authorizationScopes": "authorization_scopes"},
)
INTEGRATION = Part(
    values={
        "type": ("integration_type", str),
        "uri": ("uri", str),
        "httpMethod": ("http_method", str),
        "credentials": ("credentials", str),
        "passthroughBehavior": ("passthrough_behaviour", str),
        "contentHandling": ("content_handling", str),
        "timeoutInMillis": ("timeout_in_millis", int),
        "connectionType": ("connection_type", str),
        "connectionId": ("connection_id", str),
        "cacheNamespace": ("cache_namespace", str),
    },
    maps={
        "requestParameters": "request_parameters",
        "requestTemplates": "request_templates",
        "tlsConfig": "tls_config",
    },
    lists={"cacheKeyParameters": "cache_key_parameters"},
)
METHOD_RESPONSE = Part(
    maps={"responseParameters": "response_parameters", "responseModels": "response_models"},
)
INTEGRATION_RESPONSE = Part(
    values={"selectionPattern": ("selection_pattern", str), "contentHandling": ("content_handling", str)},
    maps={"responseParameters": "response_parameters", "responseTemplates": "response_templates"},
)
RESOURCE = Part(values={"pathPart": ("path_part", str), "parentId": ("parent_id", str)})
DEPLOYMENT = Part(values={"description": ("description", str)})
MODEL = Part(values={"description": ("description", str), "schema": ("schema", str)})
GATEWAY_RESPONSE = Part(
    values={"statusCode": ("status_code", str)},
    maps={"responseParameters": "response_parameters", "responseTemplates": "response_templates"},
)


def install() -> None:
    """Add the missing Update calls."""

    def call(find: Callable[[Any, list[str]], Any], part: Part, show: str = "to_json") -> Callable[[Any], str]:
        def update(self: Any) -> str:
            target = find(self.backend, [piece for piece in self.path.split("/") if piece])
            apply(target, part, self._get_param("patchOperations") or [])
            return json.dumps(getattr(target, show)())

        return update

    # Paths: restapis/{1}/resources/{3}/methods/{5}/integration/responses/{8}, .../methods/{5}/responses/{7}
    response = APIGatewayResponse
    response.update_method = call(lambda b, p: b.get_method(p[1], p[3], p[5]), METHOD)
    response.update_integration = call(lambda b, p: b.get_integration(p[1], p[3], p[5]), INTEGRATION)
    response.update_method_response = call(lambda b, p: b.get_method_response(p[1], p[3], p[5], p[7]), METHOD_RESPONSE)
    response.update_integration_response = call(
        lambda b, p: b.get_integration_response(p[1], p[3], p[5], p[8]), INTEGRATION_RESPONSE
    )
    response.update_resource = call(lambda b, p: b.get_resource(p[1], p[3]), RESOURCE, "to_dict")
    response.update_deployment = call(lambda b, p: b.get_deployment(p[1], p[3]), DEPLOYMENT)
    response.update_model = call(lambda b, p: b.get_model(p[1], p[3]), MODEL)
    response.update_gateway_response = call(lambda b, p: b.get_gateway_response(p[1], p[3]), GATEWAY_RESPONSE)


def apply(target: Any, part: Part, operations: list[dict[str, Any]]) -> None:
    """Carry out PATCH operations on one of moto's objects.

    Raises:
        NotImplementedError: A path that the part does not have.
    """
    for operation in operations:
        name, _, key = operation["path"].lstrip("/").partition("/")
        key = key.replace("~1", "/").replace("~0", "~")
        is_removal = operation["op"] == "remove"
        value = operation.get("value")
        if name in part.values:
            attribute, convert = part.values[name]
            setattr(target, attribute, None if is_removal or value in (None, "") else convert(str(value)))
        elif name in part.maps:
            entries = dict(getattr(target, part.maps[name]) or {})
            if is_removal:
                entries.pop(key, None)
            else:
                entries[key] = _typed(name, value)
            setattr(target, part.maps[name], entries)
        elif name in part.lists:
            items = [item for item in getattr(target, part.lists[name]) or [] if item != (key or value)]
            setattr(target, part.lists[name], items if is_removal else [*items, key or value])
        else:
            raise NotImplementedError(f"changing {operation['path']} of {type(target).__name__}")


def _typed(name: str, value: Any) -> Any:
    # Parameters of methods say whether they are required; those of integrations say where they come from.
    if name in ("requestParameters", "responseParameters", "tlsConfig") and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    return value
