"""Rules across the optional keys of realtime endpoints."""

from __future__ import annotations

from .. import instances
from ..contract.check import Rule, View

_NOT_SERVERLESS = (
    "inference_instance",
    "instance_count",
    "autoscaling",
    "variants",
    "shadow",
    "async_inference",
    "vpc",
    "network_isolation",
    "volume_size_gb",
    "data_capture_location",
    "data_capture",
)


def _check_serverless(view: View) -> None:
    given = [key for key in _NOT_SERVERLESS if key in view.values]
    for stage, (serverless, *values) in view.each("serverless", *given):
        if serverless is None:
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
        if strategy == "rolling" and (serverless is not None or len(variants or {}) > 1):
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
                f"cannot be chosen for {instance}, which uses its own local storage",
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


def _check_own_models(view: View) -> None:
    """A variant's own artifact or image needs the other half, which a model of the registry does not give."""
    halves = {
        "model_artifact_location": view.get("model_artifact_location"),
        "custom_image_uri": view.get("custom_image_uri") or view.get("model_framework"),
    }
    for stage, (variants, shadow) in view.each("variants", "shadow"):
        found = [(f"{view.place(stage, 'variants')}.{name}", variant) for name, variant in (variants or {}).items()]
        for place, own in [*found, (view.place(stage, "shadow"), shadow or {})]:
            if "model_package_name" in own or own.keys().isdisjoint(halves):
                continue
            for missing in (key for key, shared in halves.items() if not shared and key not in own):
                view.report.add_at(
                    place,
                    "needs-key",
                    f"has a model of its own without {missing}, and the endpoint's model has none either",
                    f"add {missing} beside it, or name a model_package_name instead",
                )


OPTION_RULES: tuple[Rule, ...] = (
    Rule(
        ("serverless", *_NOT_SERVERLESS),
        "A serverless endpoint has no instances, capture, VPC, isolation or variants.",
        ("cannot-combine", "min-above-max", "missing-stage"),
        _check_serverless,
    ),
    Rule(
        ("async_inference", "shadow"),
        "An asynchronous endpoint has no shadow variant.",
        ("cannot-combine",),
        _check_async,
    ),
    Rule(
        ("autoscaling", "variants", "async_inference"),
        "min_count is at most max_count, and 0 only when asynchronous.",
        ("min-above-max", "out-of-range"),
        _check_autoscaling,
        always=True,
    ),
    Rule(
        ("rollout", "variants", "serverless"),
        "The step fits the strategy; rolling needs one variant on instances.",
        ("out-of-range", "cannot-combine"),
        _check_rollout,
    ),
    Rule(
        ("variants", "shadow", "instance_count", "autoscaling"),
        "Some variant serves; a shadow goes with one variant.",
        ("no-weight", "cannot-combine"),
        _check_variants,
    ),
    Rule(
        ("volume_size_gb", "inference_instance"),
        "An instance type with local storage takes no volume size.",
        ("volume-local-storage",),
        _check_volume,
    ),
    Rule(
        ("kms_key_arn", "variants", "shadow", "accept_hardware_encryption"),
        "A KMS key is not combined with local storage of a variant either.",
        ("kms-local-storage",),
        _check_more_instances,
    ),
    Rule(
        ("variants", "shadow", "model_artifact_location", "custom_image_uri", "model_framework"),
        "A variant's own model has an image and an artifact, its own or the endpoint's.",
        ("needs-key",),
        _check_own_models,
        always=True,
    ),
)
