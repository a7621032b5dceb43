"""Executions of monitoring schedules: a processing job that reads what was captured, compares and reports.

Data quality is compared in earnest with the baseline's constraints, model quality with the ground truth that lies
below its prefix; bias and explainability report what Clarify would, with stand-in figures. Violations may be forced:
`true`, or a list of entries for constraint_violations.json.

An execution without captured data fails with `Job inputs had no data`, as on AWS. Fault
`sagemaker.processing_job` applies to its processing job.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sandbox.apis.operations import Call
from sandbox.iam.sessions import AssumeRoleRefused
from sandbox.sagemaker import baselines, clarify, endpoint_configs, endpoints, events, jobs, processing
from sandbox.sagemaker.access import AccessFailed, Role, join_uri
from sandbox.sagemaker.job_definitions import KINDS, job_input
from sandbox.sagemaker.jobs import JobFailed, Members
from sandbox.sagemaker.store import Resource, Store, now, store_of

KIND = "monitoring-execution"

_NO_DATA = "Job inputs had no data"
_METRICS = {
    "DataQuality": "data-metrics",
    "ModelQuality": "model-metrics",
    "ModelBias": "bias-metrics",
    "ModelExplainability": "explainability-metrics",
}


def of_schedule(holder: Store, name: str) -> list[Resource]:
    """The executions of a schedule, oldest first."""
    return [run for run in holder.all(KIND) if run.document["MonitoringScheduleName"] == name]


def start(call: Call, schedule: Resource, forced: Any) -> Resource:
    """Start an execution of a schedule and return it.

    Args:
        call: Account and region; any operation.
        schedule: The schedule.
        forced: None compares; True or a list makes violations; False makes none.
    """
    document = schedule.document
    monitoring_type = document["MonitoringType"]
    definition = _definition(call, document)
    moment = now()
    kind = monitoring_type.replace("Model", "model-").replace("DataQuality", "data-quality").lower()
    name = f"{kind}-monitoring-{moment:%Y%m%d%H%M}-{uuid.uuid4().hex[:12]}"[:63]
    cluster = definition.get("JobResources", definition.get("MonitoringResources", {}))
    role = Role(call.context, definition["RoleArn"], call.account_id, call.region, schedule.arn)
    request = Call(
        call.context,
        call.account_id,
        call.region,
        "CreateProcessingJob",
        {
            "ProcessingJobName": name,
            "RoleArn": definition["RoleArn"],
            "AppSpecification": {"ImageUri": _image(definition, monitoring_type)},
            "ProcessingResources": cluster,
            "StoppingCondition": definition.get("StoppingCondition", {"MaxRuntimeInSeconds": 3600}),
            "Environment": _environment(definition, monitoring_type),
        },
        call.access_key,
    )
    summary: Members = {
        "MonitoringScheduleName": schedule.name,
        "ScheduledTime": moment,
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "MonitoringExecutionStatus": "InProgress",
        "MonitoringType": monitoring_type,
    }
    for member in ("EndpointName", "MonitoringJobDefinitionName"):
        if member in document:
            summary[member] = document[member]
    run = Resource(KIND, f"{schedule.name}/{name}", f"{schedule.arn}/{name}", summary)

    def work(job: Resource) -> Members:
        return _run(call, run, definition, monitoring_type, role, moment, forced)

    job = jobs.start(
        request,
        processing.KIND,
        {**request.params, "MonitoringScheduleArn": schedule.arn},
        work,
        changes=lambda status: {},
    )
    run.document = {**summary, "ProcessingJobArn": job.arn}
    store_of(call).add(run)

    def follow() -> None:
        job.changed.wait()
        ended = job.document["ProcessingJobStatus"]
        violated = job.document.get("ExitMessage", "").startswith("CompletedWithViolations")
        result = {"MonitoringExecutionStatus": "CompletedWithViolations" if violated else ended}
        if "FailureReason" in job.document:
            result["FailureReason"] = job.document["FailureReason"]
        run.document = {**run.document, **result, "LastModifiedTime": now()}
        events.publish(call.context, schedule, "Monitoring Schedule", {"LastMonitoringExecutionSummary": run.document})

    call.context.run_thread(f"{KIND} {name}", follow)
    return run


def _definition(call: Call, document: Members) -> Members:
    config = document["MonitoringScheduleConfig"]
    if "MonitoringJobDefinition" in config:
        inline: Members = config["MonitoringJobDefinition"]
        return inline
    name = config["MonitoringJobDefinitionName"]
    found = store_of(call).get(KINDS[document["MonitoringType"]], name)
    return found.document if found else {}


def _image(definition: Members, monitoring_type: str) -> str:
    holder = definition.get(f"{monitoring_type}AppSpecification") or definition.get("MonitoringAppSpecification", {})
    return str(holder.get("ImageUri", ""))


def _environment(definition: Members, monitoring_type: str) -> dict[str, str]:
    holder = definition.get(f"{monitoring_type}AppSpecification", {})
    found: dict[str, str] = holder.get("Environment") or definition.get("Environment", {})
    return found


def _run(
    call: Call, run: Resource, definition: Members, monitoring_type: str, role: Role, moment: datetime, forced: Any
) -> Members:
    captured = _captured(call, run.document, definition, monitoring_type, role)
    if not captured:
        raise JobFailed(_NO_DATA)
    digest = hashlib.sha256(json.dumps(captured, sort_keys=True).encode()).hexdigest()
    if monitoring_type == "DataQuality":
        files, found = _data_quality(captured, definition, role)
    elif monitoring_type == "ModelQuality":
        files, found = _model_quality(captured, definition, role)
    else:
        files, found = _clarify(definition, monitoring_type, role, digest)
    if forced is not None:
        found = forced if isinstance(forced, list) else [_forced(monitoring_type)] if forced else []
    files["constraint_violations.json"] = {"violations": found}
    output = definition.get(f"{monitoring_type}JobOutputConfig") or definition.get("MonitoringOutputConfig", {})
    target = output["MonitoringOutputs"][0]["S3Output"]["S3Uri"]
    place = [run.document.get("EndpointName", ""), run.document["MonitoringScheduleName"]]
    folder = join_uri(target, *filter(None, place), moment.astimezone(UTC).strftime("%Y/%m/%d/%H"))
    for name, content in files.items():
        try:
            role.write(join_uri(folder, name), json.dumps(content, indent=2).encode(), output.get("KmsKeyId"))
        except AccessFailed as error:
            raise JobFailed(f"ClientError: Artifact upload failed:{error}") from None
    _emit(run.document, definition, monitoring_type, role, found)
    if found:
        text = f"CompletedWithViolations: Job completed successfully with {len(found)} violations."
    else:
        text = "Completed: Job completed successfully with no violations."
    return {"ExitMessage": text}


def _captured(
    call: Call, summary: Members, definition: Members, monitoring_type: str, role: Role
) -> list[dict[str, Any]]:
    """The captured records that an execution analyses: all that lie below the capture prefix of its endpoint."""
    given = job_input(definition, monitoring_type)
    if not given and "MonitoringInputs" in definition:
        inputs = definition["MonitoringInputs"][0]
        given = inputs.get("EndpointInput") or inputs.get("BatchTransformInput") or {}
    name = given.get("EndpointName")
    if name is None:
        prefix = given.get("DataCapturedDestinationS3Uri", "")
    else:
        endpoint = store_of(call).get(endpoints.KIND, name)
        config_name = endpoint.document["EndpointConfigName"] if endpoint else ""
        config = store_of(call).get(endpoint_configs.KIND, config_name)
        capture = config.document.get("DataCaptureConfig") if config else None
        if endpoint is None or capture is None or not capture.get("EnableCapture"):
            raise JobFailed(f"ClientError: Endpoint {name} does not exist or does not capture data.")
        prefix = join_uri(capture["DestinationS3Uri"], name)
    records = []
    for bucket, key in role.objects(f"{prefix.rstrip('/')}/"):
        for line in role.read(f"s3://{bucket}/{key}").decode("utf-8", "replace").splitlines():
            if line.strip():
                records.append(json.loads(line))
    return records


def _fields(record: Members, side: str) -> list[str]:
    part = record.get("captureData", {}).get(side, {})
    data = part.get("data", "")
    if part.get("encoding") == "BASE64":
        data = base64.b64decode(data).decode("utf-8", "replace")
    return next(csv.reader(io.StringIO(data)), []) if data else []


def _resource(definition: Members, monitoring_type: str, member: str, role: Role) -> Members:
    """A baseline file that a definition names; {} if it names none."""
    baseline = definition.get(f"{monitoring_type}BaselineConfig") or definition.get("BaselineConfig", {})
    uri = baseline.get(member, {}).get("S3Uri")
    if uri is None:
        return {}
    try:
        found: Members = json.loads(role.read(uri))
    except (AccessFailed, ValueError) as error:
        raise JobFailed(f"ClientError: the baseline cannot be read: {error}") from None
    return found


def _data_quality(captured: list[Members], definition: Members, role: Role) -> tuple[Members, list[Any]]:
    rows = [[*_fields(record, "endpointOutput"), *_fields(record, "endpointInput")] for record in captured]
    constraints = _resource(definition, "DataQuality", "ConstraintsResource", role)
    names = [feature["name"] for feature in constraints.get("features", [])]
    width = max(len(row) for row in rows)
    names = [*names, *(f"_c{index}" for index in range(len(names), width))][: max(width, len(names))]
    columns = {
        name: [row[index] if index < len(row) else "" for row in rows]
        for index, name in enumerate(names)
        if index < width
    }
    found = baselines.violations(columns, constraints) if constraints else []
    files = {"statistics.json": baselines.statistics_of(columns), "constraints.json": baselines.constraints_of(columns)}
    return files, found


def _model_quality(captured: list[Members], definition: Members, role: Role) -> tuple[Members, list[Any]]:
    holder = definition["ModelQualityJobInput"]
    truths = _ground_truth(holder["GroundTruthS3Input"]["S3Uri"], role)
    pairs = []
    for record in captured:
        metadata = record.get("eventMetadata", {})
        label = truths.get(metadata.get("inferenceId", "")) or truths.get(metadata.get("eventId", ""))
        predicted = _fields(record, "endpointOutput")
        if label is not None and predicted:
            pairs.append((float(label), float(predicted[0])))
    if not pairs:
        raise JobFailed("ClientError: no captured record has ground truth of its event id or inference id")
    problem = definition["ModelQualityAppSpecification"].get("ProblemType", "Regression")
    quality = baselines.model_quality([p[0] for p in pairs], [p[1] for p in pairs], problem)
    constraints = _resource(definition, "ModelQuality", "ConstraintsResource", role)
    return {"statistics.json": quality, "constraints.json": baselines.model_quality_constraints(quality)}, [
        *_worse(quality, constraints)
    ]


def _worse(quality: Members, constraints: Members) -> list[dict[str, str]]:
    found = []
    for name, bounds in constraints.items():
        metrics = quality.get(name.replace("_constraints", "_metrics"), {})
        for metric, bound in bounds.items() if isinstance(bounds, dict) else ():
            value, limit = metrics.get(metric, {}).get("value"), bound.get("threshold")
            if value is None or limit is None:
                continue
            above = bound.get("comparison_operator") == "GreaterThanThreshold"
            if value > limit if above else value < limit:
                text = f"Metric {metric} with {value} was {'greater' if above else 'less'} than the threshold {limit}"
                check = f"{bound.get('comparison_operator')}"
                found.append({"metric_name": metric, "constraint_check_type": check, "description": text})
    return found


def _ground_truth(uri: str, role: Role) -> dict[str, str]:
    """Event id to label, from the JSON lines below the ground truth prefix."""
    labels = {}
    for bucket, key in role.objects(f"{uri.rstrip('/')}/"):
        for line in role.read(f"s3://{bucket}/{key}").decode().splitlines():
            if line.strip():
                record = json.loads(line)
                labels[record["eventMetadata"]["eventId"]] = record["groundTruthData"]["data"]
    return labels


def _clarify(definition: Members, monitoring_type: str, role: Role, digest: str) -> tuple[Members, list[Any]]:
    uri = definition[f"{monitoring_type}AppSpecification"]["ConfigUri"]
    try:
        config = json.loads(role.read(uri))
        if monitoring_type == "ModelBias":
            # A bias monitor's configuration names no method and no model: the predictions were captured.
            config = {"methods": {"post_training_bias": {"methods": "all"}}, "predictor": {"model_name": "-"}} | config
        return {"analysis.json": clarify.analysis(config, [], digest)}, []
    except AccessFailed as error:
        raise JobFailed(f"ClientError: Failed to download data. {error}") from None
    except (clarify.BadConfiguration, ValueError) as error:
        raise JobFailed(f"AlgorithmError: {error}") from None


def _forced(monitoring_type: str) -> dict[str, str]:
    if monitoring_type in ("DataQuality", "ModelExplainability"):
        name, check = {"feature_name": "_c0"}, "baseline_drift_check"
    elif monitoring_type == "ModelQuality":
        name, check = {"metric_name": "rmse"}, "GreaterThanThreshold"
    else:
        name, check = {"facet": "_c0", "facet_value": "1", "metric_name": "DPPL"}, "bias_drift_check"
    return {**name, "constraint_check_type": check, "description": "a violation made on purpose"}


def _emit(summary: Members, definition: Members, monitoring_type: str, role: Role, found: list[Any]) -> None:
    """CloudWatch metrics, if the definition publishes them; without the permission there are none, as on AWS."""
    if _environment(definition, monitoring_type).get("publish_cloudwatch_metrics", "Disabled") != "Enabled":
        return
    dimensions = [{"Name": "MonitoringSchedule", "Value": summary["MonitoringScheduleName"]}]
    owner = "ModelMonitoring"
    if "EndpointName" in summary:
        owner = "Endpoints"
        dimensions.append({"Name": "Endpoint", "Value": summary["EndpointName"]})
    names = {
        f"feature_baseline_drift_{item['feature_name']}" if "feature_name" in item else item["metric_name"]
        for item in found
    }
    data = [{"MetricName": name, "Dimensions": dimensions, "Value": 1.0} for name in sorted(names)]
    data.append({"MetricName": "total_number_of_violations", "Dimensions": dimensions, "Value": float(len(found))})
    try:
        role.client("cloudwatch").put_metric_data(
            Namespace=f"aws/sagemaker/{owner}/{_METRICS[monitoring_type]}", MetricData=data
        )
    except (ClientError, AssumeRoleRefused) as error:
        jobs.log.info("no metrics of %s: %s", summary["MonitoringScheduleName"], error)
