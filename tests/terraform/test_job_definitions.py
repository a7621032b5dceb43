"""What the job modules' state machines ask of AWS, planned offline with the real provider."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from generator.instances import local_storage_gb, types_for
from tests.terraform.job_cases import CASES, KEY
from tools.fidelity.planning import DEFAULT_TAGS, PIPELINES, Planned
from tools.fidelity.states_language import tasks

# One plan for all: they go to one worker.
pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plans")]

MODULES = ("autopilot", "batch_transform", "image_builder", "training", "tuning")
SHARED = ("execution.tf", "live.tf", "machine.tf", "notifications.tf", "outcome.tf", "schedule.tf")
SHARED_WITH_MONITORS = ("execution.tf", "machine.tf", "notifications.tf", "outcome.tf")
START = {
    "autopilot": "Start",
    "batch_transform": "Transform",
    "image_builder": "Build",
    "training": "Train",
    "tuning": "Tune",
}


def job_of(planned: dict[str, Planned], case: str) -> dict[str, Any]:
    """The parameters of the task that starts a case's job."""
    return tasks(planned[case].definition)[START[CASES[case][0]]]


@pytest.mark.parametrize("case", [case for case in CASES if not case.startswith("image")])
def test_job_names_are_as_long_as_sagemaker_allows_at_most(planned: dict[str, Planned], case: str) -> None:
    limit = 32 if CASES[case][0] in ("autopilot", "tuning") else 63
    naming = planned[case].definition["States"]["NameTheJob"]["Output"]["job"]
    prefix = re.fullmatch(
        r"\{% '([A-Za-z0-9-]+-)' & \$substring\(\$hash\(\$states\.context\.Execution\.Id, 'SHA-256'\), 0, 10\) %\}",
        naming,
    )
    assert prefix is not None
    assert len(prefix[1]) + 10 <= limit
    label = CASES[case][1].get("job_name", CASES[case][1]["name"])
    assert prefix[1].startswith(label[:12])


@pytest.mark.parametrize("case", CASES)
def test_every_job_carries_the_provider_s_tags_and_its_own(planned: dict[str, Planned], case: str) -> None:
    if case.startswith("image"):
        pytest.skip("a build has no tags of its own; its project has")
    found = {tag["Key"]: tag["Value"] for tag in job_of(planned, case)["Tags"]}
    assert found == DEFAULT_TAGS | CASES[case][1].get("tags", {})


def test_key_encrypts_output_and_volume(planned: dict[str, Planned]) -> None:
    training = job_of(planned, "training_far_topic")
    assert (training["OutputDataConfig"]["KmsKeyId"], training["ResourceConfig"]["VolumeKmsKeyId"]) == (KEY, KEY)
    tuning = job_of(planned, "tuning_most")["TrainingJobDefinition"]
    assert (tuning["OutputDataConfig"]["KmsKeyId"], tuning["ResourceConfig"]["VolumeKmsKeyId"]) == (KEY, KEY)
    autopilot = job_of(planned, "autopilot_most")
    assert autopilot["OutputDataConfig"]["KmsKeyId"] == KEY
    assert autopilot["AutoMLJobConfig"]["SecurityConfig"]["VolumeKmsKeyId"] == KEY
    batch = job_of(planned, "batch_most")
    assert (batch["TransformOutput"]["KmsKeyId"], batch["TransformResources"]["VolumeKmsKeyId"]) == (KEY, KEY)


def test_local_storage_takes_no_volume_key(planned: dict[str, Planned]) -> None:
    training = job_of(planned, "training_most")
    assert training["ResourceConfig"]["InstanceType"] == "ml.g5.2xlarge"
    assert "VolumeKmsKeyId" not in training["ResourceConfig"]
    assert training["OutputDataConfig"]["KmsKeyId"] == KEY


def test_local_storage_is_known_for_every_instance_type() -> None:
    source = (PIPELINES / "training" / "execution.tf").read_text()
    expression = re.search(r'has_local_storage = can\(regex\("(.*?)", local', source)
    assert expression is not None
    pattern = re.compile(expression[1].replace("\\\\", "\\"))
    types = types_for("training") | types_for("transform")
    assert {name for name in types if pattern.match(name)} == {name for name in types if local_storage_gb(name)}


def test_spot_keeps_a_checkpoint_of_each_job_apart(planned: dict[str, Planned]) -> None:
    training = job_of(planned, "training_most")
    assert training["EnableManagedSpotTraining"] is True
    assert training["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200, "MaxWaitTimeInSeconds": 10800}
    assert training["CheckpointConfig"] == {"S3Uri.$": "States.Format('s3://acme-data/{}/checkpoint', $.job)"}
    assert "CheckpointConfig" not in job_of(planned, "training_least")


def test_user_text_is_never_read_as_an_expression(planned: dict[str, Planned]) -> None:
    assert job_of(planned, "training_most")["HyperParameters"]["x"] == "${a}'{}"


def test_ranged_hyperparameters_are_not_fixed_as_well(planned: dict[str, Planned]) -> None:
    job = job_of(planned, "tuning_most")
    assert job["TrainingJobDefinition"]["StaticHyperParameters"] == {"num_round": "400"}
    ranges = job["HyperParameterTuningJobConfig"]["ParameterRanges"]
    assert ranges["ContinuousParameterRanges"] == [
        {"Name": "eta", "MinValue": "0.00001", "MaxValue": "0.5", "ScalingType": "Logarithmic"}
    ]
    assert ranges["AutoParameters"] == [{"Name": "gamma", "ValueHint": "2"}]


def test_autopilot_request_carries_every_setting(planned: dict[str, Planned]) -> None:
    job = job_of(planned, "autopilot_most")
    assert [channel["ChannelType"] for channel in job["InputDataConfig"]] == ["training", "validation"]
    assert {channel["CompressionType"] for channel in job["InputDataConfig"]} == {"Gzip"}
    assert (job["ProblemType"], job["AutoMLJobObjective"]) == ("BinaryClassification", {"MetricName": "AUC"})
    assert job["AutoMLJobConfig"]["CompletionCriteria"] == {
        "MaxCandidates": 20,
        "MaxRuntimePerTrainingJobInSeconds": 3600,
        "MaxAutoMLJobRuntimeInSeconds": 7200,
    }
    assert job["GenerateCandidateDefinitionsOnly"] is False
    least = job_of(planned, "autopilot_least")
    assert "ProblemType" not in least
    assert "ChannelType" not in least["InputDataConfig"][0]
    assert job_of(planned, "autopilot_definitions")["GenerateCandidateDefinitionsOnly"] is True


def test_looking_at_a_job_of_thirty_days_stays_within_an_execution_s_events(planned: dict[str, Planned]) -> None:
    states = planned["autopilot_least"].definition["States"]
    pause, looks, waited = states["NameTheJob"]["Output"]["pause"]["seconds"], 0, 0
    assert states["WaitLonger"]["Parameters"]["seconds.$"] == "States.MathAdd($.pause.seconds, 2)"
    while waited < 30 * 86400:
        waited, looks, pause = waited + pause, looks + 1, pause + 2
    # Of a loop: wait 2, task 5, choice 2, pass 2 events.
    assert looks * 11 < 24000


def test_batch_request_carries_filters_and_a_folder_for_each_run(planned: dict[str, Planned]) -> None:
    job = job_of(planned, "batch_most")
    assert job["DataProcessing"] == {
        "InputFilter": "$.features",
        "OutputFilter": "$['id','SageMakerOutput']",
        "JoinSource": "Input",
    }
    assert job["TransformOutput"]["S3OutputPath.$"] == "States.Format('s3://far-away-bucket/scores/{}', $.job)"
    assert job_of(planned, "batch_least")["TransformOutput"]["S3OutputPath"] == "s3://my-data-bucket/batch/out"


def test_buildspec_quotes_what_users_give(planned: dict[str, Planned]) -> None:
    project = planned["image_most"].resources["aws_codebuild_project.this"]
    buildspec = json.loads(project["source"][0]["buildspec"])
    build = buildspec["phases"]["build"]["commands"][1]
    assert '--build-arg PATH="$BUILD_ARGUMENT_PATH"' in build
    assert "$HOME" not in build
    variables = {item["name"]: item["value"] for item in project["environment"][0]["environment_variable"]}
    assert variables["BUILD_ARGUMENT_PATH"] == "it's $HOME"
    assert variables["REGISTRIES"].split() == [
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
        "763104351884.dkr.ecr.eu-central-1.amazonaws.com",
    ]


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("image")])
def test_builds_may_run_docker(planned: dict[str, Planned], case: str) -> None:
    project = planned[case].resources["aws_codebuild_project.this"]
    assert project["environment"][0]["privileged_mode"] is True


@pytest.mark.parametrize("name", SHARED)
def test_shared_files_are_the_same_in_every_module_that_has_them(name: str) -> None:
    found = {path: path.read_text() for path in PIPELINES.glob(f"*/{name}")}
    shared = {path: text for path, text in found.items() if "he same file in every" in " ".join(text.split()[:60])}
    having = set(MODULES) - ({"image_builder"} if name == "execution.tf" else set())
    having |= {"model_monitor"} if name in SHARED_WITH_MONITORS else set()
    assert {path.parent.name for path in shared} >= having
    assert len(set(shared.values())) == 1, f"copy one over the others: {sorted(map(str, shared))}"
