"""What a model card's request has looked up: a SageMaker model, the job that trained it, files of metrics.

What the request itself says wins over what is found. Reads from AWS; changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from generator.problems import Problem

from .card_content import evaluation, merged, overview, training
from .card_metrics import metric_groups
from .clients import error_code, error_status
from .replies import BadRequest

if TYPE_CHECKING:
    from .core import Core

_MOST_LISTED = 15
_MOST_METRICS = 50
_MOST_HYPERPARAMETERS = 100


def discovered(config: Mapping[str, Any], core: Core) -> tuple[dict[str, Any], list[str]]:
    """Return the content that a request describes, and notes about what could not be found.

    Raises:
        BadRequest: It names something that does not exist or may not be read, or a model that has a card.
    """
    content: dict[str, Any] = {}
    notes: list[str] = []
    problems: list[Problem] = []
    if "model_overview" in config:
        content["model_overview"] = _overview(config, core, problems)
    if "intended_uses" in config:
        content["intended_uses"] = dict(config["intended_uses"])
    if "training_details" in config:
        content["training_details"] = _training(config["training_details"], core, problems, notes)
    if "evaluation_details" in config:
        content["evaluation_details"] = [
            _evaluation(entry, f"evaluation_details[{index}]", core, problems)
            for index, entry in enumerate(config["evaluation_details"])
        ]
    if "additional_information" in config:
        content["additional_information"] = dict(config["additional_information"])
    if problems:
        raise BadRequest(problems)
    return content, notes


def _overview(config: Mapping[str, Any], core: Core, problems: list[Problem]) -> dict[str, Any]:
    given = overview(config["model_overview"])
    name = given.get("model_name")
    if not name:
        return given
    model = _model(name, "model_overview.model_name", core, problems)
    if model is None:
        return given
    cards = core.client("sagemaker").search(
        Resource="ModelCard",
        SearchExpression={"Filters": [{"Name": "ModelId", "Operator": "Equals", "Value": model["ModelArn"]}]},
    )["Results"]
    others = sorted({result["ModelCard"]["ModelCardName"] for result in cards} - {config["name"]})
    if others:
        message = f"model {name} has a card already: {', '.join(others)}"
        problems.append(
            Problem("model-has-card", "model_overview.model_name", message, "update that card, or leave model_name out")
        )
    images = [container["Image"] for container in _containers(model) if container.get("Image")]
    found = {
        "model_id": model["ModelArn"],
        "model_artifact": _artifacts(model)[:_MOST_LISTED],
        "inference_environment": {"container_image": images[:_MOST_LISTED]},
    }
    return {**found, **given}


def _training(section: Mapping[str, Any], core: Core, problems: list[Problem], notes: list[str]) -> dict[str, Any]:
    given = training(section)
    job: Mapping[str, Any] | None = None
    if section.get("model_name"):
        model = _model(section["model_name"], "training_details.model_name", core, problems)
        job = _job_of(model, core, notes) if model is not None else None
    elif section.get("training_job_name"):
        job = _job(section["training_job_name"], core, problems)
    if job is None:
        return given
    found: dict[str, Any] = {"training_arn": job["TrainingJobArn"]}
    datasets = [
        channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in job.get("InputDataConfig", ())
        if "S3DataSource" in channel.get("DataSource", {})
    ]
    if datasets:
        found["training_datasets"] = datasets[:_MOST_LISTED]
    image = job.get("AlgorithmSpecification", {}).get("TrainingImage")
    if image:
        found["training_environment"] = {"container_image": [image]}
    if job.get("FinalMetricDataList"):
        found["training_metrics"] = [
            {"name": metric["MetricName"], "value": metric["Value"]}
            for metric in job["FinalMetricDataList"][:_MOST_METRICS]
        ]
    if job.get("HyperParameters"):
        found["hyper_parameters"] = [
            {"name": key, "value": value}
            for key, value in sorted(job["HyperParameters"].items())[:_MOST_HYPERPARAMETERS]
        ]
    return merged({"training_job_details": found}, given)


def _evaluation(entry: Mapping[str, Any], place: str, core: Core, problems: list[Problem]) -> dict[str, Any]:
    given = evaluation(entry)
    location = entry.get("metric_file_s3_url")
    if not location:
        return given
    key = f"{place}.metric_file_s3_url"
    bucket, _, name = location.removeprefix("s3://").partition("/")
    try:
        content = core.client("s3").get_object(Bucket=bucket, Key=name)["Body"].read()
    except Exception as error:
        if error_status(error) not in (403, 404):
            raise
        fix = "the orchestrator reads the assets bucket; put the file there"
        problems.append(Problem("missing-object", key, f"{location} cannot be read ({error_code(error)})", fix))
        return given
    try:
        groups = metric_groups(json.loads(content), entry["metric_type"])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"{location} does not hold metrics of type {entry['metric_type']} ({type(error).__name__}: {error})"
        problems.append(Problem("bad-metric-file", key, message, "name the file's own metric_type"))
        return given
    return {**given, "metric_groups": [*groups, *given.get("metric_groups", [])]}


def _model(name: str, key: str, core: Core, problems: list[Problem]) -> Mapping[str, Any] | None:
    try:
        model: Mapping[str, Any] = core.client("sagemaker").describe_model(ModelName=name)
    except Exception as error:
        if "Could not find model" not in str(error):
            raise
        fix = "name a model of the orchestrator's account"
        problems.append(Problem("missing-model", key, f"there is no SageMaker model {name}", fix))
        return None
    return model


def _job(name: str, core: Core, problems: list[Problem]) -> Mapping[str, Any] | None:
    try:
        job: Mapping[str, Any] = core.client("sagemaker").describe_training_job(TrainingJobName=name)
    except Exception as error:
        if "not found" not in str(error).lower() and error_code(error) != "ResourceNotFound":
            raise
        key, fix = "training_details.training_job_name", "name a job of the orchestrator's account"
        problems.append(Problem("missing-training-job", key, f"there is no training job {name}", fix))
        return None
    return job


def _job_of(model: Mapping[str, Any], core: Core, notes: list[str]) -> Mapping[str, Any] | None:
    """Return the training job that made a model's artifact, if exactly one did; else say so in a note."""
    artifacts = _artifacts(model)
    if len(artifacts) != 1:
        notes.append(
            f"training details were not looked up: the model has {len(artifacts)} artifacts; give training_job_name"
        )
        return None
    filters = [{"Name": "ModelArtifacts.S3ModelArtifacts", "Operator": "Equals", "Value": artifacts[0]}]
    found = core.client("sagemaker").search(Resource="TrainingJob", SearchExpression={"Filters": filters})["Results"]
    if len(found) != 1:
        notes.append(
            f"training details were not looked up: {len(found)} training jobs wrote {artifacts[0]};"
            " give training_job_name"
        )
        return None
    job: Mapping[str, Any] = found[0]["TrainingJob"]
    return job


def _containers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    primary = model.get("PrimaryContainer")
    return [*([primary] if primary else []), *model.get("Containers", [])]


def _artifacts(model: Mapping[str, Any]) -> list[str]:
    return [container["ModelDataUrl"] for container in _containers(model) if container.get("ModelDataUrl")]
