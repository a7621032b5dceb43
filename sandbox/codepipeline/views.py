"""What the API shows of pipelines, executions, stages and actions. Pure; call with `Pipeline.changed` held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.codebuild import Location
from sandbox.codepipeline.actions import provider_of
from sandbox.codepipeline.conditions import status_of
from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.state import ActionRun, ConditionRun, Execution, Pipeline, RuleRun, StageRun, StageState

View = dict[str, Any]


def pipeline_state(pipeline: Pipeline) -> View:
    """GetPipelineState."""
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": pipeline.definition["version"],
        "stageStates": [
            _stage_state(pipeline, stage, pipeline.stages[stage["name"]]) for stage in pipeline.definition["stages"]
        ],
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def _stage_state(pipeline: Pipeline, stage: Declaration, state: StageState) -> View:
    run = state.latest
    inbound = [{"pipelineExecutionId": one.id, "status": "InProgress", "type": one.type} for one in state.waiting]
    view: View = {
        "stageName": stage["name"],
        "inboundExecutions": inbound,
        "inboundExecution": inbound[0] if inbound else None,
        "inboundTransitionState": _filled(
            {
                "enabled": state.enabled,
                "lastChangedBy": state.changed_by,
                "lastChangedAt": state.changed_at,
                "disabledReason": state.disabled_reason,
            }
        ),
        "actionStates": [_action_state(pipeline, action, run) for action in stage["actions"]],
    }
    if run is not None:
        view["latestExecution"] = {
            "pipelineExecutionId": run.execution_id,
            "status": run.status,
            "type": run.type,
        }
        for when, key in _CONDITION_STATES.items():
            if run.conditions.get(when):
                view[key] = _condition_state(run.conditions[when])
        view["retryStageMetadata"] = _retries(run)
    return _filled(view)


_CONDITION_STATES = {
    "beforeEntry": "beforeEntryConditionState",
    "onSuccess": "onSuccessConditionState",
    "onFailure": "onFailureConditionState",
}


def _retries(run: StageRun) -> View | None:
    if run.retry_trigger is None:
        return None
    return _filled(
        {
            "autoStageRetryAttempt": run.automatic_retries or None,
            "manualStageRetryAttempt": run.manual_retries or None,
            "latestRetryTrigger": run.retry_trigger,
        }
    )


def _action_state(pipeline: Pipeline, action: Declaration, stage_run: StageRun | None) -> View:
    region = action.get("region") or pipeline.region
    run = stage_run.actions.get(action["name"]) if stage_run is not None else None
    view: View = {"actionName": action["name"], "entityUrl": provider_of(action).entity_url(action, region)}
    if run is not None:
        view["latestExecution"] = _filled(
            {
                "actionExecutionId": run.id,
                "status": run.status,
                "summary": run.summary,
                "lastStatusChange": run.updated,
                "token": run.token if run.status == "InProgress" else None,
                "lastUpdatedBy": run.updated_by,
                "externalExecutionId": run.external_id,
                "externalExecutionUrl": run.external_url,
                "percentComplete": run.percent,
                "errorDetails": _error(run),
            }
        )
        execution = pipeline.executions[run.execution_id]
        for revision in execution.revisions:
            if revision.action == run.name and action["actionTypeId"]["category"] == "Source":
                view["currentRevision"] = {
                    "revisionId": revision.id,
                    "revisionChangeId": revision.id[:100],
                    "created": revision.created,
                }
                view["revisionUrl"] = revision.url
    return _filled(view)


def _condition_state(conditions: list[ConditionRun]) -> View:
    summary = "; ".join(one.summary for one in conditions if one.summary) or None
    return {
        "latestExecution": _filled({"status": status_of(conditions), "summary": summary}),
        "conditionStates": [
            {
                "latestExecution": _filled(
                    {"status": one.status, "summary": one.summary, "lastStatusChange": one.updated}
                ),
                "ruleStates": [_rule_state(rule) for rule in one.rules],
            }
            for one in conditions
        ],
    }


def _rule_state(run: RuleRun) -> View:
    return {
        "ruleName": run.declaration["name"],
        "latestExecution": _filled(
            {
                "ruleExecutionId": run.id,
                "status": run.status,
                "summary": run.summary,
                "lastStatusChange": run.updated,
                "errorDetails": _error(run),
            }
        ),
    }


def execution_detail(pipeline: Pipeline, execution: Execution) -> View:
    """GetPipelineExecution's `pipelineExecution`."""
    return _filled(
        {
            "pipelineName": pipeline.name,
            "pipelineVersion": execution.definition["version"],
            "pipelineExecutionId": execution.id,
            "status": execution.status,
            "statusSummary": execution.summary,
            "artifactRevisions": [
                {
                    "name": revision.artifact,
                    "revisionId": revision.id,
                    "revisionSummary": revision.summary,
                    "revisionUrl": revision.url,
                    "created": revision.created,
                }
                for revision in execution.revisions
            ],
            "variables": [{"name": name, "resolvedValue": value} for name, value in execution.variables.items()],
            **_common(execution),
        }
    )


def execution_summary(execution: Execution) -> View:
    """One of ListPipelineExecutions' summaries."""
    return _filled(
        {
            "pipelineExecutionId": execution.id,
            "status": execution.status,
            "statusSummary": execution.summary,
            "startTime": execution.started,
            "lastUpdateTime": execution.updated,
            "sourceRevisions": [
                {
                    "actionName": revision.action,
                    "revisionId": revision.id,
                    "revisionSummary": revision.summary,
                    "revisionUrl": revision.url,
                }
                for revision in execution.revisions
            ],
            "stopTrigger": {"reason": execution.stop_reason} if execution.stop_reason else None,
            **_common(execution),
        }
    )


def _common(execution: Execution) -> View:
    target = execution.rollback_target
    return {
        "trigger": {"triggerType": execution.trigger_type, "triggerDetail": execution.trigger_detail},
        "executionMode": execution.mode,
        "executionType": execution.type,
        "rollbackMetadata": {"rollbackTargetPipelineExecutionId": target} if target else None,
    }


def action_detail(pipeline: Pipeline, run: ActionRun) -> View:
    """One of ListActionExecutions' details."""
    action = run.declaration
    result = {
        "externalExecutionId": run.external_id,
        "externalExecutionSummary": run.summary or run.error_message,
        "externalExecutionUrl": run.external_url,
        "errorDetails": _error(run),
    }
    succeeded = run.status == "Succeeded"
    return _filled(
        {
            "pipelineExecutionId": run.execution_id,
            "actionExecutionId": run.id,
            "pipelineVersion": run.version,
            "stageName": run.stage,
            "actionName": run.name,
            "startTime": run.started,
            "lastUpdateTime": run.updated,
            "updatedBy": run.updated_by,
            "status": run.status,
            "input": _filled(
                {
                    "actionTypeId": action["actionTypeId"],
                    "configuration": dict(run.configuration),
                    "resolvedConfiguration": run.resolved,
                    "roleArn": action.get("roleArn"),
                    "region": action.get("region") or pipeline.region,
                    "inputArtifacts": _artifacts(run.inputs),
                    "namespace": action.get("namespace"),
                }
            ),
            "output": {
                "outputArtifacts": _artifacts(run.outputs) if succeeded else [],
                "executionResult": _filled(result),
                "outputVariables": run.output_variables if succeeded else {},
            },
        }
    )


def rule_detail(pipeline: Pipeline, run: RuleRun) -> View:
    """One of ListRuleExecutions' details."""
    rule = run.declaration
    return _filled(
        {
            "pipelineExecutionId": run.execution_id,
            "ruleExecutionId": run.id,
            "pipelineVersion": run.version,
            "stageName": run.stage,
            "ruleName": rule["name"],
            "startTime": run.started,
            "lastUpdateTime": run.updated,
            "status": run.status,
            "input": _filled(
                {
                    "ruleTypeId": rule["ruleTypeId"],
                    "configuration": rule.get("configuration", {}),
                    "resolvedConfiguration": run.resolved,
                    "roleArn": rule.get("roleArn"),
                    "region": rule.get("region") or pipeline.region,
                    "inputArtifacts": [],
                }
            ),
            "output": {
                "executionResult": _filled({"externalExecutionSummary": run.summary, "errorDetails": _error(run)})
            },
        }
    )


def _error(run: ActionRun | RuleRun) -> View | None:
    if run.error_code is None:
        return None
    return {"code": run.error_code, "message": (run.error_message or "")[:5000]}


def _artifacts(locations: Mapping[str, Location]) -> list[View]:
    return [
        {"name": name, "s3location": {"bucket": location.bucket, "key": location.key}}
        for name, location in locations.items()
    ]


def _filled(view: View) -> View:
    return {key: value for key, value in view.items() if value is not None}
