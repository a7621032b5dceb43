"""The four monitors: data quality, model quality, bias and explainability of an endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..blueprint import PipelineType, Reference, StageContext
from ..canonical import compact_json
from ..contract.check import Rule
from ..contract.field import Field
from . import job_keys, mapping
from . import monitor_clarify as clarify
from . import monitor_keys as shared


def _variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of modules/pipelines/model_monitor that all kinds share. Pure."""
    found: dict[str, Any] = {
        **job_keys.job_variables(config, context),
        "baseline": {
            "dataset_s3_uri": mapping.assets_uri(context, config["baseline_data"]),
            "output_s3_uri": f"s3://{config['baseline_job_output_location']}",
            **mapping.renamed(config, baseline_max_runtime_seconds="max_runtime_seconds", baseline_revision="revision"),
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
        "schedule": {
            "expression": config["schedule_expression"],
            **mapping.optional(config, "analysis_start", "analysis_end"),
        },
        "tags": {"model_name": config["model_name"], **config.get("tags", {})},
    }
    network = mapping.renamed(
        config, network_isolation="isolation", encrypt_inner_traffic="encrypt_inter_container_traffic"
    )
    if network:
        found["network"] = network
    scripts = {
        f"{key}_s3_uri": mapping.assets_uri(context, config[key])
        for key in ("record_preprocessor", "post_analytics_processor")
        if key in config
    }
    if scripts:
        found["scripts"] = scripts
    if "alarms" in config:
        found["alarms"] = config["alarms"]
    if "monitor_ground_truth_input" in config:
        found["ground_truth"] = {
            "s3_uri": f"s3://{config['monitor_ground_truth_input']}",
            **mapping.optional(config, "start_time_offset", "end_time_offset"),
        }
    return found


def _attributes(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return where predictions and features stand in the captured data. Pure."""
    found = mapping.renamed(
        config,
        problem_type="problem_type",
        features_attribute="features_attribute",
        monitor_inference_attribute="inference_attribute",
    )
    if config.get("problem_type") == "BinaryClassification":
        found.update(
            mapping.renamed(
                config,
                monitor_probability_attribute="probability_attribute",
                probability_threshold_attribute="probability_threshold",
            )
        )
        if "inference_attribute" not in found and "probability_attribute" not in found:
            # What a binary classifier's CSV answer begins with: its probability, or the label itself.
            found["probability_attribute"] = "0"
            found.setdefault("probability_threshold", 0.5)
    return found


def _data_quality(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of a data-quality monitor. Pure."""
    excluded = config.get("exclude_features_attribute")
    attributes = {"attributes": {"excluded_features": excluded}} if excluded else {}
    return {**_variables(config, context), "kind": "data_quality", **attributes}


def _model_quality(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of a model-quality monitor. Pure."""
    columns = mapping.renamed(
        config,
        baseline_ground_truth_attribute="baseline_ground_truth_column",
        baseline_inference_attribute="baseline_inference_column",
    )
    if config["problem_type"] == "BinaryClassification":
        columns.update(mapping.renamed(config, baseline_probability_attribute="baseline_probability_column"))
    attributes = {**_attributes(config), **columns}
    return {**_variables(config, context), "kind": "model_quality", "attributes": attributes}


def _bias(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of a bias monitor. Pure."""
    given = config["bias_config"]
    names = given["facet_name"] if isinstance(given["facet_name"], list) else [given["facet_name"]]
    values = given.get("facet_values_or_threshold")
    if values is None:
        each: list[Any] = [None] * len(names)
    elif any(isinstance(value, list) for value in values):
        each = values
    else:
        each = [values]
    bias: dict[str, Any] = {
        "label_values_json": compact_json(given["label_values_or_threshold"]),
        "facets": [
            {"name": name, "values_json": None if own is None else compact_json(own)}
            for name, own in zip(names, each, strict=True)
        ],
        **mapping.optional(given, "group_name"),
    }
    found = {**_variables(config, context), "kind": "model_bias", "attributes": _attributes(config), "bias": bias}
    predicted = config.get("model_predicted_label_config")
    if predicted:
        found["prediction"] = mapping.optional(predicted, "label", "probability", "probability_threshold")
        if "label_headers" in predicted:
            found["prediction"]["label_headers_json"] = compact_json(predicted["label_headers"])
    return found


def _explainability(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of an explainability monitor. Pure."""
    shap = config["shap_config"]
    explainability = mapping.optional(
        shap,
        "num_clusters",
        "num_samples",
        "agg_method",
        "use_logit",
        "save_local_shap_values",
        "seed",
        "features_to_explain",
    )
    baseline = shap.get("baseline")
    if isinstance(baseline, list):
        explainability["baseline_rows_json"] = compact_json(baseline)
    elif baseline is not None:
        here = baseline if baseline.startswith("s3://") else mapping.assets_uri(context, baseline)
        explainability["baseline_s3_uri"] = here
    found = {
        **_variables(config, context),
        "kind": "model_explainability",
        "attributes": _attributes(config),
        "explainability": explainability,
    }
    if "model_scores" in config:
        found["prediction"] = {"label": config["model_scores"]}
    return found


def references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what a monitor's config points to in one stage. Pure."""
    owner = context.platform.orchestrator_account_id
    found = [Reference("endpoint", config["endpoint_name"], "", "endpoint_name", context.stage.account_id)]
    for key, variable in (
        ("baseline_data", "baseline.dataset_s3_uri"),
        ("record_preprocessor", "scripts.record_preprocessor_s3_uri"),
        ("post_analytics_processor", "scripts.post_analytics_processor_s3_uri"),
    ):
        if key in config:
            found.append(Reference("s3_object", mapping.assets_uri(context, config[key]), variable, key, owner))
    baseline = config.get("shap_config", {}).get("baseline")
    if isinstance(baseline, str) and not baseline.startswith("s3://"):
        source, variable = mapping.assets_uri(context, baseline), "explainability.baseline_s3_uri"
        found.append(Reference("s3_object", source, variable, "shap_config.baseline", owner))
    return [
        *found,
        *mapping.location_reference(config, context, "data_capture_location"),
        *mapping.location_reference(config, context, "baseline_job_output_location"),
        *mapping.location_reference(config, context, "monitoring_output_location"),
        *mapping.location_reference(config, context, "monitor_ground_truth_input"),
        *mapping.kms_reference(config),
    ]


def _monitor(
    name: str,
    suffix: str,
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
        blueprint="model_monitor",
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
            "Compares what an endpoint is asked with a baseline of its training data.",
            fields=(shared.EXCLUDED, *shared.SCRIPTS),
            rules=(),
            variables=_data_quality,
            hourly_seconds=3600,
        ),
        _monitor(
            "byom_model_quality_monitor",
            "model-quality-monitor",
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
            variables=_model_quality,
            hourly_seconds=1800,
        ),
        _monitor(
            "byom_model_bias_monitor",
            "model-bias-monitor",
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
            variables=_bias,
            hourly_seconds=1800,
        ),
        _monitor(
            "byom_model_explainability_monitor",
            "model-explainability-monitor",
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
            variables=_explainability,
            hourly_seconds=3600,
        ),
    )
}
