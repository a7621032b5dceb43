"""The routes below `/_sandbox/`: what a user of the sandbox can ask of it that AWS has no API for.

A handler takes the request and the path's variables and returns a JSON value (status 200), a pair (status,
JSON value), or a werkzeug `Response`. `ControlError` becomes a JSON error with its status.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

PREFIX = "/_sandbox"

Handler = Callable[..., Any]


class ControlError(Exception):
    """A control request that cannot be served: HTTP status and what to tell the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ControlRoutes:
    """A WSGI application made of the registered control routes."""

    def __init__(self) -> None:
        self._map = Map()
        self._handlers: dict[str, Handler] = {}

    def add(self, path: str, handler: Handler, methods: Iterable[str] = ("GET",)) -> None:
        """Serve `path` (werkzeug syntax, below /_sandbox, for example `builds/<build_id>/log`) with
        `handler`.
        """
        endpoint = f"{path} {' '.join(methods)}"
        self._handlers[endpoint] = handler
        self._map.add(Rule(f"{PREFIX}/{path.lstrip('/')}", endpoint=endpoint, methods=list(methods)))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        try:
            endpoint, variables = self._map.bind_to_environ(environ).match()
            answer = self._handlers[endpoint](request, **variables)
        except HTTPException as error:
            answer = (error.code or 500, {"error": f"{request.method} {request.path}: {error.name}"})
        except ControlError as error:
            answer = (error.status, {"error": str(error)})
        return _response(answer)(environ, start_response)


def _response(answer: Any) -> Response:
    if isinstance(answer, Response):
        return answer
    status, value = answer if isinstance(answer, tuple) else (200, answer)
    return Response(json.dumps(value, default=str), status=status, mimetype="application/json")
