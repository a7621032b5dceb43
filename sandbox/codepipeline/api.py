"""The operations of CodePipeline's API that concern pipelines as such: declarations, tags, transitions, jobs."""

from __future__ import annotations

import copy
from typing import Any

from sandbox.codepipeline import definition, views
from sandbox.codepipeline.engine import Engine
from sandbox.codepipeline.executions import default_variables, new_execution
from sandbox.codepipeline.roles import PRINCIPAL
from sandbox.codepipeline.state import Pipeline, now
from sandbox.codepipeline.store import Store, store_of
from sandbox.iam.sessions import trusts_service
from sandbox.operations import ApiError, Call, Handler, page

MOST_TAGS = 50


def handlers(engine: Engine) -> dict[str, Handler]:
    """Each operation's function, by its name."""
    return {
        "CreatePipeline": lambda call: create_pipeline(engine, call),
        "UpdatePipeline": lambda call: update_pipeline(engine, call),
        "GetPipeline": get_pipeline,
        "DeletePipeline": delete_pipeline,
        "ListPipelines": list_pipelines,
        "GetPipelineState": get_pipeline_state,
        "TagResource": tag_resource,
        "UntagResource": untag_resource,
        "ListTagsForResource": list_tags,
        "DisableStageTransition": lambda call: switch_transition(call, enabled=False),
        "EnableStageTransition": lambda call: switch_transition(call, enabled=True),
        "PutJobSuccessResult": put_job_success,
        "PutJobFailureResult": put_job_failure,
    }


def _store(call: Call) -> Store:
    return store_of(call.account_id, call.region)


def create_pipeline(engine: Engine, call: Call) -> dict[str, Any]:
    """CreatePipeline; as on AWS, the new pipeline is started at once."""
    declared = definition.completed(call.parameters["pipeline"], 1)
    definition.check(declared)
    name, store = declared["name"], _store(call)
    arn = f"arn:{call.partition}:codepipeline:{call.region}:{call.account_id}:{name}"
    tags = call.get("tags", [])
    _check_tags(tags)
    _check_role(declared, arn)
    pipeline = Pipeline(declared, arn=arn, tags={tag["key"]: tag["value"] for tag in tags})
    with store.lock:
        if name in store.pipelines:
            raise ApiError(
                "PipelineNameInUseException",
                f"A pipeline with the name '{name}' already exists in account '{call.account_id}'",
            )
        store.pipelines[name] = pipeline
    with pipeline.changed:
        variables = default_variables(declared)
        engine.start(pipeline, new_execution(pipeline, variables, "CreatePipeline", call.caller.arn))
    return {"pipeline": copy.deepcopy(declared), "tags": tags}


def _check_role(declared: dict[str, Any], arn: str) -> None:
    if not trusts_service(declared["roleArn"], PRINCIPAL, arn):
        raise definition.structure_error(
            f"CodePipeline is not authorized to perform AssumeRole on role {declared['roleArn']}"
        )


def update_pipeline(engine: Engine, call: Call) -> dict[str, Any]:
    """UpdatePipeline; executions in progress are cancelled, as on AWS, if it changes anything."""
    pipeline = _store(call).pipeline(call.parameters["pipeline"]["name"])
    with pipeline.changed:
        old = pipeline.definition
        declared = definition.completed(call.parameters["pipeline"], old["version"] + 1)
        definition.check(declared)
        if declared["roleArn"] != old["roleArn"]:
            _check_role(declared, pipeline.arn)
        pipeline.redefine(declared)
        if declared != {**old, "version": declared["version"]}:
            engine.cancel_all(pipeline)
    return {"pipeline": copy.deepcopy(declared)}


def get_pipeline(call: Call) -> dict[str, Any]:
    """GetPipeline, of any version."""
    pipeline = _store(call).pipeline(call.parameters["name"])
    with pipeline.changed:
        declared = pipeline.versions.get(call.get("version", pipeline.definition["version"]))
        if declared is None:
            raise ApiError(
                "PipelineVersionNotFoundException",
                f"The pipeline {pipeline.name} has no version {call.parameters['version']}",
            )
        return {
            "pipeline": copy.deepcopy(dict(declared)),
            "metadata": {
                "pipelineArn": pipeline.arn,
                "created": pipeline.created,
                "updated": pipeline.updated,
            },
        }


def delete_pipeline(call: Call) -> None:
    """DeletePipeline: no error if there is none; what it runs ends."""
    _store(call).remove(call.parameters["name"])


def list_pipelines(call: Call) -> dict[str, Any]:
    """ListPipelines, by name."""
    found = sorted(_store(call).pipelines.values(), key=lambda pipeline: pipeline.name)
    shown, token = page(found, call.get("nextToken"), call.get("maxResults", 1000))
    return {
        "pipelines": [
            {
                "name": pipeline.name,
                "version": pipeline.definition["version"],
                "pipelineType": pipeline.definition["pipelineType"],
                "executionMode": pipeline.definition["executionMode"],
                "created": pipeline.created,
                "updated": pipeline.updated,
            }
            for pipeline in shown
        ],
        "nextToken": token,
    }


def get_pipeline_state(call: Call) -> dict[str, Any]:
    """GetPipelineState."""
    pipeline = _store(call).pipeline(call.parameters["name"])
    with pipeline.changed:
        return views.pipeline_state(pipeline)


# Tags


def _check_tags(tags: list[dict[str, str]]) -> None:
    if any(tag["key"].startswith("aws:") for tag in tags):
        raise ApiError(
            "InvalidTagsException",
            "Not allowed to modify system tags. System tags start with 'aws:'."
            " msg=[Caller is an end user and not allowed to mutate system tags]",
        )
    if len(tags) > MOST_TAGS:
        raise ApiError("TooManyTagsException", f"A resource can have at most {MOST_TAGS} tags")


def tag_resource(call: Call) -> dict[str, Any]:
    """TagResource."""
    pipeline = _store(call).by_arn(call.parameters["resourceArn"])
    with pipeline.changed:
        tags = pipeline.tags | {tag["key"]: tag["value"] for tag in call.parameters["tags"]}
        _check_tags([{"key": key, "value": value} for key, value in tags.items()])
        pipeline.tags = tags
    return {}


def untag_resource(call: Call) -> dict[str, Any]:
    """UntagResource."""
    pipeline = _store(call).by_arn(call.parameters["resourceArn"])
    with pipeline.changed:
        gone = set(call.parameters["tagKeys"])
        pipeline.tags = {key: value for key, value in pipeline.tags.items() if key not in gone}
    return {}


def list_tags(call: Call) -> dict[str, Any]:
    """ListTagsForResource."""
    pipeline = _store(call).by_arn(call.parameters["resourceArn"])
    return {"tags": [{"key": key, "value": pipeline.tags[key]} for key in sorted(pipeline.tags)]}


# Transitions and jobs


def switch_transition(call: Call, *, enabled: bool) -> None:
    """EnableStageTransition and DisableStageTransition; Outbound means the way into the next stage."""
    pipeline = _store(call).pipeline(call.parameters["pipelineName"])
    with pipeline.changed:
        name = definition.stage_named(pipeline.definition, call.parameters["stageName"])["name"]
        names = [stage["name"] for stage in pipeline.definition["stages"]]
        if call.parameters["transitionType"] == "Outbound":
            if name == names[-1]:
                raise ApiError("ValidationException", f"Stage {name} has no outbound transition")
            name = names[names.index(name) + 1]
        state = pipeline.stages[name]
        state.enabled, state.changed_at, state.changed_by = enabled, now(), call.caller.arn
        state.disabled_reason = None if enabled else call.parameters["reason"]
        pipeline.changed.notify_all()


def put_job_success(call: Call) -> None:
    """PutJobSuccessResult."""
    variables = call.get("outputVariables", {})
    if sum(len(key.encode()) + len(value.encode()) for key, value in variables.items()) > 122_880:
        raise ApiError("OutputVariablesSizeExceededException", "The output variables exceed 122880 bytes")
    _put_job(call, "Succeeded")


def put_job_failure(call: Call) -> None:
    """PutJobFailureResult."""
    _put_job(call, "Failed")


def _put_job(call: Call, status: str) -> None:
    pipeline, run = _store(call).job(call.parameters["jobId"])
    with pipeline.changed:
        if run.status != "InProgress" or run.answer is not None:
            raise ApiError("InvalidJobStateException", f"The job is in the state {run.status}")
        run.answer = call.parameters | {"status": status}
        pipeline.changed.notify_all()
