"""The sandbox's WSGI application and the process that serves it."""

from __future__ import annotations

import gc
import json
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request

from sandbox import accounts, dispatch
from sandbox.context import Context
from sandbox.control_routes import PREFIX, ControlError
from sandbox.dispatch import Dispatcher
from sandbox.errors import error_response, failure_of, is_collision
from sandbox.extensions import Extensions
from sandbox.faults import Fault
from sandbox.iam.calls import scope_of

log = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Sandbox:
    """The WSGI application: control routes, then what extensions put first, then AWS as moto plays it."""

    def __init__(self, context: Context, extensions: Extensions) -> None:
        self.context = context
        self.extensions = extensions
        self._aws = Dispatcher()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX + "/"):
            self.extensions.make_route_ready(path.removeprefix(PREFIX))
            return self.context.routes(environ, start_response)
        try:
            self.extensions.make_ready(scope_of(environ)[1])
            for choose in self.context.front:
                application = choose(environ)
                if application is not None:
                    return application(environ, start_response)
            result: Iterable[bytes] = self._aws(environ, start_response)
            return result
        except NotImplementedError as error:
            log.warning("%s", error)
            return error_response(environ, *failure_of(error))(environ, start_response)
        except Exception as error:
            if is_collision(error):
                # moto goes through what another request changes at this moment; callers try again, as on AWS.
                log.info("%s %s: %s", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"), error)
                return error_response(environ, "ServiceUnavailable", "try again", 503)(environ, start_response)
            log.error("%s %s", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"), exc_info=True)
            return error_response(environ, *failure_of(error))(environ, start_response)


class QuietRequestHandler(MotoRequestHandler):  # type: ignore[misc]
    """moto's handler, without an access log line a request, and without Nagle's delay on keep-alive
    connections.
    """

    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        log.debug("%s %s", self.requestline, code)


def make_sandbox(
    *, host: str, port: int, region: str, state_dir: Path, enforce_iam: bool = True
) -> tuple[BaseWSGIServer, Context]:
    """Bind the port, install the extensions and return the server, not yet serving.

    Raises:
        OSError: The port is in use.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    server = make_server(host, port, _not_ready, threaded=True, request_handler=QuietRequestHandler)
    base_url = f"http://{host}:{server.server_port}"
    os.environ["MOTO_PORT"] = str(server.server_port)
    context = Context(base_url=base_url, region=region, state_dir=state_dir, enforce_iam=enforce_iam)
    accounts.install()
    dispatch.install()
    extensions = Extensions(context)
    _add_control_routes(context, extensions.names)
    server.app = Sandbox(context, extensions)
    return server, context


def serve(
    *, host: str, port: int, region: str, state_dir: Path, enforce_iam: bool = True, with_parent: bool = False
) -> int:
    """Serve until SIGTERM, SIGINT, `POST /_sandbox/stop` or, `with_parent`, the end of standard input.

    The first line on stdout is JSON: `{"port": n, "url": "http://...", "pid": n}`. Returns the exit code: 0
    after an orderly stop, 4 if the port is in use.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        server, context = make_sandbox(
            host=host, port=port, region=region, state_dir=state_dir, enforce_iam=enforce_iam
        )
    except (OSError, SystemExit) as error:
        # werkzeug exits where it cannot bind, with a code for a reason.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is in use"
        print(json.dumps({"error": f"port {port} on {host} cannot be used: {reason}"}), flush=True)
        return 4

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)

    def asked_to_stop(request: Request) -> dict[str, Any]:
        stop()
        return {"stopping": True}

    def wait_for_parent() -> None:
        while sys.stdin.buffer.read(4096):
            continue
        stop()

    context.control_route("stop", asked_to_stop, ("POST",))
    if with_parent:
        threading.Thread(target=wait_for_parent, daemon=True).start()
    # What is loaded by now stays; the collector need not look at it again and again.
    gc.freeze()
    print(json.dumps({"port": server.server_port, "url": context.base_url, "pid": os.getpid()}), flush=True)
    # moto prints now and then; whoever read the line above may be gone.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        server.serve_forever()
    finally:
        context.close()
        server.server_close()
        if with_parent:
            # Whoever would have removed it may have been killed.
            shutil.rmtree(state_dir, ignore_errors=True)
    return 0


def _not_ready(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    return error_response(environ, "ServiceUnavailable", "the sandbox is starting", 503)(environ, start_response)


def _add_control_routes(context: Context, names: list[str]) -> None:
    def add_fault(request: Request) -> dict[str, Any]:
        body = request.get_json()
        if not isinstance(body, dict) or "kind" not in body:
            raise ControlError(400, "a fault is an object with kind, match, error and times")
        context.faults.add(Fault(body["kind"], body.get("match", {}), body.get("error", {}), body.get("times", 1)))
        return {"faults": context.faults.all()}

    def clear_faults(request: Request) -> dict[str, Any]:
        context.faults.clear()
        return {"faults": []}

    context.control_route("health", lambda request: {"ok": True, "pid": os.getpid(), "extensions": names})
    context.control_route("faults", lambda request: {"faults": context.faults.all()})
    context.control_route("faults", add_fault, ("POST",))
    context.control_route("faults", clear_faults, ("DELETE",))
