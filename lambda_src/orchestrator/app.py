"""Who deals with what: events to actions, errors to answers. Wires the actions to the real world."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .clients import BotoClients, Clients
from .events import ApiRequest, ModelApproved, ObjectsStored, read_event
from .logs import Log
from .replies import answer, refusal

if TYPE_CHECKING:
    from .core import Core

PROVISIONING_CLIENTS = ("s3", "codepipeline", "codebuild")


class App:
    """The function's whole life: made once, asked many times.

    Args:
        root: Folder of the unpacked package, with ``platform.json`` and ``structure.json.xz``.
        stream: Where log lines go.
        clients: AWS; the default is the real one.
    """

    def __init__(self, root: Path, stream: TextIO, clients: Clients | None = None) -> None:
        self._root = root
        self._log = Log(stream)
        self._given_clients = clients

    @cached_property
    def core(self) -> Core:
        """The platform and what is needed to act on it; the validating and rendering code is imported here."""
        from .core import load_core

        return load_core(self._root, lambda region: self._given_clients or BotoClients(region), self._log)

    def warm(self) -> None:
        """Load what a request for a pipeline needs, before there is one."""
        import gc

        from . import provision  # noqa: F401

        clients = self.core.clients
        if isinstance(clients, BotoClients):
            clients.warm(PROVISIONING_CLIENTS)
        _ = self.core.structure
        # All of this stays: what the collector need not look at again does not slow requests down.
        gc.freeze()

    def handle(self, event: Any, request_id: str) -> Any:
        """Deal with one event.

        Raises:
            Exception: An event that nobody waits for failed: Lambda tries again or reports it. Errors of API
                requests are answers.
        """
        log = self._log.bind(request_id=request_id)
        try:
            what = read_event(event)
            if isinstance(what, ApiRequest):
                return self._answer(what, log)
            core = self.core.with_log(log)
            if isinstance(what, ObjectsStored):
                from .objects import provision_objects

                return provision_objects(what, core)
            if isinstance(what, ModelApproved):
                from .approvals import deliver_approved

                return deliver_approved(what, core)
            from .deprovision import finish

            return finish(what, core)
        except Exception as error:
            log.error("event failed", error)
            raise

    def _answer(self, request: ApiRequest, log: Log) -> dict[str, Any]:
        log = log.bind(method=request.method, path=request.path)
        detailed = False
        try:
            core = self.core.with_log(log)
            detailed = core.platform.options.allow_detailed_error_messages
            status, body = _route(request, core)
        except Exception as error:
            reply = refusal(error, detailed=detailed)
            if reply["statusCode"] >= 500:
                log.error("request failed", error, status=reply["statusCode"])
            else:
                log.warning("request refused", status=reply["statusCode"], reason=str(error)[:2000])
            return reply
        log.info("request answered", status=status)
        return answer(status, body)


def _route(request: ApiRequest, core: Core) -> tuple[int, dict[str, Any]]:
    """Return status and body of the answer; the module that makes it is imported for it."""
    route = (request.method, request.path)
    if route == ("POST", "/provisionpipeline"):
        from .provision import provision_body

        return 200, provision_body(request.body, core)
    if route == ("POST", "/pipelinestatus"):
        from .status import pipeline_status

        return 200, pipeline_status(request.body, core)
    if route == ("GET", "/pipelines"):
        from .status import list_pipelines

        return 200, list_pipelines(request.query, core)
    if route == ("POST", "/deprovisionpipeline"):
        from .deprovision import deprovision

        return 200, deprovision(request.body, core)
    from generator.problems import Problem

    from .replies import BadRequest

    raise BadRequest([Problem("unknown-path", "", f"there is no {request.method} {request.path}")])
