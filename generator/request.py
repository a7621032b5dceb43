"""From a config to a request, and from a request to what each stage gets. Pure.

validate(config, platform, registry)   every problem at once, or a Request
resolve(request, platform)             one StagePlan per stage: Terraform variables, and what they refer to
judge(loaded, platform, registry)      the requests of a text, and every problem of the text and of them
validate_files(files, platform, ...)   the report of ``mlops validate --json``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from . import names
from .blueprint import ORCHESTRATOR_STAGE, PipelineType, Reference, Registry, StageContext
from .contract.check import Context, check_config
from .contract.kinds import show, type_name
from .load import Document, Loaded
from .platform import Platform, Stage
from .problems import Problem, closest, listed

PIPELINE_NAME_KEY = "pipeline_name"
# Types of the AWS solution's first versions, and what became of them.
EARLIER_TYPES: Mapping[str, str] = {
    "byom": 'use "byom_realtime_builtin", "byom_realtime_custom", "byom_batch_builtin" or "byom_batch_custom"',
    "byom_model_monitor": 'use "byom_data_quality_monitor"; training_data is now baseline_data, and '
    "max_runtime_seconds is monitor_max_runtime_seconds",
}
_TYPE_KEY = "pipeline_type"
_BY_A_LETTER = 0.93
_BY_TWO_LETTERS = 0.85

__all__ = ["Reference", "Request", "StagePlan", "is_operation", "judge", "resolve", "validate", "validate_files"]


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
    pipeline_type, key, problem = _pipeline_type(config, registry)
    if pipeline_type is None:
        return None, [problem] if problem else []
    context = Context(platform)
    rest = {name: value for name, value in config.items() if name != key}
    values, staged, report = check_config(pipeline_type, rest, context)
    if problem or report.problems:
        return None, [*([problem] if problem else []), *report.problems]
    name = values.get(PIPELINE_NAME_KEY) or names.pipeline_name(pipeline_type.suffix, values[pipeline_type.label])
    if name in names.RESERVED_PIPELINE_NAMES:
        message = f"{show(name)} is a reserved name"
        return None, [Problem("bad-name", PIPELINE_NAME_KEY, message, "choose another name")]
    return Request(pipeline_type, name, {"pipeline_type": pipeline_type.name, **values}, staged), []


def _pipeline_type(
    config: Mapping[str, Any], registry: Registry
) -> tuple[PipelineType | None, str, Problem | None]:
    """Return the type that a config asks for, the key that says so, and what is wrong with either.

    A type that is misspelt by a letter is returned too, so that the problems of the rest can be told with it.
    """
    key, misspelt = _TYPE_KEY, None
    if key not in config:
        near = closest(key, [name for name in config if isinstance(name, str)], alike=_BY_TWO_LETTERS)
        if near is None:
            advice = f"add it: one of {listed(registry.names, 20)}"
            message = "is required and missing; it says which pipeline to provision"
            return None, key, Problem("missing-key", key, message, advice)
        message = f'is not a known key; "{key}" is required and missing'
        key, misspelt = near, Problem("unknown-key", near, message, f'did you mean "{key}"?')
    given = config[key]
    if isinstance(given, str):
        found = registry.get(given) or registry.get(given.strip().lower())
        if found is not None:
            return found, key, misspelt
    if misspelt is not None:
        return None, key, misspelt
    if given is None or given == "":
        advice = f"use one of {listed(registry.names, 20)}"
        return None, key, Problem("empty-value", key, "is empty", advice)
    if not isinstance(given, str):
        return None, key, Problem("wrong-type", key, f"must be text, but is {type_name(given)}: {show(given)}")
    return _unknown_type(given, key, registry)


def _unknown_type(given: str, key: str, registry: Registry) -> tuple[PipelineType | None, str, Problem]:
    word = given.strip().lower()
    if word in _model_cards().OPERATIONS:
        message = f"{show(given)} is a model-card operation: it is answered at once and provisions no pipeline"
        advice = "send it with `mlops submit`, or POST it to /provisionpipeline"
        return None, key, Problem("model-card-operation", key, message, advice)
    message = f"{show(given)} is not a pipeline type"
    if word in EARLIER_TYPES:
        return None, key, Problem("unknown-pipeline-type", key, message, EARLIER_TYPES[word])
    meant = closest(word, (*registry.names, *_model_cards().OPERATIONS))
    advice = f'did you mean "{meant}"?' if meant else f"use one of {listed(registry.names, 20)}"
    by_a_letter = meant is not None and closest(word, [meant], alike=_BY_A_LETTER)
    found = registry.get(meant) if meant and by_a_letter else None
    return found, key, Problem("unknown-pipeline-type", key, message, advice)


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


def judge(
    loaded: Loaded, platform: Platform, registry: Registry, *, operations: bool = False
) -> tuple[list[tuple[Document, Request]], list[Problem]]:
    """Return the requests of a text, and every problem of the text and of what it holds, in the text's order.

    Args:
        loaded: The text's documents.
        platform: The platform.
        registry: Its pipeline types.
        operations: Whether model-card operations are judged too (and make no request); else they are refused.
    """
    requests = []
    found: list[Problem] = []
    for document in loaded.documents:
        if operations and is_operation(document.value):
            problems = _model_cards().validate_operation(document.value)[1]
        else:
            request, problems = validate(document.value, platform, registry)
            if request is not None:
                requests.append((document, request))
        found += [document.place(problem) for problem in problems]
    problems = [*loaded.problems, *_not_told_yet(found, loaded.problems)]
    return requests, sorted(problems, key=lambda problem: (problem.line, problem.column))


def _not_told_yet(found: list[Problem], of_text: list[Problem]) -> list[Problem]:
    """Return the problems that are not merely what a control character in the text made of a value. Pure."""
    told = [problem.key for problem in of_text if problem.code == "control-character"]
    return [problem for problem in found if not any(_is_within(key, problem.key) for key in told)] if told else found


def _is_within(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


def is_operation(config: object) -> bool:
    """Tell whether a config is a model-card operation, which provisions no pipeline."""
    kind = config.get("pipeline_type") if isinstance(config, Mapping) else None
    return isinstance(kind, str) and kind.strip().lower() in _model_cards().OPERATIONS


def _model_cards() -> ModuleType:
    from . import model_cards

    return model_cards


def validate_files(files: Iterable[tuple[str, bytes]], platform: Platform, registry: Registry) -> dict[str, Any]:
    """Return the report of ``mlops validate --json`` on files given as (name, content)."""
    from .load import load_text

    reports = []
    for name, data in files:
        loaded = load_text(data, name=name)
        problems = judge(loaded, platform, registry, operations=True)[1]
        reports.append(
            {
                "file": name,
                "requests": len(loaded.documents),
                "problems": [problem.to_json() for problem in problems],
            }
        )
    return {"ok": not any(report["problems"] for report in reports), "files": reports}
