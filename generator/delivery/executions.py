"""Executions of a delivery pipeline: which bundle is the newest one of, and whether another is needed.

The orchestrator's Lambda asks the same question before it answers a request, so this module is shared
with it: it imports nothing but the standard library.

A bundle's key is written once and never again, so the object version that an execution took
(``revisionId`` of its source) names the bundle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SOURCE_ACTION = "Bundle"
ALIVE = frozenset({"InProgress", "Succeeded"})


@dataclass(frozen=True, slots=True)
class Execution:
    """The newest execution of a delivery pipeline.

    Attributes:
        id: Execution id.
        status: CodePipeline's status, e.g. ``InProgress``.
        revision: Object version of the bundle, or "" while the source action has not run.
        trigger: What started it, e.g. ``CreatePipeline``.
    """

    id: str
    status: str
    revision: str
    trigger: str


def read_execution(summary: Mapping[str, Any]) -> Execution:
    """Return an entry of ListPipelineExecutions as a value. Pure."""
    revisions = summary.get("sourceRevisions") or []
    revision = next((entry.get("revisionId") or "" for entry in revisions if entry["actionName"] == SOURCE_ACTION), "")
    return Execution(
        id=summary["pipelineExecutionId"],
        status=summary["status"],
        revision=revision,
        trigger=summary.get("trigger", {}).get("triggerType", ""),
    )


def newest_execution(client: Any, pipeline: str) -> Execution | None:
    """Return the newest execution, None when there is none yet.

    Raises:
        ClientError: ``PipelineNotFoundException`` when there is no such pipeline.
    """
    found = client.list_pipeline_executions(pipelineName=pipeline, maxResults=1)["pipelineExecutionSummaries"]
    return read_execution(found[0]) if found else None


def execution_of(client: Any, pipeline: str, bundle_version: str) -> Execution | None:
    """Return the newest of the last hundred executions that took a bundle, None when none did."""
    page = client.list_pipeline_executions(pipelineName=pipeline, maxResults=100)
    for execution in map(read_execution, page["pipelineExecutionSummaries"]):
        if execution.revision and execution.revision == bundle_version:
            return execution
    return None


def execution_mode(client: Any, pipeline: str, execution_id: str) -> str:
    """Return the value of the pipeline variable ``mode`` in an execution: ``apply`` or ``destroy``."""
    execution = client.get_pipeline_execution(pipelineName=pipeline, pipelineExecutionId=execution_id)
    for variable in execution["pipelineExecution"].get("variables") or []:
        if variable["name"] == "mode":
            return str(variable["resolvedValue"])
    return "apply"


def is_delivering(newest: Execution | None, mode: str, bundle_version: str) -> bool:
    """Whether the newest execution applies this bundle and runs or succeeded. Pure."""
    return (
        newest is not None
        and newest.status in ALIVE
        and mode == "apply"
        and bool(newest.revision)
        and newest.revision == bundle_version
    )


def request_token(digest: str, newest: Execution | None) -> str:
    """Return the token that makes two starts for the same reason one execution. Pure.

    It names the execution that the decision was based on, so a repeat after that one failed is a new start.
    """
    return f"{digest[:40]}-{newest.id if newest else 'first'}"
