"""Small mappings from a config to variables and references that several blueprints share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import images, names
from ..blueprint import Reference, StageContext
from ..contract.scalars import arn_account


def uses_package(config: Mapping[str, Any]) -> bool:
    """Tell whether the model comes from the Model Registry."""
    return "model_package_name" in config or "model_package_group_name" in config


def assets_uri(context: StageContext, key: str) -> str:
    """Return the S3 URI of a key in the assets bucket."""
    return f"s3://{assets_bucket(context)}/{key}"


def assets_bucket(context: StageContext) -> str:
    """Return the bucket that users' model artifacts and data are in."""
    return context.platform.options.existing_assets_bucket or names.bucket(context.platform, "assets")


def platform_key_arn(context: StageContext) -> str:
    """Return the ARN (of a key, or of its alias) of what encrypts the assets and the artifacts bucket."""
    platform = context.platform
    return platform.options.kms_key_arn or names.key_alias_arn(platform, platform.name)


def topic_arn(context: StageContext) -> str:
    """Return the ARN of the platform's notification topic."""
    return names.topic_arn(context.platform)


def framework_image(config: Mapping[str, Any], context: StageContext, job: str, instance_type: str) -> images.Image:
    """Return AWS's image for a config that was found valid."""
    found = images.find(
        config["model_framework"],
        config["model_framework_version"],
        job,
        instance_type,
        context.platform.region,
        config.get("model_python_version", ""),
        config.get("model_base_framework", ""),
    )
    if isinstance(found, images.Fault):
        raise ValueError(f"{found.key}: {found.message}")
    return found


def model_variable(config: Mapping[str, Any], context: StageContext, instance_type: str) -> dict[str, Any]:
    """Return the ``model`` variable: a package, or an image with its artifact. Which version of a group is pinned."""
    if uses_package(config):
        model: dict[str, Any] = renamed(config, model_package_name="model_package_arn")
    else:
        custom = config.get("custom_image_uri")
        model = {
            "image_uri": custom or framework_image(config, context, "inference", instance_type).uri,
            "artifact_s3_uri": assets_uri(context, config["model_artifact_location"]),
            "artifact_kms_key_arns": [platform_key_arn(context)],
        }
    if "environment" in config:
        model["environment"] = config["environment"]
    if config.get("network_isolation"):
        model["network_isolation"] = True
    return model


def model_references(config: Mapping[str, Any], context: StageContext, place: str = "") -> list[Reference]:
    """Return what a ``model`` variable refers to. AWS's own images are not the config's to keep still.

    Args:
        config: The keys that make the model.
        context: Where it is deployed.
        place: What stands before the model's variables and keys alike, such as ``variants.Challenger.``.
    """
    if "model_package_group_name" in config:
        group, owner = config["model_package_group_name"], context.platform.orchestrator_account_id
        arn = names.model_package_group_arn(context.platform, group)
        key = f"{place}model_package_group_name"
        return [Reference("model_package_group", arn, f"{place}model", key, owner)]
    if uses_package(config):
        arn = config["model_package_name"]
        return [Reference("model_package", arn, f"{place}model", f"{place}model_package_name", arn_account(arn))]
    artifact = assets_uri(context, config["model_artifact_location"])
    owner = context.platform.orchestrator_account_id
    kind = "s3_prefix" if artifact.endswith("/") else "s3_object"
    found = [Reference(kind, artifact, f"{place}model.artifact_s3_uri", f"{place}model_artifact_location", owner)]
    custom = config.get("custom_image_uri")
    if custom:
        found.append(Reference("ecr_image", custom, f"{place}model.image_uri", f"{place}custom_image_uri", custom[:12]))
    return found


def kms_reference(config: Mapping[str, Any]) -> list[Reference]:
    """Return the reference to the config's KMS key, if it has one."""
    arn = config.get("kms_key_arn")
    return [Reference("kms_key", arn, "", "kms_key_arn", arn_account(arn))] if arn else []


def location_reference(
    config: Mapping[str, Any], context: StageContext, key: str, *, is_input: bool = False
) -> list[Reference]:
    """Return the reference to the place in a bucket that a location key (``a`` or ``a.b``) names, if it is given."""
    given: Any = config
    for part in key.split("."):
        given = given.get(part, {})
    kind = "s3_prefix" if is_input else "s3_location"
    return [Reference(kind, f"s3://{given}", "", key, context.stage.account_id)] if given else []


def optional(config: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the given keys that the config has, as they are."""
    return {key: config[key] for key in keys if key in config}


def renamed(config: Mapping[str, Any], **names_by_key: str) -> dict[str, Any]:
    """Return the given keys that the config has, under the names that a variable's attributes have."""
    return {name: config[key] for key, name in names_by_key.items() if key in config}
