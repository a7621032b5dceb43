"""What a deployment froze: routes, models, validators, gateway responses and policy of the API at that
moment.

A change of the API is not served until it is deployed again, as on AWS; a workspace that forgets to
redeploy fails its rehearsal.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.apigateway.models import Deployment, RestAPI, apigateway_backends

from sandbox.apigateway.policies import unescaped


@dataclass(frozen=True, slots=True)
class Route:
    """One resource: its path (`/a/{id}`) and its methods by name, `ANY` among them."""

    resource_id: str
    path: str
    methods: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A deployed API. `models` and `validators` by name and id, `gateway_responses` by type."""

    routes: tuple[Route, ...]
    models: Mapping[str, Any]
    validators: Mapping[str, Any]
    gateway_responses: Mapping[str, Any]
    policy: str | None
    binary_media_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """Where a request goes: the API, its stage, and what is deployed there."""

    api: Any
    stage: Any
    snapshot: Snapshot


def install() -> None:
    """Freeze the API at each deployment."""
    create = RestAPI.create_deployment

    def create_deployment(self: Any, name: str, *rest: Any, **named: Any) -> Any:
        deployment = create(self, name, *rest, **named)
        deployment.snapshot = snapshot_of(self)
        return deployment

    Deployment.snapshot = None
    RestAPI.create_deployment = create_deployment


def snapshot_of(api: Any) -> Snapshot:
    """The API as it is now."""
    routes = [
        Route(resource.id, resource.get_path(), copy.deepcopy(resource.resource_methods))
        for resource in list(api.resources.values())
    ]
    return Snapshot(
        routes=tuple(routes),
        models=copy.deepcopy(api.models),
        validators=copy.deepcopy(api.request_validators),
        gateway_responses=copy.deepcopy(api.gateway_responses),
        policy=unescaped(api.policy) if api.policy else None,
        binary_media_types=tuple(api.binaryMediaTypes),
    )


def find(api_id: str, stage_name: str) -> Served | None:
    """The API and stage of a URL, in whatever account and region;

    None if they do not exist or nothing is deployed.
    """
    for account in list(apigateway_backends.values()):
        for backend in list(account.values()):
            api = backend.apis.get(api_id)
            if api is not None:
                stage = api.stages.get(stage_name)
                deployment = None if stage is None else api.deployments.get(stage.deployment_id)
                if deployment is None or deployment.snapshot is None:
                    return None
                return Served(api, stage, deployment.snapshot)
    return None


def match(snapshot: Snapshot, path: str, method: str) -> tuple[Route, Any, dict[str, str]] | None:
    """The route of a path, the method on it and the path's parameters; literal parts beat variable ones.

    Pure.
    """
    found = []
    for route in snapshot.routes:
        parameters = _match_path(route.path, path)
        if parameters is not None:
            on_route = route.methods.get(method) or route.methods.get("ANY")
            if on_route is not None:
                found.append((_generality(route.path), route, on_route, parameters))
    if not found:
        return None
    _, route, on_route, parameters = min(found, key=lambda item: item[0])
    return route, on_route, parameters


def schema_of(model: Any) -> Any:
    """A model's JSON schema. Pure.

    Raises:
        ValueError: It is not JSON.
    """
    return json.loads(model.schema or "{}")


def _match_path(pattern: str, path: str) -> dict[str, str] | None:
    text = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", re.escape(pattern))
    text = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", text)
    found = re.fullmatch(text, path)
    return None if found is None else found.groupdict()


def _generality(pattern: str) -> list[int]:
    return [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in pattern.split("/")]
