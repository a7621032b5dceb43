"""Adapter to AWS: clients made when first used, with retries and time limits that fit API Gateway's 29 seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

CONNECT_SECONDS = 3
READ_SECONDS = 12
ATTEMPTS = 3
CALLS_AT_ONCE = 8


class Clients(Protocol):
    """AWS in the orchestrator's account and region."""

    def client(self, service: str) -> Any:
        """Return the client of a service."""

    def at_once(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """Make several calls at the same time; return their results in order, or raise the first error."""


class BotoClients:
    """Real clients. botocore is imported at the first one; boto3's own layer is not needed."""

    def __init__(self, region: str) -> None:
        self._region = region
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._session: Any = None
        self._config: Any = None
        self._pool: Any = None

    def client(self, service: str) -> Any:
        """Return the (cached) client of a service."""
        found = self._clients.get(service)
        return self._make(service) if found is None else found

    def at_once(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """Make calls in parallel threads; a single call is made directly."""
        if len(calls) == 1:
            return [calls[0]()]
        return list(self._threads().map(lambda call: call(), calls))

    def warm(self, services: Iterable[str]) -> None:
        """Make the clients of services before they are needed."""
        for service in services:
            self.client(service)

    def _make(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                if self._session is None:
                    import botocore.config
                    import botocore.session

                    self._session = botocore.session.get_session()
                    self._config = botocore.config.Config(
                        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        max_pool_connections=CALLS_AT_ONCE * 2,
                        user_agent_extra="mlops-orchestrator",
                    )
                self._clients[service] = self._session.create_client(
                    service, region_name=self._region, config=self._config
                )
            return self._clients[service]

    def _threads(self) -> Any:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="aws")
        return self._pool


def error_code(error: BaseException) -> str:
    """Return the AWS error code of a ClientError, or "". Pure."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def error_status(error: BaseException) -> int:
    """Return the HTTP status of a ClientError, or 0. Pure."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return 0
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def is_temporary(error: BaseException) -> bool:
    """Whether trying again later may help: AWS was busy, broken or out of reach. Pure."""
    code, status = error_code(error), error_status(error)
    if code:
        return (
            status >= 500
            or status == 429
            or "Throttl" in code
            or code in ("AccountLimitExceededException", "ConcurrentPipelineExecutionsLimitExceededException")
            or code in ("RequestLimitExceeded", "RequestTimeout", "SlowDown", "TooManyRequestsException")
        )
    return type(error).__module__.startswith(("botocore", "urllib3"))
