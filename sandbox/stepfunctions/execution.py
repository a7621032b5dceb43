"""One execution of a state machine: what it was given, what it does, how it ends.

An execution runs in a thread. Stopping it sets its halt, which every wait and every transition looks at; a `.sync`
task then stops the job that it waits for, as far as the role may.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.context import Context
from sandbox.stepfunctions.errors import Aborted
from sandbox.stepfunctions.history import History

RUNNING = "RUNNING"
_STEP = 0.05


class Halt:
    """Tells whoever waits or moves on that it is over: for an execution, or for one branch of it.

    Args:
        outer: What also ends this: a branch ends with its execution.
    """

    def __init__(self, outer: Halt | None = None) -> None:
        self._event = threading.Event()
        self._outer = outer

    def set(self) -> None:
        """It is over."""
        self._event.set()

    def is_set(self) -> bool:
        """True once it is over."""
        return self._event.is_set() or (self._outer is not None and self._outer.is_set())

    def check(self) -> None:
        """Raise Aborted if it is over."""
        if self.is_set():
            raise Aborted

    def pause(self, seconds: float) -> None:
        """Wait; raises Aborted as soon as it is over."""
        limit = time.monotonic() + seconds
        self.check()
        while (left := limit - time.monotonic()) > 0:
            self._event.wait(min(left, _STEP) if self._outer is not None else left)
            self.check()

    def poll(self, step: float, limit: float | None) -> bool:
        """Wait one step of polling; False once `limit` (a time.monotonic value) has passed."""
        self.pause(step)
        return limit is None or time.monotonic() < limit


@dataclass(slots=True, eq=False)
class Execution:
    """An execution and everything that Describe and History show of it.

    Attributes:
        context: The sandbox.
        arn, name: Of the execution.
        machine_arn, machine_name, role_arn: Of the state machine, as they were at the start.
        definition: The definition that it runs, parsed.
        input: What it was given, as text.
        status: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        output: The result as text, once SUCCEEDED.
        error, cause: Why it ended otherwise.
        tokens: What tasks wait for: token to the answer that came, None until then.
    """

    context: Context
    arn: str
    name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    definition: dict[str, Any]
    input: str
    revision: str = ""
    status: str = RUNNING
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    stopped: datetime | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    history: History = field(default_factory=History)
    halt: Halt = field(default_factory=lambda: Halt())
    done: threading.Event = field(default_factory=threading.Event)
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def account_id(self) -> str:
        """The account that it runs in."""
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        """The region that it runs in."""
        return self.arn.split(":")[3]

    def client(self, service: str, role_arn: str | None = None) -> Any:
        """A client with the state machine's role, or with a role of a task's Credentials assumed by it.

        Raises:
            AssumeRoleRefused: The role does not exist or does not trust Step Functions.
            ClientError: The state machine's role may not assume the other.
        """
        if role_arn is not None and role_arn != self.role_arn:
            self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=self.name[:64])
            return self.context.client(service, role_arn.split(":")[4], self.region, role_arn, read_timeout_seconds=900)
        return self.context.client(
            service,
            self.account_id,
            self.region,
            self.role_arn,
            principal="states.amazonaws.com",
            source_arn=self.machine_arn,
            read_timeout_seconds=900,
        )

    def end(
        self, status: str, *, output: str | None = None, error: str | None = None, cause: str | None = None
    ) -> None:
        """Record how it ended; only the first end counts."""
        if self.status != RUNNING:
            return
        self.status, self.stopped = status, datetime.now(UTC)
        self.output, self.error, self.cause = output, error, cause
        self.done.set()
