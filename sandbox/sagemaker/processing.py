"""Processing jobs: what their container would leave in S3, for the containers that the sandbox knows.

- The model monitor's analyzer: `statistics.json` and `constraints.json`, counted from the baseline data; for
  `analysis_type = MODEL_QUALITY` the quality of the predictions in it.
- Clarify: `analysis.json` and its report, from the `analysis_config.json` among its inputs.
- Any other container: its inputs are read and its log is written; it leaves nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.sagemaker import baselines, clarify, jobs
from sandbox.sagemaker.access import AccessFailed, Role, join_uri
from sandbox.sagemaker.images import require_image
from sandbox.sagemaker.instances import has_local_storage
from sandbox.sagemaker.jobs import JobFailed, JobKind, Members
from sandbox.sagemaker.store import Resource, invalid, page, store_of

operations = Operations("sagemaker")

KIND = JobKind(
    kind="processing-job",
    name="ProcessingJobName",
    arn="ProcessingJobArn",
    status="ProcessingJobStatus",
    start_time="ProcessingStartTime",
    end_time="ProcessingEndTime",
    event="Processing Job",
    fault="sagemaker.processing_job",
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists",
    missing="Could not find requested job with name: {name}",
    missing_code="ValidationException",
    noun="processing job",
)


@operations("CreateProcessingJob")
def create_processing_job(call: Call) -> dict[str, Any]:
    jobs.require_free(call, KIND, call["ProcessingJobName"])
    role = jobs.open_role(call, KIND)
    cluster = call["ProcessingResources"]["ClusterConfig"]
    if "VolumeKmsKeyId" in cluster and has_local_storage(cluster["InstanceType"]):
        raise invalid(f"VolumeKmsKeyId is not supported for instance type {cluster['InstanceType']}.")
    require_image(call["AppSpecification"]["ImageUri"], role)
    document = {key: value for key, value in call.params.items() if key != "Tags"}

    def work(job: Resource) -> Members:
        return _process(job, role)

    return {"ProcessingJobArn": jobs.start(call, KIND, document, work).arn}


@operations("DescribeProcessingJob")
def describe_processing_job(call: Call) -> dict[str, Any]:
    return jobs.describe(call, KIND)


@operations("ListProcessingJobs")
def list_processing_jobs(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(KIND.kind), "ProcessingJobSummaries")


@operations("StopProcessingJob")
def stop_processing_job(call: Call) -> None:
    jobs.stop(call, KIND)


def _process(job: Resource, role: Role) -> Members:
    document = job.document
    image = document["AppSpecification"]["ImageUri"]
    inputs = _read_inputs(document, role)
    if "model-monitor-analyzer" in image:
        files = _baseline(document.get("Environment", {}), inputs)
    elif "clarify-processing" in image:
        files = _clarify(inputs)
    else:
        files = {}
    config = document.get("ProcessingOutputConfig", {})
    for output in config.get("Outputs", []):
        target = output.get("S3Output")
        if target is None:
            continue
        for name, text in files.items():
            try:
                role.write(join_uri(target["S3Uri"], name), text.encode(), config.get("KmsKeyId"))
            except AccessFailed as error:
                raise JobFailed(f"ClientError: Artifact upload failed:{error}") from None
    jobs.write_log(role, "/aws/sagemaker/ProcessingJobs", f"{job.name}/algo-1-1", [f"{image} finished"])
    return {}


def _read_inputs(document: Members, role: Role) -> dict[str, dict[str, bytes]]:
    """Input name to its objects: key to bytes."""
    found: dict[str, dict[str, bytes]] = {}
    for given in document.get("ProcessingInputs", []):
        source = given.get("S3Input")
        if source is None:
            continue
        uri = source["S3Uri"]
        try:
            objects = {key: role.read(f"s3://{bucket}/{key}") for bucket, key in role.objects(uri)}
        except AccessFailed as error:
            raise JobFailed(f"ClientError: Failed to download data. {error}") from None
        if not objects:
            raise JobFailed(
                f'ClientError: Failed to download data. No S3 objects found under S3 URL "{uri}" given in input data '
                "source."
            )
        found[given["InputName"]] = objects
    return found


def _baseline(environment: dict[str, str], inputs: dict[str, dict[str, bytes]]) -> dict[str, str]:
    """The monitor's two files, from the data set among the inputs."""
    parts = [body for name, objects in sorted(inputs.items()) for _, body in sorted(objects.items())]
    if not parts:
        raise JobFailed("ClientError: no baseline data set among the inputs")
    header = '"header": true' in environment.get("dataset_format", "").lower().replace('":true', '": true')
    columns = baselines.columns_of("\n".join(part.decode("utf-8", "replace") for part in parts), header=header)
    if environment.get("analysis_type", "").upper() != "MODEL_QUALITY":
        return {
            "statistics.json": json.dumps(baselines.statistics_of(columns), indent=2),
            "constraints.json": json.dumps(baselines.constraints_of(columns), indent=2),
        }
    truth = _numbers(columns, environment.get("ground_truth_attribute", ""), "ground_truth_attribute")
    wanted = environment.get("probability_attribute") or environment.get("inference_attribute") or ""
    predicted = _numbers(columns, wanted, "inference_attribute")
    quality = baselines.model_quality(truth, predicted, environment.get("problem_type", "Regression"))
    return {
        "statistics.json": json.dumps(quality, indent=2),
        "constraints.json": json.dumps(baselines.model_quality_constraints(quality), indent=2),
    }


def _numbers(columns: baselines.Columns, name: str, member: str) -> list[float]:
    values = columns.get(name)
    if values is None and name.isdecimal() and int(name) < len(columns):
        values = list(columns.values())[int(name)]
    if values is None:
        raise JobFailed(f"AlgorithmError: {member}: {name or 'not set'} is no column of the data set")
    try:
        return [float(value) for value in values]
    except ValueError:
        # Labels that are words: equal words are equal numbers.
        order = sorted(set(values))
        return [float(order.index(value)) for value in values]


def _clarify(inputs: dict[str, dict[str, bytes]]) -> dict[str, str]:
    config, data = None, b""
    for objects in inputs.values():
        for key, body in objects.items():
            if key.endswith("analysis_config.json"):
                config = json.loads(body)
            else:
                data += body
    if config is None:
        raise JobFailed("AlgorithmError: no analysis_config.json among the inputs")
    first = data.split(b"\n", 1)[0].decode("utf-8", "replace")
    try:
        result = clarify.analysis(config, first.split(","), hashlib.sha256(data).hexdigest())
    except clarify.BadConfiguration as error:
        raise JobFailed(f"AlgorithmError: {error}") from None
    return {"analysis.json": json.dumps(result, indent=2), **clarify.report(result)}
