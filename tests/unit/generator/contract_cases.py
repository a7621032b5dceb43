"""Configs that the contract's tests share: the AWS solution's own, and for each type one with every key of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from generator.blueprint import Registry
from generator.platform import Options, Platform, Stage, default_platform
from generator.request import StagePlan

AWS_SOLUTION: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "aws_solution.json").read_bytes())
REGISTRY = Registry()
PACKAGE = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn-group/3"
# Values for keys that an example of another mode leaves out.
SPARE = {
    "model_package_name": PACKAGE,
    "custom_image_uri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/algos:churn",
    "model_artifact_location": "churn/model.tar.gz",
    "monitor_inference_attribute": "0",
    "model_predicted_label_config": {"probability": 0},
    "baseline_probability_attribute": "probability",
}


def platform(
    *stages: str, registry: bool = False, region: str = "eu-west-1", shared_account: bool = False, **options: Any
) -> Platform:
    """Return a platform with real-looking accounts; by default dev, staging and prod in accounts of their own."""
    names = stages or ("dev", "staging", "prod")
    return Platform(
        name="acme-ml",
        region=region,
        orchestrator_account_id="111111111111",
        stages=tuple(
            Stage(name, "111111111111" if shared_account else f"{222222222222 + 111111111111 * index}"[-12:])
            for index, name in enumerate(names)
        ),
        options=Options(use_model_registry=registry, **options),
    )


def assumed(*, registry: bool = False) -> Platform:
    """Return the platform that a config alone is judged with, with the model registry on or off."""
    found = default_platform()
    return replace(found, options=replace(found.options, use_model_registry=registry))


def examples() -> Iterator[tuple[str, str, bool, dict[str, Any]]]:
    """Yield (type, example's name, whether the registry is on, config) for every example of the AWS solution."""
    for type_name, facts in AWS_SOLUTION["pipelines"].items():
        for name, config in facts["examples"].items():
            yield type_name, name, "registry_yes" in name, config


def required_only() -> Iterator[tuple[str, str, bool, dict[str, Any]]]:
    """Yield (type, mode, whether the registry is on, config with nothing but the keys that the mode requires)."""
    for type_name, facts in AWS_SOLUTION["pipelines"].items():
        known = {**SPARE}
        for config in facts["examples"].values():
            known.update(config)
        for mode, keys in facts["required"].items():
            config = {key: known[key] for key in keys}
            if "problem_type" in config:
                config["problem_type"] = mode
            yield type_name, mode, mode == "USE_MODEL_REGISTRY=Yes", config


def pinned(plan: StagePlan) -> StagePlan:
    """Return a stage's plan with the version of a model package group, which only a submit can know."""
    if any(reference.kind == "model_package_group" for reference in plan.references):
        model = {**plan.variables["model"], "model_package_arn": PACKAGE}
        return replace(plan, variables={**plan.variables, "model": model})
    return plan


_VPC = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
_KEY = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_REALTIME = {
    "pipeline_type": "byom_realtime_builtin",
    "model_name": "churn",
    "model_framework": "pytorch",
    "model_framework_version": "2.1",
    "model_artifact_location": "churn/model.tar.gz",
    "inference_instance": {"dev": "ml.m5.large", "staging": "ml.m5.large", "prod": "ml.m5.xlarge"},
    "data_capture_location": "s3://my-capture-bucket/churn/",
}
_TRAINING = {
    "model_name": "churn",
    "training_data": "train/data.csv",
    "validation_data": "validation/",
    "job_output_location": "training-output/",
    "model_framework": "xgboost",
    "model_framework_version": "1.7-1",
    "algo_hyperparameters": {"eta": 0.1, "verbose": True, "csv_weights": "0", "list": [1, "a"]},
    "job_name": "churn-nightly",
    "instance_type": "ml.m5.xlarge",
    "instance_count": "2",
    "instance_volume_size": "50",
    "encrypt_inner_traffic": "False",
    "max_runtime_per_job": "7200",
    "use_spot_instances": "True",
    "max_wait_time_spot_instances": "7200",
    "content_type": "text/csv",
    "s3_data_type": "AugmentedManifestFile",
    "attribute_names": '["source-ref", "label"]',
    "data_distribution": "ShardedByS3Key",
    "compression_type": "Gzip",
    "data_input_mode": "Pipe",
    "data_record_wrapping": "RecordIO",
    "kms_key_arn": _KEY,
    "channels": {"test": {"location": "test/", "content_type": "text/csv", "shuffle_seed": 3}},
    "schedule": {"expression": "cron(0 4 ? * MON *)", "timezone": "Europe/Berlin", "enabled": True},
    "register_model": {"model_package_group_name": "churn", "approval_status": "Approved", "description": "x"},
    "retry_attempts": 2,
    "environment": {"A": "b"},
    "network_isolation": True,
    "vpc": _VPC,
    "data_kms_key_arns": _KEY,
    "tags": {"team": "growth"},
    "pipeline_name": "churn-nightly-training",
}
_MONITOR = {
    "model_name": "churn",
    "endpoint_name": {"dev": "churn-dev", "staging": "churn-stg", "prod": "churn-prd"},
    "baseline_data": "baselines/churn.csv",
    "baseline_job_output_location": "my-bucket/baseline",
    "data_capture_location": "my-bucket/capture",
    "monitoring_output_location": "my-bucket/reports",
    "schedule_expression": {"dev": "NOW", "staging": "cron(0 12 ? * * *)", "prod": "cron(0 0/6 ? * * *)"},
    "monitor_max_runtime_seconds": 1800,
    "baseline_max_runtime_seconds": "3300",
    "instance_type": "ml.m5.large",
    "instance_volume_size": {"dev": 20, "staging": "30", "prod": 50},
    "kms_key_arn": _KEY,
    "instance_count": 2,
    "vpc": _VPC,
    "alarms": {
        "violations": False,
        "no_execution_hours": "26",
        "metrics": {"drift": {"metric_name": "feature_drift", "threshold": 0.1, "dimensions": {"Feature": "age"}}},
    },
    "analysis_start": "-PT2H",
    "analysis_end": "-PT1H",
    "baseline_revision": 2,
    "encrypt_inner_traffic": "False",
    "tags": {"team": "growth"},
}
_JUDGED = {
    "monitor_inference_attribute": 0,
    "monitor_probability_attribute": "probability",
    "probability_threshold_attribute": 0.7,
}
_GROUND_TRUTH = {
    "monitor_ground_truth_input": "s3://my-bucket/ground-truth",
    "start_time_offset": "-PT2H",
    "end_time_offset": "-PT1H",
}

RICH: dict[str, dict[str, Any]] = {
    "realtime, instances": {
        **_REALTIME,
        "endpoint_name": {"dev": "Churn-Dev", "staging": "churn-stg", "prod": "churn-prd"},
        "kms_key_arn": _KEY,
        "instance_count": {"dev": 1, "staging": 1, "prod": 3},
        "autoscaling": {"min_count": 1, "max_count": 4, "target": 1000, "scale_in_cooldown_seconds": 100},
        "rollout": {"strategy": "canary", "step_percent": 20, "latency_milliseconds": 500},
        "alarms": {"error_percent": 1, "no_request_minutes": 60},
        "data_capture": {"sampling_percentage": 20, "modes": ["Input"], "json_content_types": ["application/json"]},
        "inference_api": {"rate_limit": 10, "burst_limit": 20, "log_retention_days": 30},
        "volume_size_gb": 30,
        "model_download_timeout_seconds": 600,
        "startup_timeout_seconds": 600,
        "environment": {"LOG_LEVEL": "info"},
        "network_isolation": True,
        "vpc": _VPC,
        "tags": {"team": "growth"},
        "pipeline_name": "churn-europe",
        "model_python_version": "py310",
    },
    "realtime, serverless": {
        **{
            key: value for key, value in _REALTIME.items() if key not in ("inference_instance", "data_capture_location")
        },
        "serverless": {"memory_mb": 3072, "max_concurrency": 10, "provisioned_concurrency": 2},
        "inference_api": False,
    },
    "realtime, asynchronous": {
        **_REALTIME,
        "async_inference": {
            "input_location": "my-bucket/requests",
            "output_location": "my-bucket/answers",
            "failure_location": "s3://my-bucket/failures",
        },
        "autoscaling": {"min_count": 0, "max_count": 2},
    },
    "realtime, variants": {
        **_REALTIME,
        "variants": {
            "current": {"weight": 9, "autoscaling": {"max_count": 3}},
            "candidate": {
                "weight": "1",
                "model_artifact_location": "churn/next.tar.gz",
                "inference_instance": "ml.g4dn.xlarge",
                "instance_count": 2,
            },
        },
    },
    "realtime, shadow": {
        **_REALTIME,
        "shadow": {
            "inference_instance": "ml.m5.large",
            "sampling_percent": 50,
            "custom_image_uri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/algos:next",
        },
    },
    "realtime, approved versions": {
        **{key: value for key, value in _REALTIME.items() if not key.startswith("model_") or key == "model_name"},
        "model_package_group_name": "churn",
        "deploy_on_approval": "True",
    },
    "batch, approved versions": {
        "pipeline_type": "byom_batch_builtin",
        "model_name": "churn",
        "model_package_group_name": "churn",
        "deploy_on_approval": True,
        "inference_instance": "ml.m5.large",
        "batch_inference_data": "s3://my-data-bucket/batch/",
        "batch_job_output_location": "my-data-bucket/batch/out/",
    },
    "batch": {
        "pipeline_type": "byom_batch_custom",
        "model_name": "churn",
        "custom_image_uri": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/algos@sha256:" + "0" * 64,
        "model_artifact_location": "churn/model/",
        "inference_instance": "ml.m5.large",
        "batch_inference_data": "s3://my-data-bucket/batch/",
        "batch_job_output_location": "my-data-bucket/batch/out/",
        "job_name": "churn-nightly",
        "schedule": "rate(1 day)",
        "instance_count": 3,
        "content_type": "application/json",
        "accept": "application/json",
        "split_type": "Line",
        "assemble_with": "Line",
        "compression_type": "Gzip",
        "s3_data_type": "ManifestFile",
        "input_filter": "$[1:]",
        "output_filter": "$[0,-1]",
        "join_source": "Input",
        "strategy": "MultiRecord",
        "max_payload_mb": 6,
        "max_concurrent_transforms": 4,
        "request_timeout_seconds": 60,
        "request_retries": 1,
        "folder_per_run": True,
        "data_capture": {"location": "my-capture-bucket/batch", "generate_inference_id": True},
        "environment": {"A": "b"},
        "network_isolation": {"dev": False, "staging": True, "prod": True},
        "vpc": _VPC,
        "kms_key_arn": _KEY,
        "data_kms_key_arns": [_KEY],
        "tags": {"team": "growth"},
    },
    "image builder, git": {
        "pipeline_type": "byom_image_builder",
        "ecr_repo_name": "algos/forest",
        "image_tag": "forest_1.0",
        "git_source": {"host": "github", "url": "https://github.com/acme/algorithms.git", "ref": "v1"},
        "dockerfile": "docker/Dockerfile",
        "build_context": "docker",
        "build_target": "serve",
        "build_arguments": {"VERSION": 1},
        "architecture": "arm64",
        "build_machine": "large",
        "build_timeout_minutes": 90,
        "scan_max_findings": {"CRITICAL": 0, "HIGH": 2},
        "docker_hub_secret_arn": "arn:aws:secretsmanager:eu-west-1:111111111111:secret:hub-abc",
        "base_image_repository_arns": "arn:aws:ecr:eu-west-1:111111111111:repository/base",
        "schedule": "cron(0 4 ? * SUN *)",
        "vpc": {"vpc_id": "vpc-0123456789abcdef0", **_VPC},
        "tags": {"team": "growth"},
    },
    "training": {
        "pipeline_type": "model_training_builtin",
        **_TRAINING,
        "metric_definitions": [{"Name": "auc", "Regex": "auc=([0-9.]+)"}],
    },
    "tuner": {
        "pipeline_type": "model_tuner_builtin",
        **_TRAINING,
        "tuner_config": {
            "objective_metric_name": "validation:auc",
            "metric_definitions": {"validation:auc": "auc=([0-9.]+)"},
            "strategy": "Hyperband",
            "hyperband": {"min_resource": 1, "max_resource": 30},
            "objective_type": "Maximize",
            "max_jobs": "20",
            "max_parallel_jobs": 4,
            "max_runtime_in_seconds": 86400,
            "early_stopping_type": "Off",
            "random_seed": 7,
            "estimator_name": "churn",
            "tags": [{"Key": "search", "Value": "yes"}],
            "autotune": True,
            "hyperparameters_to_keep_static": ["csv_weights"],
            "target_value": 0.99,
            "max_jobs_unimproved": 5,
            "stop_on_convergence": True,
        },
        "hyperparameters_ranges": {
            "eta": ["continuous", ["0.1", 0.5, "Logarithmic"]],
            "max_depth": ["integer", [1, "15"]],
            "booster": ["categorical", ["gbtree", "dart", 1, True]],
        },
    },
    "autopilot": {
        "pipeline_type": "model_autopilot_training",
        "model_name": "churn",
        "training_data": "train/data.csv",
        "job_output_location": "autopilot-output",
        "target_attribute": "churned",
        "job_name": "churn-autopilot",
        "problem_type": "MulticlassClassification",
        "job_objective": "F1macro",
        "compression_type": "Gzip",
        "job_max_candidates": "20",
        "encrypt_inner_traffic": True,
        "max_runtime_per_job": 600,
        "total_max_runtime": "3600",
        "generate_definitions_only": "False",
        "kms_key_arn": _KEY,
        "validation_fraction": 0.2,
        "content_type": "text/csv;header=present",
        "sample_weight_attribute": "weight",
        "mode": "ENSEMBLING",
        "algorithms": ["xgboost", "catboost"],
        "schedule": "rate(30 days)",
        "register_model": {"model_package_group_name": "churn"},
        "vpc": _VPC,
        "tags": {"team": "growth"},
    },
    "data quality": {
        "pipeline_type": "byom_data_quality_monitor",
        **_MONITOR,
        "exclude_features_attribute": ["customer_id"],
        "network_isolation": "False",
        "record_preprocessor": "scripts/pre.py",
        "post_analytics_processor": "scripts/post.py",
    },
    "model quality": {
        "pipeline_type": "byom_model_quality_monitor",
        **_MONITOR,
        **_JUDGED,
        **_GROUND_TRUTH,
        "problem_type": "BinaryClassification",
        "baseline_inference_attribute": 0,
        "baseline_probability_attribute": "probability",
        "baseline_ground_truth_attribute": "label",
    },
    "bias": {
        "pipeline_type": "byom_model_bias_monitor",
        **_MONITOR,
        **_JUDGED,
        **_GROUND_TRUTH,
        "problem_type": "MulticlassClassification",
        "features_attribute": "features",
        "bias_config": '{"label_values_or_threshold": [1, "yes"], "facet_name": ["age", "sex"], '
        '"facet_values_or_threshold": [[40], ["f"]], "group_name": "region"}',
        "model_predicted_label_config": {"label": 0, "probability": 1, "label_headers": ["a", "b"]},
    },
    "explainability": {
        "pipeline_type": "byom_model_explainability_monitor",
        **_MONITOR,
        **_JUDGED,
        "problem_type": "Regression",
        "features_attribute": 0,
        "model_scores": 0,
        "shap_config": {
            "baseline": [[1, 2.5, "a", None]],
            "num_samples": "100",
            "agg_method": "mean_sq",
            "use_logit": "True",
            "save_local_shap_values": False,
            "seed": 3,
            "features_to_explain": ["age"],
        },
    },
}
