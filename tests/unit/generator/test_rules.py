"""Rules across keys: each with what it refuses and what it lets pass."""

from __future__ import annotations

from typing import Any

import pytest

from generator.codes import RULES
from generator.request import validate

from .contract_cases import PACKAGE, REGISTRY, RICH, platform, required_only

BASE = {
    config["pipeline_type"]: {
        key: value["dev"] if isinstance(value, dict) and "dev" in value else value for key, value in config.items()
    }
    for kind, mode, registry, config in required_only()
    if not registry
}
KEY = "arn:aws:kms:{}:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
HOME = KEY.format("eu-west-1", "111111111111")
DEV = KEY.format("eu-west-1", "222222222222")
STAGING = KEY.format("eu-west-1", "333333333333")
PROD = KEY.format("eu-west-1", "444444444444")
STRANGER = KEY.format("eu-west-1", "999999999999")
ABROAD = KEY.format("us-east-1", "111111111111")
TRAINING, TUNER, AUTOPILOT = "model_training_builtin", "model_tuner_builtin", "model_autopilot_training"
REALTIME, CUSTOM, BATCH = "byom_realtime_builtin", "byom_realtime_custom", "byom_batch_builtin"
DATA, QUALITY = "byom_data_quality_monitor", "byom_model_quality_monitor"
BIAS, EXPLAIN = "byom_model_bias_monitor", "byom_model_explainability_monitor"
HOURLY = {"schedule_expression": "cron(0 * ? * * *)"}
VPC = {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}
IMAGE = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/algos:churn"
NONE = object()
"""Takes a key away."""


def faults(kind: str, changes: dict[str, Any], where: Any = None) -> list[tuple[str, str]]:
    config = {key: value for key, value in {**BASE[kind], **changes}.items() if value is not NONE}
    request, problems = validate(config, where or platform(), REGISTRY)
    assert (request is None) == bool(problems)
    return [(problem.key, problem.code) for problem in problems]


def staged(dev: Any, staging: Any, prod: Any) -> dict[str, Any]:
    return {"dev": dev, "staging": staging, "prod": prod}


def tuner(**changes: Any) -> dict[str, Any]:
    return {"tuner_configs": {"objective_metric_name": "validation:auc", "max_jobs": 10, **changes}}


def ranges(**changes: Any) -> dict[str, Any]:
    return {"hyperparamaters_ranges": {"eta": ["continuous", [0.1, 0.5]], **changes}}


def bias(**changes: Any) -> dict[str, Any]:
    return {"bias_config": {"label_values_or_threshold": [1], "facet_name": "age", **changes}}


REFUSED: list[tuple[str, dict[str, Any], list[tuple[str, str]]]] = [
    # Regions and accounts of ARNs.
    (REALTIME, {"kms_key_arn": ABROAD}, [("kms_key_arn", "arn-region")]),
    (REALTIME, {"kms_key_arn": DEV}, [("kms_key_arn", "arn-account")]),
    (REALTIME, {"kms_key_arn": staged(DEV, STAGING, DEV)}, [("kms_key_arn.prod", "arn-account")]),
    (REALTIME, {"kms_key_arn": staged(DEV, STRANGER, PROD)}, [("kms_key_arn.staging", "arn-account")]),
    (
        REALTIME,
        {"kms_key_arn": staged(ABROAD, STAGING, STRANGER)},
        [("kms_key_arn.dev", "arn-region"), ("kms_key_arn.prod", "arn-account")],
    ),
    (REALTIME, {"kms_key_arn": KEY.format("cn-north-1", "111111111111")}, [("kms_key_arn", "bad-kms-key")]),
    (
        REALTIME,
        {"model_package_name": PACKAGE.replace("eu-west-1", "us-east-1")},
        [("model_package_name", "arn-region")],
    ),
    (
        CUSTOM,
        {"custom_image_uri": "111122223333.dkr.ecr.us-east-1.amazonaws.com/algos:churn"},
        [("custom_image_uri", "arn-region")],
    ),
    # Images.
    (REALTIME, {"model_framework": "xgbost"}, [("model_framework", "unknown-framework")]),
    (REALTIME, {"model_framework_version": "9.9"}, [("model_framework_version", "unknown-framework-version")]),
    (REALTIME, {"model_framework": "clarify"}, [("model_framework", "no-image")]),
    (REALTIME, {"model_framework": "ray-pytorch", "model_framework_version": "1.6.0"}, []),
    (
        TRAINING,
        {"model_framework": "huggingface-llm", "model_framework_version": "3.3.6"},
        [("model_framework", "no-image")],
    ),
    (
        REALTIME,
        {"model_framework": "huggingface-llm", "model_framework_version": "3.3.6"},
        [("inference_instance", "no-image")],
    ),
    (
        REALTIME,
        {
            "model_framework": "huggingface-llm",
            "model_framework_version": "3.3.6",
            "inference_instance": staged("ml.m5.large", "ml.g5.xlarge", "ml.g5.xlarge"),
        },
        [("inference_instance.dev", "no-image")],
    ),
    (
        REALTIME,
        {"model_framework": "pytorch", "model_framework_version": "2.1", "model_python_version": "py27"},
        [("model_python_version", "no-image")],
    ),
    (
        REALTIME,
        {"model_framework": "huggingface", "model_framework_version": "4.49.0", "model_base_framework": "jax1.0"},
        [("model_base_framework", "no-image")],
    ),
    (REALTIME, {"inference_instance": "ml.c6g.large"}, [("model_framework_version", "unknown-framework-version")]),
    # Instance types.
    (REALTIME, {"inference_instance": "ml.p3dn.24xlarge"}, [("inference_instance", "instance-not-for-job")]),
    (BATCH, {"inference_instance": "ml.t2.medium"}, [("inference_instance", "instance-not-for-job")]),
    (DATA, {"instance_type": "ml.t2.medium"}, [("instance_type", "instance-not-for-job")]),
    (TRAINING, {"instance_type": "ml.t2.medium"}, [("instance_type", "instance-not-for-job")]),
    (REALTIME, {"inference_instance": "m5.large"}, [("inference_instance", "unknown-instance-type")]),
    (REALTIME, {"inference_instance": "ml.m5.huge"}, [("inference_instance", "unknown-instance-type")]),
    # Storage and KMS.
    (
        REALTIME,
        {"inference_instance": "ml.g4dn.xlarge", "kms_key_arn": HOME},
        [("inference_instance", "kms-local-storage")],
    ),
    (
        REALTIME,
        {
            "inference_instance": staged("ml.m5.large", "ml.m5d.large", "ml.m5d.large"),
            "kms_key_arn": staged(DEV, "", PROD),
        },
        [("inference_instance.prod", "kms-local-storage")],
    ),
    (BATCH, {"inference_instance": "ml.g5.xlarge", "kms_key_arn": HOME}, [("inference_instance", "kms-local-storage")]),
    (TRAINING, {"instance_type": "ml.p4d.24xlarge", "kms_key_arn": HOME}, [("instance_type", "kms-local-storage")]),
    (DATA, {"instance_type": "ml.r5d.large", "kms_key_arn": HOME}, [("instance_type", "kms-local-storage")]),
    (
        REALTIME,
        {"kms_key_arn": HOME, "variants": {"a": {"inference_instance": "ml.g5.xlarge"}}},
        [("variants.a.inference_instance", "kms-local-storage")],
    ),
    (
        REALTIME,
        {"kms_key_arn": HOME, "shadow": {"inference_instance": "ml.g5.xlarge"}},
        [("shadow.inference_instance", "kms-local-storage")],
    ),
    (
        REALTIME,
        {"inference_instance": "ml.g5.xlarge", "volume_size_gb": 20},
        [("volume_size_gb", "volume-local-storage")],
    ),
    # Realtime options.
    (
        REALTIME,
        {"serverless": {}, "vpc": VPC, "autoscaling": {"max_count": 2}},
        [
            ("inference_instance", "cannot-combine"),
            ("autoscaling", "cannot-combine"),
            ("vpc", "cannot-combine"),
            ("data_capture_location", "cannot-combine"),
        ],
    ),
    (
        REALTIME,
        {
            "serverless": staged({"max_concurrency": 2, "provisioned_concurrency": 3}, None, None),
            "inference_instance": staged(None, "ml.m5.large", None),
            "data_capture_location": staged(None, "bucket-a", "bucket-b"),
        },
        [("serverless.dev.provisioned_concurrency", "min-above-max"), ("inference_instance.prod", "missing-stage")],
    ),
    (
        REALTIME,
        {
            "async_inference": {"input_location": "bucket-a/in", "output_location": "bucket-a/out"},
            "shadow": {"inference_instance": "ml.m5.large"},
        },
        [("shadow", "cannot-combine")],
    ),
    (REALTIME, {"autoscaling": {"min_count": 5, "max_count": 4}}, [("autoscaling.min_count", "min-above-max")]),
    (REALTIME, {"autoscaling": {"min_count": 0, "max_count": 4}}, [("autoscaling.min_count", "out-of-range")]),
    (
        REALTIME,
        {"variants": {"a": {"autoscaling": {"min_count": 3, "max_count": 2}}}},
        [("variants.a.autoscaling.min_count", "min-above-max")],
    ),
    (REALTIME, {"rollout": {"strategy": "linear", "step_percent": 5}}, [("rollout.step_percent", "out-of-range")]),
    (
        REALTIME,
        {"rollout": {"strategy": "rolling"}, "variants": {"a": {}, "b": {}}},
        [("rollout.strategy", "cannot-combine")],
    ),
    (REALTIME, {"variants": {"a": {"weight": 0}}}, [("variants", "no-weight")]),
    (
        REALTIME,
        {"variants": {"a": {}, "b": {}}, "shadow": {"inference_instance": "ml.m5.large"}, "instance_count": 2},
        [("shadow", "cannot-combine"), ("instance_count", "cannot-combine")],
    ),
    # Batch.
    (BATCH, {"strategy": "MultiRecord", "split_type": "None"}, [("strategy", "cannot-combine")]),
    (
        BATCH,
        {"max_payload_mb": 50, "max_concurrent_transforms": 3},
        [("max_concurrent_transforms", "out-of-range")],
    ),
    (BATCH, {"join_source": "Input", "accept": "application/json"}, [("join_source", "cannot-combine")]),
    (BATCH, {"input_filter": "1:"}, [("input_filter", "bad-json-path")]),
    # Training and tuning.
    (TRAINING, {"max_wait_time_spot_instances": "3600"}, [("max_wait_time_spot_instances", "spot-wait-too-short")]),
    (
        TRAINING,
        {"max_runtime_per_job": 7200, "max_wait_time_spot_instances": 7199},
        [("max_wait_time_spot_instances", "spot-wait-too-short")],
    ),
    (
        TRAINING,
        {"s3_data_type": "AugmentedManifestFile"},
        [("attribute_names", "needs-key"), ("data_input_mode", "cannot-combine")],
    ),
    (TRAINING, {"attribute_names": '["a"]'}, [("attribute_names", "cannot-combine")]),
    (TRAINING, {"attribute_names": "a, b"}, [("attribute_names", "wrong-type")]),
    (TRAINING, {"attribute_names": "[a]"}, [("attribute_names", "bad-json-text")]),
    (TRAINING, {"algo_hyperparamaters": {}}, [("algo_hyperparamaters", "too-few")]),
    (TRAINING, {"algo_hyperparamaters": {"a": None}}, [("algo_hyperparamaters.a", "wrong-type")]),
    (TRAINING, {"algo_hyperparamaters": {"a": "x" * 2501}}, [("algo_hyperparamaters.a", "too-long")]),
    (TRAINING, {"job_name": "j" * 64}, [("job_name", "too-long")]),
    (TRAINING, {"register_model": True}, [("register_model", "no-model-package-group")]),
    (REALTIME, {"deploy_on_approval": True}, [("deploy_on_approval", "needs-key")]),
    (
        REALTIME,
        {"model_package_group_name": "churn", "model_package_name": PACKAGE},
        [("model_package_group_name", "cannot-combine")],
    ),
    (
        REALTIME,
        {
            **dict.fromkeys(("model_framework", "model_framework_version", "model_artifact_location"), NONE),
            "model_package_group_name": "churn",
            "variants": {
                "whole": {"model_artifact_location": "a/model.tar.gz", "custom_image_uri": IMAGE},
                "package": {"model_package_name": PACKAGE},
                "same": {},
                "artifact": {"model_artifact_location": "a/model.tar.gz"},
                "image": {"custom_image_uri": IMAGE},
            },
        },
        [("variants.artifact", "needs-key"), ("variants.image", "needs-key")],
    ),
    (REALTIME, {"model_package_group_name": "a group"}, [("model_package_group_name", "bad-name")]),
    (TRAINING, {"schedule": "cron(0 4 * * MON *)"}, [("schedule", "bad-schedule")]),
    (TRAINING, {"schedule": "rate(1 days)"}, [("schedule", "bad-schedule")]),
    (TUNER, {"job_name": "j" * 33}, [("job_name", "too-long")]),
    (AUTOPILOT, {"job_name": "j" * 33}, [("job_name", "too-long")]),
    (TUNER, tuner(max_parallel_jobs=11), [("tuner_configs.max_parallel_jobs", "min-above-max")]),
    (TUNER, tuner(max_jobs=NONE), [("tuner_configs.max_jobs", "wrong-type")]),
    (TUNER, tuner(objective_type="Max"), [("tuner_configs.objective_type", "not-allowed")]),
    (
        TUNER,
        tuner(strategy="Hyperband", early_stopping_type="Auto"),
        [("tuner_configs.early_stopping_type", "cannot-combine")],
    ),
    (TUNER, tuner(hyperband={"min_resource": 1, "max_resource": 2}), [("tuner_configs.hyperband", "cannot-combine")]),
    (
        TUNER,
        tuner(strategy="Hyperband", hyperband={"min_resource": 3, "max_resource": 2}),
        [("tuner_configs.hyperband.min_resource", "min-above-max")],
    ),
    (TUNER, {"tuner_configs": {"max_jobs": 3}}, [("tuner_configs.objective_metric_name", "missing-key")]),
    (TUNER, tuner(strategy="Grid") | ranges(), [("hyperparamaters_ranges.eta", "cannot-combine")]),
    (TUNER, ranges(eta=["continuous", [0.5, 0.1]]), [("hyperparamaters_ranges.eta[1]", "min-above-max")]),
    (TUNER, ranges(eta=["continuous", [0.5, 0.5]]), [("hyperparamaters_ranges.eta[1]", "min-above-max")]),
    (TUNER, ranges(eta=["continous", [0.1, 0.5]]), [("hyperparamaters_ranges.eta[0]", "not-allowed")]),
    (TUNER, ranges(eta=["continuous", [0.1]]), [("hyperparamaters_ranges.eta[1]", "bad-range")]),
    (TUNER, ranges(eta=["continuous", "0.1"]), [("hyperparamaters_ranges.eta[1]", "wrong-type")]),
    (TUNER, ranges(eta=["continuous"]), [("hyperparamaters_ranges.eta", "bad-range")]),
    (
        TUNER,
        ranges(eta=[0.1, 0.5]),
        [("hyperparamaters_ranges.eta[0]", "wrong-type"), ("hyperparamaters_ranges.eta[1]", "wrong-type")],
    ),
    (TUNER, ranges(max_depth=["integer", [1.5, 3]]), [("hyperparamaters_ranges.max_depth[1][0]", "bad-range")]),
    (TUNER, ranges(eta=["continuous", [0, 1, "Logarithmic"]]), [("hyperparamaters_ranges.eta[1]", "bad-range")]),
    (TUNER, ranges(eta=["continuous", [0.1, 1, "Log"]]), [("hyperparamaters_ranges.eta[1][2]", "not-allowed")]),
    (TUNER, ranges(eta=["integer", [1, 2]]), [("hyperparamaters_ranges.eta", "wrong-range-kind")]),
    (TUNER, ranges(max_depth=["continuous", [1, 2]]), [("hyperparamaters_ranges.max_depth", "wrong-range-kind")]),
    (TUNER, ranges(booster=["categorical", []]), [("hyperparamaters_ranges.booster[1]", "too-few")]),
    # Autopilot.
    (AUTOPILOT, {"problem_type": "Regression"}, [("job_objective", "needs-key")]),
    (AUTOPILOT, {"job_objective": "MSE"}, [("problem_type", "needs-key")]),
    (
        AUTOPILOT,
        {"problem_type": "Regression", "job_objective": "AUC"},
        [("job_objective", "objective-does-not-fit")],
    ),
    (AUTOPILOT, {"max_runtime_per_job": 7200, "total_max_runtime": 3600}, [("max_runtime_per_job", "min-above-max")]),
    (
        AUTOPILOT,
        {"generate_definition_only": "True", "mode": "ENSEMBLING", "register_model": {"model_package_group_name": "x"}},
        [("register_model", "cannot-combine"), ("mode", "cannot-combine")],
    ),
    (AUTOPILOT, {"validation_data": "v", "validation_fraction": 0.2}, [("validation_fraction", "cannot-combine")]),
    # Monitors.
    (
        DATA,
        {"monitor_max_runtime_seconds": 3601, **HOURLY},
        [("monitor_max_runtime_seconds", "runtime-exceeds-schedule")],
    ),
    (QUALITY, {"monitor_max_runtime_seconds": 1801}, [("monitor_max_runtime_seconds", "runtime-exceeds-schedule")]),
    (EXPLAIN, {"monitor_max_runtime_seconds": "3601"}, [("monitor_max_runtime_seconds", "runtime-exceeds-schedule")]),
    (
        BIAS,
        {
            "schedule_expression": staged("cron(0 * ? * * *)", "cron(0 0/2 ? * * *)", "cron(0 3 ? * * *)"),
            "monitor_max_runtime_seconds": staged(1801, 7201, 86400),
        },
        [
            ("monitor_max_runtime_seconds.dev", "runtime-exceeds-schedule"),
            ("monitor_max_runtime_seconds.staging", "runtime-exceeds-schedule"),
        ],
    ),
    *(
        (DATA, {"schedule_expression": text}, [("schedule_expression", "bad-schedule")])
        for text in (
            "hourly",
            "0 * ? * * *",
            "rate(1 hour)",
            "cron(0 * ? * *)",
            "cron(30 * ? * * *)",
            "cron(0 25 ? * * *)",
            "cron(0 */6 ? * * *)",
            "cron(0 9 ? * MON-FRI *)",
            "cron(0 9 1 * ? *)",
            "cron(0 9-17 ? * * *)",
        )
    ),
    (
        QUALITY,
        {
            "problem_type": "BinaryClassification",
            "baseline_probability_attribute": "p",
            "monitor_inference_attribute": NONE,
            "monitor_probability_attribute": "0",
        },
        [("probability_threshold_attribute", "needs-key")],
    ),
    (QUALITY, {"probability_threshold_attribute": "1.5"}, [("probability_threshold_attribute", "out-of-range")]),
    (QUALITY, {"problem_type": "regression"}, [("problem_type", "not-allowed")]),
    (
        QUALITY,
        {"start_time_offset": "-PT1H", "end_time_offset": "-P1D"},
        [("start_time_offset", "min-above-max")],
    ),
    (QUALITY, {"start_time_offset": "1 hour"}, [("start_time_offset", "bad-offset")]),
    (BIAS, bias(facet_name=NONE), [("bias_config.facet_name", "wrong-type")]),
    (BIAS, {"bias_config": {"facet_name": "age"}}, [("bias_config.label_values_or_threshold", "missing-key")]),
    (BIAS, {"bias_config": "{"}, [("bias_config", "bad-json-text")]),
    (BIAS, bias(labels=[1]), [("bias_config.labels", "unknown-key")]),
    (
        BIAS,
        bias(facet_name=["age", "sex"], facet_values_or_threshold=[[40]]),
        [("bias_config.facet_values_or_threshold", "facets-do-not-fit")],
    ),
    (
        BIAS,
        bias(facet_values_or_threshold=[[40]]),
        [("bias_config.facet_values_or_threshold", "facets-do-not-fit")],
    ),
    (
        BIAS,
        {**bias(label_values_or_threshold=[1, 2]), "problem_type": "Regression", "monitor_inference_attribute": "0"},
        [("bias_config.label_values_or_threshold", "labels-do-not-fit")],
    ),
    (
        EXPLAIN,
        {"shap_config": {"baseline": "a.csv", "num_clusters": 2}},
        [("shap_config.num_clusters", "cannot-combine")],
    ),
    (EXPLAIN, {"shap_config": {"agg_method": "mean"}}, [("shap_config.agg_method", "not-allowed")]),
    (EXPLAIN, {"shap_config": {"baseline": []}}, [("shap_config.baseline", "too-few")]),
    # Image builder.
    (
        "byom_image_builder",
        {"git_source": {"host": "codecommit", "url": "https://x.example.com/r", "connection_arn": "arn:x"}},
        [("git_source.connection_arn", "bad-arn")],
    ),
    (
        "byom_image_builder",
        {"git_source": {"host": "github", "url": "https://github.com/acme/a.git"}},
        [("git_source", "cannot-combine")],
    ),
    ("byom_image_builder", {"ecr_repo_name": "Algos:1"}, [("ecr_repo_name", "bad-repository")]),
    ("byom_image_builder", {"image_tag": "a b"}, [("image_tag", "bad-image-tag")]),
    ("byom_image_builder", {"dockerfile": "../Dockerfile"}, [("dockerfile", "bad-format")]),
    # Locations and names.
    (REALTIME, {"data_capture_location": "s3://"}, [("data_capture_location", "bad-s3-location")]),
    (REALTIME, {"data_capture_location": "https://bucket/x"}, [("data_capture_location", "bad-s3-location")]),
    (REALTIME, {"data_capture_location": "bucket//x"}, [("data_capture_location", "bad-s3-location")]),
    (REALTIME, {"data_capture_location": "192.168.0.1/x"}, [("data_capture_location", "bad-s3-location")]),
    (REALTIME, {"data_capture_location": "bucket/a b"}, [("data_capture_location", "bad-s3-location")]),
    (REALTIME, {"model_artifact_location": "/churn/model.tar.gz"}, [("model_artifact_location", "bad-s3-key")]),
    (REALTIME, {"model_artifact_location": "churn/*.tar.gz"}, [("model_artifact_location", "bad-s3-key")]),
    (REALTIME, {"model_name": "churn v1"}, [("model_name", "bad-name")]),
    (REALTIME, {"model_name": "---"}, [("model_name", "bad-name")]),
    (REALTIME, {"endpoint_name": "e" * 64}, [("endpoint_name", "too-long")]),
    (REALTIME, {"pipeline_name": "Has Blanks"}, [("pipeline_name", "bad-name")]),
    (REALTIME, {"tags": {"aws:x": "y"}}, [("tags.aws:x", "bad-tag")]),
    (REALTIME, {"model_package_name": "churn/3"}, [("model_package_name", "bad-model-package")]),
    (CUSTOM, {"custom_image_uri": "docker.io/library/python:3"}, [("custom_image_uri", "bad-image-uri")]),
]


@pytest.mark.parametrize(("kind", "changes", "expected"), REFUSED, ids=range(len(REFUSED)))
def test_what_a_rule_refuses_is_told_at_its_key(
    kind: str, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    changes = {
        key: {name: member for name, member in value.items() if member is not NONE}
        if isinstance(value, dict)
        else value
        for key, value in changes.items()
    }
    if expected and expected[0] in (("tuner_configs.max_jobs", "wrong-type"), ("bias_config.facet_name", "wrong-type")):
        key, _, member = expected[0][0].partition(".")
        changes[key][member] = True if member == "max_jobs" else {}
    assert faults(kind, changes) == expected


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    (REALTIME, {"kms_key_arn": HOME}),
    (REALTIME, {"kms_key_arn": STRANGER}),
    (REALTIME, {"kms_key_arn": staged(DEV, STAGING, HOME)}),
    (REALTIME, {"inference_instance": "ml.g4dn.xlarge", "kms_key_arn": HOME, "accept_hardware_encryption": "True"}),
    (REALTIME, {"inference_instance": "ml.g4dn.xlarge"}),
    (REALTIME, {"model_framework": "kmeans", "model_framework_version": "latest"}),
    (REALTIME, {"model_framework": "pytorch", "model_framework_version": "2.1", "inference_instance": "ml.c7g.large"}),
    (REALTIME, {"data_capture_location": "s3://bucket-a/x/"}),
    (REALTIME, {"data_capture_location": "bucket-a"}),
    (REALTIME, {"model_name": "Churn--1-"}),
    (TRAINING, {"max_runtime_per_job": 200000}),
    (TRAINING, {"use_spot_instances": "False", "max_wait_time_spot_instances": "1"}),
    (TRAINING, {"model_name": "m" * 86}),
    (TUNER, {"model_name": "m" * 86}),
    (TUNER, tuner(strategy="Grid") | {"hyperparamaters_ranges": {"max_depth": ["categorical", [1, 2]]}}),
    (TUNER, tuner(max_jobs=1)),
    (AUTOPILOT, {"total_max_runtime": 3600}),
    (AUTOPILOT, {"problem_type": "Regression", "job_objective": "MSE"}),
    (DATA, {"monitor_max_runtime_seconds": 3600, **HOURLY}),
    (DATA, {"schedule_expression": "NOW", "monitor_max_runtime_seconds": 86400}),
    (DATA, {"schedule_expression": " cron( 0  0/12 * * ? * ) ", "monitor_max_runtime_seconds": 43200}),
    (DATA, {"endpoint_name": "e" * 63}),
    (BIAS, bias(label_values_or_threshold="yes", facet_values_or_threshold=40)),
    (BIAS, {"bias_config": '{"label_values_or_threshold": [1], "facet_name": "age"}'}),
    (BIAS, {"problem_type": "Regression", "monitor_inference_attribute": "0", "model_predicted_label_config": {}}),
    (EXPLAIN, {"model_scores": 0, "shap_config": {"baseline": [[1, 2]]}}),
    ("byom_image_builder", {"image_tag": 1.5}),
]


@pytest.mark.parametrize(("kind", "changes"), ACCEPTED, ids=range(len(ACCEPTED)))
def test_what_no_rule_refuses_is_accepted(kind: str, changes: dict[str, Any]) -> None:
    assert faults(kind, changes) == []


def test_a_key_of_a_shared_account_is_accepted() -> None:
    where = platform(shared_account_ids=("999999999999",))

    assert faults(REALTIME, {"kms_key_arn": staged(STRANGER, STRANGER, STRANGER)}, where) == []


def test_with_one_stage_a_strangers_key_is_refused() -> None:
    assert faults(REALTIME, {"kms_key_arn": STRANGER}, platform("prod")) == [("kms_key_arn", "arn-account")]


def test_stages_that_share_an_account_need_endpoint_names_of_their_own() -> None:
    shared = platform(shared_account=True)

    assert faults(REALTIME, {"endpoint_name": "churn"}, shared) == [("endpoint_name", "name-collision")]
    assert faults(REALTIME, {"endpoint_name": staged("a", "b", "A")}, shared) == [
        ("endpoint_name.prod", "name-collision")
    ]
    assert faults(REALTIME, {"endpoint_name": staged("a", "b", "c")}, shared) == []
    assert faults(REALTIME, {"endpoint_name": "churn"}, platform("prod")) == []
    assert faults(REALTIME, {"endpoint_name": "churn"}) == []
    assert faults(REALTIME, {}, shared) == []


def test_the_registry_of_the_platform_takes_models_that_name_no_group() -> None:
    assert faults(TRAINING, {"register_model": True}, platform(create_model_package_group=True)) == []


def test_images_are_looked_up_in_the_platforms_region() -> None:
    where = platform(region="ap-southeast-7")

    assert faults(REALTIME, {}, where) == [("model_framework", "no-image-in-region")]


def test_every_rule_is_refused_by_some_case() -> None:
    seen = {code for _, _, expected in REFUSED for _, code in expected}

    assert set(RULES) - seen == {"name-collision", "no-image-in-region"}


def test_the_rules_of_a_type_report_only_declared_codes() -> None:
    declared = {
        kind: {code for rule in REGISTRY.get(kind).rules for code in rule.codes}  # type: ignore[union-attr]
        for kind in BASE
    }
    for kind, _, expected in REFUSED:
        for _, code in expected:
            assert code not in RULES or code in declared[kind], (kind, code)


def test_rules_keep_quiet_about_keys_that_have_a_problem_of_their_own() -> None:
    changes = {"max_wait_time_spot_instances": "soon", "max_runtime_per_job": 1}

    assert faults(TRAINING, changes) == [
        ("max_runtime_per_job", "out-of-range"),
        ("max_wait_time_spot_instances", "wrong-type"),
    ] or faults(TRAINING, changes) == [
        ("max_wait_time_spot_instances", "wrong-type"),
        ("max_runtime_per_job", "out-of-range"),
    ]


def test_all_rich_configs_break_no_rule() -> None:
    for config in RICH.values():
        assert validate(config, platform(), REGISTRY)[1] == []
