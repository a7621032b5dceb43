"""The state machines of the job modules, planned offline with the real provider and held against AWS's definitions."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from generator.instances import local_storage_gb, types_for
from tests.terraform import asl
from tests.terraform.job_cases import CASES, KEY
from tests.terraform.planning import DEFAULT_TAGS, PIPELINES, Planned, plan

# One plan for all: they go to one worker.
pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("job_definitions")]

MODULES = ("autopilot", "batch_transform", "image_builder", "training", "tuning")
SHARED = ("execution.tf", "live.tf", "machine.tf", "notifications.tf", "outcome.tf", "schedule.tf")
START = {
    "autopilot": "Start",
    "batch_transform": "Transform",
    "image_builder": "Build",
    "training": "Train",
    "tuning": "Tune",
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Planned]:
    return plan(tmp_path_factory.mktemp("jobs"), CASES)


def job_of(planned: dict[str, Planned], case: str) -> dict[str, Any]:
    """The parameters of the task that starts a case's job."""
    return asl.tasks(planned[case].definition)[START[CASES[case][0]]]


@pytest.mark.parametrize("case", CASES)
def test_definition_is_valid_and_every_request_fits_its_api(planned: dict[str, Planned], case: str) -> None:
    assert asl.problems(planned[case].definition) == []


def test_stopping_machine_is_valid(planned: dict[str, Planned]) -> None:
    definition = json.loads(planned["autopilot_most"].resources["aws_sfn_state_machine.stop"]["definition"])
    assert asl.problems(definition) == []


@pytest.mark.parametrize(
    ("case", "change", "finding"),
    [
        ("training_most", {"Trainer": 1}, "no such member"),
        ("training_most", {"RoleArn": None}, "is required"),
        ("training_most", {"ResourceConfig": {"InstanceType": "ml.z9.tiny"}}, "none of"),
        ("training_most", {"EnableNetworkIsolation": "True"}, "neither true nor false"),
        ("training_most", {"StoppingCondition": {"MaxRuntimeInSeconds": "60"}}, "no number"),
        ("training_most", {"OutputDataConfig": {"S3OutputPath": "acme/out"}}, "does not match"),
        ("tuning_most", {"Tags": [{"Key": "k", "Value": "v" * 257}]}, "are more than 256"),
        ("batch_most", {"DataProcessing": {"InputFilter": "$" * 64}}, "are more than 63"),
    ],
)
def test_a_planted_fault_in_a_request_is_found(
    planned: dict[str, Planned], case: str, change: dict[str, Any], finding: str
) -> None:
    definition = copy.deepcopy(planned[case].definition)
    parameters = definition["States"][START[CASES[case][0]]]["Parameters"]
    parameters.update({key: value for key, value in change.items() if value is not None})
    for key in [key for key, value in change.items() if value is None]:
        del parameters[key]
    found = asl.problems(definition)
    assert len(found) == 1
    assert finding in found[0]


def test_a_job_name_that_is_too_long_is_found(planned: dict[str, Planned]) -> None:
    definition = copy.deepcopy(planned["tuning_most"].definition)
    output = definition["States"]["NameTheJob"]["Output"]
    output["job"] = output["job"].replace("{% '", "{% 'xx")
    assert any("33 characters are more than 32" in problem for problem in asl.problems(definition))


def test_a_planted_fault_in_the_structure_is_found(planned: dict[str, Planned]) -> None:
    definition = planned["training_least"].definition
    definition["States"]["Train"]["Next"] = "Nowhere"
    found = asl.problems(definition)
    assert "States: Nowhere is led to and does not exist" in found
    assert "States/Report: nothing leads there" in found


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
def test_build_project_fits_codebuild_s_own_limits(planned: dict[str, Planned], case: str) -> None:
    model = botocore.session.get_session().get_service_model("codebuild")
    project = planned[case].resources["aws_codebuild_project.this"]
    for shape, value in (
        ("SourceType", project["source"][0]["type"]),
        ("EnvironmentType", project["environment"][0]["type"]),
        ("ComputeType", project["environment"][0]["compute_type"]),
    ):
        assert value in model.shape_for(shape).enum
    least, most = (model.shape_for("BuildTimeOut").metadata[key] for key in ("min", "max"))
    assert least <= project["build_timeout"] <= most
    assert project["environment"][0]["privileged_mode"] is True


@pytest.mark.parametrize("name", SHARED)
def test_shared_files_are_the_same_in_every_module_that_has_them(name: str) -> None:
    found = {path: path.read_text() for path in PIPELINES.glob(f"*/{name}")}
    shared = {path: text for path, text in found.items() if "he same file in every" in " ".join(text.split()[:60])}
    assert {path.parent.name for path in shared} >= set(MODULES) - (
        {"image_builder"} if name == "execution.tf" else set()
    )
    assert len(set(shared.values())) == 1, f"copy one over the others: {sorted(map(str, shared))}"


@pytest.mark.parametrize("case", CASES)
def test_only_actions_without_a_resource_level_have_a_wildcard(planned: dict[str, Planned], case: str) -> None:
    allowed = re.compile(
        r"^(logs:(CreateLogDelivery|DeleteLogDelivery|DescribeLogGroups|DescribeResourcePolicies|GetLogDelivery"
        r"|ListLogDeliveries|PutResourcePolicy|UpdateLogDelivery)|xray:\w+|ecr:GetAuthorizationToken"
        r"|cloudwatch:PutMetricData|ec2:Describe\w+|inspector2:List\w+)$"
    )
    for name, document in planned[case].documents.items():
        for statement in document["Statement"]:
            if statement.get("Resource") == "*":
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                assert [action for action in actions if not allowed.match(action)] == [], (name, statement["Sid"])


def test_wildcards_carry_their_reason() -> None:
    for module in MODULES:
        for file in Path(PIPELINES / module).glob("*.tf"):
            lines = file.read_text().splitlines()
            for index, line in enumerate(lines):
                if re.search(r'resources\s*=\s*\["\*"\]', line):
                    assert "# wildcard:" in lines[index - 1], f"{file.name}:{index + 1}"
