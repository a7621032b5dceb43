"""API Gateway's own URLs: requests to deployed REST APIs, answered as API Gateway answers them.

Served at `/_aws/execute-api/<api id>/<stage>/<path>` and, by the Host header, at `<api
id>.execute-api.<region>.amazonaws.com/<stage>/<path>`. `deployments` keeps what was deployed, `gateway`
takes a request through authorization, validation and integration, `signature` checks SigV4.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.context import Application, Context

PREFIX = "/_aws/execute-api/"
_HOST = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.")


def install(context: Context) -> None:
    """Serve the APIs' URLs before anything else is tried."""

    def choose(environ: dict[str, Any]) -> Application | None:
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ.get("PATH_INFO", "")
        path = raw.split("?", 1)[0]
        host = _HOST.match(environ.get("HTTP_HOST", ""))
        if path.startswith(PREFIX):
            api_id, _, rest = path.removeprefix(PREFIX).partition("/")
        elif host is not None:
            api_id, rest = host["api"], path.lstrip("/")
        else:
            return None
        # Imported with the first request to an API: API Gateway's models are slow to load.
        from sandbox.execute_api.gateway import serve

        return serve(context, environ, api_id, rest)

    context.front.insert(0, choose)
