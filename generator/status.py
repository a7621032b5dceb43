"""Where a pipeline's delivery stands, read from AWS CodePipeline: executions, stages, gates and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from generator.aws import Aws, AwsError
from generator.errors import GeneratorError
from generator.names import delivery_pipeline_name
from generator.platform import Platform

STEPS = ("plan", "approve", "apply", "verify")
ENDED = frozenset({"Succeeded", "Failed", "Stopped", "Cancelled", "Superseded"})


@dataclass(slots=True)
class StageStatus:
    """One stage of one execution.

    Attributes:
        name: The stage.
        steps: Step to CodePipeline's status of its action (Succeeded, InProgress, Failed, Skipped ...);
            a step that has not begun is missing.
        summary: What the plan would do, as the approver reads it.
        counts: {add, change, destroy} of the plan.
        error: Why it failed, or "".
        approved_by: Who answered the approval, or "".
        token: The token that answers a waiting approval, or "".
    """

    name: str
    steps: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    error: str = ""
    approved_by: str = ""
    token: str = ""
    build_ids: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class DeliveryStatus:
    """One execution of a delivery pipeline.

    Attributes:
        pipeline: The pipeline's name within the platform.
        execution_id: CodePipeline's id of the execution.
        status: Its status: InProgress, Succeeded, Failed, Stopped, Superseded ...
        mode: ``apply`` or ``destroy``.
        digest: Digest of the bundle that it carries.
        stages: The delivery stages in order.
    """

    pipeline: str
    execution_id: str
    status: str
    mode: str
    digest: str
    stages: list[StageStatus]

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself or by an approval."""
        return self.status in ENDED

    @property
    def waiting(self) -> StageStatus | None:
        """The stage whose approval waits for a person, if any."""
        return next((stage for stage in self.stages if stage.token), None)

    def to_json(self) -> dict[str, Any]:
        """Return the status as a JSON object; tokens stay out of it."""
        return {
            "pipeline": self.pipeline,
            "execution_id": self.execution_id,
            "status": self.status,
            "mode": self.mode,
            "digest": self.digest,
            "stages": [
                {
                    "name": stage.name,
                    "steps": stage.steps,
                    "summary": stage.summary,
                    "plan": stage.counts,
                    "error": stage.error,
                    "approved_by": stage.approved_by,
                    "waiting_for_approval": bool(stage.token),
                }
                for stage in self.stages
            ],
        }


class NoSuchPipeline(GeneratorError):
    """There is no such delivery pipeline, or not yet."""


def executions(aws: Aws, platform: Platform, pipeline: str) -> list[dict[str, Any]]:
    """Return the executions of a pipeline, newest first, as CodePipeline lists them.

    Raises:
        NoSuchPipeline: There is no such delivery pipeline (yet).
    """
    name = delivery_pipeline_name(platform, pipeline)
    with _expecting(pipeline):
        return [
            summary
            for page in aws.pages("codepipeline", "list_pipeline_executions", pipelineName=name)
            for summary in page["pipelineExecutionSummaries"]
        ]


@contextmanager
def _expecting(pipeline: str) -> Iterator[None]:
    """Turn CodePipeline's refusal into ours: a pipeline may go while it is looked at."""
    try:
        yield
    except AwsError as error:
        if error.code == "PipelineNotFoundException":
            raise NoSuchPipeline(
                f"there is no delivery pipeline for {pipeline}",
                hint="`mlops status` lists what there is; a request just submitted needs a minute to appear",
            ) from error
        raise


def release_of(execution: Mapping[str, Any]) -> str:
    """Return the digest of the bundle that an execution carries, or "" before its source has run. Pure."""
    for revision in execution.get("sourceRevisions", ()) or execution.get("artifactRevisions", ()):
        text = " ".join(str(revision.get(key, "")) for key in ("revisionUrl", "revisionSummary", "revisionId"))
        for part in text.replace("?", "/").replace("%2F", "/").split("/"):
            if len(part.removesuffix(".zip")) == 64 and part.endswith(".zip"):
                return part.removesuffix(".zip")
    return ""


def read_status(aws: Aws, platform: Platform, pipeline: str, execution_id: str | None = None) -> DeliveryStatus:
    """Return the status of one execution, by default the newest.

    Raises:
        NoSuchPipeline: There is no such delivery pipeline (any more).
        GeneratorError: There is no execution of it.
    """
    name = delivery_pipeline_name(platform, pipeline)
    if execution_id is None:
        listed = executions(aws, platform, pipeline)
        if not listed:
            raise GeneratorError(f"{pipeline} has no execution yet")
        execution_id = str(listed[0]["pipelineExecutionId"])
    with _expecting(pipeline):
        execution = aws.call(
            "codepipeline", "get_pipeline_execution", pipelineName=name, pipelineExecutionId=execution_id
        )["pipelineExecution"]
        state = aws.call("codepipeline", "get_pipeline_state", name=name)
        actions = [
            detail
            for page in aws.pages(
                "codepipeline",
                "list_action_executions",
                pipelineName=name,
                filter={"pipelineExecutionId": execution_id},
            )
            for detail in page["actionExecutionDetails"]
        ]
    variables = {item["name"]: item["resolvedValue"] for item in execution.get("variables", ())}
    stages = _stages(state, actions, execution_id)
    digest = release_of(execution) or next(
        (
            key.rsplit("/", 1)[-1].removesuffix(".zip")
            for action in actions
            if (key := action.get("output", {}).get("outputVariables", {}).get("ObjectKey"))
        ),
        "",
    )
    return DeliveryStatus(
        pipeline, execution_id, str(execution["status"]), variables.get("mode", "apply"), digest, stages
    )


def _stages(state: Mapping[str, Any], actions: list[dict[str, Any]], execution_id: str) -> list[StageStatus]:
    found: dict[str, StageStatus] = {}
    for stage_state in state.get("stageStates", ()):
        stage_name, _, step = stage_state["stageName"].rpartition("-")
        if not stage_name:
            continue
        stage = found.setdefault(stage_name, StageStatus(stage_name))
        latest = stage_state.get("latestExecution", {})
        if step == "approve" and latest.get("pipelineExecutionId") == execution_id:
            if latest.get("status") == "Skipped":
                stage.steps["approve"] = "Skipped"
            for action in stage_state.get("actionStates", ()):
                stage.token = action.get("latestExecution", {}).get("token", "")
    # CodePipeline lists the newest attempt first; the first one seen of each action counts.
    for action in actions:
        stage_name, _, step = action["stageName"].rpartition("-")
        if stage_name in found:
            _add_action(found[stage_name], action["actionName"].lower(), action)
    return list(found.values())


def _add_action(stage: StageStatus, step: str, action: Mapping[str, Any]) -> None:
    if step in stage.steps and step != "approve":
        return
    stage.steps[step] = action["status"]
    output = action.get("output", {})
    result = output.get("executionResult", {})
    exported = output.get("outputVariables", {})
    if result.get("externalExecutionId"):
        stage.build_ids[step] = result["externalExecutionId"]
    if step == "plan" and exported:
        stage.summary = exported.get("PLAN_SUMMARY", "")
        stage.counts = {key: int(exported.get(f"PLAN_{key.upper()}", 0)) for key in ("add", "change", "destroy")}
    if step == "approve":
        if action["status"] == "InProgress":
            stage.summary = (
                action.get("input", {}).get("resolvedConfiguration", {}).get("CustomData") or stage.summary
            )
        else:
            stage.token = ""
            stage.approved_by = action.get("updatedBy", "")
    if action["status"] in {"Failed", "Abandoned"}:
        error = result.get("errorDetails", {})
        stage.error = error.get("message") or result.get("externalExecutionSummary", "") or action["status"]
