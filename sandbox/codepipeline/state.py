"""What the sandbox knows of a pipeline and its executions. Read and written only while holding `Pipeline.changed`."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.codebuild import Location
from sandbox.codepipeline.definition import Declaration

# The states of an execution in which nothing more happens by itself.
FINAL = ("Succeeded", "Failed", "Stopped", "Superseded", "Cancelled")


def now() -> datetime:
    """The present moment, with its time zone."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random id as CodePipeline uses it."""
    return str(uuid.uuid4())


@dataclass(slots=True)
class ActionRun:
    """One run of an action in one execution.

    `answer` is what somebody outside said to it: an approval's or a job's result. `abandoned` tells whoever waits
    for it to give up.
    """

    declaration: Declaration
    stage: str
    execution_id: str
    version: int
    configuration: Mapping[str, str]
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    resolved: dict[str, str] | None = None
    inputs: dict[str, Location] = field(default_factory=dict)
    outputs: dict[str, Location] = field(default_factory=dict)
    output_variables: dict[str, str] = field(default_factory=dict)
    summary: str | None = None
    updated_by: str | None = None
    external_id: str | None = None
    external_url: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    token: str | None = None
    percent: int | None = None
    job_id: str | None = None
    answer: Mapping[str, Any] | None = None
    abandoned: bool = False

    @property
    def name(self) -> str:
        """The action's name."""
        return str(self.declaration["name"])


@dataclass(slots=True)
class RuleRun:
    """One evaluation of a rule."""

    declaration: Declaration
    stage: str
    execution_id: str
    version: int
    id: str = field(default_factory=new_id)
    status: str = "InProgress"
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    resolved: dict[str, str] | None = None
    summary: str | None = None
    error_code: str | None = None
    error_message: str | None = None


@dataclass(slots=True)
class ConditionRun:
    """One evaluation of a condition; `result` is what follows when it is not met."""

    result: str | None
    rules: list[RuleRun]
    status: str = "InProgress"
    summary: str | None = None
    updated: datetime = field(default_factory=now)


@dataclass(slots=True)
class StageRun:
    """An execution's stay in a stage. `conditions` are keyed by beforeEntry, onSuccess and onFailure."""

    stage: str
    execution_id: str
    type: str
    status: str = "InProgress"
    started: datetime = field(default_factory=now)
    actions: dict[str, ActionRun] = field(default_factory=dict)
    conditions: dict[str, list[ConditionRun]] = field(default_factory=dict)
    automatic_retries: int = 0
    manual_retries: int = 0
    retry_trigger: str | None = None


@dataclass(slots=True)
class Revision:
    """What a source action found."""

    action: str
    artifact: str
    id: str
    summary: str
    url: str
    created: datetime


@dataclass(slots=True)
class Execution:
    """One execution of a pipeline, with the declaration that it runs.

    `stop` is None, "wait" or "abandon"; `superseded` and `cancelled` tell the waiting thread why it must end.
    """

    definition: Declaration
    variables: dict[str, str]
    trigger_type: str
    trigger_detail: str
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    id: str = field(default_factory=new_id)
    type: str = "STANDARD"
    rollback_target: str | None = None
    status: str = "InProgress"
    summary: str | None = None
    started: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    artifacts: dict[str, Location] = field(default_factory=dict)
    revisions: list[Revision] = field(default_factory=list)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    stages: dict[str, StageRun] = field(default_factory=dict)
    attempt: int = 1
    stop: str | None = None
    stop_reason: str | None = None
    superseded: bool = False
    cancelled: bool = False

    @property
    def mode(self) -> str:
        """QUEUED, SUPERSEDED or PARALLEL."""
        return str(self.definition["executionMode"])

    @property
    def is_over(self) -> bool:
        """True once nothing more happens by itself."""
        return self.status in FINAL


@dataclass(slots=True)
class StageState:
    """A stage of a pipeline, whoever is in it: `occupant` is the execution that holds its lock."""

    latest: StageRun | None = None
    occupant: str | None = None
    waiting: list[Execution] = field(default_factory=list)
    enabled: bool = True
    changed_by: str | None = None
    changed_at: datetime | None = None
    disabled_reason: str | None = None


class Pipeline:
    """A pipeline: its declaration, versions, tags, executions and stages.

    Attributes:
        changed: The lock of everything here, notified after every change.
        tokens: Execution ids by the client request token that started them, with what was asked.
        deleted: Set when it is deleted or the sandbox stops; every thread that waits ends.
    """

    def __init__(self, definition: Declaration, *, arn: str, tags: dict[str, str]) -> None:
        self.changed = threading.Condition()
        self.arn = arn
        self.definition = definition
        self.versions = {definition["version"]: definition}
        self.tags = tags
        self.created = self.updated = now()
        self.executions: dict[str, Execution] = {}
        self.action_runs: list[ActionRun] = []
        self.rule_runs: list[RuleRun] = []
        self.stages = {stage["name"]: StageState() for stage in definition["stages"]}
        self.tokens: dict[str, tuple[str, str]] = {}
        self.deleted = False

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.definition["name"])

    @property
    def region(self) -> str:
        """Its region."""
        return self.arn.split(":")[3]

    @property
    def account_id(self) -> str:
        """Its account."""
        return self.arn.split(":")[4]

    def redefine(self, definition: Declaration) -> None:
        """Take a new declaration; stages that keep their name keep their state."""
        self.definition = definition
        self.versions[definition["version"]] = definition
        self.stages = {stage["name"]: self.stages.get(stage["name"], StageState()) for stage in definition["stages"]}
        self.updated = now()
