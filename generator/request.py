"""From a config to a request, and from a request to what each stage gets. Pure.

validate(config, platform, registry)   every problem at once, or a Request
resolve(request, platform)             one StagePlan per stage: Terraform variables, and what they refer to
validate_files(files, platform, ...)   the report of ``mlops validate --json``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import names
from .blueprint import ORCHESTRATOR_STAGE, PipelineType, Reference, Registry, StageContext
from .contract.check import Context, check_config
from .contract.kinds import show, type_name
from .platform import Platform, Stage
from .problems import Problem, closest, listed

PIPELINE_NAME_KEY = "pipeline_name"

__all__ = ["Reference", "Request", "StagePlan", "resolve", "validate", "validate_files"]


@dataclass(frozen=True, slots=True)
class Request:
    """A valid request for one pipeline.

    Attributes:
        pipeline_type: Its type.
        pipeline: Its name, stable across re-submits.
        config: The config's normal form: our key names, JSON types, keys in the type's order; absent keys and
            defaults are left out, so that equal requests are equal whatever their spelling.
        staged: The keys whose value is an object of stage name to value.
    """

    pipeline_type: PipelineType
    pipeline: str
    config: dict[str, Any]
    staged: frozenset[str]


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What one stage of a request gets.

    Attributes:
        stage: The stage.
        config: The request's config with this stage's values.
        variables: Terraform variables of the type's module, as JSON values.
        references: What the variables point to outside of the workspace.
    """

    stage: Stage
    config: Mapping[str, Any]
    variables: dict[str, Any]
    references: tuple[Reference, ...]


def validate(config: object, platform: Platform, registry: Registry) -> tuple[Request | None, list[Problem]]:
    """Return the request that a config describes, or None and every problem with it."""
    if not isinstance(config, Mapping):
        message = f"must be an object with a pipeline_type, but is {type_name(config)}: {show(config)}"
        return None, [Problem("not-an-object", "", message)]
    pipeline_type = _pipeline_type(config, registry)
    if isinstance(pipeline_type, Problem):
        return None, [pipeline_type]
    context = Context(platform)
    values, staged, report = check_config(pipeline_type, config, context)
    if report.problems:
        return None, report.problems
    name = values.get(PIPELINE_NAME_KEY) or names.pipeline_name(pipeline_type.suffix, values[pipeline_type.label])
    if name in names.RESERVED_PIPELINE_NAMES:
        message = f"{show(name)} is a reserved name"
        return None, [Problem("bad-name", PIPELINE_NAME_KEY, message, "choose another name")]
    return Request(pipeline_type, name, {"pipeline_type": pipeline_type.name, **values}, staged), []


def _pipeline_type(config: Mapping[str, Any], registry: Registry) -> PipelineType | Problem:
    given = config.get("pipeline_type")
    if isinstance(given, str):
        found = registry.get(given) or registry.get(given.strip().lower())
        if found is not None:
            return found
    if "pipeline_type" not in config:
        near = closest("pipeline_type", [key for key in config if isinstance(key, str)])
        return Problem(
            "missing-key",
            "pipeline_type",
            "is required and missing; it says which pipeline to provision",
            f'did you misspell it as "{near}"?' if near else f"add it: one of {listed(registry.names, 20)}",
        )
    if given is None or given == "":
        return Problem("empty-value", "pipeline_type", "is empty", f"use one of {listed(registry.names, 20)}")
    if not isinstance(given, str):
        return Problem("wrong-type", "pipeline_type", f"must be text, but is {type_name(given)}: {show(given)}")
    from .model_cards import OPERATIONS

    if given.strip().lower() in OPERATIONS:
        return Problem(
            "model-card-operation",
            "pipeline_type",
            f"{show(given)} is a model-card operation: it is answered at once and provisions no pipeline",
            "send it with `mlops submit`, or POST it to /provisionpipeline",
        )
    meant = closest(given.strip(), (*registry.names, *OPERATIONS))
    return Problem(
        "unknown-pipeline-type",
        "pipeline_type",
        f"{show(given)} is not a pipeline type",
        f'did you mean "{meant}"?' if meant else f"use one of {listed(registry.names, 20)}",
    )


def resolve(request: Request, platform: Platform) -> list[StagePlan]:
    """Return what each stage of a request gets, in order."""
    pipeline_type = request.pipeline_type
    if pipeline_type.runs_in == "orchestrator":
        stages: tuple[Stage, ...] = (orchestrator_stage(platform),)
    else:
        stages = platform.stages
    plans = []
    for stage in stages:
        config = request.config
        if request.staged:
            config = {
                key: value
                for key, given in config.items()
                if (value := given[stage.name] if key in request.staged else given) is not None
            }
        name = names.resource_name(platform, stage.name, request.pipeline)
        context = StageContext(platform, stage, request.pipeline, name)
        variables = pipeline_type.variables(config, context)
        variables["name"] = name
        variables["permissions_boundary_arn"] = names.boundary_arn(
            platform.options.permissions_boundary_arn, stage.account_id
        )
        plans.append(StagePlan(stage, config, variables, tuple(pipeline_type.references(config, context))))
    return plans


def orchestrator_stage(platform: Platform) -> Stage:
    """Return the single stage of types that run once, in the orchestrator account."""
    return Stage(ORCHESTRATOR_STAGE, platform.orchestrator_account_id, "none")


def validate_files(files: Iterable[tuple[str, bytes]], platform: Platform, registry: Registry) -> dict[str, Any]:
    """Return the report of ``mlops validate --json`` on files given as (name, content)."""
    from .load import load_text
    from .model_cards import OPERATIONS, validate_operation

    reports = []
    for name, data in files:
        loaded = load_text(data, name=name)
        problems = list(loaded.problems)
        for document in loaded.documents:
            value = document.value
            kind = value.get("pipeline_type") if isinstance(value, Mapping) else None
            if isinstance(kind, str) and kind.strip().lower() in OPERATIONS:
                found = validate_operation(value)[1]
            else:
                found = validate(value, platform, registry)[1]
            problems += [document.place(problem) for problem in found]
        problems.sort(key=lambda problem: (problem.line, problem.column))
        reports.append(
            {
                "file": name,
                "requests": len(loaded.documents),
                "problems": [problem.to_json() for problem in problems],
            }
        )
    return {"ok": not any(report["problems"] for report in reports), "files": reports}
