"""Keys, rules and mapping that training and tuning share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..blueprint import Reference, StageContext
from ..contract.check import Rule, View
from ..contract.composite import AnyJson, Items, Mapped, OneOf, Record
from ..contract.field import Field
from ..contract.kinds import Choice, Flag, Text, Whole, number_text
from ..contract.report import INVALID, Report
from ..contract.s3 import S3Key
from ..contract.scalars import InstanceType
from . import job_keys, keys, mapping, rules

DEFAULT_INSTANCE = "ml.m4.xlarge"
DEFAULT_RUNTIME = 86400
DEFAULT_WAIT = 172800

TRAINING_DATA = Field(
    "training_data",
    S3Key("the key or prefix of the training data"),
    "Key or prefix, inside the assets bucket, of the training data.",
    required=True,
    example="train/data.csv",
)
JOB_OUTPUT = Field(
    "job_output_location",
    S3Key("a prefix for results", writes=True),
    "Prefix, inside the assets bucket, for results.",
    required=True,
    example="training-output",
)
MAX_RUNTIME = Field(
    "max_runtime_per_job",
    Whole(600, 259200, "seconds"),
    "Longest run of one job.",
    default=DEFAULT_RUNTIME,
    example=7200,
)
ENCRYPT_TRAFFIC = Field(
    "encrypt_inner_traffic", Flag(), "Whether traffic between a job's containers is encrypted.", default=True
)
_HYPERPARAMETER = Text(
    "the name of a hyperparameter",
    r"[^\x00-\x1f\x7f]{1,256}",
    also=lambda text: "ends in .$, which SageMaker keeps for itself" if text.endswith(".$") else "",
)


class _HyperparameterValue(AnyJson):
    """Any value that becomes text of at most 2,500 characters."""

    __slots__ = ()

    def check(self, value: Any, report: Report) -> Any:
        if value is None:
            return self.wrong_type(value, report)
        checked = super().check(value, report)
        if checked is not INVALID and len(hyperparameter_text(checked)) > 2500:
            return report.add("too-long", "has more than 2,500 characters", "shorten it")
        return checked


def hyperparameter_text(value: Any) -> str:
    """Return a hyperparameter's value as the text that the container gets. Pure."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


HYPERPARAMETERS = Field(
    "algo_hyperparamaters",
    Mapped(
        _HYPERPARAMETER,
        _HyperparameterValue("text", "number", "boolean", "list", "object", expects="text, a number or a boolean"),
        fewest=1,
        most=100,
        text=True,
        expects="an object of hyperparameters",
    ),
    "Hyperparameters with fixed values.",
    required=True,
    aliases=("algo_hyperparameters", "hyperparameters"),
    example={"eval_metric": "auc", "objective": "binary:logistic", "num_round": 400},
)
_METRIC = Record(
    (
        Field(
            "Name", Text("the name of a metric", longest=255), "Name.", required=True, aliases=("name",), example="auc"
        ),
        Field(
            "Regex",
            Text("a regular expression", longest=500),
            "Regular expression over the log, with one group.",
            required=True,
            aliases=("regex",),
            example="auc=([0-9.]+)",
        ),
    ),
    expects="an object with Name and Regex",
)
METRIC_DEFINITIONS_KIND = OneOf(
    "an object of metric names and regular expressions, or a list of Name and Regex",
    object=Mapped(Text("the name of a metric", longest=255), Text("a regular expression", longest=500), most=40),
    list=Items(_METRIC, most=40),
)
_CHANNEL = Record(
    (
        Field("location", S3Key("the key or prefix of data"), "Key or prefix inside the assets bucket.", required=True),
        Field("content_type", Text("a content type", longest=256), "Content type.", default_text="content_type"),
        Field("shuffle_seed", Whole(0), "Shuffle with this seed."),
    ),
    expects="an object with location",
)
FIELDS_OF_BOTH = (
    TRAINING_DATA,
    Field(
        "validation_data",
        S3Key("the key or prefix of the validation data"),
        "Key or prefix, inside the assets bucket, of the validation data.",
        example="validation/data.csv",
    ),
    JOB_OUTPUT,
    *keys.framework_fields(True),
    HYPERPARAMETERS,
    Field(
        "instance_type", InstanceType("training"), "Instance type.", default=DEFAULT_INSTANCE, example="ml.m5.xlarge"
    ),
    Field("instance_count", Whole(1, 100), "Number of instances.", default=1),
    Field("instance_volume_size", Whole(1, 16384, "GB"), "Volume of each instance.", default=20),
    ENCRYPT_TRAFFIC,
    MAX_RUNTIME,
    Field("use_spot_instances", Flag(), "Whether to use spot capacity.", default=True),
    Field(
        "max_wait_time_spot_instances",
        Whole(1, 259200, "seconds"),
        "Longest time for waiting and running with spot capacity.",
        default=DEFAULT_WAIT,
    ),
    Field("content_type", Text("a content type", longest=256), "Content type of the data.", default="csv"),
    Field(
        "s3_data_type",
        Choice("S3Prefix", "ManifestFile", "AugmentedManifestFile"),
        "How the data in S3 is named.",
        default="S3Prefix",
    ),
    Field(
        "data_distribution",
        Choice("FullyReplicated", "ShardedByS3Key"),
        "Whether every instance gets all data or a share.",
        default="FullyReplicated",
    ),
    Field("compression_type", Choice("Gzip", "None"), "Compression of the data."),
    Field("data_input_mode", Choice("File", "Pipe", "FastFile"), "How data reaches the container.", default="File"),
    Field("data_record_wrapping", Choice("RecordIO", "None"), "Wrapping of the records."),
    Field(
        "attribute_names",
        Items(Text("the name of an attribute", longest=256), fewest=1, most=16, text=True, unique=True),
        "Attributes of an augmented manifest.",
        example=["source-ref", "label"],
    ),
    keys.KMS_KEY,
)
OUR_FIELDS = (
    keys.PIPELINE_NAME,
    Field(
        "channels",
        Mapped(
            Text("a channel name", r"(?!(?:train|validation)$)[A-Za-z0-9._-]{1,64}"),
            _CHANNEL,
            most=18,
            expects="an object of channel names and locations",
        ),
        "More input channels, beside train and validation.",
        example={"test": {"location": "test/data.csv"}},
        ours=True,
    ),
    job_keys.SCHEDULE,
    job_keys.REGISTER_MODEL,
    job_keys.RETRY_ATTEMPTS,
    job_keys.JOB_ENVIRONMENT,
    keys.NETWORK_ISOLATION,
    keys.VPC_FIELD,
    job_keys.DATA_KMS_KEYS,
    keys.HARDWARE_ENCRYPTION,
    keys.TAGS_FIELD,
)


def _check_spot(view: View) -> None:
    wait = view.get("max_wait_time_spot_instances")
    runtime = view.get("max_runtime_per_job", DEFAULT_RUNTIME)
    if view.get("use_spot_instances", True) and wait is not None and wait < runtime:
        default = "" if "max_runtime_per_job" in view.values else ", its default"
        view.report.add_at(
            "max_wait_time_spot_instances",
            "spot-wait-too-short",
            f"is {wait}, but waiting and running cannot end before max_runtime_per_job ({runtime}{default})",
            f"use at least {runtime}, or lower max_runtime_per_job",
        )


def _check_manifest(view: View) -> None:
    augmented = view.get("s3_data_type") == "AugmentedManifestFile"
    if augmented and "attribute_names" not in view.values:
        view.report.add_at(
            "attribute_names",
            "needs-key",
            "is missing: s3_data_type AugmentedManifestFile needs the attributes to use",
            'add it, for example "attribute_names": ["source-ref", "label"]',
        )
    if not augmented and "attribute_names" in view.values:
        view.report.add_at(
            "attribute_names",
            "cannot-combine",
            f"belongs to s3_data_type AugmentedManifestFile, but that is {view.get('s3_data_type', 'S3Prefix')}",
            "remove it, or change s3_data_type",
        )
    if augmented and view.get("data_input_mode", "File") != "Pipe":
        view.report.add_at(
            "data_input_mode",
            "cannot-combine",
            f"is {view.get('data_input_mode', 'File')}, but SageMaker takes AugmentedManifestFile with Pipe only",
            'add "data_input_mode": "Pipe"',
        )


RULES_OF_BOTH = (
    *rules.image_rules("training", "instance_type"),
    rules.storage_rule("instance_type"),
    rules.KMS_RULE,
    job_keys.REGISTRATION_RULE,
    Rule(
        ("max_wait_time_spot_instances", "max_runtime_per_job", "use_spot_instances"),
        "Spot waiting time is at least the run time.",
        ("spot-wait-too-short",),
        _check_spot,
    ),
    Rule(
        ("s3_data_type", "attribute_names", "data_input_mode"),
        "An augmented manifest needs attribute names and input mode Pipe.",
        ("needs-key", "cannot-combine"),
        _check_manifest,
        always=True,
    ),
)


# Mapping --------------------------------------------------------------------------------------------------------


def training_variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables that the modules training and tuning share. Pure."""
    instance = config.get("instance_type", DEFAULT_INSTANCE)
    runtime = config.get("max_runtime_per_job", DEFAULT_RUNTIME)
    instances: dict[str, Any] = {
        "type": instance,
        "count": config.get("instance_count", 1),
        "volume_size_gb": config.get("instance_volume_size", 20),
        "max_runtime_seconds": runtime,
        "retry_attempts": config.get("retry_attempts", 0),
    }
    if config.get("use_spot_instances", True):
        wait = config.get("max_wait_time_spot_instances", max(DEFAULT_WAIT, runtime))
        instances["spot"] = {"max_wait_seconds": wait}
    algorithm = {
        "image_uri": mapping.framework_image(config, context, "training", instance).uri,
        "hyperparameters": {name: hyperparameter_text(value) for name, value in config["algo_hyperparamaters"].items()},
        "encrypt_between_instances": config.get("encrypt_inner_traffic", True),
        **mapping.renamed(
            config,
            data_input_mode="input_mode",
            environment="environment",
            network_isolation="network_isolation",
        ),
    }
    return {
        **job_keys.job_variables(config, context),
        "algorithm": algorithm,
        "channels": _channels(config, context),
        "instances": instances,
        "job_name": config.get("job_name"),
        "kms_key_arn": config.get("kms_key_arn"),
        "output_s3_uri": mapping.assets_uri(context, config["job_output_location"]),
        "registration": job_keys.registration_variable(config, context),
        "tags": {"model_name": config["model_name"], **config.get("tags", {})},
    }


def _channels(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    shared = {
        "content_type": config.get("content_type", "csv"),
        "input_mode": config.get("data_input_mode", "File"),
        **mapping.renamed(
            config,
            s3_data_type="s3_data_type",
            data_distribution="distribution",
            compression_type="compression",
            data_record_wrapping="record_wrapper",
            attribute_names="attribute_names",
        ),
    }
    found = {"train": {"s3_uri": mapping.assets_uri(context, config["training_data"]), **shared}}
    if "validation_data" in config:
        found["validation"] = {"s3_uri": mapping.assets_uri(context, config["validation_data"]), **shared}
    for name, channel in config.get("channels", {}).items():
        own = mapping.optional(channel, "content_type", "shuffle_seed")
        found[name] = {"s3_uri": mapping.assets_uri(context, channel["location"]), **shared, **own}
    return found


def metric_definitions(given: Any) -> dict[str, str]:
    """Return metric definitions of either form as {name: regular expression}. Pure."""
    return dict(given) if isinstance(given, dict) else {metric["Name"]: metric["Regex"] for metric in given}


def training_references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what a training or tuning config points to. Pure."""
    owner = context.platform.orchestrator_account_id
    found = []
    for key in ("training_data", "validation_data"):
        if key in config:
            found.append(Reference("s3_prefix", mapping.assets_uri(context, config[key]), "", key, owner))
    for name, channel in config.get("channels", {}).items():
        source = mapping.assets_uri(context, channel["location"])
        found.append(Reference("s3_prefix", source, "", f"channels.{name}.location", owner))
    return [*found, *mapping.kms_reference(config)]
