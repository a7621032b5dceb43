"""What a rehearsal observed, as the JSON that `mlops demo --report` writes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class StageReport:
    """One stage of one request; every field is an observation."""

    name: str
    account_id: str
    plan: dict[str, int] = field(default_factory=dict)
    approved_by: str = ""
    applied: bool = False
    verified: bool = False
    second_plan_empty: bool = False
    resources: list[str] = field(default_factory=list)
    live: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class RequestReport:
    """One request's way through the stages."""

    config: dict[str, Any]
    pipeline: str
    file: str
    digest: str = ""
    stages: list[StageReport] = field(default_factory=list)
    resubmit_started_nothing: bool = False
    change: dict[str, Any] | None = None
    destroyed: bool = False
    failures: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """The whole rehearsal."""

    ok: bool = False
    seconds: float = 0.0
    orchestrator: dict[str, Any] = field(default_factory=dict)
    prepared: list[dict[str, str]] = field(default_factory=list)
    requests: list[RequestReport] = field(default_factory=list)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    failure: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)
