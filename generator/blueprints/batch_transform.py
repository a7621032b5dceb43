"""Batch transform: byom_batch_builtin (AWS's image) and byom_batch_custom (an own image)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..blueprint import PipelineType, Reference, StageContext
from ..contract.check import Rule, View
from ..contract.composite import Record
from ..contract.field import Field
from ..contract.kinds import Choice, Flag, Kind, Text, Whole
from ..contract.s3 import S3Location
from ..contract.scalars import InstanceType
from . import job_keys, keys, mapping, rules

INSTANCE = Field(
    "inference_instance",
    InstanceType("transform"),
    "Instance type of the transform jobs.",
    required=True,
    per_stage=True,
    example="ml.m5.large",
)
INPUT = Field(
    "batch_inference_data",
    S3Location(),
    "What is scored: bucket/key of a file, or bucket/prefix of several.",
    required=True,
    per_stage=True,
    example="my-data-bucket/batch/in.csv",
)
OUTPUT = keys.location(
    "batch_job_output_location", "Where predictions are written: bucket/prefix.", example="my-data-bucket/batch/out"
)
_JSON_PATH = Text("a JSONPath such as $[1:], of at most 63 characters", r"\$.{0,62}", code="bad-json-path")
_CONTENT_TYPE = Text("a content type such as text/csv", longest=256)


def _ours(name: str, kind: Kind, meaning: str, *, default: Any = None, example: Any = None) -> Field:
    return Field(name, kind, meaning, per_stage=True, default=default, example=example, ours=True)


OPTION_FIELDS = (
    _ours("instance_count", Whole(1, 100), "Number of instances; the input's files are shared out.", default=1),
    _ours("content_type", _CONTENT_TYPE, "Content type of the input.", default="text/csv"),
    _ours("accept", _CONTENT_TYPE, "Content type asked of the model.", default="text/csv"),
    _ours(
        "split_type",
        Choice("None", "Line", "RecordIO", "TFRecord"),
        "How a file is split into records.",
        default="Line",
    ),
    _ours("assemble_with", Choice("None", "Line"), "How predictions become a file.", default="Line"),
    _ours("compression_type", Choice("None", "Gzip"), "Compression of the input.", default="None"),
    _ours(
        "s3_data_type",
        Choice("S3Prefix", "ManifestFile"),
        "Whether the input is data or a manifest.",
        default="S3Prefix",
    ),
    _ours("input_filter", _JSON_PATH, "What the model sees of a record.", example="$[1:]"),
    _ours("output_filter", _JSON_PATH, "What is written of record and prediction.", example="$[0,-1]"),
    _ours("join_source", Choice("None", "Input"), "Input writes each record with its prediction.", default="None"),
    _ours("strategy", Choice("MultiRecord", "SingleRecord"), "Whether a request holds several records."),
    _ours("max_payload_mb", Whole(0, 100, "MB"), "Largest request; 0 streams."),
    _ours("max_concurrent_transforms", Whole(0, 100), "Most requests at once on an instance; 0 lets SageMaker decide."),
    _ours("request_timeout_seconds", Whole(1, 3600, "seconds"), "Longest wait for one answer."),
    _ours("request_retries", Whole(0, 3), "Tries more for a request."),
    _ours("folder_per_run", Flag(), "Whether each run writes into a folder of its own.", default=False),
    _ours(
        "data_capture",
        Record(
            (
                Field(
                    "location",
                    S3Location(needs_key=True, writes=True),
                    "Where requests and answers are kept.",
                    required=True,
                    example="my-capture-bucket/churn/batch",
                ),
                Field("generate_inference_id", Flag(), "Whether each record gets an id.", default=False),
            ),
            expects="an object with location",
        ),
        "Keep requests and answers for a monitor.",
        example={"location": "my-capture-bucket/churn/batch"},
    ),
)
_COMMON_END = (
    keys.MODEL_ARTIFACT,
    *keys.REGISTRY,
    INSTANCE,
    INPUT,
    OUTPUT,
    keys.KMS_KEY,
    keys.PIPELINE_NAME,
    Field(
        "job_name",
        job_keys.job_name(63, "a transform job").kind,
        "Beginning of the jobs' names.",
        per_stage=True,
        default_text="the platform's name, stage and pipeline",
        example="churn-nightly",
        ours=True,
    ),
    job_keys.SCHEDULE,
    *OPTION_FIELDS,
    keys.ENVIRONMENT,
    keys.NETWORK_ISOLATION,
    keys.VPC_FIELD,
    job_keys.DATA_KMS_KEYS,
    keys.HARDWARE_ENCRYPTION,
    keys.TAGS_FIELD,
)

_JOINABLE = ("text/csv", "application/json", "application/jsonlines")


def _check_batching(view: View) -> None:
    for stage, (strategy, split, payload, concurrent) in view.each(
        "strategy", "split_type", "max_payload_mb", "max_concurrent_transforms"
    ):
        if strategy == "MultiRecord" and split == "None":
            view.report.add_at(
                view.place(stage, "strategy"),
                "cannot-combine",
                "is MultiRecord, but split_type None makes each file one record",
                "use split_type Line, or strategy SingleRecord",
            )
        if (6 if payload is None else payload) * (concurrent or 0) > 100:
            view.report.add_at(
                view.place(stage, "max_concurrent_transforms"),
                "out-of-range",
                f"is {concurrent}; multiplied by max_payload_mb ({6 if payload is None else payload}) it exceeds 100",
                "lower one of them",
            )


def _check_join(view: View) -> None:
    for stage, (join, content_type, accept) in view.each("join_source", "content_type", "accept"):
        given, asked = content_type or "text/csv", accept or "text/csv"
        if join == "Input" and (given != asked or given not in _JOINABLE):
            view.report.add_at(
                view.place(stage, "join_source"),
                "cannot-combine",
                f"is Input, which needs content_type and accept to be the same, one of {', '.join(_JOINABLE)}; "
                f"they are {given} and {asked}",
                "change content_type or accept",
            )


_RULES = (
    rules.storage_rule("inference_instance"),
    rules.KMS_RULE,
    rules.REGION_RULE,
    *rules.REGISTRY_RULES,
    Rule(
        ("strategy", "split_type"),
        "MultiRecord needs split records.",
        ("cannot-combine", "out-of-range"),
        _check_batching,
    ),
    Rule(
        ("max_concurrent_transforms", "max_payload_mb"),
        "Payload times concurrency is at most 100 MB.",
        ("out-of-range",),
        lambda view: None if "strategy" in view.values else _check_batching(view),
    ),
    Rule(
        ("join_source", "content_type", "accept"),
        "Joining needs the same content type on both sides.",
        ("cannot-combine",),
        _check_join,
    ),
)


def variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of modules/pipelines/batch_transform for one stage. Pure."""
    instance = config["inference_instance"]
    model = mapping.model_variable(config, context, instance)
    capture = config.get("data_capture")
    return {
        **job_keys.job_variables(config, context),
        "batching": mapping.optional(
            config,
            "strategy",
            "max_payload_mb",
            "max_concurrent_transforms",
            "request_timeout_seconds",
            "request_retries",
        ),
        "data_capture": capture
        and {
            "destination_s3_uri": f"s3://{capture['location']}",
            "generate_inference_id": capture.get("generate_inference_id", False),
        },
        "input": {
            "s3_uri": f"s3://{config['batch_inference_data']}",
            **mapping.renamed(
                config,
                s3_data_type="s3_data_type",
                content_type="content_type",
                split_type="split_type",
                compression_type="compression",
                input_filter="filter",
            ),
        },
        "instances": {"type": instance, "count": config.get("instance_count", 1)},
        "job_name": config.get("job_name"),
        "kms_key_arn": config.get("kms_key_arn"),
        "model": model,
        "output": {
            "s3_uri": f"s3://{config['batch_job_output_location']}",
            **mapping.renamed(
                config,
                accept="accept",
                assemble_with="assemble_with",
                output_filter="filter",
                join_source="join_source",
                folder_per_run="folder_per_run",
            ),
        },
        "tags": {"model_name": config["model_name"], **config.get("tags", {})},
    }


def references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what a batch config points to in one stage. Pure."""
    return [
        *mapping.model_references(config, context),
        *mapping.location_reference(config, context, "batch_inference_data", is_input=True),
        *mapping.location_reference(config, context, "batch_job_output_location"),
        *mapping.location_reference(config, context, "data_capture.location"),
        *mapping.kms_reference(config),
    ]


TYPES = {
    pipeline_type.name: pipeline_type
    for pipeline_type in (
        PipelineType(
            name="byom_batch_builtin",
            suffix="batch-builtin",
            blueprint="batch_transform",
            summary="Scores data in S3 with a model on an image of AWS, or a model package, in every stage.",
            fields=(keys.MODEL_NAME, *keys.FRAMEWORK, *_COMMON_END),
            rules=(*rules.image_rules("inference", "inference_instance"), *_RULES),
            variables=variables,
            references=references,
        ),
        PipelineType(
            name="byom_batch_custom",
            suffix="batch-custom",
            blueprint="batch_transform",
            summary="Scores data in S3 with a model on an own image, or a model package, in every stage.",
            fields=(keys.MODEL_NAME, keys.CUSTOM_IMAGE, *_COMMON_END),
            rules=_RULES,
            variables=variables,
            references=references,
        ),
    )
}
