"""Batch transform jobs: `<key>.out` for every input object, record by record through the model.

Splitting by line, filters, joins and assembling are done as SageMaker does them, with the model's own
predictions where the model can be run here (see `inference`).
"""

from __future__ import annotations

import gzip
from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.sagemaker import jobs, models
from sandbox.sagemaker.access import AccessFailed, Role, join_uri, split_uri
from sandbox.sagemaker.inference import Model, ModelFailed, load_model
from sandbox.sagemaker.instances import has_local_storage
from sandbox.sagemaker.jobs import JobFailed, JobKind, Members
from sandbox.sagemaker.records import BadFilter, apply_filter, join_records, read_record, write_record
from sandbox.sagemaker.store import Resource, arn_of, find, invalid, page, store_of

operations = Operations("sagemaker")

KIND = JobKind(
    kind="transform-job",
    name="TransformJobName",
    arn="TransformJobArn",
    status="TransformJobStatus",
    start_time="TransformStartTime",
    end_time="TransformEndTime",
    event="Transform Job",
    fault="sagemaker.transform_job",
    taken="Job name must be unique within an AWS account and region, and a job with this name already exists",
    missing="Could not find requested job with name: {name}",
    missing_code="ValidationException",
    noun="transform job",
)

_FAILED = "ClientError: See job logs for more information"
_LOG = "/aws/sagemaker/TransformJobs"


@operations("CreateTransformJob")
def create_transform_job(call: Call) -> dict[str, Any]:
    jobs.require_free(call, KIND, call["TransformJobName"])
    model = find(call, models.KIND, call["ModelName"], "model")
    arn = arn_of(call, KIND.kind, call["TransformJobName"])
    role = Role(call.context, model.document["ExecutionRoleArn"], call.account_id, call.region, arn)
    role.assume()
    _check(call)
    role.require_objects(call["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    document = {key: value for key, value in call.params.items() if key != "Tags"}

    def work(job: Resource) -> Members:
        _transform(call, job, model, role)
        return {}

    return {"TransformJobArn": jobs.start(call, KIND, document, work).arn}


@operations("DescribeTransformJob")
def describe_transform_job(call: Call) -> dict[str, Any]:
    return jobs.describe(call, KIND)


@operations("ListTransformJobs")
def list_transform_jobs(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(KIND.kind), "TransformJobSummaries")


@operations("StopTransformJob")
def stop_transform_job(call: Call) -> None:
    jobs.stop(call, KIND)


def _check(call: Call) -> None:
    """The rules that the service model does not hold.

    Raises:
        SandboxFault: ValidationException.
    """
    resources, given = call["TransformResources"], call["TransformInput"]
    if "VolumeKmsKeyId" in resources and has_local_storage(resources["InstanceType"]):
        raise invalid(f"VolumeKmsKeyId is not supported for instance type {resources['InstanceType']}.")
    if call.get("MaxConcurrentTransforms", 0) * call.get("MaxPayloadInMB", 0) > 100:
        raise invalid("The product of MaxConcurrentTransforms and MaxPayloadInMB must not be greater than 100 MB.")
    split = given.get("SplitType", "None")
    if call.get("BatchStrategy") == "SingleRecord" and split == "None":
        raise invalid("BatchStrategy SingleRecord needs SplitType Line, RecordIO or TFRecord.")
    joins = call.get("DataProcessing", {}).get("JoinSource", "None") == "Input"
    if joins and (split != "Line" or split != call["TransformOutput"].get("AssembleWith", "None")):
        raise invalid("To join the input, SplitType and AssembleWith must be the same, Line or RecordIO.")


def _transform(call: Call, job: Resource, model: Resource, role: Role) -> None:
    document = job.document
    source = document["TransformInput"]["DataSource"]["S3DataSource"]
    output = document["TransformOutput"]
    folder = split_uri(source["S3Uri"])[1].rpartition("/")[0]
    try:
        loaded = load_model(model, models.inference_containers(call, model.document), role)
        for bucket, key in list(role.objects(source["S3Uri"])):
            body = role.read(f"s3://{bucket}/{key}")
            if document["TransformInput"].get("CompressionType") == "Gzip":
                body = gzip.decompress(body)
            answer = _answer(document, loaded, body)
            relative = key.removeprefix(f"{folder}/") if folder else key
            uri = join_uri(output["S3OutputPath"], f"{relative}.out")
            role.write(uri, answer, output.get("KmsKeyId"))
    except (ModelFailed, BadFilter, ValueError, OSError) as error:
        jobs.write_log(role, _LOG, f"{job.name}/i-0", [f"Bad HTTP status received from algorithm: {error}"])
        raise JobFailed(_FAILED) from None
    except AccessFailed as error:
        raise JobFailed(f"ClientError: {error}") from None
    jobs.write_log(role, _LOG, f"{job.name}/i-0", [f"Transformed {source['S3Uri']}"])


def _answer(document: Members, model: Model, body: bytes) -> bytes:
    """The output file of one input file."""
    processing = document.get("DataProcessing", {})
    kind = document["TransformInput"].get("ContentType", "text/csv")
    output = document["TransformOutput"]
    accept = output.get("Accept", "")
    if document["TransformInput"].get("SplitType", "None") != "Line":
        return model.answer(body, kind, accept)[0]
    lines = [line for line in body.decode().splitlines() if line.strip()]
    answers = [_one(line, kind, accept, processing, model) for line in lines]
    if output.get("AssembleWith") == "Line":
        return "".join(f"{answer}\n" for answer in answers).encode()
    return "".join(answers).encode()


def _one(line: str, kind: str, accept: str, processing: Members, model: Model) -> str:
    sent = line
    if "InputFilter" in processing:
        sent = write_record(apply_filter(processing["InputFilter"], read_record(line, kind)), kind)
    single = "application/json" if kind == "application/jsonlines" else kind
    answer, answered = model.answer(sent.encode(), single, accept)
    text = answer.decode()
    if processing.get("JoinSource", "None") == "Input":
        record = join_records(line, text, kind)
        filtered = apply_filter(processing.get("OutputFilter", "$"), record)
        return write_record(filtered, kind)
    if "OutputFilter" in processing:
        return write_record(apply_filter(processing["OutputFilter"], read_record(text, answered)), answered)
    return text
