"""Training, transform, processing, tuning and AutoML jobs: checks, states, outputs, reasons."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_world import EXAMPLE, IMAGE, World, wait

from sandbox import control

LINES = (EXAMPLE / "test.csv").read_text().splitlines()
MONITOR = "048819808253.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-model-monitor-analyzer"
CLARIFY = "017069133835.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-clarify-processing:1.0"


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> World:
    world = World(connect, account)
    world.put("data/train.csv", "\n".join(LINES))
    return world


@pytest.fixture
def visible(sandbox: control.Running) -> Iterator[None]:
    """Describe calls do not wait for a job's end."""
    sandbox.request("sagemaker/settings", {"patience_seconds": 0})
    yield
    sandbox.request("sagemaker/settings", {"patience_seconds": 1})


def training(world: World, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": world.uri("data/train"), "S3DataDistributionType": "FullyReplicated"}
    return {
        "TrainingJobName": "job",
        "RoleArn": world.role,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {"objective": "binary:logistic", "eval_metric": "auc", "num_round": "10"},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": world.uri("out")},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **more,
    }


def ended(ask: Callable[[], dict[str, Any]], status: str) -> dict[str, Any]:
    job: dict[str, Any] = wait(ask, lambda j: j[status] not in ("InProgress", "Stopping"))
    return job


def trained(world: World, name: str = "job") -> dict[str, Any]:
    return ended(lambda: world.sm.describe_training_job(TrainingJobName=name), "TrainingJobStatus")


def code_and_message(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def fault(sandbox: control.Running, kind: str, name: str, **error: Any) -> None:
    sandbox.request("faults", {"kind": kind, "match": {"name": name}, "error": error})


class TestTraining:
    def test_leaves_its_artifact_and_metrics(self, world: World, visible: None) -> None:
        world.sm.create_training_job(**training(world, Tags=[{"Key": "a", "Value": "b"}]))
        assert world.sm.describe_training_job(TrainingJobName="job")["TrainingJobStatus"] == "InProgress"

        job = trained(world)

        assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
        assert job["ModelArtifacts"]["S3ModelArtifacts"] == world.uri("out/job/output/model.tar.gz")
        with tarfile.open(fileobj=io.BytesIO(world.get(job["ModelArtifacts"]["S3ModelArtifacts"]))) as archive:
            assert archive.getnames() == ["model.json"]
        assert [metric["MetricName"] for metric in job["FinalMetricDataList"]] == ["train:auc"]
        assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == ["Starting", "Completed"]
        assert job["TrainingTimeInSeconds"] >= 1
        assert world.sm.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] == [{"Key": "a", "Value": "b"}]

    def test_a_name_is_used_once(self, world: World) -> None:
        world.sm.create_training_job(**training(world))

        code, message = code_and_message(world.sm.create_training_job, **training(world))

        assert code == "ResourceInUse"
        assert message.startswith("Training job names must be unique within an AWS account and region")

    def test_missing_input_is_refused(self, world: World) -> None:
        request = training(world)
        request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = world.uri("nothing/")

        code, message = code_and_message(world.sm.create_training_job, **request)

        assert code == "ValidationException"
        assert message.startswith(f'No S3 objects found under S3 URL "{world.uri("nothing/")}"')

    def test_a_role_that_may_not_list_is_refused(self, world: World) -> None:
        blind = world.make_role("blind")

        code, message = code_and_message(world.sm.create_training_job, **training(world, RoleArn=blind))

        assert (code, "s3:ListBucket" in message) == ("ValidationException", True)

    def test_a_role_that_may_not_write_fails_the_job(self, world: World) -> None:
        world.make_role("reader")
        world.allow("reader", ["s3:GetObject", "s3:ListBucket"], "*")

        world.sm.create_training_job(**training(world, RoleArn=f"arn:aws:iam::{world.account}:role/reader"))

        job = trained(world)
        assert job["TrainingJobStatus"] == "Failed"
        assert job["FailureReason"].startswith("ClientError: Artifact upload failed:")

    def test_a_stranger_cannot_be_the_role(self, world: World) -> None:
        stranger = world.make_role("stranger", "lambda.amazonaws.com")

        _, message = code_and_message(world.sm.create_training_job, **training(world, RoleArn=stranger))

        assert message.startswith(f"Could not assume role {stranger}. Please ensure that the role exists")

    def test_it_fails_on_purpose_with_the_reason(self, world: World, sandbox: control.Running) -> None:
        fault(sandbox, "sagemaker.training_job", "doomed", reason="AlgorithmError: out of memory")
        world.sm.create_training_job(**training(world, TrainingJobName="doomed"))

        job = trained(world, "doomed")

        assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", "AlgorithmError: out of memory")
        assert "ModelArtifacts" not in job

    def test_it_can_be_stopped_while_it_runs_only(self, world: World, sandbox: control.Running, visible: None) -> None:
        fault(sandbox, "sagemaker.training_job", "long", seconds=30)
        world.sm.create_training_job(**training(world, TrainingJobName="long"))
        world.sm.stop_training_job(TrainingJobName="long")

        assert trained(world, "long")["TrainingJobStatus"] == "Stopped"
        _, message = code_and_message(world.sm.stop_training_job, TrainingJobName="long")
        assert message == "The request was rejected because the training job is in status Stopped."

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
            (
                {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90}},
                "Invalid MaxWaitTimeInSeconds",
            ),
            (
                {
                    "ResourceConfig": {
                        "InstanceType": "ml.g5.xlarge",
                        "InstanceCount": 1,
                        "VolumeSizeInGB": 1,
                        "VolumeKmsKeyId": "alias/k",
                    }
                },
                "VolumeKmsKeyId is not supported",
            ),
        ],
    )
    def test_what_does_not_go_together_is_refused(self, world: World, change: Any, text: str) -> None:
        code, message = code_and_message(world.sm.create_training_job, **training(world, **change))

        assert (code, text in message) == ("ValidationException", True)

    def test_an_unknown_job_is_missing_in_awss_words(self, world: World) -> None:
        assert code_and_message(world.sm.describe_training_job, TrainingJobName="nobody") == (
            "ValidationException",
            "Requested resource not found.",
        )


def transform(world: World, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": world.uri("batch/")}
    return {
        "TransformJobName": "batch",
        "ModelName": "model",
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": world.uri("scores"), "Accept": "text/csv", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more,
    }


def transformed(world: World, name: str = "batch") -> dict[str, Any]:
    return ended(lambda: world.sm.describe_transform_job(TransformJobName=name), "TransformJobStatus")


class TestTransform:
    def test_every_input_object_has_an_output_object(self, world: World) -> None:
        world.model()
        rows = [line.split(",", 1)[1] for line in LINES]
        world.put("batch/a.csv", "\n".join(rows[:3]))
        world.put("batch/deep/b.csv", rows[3])
        world.sm.create_transform_job(**transform(world))

        assert transformed(world)["TransformJobStatus"] == "Completed"
        assert world.keys("scores/") == ["scores/a.csv.out", "scores/deep/b.csv.out"]
        scores = [float(line) for line in world.get(world.uri("scores/a.csv.out")).decode().splitlines()]
        assert scores == pytest.approx([0.014825, 0.019859, 0.743981], abs=2e-6)

    def test_records_are_filtered_and_joined(self, world: World) -> None:
        world.model()
        world.put("batch/a.csv", "\n".join(LINES[:2]))
        processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
        world.sm.create_transform_job(**transform(world, DataProcessing=processing))

        assert transformed(world)["TransformJobStatus"] == "Completed"
        first = world.get(world.uri("scores/a.csv.out")).decode().splitlines()[0]
        label, score = first.split(",")
        assert (float(label), float(score)) == (0.0, pytest.approx(0.014825, abs=2e-6))

    def test_records_with_a_label_too_many_fail_the_job(self, world: World) -> None:
        world.model()
        world.put("batch/a.csv", LINES[0])
        world.sm.create_transform_job(**transform(world))

        job = transformed(world)

        assert (job["TransformJobStatus"], job["FailureReason"]) == (
            "Failed",
            "ClientError: See job logs for more information",
        )

    def test_a_model_that_does_not_exist_is_refused(self, world: World) -> None:
        code, message = code_and_message(world.sm.create_transform_job, **transform(world))

        assert (code, message.startswith('Could not find model "arn:')) == ("ValidationException", True)

    def test_a_taken_name_is_in_use(self, world: World) -> None:
        world.model()
        world.put("batch/a.csv", LINES[0])
        world.sm.create_transform_job(**transform(world))

        assert code_and_message(world.sm.create_transform_job, **transform(world))[0] == "ResourceInUse"


def processing(world: World, image: str, environment: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    def given(name: str, key: str) -> dict[str, Any]:
        source = {
            "S3Uri": world.uri(key),
            "LocalPath": f"/opt/ml/processing/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        }
        return {"InputName": name, "S3Input": source}

    target = {
        "S3Uri": world.uri("baseline"),
        "LocalPath": "/opt/ml/processing/output",
        "S3UploadMode": "EndOfJob",
    }
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 20}
    return {
        "ProcessingJobName": "baseline",
        "RoleArn": world.role,
        "AppSpecification": {"ImageUri": image},
        "Environment": environment or {},
        "ProcessingInputs": [given("data", "base/data.csv")],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": target}]},
        "ProcessingResources": {"ClusterConfig": cluster},
        **more,
    }


def processed(world: World, name: str = "baseline") -> dict[str, Any]:
    return ended(lambda: world.sm.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus")


class TestProcessing:
    def test_a_data_quality_baseline_counts_the_data(self, world: World) -> None:
        world.put("base/data.csv", "age,name,score\n1,a,0.5\n3,b,\n")
        environment = {"dataset_format": '{"csv": {"header": true}}'}
        world.sm.create_processing_job(**processing(world, MONITOR, environment))

        assert processed(world)["ProcessingJobStatus"] == "Completed"
        statistics = json.loads(world.get(world.uri("baseline/statistics.json")))
        constraints = json.loads(world.get(world.uri("baseline/constraints.json")))
        assert statistics["dataset"]["item_count"] == 2
        assert [(f["name"], f["inferred_type"]) for f in statistics["features"]] == [
            ("age", "Integral"),
            ("name", "String"),
            ("score", "Fractional"),
        ]
        assert statistics["features"][0]["numerical_statistics"]["mean"] == 2
        assert constraints["features"][2]["completeness"] == 0.5

    def test_a_model_quality_baseline_measures_the_predictions(self, world: World) -> None:
        world.put("base/data.csv", "label,guess\n1,0.9\n0,0.2\n1,0.4\n0,0.1\n")
        environment = {
            "analysis_type": "MODEL_QUALITY",
            "problem_type": "BinaryClassification",
            "ground_truth_attribute": "label",
            "probability_attribute": "guess",
            "dataset_format": '{"csv": {"header": true, "output_columns_position": "START"}}',
        }
        world.sm.create_processing_job(**processing(world, MONITOR, environment))

        assert processed(world)["ProcessingJobStatus"] == "Completed"
        metrics = json.loads(world.get(world.uri("baseline/statistics.json")))["binary_classification_metrics"]
        assert (metrics["accuracy"]["value"], metrics["recall"]["value"]) == (0.75, 0.5)
        bounds = json.loads(world.get(world.uri("baseline/constraints.json")))["binary_classification_constraints"]
        assert bounds["recall"] == {"threshold": 0.5, "comparison_operator": "LessThanThreshold"}

    def test_clarify_leaves_its_analysis(self, world: World) -> None:
        world.put("base/data.csv", "label,age,income\n1,3,4\n")
        config = {
            "label": "label",
            "headers": ["label", "age", "income"],
            "methods": {"shap": {"num_samples": 5}},
            "predictor": {"model_name": "model", "instance_type": "ml.m5.large", "initial_instance_count": 1},
        }
        world.put("base/analysis_config.json", json.dumps(config))
        request = processing(world, CLARIFY)
        inputs = request["ProcessingInputs"]
        source = {**inputs[0]["S3Input"], "S3Uri": world.uri("base/analysis_config.json")}
        inputs.append({"InputName": "analysis_config", "S3Input": source})
        world.sm.create_processing_job(**request)

        assert processed(world)["ProcessingJobStatus"] == "Completed"
        analysis = json.loads(world.get(world.uri("baseline/analysis.json")))
        assert list(analysis["explanations"]["kernel_shap"]["label0"]["global_shap_values"]) == ["age", "income"]

    def test_input_that_is_not_there_fails_the_job(self, world: World) -> None:
        world.sm.create_processing_job(**processing(world, MONITOR))

        job = processed(world)

        assert job["ProcessingJobStatus"] == "Failed"
        assert job["FailureReason"].startswith("ClientError: Failed to download data. No S3 objects found")

    def test_a_baseline_can_fail_on_purpose(self, world: World, sandbox: control.Running) -> None:
        world.put("base/data.csv", "a\n1\n")
        fault(sandbox, "sagemaker.processing_job", "broken", reason="AlgorithmError: Error: no memory")
        world.sm.create_processing_job(**processing(world, MONITOR, ProcessingJobName="broken"))

        assert processed(world, "broken")["FailureReason"] == "AlgorithmError: Error: no memory"


def tuning(world: World, **more: Any) -> dict[str, Any]:
    definition = training(world)
    static = definition.pop("HyperParameters")
    del definition["TrainingJobName"]
    ranges = {
        "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "2", "MaxValue": "8"}],
        "ContinuousParameterRanges": [
            {"Name": "eta", "MinValue": "0.01", "MaxValue": "0.5", "ScalingType": "Logarithmic"}
        ],
    }
    validation = {**definition["InputDataConfig"][0], "ChannelName": "validation"}
    return {
        "HyperParameterTuningJobName": "tuner",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:auc"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": ranges,
            **more,
        },
        "TrainingJobDefinition": {
            **definition,
            "StaticHyperParameters": static,
            "InputDataConfig": [*definition["InputDataConfig"], validation],
        },
    }


def tuned(world: World, name: str = "tuner") -> dict[str, Any]:
    return ended(
        lambda: world.sm.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
        "HyperParameterTuningJobStatus",
    )


class TestTuning:
    def test_it_runs_its_children_and_finds_the_best(self, world: World) -> None:
        world.sm.create_hyper_parameter_tuning_job(**tuning(world))

        job = tuned(world)

        assert job["HyperParameterTuningJobStatus"] == "Completed"
        assert job["TrainingJobStatusCounters"]["Completed"] == 4
        children = world.sm.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName="tuner")[
            "TrainingJobSummaries"
        ]
        values = {
            child["TrainingJobName"]: child["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
            for child in children
        }
        assert len(values) == 4
        best = job["BestTrainingJob"]
        assert values[best["TrainingJobName"]] == max(values.values())
        assert 2 <= int(best["TunedHyperParameters"]["max_depth"]) <= 8
        child = world.sm.describe_training_job(TrainingJobName=best["TrainingJobName"])
        assert child["TuningJobArn"] == job["HyperParameterTuningJobArn"]
        assert child["HyperParameters"]["_tuning_objective_metric"] == "validation:auc"
        assert world.get(child["ModelArtifacts"]["S3ModelArtifacts"])

    def test_it_fails_when_no_child_succeeds(self, world: World, sandbox: control.Running) -> None:
        sandbox.request(
            "faults",
            {
                "kind": "sagemaker.training_job",
                "match": {"name": "bad-*"},
                "error": {"reason": "no luck"},
                "times": 4,
            },
        )
        world.sm.create_hyper_parameter_tuning_job(**{**tuning(world), "HyperParameterTuningJobName": "bad"})

        job = tuned(world, "bad")

        assert job["HyperParameterTuningJobStatus"] == "Failed"
        assert "no luck" in job["FailureReason"]

    @pytest.mark.parametrize(
        ("objective", "text"),
        [
            ({"Type": "Maximize", "MetricName": "validation:nonsense"}, "isn't valid for the [xgboost] algorithm"),
            ({"Type": "Minimize", "MetricName": "validation:auc"}, "The objective metric type, [Minimize]"),
        ],
    )
    def test_an_objective_that_xgboost_does_not_have_is_refused(self, world: World, objective: Any, text: str) -> None:
        request = tuning(world, HyperParameterTuningJobObjective=objective)

        code, message = code_and_message(world.sm.create_hyper_parameter_tuning_job, **request)

        assert (code, text in message) == ("ValidationException", True)

    def test_a_parameter_is_static_or_tuned(self, world: World) -> None:
        request = tuning(world)
        request["TrainingJobDefinition"]["StaticHyperParameters"]["eta"] = "0.1"

        _, message = code_and_message(world.sm.create_hyper_parameter_tuning_job, **request)

        assert "[eta] are specified both as static and as tunable" in message

    def test_a_name_of_33_characters_is_too_long(self, world: World) -> None:
        request = {**tuning(world), "HyperParameterTuningJobName": "x" * 33}

        _, message = code_and_message(world.sm.create_hyper_parameter_tuning_job, **request)

        assert "Member must have length less than or equal to 32" in message


def automl(world: World, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": world.uri("auto/")}
    return {
        "AutoMLJobName": "auto",
        "InputDataConfig": [{"DataSource": {"S3DataSource": source}, "TargetAttributeName": "label"}],
        "OutputDataConfig": {"S3OutputPath": world.uri("auto-out")},
        "RoleArn": world.role,
        "AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": 3}},
        **more,
    }


def searched(world: World, name: str = "auto") -> dict[str, Any]:
    return ended(lambda: world.sm.describe_auto_ml_job(AutoMLJobName=name), "AutoMLJobStatus")


class TestAutoML:
    def test_the_best_candidate_has_its_artifacts(self, world: World) -> None:
        world.put("auto/train.csv", "label,a\n1,2\n")
        objective = {"ProblemType": "Regression", "AutoMLJobObjective": {"MetricName": "RMSE"}}
        world.sm.create_auto_ml_job(**automl(world, **objective))

        job = searched(world)

        assert job["AutoMLJobStatus"] == "Completed"
        candidates = world.sm.list_candidates_for_auto_ml_job(AutoMLJobName="auto")["Candidates"]
        values = [candidate["FinalAutoMLJobObjectiveMetric"]["Value"] for candidate in candidates]
        best = job["BestCandidate"]
        assert len(values) == 3
        assert best["FinalAutoMLJobObjectiveMetric"]["Value"] == min(values)
        for container in best["InferenceContainers"]:
            assert world.get(container["ModelDataUrl"])
        assert world.get(job["AutoMLJobArtifacts"]["DataExplorationNotebookLocation"])

    def test_definitions_only_makes_no_candidates(self, world: World) -> None:
        world.put("auto/train.csv", "label,a\n1,2\n")
        world.sm.create_auto_ml_job(**automl(world, GenerateCandidateDefinitionsOnly=True))

        job = searched(world)

        assert job["AutoMLJobSecondaryStatus"] == "CandidateDefinitionsGenerated"
        assert "BestCandidate" not in job

    def test_a_target_that_the_data_lacks_fails_the_job(self, world: World) -> None:
        world.put("auto/train.csv", "other,a\n1,2\n")
        world.sm.create_auto_ml_job(**automl(world))

        job = searched(world)

        assert job["AutoMLJobStatus"] == "Failed"
        assert "Target attribute 'label' is not found" in job["FailureReason"]

    def test_the_second_version_of_the_api_knows_the_same_jobs(self, world: World) -> None:
        world.put("auto/train.csv", "label,a\n1,2\n")
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": world.uri("auto/")}}
        world.sm.create_auto_ml_job_v2(
            AutoMLJobName="auto",
            AutoMLJobInputDataConfig=[{"ChannelType": "training", "DataSource": source}],
            OutputDataConfig={"S3OutputPath": world.uri("auto-out")},
            AutoMLProblemTypeConfig={"TabularJobConfig": {"TargetAttributeName": "label"}},
            RoleArn=world.role,
        )

        job = ended(lambda: world.sm.describe_auto_ml_job_v2(AutoMLJobName="auto"), "AutoMLJobStatus")

        assert (job["AutoMLJobStatus"], job["AutoMLProblemTypeConfigName"]) == ("Completed", "Tabular")
