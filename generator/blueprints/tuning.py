"""Tuning: model_tuner_builtin searches hyperparameters with an image of AWS, in the orchestrator account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..blueprint import PipelineType, StageContext
from ..contract.check import Rule, View
from ..contract.composite import Items, Mapped, OneOf, Record
from ..contract.field import Field
from ..contract.kinds import Choice, Flag, Number, Text, Whole
from ..contract.scalars import sagemaker_name
from ..platform import TAGS
from . import keys, training_keys
from .job_keys import job_name
from .tuning_ranges import RANGES, TUNABLE

_STRATEGIES = ("Bayesian", "Random", "Hyperband", "Grid")
_TAG = Record(
    (
        Field("Key", TAGS.key, "Tag key.", required=True, example="team"),
        Field("Value", TAGS.value, "Tag value.", example="growth"),
    ),
    expects="an object with Key and Value",
)
TUNER = Record(
    (
        Field(
            "objective_metric_name",
            Text("the name of a metric", longest=255),
            "Metric to optimise.",
            required=True,
            example="validation:auc",
        ),
        Field("objective_type", Choice("Maximize", "Minimize"), "Direction.", default="Maximize"),
        Field("strategy", Choice(*_STRATEGIES), "How the search goes on.", default="Bayesian"),
        Field("max_jobs", Whole(1, 750), "Training jobs in all.", default=1, example=10),
        Field("max_parallel_jobs", Whole(1, 100), "Training jobs at a time.", default=1, example=2),
        Field("max_runtime_in_seconds", Whole(120, 15768000, "seconds"), "Longest search."),
        Field("early_stopping_type", Choice("Off", "Auto"), "Whether hopeless jobs are stopped.", default="Off"),
        Field("metric_definitions", training_keys.METRIC_DEFINITIONS_KIND, "Metrics that are read from the log."),
        Field("random_seed", Whole(0, 2**31 - 1), "Seed of the search."),
        Field("base_tuning_job_name", sagemaker_name("a job name", 32), "Used when job_name is not given."),
        Field("estimator_name", sagemaker_name("a definition name", 64), "Name of the training job definition."),
        Field(
            "tags",
            OneOf("an object of tags, or a list of Key and Value", object=TAGS, list=Items(_TAG, most=40)),
            "Tags of the jobs.",
        ),
        Field("autotune", Flag(), "Let SageMaker choose ranges for the fixed hyperparameters.", default=False),
        Field(
            "hyperparameters_to_keep_static",
            Items(Text("the name of a hyperparameter", longest=256), most=100, unique=True),
            "Fixed hyperparameters that autotune leaves alone.",
        ),
        Field(
            "hyperband",
            Record(
                (
                    Field("min_resource", Whole(1), "Least epochs or steps.", required=True, example=1),
                    Field("max_resource", Whole(1), "Most epochs or steps.", required=True, example=30),
                ),
                expects="an object with min_resource and max_resource",
            ),
            "Resources of strategy Hyperband.",
        ),
        Field("target_value", Number(), "Value of the metric that ends the search."),
        Field("max_jobs_unimproved", Whole(3), "Jobs without improvement that end the search."),
        Field("stop_on_convergence", Flag(), "Whether the search ends when it no longer improves.", default=False),
    ),
    text=True,
    expects="an object with objective_metric_name",
)
FIELDS = (
    keys.MODEL_NAME,
    job_name(32, "a tuning job"),
    *training_keys.FIELDS_OF_BOTH,
    Field(
        "tuner_configs",
        TUNER,
        "The search: metric, strategy, number of jobs.",
        required=True,
        aliases=("tuner_config",),
        example={"objective_metric_name": "validation:auc", "max_jobs": 10, "max_parallel_jobs": 2},
    ),
    Field(
        "hyperparamaters_ranges",
        Mapped(
            Text("the name of a hyperparameter", longest=256),
            RANGES,
            fewest=1,
            most=30,
            text=True,
            expects="an object of hyperparameters and their ranges",
        ),
        "The search space: hyperparameter to [kind, values].",
        required=True,
        aliases=("hyperparameters_ranges", "hyperparameter_ranges"),
        example={
            "eta": ["continuous", [0.1, 0.5]],
            "max_depth": ["integer", [1, 15]],
            "booster": ["categorical", ["gbtree", "dart"]],
        },
    ),
    *training_keys.OUR_FIELDS,
)


def _check_search(view: View) -> None:
    tuner = view.get("tuner_configs")
    strategy = tuner.get("strategy", "Bayesian")

    def refuse(key: str, code: str, message: str, fix: str) -> None:
        view.report.add_at(f"tuner_configs.{key}", code, message, fix)

    most, parallel = tuner.get("max_jobs"), tuner.get("max_parallel_jobs", 1)
    if strategy != "Grid" and parallel > (most or 1):
        refuse(
            "max_parallel_jobs",
            "min-above-max",
            f"is {parallel}, above max_jobs, which is {most or '1, its default'}",
            "raise max_jobs or lower max_parallel_jobs",
        )
    if strategy == "Hyperband" and tuner.get("early_stopping_type") == "Auto":
        refuse("early_stopping_type", "cannot-combine", "is Auto, but Hyperband stops jobs by itself", "use Off")
    hyperband = tuner.get("hyperband")
    if hyperband and strategy != "Hyperband":
        refuse("hyperband", "cannot-combine", f"belongs to strategy Hyperband, but that is {strategy}", "remove it")
    if hyperband and hyperband["min_resource"] >= hyperband["max_resource"]:
        refuse("hyperband.min_resource", "min-above-max", "is not below max_resource", "lower it")
    if tuner.get("hyperparameters_to_keep_static") and not tuner.get("autotune"):
        refuse(
            "hyperparameters_to_keep_static", "cannot-combine", "has no effect without autotune", "add autotune: true"
        )


def _check_grid(view: View) -> None:
    if view.get("tuner_configs").get("strategy") != "Grid":
        return
    for name, (kind, *_) in view.get("hyperparamaters_ranges").items():
        if kind != "categorical":
            view.report.add_at(
                f"hyperparamaters_ranges.{name}",
                "cannot-combine",
                f"is {kind}, but strategy Grid searches categorical ranges only",
                'list the values: ["categorical", [...]], or use another strategy',
            )


def _check_kinds(view: View) -> None:
    known = TUNABLE.get(view.get("model_framework", ""))
    if known is None:
        return
    for name, (kind, *_) in view.get("hyperparamaters_ranges").items():
        right = known.get(name, kind)
        if kind != right and not (kind == "categorical" and view.get("tuner_configs", {}).get("strategy") == "Grid"):
            view.report.add_at(
                f"hyperparamaters_ranges.{name}",
                "wrong-range-kind",
                f"is {kind}, but {name} of {view.get('model_framework')} is {right}",
                f'write ["{right}", ...]',
            )


RULES = (
    *training_keys.RULES_OF_BOTH,
    Rule(
        ("tuner_configs",),
        "Parallel jobs, strategy and its settings fit together.",
        ("min-above-max", "cannot-combine"),
        _check_search,
    ),
    Rule(
        ("hyperparamaters_ranges", "tuner_configs"),
        "Strategy Grid searches categorical ranges only.",
        ("cannot-combine",),
        _check_grid,
    ),
    Rule(
        ("hyperparamaters_ranges", "model_framework"),
        "A range is of the kind that the algorithm's hyperparameter has.",
        ("wrong-range-kind",),
        _check_kinds,
    ),
)


def variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of modules/pipelines/tuning. Pure."""
    found = training_keys.training_variables(config, context)
    tuner = config["tuner_configs"]
    if "metric_definitions" in tuner:
        found["algorithm"]["metric_definitions"] = training_keys.metric_definitions(tuner["metric_definitions"])
    found["job_name"] = config.get("job_name", tuner.get("base_tuning_job_name"))
    ranges = _ranges(config["hyperparamaters_ranges"])
    found["ranges"] = ranges
    search: dict[str, Any] = {
        "objective_metric": tuner["objective_metric_name"],
        "objective_type": tuner.get("objective_type", "Maximize"),
        "strategy": tuner.get("strategy", "Bayesian"),
        "max_parallel_jobs": tuner.get("max_parallel_jobs", 1),
        "early_stopping": tuner.get("early_stopping_type", "Off"),
    }
    most = tuner.get("max_jobs", None if search["strategy"] == "Grid" else 1)
    if most is not None:
        search["max_jobs"] = most
    for key, name in (
        ("max_runtime_in_seconds", "max_runtime_seconds"),
        ("random_seed", "random_seed"),
        ("estimator_name", "definition_name"),
        ("hyperband", "hyperband"),
        ("target_value", "target_value"),
        ("max_jobs_unimproved", "max_jobs_unimproved"),
        ("stop_on_convergence", "stop_on_convergence"),
    ):
        if key in tuner:
            search[name] = tuner[key]
    if tuner.get("autotune"):
        kept = {*tuner.get("hyperparameters_to_keep_static", ()), *config["hyperparamaters_ranges"]}
        static = found["algorithm"]["hyperparameters"]
        search["autotune"] = True
        search["auto_parameters"] = {name: value for name, value in static.items() if name not in kept}
    found["tuning"] = search
    tags = tuner.get("tags", {})
    own = tags if isinstance(tags, dict) else {tag["Key"]: tag.get("Value", "") for tag in tags}
    found["tags"] = {**own, **found["tags"]}
    return found


def _ranges(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {"continuous": {}, "integer": {}, "categorical": {}}
    for name, (kind, values) in given.items():
        if kind == "categorical":
            found[kind][name] = [training_keys.hyperparameter_text(value) for value in values]
        else:
            least, greatest, *scaling = values
            found[kind][name] = {"min": least, "max": greatest, "scaling": scaling[0] if scaling else "Auto"}
    return found


TYPES = {
    "model_tuner_builtin": PipelineType(
        name="model_tuner_builtin",
        suffix="tuner-builtin",
        blueprint="tuning",
        summary="Searches the best hyperparameters of a model with an image of AWS, in the orchestrator account.",
        fields=FIELDS,
        rules=RULES,
        variables=variables,
        references=training_keys.training_references,
        runs_in="orchestrator",
    )
}
