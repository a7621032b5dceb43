"""The operations of CodePipeline's API that concern executions: start, stop, approve, retry, roll back, list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.codepipeline import views
from sandbox.codepipeline.definition import Declaration, source_actions, stage_named
from sandbox.codepipeline.engine import Engine, rollback_of
from sandbox.codepipeline.state import Execution, Pipeline, StageRun, now
from sandbox.codepipeline.store import Store, store_of
from sandbox.operations import ApiError, Call, Handler, page

# How many executions may be under way in one pipeline.
MOST_EXECUTIONS = 50


def handlers(engine: Engine) -> dict[str, Handler]:
    """Each operation's function, by its name."""
    return {
        "StartPipelineExecution": lambda call: start(engine, call),
        "StopPipelineExecution": lambda call: stop(engine, call),
        "GetPipelineExecution": get,
        "ListPipelineExecutions": list_executions,
        "ListActionExecutions": list_actions,
        "ListRuleExecutions": list_rules,
        "PutApprovalResult": put_approval,
        "RetryStageExecution": lambda call: retry_stage(engine, call),
        "RollbackStage": lambda call: roll_back_stage(engine, call),
        "OverrideStageCondition": lambda call: override_condition(engine, call),
    }


def _store(call: Call) -> Store:
    return store_of(call.account_id, call.region)


# Start and stop


def default_variables(pipeline: Declaration) -> dict[str, str]:
    """The pipeline's variables that have a default, with it. Pure."""
    return {item["name"]: item["defaultValue"] for item in pipeline.get("variables", []) if "defaultValue" in item}


def new_execution(
    pipeline: Pipeline,
    variables: Mapping[str, str],
    trigger: str,
    detail: str,
    overrides: Mapping[str, Mapping[str, str]] | None = None,
) -> Execution:
    """An execution of the pipeline as it is declared now."""
    return Execution(pipeline.definition, dict(variables), trigger, detail, overrides or {})


def start(engine: Engine, call: Call) -> dict[str, Any]:
    """StartPipelineExecution."""
    pipeline, token = _store(call).pipeline(call.parameters["name"]), call.get("clientRequestToken")
    asked = json.dumps([call.get("variables"), call.get("sourceRevisions")], sort_keys=True)
    with pipeline.changed:
        if token in pipeline.tokens:
            execution_id, before = pipeline.tokens[token]
            if before != asked:
                raise ApiError(
                    "ConflictException",
                    "Your request cannot be handled because the client request token was used with other parameters.",
                )
            return {"pipelineExecutionId": execution_id}
        variables = _variables(pipeline.definition, call.get("variables", []))
        overrides = _overrides(pipeline.definition, call.get("sourceRevisions", []))
        _check_number(pipeline)
        execution = new_execution(pipeline, variables, "StartPipelineExecution", call.caller.arn, overrides)
        engine.start(pipeline, execution)
        if token is not None:
            pipeline.tokens[token] = (execution.id, asked)
    return {"pipelineExecutionId": execution.id}


def _variables(pipeline: Declaration, given: list[dict[str, str]]) -> dict[str, str]:
    declared = {item["name"] for item in pipeline.get("variables", [])}
    values = default_variables(pipeline) | {item["name"]: item["value"] for item in given}
    unknown, missing = sorted(set(values) - declared), sorted(declared - set(values))
    if unknown:
        raise ApiError("ValidationException", f"The pipeline does not declare the variable {', '.join(unknown)}")
    if missing:
        raise ApiError("ValidationException", f"Missing value for the pipeline variable {', '.join(missing)}")
    return values


def _overrides(pipeline: Declaration, given: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    actions = {action["name"]: action for action in source_actions(pipeline)}
    values: dict[str, dict[str, str]] = {}
    for item in given:
        name, kind = item["actionName"], item["revisionType"]
        action = actions.get(name)
        if action is None:
            raise ApiError("ValidationException", f"The pipeline has no source action {name}")
        if action["actionTypeId"]["provider"] != "S3" or not kind.startswith("S3_"):
            raise ApiError(
                "ValidationException",
                f"The revision type {kind} does not fit the source action {name} of the provider"
                f" {action['actionTypeId']['provider']}",
            )
        allowed = action["configuration"].get("AllowOverrideForS3ObjectKey", "false") == "true"
        if kind == "S3_OBJECT_KEY" and not allowed:
            raise ApiError(
                "ValidationException",
                f"The S3 object key of the source action {name} cannot be overridden:"
                " AllowOverrideForS3ObjectKey is not true",
            )
        if kind in values.setdefault(name, {}):
            raise ApiError("ValidationException", f"The action {name} has more than one {kind}")
        values[name][kind] = item["revisionValue"]
    return values


def _check_number(pipeline: Pipeline) -> None:
    under_way = [one for one in pipeline.executions.values() if not one.is_over]
    if pipeline.definition["executionMode"] != "SUPERSEDED" and len(under_way) >= MOST_EXECUTIONS:
        raise ApiError(
            "ConcurrentPipelineExecutionsLimitExceededException",
            f"The pipeline has reached the limit of {MOST_EXECUTIONS} concurrent executions.",
        )


def stop(engine: Engine, call: Call) -> dict[str, Any]:
    """StopPipelineExecution."""
    pipeline, execution = _execution(call)
    abandon = bool(call.get("abandon", False))
    with pipeline.changed:
        if execution.is_over:
            raise ApiError(
                "PipelineExecutionNotStoppableException",
                f"The pipeline execution is {execution.status}; only one in progress can be stopped",
            )
        if execution.status == "Stopping" and (not abandon or execution.stop == "abandon"):
            raise ApiError(
                "DuplicatedStopRequestException",
                "The pipeline execution is already in a Stopping state. If you already chose to stop and wait, you"
                " cannot make that request again. You can choose to stop and abandon now.",
            )
        engine.stop(pipeline, execution, abandon=abandon, reason=call.get("reason"))
    return {"pipelineExecutionId": execution.id}


def _execution(call: Call) -> tuple[Pipeline, Execution]:
    pipeline = _store(call).pipeline(call.parameters["pipelineName"])
    return pipeline, _store(call).execution(pipeline, call.parameters["pipelineExecutionId"])


# Approvals, retries, rollbacks


def put_approval(call: Call) -> dict[str, Any]:
    """PutApprovalResult; who answers is the caller."""
    pipeline, result = _store(call).pipeline(call.parameters["pipelineName"]), call.parameters["result"]
    with pipeline.changed:
        stage = stage_named(pipeline.definition, call.parameters["stageName"])
        name = call.parameters["actionName"]
        if name not in [action["name"] for action in stage["actions"]]:
            raise ApiError("ActionNotFoundException", f"Action {name} does not exist in stage {stage['name']}")
        run = next((one for one in pipeline.action_runs if one.token == call.parameters["token"]), None)
        if run is None or (run.stage, run.name) != (stage["name"], name):
            raise ApiError("InvalidApprovalTokenException", "Invalid approval token")
        if run.status != "InProgress" or run.answer is not None:
            raise ApiError("ApprovalAlreadyCompletedException", "The approval has already been completed.")
        run.answer = result | {"by": call.caller.arn}
        pipeline.changed.notify_all()
    return {"approvedAt": now()}


def retry_stage(engine: Engine, call: Call) -> dict[str, Any]:
    """RetryStageExecution."""
    pipeline, execution = _execution(call)
    with pipeline.changed:
        run = _last_stay(pipeline, execution, call.parameters["stageName"])
        if execution.definition is not pipeline.definition or not execution.is_over or run.status in _PASSED:
            raise ApiError(
                "StageNotRetryableException",
                "Unable to retry. The specified stage can't be retried because the pipeline structure or stage"
                " state changed after the stage was not completed; the stage contains no failed actions; one or"
                " more actions are still in progress; or another retry attempt is already in progress.",
            )
        keep = {name: action for name, action in run.actions.items() if action.status == "Succeeded"}
        if call.parameters["retryMode"] == "ALL_ACTIONS":
            keep = {}
        engine.resume(pipeline, execution, run.stage, keep=keep, manual=True)
    return {"pipelineExecutionId": execution.id}


_PASSED = ("Succeeded", "Skipped", "InProgress")


def _last_stay(pipeline: Pipeline, execution: Execution, stage: str) -> StageRun:
    stage_named(pipeline.definition, stage)
    run, latest = execution.stages.get(stage), pipeline.stages[stage].latest
    if run is None or latest is None or (latest is not run and execution.mode != "PARALLEL"):
        raise ApiError(
            "NotLatestPipelineExecutionException",
            f"The stage {stage} has been entered by another execution since; {execution.id} is not its latest",
        )
    return run


def roll_back_stage(engine: Engine, call: Call) -> dict[str, Any]:
    """RollbackStage: run one stage again as an execution that passed it did."""
    store, name = _store(call), call.parameters["stageName"]
    pipeline = store.pipeline(call.parameters["pipelineName"])
    target = store.execution(pipeline, call.parameters["targetPipelineExecutionId"])
    with pipeline.changed:
        stage_named(pipeline.definition, name)
        run, state = target.stages.get(name), pipeline.stages[name]
        if name == pipeline.definition["stages"][0]["name"]:
            raise ApiError("UnableToRollbackStageException", "The source stage cannot be rolled back")
        if run is None or run.status != "Succeeded" or target.type == "ROLLBACK":
            raise ApiError(
                "UnableToRollbackStageException",
                f"The execution {target.id} did not succeed in the stage {name}",
            )
        if state.occupant is not None:
            raise ApiError("ConflictException", f"The stage {name} is in progress")
        if target.definition["stages"] != pipeline.definition["stages"]:
            raise ApiError(
                "PipelineExecutionOutdatedException",
                "The specified pipeline execution is outdated and cannot be used as a target pipeline execution"
                " for rollback.",
            )
        execution = rollback_of(pipeline, target, "ManualRollback", call.caller.arn)
        engine.start_rollback(pipeline, execution, name)
    return {"pipelineExecutionId": execution.id}


def override_condition(engine: Engine, call: Call) -> None:
    """OverrideStageCondition: go on as if a failed condition had been met."""
    pipeline, execution = _execution(call)
    when = {"BEFORE_ENTRY": "beforeEntry", "ON_SUCCESS": "onSuccess"}[call.parameters["conditionType"]]
    with pipeline.changed:
        run = _last_stay(pipeline, execution, call.parameters["stageName"])
        failed = [one for one in run.conditions.get(when, []) if one.status in ("Failed", "Errored")]
        if not failed or run.status != "Failed" or not execution.is_over:
            raise ApiError("ConditionNotOverridableException", "The stage has no failed condition of that type")
        for condition in failed:
            condition.status = "Overridden"
        skip = ("beforeEntry",) if when == "beforeEntry" else ("actions", "onSuccess")
        engine.resume(pipeline, execution, run.stage, keep=run.actions, skip=skip)


# Reading


def get(call: Call) -> dict[str, Any]:
    """GetPipelineExecution."""
    pipeline, execution = _execution(call)
    with pipeline.changed:
        return {"pipelineExecution": views.execution_detail(pipeline, execution)}


def list_executions(call: Call) -> dict[str, Any]:
    """ListPipelineExecutions, newest first."""
    pipeline = _store(call).pipeline(call.parameters["pipelineName"])
    stage = ((call.get("filter") or {}).get("succeededInStage") or {}).get("stageName")
    with pipeline.changed:
        found = list(reversed(pipeline.executions.values()))
        if stage is not None:
            stage_named(pipeline.definition, stage)
            found = [one for one in found if stage in one.stages and one.stages[stage].status == "Succeeded"]
        shown, token = page(found, call.get("nextToken"), call.get("maxResults", 100))
        return {
            "pipelineExecutionSummaries": [views.execution_summary(one) for one in shown],
            "nextToken": token,
        }


def list_actions(call: Call) -> dict[str, Any]:
    """ListActionExecutions, newest first."""
    return _listed(call, "action_runs", "actionExecutionDetails", views.action_detail)


def list_rules(call: Call) -> dict[str, Any]:
    """ListRuleExecutions, newest first."""
    return _listed(call, "rule_runs", "ruleExecutionDetails", views.rule_detail)


def _listed(call: Call, attribute: str, key: str, view: Any) -> dict[str, Any]:
    store = _store(call)
    pipeline = store.pipeline(call.parameters["pipelineName"])
    wanted = call.get("filter") or {}
    latest = wanted.get("latestInPipelineExecution") or {}
    execution_id = wanted.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
    with pipeline.changed:
        found = list(reversed(getattr(pipeline, attribute)))
        if execution_id is not None:
            store.execution(pipeline, execution_id)
            found = [one for one in found if one.execution_id == execution_id]
        if latest.get("startTimeRange") == "Latest":
            seen: set[tuple[str, str]] = set()
            newest = []
            for one in found:
                place = (one.stage, str(one.declaration["name"]))
                if place not in seen:
                    seen.add(place)
                    newest.append(one)
            found = newest
        shown, token = page(found, call.get("nextToken"), call.get("maxResults", 100))
        return {key: [view(pipeline, one) for one in shown], "nextToken": token}
