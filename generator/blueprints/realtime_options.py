"""The optional keys of realtime endpoints that the AWS solution did not have: how many, how updated, how watched."""

from __future__ import annotations

from typing import Any

from ..contract.composite import Items, Mapped, OneOf, Record
from ..contract.field import Field
from ..contract.kinds import Choice, Flag, Kind, Number, Numbered, Text, Whole
from ..contract.s3 import S3Key, S3Location
from ..contract.scalars import ECR_IMAGE, LOG_PERIODS, MODEL_PACKAGE_ARN, PARTITION, InstanceType, sagemaker_name

_SECONDS_TO_HOUR = Whole(0, 3600, "seconds")
_PERCENT = Number(None, 100, above=0, unit="percent")
_LATENCY = Whole(1, 3_600_000, "milliseconds")
_MIME = Text(
    "a content type such as text/csv", r"[a-zA-Z0-9](?:-*[a-zA-Z0-9])*/[a-zA-Z0-9](?:-*[a-zA-Z0-9.])*", longest=256
)
_VARIANT_NAME = sagemaker_name("a variant name", 63)
_TOPIC_ARN = Text(
    "the ARN of an SNS topic", rf"arn:{PARTITION}:sns:[a-z0-9-]+:[0-9]{{12}}:[A-Za-z0-9_-]{{1,256}}", code="bad-arn"
)
INSTANCE_TYPE = InstanceType("endpoint")


def _count(name: str = "instance_count") -> Field:
    return Field(name, Whole(1, 100), "Number of instances.", default=1, per_stage=True, example=2, ours=True)


AUTOSCALING = Record(
    (
        Field("min_count", Whole(0, 1000), "Fewest instances; 0 for asynchronous endpoints only.", default=1),
        Field("max_count", Whole(1, 1000), "Most instances.", required=True, example=4),
        Field(
            "target",
            Number(above=0),
            "Requests a minute and instance (queued requests an instance when asynchronous) to aim at.",
        ),
        Field("scale_in_cooldown_seconds", _SECONDS_TO_HOUR, "Pause after instances were removed.", default=300),
        Field("scale_out_cooldown_seconds", _SECONDS_TO_HOUR, "Pause after instances were added.", default=60),
    ),
    expects="an object with max_count",
)
SERVERLESS = Record(
    (
        Field("memory_mb", Numbered(1024, 2048, 3072, 4096, 5120, 6144), "Memory in MB.", default=2048),
        Field("max_concurrency", Whole(1, 200), "Most requests at once.", default=5),
        Field("provisioned_concurrency", Whole(1, 200), "Requests at once that are kept warm."),
    ),
    expects="an object with memory_mb and max_concurrency",
)
ASYNC_INFERENCE = Record(
    (
        Field(
            "output_location",
            S3Location(needs_key=True),
            "Where answers are written.",
            required=True,
            example="my-bucket/churn/answers",
        ),
        Field("failure_location", S3Location(needs_key=True, writes=True), "Where failures are written."),
        Field(
            "input_location",
            S3Location(needs_key=True, writes=True),
            "Where callers put their requests.",
            required=True,
            example="my-bucket/churn/requests",
        ),
        Field("max_concurrent_invocations_per_instance", Whole(1, 1000), "Most requests at once on an instance."),
        Field("success_topic_arn", _TOPIC_ARN, "Topic told of each answer."),
        Field("error_topic_arn", _TOPIC_ARN, "Topic told of each failure."),
    ),
    expects="an object with input_location and output_location",
)
DATA_CAPTURE = Record(
    (
        Field("sampling_percentage", Whole(0, 100, "percent"), "Share of requests that is kept.", default=100),
        Field(
            "modes",
            Items(Choice("Input", "Output"), fewest=1, unique=True),
            "Which side is kept.",
            default=["Input", "Output"],
        ),
        Field(
            "csv_content_types",
            Items(_MIME, most=10, unique=True),
            "Content types kept as CSV text.",
            default=["text/csv"],
        ),
        Field(
            "json_content_types",
            Items(_MIME, most=10, unique=True),
            "Content types kept as JSON text.",
            default=["application/json"],
        ),
    )
)
ROLLOUT = Record(
    (
        Field(
            "strategy",
            Choice("all_at_once", "canary", "linear", "rolling"),
            "How traffic moves to the new fleet.",
            default="all_at_once",
            example="canary",
        ),
        Field(
            "step_percent",
            Whole(1, 50, "percent"),
            "Share that moves in one step (canary 1 to 50, linear 10 to 50, rolling 5 to 50).",
            default=10,
        ),
        Field("wait_seconds", _SECONDS_TO_HOUR, "Pause between steps.", default=300),
        Field("termination_wait_seconds", _SECONDS_TO_HOUR, "How long the old fleet is kept afterwards.", default=120),
        Field("timeout_seconds", Whole(600, 14400, "seconds"), "When the update is given up.", default=3600),
        Field("error_percent", _PERCENT, "Share of failed requests that rolls back.", default=5),
        Field("latency_milliseconds", _LATENCY, "p99 latency that rolls back."),
    )
)
_OWN_MODEL = (
    Field(
        "model_artifact_location",
        S3Key("the key of a model archive", "churn/model.tar.gz", folders=True),
        "Another model archive in the assets bucket.",
    ),
    Field("custom_image_uri", ECR_IMAGE, "Another image in ECR."),
    Field("model_package_name", MODEL_PACKAGE_ARN, "Another model package version."),
)
SHADOW = Record(
    (
        Field("inference_instance", INSTANCE_TYPE, "Instance type.", required=True, example="ml.m5.large"),
        Field("instance_count", Whole(1, 100), "Number of instances.", default=1),
        Field(
            "sampling_percent",
            Numbered(1, 2, 5, 10, 20, 25, 50, 75, 100),
            "Share of requests that is copied.",
            default=100,
        ),
        Field("variant_name", _VARIANT_NAME, "Name of the variant.", default="Shadow"),
        *_OWN_MODEL,
    ),
    expects="an object with inference_instance",
)
VARIANTS = Mapped(
    _VARIANT_NAME,
    Record(
        (
            Field("inference_instance", INSTANCE_TYPE, "Instance type.", default_text="inference_instance"),
            Field("instance_count", Whole(1, 100), "Number of instances.", default=1),
            # SageMaker stores weights as 32-bit floats; others than these come back changed and would plan for ever.
            Field("weight", Number(0, 1000, step=0.125), "Share of requests, relative to the others.", default=1),
            Field("autoscaling", AUTOSCALING, "Keep between a least and a greatest number of instances."),
            *_OWN_MODEL,
        )
    ),
    fewest=1,
    most=10,
    expects="an object of variant name to settings",
)
ALARMS = Record(
    (
        Field("error_percent", _PERCENT, "Share of failed requests that raises the alarm.", default=5),
        Field("latency_milliseconds", _LATENCY, "p99 latency that raises the alarm.", default=10000),
        Field("no_request_minutes", Numbered(*range(5, 1441, 5)), "Minutes without a request that raise the alarm."),
    )
)
INFERENCE_API: Kind = OneOf(
    "false for none, or an object of settings",
    boolean=Flag(),
    text=Flag(),
    object=Record(
        (
            Field("rate_limit", Number(1, 10000), "Requests a second.", default=100),
            Field("burst_limit", Whole(1, 10000), "Requests at once.", default=200),
            Field("timeout_seconds", Whole(1, 29, "seconds"), "Longest wait for an answer.", default=29),
            Field("memory_mb", Whole(128, 3008, "MB"), "Memory of the function.", default=256),
            Field("log_retention_days", Numbered(0, *LOG_PERIODS), "Days that logs are kept; 0 for ever.", default=90),
            Field("access_logs", Flag(), "Whether requests are logged.", default=True),
            Field(
                "detailed_error_messages", Flag(), "Whether callers see the full error.", default_text="as the platform"
            ),
            Field("tracing", Flag(), "Whether X-Ray traces requests.", default=False),
        )
    ),
)


def _ours(
    name: str, kind: Kind, meaning: str, example: Any = None, default: Any = None, default_text: str = ""
) -> Field:
    return Field(
        name, kind, meaning, per_stage=True, example=example, default=default, default_text=default_text, ours=True
    )


OPTION_FIELDS: tuple[Field, ...] = (
    _count(),
    _ours(
        "autoscaling",
        AUTOSCALING,
        "Keep between a least and a greatest number of instances.",
        {"min_count": 1, "max_count": 4, "target": 1000},
    ),
    _ours(
        "rollout",
        ROLLOUT,
        "How an update reaches the traffic, and what rolls it back.",
        {"strategy": "canary", "step_percent": 10},
    ),
    _ours("alarms", ALARMS, "Alarms that tell the platform's topic; an empty object takes the defaults.", {}),
    _ours("data_capture", DATA_CAPTURE, "How much is captured, and in which form.", {"sampling_percentage": 20}),
    _ours("inference_api", INFERENCE_API, "The API in front of the endpoint.", default_text="an API with IAM auth"),
    _ours(
        "serverless",
        SERVERLESS,
        "Serve without instances; inference_instance and data capture are left out then.",
        {"memory_mb": 2048, "max_concurrency": 5},
    ),
    _ours(
        "async_inference",
        ASYNC_INFERENCE,
        "Take requests from S3 and write answers to S3.",
        {"input_location": "my-bucket/churn/requests", "output_location": "my-bucket/churn/answers"},
    ),
    _ours(
        "variants",
        VARIANTS,
        "Several variants that share the requests by weight.",
        {"current": {"weight": 9}, "candidate": {"weight": 1, "model_artifact_location": "churn/next.tar.gz"}},
    ),
    _ours(
        "shadow",
        SHADOW,
        "A second model that gets a copy of the requests; its answers are only recorded.",
        {"inference_instance": "ml.m5.large", "model_artifact_location": "churn/next.tar.gz"},
    ),
    _ours("volume_size_gb", Whole(1, 512, "GB"), "Volume of each instance."),
    _ours("model_download_timeout_seconds", Whole(60, 3600, "seconds"), "Longest download of the model."),
    _ours("startup_timeout_seconds", Whole(60, 3600, "seconds"), "Longest wait for a healthy container."),
)
