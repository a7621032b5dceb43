"""One action at work: what a provider is given to do its part."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.codepipeline import roles
from sandbox.codepipeline.artifacts import store_of
from sandbox.codepipeline.failure import ActionAbandoned, ActionFailure
from sandbox.codepipeline.state import ActionRun, Execution, Pipeline, now
from sandbox.context import Context


@dataclass(frozen=True, slots=True)
class Work:
    """The run of one action. Providers read the configuration, use the clients, and write the run through `note`.

    Attributes:
        configuration: With every variable resolved.
        timeout_seconds: After which the action fails.
        clients: Those already made, by service.
    """

    context: Context
    pipeline: Pipeline
    execution: Execution
    run: ActionRun
    configuration: Mapping[str, str]
    timeout_seconds: float
    clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def region(self) -> str:
        """The region that the action works in."""
        return str(self.run.declaration.get("region") or self.pipeline.region)

    @property
    def role_arn(self) -> str:
        """The role that the action works with."""
        return str(self.run.declaration.get("roleArn") or self.pipeline.definition["roleArn"])

    @property
    def account_id(self) -> str:
        """The account that the action works in: its role's."""
        return self.role_arn.split(":")[4]

    @property
    def store(self) -> dict[str, Any]:
        """The artifact store of the action's region."""
        return store_of(self.execution.definition, self.region, self.pipeline.region)

    def client(self, service: str) -> Any:
        """A client with the action's role, in the action's region.

        Raises:
            ActionFailure: The role cannot be assumed.
        """
        if service not in self.clients:
            role = self.run.declaration.get("roleArn")
            self.clients[service] = roles.client(
                self.context, self.pipeline, service, role_arn=role, region=self.region
            )
        return self.clients[service]

    def note(self, **fields: Any) -> None:
        """Set fields of the run, for everybody to see."""
        with self.pipeline.changed:
            for name, value in fields.items():
                setattr(self.run, name, value)
            self.run.updated = now()
            self.pipeline.changed.notify_all()

    def wait(self, until: Callable[[], bool]) -> None:
        """Wait until the condition holds; it is looked at after every change of the pipeline.

        Raises:
            ActionAbandoned: The execution gave the action up.
            ActionFailure: The time is up.
        """
        deadline = time.monotonic() + self.timeout_seconds
        with self.pipeline.changed:
            while not until():
                if self.run.abandoned or self.pipeline.deleted:
                    raise ActionAbandoned
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ActionFailure(
                        "JobFailed", f"The action timed out after {self.timeout_seconds / 60:g} minutes."
                    )
                # A lock cannot be waited for longer than a C integer of milliseconds holds.
                self.pipeline.changed.wait(min(left, 86400.0))

    def pause(self, seconds: float) -> None:
        """Wait a while.

        Raises:
            ActionAbandoned: The execution gave the action up.
        """
        end = time.monotonic() + seconds
        with self.pipeline.changed:
            while (left := end - time.monotonic()) > 0:
                if self.run.abandoned or self.pipeline.deleted:
                    raise ActionAbandoned
                self.pipeline.changed.wait(left)
