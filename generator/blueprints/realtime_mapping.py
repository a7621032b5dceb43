"""From a realtime config to the variables of its module. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..blueprint import Reference, StageContext
from . import mapping

_PER_INSTANCE = ("volume_size_gb", "model_download_timeout_seconds", "startup_timeout_seconds")


def option_variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables that the optional keys decide. Pure."""
    found: dict[str, Any] = {"variants": _variants(config, context)}
    if "rollout" in config:
        found["rollout"] = config["rollout"]
    if "vpc" in config:
        found["vpc"] = config["vpc"]
    if "alarms" in config:
        found["alarms"] = {"topic_arn": mapping.topic_arn(context), **config["alarms"]}
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
            **mapping.optional(settings, "autoscaling"),
        }
        model = _own_model(settings, config, context, own_instance)
        found[name] = variant if model is None else {**variant, "model": model}
    return found


def _shadow(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    settings = config["shadow"]
    instance = settings["inference_instance"]
    shadow = {
        "instance_type": instance,
        **mapping.optional(settings, "instance_count", "sampling_percent", "variant_name"),
    }
    model = _own_model(settings, config, context, instance)
    return shadow if model is None else {**shadow, "model": model}


def option_references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what the optional keys point to: models of variants, places of asynchronous requests. Pure."""
    found: list[Reference] = []
    places = {f"variants.{name}.": settings for name, settings in config.get("variants", {}).items()}
    if "shadow" in config:
        places["shadow."] = config["shadow"]
    for place, settings in places.items():
        merged = _own_keys(settings, config)
        if merged is not None:
            found += mapping.model_references(merged, context, place)
    for key in ("input_location", "output_location", "failure_location"):
        found += mapping.location_reference(config, context, f"async_inference.{key}")
    return found


def _own_model(
    settings: Mapping[str, Any], config: Mapping[str, Any], context: StageContext, instance: str
) -> dict[str, Any] | None:
    """Return the model of a variant that differs from the endpoint's own, or None."""
    merged = _own_keys(settings, config)
    return None if merged is None else mapping.model_variable(merged, context, instance)


def _own_keys(settings: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the config with the model that a variant has instead, or None if it has the endpoint's own."""
    own = {
        key: settings[key]
        for key in ("model_artifact_location", "custom_image_uri", "model_package_name")
        if key in settings
    }
    if not own:
        return None
    merged = {**config, **own}
    merged.pop("model_package_group_name", None)
    if "model_package_name" not in own:
        merged.pop("model_package_name", None)
    return merged


def _async_inference(given: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {
        "output_location": "output_s3_uri",
        "failure_location": "failure_s3_uri",
        "input_location": "input_s3_uri",
    }
    return {renamed.get(key, key): f"s3://{value}" if key in renamed else value for key, value in given.items()}
