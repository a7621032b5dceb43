"""The job modules at work: applied with the real provider in a sandbox, run, made to fail, stopped, destroyed.

Their roles are enforced there: what a policy forgets shows as a run that fails.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.delivery.checks import KINDS, check_gone, check_live
from generator.delivery.jobs import run_jobs, stop_jobs
from tests.terraform.lands import ACCOUNT, Land, wait_for
from tools.fidelity.planning import REGION

pytestmark = [pytest.mark.terraform, pytest.mark.e2e, pytest.mark.xdist_group("job_runs")]

GROUP = "acme-registry"
XGBOOST = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:1.7-1"
ROWS = "\n".join(f"{number % 2},{number},{number * 2 % 7}" for number in range(200))
PROJECT = {"Dockerfile": "FROM python:3.12-slim\nCOPY serve /serve\n", "serve": "#!/bin/sh\n"}
NAMES = ("training", "tuning", "autopilot", "batch_transform", "image_builder")


class Jobs(Land):
    """The sandbox's one account with what the modules presume, and a workspace that applies them all."""

    def __init__(self, home: Path, folder: Path) -> None:
        super().__init__(home, folder)
        self.stepfunctions, self.sagemaker = self.client("stepfunctions"), self.client("sagemaker")
        self.s3, self.ecr = self.client("s3"), self.client("ecr")
        self._furnish()

    def _furnish(self) -> None:
        for bucket in ("assets", "results"):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for key, text in {
            "train/data.csv": ROWS,
            "validation/data.csv": ROWS,
            "auto/data.csv": f"churned,a,b\n{ROWS}",
            "batch/in.csv": "1,2\n3,4\n",
            "models/model.tar.gz": "an artifact",
        }.items():
            self.s3.put_object(Bucket="assets", Key=key, Body=text.encode())
        self.put_project(PROJECT)
        self.key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        sns = self.client("sns")
        self.topic = sns.create_topic(Name="notifications")["TopicArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": self.topic,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sns.set_topic_attributes(TopicArn=self.topic, AttributeName="Policy", AttributeValue=policy)
        sns.subscribe(TopicArn=self.topic, Protocol="email", Endpoint="team@example.com")
        self.sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
        self.ecr.create_repository(repositoryName="algos", imageTagMutability="IMMUTABLE")

    def put_project(self, files: dict[str, str]) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            for name, text in files.items():
                packed.writestr(name, text)
        self.s3.put_object(Bucket="assets", Key="images/forest.zip", Body=archive.getvalue())

    def variables(self) -> dict[str, dict[str, Any]]:
        common = {"account_id": ACCOUNT, "notifications": {"topic_arn": self.topic}, "tags": {"Team": "churn"}}
        sagemaker = common | {"kms_key_arn": self.key}
        registration = {"model_package_group_name": GROUP}
        trained = sagemaker | {
            "algorithm": {
                "image_uri": XGBOOST,
                "hyperparameters": {"objective": "binary:logistic", "eval_metric": "auc", "num_round": "5"},
            },
            "channels": {
                "train": {"s3_uri": "s3://assets/train/data.csv", "content_type": "csv"},
                "validation": {"s3_uri": "s3://assets/validation", "content_type": "csv"},
            },
            "registration": registration,
        }
        return {
            "training": trained
            | {
                "name": "churn-training",
                "instances": {
                    "type": "ml.m5.xlarge",
                    "max_runtime_seconds": 3600,
                    "spot": {"max_wait_seconds": 7200},
                },
                "output_s3_uri": "s3://results/training",
                "schedule": {"expression": "cron(0 4 ? * MON *)", "timezone": "Europe/Berlin"},
            },
            "tuning": trained
            | {
                "name": "churn-tuner",
                "instances": {"type": "ml.m5.xlarge", "max_runtime_seconds": 3600},
                "output_s3_uri": "s3://results/tuning",
                "ranges": {"continuous": {"eta": {"min": 0.1, "max": 0.5}}},
                "tuning": {"objective_metric": "validation:auc", "max_jobs": 2, "max_parallel_jobs": 2},
            },
            "autopilot": sagemaker
            | {
                "name": "churn-autopilot",
                "data": {"s3_uri": "s3://assets/auto/data.csv", "target_attribute": "churned"},
                "job": {
                    "max_candidates": 2,
                    "max_runtime_per_job_seconds": 600,
                    "max_total_runtime_seconds": 3600,
                },
                "output_s3_uri": "s3://results/autopilot",
                "registration": registration,
            },
            "batch_transform": sagemaker
            | {
                "name": "churn-batch",
                "model": {"image_uri": XGBOOST, "artifact_s3_uri": "s3://assets/models/model.tar.gz"},
                "input": {"s3_uri": "s3://assets/batch/in.csv"},
                "output": {"s3_uri": "s3://results/batch", "join_source": "Input"},
                "instances": {"type": "ml.m5.large"},
            },
            "image_builder": common
            | {
                "name": "forest-image",
                "repository_name": "algos",
                "image_tag": "forest",
                "source_code": {"s3_uri": "s3://assets/images/forest.zip"},
                "scan": {"max_findings": {"CRITICAL": 0}},
            },
        }

    def keys(self, prefix: str) -> list[str]:
        return [item["Key"] for item in self.s3.list_objects_v2(Bucket="results", Prefix=prefix).get("Contents", [])]


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    found = Jobs(tmp_path_factory.mktemp("sandbox"), tmp_path_factory.mktemp("workspace"))
    try:
        found.apply({name: (name, variables) for name, variables in found.variables().items()})
        yield found
    finally:
        found.stop()


def test_what_was_applied_plans_empty(land: Jobs) -> None:
    land.plans_empty()


@pytest.mark.parametrize("module", NAMES)
def test_a_delivery_starts_each_job_once_waits_and_finds_it_live(land: Jobs, module: str) -> None:
    site, outputs = land.site("a1" * 32), land.outputs[module]
    run_jobs(outputs["jobs"], site)
    executions = land.stepfunctions.list_executions(stateMachineArn=outputs["state_machine_arn"])["executions"]
    run_jobs(outputs["jobs"], site)
    again = land.stepfunctions.list_executions(stateMachineArn=outputs["state_machine_arn"])["executions"]
    assert len(again) == len(executions)
    seen, wrong = check_live(outputs["live"], KINDS, site)
    assert wrong == []
    assert len(seen) == len(outputs["live"])


def test_training_leaves_its_model_and_registers_it_with_metrics(land: Jobs) -> None:
    ended = land.run("training", "registers")
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    output = json.loads(ended["output"])
    job = land.sagemaker.describe_training_job(TrainingJobName=output["job"])
    assert job["TrainingJobName"].startswith("churn-training-")
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == job["OutputDataConfig"]["KmsKeyId"] == land.key
    assert job["CheckpointConfig"]["S3Uri"] == f"s3://results/training/{output['job']}/checkpoint"
    tags = land.sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
    assert {"Key": "Project", "Value": "acme-ml"} in tags
    assert {"Key": "Team", "Value": "churn"} in tags
    package = land.sagemaker.describe_model_package(ModelPackageName=output["model_package"])
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    container = package["InferenceSpecification"]["Containers"][0]
    assert container["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    assert package["CustomerMetadataProperties"]["training_job"] == output["job"]
    source = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    metrics = json.loads(land.s3.get_object(Bucket="results", Key=source.removeprefix("s3://results/"))["Body"].read())
    assert {metric["MetricName"] for metric in metrics["metrics"]} >= {"validation:auc"}
    assert any(output["model_package"] in message for message in land.told())


def test_two_runs_register_two_versions(land: Jobs) -> None:
    first, second = (json.loads(land.run("tuning", name)["output"]) for name in ("one", "two"))
    assert first["model_package"] != second["model_package"]
    assert first["training_job"].startswith(first["job"])
    assert len(first["job"]) <= 32


def test_batch_transform_writes_joined_predictions(land: Jobs) -> None:
    ended = land.run("batch_transform", "joined")
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    text = land.s3.get_object(Bucket="results", Key="batch/in.csv.out")["Body"].read().decode()
    assert [line.split(",")[:2] for line in text.strip().splitlines()] == [["1", "2"], ["3", "4"]]
    assert all(len(line.split(",")) == 3 for line in text.strip().splitlines())


def test_autopilot_registers_all_containers_of_the_best_candidate(land: Jobs) -> None:
    ended = land.run("autopilot", "best")
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    output = json.loads(ended["output"])
    best = land.sagemaker.describe_auto_ml_job(AutoMLJobName=output["job"])["BestCandidate"]
    package = land.sagemaker.describe_model_package(ModelPackageName=output["model_package"])
    images = [container["Image"] for container in package["InferenceSpecification"]["Containers"]]
    assert images == [container["Image"] for container in best["InferenceContainers"]]
    assert f"autopilot/{output['job']}/metrics.json" in land.keys("autopilot/")


@pytest.mark.parametrize(
    ("module", "kind", "noun"),
    [
        ("training", "training_job", "training job"),
        ("tuning", "tuning_job", "tuning job"),
        ("batch_transform", "transform_job", "transform job"),
        ("autopilot", "automl_job", "AutoML job"),
    ],
)
def test_a_job_that_fails_fails_its_run_with_its_own_reason(land: Jobs, module: str, kind: str, noun: str) -> None:
    land.plant(f"sagemaker.{kind}", reason="AlgorithmError: it's {not} good")
    ended = land.run(module, "fails")
    assert ended["status"] == "FAILED"
    assert ended["error"] == "JobFailed"
    assert ended["cause"].startswith(f"{noun} ")
    assert ended["cause"].endswith("AlgorithmError: it's {not} good")
    assert any("it's {not} good" in message and ended["executionArn"] in message for message in land.told())


@pytest.mark.parametrize("module", ["training", "batch_transform"])
def test_a_job_that_somebody_stopped_fails_its_run(land: Jobs, module: str) -> None:
    kind = {"training": "training_job", "batch_transform": "transform_job"}[module]
    land.plant(f"sagemaker.{kind}", status="Stopped")
    ended = land.run(module, "stopped")
    assert (ended["status"], ended["error"]) == ("FAILED", "JobFailed")
    assert ended["cause"].endswith("ended with status Stopped")


@pytest.mark.parametrize(
    ("module", "kind", "listing"),
    [
        ("training", "training_job", ("list_training_jobs", "TrainingJobSummaries", "TrainingJobStatus")),
        (
            "tuning",
            "tuning_job",
            ("list_hyper_parameter_tuning_jobs", "HyperParameterTuningJobSummaries", "HyperParameterTuningJobStatus"),
        ),
        ("batch_transform", "transform_job", ("list_transform_jobs", "TransformJobSummaries", "TransformJobStatus")),
        ("autopilot", "automl_job", ("list_auto_ml_jobs", "AutoMLJobSummaries", "AutoMLJobStatus")),
    ],
)
def test_stopping_a_run_stops_its_job_and_tells(
    land: Jobs, module: str, kind: str, listing: tuple[str, str, str]
) -> None:
    operation, member, status = listing

    def newest() -> str:
        answer = getattr(land.sagemaker, operation)(SortBy="CreationTime", SortOrder="Descending", MaxResults=1)
        return str(answer[member][0][status])

    land.plant(f"sagemaker.{kind}", seconds=300)
    execution = land.start(module, "is-stopped")
    wait_for(lambda: newest() == "InProgress")
    assert stop_jobs(land.outputs[module]["jobs"], land.site("b2" * 32)) == [execution]
    wait_for(lambda: newest() == "Stopped")
    wait_for(lambda: any("is-stopped" in message and "ABORTED" in message for message in land.told()))


def test_an_image_gets_its_tag_only_when_its_scan_is_accepted(land: Jobs) -> None:
    land.put_project(PROJECT | {"serve": "another"})
    land.plant("ecr.scan", findings={"CRITICAL": 2})
    before = digest(land, "forest")
    ended = land.run("image_builder", "scan-refused")
    assert (ended["status"], ended["error"]) == ("FAILED", "FindingsFound")
    assert '{"CRITICAL":2}, allowed are at most CRITICAL 0; the image was not tagged forest' in ended["cause"]
    assert digest(land, "forest") == before


def test_an_immutable_tag_is_not_taken_over(land: Jobs) -> None:
    land.put_project(PROJECT)
    assert land.run("image_builder", "the-same-again")["status"] == "SUCCEEDED"
    land.put_project(PROJECT | {"serve": "a third"})
    ended = land.run("image_builder", "tag-taken")
    assert (ended["status"], ended["error"]) == ("FAILED", "TagTaken")
    assert "choose a new image_tag" in ended["cause"]


def test_a_build_that_fails_says_which_command(land: Jobs) -> None:
    land.put_project({"Dockerfile": "FROM python:3.12-slim\nCOPY missing /serve\n"})
    ended = land.run("image_builder", "broken")
    assert (ended["status"], ended["error"]) == ("FAILED", "BuildFailed")
    assert "docker build" in ended["cause"]
    assert "forest-image/log-events/" in ended["cause"]


def test_a_missing_group_fails_before_anything_is_trained(land: Jobs) -> None:
    jobs = len(land.sagemaker.list_training_jobs(MaxResults=100)["TrainingJobSummaries"])
    # The call is tried again three times.
    land.plant(
        "stepfunctions.task", times=4, error="SageMaker.SageMakerException", cause="ModelPackageGroup is not there"
    )
    ended = land.run("training", "no-group")
    assert ended["status"] == "FAILED"
    assert "ModelPackageGroup is not there" in ended["cause"]
    assert len(land.sagemaker.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]) == jobs


def test_everything_goes_when_it_is_destroyed(land: Jobs) -> None:
    live = [item for outputs in land.outputs.values() for item in outputs["live"]]
    land.destroy()
    assert land.stepfunctions.list_state_machines()["stateMachines"] == []
    assert land.sagemaker.list_models()["Models"] == []
    assert land.client("codebuild").list_projects()["projects"] == []
    assert [role["RoleName"] for role in land.client("iam").list_roles()["Roles"] if "churn" in role["RoleName"]] == []
    _, wrong = check_gone(live, KINDS, land.site("a1" * 32))
    assert wrong == []


def digest(land: Jobs, tag: str) -> str | None:
    images = land.ecr.batch_get_image(repositoryName="algos", imageIds=[{"imageTag": tag}])["images"]
    return images[0]["imageId"]["imageDigest"] if images else None
