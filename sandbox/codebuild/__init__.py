"""CodeBuild: projects as AWS keeps them, and builds that really run their buildspec.

- `api` serves the operations, `store` remembers, `projects` and `requests` say what they are.
- `runner` walks a build through its phases: `sources` fetches, `buildspec` reads, `environment` prepares,
  `shell` runs, `outputs` and `uploads` deliver, `logs` ships, `events` tells EventBridge.

Planned faults (`POST /_sandbox/faults`): kind `build`, matched by project, account_id and phase, fails a phase with
the error's code and message; kind `build.timeout` shortens a build's time to the error's `seconds`.

Sources, artifacts, parameters and logs are read and written with the build's own service role, so that a
permission that it lacks fails the phase that it would fail on AWS. Commands run as the sandbox's user, in
a scratch folder and a process group of their own; there is no container, and `runtime-versions`, reports and
caches are passed over.
"""

from __future__ import annotations

from typing import Any

from moto.codebuild.models import codebuild_backends
from moto.codebuild.responses import CodeBuildResponse
from werkzeug.wrappers import Request, Response

from sandbox.codebuild import api
from sandbox.codebuild.build import Build, Location, PipelineOrder
from sandbox.codebuild.store import Store, stop_on_reset, store_of
from sandbox.context import Context
from sandbox.control_routes import ControlError
from sandbox.operations import bind

__all__ = ["Build", "Location", "PipelineOrder", "install", "store_of"]


def install(context: Context) -> None:
    """Serve CodeBuild, and its control routes `builds` and `builds/<id>/log`."""
    bind(CodeBuildResponse, "codebuild", api.handlers(context))
    stop_on_reset()

    def stores() -> list[Store]:
        backends = [region for account in list(codebuild_backends.values()) for region in list(account.values())]
        return [found for backend in backends if (found := backend.__dict__.get("sandbox_store")) is not None]

    def list_builds(request: Request) -> list[dict[str, Any]]:
        builds = [build for store in stores() for build in list(store.builds.values())]
        builds.sort(key=lambda build: build.record["startTime"])
        keys = ("id", "arn", "buildStatus", "currentPhase", "initiator", "startTime", "endTime")
        return [{key: build.record.get(key) for key in keys} for build in builds]

    def show_log(request: Request, build_id: str) -> Response:
        for store in stores():
            build = store.builds.get(build_id.rpartition(":build/")[2])
            if build is not None:
                return Response(build.log.text(), mimetype="text/plain")
        raise ControlError(404, f"there is no build {build_id}")

    def stop_builds() -> None:
        for store in stores():
            for build in list(store.builds.values()):
                build.stop("STOPPED")

    context.control_route("builds", list_builds)
    context.control_route("builds/<build_id>/log", show_log)
    context.on_exit(stop_builds)
