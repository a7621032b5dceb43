"""One build: its record in the shape of BatchGetBuilds, and what the sandbox needs to run and stop it."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.codebuild.logs import BuildLog

RUNNING = "IN_PROGRESS"


@dataclass(frozen=True, slots=True)
class Location:
    """An object in S3."""

    bucket: str
    key: str

    @property
    def arn(self) -> str:
        """`arn:aws:s3:::bucket/key`."""
        return f"arn:aws:s3:::{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class PipelineOrder:
    """What CodePipeline hands over with a build of type CODEPIPELINE, which no field of StartBuild carries.

    `inputs` and `outputs` map artifact names to objects; `primary` names one of the inputs; `revision` is the
    source revision that the build works on.
    """

    pipeline: str
    inputs: Mapping[str, Location]
    primary: str
    outputs: Mapping[str, Location]
    revision: str | None = None


class Build:
    """A build that is queued, running or over. Thread-safe.

    Attributes:
        record: The build in AWS's shape; read it through `view`.
        targets: Where its artifacts go, primary first, in the shape of a project's artifacts.
        log: Its log lines.
        order: CodePipeline's hand-over, if it ordered the build.
        done: Set once the build is over and its record final.
        stop_status: STOPPED or TIMED_OUT once it was told to end.
    """

    def __init__(
        self,
        record: dict[str, Any],
        *,
        project_arn: str,
        targets: list[dict[str, Any]],
        order: PipelineOrder | None = None,
    ) -> None:
        self.record = record
        self.project_arn = project_arn
        self.targets = targets
        self.order = order
        self.log = BuildLog()
        self.done = threading.Event()
        self.stop_status: str | None = None
        self._lock = threading.RLock()
        self._kill: Callable[[], None] | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def role_arn(self) -> str:
        """The service role it runs as."""
        return str(self.record["serviceRole"])

    @property
    def account_id(self) -> str:
        """The account of the project."""
        return str(self.record["arn"].split(":")[4])

    @property
    def region(self) -> str:
        """The region of the project."""
        return str(self.record["arn"].split(":")[3])

    @property
    def uuid(self) -> str:
        """The part of the id after the project's name."""
        return str(self.record["id"].split(":")[1])

    def view(self) -> dict[str, Any]:
        """A copy of the record."""
        with self._lock:
            return copy.deepcopy(self.record)

    def update(self, **fields: Any) -> None:
        """Set fields of the record."""
        with self._lock:
            self.record.update(fields)

    def begin_phase(self, name: str) -> dict[str, Any]:
        """Open a phase; the previous one must be closed."""
        phase = {"phaseType": name, "startTime": _now()}
        with self._lock:
            self.record["currentPhase"] = name
            self.record["phases"].append(phase)
        return phase

    def end_phase(self, phase: dict[str, Any], status: str, code: str = "", message: str = "") -> None:
        """Close a phase with its status and context."""
        now = _now()
        with self._lock:
            phase.update(
                phaseStatus=status,
                endTime=now,
                durationInSeconds=int((now - phase["startTime"]).total_seconds()),
                contexts=[{"statusCode": code, "message": message}],
            )

    def on_kill(self, kill: Callable[[], None]) -> None:
        """Have `kill` called when the build is told to end; at once if it already was."""
        with self._lock:
            self._kill = kill
            late = self.stop_status is not None
        if late:
            kill()

    def stop(self, status: str) -> bool:
        """Tell the build to end as STOPPED or TIMED_OUT; False if it is over or told so before."""
        with self._lock:
            if self.done.is_set() or self.stop_status is not None:
                return False
            self.stop_status = status
            kill = self._kill
        if kill is not None:
            kill()
        return True

    def finish(self, status: str) -> None:
        """Make the record final."""
        with self._lock:
            now = _now()
            self.record["phases"].append({"phaseType": "COMPLETED", "startTime": now})
            self.record.update(currentPhase="COMPLETED", buildStatus=status, buildComplete=True, endTime=now)
            self.done.set()
            callbacks = list(self._callbacks)
        for callback in callbacks:
            callback()

    def on_done(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once the build is over; at once if it is."""
        with self._lock:
            if not self.done.is_set():
                self._callbacks.append(callback)
                return
        callback()


def _now() -> datetime:
    return datetime.now(UTC)
