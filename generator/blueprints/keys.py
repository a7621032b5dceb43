"""Keys that several blueprints share."""

from __future__ import annotations

from ..contract.composite import Mapped
from ..contract.field import Field, When, in_registry_mode
from ..contract.kinds import Flag, Text
from ..contract.s3 import S3Key, S3Location
from ..contract.scalars import ECR_IMAGE, KMS_KEY_ARN, MODEL_PACKAGE_ARN, sagemaker_name
from ..platform import TAGS, VPC

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

_GROUP = "model_package_group_name"
# Image and artifact, or a version in the Model Registry: a group stands for either.
_WITHOUT_REGISTRY = in_registry_mode(False, unless=_GROUP)
_WITH_REGISTRY = in_registry_mode(True, unless=_GROUP)

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
    required=_WITHOUT_REGISTRY,
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


FRAMEWORK = framework_fields(_WITHOUT_REGISTRY)
MODEL_ARTIFACT = Field(
    "model_artifact_location",
    S3Key("the key of a model archive", "churn/model.tar.gz", folders=True),
    "Key of the model archive (model.tar.gz) inside the assets bucket, or of a folder with a slash at the end.",
    required=_WITHOUT_REGISTRY,
    example="churn/model.tar.gz",
)
MODEL_PACKAGE = Field(
    "model_package_name",
    MODEL_PACKAGE_ARN,
    "Model package version in the Model Registry; when given, it is used instead of image and artifact.",
    required=_WITH_REGISTRY,
    example="arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/3",
)
MODEL_PACKAGE_GROUP = Field(
    _GROUP,
    sagemaker_name("the name of a model package group", 63),
    "Model package group of the orchestrator account: a release gets its newest approved version, instead of image and "
    "artifact.",
    example="churn",
    ours=True,
)
DEPLOY_ON_APPROVAL = Field(
    "deploy_on_approval",
    Flag(),
    "Whether a version that is approved in the group starts a release by itself; it passes the same gates.",
    default=False,
    ours=True,
)
REGISTRY = (MODEL_PACKAGE, MODEL_PACKAGE_GROUP, DEPLOY_ON_APPROVAL)


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


def location(
    name: str, meaning: str, *, required: bool | When = True, example: str, per_stage: bool = True, writes: bool = True
) -> Field:
    """Return a key that takes a bucket and a prefix."""
    return Field(name, S3Location(writes=writes), meaning, required=required, per_stage=per_stage, example=example)
