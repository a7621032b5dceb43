"""Job definitions, monitoring schedules and their executions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_world import EXAMPLE, World, wait

from sandbox import control

ROWS = [line.split(",", 1)[1] for line in (EXAMPLE / "test.csv").read_text().splitlines()]
HOURLY = "cron(0 * ? * * *)"


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> World:
    world = World(connect, account)
    world.model()
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": world.uri("capture"),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }
    world.config(DataCaptureConfig=capture)
    world.endpoint()
    return world


def definition(world: World, kind: str = "DataQuality", **more: Any) -> None:
    """A job definition `watch` of a kind."""
    specification: dict[str, Any] = {"ImageUri": "analyzer"}
    given: dict[str, Any] = {"EndpointInput": {"EndpointName": "endpoint", "LocalPath": "/opt/ml/processing/in"}}
    if kind in ("ModelQuality", "ModelBias"):
        given["GroundTruthS3Input"] = {"S3Uri": world.uri("truth")}
    if kind == "ModelQuality":
        specification["ProblemType"] = "BinaryClassification"
    if kind in ("ModelBias", "ModelExplainability"):
        specification["ConfigUri"] = world.uri("analysis_config.json")
    output = {"S3Uri": world.uri("reports"), "LocalPath": "/opt/ml/processing/out"}
    name = {"DataQuality": "data_quality", "ModelQuality": "model_quality", "ModelBias": "model_bias"}
    create = getattr(world.sm, f"create_{name.get(kind, 'model_explainability')}_job_definition")
    create(
        **{
            "JobDefinitionName": "watch",
            "RoleArn": world.role,
            f"{kind}AppSpecification": specification,
            f"{kind}JobInput": given,
            f"{kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
            "JobResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}
            },
            **more,
        }
    )


def schedule(world: World, kind: str = "DataQuality", name: str = "schedule", **timing: str) -> dict[str, Any]:
    world.sm.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "MonitoringJobDefinitionName": "watch",
            "MonitoringType": kind,
            "ScheduleConfig": timing or {"ScheduleExpression": HOURLY},
        },
    )
    described: dict[str, Any] = wait(
        lambda: world.sm.describe_monitoring_schedule(MonitoringScheduleName=name),
        lambda s: s["MonitoringScheduleStatus"] != "Pending",
    )
    return described


def ask(world: World, *rows: str, ids: tuple[str, ...] = ()) -> None:
    """Invoke the endpoint and wait for the captured records."""
    runtime = world.connect("sagemaker-runtime", world.account)
    before = len(world.keys("capture/"))
    for index, row in enumerate(rows):
        more = {"InferenceId": ids[index]} if ids else {}
        runtime.invoke_endpoint(EndpointName="endpoint", ContentType="text/csv", Body=row.encode(), **more)
    wait(lambda: world.keys("capture/"), lambda keys: len(keys) == before + len(rows))


def execute(world: World, sandbox: control.Running, name: str = "schedule", **more: Any) -> dict[str, Any]:
    sandbox.request("sagemaker/monitoring-executions", {"account_id": world.account, "schedule": name, **more})
    return last(world, name)


def last(world: World, name: str = "schedule") -> dict[str, Any]:
    summary: dict[str, Any] = wait(
        lambda: world.sm.describe_monitoring_schedule(MonitoringScheduleName=name).get(
            "LastMonitoringExecutionSummary", {"MonitoringExecutionStatus": "InProgress"}
        ),
        lambda run: run["MonitoringExecutionStatus"] != "InProgress",
    )
    return summary


def report(world: World, name: str) -> dict[str, Any]:
    [key] = [key for key in world.keys("reports/endpoint/schedule/20") if key.endswith(name)]
    content: dict[str, Any] = json.loads(world.get(world.uri(key)))
    return content


def test_a_schedule_becomes_scheduled_and_knows_its_endpoint(world: World) -> None:
    definition(world)

    described = schedule(world)

    assert (described["MonitoringScheduleStatus"], described["EndpointName"]) == ("Scheduled", "endpoint")
    listed = world.sm.list_monitoring_schedules(EndpointName="endpoint")["MonitoringScheduleSummaries"]
    assert [item["MonitoringScheduleName"] for item in listed] == ["schedule"]


def test_a_schedule_is_stopped_started_updated_and_deleted(world: World) -> None:
    definition(world)
    schedule(world)
    named = {"MonitoringScheduleName": "schedule"}

    world.sm.stop_monitoring_schedule(**named)
    assert world.sm.describe_monitoring_schedule(**named)["MonitoringScheduleStatus"] == "Stopped"
    world.sm.start_monitoring_schedule(**named)
    assert world.sm.describe_monitoring_schedule(**named)["MonitoringScheduleStatus"] == "Scheduled"

    config = {
        "MonitoringJobDefinitionName": "watch",
        "MonitoringType": "DataQuality",
        "ScheduleConfig": {"ScheduleExpression": "cron(0 17/12 ? * * *)"},
    }
    world.sm.update_monitoring_schedule(**named, MonitoringScheduleConfig=config)
    assert world.sm.describe_monitoring_schedule(**named)["MonitoringScheduleConfig"] == config

    world.sm.delete_monitoring_schedule(**named)
    with pytest.raises(ClientError) as caught:
        world.sm.describe_monitoring_schedule(**named)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


@pytest.mark.parametrize("expression", ["cron(0/5 * ? * * *)", "cron(0 24 ? * * *)", "rate(1 hour)"])
def test_an_expression_that_sagemaker_does_not_take_is_refused(world: World, expression: str) -> None:
    definition(world)

    with pytest.raises(ClientError, match="Invalid ScheduleExpression"):
        schedule(world, ScheduleExpression=expression)


def test_a_schedule_needs_its_definition(world: World) -> None:
    with pytest.raises(ClientError, match="Could not find DataQuality job definition with name watch"):
        schedule(world)


def test_a_definition_needs_its_endpoint(world: World) -> None:
    given = {"EndpointInput": {"EndpointName": "nobody", "LocalPath": "/opt"}}

    with pytest.raises(ClientError, match="Endpoint 'nobody' does not exist"):
        definition(world, DataQualityJobInput=given)


def test_a_schedule_can_fail_on_purpose(world: World, sandbox: control.Running) -> None:
    definition(world)
    sandbox.request(
        "faults",
        {
            "kind": "sagemaker.monitoring_schedule",
            "match": {"name": "lost", "account_id": world.account},
            "error": {"reason": "no"},
        },
    )

    described = schedule(world, name="lost")

    assert (described["MonitoringScheduleStatus"], described["FailureReason"]) == ("Failed", "no")


def test_an_execution_without_captured_data_fails_as_on_aws(world: World, sandbox: control.Running) -> None:
    definition(world)
    schedule(world)

    run = execute(world, sandbox)

    assert (run["MonitoringExecutionStatus"], run["FailureReason"]) == ("Failed", "Job inputs had no data")


def test_data_like_the_baseline_violates_nothing(world: World, sandbox: control.Running) -> None:
    names = ["score", *(f"f{index}" for index in range(30))]
    features = [{"name": name, "inferred_type": "Fractional", "completeness": 1.0} for name in names]
    uri = world.put("constraints.json", json.dumps({"version": 0.0, "features": features}))
    definition(world, DataQualityBaselineConfig={"ConstraintsResource": {"S3Uri": uri}})
    schedule(world)
    ask(world, ROWS[0], ROWS[1])

    run = execute(world, sandbox)

    assert run["MonitoringExecutionStatus"] == "Completed"
    assert report(world, "statistics.json")["dataset"]["item_count"] == 2
    assert report(world, "constraint_violations.json") == {"violations": []}
    job = world.sm.describe_processing_job(ProcessingJobName=run["ProcessingJobArn"].rsplit("/", 1)[-1])
    assert job["ExitMessage"] == "Completed: Job completed successfully with no violations."
    assert job["MonitoringScheduleArn"].endswith(":monitoring-schedule/schedule")


def test_data_unlike_the_baseline_violates_it(world: World, sandbox: control.Running) -> None:
    features = [{"name": "score", "inferred_type": "String", "completeness": 1.0}]
    uri = world.put("constraints.json", json.dumps({"version": 0.0, "features": features}))
    definition(world, DataQualityBaselineConfig={"ConstraintsResource": {"S3Uri": uri}})
    schedule(world)
    ask(world, ROWS[0])

    run = execute(world, sandbox)

    assert run["MonitoringExecutionStatus"] == "CompletedWithViolations"
    violations = report(world, "constraint_violations.json")["violations"]
    assert violations[0]["constraint_check_type"] == "data_type_check"
    listed = world.sm.list_monitoring_executions(
        MonitoringScheduleName="schedule", StatusEquals="CompletedWithViolations"
    )
    assert len(listed["MonitoringExecutionSummaries"]) == 1


def test_model_quality_is_measured_against_ground_truth(world: World, sandbox: control.Running) -> None:
    bounds = {
        "binary_classification_constraints": {
            "accuracy": {"threshold": 0.9, "comparison_operator": "LessThanThreshold"}
        }
    }
    uri = world.put("constraints.json", json.dumps(bounds))
    definition(world, "ModelQuality", ModelQualityBaselineConfig={"ConstraintsResource": {"S3Uri": uri}})
    schedule(world, "ModelQuality")
    ask(world, ROWS[0], ROWS[1], ids=("a", "b"))
    # The model says 0 for both rows; one label says otherwise.
    lines = [
        json.dumps(
            {
                "groundTruthData": {"data": label, "encoding": "CSV"},
                "eventMetadata": {"eventId": event},
                "eventVersion": "0",
            }
        )
        for event, label in (("a", "0"), ("b", "1"))
    ]
    world.put("truth/2030/01/01/00/labels.jsonl", "\n".join(lines))

    run = execute(world, sandbox)

    assert run["MonitoringExecutionStatus"] == "CompletedWithViolations"
    metrics = report(world, "statistics.json")["binary_classification_metrics"]
    assert metrics["accuracy"]["value"] == 0.5
    assert report(world, "constraint_violations.json")["violations"][0]["metric_name"] == "accuracy"


def test_explainability_reports_what_clarify_would(world: World, sandbox: control.Running) -> None:
    config = {"headers": ["a", "b"], "methods": {"shap": {}}, "predictor": {"endpoint_name": "endpoint"}}
    world.put("analysis_config.json", json.dumps(config))
    definition(world, "ModelExplainability")
    schedule(world, "ModelExplainability")
    ask(world, ROWS[0])

    run = execute(world, sandbox, violations=True)

    assert run["MonitoringExecutionStatus"] == "CompletedWithViolations"
    assert list(report(world, "analysis.json")["explanations"]["kernel_shap"]["label0"]["global_shap_values"]) == [
        "a",
        "b",
    ]


def test_now_runs_at_once(world: World) -> None:
    definition(world)
    ask(world, ROWS[0])
    with pytest.raises(ClientError, match="DataAnalysisStartTime"):
        schedule(world, ScheduleExpression="NOW")

    schedule(world, ScheduleExpression="NOW", DataAnalysisStartTime="-PT1H", DataAnalysisEndTime="-PT0H")

    assert last(world)["MonitoringExecutionStatus"] == "Completed"


def test_violations_are_published_as_metrics(world: World, sandbox: control.Running) -> None:
    world.allow("execution", ["cloudwatch:PutMetricData"], "*")
    specification = {"ImageUri": "analyzer", "Environment": {"publish_cloudwatch_metrics": "Enabled"}}
    definition(world, DataQualityAppSpecification=specification)
    schedule(world)
    ask(world, ROWS[0])

    execute(world, sandbox, violations=[{"feature_name": "age", "constraint_check_type": "x", "description": "y"}])

    metrics = world.connect("cloudwatch", world.account).list_metrics(Namespace="aws/sagemaker/Endpoints/data-metrics")
    names = {metric["MetricName"] for metric in metrics["Metrics"]}
    assert names == {"feature_baseline_drift_age", "total_number_of_violations"}


def test_only_a_schedule_that_is_scheduled_can_be_fired(world: World, sandbox: control.Running) -> None:
    definition(world)
    schedule(world)
    world.sm.stop_monitoring_schedule(MonitoringScheduleName="schedule")

    with pytest.raises(control.SandboxError, match="is Stopped"):
        execute(world, sandbox)
    with pytest.raises(control.SandboxError, match="has no monitoring schedule"):
        execute(world, sandbox, "nobody")
