"""One request to a deployed API, and the errors that API Gateway itself gives."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from sandbox.accounts import Principal
from sandbox.execute_api.deployments import Route, Served


@dataclass(slots=True)
class ApiRequest:
    """A request as API Gateway sees it; `caller` is set once the signature was checked.

    Attributes:
        path: Below the stage, decoded, with a leading slash.
        headers: As sent, each name with its values.
        query: Each name with its values.
    """

    served: Served
    method: str
    path: str
    headers: dict[str, list[str]]
    query: dict[str, list[str]]
    body: bytes
    source_ip: str
    host: str
    caller: Principal | None = None
    route: Route | None = None
    on_route: Any = None
    path_parameters: dict[str, str] = field(default_factory=dict)
    api_key: str | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.time)

    def header(self, name: str) -> str | None:
        """The last value of a header, name in any case; None if it was not sent."""
        for sent, values in self.headers.items():
            if sent.lower() == name.lower():
                return values[-1]
        return None

    @property
    def arn(self) -> str:
        """What execute-api:Invoke is asked for."""
        api = self.served.api
        tail = f"{self.served.stage.name}/{self.method}{self.path}"
        return f"arn:aws:execute-api:{api.region_name}:{api.account_id}:{api.id}/{tail}"


class GatewayError(Exception):
    """An error of the gateway's own: response type (for aws_api_gateway_gateway_response), status, type,
    message.
    """

    def __init__(self, response_type: str, status: int, kind: str, message: str, key: str = "message") -> None:
        super().__init__(message)
        self.response_type = response_type
        self.status = status
        self.kind = kind
        self.message = message
        self.key = key
