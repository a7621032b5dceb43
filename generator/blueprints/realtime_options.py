"""The optional keys of realtime endpoints that the AWS solution did not have: how many, how updated, how watched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import instances
from ..blueprint import StageContext
from ..contract.check import Rule, View
from ..contract.field import Field
from ..contract.kinds import Choice, Flag, Items, Kind, Mapped, Number, Numbered, OneOf, Record, Text, Whole
from ..contract.scalars import (
    ECR_IMAGE,
    MODEL_PACKAGE_ARN,
    PARTITION,
    InstanceType,
    S3Key,
    S3Location,
    sagemaker_name,
)
from . import common

_SECONDS_TO_HOUR = Whole(0, 3600, "seconds")
_PERCENT = Number(None, 100, above=0, unit="percent")
_LATENCY = Whole(1, 3_600_000, "milliseconds")
_LOG_RETENTION = (
    0,
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)
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
        Field("failure_location", S3Location(needs_key=True), "Where failures are written."),
        Field("input_location", S3Location(needs_key=True), "Where callers put their requests."),
        Field("max_concurrent_invocations_per_instance", Whole(1, 1000), "Most requests at once on an instance."),
        Field("success_topic_arn", _TOPIC_ARN, "Topic told of each answer."),
        Field("error_topic_arn", _TOPIC_ARN, "Topic told of each failure."),
    ),
    expects="an object with output_location",
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
        "model_artifact_location", S3Key("the key of a model archive"), "Another model archive in the assets bucket."
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
            Field("log_retention_days", Numbered(*_LOG_RETENTION), "Days that logs are kept; 0 for ever.", default=90),
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
    _ours("autoscaling", AUTOSCALING, "Keep between a least and a greatest number of instances.",
          {"min_count": 1, "max_count": 4, "target": 1000}),
    _ours("rollout", ROLLOUT, "How an update reaches the traffic, and what rolls it back.",
          {"strategy": "canary", "step_percent": 10}),
    _ours("alarms", ALARMS, "Alarms that tell the platform's topic; an empty object takes the defaults.", {}),
    _ours("data_capture", DATA_CAPTURE, "How much is captured, and in which form.", {"sampling_percentage": 20}),
    _ours("inference_api", INFERENCE_API, "The API in front of the endpoint.", default_text="an API with IAM authorisation"),
    _ours("serverless", SERVERLESS, "Serve without instances; inference_instance and data capture are left out then.",
          {"memory_mb": 2048, "max_concurrency": 5}),
    _ours("async_inference", ASYNC_INFERENCE, "Take requests from S3 and write answers to S3.",
          {"output_location": "my-bucket/churn/answers"}),
    _ours("variants", VARIANTS, "Several variants that share the requests by weight.",
          {"current": {"weight": 9}, "candidate": {"weight": 1, "model_artifact_location": "churn/next.tar.gz"}}),
    _ours("shadow", SHADOW, "A second model that gets a copy of the requests; its answers are only recorded.",
          {"inference_instance": "ml.m5.large", "model_artifact_location": "churn/next.tar.gz"}),
    _ours("volume_size_gb", Whole(1, 512, "GB"), "Volume of each instance."),
    _ours("model_download_timeout_seconds", Whole(60, 3600, "seconds"), "Longest download of the model."),
    _ours("startup_timeout_seconds", Whole(60, 3600, "seconds"), "Longest wait for a healthy container."),
)  # fmt: skip

_NOT_SERVERLESS = (
    "inference_instance", "instance_count", "autoscaling", "variants", "shadow", "async_inference", "vpc",
    "network_isolation", "volume_size_gb", "data_capture_location", "data_capture",
)  # fmt: skip


def _check_serverless(view: View) -> None:
    given = [key for key in _NOT_SERVERLESS if key in view.values]
    for stage, (serverless, *values) in view.each("serverless", *given):
        if not serverless:
            for key in ("inference_instance", "data_capture_location"):
                if view.at(stage, key) is None:
                    view.report.add_at(
                        f"{key}.{stage}",
                        "missing-stage",
                        f"has no value for stage {stage}, which is not serverless",
                        f'add "{stage}" to {key}',
                    )
            continue
        for key, value in zip(given, values, strict=True):
            if value is not None and value is not False:
                view.report.add_at(
                    view.place(stage, key),
                    "cannot-combine",
                    f"cannot be combined with serverless: SageMaker has no {_SERVERLESS_LACKS.get(key, key)} there",
                    f"remove {key} or serverless",
                )
        warm = serverless.get("provisioned_concurrency")
        most = serverless.get("max_concurrency", 5)
        if warm is not None and warm > most:
            view.report.add_at(
                f"{view.place(stage, 'serverless')}.provisioned_concurrency",
                "min-above-max",
                f"is {warm}, above max_concurrency, which is {most}",
                "raise max_concurrency",
            )


_SERVERLESS_LACKS = {
    "inference_instance": "instance type",
    "instance_count": "instance count",
    "vpc": "VPC configuration",
    "network_isolation": "network isolation",
    "data_capture_location": "data capture",
    "data_capture": "data capture",
    "variants": "second variant",
    "shadow": "shadow variant",
    "async_inference": "asynchronous inference",
    "volume_size_gb": "volume",
}


def _check_async(view: View) -> None:
    for stage, (async_inference, shadow) in view.each("async_inference", "shadow"):
        if async_inference and shadow:
            view.report.add_at(
                view.place(stage, "shadow"),
                "cannot-combine",
                "cannot be combined with async_inference: SageMaker copies realtime requests only",
                "remove one of them",
            )


def _check_autoscaling(view: View) -> None:
    for stage, (scaling, variants, async_inference) in view.each("autoscaling", "variants", "async_inference"):
        found = [(view.place(stage, "autoscaling"), scaling)]
        for name, variant in (variants or {}).items():
            found.append((f"{view.place(stage, 'variants')}.{name}.autoscaling", variant.get("autoscaling")))
        for place, settings in found:
            if not settings:
                continue
            least, most = settings.get("min_count", 1), settings["max_count"]
            if least > most:
                view.report.add_at(
                    f"{place}.min_count",
                    "min-above-max",
                    f"is {least}, above max_count, which is {most}",
                    "lower min_count or raise max_count",
                )
            if least == 0 and not async_inference:
                view.report.add_at(
                    f"{place}.min_count",
                    "out-of-range",
                    "is 0, which only asynchronous endpoints can scale to",
                    "use at least 1, or add async_inference",
                )


_STEPS = {"canary": (1, 50), "linear": (10, 50), "rolling": (5, 50)}


def _check_rollout(view: View) -> None:
    for stage, (rollout, variants, serverless) in view.each("rollout", "variants", "serverless"):
        strategy = (rollout or {}).get("strategy", "all_at_once")
        least, most = _STEPS.get(strategy, (1, 50))
        step = (rollout or {}).get("step_percent", 10)
        place = view.place(stage, "rollout")
        if not least <= step <= most:
            view.report.add_at(
                f"{place}.step_percent",
                "out-of-range",
                f"is {step}; a {strategy} rollout moves {least} to {most} percent",
                f"use {least} to {most}",
            )
        if strategy == "rolling" and (serverless or len(variants or {}) > 1):
            view.report.add_at(
                f"{place}.strategy",
                "cannot-combine",
                "is rolling, which SageMaker does with exactly one variant on instances",
                "use canary or linear",
            )


def _check_variants(view: View) -> None:
    for stage, (variants, shadow, count, scaling) in view.each("variants", "shadow", "instance_count", "autoscaling"):
        if not variants:
            continue
        place = view.place(stage, "variants")
        if not any(variant.get("weight", 1) for variant in variants.values()):
            view.report.add_at(place, "no-weight", "gives every variant weight 0, so nothing serves", "raise a weight")
        if shadow and len(variants) > 1:
            view.report.add_at(
                view.place(stage, "shadow"),
                "cannot-combine",
                "needs exactly one production variant",
                "remove one of them",
            )
        for key, value in (("instance_count", count), ("autoscaling", scaling)):
            if value is not None:
                view.report.add_at(
                    view.place(stage, key),
                    "cannot-combine",
                    "has no effect beside variants",
                    f"give {key} for each variant instead",
                )


def _check_volume(view: View) -> None:
    for stage, (size, instance) in view.each("volume_size_gb", "inference_instance"):
        if size and instance and instances.local_storage_gb(instance):
            view.report.add_at(
                view.place(stage, "volume_size_gb"),
                "volume-local-storage",
                f"cannot be chosen for {instance}, whose local storage of {instances.local_storage_gb(instance)} GB is used",
                "remove it",
            )


def _check_more_instances(view: View) -> None:
    """Report KMS keys beside local storage of variants and shadow variants."""
    if view.get("accept_hardware_encryption"):
        return
    for stage, (key, variants, shadow) in view.each("kms_key_arn", "variants", "shadow"):
        places = {
            f"{view.place(stage, 'variants')}.{name}.inference_instance": variant.get("inference_instance")
            for name, variant in (variants or {}).items()
        }
        places[f"{view.place(stage, 'shadow')}.inference_instance"] = (shadow or {}).get("inference_instance")
        for place, instance in places.items():
            if key and instance and instances.local_storage_gb(instance):
                view.report.add_at(
                    place,
                    "kms-local-storage",
                    f"{instance} keeps its data on local storage that the hardware encrypts; "
                    "AWS refuses a KMS key for its volume",
                    'choose a type without local storage, or add "accept_hardware_encryption": true',
                )


OPTION_RULES: tuple[Rule, ...] = (
    Rule(("serverless", *_NOT_SERVERLESS), "A serverless endpoint has no instances, capture, VPC, isolation or variants.",
         ("cannot-combine", "min-above-max", "missing-stage"), _check_serverless),
    Rule(("async_inference", "shadow"), "An asynchronous endpoint has no shadow variant.", ("cannot-combine",), _check_async),
    Rule(("autoscaling", "variants", "async_inference"), "min_count is at most max_count, and 0 only when asynchronous.",
         ("min-above-max", "out-of-range"), _check_autoscaling),
    Rule(("rollout", "variants", "serverless"), "The step fits the strategy; rolling needs one variant on instances.",
         ("out-of-range", "cannot-combine"), _check_rollout),
    Rule(("variants", "shadow", "instance_count", "autoscaling"), "Some variant serves; a shadow goes with one variant.",
         ("no-weight", "cannot-combine"), _check_variants),
    Rule(("volume_size_gb", "inference_instance"), "An instance type with local storage takes no volume size.",
         ("volume-local-storage",), _check_volume),
    Rule(("kms_key_arn", "variants", "shadow", "accept_hardware_encryption"),
         "A KMS key is not combined with local storage of a variant either.",
         ("kms-local-storage",), _check_more_instances),
)  # fmt: skip


# Mapping --------------------------------------------------------------------------------------------------------

_PER_INSTANCE = ("volume_size_gb", "model_download_timeout_seconds", "startup_timeout_seconds")


def option_variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables that the optional keys decide. Pure."""
    found: dict[str, Any] = {"variants": _variants(config, context)}
    if "rollout" in config:
        found["rollout"] = config["rollout"]
    if "vpc" in config:
        found["vpc"] = config["vpc"]
    if "alarms" in config:
        found["alarms"] = {"topic_arn": common.topic_arn(context), **config["alarms"]}
    if "shadow" in config:
        found["shadow"] = _shadow(config, context)
    given = config.get("async_inference")
    if given is not None:
        found["async_inference"] = _async_inference(given)
    api = config.get("inference_api", {})
    if api is False or given is not None:
        found["inference_api"] = None
    elif api or not context.platform.options.allow_detailed_error_messages:
        details = {"detailed_error_messages": context.platform.options.allow_detailed_error_messages}
        found["inference_api"] = {**details, **(api if isinstance(api, dict) else {})}
    return found


def _variants(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    shared = {key: config[key] for key in _PER_INSTANCE if key in config}
    if "serverless" in config:
        shared.pop("volume_size_gb", None)
        return {"AllTraffic": {"serverless": config["serverless"], **shared}}
    instance = config["inference_instance"]
    given = config.get("variants")
    if given is None:
        variant = {"instance_type": instance, "instance_count": config.get("instance_count", 1), **shared}
        if "autoscaling" in config:
            variant["autoscaling"] = config["autoscaling"]
        return {"AllTraffic": variant}
    found = {}
    for name, settings in given.items():
        own_instance = settings.get("inference_instance", instance)
        variant = {
            "instance_type": own_instance,
            "instance_count": settings.get("instance_count", 1),
            "weight": settings.get("weight", 1),
            **shared,
            **common.optional(settings, "autoscaling"),
        }
        model = _own_model(settings, config, context, own_instance)
        found[name] = variant if model is None else {**variant, "model": model}
    return found


def _shadow(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    settings = config["shadow"]
    instance = settings["inference_instance"]
    shadow = {
        "instance_type": instance,
        **common.optional(settings, "instance_count", "sampling_percent", "variant_name"),
    }
    model = _own_model(settings, config, context, instance)
    return shadow if model is None else {**shadow, "model": model}


def _own_model(
    settings: Mapping[str, Any], config: Mapping[str, Any], context: StageContext, instance: str
) -> dict[str, Any] | None:
    """Return the model of a variant that differs from the endpoint's own, or None."""
    own = {
        key: settings[key]
        for key in ("model_artifact_location", "custom_image_uri", "model_package_name")
        if key in settings
    }
    if not own:
        return None
    merged = {**config, **own}
    if "model_package_name" not in own:
        merged.pop("model_package_name", None)
    return common.model_variable(merged, context, instance)


def _async_inference(given: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {
        "output_location": "output_s3_uri",
        "failure_location": "failure_s3_uri",
        "input_location": "input_s3_uri",
    }
    return {renamed.get(key, key): f"s3://{value}" if key in renamed else value for key, value in given.items()}
