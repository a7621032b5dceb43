"""A stage's access log: one line a request, in the stage's own format, to its log group."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends

from sandbox.execute_api.request import ApiRequest

_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]+)")


def write(request: ApiRequest, response: Any) -> None:
    """Log a request, if its stage says so and the log group exists."""
    settings = request.served.stage.access_log_settings or {}
    arn, text = settings.get("destinationArn", ""), settings.get("format", "")
    if ":log-group:" not in arn or not text:
        return
    parts = arn.split(":")
    backend = logs_backends[parts[4]][parts[3]]
    group = parts[6]
    if group not in backend.groups:
        return
    stream = request.served.stage.deployment_id
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    line = _VARIABLE.sub(lambda found: context_value(request, response, found[1]) or "-", text)
    backend.put_log_events(group, stream, [{"timestamp": int(unix_time_millis()), "message": line}])


def context_value(request: ApiRequest, response: Any | None, name: str) -> str | None:
    """One `$context` variable; None if this request has none of that name."""
    from sandbox.execute_api.proxy import request_context

    known: dict[str, Any] = {}
    if request.on_route is not None:
        known = request_context(request)
    else:
        moment = datetime.fromtimestamp(request.started, UTC)
        known = {
            "requestId": request.request_id,
            "httpMethod": request.method,
            "path": f"/{request.served.stage.name}{request.path}",
            "requestTime": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "identity": {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")},
        }
    if response is not None:
        known |= {
            "status": response.status_code,
            "responseLength": response.content_length,
            "responseLatency": int((datetime.now(UTC).timestamp() - request.started) * 1000),
        }
        if response.headers.get("x-amzn-ErrorType"):
            known["error"] = {
                "message": response.get_data(as_text=True),
                "responseType": response.headers["x-amzn-ErrorType"],
            }
    value: Any = known
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return None if value is None else str(value)
