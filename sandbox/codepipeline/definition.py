"""What a pipeline declaration must be: the defaults that AWS fills in and the structures that it refuses. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from sandbox.codepipeline.variables import references
from sandbox.operations import ApiError

Declaration = Mapping[str, Any]

# provider -> (required configuration, optional configuration, input artifacts, output artifacts)
_KNOWN: dict[tuple[str, str], tuple[set[str], set[str], range, range]] = {
    ("Source", "S3"): (
        {"S3Bucket", "S3ObjectKey"},
        {"PollForSourceChanges", "AllowOverrideForS3ObjectKey"},
        range(1),
        range(1, 2),
    ),
    ("Build", "CodeBuild"): (
        {"ProjectName"},
        {"PrimarySource", "BatchEnabled", "CombineArtifacts", "EnvironmentVariables"},
        range(1, 6),
        range(6),
    ),
    ("Approval", "Manual"): (
        set(),
        {"NotificationArn", "CustomData", "ExternalEntityLink", "ApproverIamUser"},
        range(1),
        range(1),
    ),
    ("Invoke", "Lambda"): ({"FunctionName"}, {"UserParameters"}, range(6), range(6)),
}
_KNOWN[("Test", "CodeBuild")] = _KNOWN[("Build", "CodeBuild")]


def structure_error(message: str) -> ApiError:
    """The error of a declaration whose pieces do not fit together."""
    return ApiError("InvalidStructureException", message)


def action_error(message: str) -> ApiError:
    """The error of an action that is declared wrongly."""
    return ApiError("InvalidActionDeclarationException", message)


def completed(pipeline: Declaration, version: int) -> dict[str, Any]:
    """The declaration as GetPipeline returns it: with defaults, its version, and every given field as given."""
    result = copy.deepcopy(dict(pipeline))
    result["version"] = version
    result.setdefault("pipelineType", "V1")
    result.setdefault("executionMode", "SUPERSEDED")
    for stage in result["stages"]:
        for action in stage["actions"]:
            action.setdefault("runOrder", 1)
            action.setdefault("configuration", {})
            action.setdefault("inputArtifacts", [])
            action.setdefault("outputArtifacts", [])
    return result


def stage_named(pipeline: Declaration, name: str) -> dict[str, Any]:
    """A stage of a pipeline by name.

    Raises:
        ApiError: StageNotFoundException.
    """
    for stage in pipeline["stages"]:
        if stage["name"] == name:
            return dict(stage)
    raise ApiError("StageNotFoundException", f"Stage {name} does not exist in pipeline {pipeline['name']}")


def source_actions(pipeline: Declaration) -> list[dict[str, Any]]:
    """The actions of the first stage."""
    return list(pipeline["stages"][0]["actions"])


def check(pipeline: Declaration) -> None:
    """Hold a completed declaration against CodePipeline's rules.

    Raises:
        ApiError: InvalidStructureException, InvalidStageDeclarationException, InvalidActionDeclarationException.
    """
    stages = pipeline["stages"]
    if len(stages) < 2:
        raise structure_error(
            f"Pipeline has only {len(stages)} stage(s). There should be a minimum of 2 stages in a pipeline"
        )
    _check_type(pipeline)
    if bool(pipeline.get("artifactStore")) == bool(pipeline.get("artifactStores")):
        raise structure_error("Pipeline should have exactly one of artifactStore and artifactStores")
    _check_unique([stage["name"] for stage in stages], "Stage names must be unique within a pipeline")
    for index, stage in enumerate(stages):
        _check_stage(stage, is_first=index == 0)
    _check_artifacts(stages)
    _check_references(pipeline)


def _check_type(pipeline: Declaration) -> None:
    if pipeline["pipelineType"] == "V2":
        _check_unique([item["name"] for item in pipeline.get("variables", [])], "Variable names must be unique")
        return
    for key, text in (("variables", "Pipeline variables"), ("triggers", "Triggers")):
        if pipeline.get(key):
            raise structure_error(f"{text} can only be used with V2 pipelines")
    if pipeline["executionMode"] != "SUPERSEDED":
        raise structure_error(f"Execution mode {pipeline['executionMode']} can only be used with V2 pipelines")
    if any(stage.get(when) for stage in pipeline["stages"] for when in ("beforeEntry", "onSuccess", "onFailure")):
        raise structure_error("Stage conditions can only be used with V2 pipelines")


def _check_unique(names: list[str], message: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise structure_error(f"{message}: {', '.join(twice)} is used more than once")


def _check_stage(stage: Declaration, *, is_first: bool) -> None:
    actions = stage["actions"]
    if not 1 <= len(actions) <= 50:
        raise ApiError("InvalidStageDeclarationException", f"Stage {stage['name']} must have from 1 to 50 actions")
    _check_unique([action["name"] for action in actions], f"Action names must be unique in {stage['name']}")
    for action in actions:
        category = action["actionTypeId"]["category"]
        if is_first and category != "Source":
            raise structure_error(
                f"Pipeline should start with a stage that only contains source actions; {action['name']} is none"
            )
        if not is_first and category == "Source":
            raise structure_error(f"Source action {action['name']} is only allowed in the first stage")
        _check_action(action)
    for when, allowed in (
        ("beforeEntry", ("FAIL", "SKIP")),
        ("onSuccess", ("FAIL", "ROLLBACK")),
        ("onFailure", ("FAIL", "ROLLBACK", "RETRY")),
    ):
        declared = stage.get(when) or {}
        for result in [declared.get("result")] + [one.get("result") for one in declared.get("conditions", [])]:
            if result is not None and result not in allowed:
                raise ApiError(
                    "InvalidStageDeclarationException",
                    f"Stage {stage['name']}: {when} conditions cannot have the result {result}",
                )


def _check_action(action: Declaration) -> None:
    name, kind, configuration = action["name"], action["actionTypeId"], action["configuration"]
    known = _KNOWN.get((kind["category"], kind["provider"])) if kind["owner"] == "AWS" else None
    if known is None:
        return
    required, optional, inputs, outputs = known
    for key in sorted(required - set(configuration)):
        raise action_error(f"Action configuration for action '{name}' is missing required configuration '{key}'")
    for key in sorted(set(configuration) - required - optional):
        raise action_error(f"Action configuration for action '{name}' contains unknown configuration '{key}'")
    for artifacts, allowed, text in (
        (action["inputArtifacts"], inputs, "input"),
        (action["outputArtifacts"], outputs, "output"),
    ):
        if len(artifacts) not in allowed:
            raise action_error(
                f"Action '{name}' has an invalid number of {text} artifacts: {len(artifacts)};"
                f" provider {kind['provider']} takes from {allowed.start} to {allowed.stop - 1}"
            )
    names = [item["name"] for item in action["inputArtifacts"]]
    if kind["provider"] == "CodeBuild" and len(names) > 1 and configuration.get("PrimarySource") not in names:
        raise action_error(
            f"Action configuration for action '{name}': PrimarySource must name one of its input artifacts"
        )
    if action.get("timeoutInMinutes") is not None and kind["category"] != "Approval":
        raise action_error(f"Action '{name}': timeoutInMinutes can only be used with approval actions")


def _check_artifacts(stages: list[dict[str, Any]]) -> None:
    produced: dict[str, tuple[int, int]] = {}
    for index, stage in enumerate(stages):
        for action in stage["actions"]:
            for artifact in action["outputArtifacts"]:
                if artifact["name"] in produced:
                    raise structure_error(f"Output Artifact Bundle name must be unique: {artifact['name']}")
                produced[artifact["name"]] = (index, action["runOrder"])
    for index, stage in enumerate(stages):
        for action in stage["actions"]:
            for artifact in action["inputArtifacts"]:
                if produced.get(artifact["name"], (index, action["runOrder"])) >= (index, action["runOrder"]):
                    raise structure_error(
                        f"Input Artifact Bundle {artifact['name']} in action {action['name']} is not declared as"
                        " Output Artifact in any of the preceding actions or is declared in a later action"
                    )


def _check_references(pipeline: Declaration) -> None:
    places: dict[str, tuple[int, int]] = {"codepipeline": (-1, 0), "variables": (-1, 0)}
    declared = {item["name"] for item in pipeline.get("variables", [])}
    for index, stage in enumerate(pipeline["stages"]):
        for action in stage["actions"]:
            namespace = action.get("namespace")
            if namespace in places:
                raise structure_error(f"Namespace {namespace} must be unique within a pipeline")
            if namespace:
                places[namespace] = (index, action["runOrder"])
    for index, stage in enumerate(pipeline["stages"]):
        for action in stage["actions"]:
            for key, value in action["configuration"].items():
                for namespace, name in references(value):
                    where = (
                        f"\nStageName=[{stage['name']}], ActionName=[{action['name']}],"
                        f" ActionConfigurationKey=[{key}], VariableReferenceText=[{namespace}.{name}]"
                    )
                    if namespace not in places or (namespace == "variables" and not declared):
                        raise action_error(
                            "Valid format for a pipeline execution variable reference is a namespace and a key"
                            " separated by a period (.). The following pipeline execution variables are"
                            f" referencing a namespace that does not exist.{where}"
                        )
                    if namespace == "variables" and action["actionTypeId"]["category"] == "Source":
                        raise structure_error(
                            f"Variables at the pipeline level cannot be used in source actions.{where}"
                        )
                    if namespace == "variables" and name not in declared:
                        raise structure_error(f"The pipeline does not declare this variable.{where}")
                    if places[namespace] >= (index, action["runOrder"]):
                        raise action_error(
                            f"The variable is produced by an action that does not run before this one.{where}"
                        )
