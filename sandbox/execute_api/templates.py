"""Mapping of requests and responses: integration parameters, and the templates that pass things on as they
are.

The Velocity language itself is not simulated. Understood are the whole body (`$input.body`,
`$input.json('$')`), one member of it (`$input.json('$.a')`), parameters (`$input.params('x')`),
`$context...`, `$stageVariables...`, and text around them; a template with directives (`#set`, `#if`) is
refused by name.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.execute_api.request import ApiRequest

_REFERENCE = re.compile(
    r"\$input\.body|\$input\.json\('(?P<json>[^']*)'\)|\$input\.path\('(?P<path>[^']*)'\)"
    r"|\$input\.params\('(?P<param>[^']*)'\)|\$context\.(?P<context>[\w.]+)|\$stageVariables\.(?P<variable>\w+)"
)


def request_body(request: ApiRequest) -> str:
    """What the integration is sent."""
    body = request.body.decode("utf-8", "replace")
    content_type = (request.header("content-type") or "application/json").split(";")[0].strip()
    template = (request.on_route.method_integration.request_templates or {}).get(content_type)
    return body if not template else fill(template, request, body)


def response_body(request: ApiRequest, response: Any, payload: str) -> str:
    """What the caller is sent of an integration's answer."""
    template = (response.response_templates or {}).get("application/json")
    return payload if not template else fill(template, request, payload)


def parameters(request: ApiRequest, place: str) -> dict[str, str]:
    """The integration's own parameters of a place (`path`, `header`, `querystring`), mapped from the
    request's.
    """
    values = {}
    for name, source in (request.on_route.method_integration.request_parameters or {}).items():
        prefix = f"integration.request.{place}."
        if name.startswith(prefix):
            value = _source(request, str(source))
            if value is not None:
                values[name.removeprefix(prefix)] = value
    return values


def fill(template: str, request: ApiRequest, body: str) -> str:
    """A template with its references filled in.

    Raises:
        NotImplementedError: It has directives.
    """
    if re.search(r"#(set|if|else|foreach|end)\b", template):
        raise NotImplementedError("mapping templates with Velocity directives")

    def replace(found: re.Match[str]) -> str:
        if found["json"] is not None:
            return json.dumps(_member(body, found["json"]))
        if found["path"] is not None:
            value = _member(body, found["path"])
            return value if isinstance(value, str) else json.dumps(value)
        if found["param"] is not None:
            name = found["param"]
            given = request.path_parameters.get(name) or request.query.get(name, [None])[-1] or request.header(name)
            return given or ""
        if found["context"] is not None:
            from sandbox.execute_api.access_log import context_value

            return context_value(request, None, found["context"]) or ""
        if found["variable"] is not None:
            return str((request.served.stage.variables or {}).get(found["variable"], ""))
        return body

    return _REFERENCE.sub(replace, template)


def _member(body: str, path: str) -> Any:
    try:
        value = json.loads(body or "null")
    except ValueError:
        return body
    for name in [part for part in path.removeprefix("$").split(".") if part]:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _source(request: ApiRequest, source: str) -> str | None:
    if source.startswith("'"):
        return source.strip("'")
    if source.startswith("stageVariables."):
        return str((request.served.stage.variables or {}).get(source.split(".", 1)[1], ""))
    if source.startswith("method.request."):
        _, _, place, name = source.split(".", 3)
        if place == "path":
            return request.path_parameters.get(name)
        if place == "header":
            return request.header(name)
        return request.query.get(name, [None])[-1]
    return None
