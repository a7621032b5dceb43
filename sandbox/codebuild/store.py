"""What CodeBuild remembers of an account and region; kept in moto's backend, so a reset of moto clears it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from typing import Any

from moto.codebuild.models import CodeBuildBackend, codebuild_backends

from sandbox.codebuild.build import Build, PipelineOrder
from sandbox.codebuild.projects import invalid
from sandbox.operations import ApiError

# How long StartBuild remembers a token, in seconds: AWS says five minutes.
TOKEN_SECONDS = 300.0


class Store:
    """Projects and builds of one account and region; hold `lock` for anything that reads and then writes."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.projects: dict[str, dict[str, Any]] = {}
        self.builds: dict[str, Build] = {}
        self.orders: dict[str, PipelineOrder] = {}
        self._numbers: dict[str, int] = {}
        self._tokens: dict[str, tuple[float, str, Build]] = {}

    def project(self, name: str) -> dict[str, Any]:
        """A project by name or ARN.

        Raises:
            ApiError: ResourceNotFoundException.
        """
        found = self.projects.get(name.rpartition(":project/")[2])
        if found is None:
            raise ApiError("ResourceNotFoundException", f"Project cannot be found: {name}")
        return found

    def build(self, build_id: str) -> Build:
        """A build by id or ARN.

        Raises:
            ApiError: InvalidInputException for what is no id, ResourceNotFoundException.
        """
        if ":" not in build_id:
            raise invalid("Invalid build ID provided")
        found = self.builds.get(build_id.rpartition(":build/")[2])
        if found is None:
            raise ApiError("ResourceNotFoundException", f"Build {build_id} does not exist")
        return found

    def next_number(self, project: str) -> int:
        """The number of the project's next build."""
        self._numbers[project] = self._numbers.get(project, 0) + 1
        return self._numbers[project]

    def builds_of(self, project: str) -> list[Build]:
        """A project's builds, oldest first."""
        return [build for build in self.builds.values() if build.record["projectName"] == project]

    def repeated(self, token: str, parameters: Mapping[str, Any], now: float) -> Build | None:
        """The build that an idempotency token started in the last minutes, None for a new token.

        Raises:
            ApiError: InvalidInputException, if the parameters are others than then.
        """
        at, digest, build = self._tokens.get(token, (float("-inf"), "", None))
        if build is None or now - at > TOKEN_SECONDS:
            return None
        if digest != _digest(parameters):
            raise invalid("The request's parameters differ from those first used with this idempotency token")
        return build

    def remember(self, token: str, parameters: Mapping[str, Any], build: Build, now: float) -> None:
        """Keep what a token started."""
        self._tokens[token] = (now, _digest(parameters), build)


def store_of(account_id: str, region: str) -> Store:
    """The store of an account and region."""
    backend = codebuild_backends[account_id][region]
    store: Store = backend.__dict__.get("sandbox_store") or backend.__dict__.setdefault("sandbox_store", Store())
    return store


def stop_on_reset() -> None:
    """Make moto's reset of a backend stop the builds that it forgets."""
    reset = CodeBuildBackend.reset

    def stop_and_reset(self: Any) -> None:
        store = self.__dict__.get("sandbox_store")
        for build in list(store.builds.values()) if store is not None else []:
            build.stop("STOPPED")
        reset(self)

    CodeBuildBackend.reset = stop_and_reset


def _digest(parameters: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parameters, sort_keys=True, default=str).encode()).hexdigest()
