"""Training jobs: input, role and image checked at the start, model.tar.gz where SageMaker leaves it.

Nothing is trained here. The artifact holds a description of what would have been trained, and the metrics are
numbers made from the job's hyperparameters: the same job gives the same artifact and the same metrics.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.sagemaker import jobs
from sandbox.sagemaker.access import AccessFailed, Role, join_uri
from sandbox.sagemaker.images import require_image
from sandbox.sagemaker.instances import has_local_storage
from sandbox.sagemaker.jobs import JobFailed, JobKind, Members
from sandbox.sagemaker.store import Resource, invalid, now, page, store_of

operations = Operations("sagemaker")

KIND = JobKind(
    kind="training-job",
    name="TrainingJobName",
    arn="TrainingJobArn",
    status="TrainingJobStatus",
    start_time="TrainingStartTime",
    end_time="TrainingEndTime",
    event="Training Job",
    fault="sagemaker.training_job",
    taken=(
        "Training job names must be unique within an AWS account and region, and a training job with this name "
        "already exists"
    ),
    missing="Requested resource not found.",
    missing_code="ValidationException",
    noun="training job",
)

# SageMaker's own algorithms emit metrics of their own and take no definitions of others.
_BUILT_IN = re.compile(
    r"/(blazingtext|factorization-machines|forecasting-deepar|image-classification|ipinsights|kmeans|knn|lda|"
    r"linear-learner|ntm|object-detection|object2vec|pca|randomcutforest|semantic-segmentation|seq2seq|xgboost)[:@]"
)
_MESSAGES = {
    "InProgress": "Starting the training job",
    "Stopped": "Training job stopped",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
}


@operations("CreateTrainingJob")
def create_training_job(call: Call) -> dict[str, Any]:
    jobs.require_free(call, KIND, call["TrainingJobName"])
    role = jobs.open_role(call, KIND)
    check_definition(call.params, role)
    job = start_training(call, role)
    return {"TrainingJobArn": job.arn}


@operations("DescribeTrainingJob")
def describe_training_job(call: Call) -> dict[str, Any]:
    return jobs.describe(call, KIND)


@operations("ListTrainingJobs")
def list_training_jobs(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(KIND.kind), "TrainingJobSummaries")


@operations("StopTrainingJob")
def stop_training_job(call: Call) -> None:
    jobs.stop(call, KIND)


def check_definition(definition: Members, role: Role) -> None:
    """Check what a training job, or a tuning job's definition of one, asks for.

    Raises:
        SandboxFault: ValidationException in AWS's words.
    """
    algorithm = definition["AlgorithmSpecification"]
    image = algorithm.get("TrainingImage")
    if (image is None) == ("AlgorithmName" not in algorithm):
        raise invalid("Specify either TrainingImage or AlgorithmName in AlgorithmSpecification.")
    if image is not None:
        if "MetricDefinitions" in algorithm and _BUILT_IN.search(image):
            raise invalid(
                "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
                "without specifying metric definitions."
            )
        require_image(image, role)
    resources, limits = definition["ResourceConfig"], definition["StoppingCondition"]
    instance = resources.get("InstanceType", "")
    if "VolumeKmsKeyId" in resources and has_local_storage(instance):
        raise invalid(
            f"VolumeKmsKeyId is not supported for instance type {instance}: its local storage is encrypted by a "
            "hardware module on the instance."
        )
    longest, patience = limits.get("MaxRuntimeInSeconds", 86400), limits.get("MaxWaitTimeInSeconds")
    if definition.get("EnableManagedSpotTraining"):
        if patience is None or patience < longest:
            raise invalid(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
            )
    elif patience is not None:
        raise invalid("Invalid MaxWaitTimeInSeconds. It must not be present when EnableManagedSpotTraining is false")
    channels = [channel["ChannelName"] for channel in definition.get("InputDataConfig", [])]
    if len(channels) != len(set(channels)):
        raise invalid(f"Duplicate channel names in InputDataConfig: {', '.join(channels)}")
    for channel in definition.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        if source is not None:
            role.require_objects(source["S3Uri"])


def start_training(call: Call, role: Role, *, seconds: float | None = None, **more: Any) -> Resource:
    """Start a training job whose request was checked; `more` are further members of its description."""
    skipped = ("Tags", "TrainingJobName")
    document = {key: value for key, value in call.params.items() if key not in skipped} | more
    for member in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
        document.setdefault(member, False)
    document.setdefault("HyperParameters", {})
    transitions: list[Members] = []

    def secondary(status: str) -> Members:
        moment = now()
        if transitions:
            transitions[-1] = {**transitions[-1], "EndTime": moment}
        phase = {"InProgress": "Starting"}.get(status, status)
        transitions.append({"Status": phase, "StartTime": moment, "StatusMessage": _MESSAGES[status]})
        return {"SecondaryStatus": phase, "SecondaryStatusTransitions": list(transitions)}

    def work(job: Resource) -> Members:
        return _train(job, role)

    return jobs.start(call, KIND, document, work, seconds=seconds, changes=secondary)


def _train(job: Resource, role: Role) -> Members:
    document = job.document
    inputs = {}
    for channel in document.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        if source is not None:
            try:
                inputs[channel["ChannelName"]] = read_inputs(source["S3Uri"], role)
            except AccessFailed as error:
                raise JobFailed(f"ClientError: Data download failed:{error}") from None
    metrics = final_metrics(document, inputs)
    description = {
        "stand_in": "nothing was trained",
        "image": document["AlgorithmSpecification"].get("TrainingImage", ""),
        "hyper_parameters": document["HyperParameters"],
        "inputs": inputs,
        "metrics": metrics,
    }
    output = document["OutputDataConfig"]
    uri = join_uri(output["S3OutputPath"], job.name, "output", "model.tar.gz")
    try:
        role.write(uri, archive({"model.json": json.dumps(description, sort_keys=True)}), output.get("KmsKeyId"))
        checkpoint = document.get("CheckpointConfig", {}).get("S3Uri")
        if checkpoint:
            role.write(join_uri(checkpoint, "checkpoint-0"), json.dumps(metrics).encode(), output.get("KmsKeyId"))
    except AccessFailed as error:
        raise JobFailed(f"ClientError: Artifact upload failed:{error}") from None
    lines = [f"#quality_metric: {name}={value}" for name, value in metrics.items()]
    jobs.write_log(role, "/aws/sagemaker/TrainingJobs", f"{job.name}/algo-1-1", ["Training starts", *lines])
    moment, spent = now(), jobs.seconds_of(job)
    return {
        "ModelArtifacts": {"S3ModelArtifacts": uri},
        "FinalMetricDataList": [
            {"MetricName": name, "Value": value, "Timestamp": moment} for name, value in metrics.items()
        ],
        "TrainingTimeInSeconds": spent,
        "BillableTimeInSeconds": spent,
    }


def read_inputs(uri: str, role: Role) -> dict[str, str]:
    """Key to ETag of the objects under an S3 URI, each of them read with the role.

    Raises:
        AccessFailed: One cannot be read.
    """
    return {
        key: hashlib.sha256(role.read(f"s3://{bucket}/{key}")).hexdigest()[:16] for bucket, key in role.objects(uri)
    }


def final_metrics(document: Members, inputs: Members) -> dict[str, float]:
    """The metrics that a training job reports, between 0 and 1, made from its hyperparameters and input.

    Pure.
    """
    algorithm = document["AlgorithmSpecification"]
    names = [definition["Name"] for definition in algorithm.get("MetricDefinitions", [])]
    if not names:
        names = _own_metrics(algorithm.get("TrainingImage", ""), document["HyperParameters"], inputs)
    seed = json.dumps([document["HyperParameters"], inputs], sort_keys=True)
    return {name: _number(f"{name} {seed}") for name in names}


def _own_metrics(image: str, parameters: dict[str, str], inputs: Members) -> list[str]:
    """What a built-in algorithm reports by itself."""
    if "xgboost" not in image:
        return ["validation:objective_loss"] if _BUILT_IN.search(image) and "validation" in inputs else []
    objective = parameters.get("objective", "reg:squarederror")
    default = "logloss" if "logistic" in objective else "mlogloss" if "multi" in objective else "rmse"
    measures = [name.strip() for name in parameters.get("eval_metric", default).split(",")]
    sides = ["train", "validation"] if "validation" in inputs else ["train"]
    return [f"{side}:{measure}" for side in sides for measure in measures]


def _number(seed: str) -> float:
    return round(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6], "big") / 2**48, 6)


def archive(files: dict[str, str]) -> bytes:
    """A tar.gz of some text files, the same bytes for the same text. Pure."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as opened,
    ):
        for name, text in sorted(files.items()):
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
