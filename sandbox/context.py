"""What every extension of the sandbox is given: a way to call back, to run things, to publish and to be
asked.

Callbacks go by HTTP to the sandbox itself, with the credentials that AWS would use, so that IAM enforcement
covers them and a missing permission fails as it would on AWS.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox.accounts import ROOT_SECRET
from sandbox.control_routes import ControlRoutes, Handler
from sandbox.faults import Faults
from sandbox.processes import Processes

log = logging.getLogger(__name__)

# Roles' clients are made anew before the hour that their credentials last.
_CLIENT_SECONDS = 2700

EventSink = Callable[[str, str, dict[str, Any]], None]
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Context:
    """One running sandbox, as its extensions see it; thread-safe.

    Attributes:
        base_url: `http://127.0.0.1:<port>`, no trailing slash; known before the first request.
        region: The region of requests that name none.
        state_dir: An existing folder for logs and working files; removed with the sandbox.
        enforce_iam: False lets every role do everything; trust policies are checked all the same.
        faults: The failures planned on purpose.
        processes: Child processes that die with the sandbox.
        front: Asked with each request's WSGI environment before moto; the first application returned serves
            it.
        parts: What extensions offer to each other, by name (`lambda` is the functions' invoker).
        stopping: Set once the sandbox stops; long-running threads look at it.
    """

    def __init__(self, *, base_url: str, region: str, state_dir: Path, enforce_iam: bool = True) -> None:
        self.base_url = base_url
        self.region = region
        self.state_dir = state_dir
        self.enforce_iam = enforce_iam
        self.faults = Faults()
        self.processes = Processes()
        self.routes = ControlRoutes()
        self.front: list[Callable[[dict[str, Any]], Application | None]] = []
        self.parts: dict[str, Any] = {}
        self.stopping = threading.Event()
        self._exit: list[Callable[[], None]] = []
        self._sinks: list[EventSink] = []
        self._clients: dict[tuple[str, ...], tuple[float, Any]] = {}
        self._client_lock = threading.Lock()
        self._session = boto3.Session(
            aws_access_key_id="000000000000", aws_secret_access_key=ROOT_SECRET, region_name=region
        )

    def client(
        self,
        service: str,
        account_id: str,
        region: str | None = None,
        role_arn: str | None = None,
        *,
        principal: str | None = None,
        source_arn: str | None = None,
        read_timeout_seconds: int = 60,
    ) -> Any:
        """A boto3 client that calls this sandbox, as root of `account_id` or, with `role_arn`, as that role.

        Args:
            service: boto3's service name.
            account_id: Account to act in; with `role_arn`, the account of the role counts.
            region: Defaults to the sandbox's region.
            role_arn: Role to act as.
            principal: Service that assumes the role (`codebuild.amazonaws.com`); its trust policy must let
                it.
            source_arn: The resource on whose behalf the service acts (`aws:SourceArn` in the trust policy).
            read_timeout_seconds: How long an answer may take.

        Raises:
            AssumeRoleRefused: The role does not exist or does not trust `principal`.
        """
        region = region or self.region
        key = (
            service,
            account_id,
            region,
            role_arn or "",
            principal or "",
            source_arn or "",
            str(read_timeout_seconds),
        )
        with self._client_lock:
            made, client = self._clients.get(key, (0.0, None))
            if client is None or time.monotonic() - made > _CLIENT_SECONDS:
                values = self._credentials(account_id, role_arn, principal, source_arn)
                client = self._session.client(  # type: ignore[call-overload]
                    service,
                    region_name=region,
                    endpoint_url=self.base_url,
                    aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
                    aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
                    aws_session_token=values.get("AWS_SESSION_TOKEN"),
                    config=Config(
                        retries={"total_max_attempts": 1},
                        read_timeout=read_timeout_seconds,
                        max_pool_connections=20,
                        s3={"addressing_style": "path"},
                    ),
                )
                self._clients[key] = (time.monotonic(), client)
        return client

    def credentials(
        self,
        role_arn: str,
        *,
        principal: str | None = None,
        source_arn: str | None = None,
        session_name: str = "sandbox",
        region: str | None = None,
    ) -> dict[str, str]:
        """Session credentials of a role, as AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.

        With `principal`, a service's name, the role must exist and its trust policy must let that service in.

        Raises:
            AssumeRoleRefused: It does not.
        """
        from sandbox.iam.sessions import assume_role

        session = assume_role(
            role_arn,
            principal=principal,
            source_arn=source_arn,
            session_name=session_name,
            region=region or self.region,
        )
        return {
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
        }

    def environment(self, region: str | None = None) -> dict[str, str]:
        """What a process needs to reach this sandbox, without credentials: endpoint and region variables."""
        region = region or self.region
        return {
            "AWS_ENDPOINT_URL": self.base_url,
            # The AWS SDK for Go (in Terraform) assumes the role of a profile without looking at the general one.
            "AWS_ENDPOINT_URL_STS": self.base_url,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def publish_event(
        self,
        account_id: str,
        region: str,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: Sequence[str] = (),
    ) -> None:
        """Put an AWS service's event on the default EventBridge bus of an account; returns at once."""
        event = {
            "source": source,
            "detail-type": detail_type,
            "detail": dict(detail),
            "resources": list(resources),
        }
        for sink in self._sinks:
            self.run_thread(f"event {source}", sink, account_id, region, event)

    def on_event(self, sink: EventSink) -> None:
        """Deliver each published event to `sink(account_id, region, event)`, in a thread of its own."""
        self._sinks.append(sink)

    def control_route(self, path: str, handler: Handler, methods: Iterable[str] = ("GET",)) -> None:
        """Serve `/_sandbox/<path>` (werkzeug route syntax) with `handler(request, **variables)`."""
        self.routes.add(path, handler, methods)

    def run_thread(self, name: str, target: Callable[..., Any], /, *arguments: Any) -> threading.Thread:
        """Run `target` in a daemon thread; an exception ends in the log."""

        def run() -> None:
            try:
                target(*arguments)
            except Exception:
                if not self.stopping.is_set():
                    log.exception("%s failed", name)

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread

    def folder(self, name: str) -> Path:
        """A folder of that name in the state folder, made if need be."""
        path = self.state_dir / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def on_exit(self, callback: Callable[[], None]) -> None:
        """Call back when the sandbox stops in an orderly way, last registered first."""
        self._exit.append(callback)

    def close(self) -> None:
        """Stop children and threads; called once, by the server."""
        self.stopping.set()
        for callback in reversed(self._exit):
            try:
                callback()
            except Exception:
                log.exception("clean-up failed")
        self.processes.stop_all()

    def _credentials(
        self, account_id: str, role_arn: str | None, principal: str | None, source_arn: str | None
    ) -> dict[str, str]:
        if role_arn is None:
            return {"AWS_ACCESS_KEY_ID": account_id, "AWS_SECRET_ACCESS_KEY": ROOT_SECRET}
        return self.credentials(role_arn, principal=principal, source_arn=source_arn)
