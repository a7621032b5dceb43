"""The four monitors: data quality, model quality, bias and explainability of an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import images
from ..blueprint import PipelineType, Reference, StageContext
from ..contract.check import Rule
from ..contract.field import Field
from . import mapping
from . import monitor_clarify as clarify
from . import monitor_keys as shared


def _variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables that the four modules share. Pure."""
    found: dict[str, Any] = {
        "account_id": context.stage.account_id,
        "baseline": {
            "dataset_s3_uri": mapping.assets_uri(context, config["baseline_data"]),
            "output_s3_uri": f"s3://{config['baseline_job_output_location']}",
            "max_runtime_seconds": config.get("baseline_max_runtime_seconds"),
        },
        "data_capture_s3_uri": f"s3://{config['data_capture_location']}",
        "endpoint_name": config["endpoint_name"],
        "instances": {
            "type": config["instance_type"],
            "count": config.get("instance_count", 1),
            "volume_size_gb": config["instance_volume_size"],
        },
        "kms_key_arn": config.get("kms_key_arn"),
        "max_runtime_seconds": config["monitor_max_runtime_seconds"],
        "output_s3_uri": f"s3://{config['monitoring_output_location']}",
        "schedule_expression": config["schedule_expression"],
        "tags": {"model_name": config["model_name"], **config.get("tags", {})},
    }
    return found


def _image(context: StageContext, framework: str, version: str, job: str) -> str:
    found = images.find(framework, version, job, "", context.platform.region)
    if isinstance(found, images.Fault):
        raise ValueError(found.message)
    return found.uri


def references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what a monitor's config points to in one stage. Pure."""
    owner = context.platform.orchestrator_account_id
    stage = context.stage.account_id
    data = mapping.assets_uri(context, config["baseline_data"])
    return [
        Reference("endpoint", config["endpoint_name"], "", "endpoint_name", stage),
        Reference("s3_object", data, "baseline.dataset_s3_uri", "baseline_data", owner),
        *mapping.location_reference(config, context, "data_capture_location"),
        *mapping.location_reference(config, context, "baseline_job_output_location"),
        *mapping.location_reference(config, context, "monitoring_output_location"),
        *mapping.location_reference(config, context, "monitor_ground_truth_input"),
        *mapping.kms_reference(config),
    ]


def _monitor(
    name: str,
    suffix: str,
    blueprint: str,
    summary: str,
    *,
    fields: Iterable[Field],
    rules: Iterable[Rule],
    variables: Callable[[Mapping[str, Any], StageContext], dict[str, Any]],
    hourly_seconds: int,
) -> PipelineType:
    return PipelineType(
        name=name,
        suffix=suffix,
        blueprint=blueprint,
        module="modules/pipelines/model_monitor",
        summary=summary,
        fields=(*shared.COMMON_START, *fields, *shared.COMMON_END),
        rules=(*shared.COMMON_RULES, shared.runtime_rule(hourly_seconds), *rules),
        variables=variables,
        references=references,
    )


TYPES = {
    pipeline_type.name: pipeline_type
    for pipeline_type in (
        _monitor(
            "byom_data_quality_monitor",
            "data-quality-monitor",
            "data_quality_monitor",
            "Compares what an endpoint is asked with a baseline of its training data.",
            fields=(shared.EXCLUDED, *shared.SCRIPTS),
            rules=(),
            variables=_variables,
            hourly_seconds=3600,
        ),
        _monitor(
            "byom_model_quality_monitor",
            "model-quality-monitor",
            "model_quality_monitor",
            "Compares an endpoint's predictions with the labels that become known later.",
            fields=(
                shared.PROBLEM_TYPE,
                *shared.BASELINE_ATTRIBUTES,
                shared.MONITOR_INFERENCE,
                shared.MONITOR_PROBABILITY,
                shared.THRESHOLD,
                *shared.GROUND_TRUTH,
                *shared.SCRIPTS,
            ),
            rules=(shared.THRESHOLD_RULE, shared.OFFSETS_RULE),
            variables=_variables,
            hourly_seconds=1800,
        ),
        _monitor(
            "byom_model_bias_monitor",
            "model-bias-monitor",
            "model_bias_monitor",
            "Watches whether an endpoint's predictions treat groups differently.",
            fields=(
                shared.PROBLEM_TYPE,
                shared.MONITOR_INFERENCE,
                shared.MONITOR_PROBABILITY,
                shared.THRESHOLD,
                *shared.GROUND_TRUTH,
                clarify.BIAS_CONFIG,
                clarify.PREDICTED_LABEL,
                shared.FEATURES,
            ),
            rules=(shared.OFFSETS_RULE, clarify.FACETS_RULE, clarify.LABELS_RULE),
            variables=_variables,
            hourly_seconds=1800,
        ),
        _monitor(
            "byom_model_explainability_monitor",
            "model-explainability-monitor",
            "model_explainability_monitor",
            "Watches whether the features that decide an endpoint's predictions change.",
            fields=(
                shared.PROBLEM_TYPE,
                shared.MONITOR_INFERENCE,
                shared.MONITOR_PROBABILITY,
                shared.THRESHOLD,
                clarify.SHAP_CONFIG,
                clarify.MODEL_SCORES,
                shared.FEATURES,
            ),
            rules=(clarify.SHAP_RULE,),
            variables=_variables,
            hourly_seconds=3600,
        ),
    )
}
