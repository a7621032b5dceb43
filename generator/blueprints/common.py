"""Keys, rules and small mappings that several blueprints share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import images, instances, names
from ..blueprint import Reference, StageContext
from ..contract.check import Rule, View
from ..contract.field import WITH_REGISTRY, WITHOUT_REGISTRY, Field, When
from ..contract.kinds import Flag, Mapped, Text
from ..contract.scalars import (
    ECR_IMAGE,
    KMS_KEY_ARN,
    MODEL_PACKAGE_ARN,
    S3Key,
    S3Location,
    arn_account,
    arn_region,
    ecr_region,
    sagemaker_name,
)
from ..platform import TAGS, VPC
from ..problems import listed

_MODEL_NAME = Text(
    "a model name (letters, digits and hyphens, at most 86 characters)",
    r"-*[A-Za-z0-9][A-Za-z0-9-]*",
    longest=86,
    code="bad-name",
    fix="use letters, digits and hyphens: the name becomes part of the names of AWS resources",
)
_PIPELINE_NAME = Text(
    "a pipeline name (lower-case letters, digits and single hyphens, at most 80 characters)",
    r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
    longest=80,
    code="bad-name",
    fix="use lower-case letters, digits and single hyphens, starting with a letter",
)

MODEL_NAME = Field(
    "model_name",
    _MODEL_NAME,
    "Label of the model; names the pipeline and, where nothing else is given, its resources.",
    required=True,
    example="churn",
)
PIPELINE_NAME = Field(
    "pipeline_name",
    _PIPELINE_NAME,
    "Name of the pipeline, for two pipelines of one type and model.",
    default_text="model_name and the type",
    example="churn-europe",
    ours=True,
)
TAGS_FIELD = Field("tags", TAGS, "Tags of everything this pipeline makes.", example={"team": "growth"}, ours=True)
KMS_KEY = Field(
    "kms_key_arn",
    KMS_KEY_ARN,
    "KMS key for what the pipeline stores: output, captured data and instance volumes.",
    per_stage=True,
    example="arn:aws:kms:eu-central-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab",
)
HARDWARE_ENCRYPTION = Field(
    "accept_hardware_encryption",
    Flag(),
    "Allow kms_key_arn with an instance type that has local storage: its volume is then encrypted by the hardware, not "
    "with the key.",
    default=False,
    ours=True,
)
VPC_FIELD = Field(
    "vpc",
    VPC,
    "Subnets and security groups of the containers.",
    per_stage=True,
    example={"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]},
    ours=True,
)
NETWORK_ISOLATION = Field(
    "network_isolation", Flag(), "Cut the containers off from every network.", default=False, per_stage=True, ours=True
)
ENVIRONMENT = Field(
    "environment",
    Mapped(
        Text("the name of an environment variable", r"[A-Za-z_][A-Za-z0-9_]{0,1023}"),
        Text("text of at most 1,024 characters", r"[\S\s]{0,1024}", shortest=0, numbers=True),
        most=100,
        expects="an object of variable names and texts",
    ),
    "Environment variables of the model's container.",
    per_stage=True,
    example={"LOG_LEVEL": "info"},
    ours=True,
)
CUSTOM_IMAGE = Field(
    "custom_image_uri",
    ECR_IMAGE,
    "Image in ECR that serves the model.",
    required=WITHOUT_REGISTRY,
    example="111122223333.dkr.ecr.eu-central-1.amazonaws.com/algorithms:churn-1",
)
_FRAMEWORK = Text("a framework or algorithm of SageMaker", r"[A-Za-z0-9][A-Za-z0-9-]*", longest=64, lower=True)
_VERSION = Text(
    "a version", r"[A-Za-z0-9][A-Za-z0-9._-]*", longest=64, numbers=True, fix='quote it, for example "1.7-1"'
)


def framework_fields(required: bool | When) -> tuple[Field, ...]:
    """Return the keys that choose one of AWS's own images."""
    return (
        Field(
            "model_framework", _FRAMEWORK, "Framework or built-in algorithm whose AWS image is used.",
            required=required, example="xgboost",
        ),
        Field(
            "model_framework_version", _VERSION, "Version of that image.", required=required, example="1.7-1",
        ),
        Field(
            "model_base_framework", _VERSION, "For Hugging Face: the framework below it, such as pytorch2.6.0.",
            default_text="the newest PyTorch", example="pytorch2.6.0", ours=True,
        ),
        Field(
            "model_python_version", Text("a Python version such as py310", r"py[0-9]{1,3}"),
            "Python version of the image.", default_text="the newest", example="py310", ours=True,
        ),
    )  # fmt: skip


FRAMEWORK = framework_fields(WITHOUT_REGISTRY)
MODEL_ARTIFACT = Field(
    "model_artifact_location",
    S3Key("the key of a model archive"),
    "Key of the model archive inside the assets bucket.",
    required=WITHOUT_REGISTRY,
    example="churn/model.tar.gz",
)
MODEL_PACKAGE = Field(
    "model_package_name",
    MODEL_PACKAGE_ARN,
    "Model package version in the Model Registry; when given, it is used instead of image and artifact.",
    required=WITH_REGISTRY,
    example="arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/3",
)


def endpoint_name(*, required: bool) -> Field:
    """Return the key that names an endpoint."""
    return Field(
        "endpoint_name",
        sagemaker_name("an endpoint name", 63, lower=True),
        "Name of the endpoint, in lower case.",
        required=required,
        per_stage=True,
        default_text="" if required else "the platform's name, stage and pipeline",
        example="churn-endpoint",
    )


def location(name: str, meaning: str, *, required: bool | When = True, example: str, per_stage: bool = True) -> Field:
    """Return a key that takes a bucket and a prefix."""
    return Field(name, S3Location(), meaning, required=required, per_stage=per_stage, example=example)


# Rules ----------------------------------------------------------------------------------------------------------


def image_rules(job: str, instance_key: str) -> tuple[Rule, Rule]:
    """Return the rules that AWS publishes an image for framework and version, and for instance and region."""
    words = ("model_framework", "model_framework_version", "model_base_framework", "model_python_version")

    def look_up(view: View, instance: str, region: str) -> images.Fault | None:
        framework = view.get("model_framework")
        version = view.get("model_framework_version")
        if framework is None or version is None or (job == "inference" and ignores_image(view)):
            return None
        python, base = view.get("model_python_version", ""), view.get("model_base_framework", "")
        found = images.find(framework, version, job, instance, region, python, base)
        return found if isinstance(found, images.Fault) else None

    def check_version(view: View) -> None:
        fault = look_up(view, "", "")
        # What depends on the instance is the other rule's.
        if fault is not None and fault.key != "inference_instance":
            view.report.add_at(fault.key, fault.code, fault.message, fault.fix)

    def check_instance(view: View) -> None:
        reported = {problem.key for problem in view.report.problems}
        for stage, (instance, serverless) in view.each(instance_key, "serverless"):
            if instance is None and not serverless:
                continue
            fault = look_up(view, instance or "", view.context.region)
            if fault is None:
                continue
            key = fault.key
            if key == "inference_instance":
                key = view.place(stage, instance_key) if instance else view.place(stage, "serverless")
            if key not in reported:
                reported.add(key)
                view.report.add_at(key, fault.code, fault.message, fault.fix)

    return (
        Rule(
            words,
            "AWS publishes images for that framework and version.",
            ("unknown-framework", "unknown-framework-version", "no-image"),
            check_version,
        ),
        Rule(
            (instance_key, *words),
            "AWS publishes that image for the instance's processor and for the platform's region.",
            ("no-image", "no-image-in-region"),
            check_instance,
            always=True,
        ),
    )


def ignores_image(view: View) -> bool:
    """Tell whether image and artifact are without effect because the model comes from the registry."""
    return view.context.use_model_registry or uses_package(view.values)


def storage_rule(*instance_keys: str) -> Rule:
    """Return the rule against a KMS key for a volume that hardware encrypts."""

    def check(view: View) -> None:
        if view.get("accept_hardware_encryption"):
            return
        for instance_key in instance_keys:
            for stage, (instance, key) in view.each(instance_key, "kms_key_arn"):
                if instance and key and instances.local_storage_gb(instance):
                    view.report.add_at(
                        view.place(stage, instance_key),
                        "kms-local-storage",
                        f"{instance} keeps its data on local storage that the hardware encrypts; "
                        "AWS refuses a KMS key for its volume",
                        'choose a type without local storage, or add "accept_hardware_encryption": true '
                        "to use kms_key_arn for everything but the volume",
                    )

    return Rule(
        ("kms_key_arn", *instance_keys, "accept_hardware_encryption"),
        "A KMS key is not combined with an instance type whose local storage the hardware encrypts.",
        ("kms-local-storage",),
        check,
    )


def _check_kms(view: View) -> None:
    platform = view.context.platform
    if platform.assumed:
        return
    accounts = {stage.name: stage.account_id for stage in platform.stages}
    known = {platform.orchestrator_account_id, *platform.options.shared_account_ids}
    every = set(accounts.values())
    for stage, (arn,) in view.each("kms_key_arn"):
        if not arn:
            continue
        place = view.place(stage, "kms_key_arn")
        if arn_region(arn) != platform.region:
            view.report.add_at(
                place,
                "arn-region",
                f"is a key of {arn_region(arn)}, but the platform is in {platform.region}",
                "name a key of the platform's region",
            )
        account = arn_account(arn)
        if account in known:
            continue
        if "kms_key_arn" in view.staged:
            wrong = account != accounts[stage]
        else:
            # One key for several accounts is taken for a shared one, unless it is one stage's own.
            wrong = every != {account} and (account in every or len(every) == 1)
        if wrong:
            mine = [name for name, owner in accounts.items() if owner == account]
            whose = f", the account of stage {listed(mine)}" if mine else ""
            others = accounts[stage] if "kms_key_arn" in view.staged else listed(sorted(every - {account}))
            view.report.add_at(
                place,
                "arn-account",
                f"is a key of account {account}{whose}, but is used in account {others}",
                "give each stage a key of its own account, or list the account under options.shared_account_ids "
                "of the platform file",
            )


KMS_RULE = Rule(
    ("kms_key_arn",),
    "The key is in the platform's region, and in the stage's account, the orchestrator's or a shared one.",
    ("arn-region", "arn-account"),
    _check_kms,
)


def _check_regions(view: View) -> None:
    region = view.context.region
    if not region:
        return
    package = view.get("model_package_name")
    if package and arn_region(package) != region:
        view.report.add_at(
            "model_package_name",
            "arn-region",
            f"is in {arn_region(package)}, but the platform is in {region}: SageMaker reads packages of its own region",
            "register the model in the platform's region",
        )
    image = view.get("custom_image_uri")
    if image and ecr_region(image) not in ("", region) and not uses_package(view.values):
        view.report.add_at(
            "custom_image_uri",
            "arn-region",
            f"is in {ecr_region(image)}, but the platform is in {region}: SageMaker pulls from its own region",
            "replicate the image to the platform's region",
        )


REGION_RULE = Rule(
    ("model_package_name", "custom_image_uri"),
    "Model package and image are in the platform's region.",
    ("arn-region",),
    _check_regions,
    always=True,
)


def _check_endpoint_names(view: View) -> None:
    taken: dict[tuple[str, str], str] = {}
    for stage in view.context.platform.stages:
        name = view.at(stage.name, "endpoint_name")
        if name is None:
            continue
        first = taken.setdefault((stage.account_id, name), stage.name)
        if first != stage.name:
            view.report.add_at(
                view.place(stage.name, "endpoint_name"),
                "name-collision",
                f'"{name}" would be made twice in account {stage.account_id}: stages {first} and {stage.name} share it',
                "give each stage a name of its own: "
                + f'{{"{first}": "{name}-{first}", "{stage.name}": "{name}-{stage.name}"}}',
            )
            if "endpoint_name" not in view.staged:
                return


ENDPOINT_NAMES_RULE = Rule(
    ("endpoint_name",),
    "Stages that share an account have endpoint names of their own.",
    ("name-collision",),
    _check_endpoint_names,
)


# Mapping --------------------------------------------------------------------------------------------------------


def uses_package(config: Mapping[str, Any]) -> bool:
    """Tell whether the model comes from the Model Registry."""
    return "model_package_name" in config


def assets_uri(context: StageContext, key: str) -> str:
    """Return the S3 URI of a key in the assets bucket."""
    return f"s3://{assets_bucket(context)}/{key}"


def assets_bucket(context: StageContext) -> str:
    """Return the bucket that users' model artifacts and data are in."""
    return context.platform.options.existing_assets_bucket or names.bucket(context.platform, "assets")


def topic_arn(context: StageContext) -> str:
    """Return the ARN of the platform's notification topic."""
    platform = context.platform
    place = f"{names.partition(platform.region)}:sns:{platform.region}:{platform.orchestrator_account_id}"
    return f"arn:{place}:{platform.name}-notifications"


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
    """Return the ``model`` variable: a package, or an image with its artifact."""
    if uses_package(config):
        model: dict[str, Any] = {"model_package_arn": config["model_package_name"]}
    else:
        custom = config.get("custom_image_uri")
        model = {
            "image_uri": custom or framework_image(config, context, "inference", instance_type).uri,
            "artifact_s3_uri": assets_uri(context, config["model_artifact_location"]),
        }
    if "environment" in config:
        model["environment"] = config["environment"]
    if config.get("network_isolation"):
        model["network_isolation"] = True
    return model


def model_references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what the ``model`` variable refers to. AWS's own images are not the config's to keep still."""
    if uses_package(config):
        arn = config["model_package_name"]
        return [Reference("model_package", arn, "model", "model_package_name", arn_account(arn))]
    artifact = assets_uri(context, config["model_artifact_location"])
    owner = context.platform.orchestrator_account_id
    found = [Reference("s3_object", artifact, "model.artifact_s3_uri", "model_artifact_location", owner)]
    custom = config.get("custom_image_uri")
    if custom:
        found.append(Reference("ecr_image", custom, "model.image_uri", "custom_image_uri", custom[:12]))
    return found


def kms_reference(config: Mapping[str, Any]) -> list[Reference]:
    """Return the reference to the config's KMS key, if it has one."""
    arn = config.get("kms_key_arn")
    return [Reference("kms_key", arn, "", "kms_key_arn", arn_account(arn))] if arn else []


def location_reference(config: Mapping[str, Any], context: StageContext, key: str) -> list[Reference]:
    """Return the reference to the place in a bucket that a location key names, if it is given."""
    given = config.get(key)
    return [Reference("s3_prefix", f"s3://{given}", "", key, context.stage.account_id)] if given else []


def optional(config: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the given keys that the config has, as they are."""
    return {key: config[key] for key in keys if key in config}


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are not None."""
    return {key: value for key, value in values.items() if value is not None}
