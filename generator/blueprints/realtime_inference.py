"""Realtime endpoints: byom_realtime_builtin (AWS's image) and byom_realtime_custom (an own image)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..blueprint import PipelineType, Reference, StageContext
from ..contract.field import Field, unless
from ..contract.scalars import InstanceType
from . import keys, mapping, rules
from .realtime_mapping import option_references, option_variables
from .realtime_options import OPTION_FIELDS
from .realtime_rules import OPTION_RULES

INSTANCE = Field(
    "inference_instance",
    InstanceType("endpoint"),
    "Instance type of the endpoint.",
    required=unless("serverless"),
    per_stage=True,
    example="ml.m5.large",
)
CAPTURE = keys.location(
    "data_capture_location",
    "Where the endpoint keeps requests and answers: bucket/prefix.",
    required=unless("serverless"),
    example="my-capture-bucket/churn/capture",
)
_COMMON_END = (
    keys.MODEL_ARTIFACT,
    *keys.REGISTRY,
    INSTANCE,
    CAPTURE,
    keys.endpoint_name(required=False),
    keys.KMS_KEY,
    keys.PIPELINE_NAME,
    *OPTION_FIELDS,
    keys.ENVIRONMENT,
    keys.NETWORK_ISOLATION,
    keys.VPC_FIELD,
    keys.HARDWARE_ENCRYPTION,
    keys.TAGS_FIELD,
)
_RULES = (
    rules.storage_rule("inference_instance"),
    rules.KMS_RULE,
    rules.REGION_RULE,
    *rules.REGISTRY_RULES,
    rules.ENDPOINT_NAMES_RULE,
    *OPTION_RULES,
)


def variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of modules/pipelines/realtime_inference for one stage. Pure."""
    instance = config.get("inference_instance", "")
    capture = config.get("data_capture_location")
    return {
        "account_id": context.stage.account_id,
        "data_capture": capture and {"destination_s3_uri": f"s3://{capture}", **config.get("data_capture", {})},
        "endpoint_name": config.get("endpoint_name"),
        "kms_key_arn": config.get("kms_key_arn"),
        "model": mapping.model_variable(config, context, instance),
        "tags": {"model_name": config["model_name"], **config.get("tags", {})},
        **option_variables(config, context),
    }


def references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what a realtime config points to in one stage. Pure."""
    return [
        *mapping.model_references(config, context),
        *option_references(config, context),
        *mapping.location_reference(config, context, "data_capture_location"),
        *mapping.kms_reference(config),
    ]


TYPES = {
    pipeline_type.name: pipeline_type
    for pipeline_type in (
        PipelineType(
            name="byom_realtime_builtin",
            suffix="realtime-builtin",
            blueprint="realtime_inference",
            summary="Deploys a model on an image of AWS, or a model package, to a realtime endpoint in every stage.",
            fields=(keys.MODEL_NAME, *keys.FRAMEWORK, *_COMMON_END),
            rules=(*rules.image_rules("inference", "inference_instance"), *_RULES),
            variables=variables,
            references=references,
        ),
        PipelineType(
            name="byom_realtime_custom",
            suffix="realtime-custom",
            blueprint="realtime_inference",
            summary="Deploys a model on an own image, or a model package, to a realtime endpoint in every stage.",
            fields=(keys.MODEL_NAME, keys.CUSTOM_IMAGE, *_COMMON_END),
            rules=_RULES,
            variables=variables,
            references=references,
        ),
    )
}
