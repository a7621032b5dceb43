"""Autopilot: model_autopilot_training lets SageMaker find a model for a table, in the orchestrator account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..blueprint import PipelineType, Reference, StageContext
from ..contract.check import Rule, View
from ..contract.composite import Items
from ..contract.field import Field
from ..contract.kinds import Choice, Flag, Number, Text, Whole
from ..contract.s3 import S3Key
from ..problems import listed
from . import job_keys, keys, mapping, rules, training_keys

DEFAULT_TOTAL = 2592000
# Metrics of tabular problems, by problem type (API reference, AutoMLJobObjective).
OBJECTIVES = {
    "Regression": ("MAE", "MSE", "R2", "RMSE"),
    "BinaryClassification": ("Accuracy", "AUC", "BalancedAccuracy", "F1", "Precision", "Recall"),
    "MulticlassClassification": ("Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"),
}
_ALGORITHMS = (
    "xgboost",
    "linear-learner",
    "mlp",
    "lightgbm",
    "catboost",
    "randomforest",
    "extra-trees",
    "nn-torch",
    "fastai",
)

FIELDS = (
    keys.MODEL_NAME,
    job_keys.job_name(32, "an Autopilot job"),
    training_keys.TRAINING_DATA,
    Field(
        "target_attribute",
        Text("the name of a column", longest=128, numbers=True),
        "Column to predict.",
        required=True,
        example="churned",
    ),
    training_keys.JOB_OUTPUT,
    Field("problem_type", Choice(*OBJECTIVES), "Kind of problem.", default_text="found by Autopilot"),
    Field(
        "job_objective",
        Choice(*sorted({metric for metrics in OBJECTIVES.values() for metric in metrics})),
        "Metric to optimise.",
        default_text="found by Autopilot",
        example="AUC",
    ),
    Field("compression_type", Choice("Gzip", "None"), "Compression of the data."),
    Field("job_max_candidates", Whole(1, 750), "Number of candidates.", default=10, aliases=("max_candidates",)),
    training_keys.ENCRYPT_TRAFFIC,
    training_keys.MAX_RUNTIME,
    Field(
        "total_max_runtime", Whole(3600, DEFAULT_TOTAL, "seconds"), "Longest run of the whole.", default=DEFAULT_TOTAL
    ),
    Field(
        "generate_definition_only",
        Flag(),
        "Whether to stop after the candidates' definitions.",
        default=False,
        aliases=("generate_definitions_only",),
    ),
    keys.KMS_KEY,
    keys.PIPELINE_NAME,
    Field(
        "validation_data",
        S3Key("the key or prefix of the validation data"),
        "Key or prefix, inside the assets bucket, of validation data.",
        ours=True,
    ),
    Field(
        "validation_fraction",
        Number(None, 0.99, above=0),
        "Share of the training data that is held back for validation.",
        ours=True,
    ),
    Field(
        "content_type",
        Text("a content type", longest=256),
        "Content type of the data.",
        default_text="text/csv;header=present",
        ours=True,
    ),
    Field(
        "sample_weight_attribute",
        Text("the name of a column", r"[A-Za-z0-9_-]{1,256}"),
        "Column of weights.",
        ours=True,
    ),
    Field(
        "mode",
        Choice("AUTO", "ENSEMBLING", "HYPERPARAMETER_TUNING"),
        "How candidates are trained.",
        default_text="SageMaker's choice",
        ours=True,
    ),
    Field(
        "algorithms",
        Items(Choice(*_ALGORITHMS), fewest=1, most=len(_ALGORITHMS), unique=True),
        "Algorithms to try.",
        default_text="all of the mode's",
        ours=True,
    ),
    job_keys.SCHEDULE,
    job_keys.REGISTER_MODEL,
    keys.VPC_FIELD,
    job_keys.DATA_KMS_KEYS,
    keys.TAGS_FIELD,
)


def _check_objective(view: View) -> None:
    problem, objective = view.get("problem_type"), view.get("job_objective")
    if (problem is None) != (objective is None):
        missing, given = ("job_objective", "problem_type") if objective is None else ("problem_type", "job_objective")
        example = OBJECTIVES[problem][0] if problem else next(t for t, m in OBJECTIVES.items() if objective in m)
        view.report.add_at(
            missing,
            "needs-key",
            f"is missing: SageMaker takes it and {given} together or not at all",
            f'add it, for example "{missing}": "{example}", or remove {given}',
        )
    elif problem is not None and objective not in OBJECTIVES[problem]:
        view.report.add_at(
            "job_objective",
            "objective-does-not-fit",
            f"is {objective}, which is no metric of {problem}",
            f"use one of {listed(OBJECTIVES[problem])}",
        )


def _check_runtime(view: View) -> None:
    one = view.get("max_runtime_per_job")
    total = view.get("total_max_runtime", DEFAULT_TOTAL)
    if one is not None and one > total:
        view.report.add_at(
            "max_runtime_per_job",
            "min-above-max",
            f"is {one}, longer than the whole may take ({total})",
            "lower it, or raise total_max_runtime",
        )


def _check_definitions_only(view: View) -> None:
    if not view.get("generate_definition_only"):
        return
    if view.get("register_model", False) is not False:
        view.report.add_at(
            "register_model",
            "cannot-combine",
            "needs a model, but generate_definition_only makes none",
            "remove one of them",
        )
    if view.get("mode") == "ENSEMBLING":
        view.report.add_at(
            "mode", "cannot-combine", "is ENSEMBLING, which has no candidate definitions", "use HYPERPARAMETER_TUNING"
        )


def _check_validation(view: View) -> None:
    if "validation_data" in view.values:
        view.report.add_at(
            "validation_fraction", "cannot-combine", "cannot be combined with validation_data", "remove one of them"
        )


RULES = (
    rules.KMS_RULE,
    job_keys.REGISTRATION_RULE,
    Rule(
        ("problem_type", "job_objective"),
        "Problem type and objective are given together, and fit.",
        ("needs-key", "objective-does-not-fit"),
        _check_objective,
        always=True,
    ),
    Rule(
        ("max_runtime_per_job", "total_max_runtime"),
        "One job takes no longer than the whole.",
        ("min-above-max",),
        _check_runtime,
    ),
    Rule(
        ("generate_definition_only", "register_model", "mode"),
        "Definitions alone make no model to register.",
        ("cannot-combine",),
        _check_definitions_only,
    ),
    Rule(
        ("validation_fraction", "validation_data"),
        "Validation data is given or held back, not both.",
        ("cannot-combine",),
        _check_validation,
    ),
)


def variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of modules/pipelines/autopilot. Pure."""
    total = config.get("total_max_runtime", DEFAULT_TOTAL)
    validation = config.get("validation_data")
    data = {
        "s3_uri": mapping.assets_uri(context, config["training_data"]),
        "target_attribute": config["target_attribute"],
        **mapping.renamed(
            config,
            compression_type="compression",
            content_type="content_type",
            sample_weight_attribute="sample_weight_attribute",
            validation_fraction="validation_fraction",
        ),
    }
    if validation:
        data["validation_s3_uri"] = mapping.assets_uri(context, validation)
    return {
        **job_keys.job_variables(config, context),
        "data": data,
        "job": {
            "max_candidates": config.get("job_max_candidates", 10),
            "max_runtime_per_job_seconds": config.get("max_runtime_per_job", min(training_keys.DEFAULT_RUNTIME, total)),
            "max_total_runtime_seconds": total,
            "definitions_only": config.get("generate_definition_only", False),
            "encrypt_between_instances": config.get("encrypt_inner_traffic", True),
            **mapping.optional(config, "mode", "algorithms"),
        },
        "job_name": config.get("job_name"),
        "kms_key_arn": config.get("kms_key_arn"),
        "output_s3_uri": mapping.assets_uri(context, config["job_output_location"]),
        "problem": {"type": config["problem_type"], "objective": config["job_objective"]}
        if "problem_type" in config
        else None,
        "registration": job_keys.registration_variable(config, context),
        "tags": {"model_name": config["model_name"], **config.get("tags", {})},
    }


def references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what an Autopilot config points to. Pure."""
    return training_keys.training_references(config, context)


TYPES = {
    "model_autopilot_training": PipelineType(
        name="model_autopilot_training",
        suffix="autopilot-training",
        blueprint="autopilot",
        summary="Lets SageMaker Autopilot find and train a model for a table, in the orchestrator account.",
        fields=FIELDS,
        rules=RULES,
        variables=variables,
        references=references,
        runs_in="orchestrator",
    )
}
