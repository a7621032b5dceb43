"""Adapter to AWS: lazy boto3 clients for one identity, and the clock that waiting goes by."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

PROFILE = "mlops-stage"


class Aws(Protocol):
    """One identity in one account and region."""

    def client(self, service: str) -> Any:
        """Return the (cached) boto3 client of a service."""


class Clock(Protocol):
    """Time as the waiting loops see it, in seconds."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class WallClock:
    """The real clock."""

    def now(self) -> float:
        """Return seconds since some fixed point."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class Account:
    """Real AWS through boto3, which is imported at the first client.

    Args:
        region: Region of every client.
        environ: Environment that holds the credentials; one with ``AWS_CONFIG_FILE`` and a profile of ours
            (see ``profile.py``) acts with that profile's role, any other with the process's own credentials.
    """

    def __init__(self, region: str, environ: Mapping[str, str]) -> None:
        self._region = region
        self._environ = environ
        self._session: Any = None
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the client of a service; standard retries, 10 s to connect, 60 s to answer."""
        if service not in self._clients:
            from botocore.config import Config

            config = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=10, read_timeout=60)
            self._clients[service] = self._boto3().client(service, region_name=self._region, config=config)
        return self._clients[service]

    def _boto3(self) -> Any:
        if self._session is None:
            import boto3
            import botocore.session

            core = botocore.session.Session()
            if self._environ.get("AWS_PROFILE") == PROFILE:
                core = botocore.session.Session(profile=PROFILE)
                core.set_config_variable("config_file", self._environ["AWS_CONFIG_FILE"])
                core.set_config_variable("credentials_file", self._environ["AWS_SHARED_CREDENTIALS_FILE"])
            self._session = boto3.Session(botocore_session=core)
        return self._session


def error_code(error: Exception) -> str:
    """Return the AWS error code of a botocore ClientError, or "". Pure."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def error_text(error: Exception) -> str:
    """Return ``Code: message`` of a botocore ClientError, or the error's own text. Pure."""
    code = error_code(error)
    if not code:
        return f"{type(error).__name__}: {error}"
    return f"{code}: {error.response['Error'].get('Message', '')}"  # type: ignore[attr-defined]
