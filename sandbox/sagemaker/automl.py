"""Autopilot: AutoML jobs of both API versions, their candidates and the best of them.

No model is searched for. The data is read with the job's role, the target column must be in its header, and
the candidates' artifacts lie where Autopilot leaves them; their objective values are stand-ins.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.sagemaker import jobs
from sandbox.sagemaker.access import AccessFailed, Role, join_uri
from sandbox.sagemaker.jobs import JobFailed, JobKind, Members
from sandbox.sagemaker.store import Resource, invalid, now, page, store_of
from sandbox.sagemaker.training import archive

operations = Operations("sagemaker")

KIND = JobKind(
    kind="automl-job",
    name="AutoMLJobName",
    arn="AutoMLJobArn",
    status="AutoMLJobStatus",
    start_time="",
    end_time="EndTime",
    # SageMaker sends no event about AutoML jobs.
    event="",
    fault="sagemaker.automl_job",
    taken="AutoML Job name must be unique within an AWS account and region, and a job with this name already exists",
    missing="Could not find AutoML job with name {name}.",
    missing_code="ResourceNotFound",
    noun="AutoML job",
)

_CANDIDATES = 5
_LOWER_IS_BETTER = ("MSE", "RMSE", "MAE", "MAPE", "MASE", "WAPE", "AverageWeightedQuantileLoss")
_DEFAULT_METRIC = {"BinaryClassification": "F1", "MulticlassClassification": "Accuracy", "Regression": "MSE"}


@operations("CreateAutoMLJob")
def create_automl_job(call: Call) -> dict[str, Any]:
    if ("ProblemType" in call.params) != ("AutoMLJobObjective" in call.params):
        raise invalid("ProblemType and AutoMLJobObjective must be specified together or not at all.")
    channels = call["InputDataConfig"]
    target = channels[0]["TargetAttributeName"]
    document = {
        "GenerateCandidateDefinitionsOnly": False,
        **{key: value for key, value in call.params.items() if key not in ("Tags", "AutoMLJobName")},
    }
    criteria = call.get("AutoMLJobConfig", {}).get("CompletionCriteria", {})
    return _create(call, document, channels, target, call.get("ProblemType"), criteria)


@operations("CreateAutoMLJobV2")
def create_automl_job_v2(call: Call) -> dict[str, Any]:
    config = call["AutoMLProblemTypeConfig"]
    if len(config) != 1:
        raise invalid("AutoMLProblemTypeConfig must hold exactly one problem type.")
    [(member, details)] = config.items()
    document = {key: value for key, value in call.params.items() if key not in ("Tags", "AutoMLJobName")}
    document["AutoMLProblemTypeConfigName"] = member.removesuffix("JobConfig")
    target = details.get("TargetAttributeName") or details.get("TargetLabelColumn")
    target = target or details.get("TimeSeriesConfig", {}).get("TargetAttributeName")
    criteria = details.get("CompletionCriteria", {})
    return _create(call, document, call["AutoMLJobInputDataConfig"], target, details.get("ProblemType"), criteria)


def _create(
    call: Call, document: Members, channels: list[Members], target: str | None, problem: str | None, criteria: Members
) -> dict[str, Any]:
    jobs.require_free(call, KIND, call["AutoMLJobName"])
    role = jobs.open_role(call, KIND)
    for channel in channels:
        role.require_objects(channel["DataSource"]["S3DataSource"]["S3Uri"])
    metric = call.get("AutoMLJobObjective", {}).get("MetricName") or _DEFAULT_METRIC.get(problem or "", "F1")
    resolved = {
        "AutoMLJobObjective": {"MetricName": metric},
        "CompletionCriteria": criteria,
        "ProblemType": problem or "BinaryClassification",
    }

    def secondary(status: str) -> Members:
        return {"AutoMLJobSecondaryStatus": "Starting" if status == "InProgress" else status}

    def work(job: Resource) -> Members:
        return _search(job, role, channels, target, metric, criteria) | {"ResolvedAttributes": resolved}

    return {"AutoMLJobArn": jobs.start(call, KIND, document, work, changes=secondary).arn}


def _describe(call: Call) -> dict[str, Any]:
    return jobs.describe(call, KIND)


operations("DescribeAutoMLJob")(_describe)
operations("DescribeAutoMLJobV2")(_describe)


@operations("ListAutoMLJobs")
def list_automl_jobs(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(KIND.kind), "AutoMLJobSummaries")


@operations("StopAutoMLJob")
def stop_automl_job(call: Call) -> None:
    jobs.stop(call, KIND)


@operations("ListCandidatesForAutoMLJob")
def list_candidates(call: Call) -> dict[str, Any]:
    job = jobs.find_job(call, KIND)
    wanted = call.get("CandidateNameEquals")
    found = [c for c in job.extra.get("candidates", []) if wanted in (None, c["CandidateName"])]
    if call.get("StatusEquals"):
        found = [c for c in found if c["CandidateStatus"] == call["StatusEquals"]]
    if call.get("SortBy") == "FinalObjectiveMetricValue":
        found.sort(key=lambda c: c["FinalAutoMLJobObjectiveMetric"]["Value"])
    if call.get("SortOrder") == "Descending":
        found.reverse()
    return {"Candidates": found[: call.get("MaxResults", 100)]}


def _search(
    job: Resource, role: Role, channels: list[Members], target: str | None, metric: str, criteria: Members
) -> Members:
    output = job.document["OutputDataConfig"]
    base = join_uri(output["S3OutputPath"], job.name)
    digest = _read_data(channels, target, role)

    def leave(path: str, body: bytes) -> str:
        uri = join_uri(base, path)
        try:
            role.write(uri, body, output.get("KmsKeyId"))
        except AccessFailed as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from None
        return uri

    notebooks = {
        member: leave(f"sagemaker-automl-candidates/notebooks/{name}.ipynb", _notebook(name))
        for member, name in (
            ("CandidateDefinitionNotebookLocation", "SageMakerAutopilotCandidateDefinitionNotebook"),
            ("DataExplorationNotebookLocation", "SageMakerAutopilotDataExplorationNotebook"),
        )
    }
    if job.document.get("GenerateCandidateDefinitionsOnly"):
        return {"AutoMLJobArtifacts": notebooks, "AutoMLJobSecondaryStatus": "CandidateDefinitionsGenerated"}
    count = min(criteria.get("MaxCandidates", _CANDIDATES), _CANDIDATES)
    candidates = [_candidate(job, role, number, metric, digest, leave) for number in range(1, count + 1)]
    job.extra["candidates"] = candidates
    choose = min if metric in _LOWER_IS_BETTER else max
    return {
        "AutoMLJobArtifacts": notebooks,
        "BestCandidate": choose(candidates, key=lambda c: c["FinalAutoMLJobObjectiveMetric"]["Value"]),
    }


def _read_data(channels: list[Members], target: str | None, role: Role) -> str:
    """A digest of the data; the first file's header must have the target."""
    digest = hashlib.sha256()
    for channel in channels:
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        try:
            bodies = [role.read(f"s3://{bucket}/{key}") for bucket, key in role.objects(uri)]
        except AccessFailed as error:
            raise JobFailed(f"ClientError: Data download failed:{error}") from None
        for body in bodies:
            digest.update(body)
        first = bodies[0].split(b"\n", 1)[0].decode("utf-8", "replace")
        header = next(csv.reader(io.StringIO(first)), [])
        plain = channel.get("CompressionType", "None") == "None" and "parquet" not in channel.get("ContentType", "")
        if plain and target is not None and target not in [name.strip() for name in header]:
            raise JobFailed(f"AlgorithmError: Target attribute '{target}' is not found in the input data {uri}.")
    return digest.hexdigest()


def _candidate(job: Resource, role: Role, number: int, metric: str, digest: str, leave: Any) -> Members:
    seed = hashlib.sha256(f"{digest} {number}".encode())
    name = f"{job.name}-{number:03d}-{seed.hexdigest()[:8]}"
    region = role.region
    registry = f"492215442770.dkr.ecr.{region}.amazonaws.com"
    steps = (
        ("data-processor-models", f"{registry}/sagemaker-sklearn-automl:2.5-1-cpu-py3"),
        ("tuning", f"{registry}/sagemaker-xgboost:1.3-1-cpu-py3"),
        ("label-transformer", f"{registry}/sagemaker-sklearn-automl:2.5-1-cpu-py3"),
    )
    body = archive({"model.json": json.dumps({"stand_in": "nothing was searched for", "candidate": name})})
    containers = [
        {
            "Image": image,
            "ModelDataUrl": leave(f"{step}/{name}/output/model.tar.gz", body),
            "Environment": {"AUTOML_TRANSFORM_MODE": "feature-transform"},
        }
        for step, image in steps
    ]
    moment = now()
    return {
        "CandidateName": name,
        "FinalAutoMLJobObjectiveMetric": {
            "MetricName": metric,
            "StandardMetricName": metric,
            "Type": "Minimize" if metric in _LOWER_IS_BETTER else "Maximize",
            "Value": round(int.from_bytes(seed.digest()[:6], "big") / 2**48, 6),
        },
        "ObjectiveStatus": "Succeeded",
        "CandidateSteps": [],
        "CandidateStatus": "Completed",
        "InferenceContainers": containers,
        "CreationTime": moment,
        "EndTime": moment,
        "LastModifiedTime": moment,
    }


def _notebook(name: str) -> bytes:
    cell = {"cell_type": "markdown", "metadata": {}, "source": [f"# {name}"]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()
