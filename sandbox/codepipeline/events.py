"""EventBridge events of pipelines, stages and actions, in the shapes that CodePipeline publishes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.codebuild import Location
from sandbox.codepipeline.state import ActionRun, Execution, Pipeline, StageRun
from sandbox.context import Context


class Events:
    """Publishes the changes of one sandbox's pipelines."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def pipeline(self, pipeline: Pipeline, execution: Execution, state: str) -> None:
        """CodePipeline Pipeline Execution State Change."""
        detail: dict[str, Any] = {
            "start-time": _time(execution.started),
            "execution-trigger": {
                "trigger-type": execution.trigger_type,
                "trigger-detail": execution.trigger_detail,
            },
            "state": state,
        }
        if execution.stop_reason:
            detail["stop-execution-comments"] = execution.stop_reason
        self._publish("Pipeline", pipeline, execution, detail)

    def stage(self, pipeline: Pipeline, execution: Execution, run: StageRun, state: str) -> None:
        """CodePipeline Stage Execution State Change."""
        detail = {"start-time": _time(run.started), "stage": run.stage, "state": state}
        self._publish("Stage", pipeline, execution, detail)

    def action(self, pipeline: Pipeline, execution: Execution, run: ActionRun, state: str) -> None:
        """CodePipeline Action Execution State Change."""
        kind = run.declaration["actionTypeId"]
        detail: dict[str, Any] = {
            "start-time": _time(run.started),
            "stage": run.stage,
            "action-execution-id": run.id,
            "action": run.name,
            "state": state,
            "region": run.declaration.get("region") or pipeline.region,
            "type": {key: kind[key] for key in ("owner", "category", "provider", "version")},
        }
        if state != "STARTED":
            detail["execution-result"] = _result(run)
            if run.outputs and state == "SUCCEEDED":
                detail["output-artifacts"] = _artifacts(run.outputs)
        if run.inputs:
            detail["input-artifacts"] = _artifacts(run.inputs)
        self._publish("Action", pipeline, execution, detail)

    def _publish(self, kind: str, pipeline: Pipeline, execution: Execution, detail: Mapping[str, Any]) -> None:
        common = {
            "pipeline": pipeline.name,
            "execution-id": execution.id,
            "version": float(execution.definition["version"]),
            "pipeline-execution-attempt": float(execution.attempt),
        }
        self._context.publish_event(
            pipeline.account_id,
            pipeline.region,
            "aws.codepipeline",
            f"CodePipeline {kind} Execution State Change",
            common | dict(detail),
            [pipeline.arn],
        )


def _result(run: ActionRun) -> dict[str, Any]:
    values = {
        "external-execution-url": run.external_url,
        "external-execution-summary": run.summary or run.error_message,
        "external-execution-id": run.external_id,
        "error-code": run.error_code,
    }
    return {key: value for key, value in values.items() if value is not None}


def _artifacts(locations: Mapping[str, Location]) -> list[dict[str, Any]]:
    return [
        {"name": name, "s3location": {"bucket": location.bucket, "key": location.key}}
        for name, location in locations.items()
    ]


def _time(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
