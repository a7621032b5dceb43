"""Training: model_training_builtin runs one training job on an image of AWS, in the orchestrator account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..blueprint import PipelineType, StageContext
from ..contract.field import Field
from . import keys, training_keys
from .job_keys import job_name

FIELDS = (
    keys.MODEL_NAME,
    job_name(63, "a training job"),
    *training_keys.FIELDS_OF_BOTH,
    Field(
        "metric_definitions",
        training_keys.METRIC_DEFINITIONS_KIND,
        "Metrics that are read from the log.",
        example={"validation:auc": "auc=([0-9.]+)"},
        ours=True,
    ),
    *training_keys.OUR_FIELDS,
)


def variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of modules/pipelines/training. Pure."""
    found = training_keys.training_variables(config, context)
    if "metric_definitions" in config:
        found["algorithm"]["metric_definitions"] = training_keys.metric_definitions(config["metric_definitions"])
    return found


TYPES = {
    "model_training_builtin": PipelineType(
        name="model_training_builtin",
        suffix="training-builtin",
        blueprint="training",
        summary="Trains a model with an image of AWS, in the orchestrator account.",
        fields=FIELDS,
        rules=training_keys.RULES_OF_BOTH,
        variables=variables,
        references=training_keys.training_references,
        runs_in="orchestrator",
    )
}
