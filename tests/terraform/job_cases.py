"""Configurations of the job modules: the least, the most, and the odd ones. Name to (module, variables)."""

from __future__ import annotations

from typing import Any

ACCOUNT = "111111111111"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DATA_KEY = "arn:aws:kms:eu-west-1:222222222222:key/aaaaabcd-12ab-34cd-56ef-1234567890ab"
ALIAS = "arn:aws:kms:eu-west-1:222222222222:alias/acme-ml"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:acme-ml-notifications"
FAR_TOPIC = "arn:aws:sns:eu-west-1:999999999999:acme-ml-notifications"
CONNECTION = f"arn:aws:codeconnections:eu-west-1:{ACCOUNT}:connection/12345678-1234-1234-1234-123456789012"
XGBOOST = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
OWN_IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/algos/forest@sha256:" + "0" * 64
VPC = {"subnet_ids": ["subnet-0aaaaaaa", "subnet-0bbbbbbb"], "security_group_ids": ["sg-0cccccccc"]}
LONG = "acme-ml-orchestrator-churn-training-builtin1"

_common = {
    "account_id": ACCOUNT,
    "kms_key_arn": KEY,
    "data_kms_key_arns": [DATA_KEY, ALIAS],
    "notifications": {"topic_arn": TOPIC, "kms_key_arn": KEY},
    "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    "schedule": {"expression": "cron(0 4 ? * MON *)", "timezone": "Europe/Berlin"},
    "tags": {"Team": "churn", "cost-centre": "4711"},
}
_registration = {
    "model_package_group_name": "Acme-registry",
    "description": "Churn, weekly.",
    "approval_status": "Approved",
    "content_types": ["text/csv", "application/json"],
}

TRAINING: dict[str, tuple[str, dict[str, Any]]] = {
    "training_least": (
        "training",
        {
            "account_id": ACCOUNT,
            "name": "a",
            "algorithm": {"image_uri": XGBOOST},
            "channels": {"train": {"s3_uri": "s3://acme-ml-assets/train/data.csv"}},
            "instances": {"type": "ml.m5.xlarge"},
            "output_s3_uri": "s3://acme-ml-assets/training-output",
        },
    ),
    "training_most": (
        "training",
        _common
        | {
            "name": LONG,
            "job_name": "Churn-" * 10 + "end",
            "algorithm": {
                "image_uri": OWN_IMAGE,
                "hyperparameters": {
                    "eval_metric": "auc",
                    "objective": "binary:logistic",
                    "num_round": "400",
                    "x": "${a}'{}",
                },
                "environment": {"LOG_LEVEL": "debug"},
                "input_mode": "FastFile",
                "metric_definitions": {"validation:auc": "auc=([0-9\\.]+)"},
                "network_isolation": True,
                "encrypt_between_instances": False,
            },
            "channels": {
                "train": {
                    "s3_uri": "s3://acme-data/train/manifest.json",
                    "s3_data_type": "AugmentedManifestFile",
                    "attribute_names": ["source-ref", "label"],
                    "input_mode": "Pipe",
                    "record_wrapper": "RecordIO",
                    "shuffle_seed": 7,
                    "distribution": "ShardedByS3Key",
                    "referenced_s3_uris": ["s3://acme-images/2024/"],
                },
                "validation": {
                    "s3_uri": "s3://acme-data/validation",
                    "content_type": "text/csv",
                    "compression": "Gzip",
                },
            },
            "instances": {
                "type": "ml.g5.2xlarge",
                "count": 2,
                "volume_size_gb": 100,
                "max_runtime_seconds": 7200,
                "retry_attempts": 2,
                "spot": {"max_wait_seconds": 10800},
            },
            "output_s3_uri": "s3://acme-data",
            "registration": _registration | {"image_uri": XGBOOST},
            "vpc": VPC,
        },
    ),
    "training_far_topic": (
        "training",
        {
            "account_id": ACCOUNT,
            "name": "far",
            "algorithm": {"image_uri": XGBOOST},
            "channels": {"train": {"s3_uri": "s3://acme-ml-assets/train", "s3_data_type": "ManifestFile"}},
            "instances": {"type": "ml.m5.xlarge"},
            "kms_key_arn": KEY,
            "output_s3_uri": "s3://acme-ml-assets/training-output/deep/er",
            "notifications": {"topic_arn": FAR_TOPIC, "kms_key_arn": DATA_KEY},
            "registration": {"model_package_group_name": "acme-ml-registry"},
        },
    ),
}

TUNING: dict[str, tuple[str, dict[str, Any]]] = {
    "tuning_least": (
        "tuning",
        {
            "account_id": ACCOUNT,
            "name": "churn",
            "algorithm": {"image_uri": XGBOOST},
            "channels": {"train": {"s3_uri": "s3://acme-ml-assets/train"}},
            "instances": {"type": "ml.m5.xlarge"},
            "output_s3_uri": "s3://acme-ml-assets/out",
            "ranges": {"continuous": {"eta": {"min": 0.1, "max": 0.5}}},
            "tuning": {"objective_metric": "validation:auc", "max_jobs": 2},
        },
    ),
    "tuning_most": (
        "tuning",
        _common
        | {
            "name": LONG,
            "job_name": "Churn-tuner-weekly-of-the-team",
            "algorithm": {
                "image_uri": OWN_IMAGE,
                "hyperparameters": {"eta": "0.3", "num_round": "400", "gamma": "2"},
                "metric_definitions": {"validation:auc": "auc=([0-9\\.]+)"},
            },
            "channels": {"train": {"s3_uri": "s3://acme-ml-assets/train"}},
            "instances": {
                "type": "ml.m5.xlarge",
                "max_runtime_seconds": 3600,
                "retry_attempts": 1,
                "spot": {"max_wait_seconds": 3600, "shared_checkpoint_s3_uri": "s3://acme-data/checkpoints"},
            },
            "output_s3_uri": "s3://acme-ml-assets/out",
            "ranges": {
                "continuous": {"eta": {"min": 0.00001, "max": 0.5, "scaling": "Logarithmic"}},
                "integer": {"max_depth": {"min": 1, "max": 15}},
                "categorical": {"booster": ["gbtree", "dart"]},
            },
            "tuning": {
                "objective_metric": "validation:auc",
                "objective_type": "Minimize",
                "max_jobs": 20,
                "max_parallel_jobs": 4,
                "max_runtime_seconds": 86400,
                "early_stopping": "Auto",
                "random_seed": 42,
                "definition_name": "xgboost",
                "target_value": 0.95,
                "max_jobs_unimproved": 5,
                "stop_on_convergence": True,
                "autotune": True,
                "auto_parameters": {"gamma": "2"},
            },
            "registration": _registration,
            "vpc": VPC,
        },
    ),
    "tuning_hyperband": (
        "tuning",
        {
            "account_id": ACCOUNT,
            "name": "band",
            "algorithm": {"image_uri": XGBOOST},
            "channels": {"train": {"s3_uri": "s3://acme-ml-assets/train"}},
            "instances": {"type": "ml.m5.xlarge"},
            "output_s3_uri": "s3://acme-ml-assets/out",
            "ranges": {"integer": {"depth": {"min": 1, "max": 3}}},
            "tuning": {
                "objective_metric": "validation:auc",
                "max_jobs": 9,
                "strategy": "Hyperband",
                "hyperband": {"min_resource": 1, "max_resource": 9},
            },
        },
    ),
    "tuning_grid": (
        "tuning",
        {
            "account_id": ACCOUNT,
            "name": "grid",
            "algorithm": {"image_uri": XGBOOST},
            "channels": {"train": {"s3_uri": "s3://acme-ml-assets/train"}},
            "instances": {"type": "ml.m5.xlarge"},
            "output_s3_uri": "s3://acme-ml-assets/out",
            "ranges": {"categorical": {"booster": ["gbtree", "dart"]}},
            "tuning": {"objective_metric": "validation:auc", "strategy": "Grid"},
        },
    ),
}

AUTOPILOT: dict[str, tuple[str, dict[str, Any]]] = {
    "autopilot_least": (
        "autopilot",
        {
            "account_id": ACCOUNT,
            "name": "churn",
            "data": {"s3_uri": "s3://acme-ml-assets/train/data.csv", "target_attribute": "churned"},
            "output_s3_uri": "s3://acme-ml-assets/autopilot",
        },
    ),
    "autopilot_most": (
        "autopilot",
        _common
        | {
            "name": LONG,
            "data": {
                "s3_uri": "s3://acme-ml-assets/train/manifest",
                "s3_data_type": "ManifestFile",
                "content_type": "text/csv;header=present",
                "compression": "Gzip",
                "target_attribute": "churned",
                "sample_weight_attribute": "weight",
                "validation_s3_uri": "s3://acme-ml-assets/validation",
            },
            "job": {
                "max_candidates": 20,
                "max_runtime_per_job_seconds": 3600,
                "max_total_runtime_seconds": 7200,
                "mode": "ENSEMBLING",
                "algorithms": ["xgboost", "lightgbm"],
                "encrypt_between_instances": False,
            },
            "problem": {"type": "BinaryClassification", "objective": "AUC"},
            "output_s3_uri": "s3://acme-ml-assets/autopilot",
            "registration": _registration,
            "vpc": VPC,
        },
    ),
    "autopilot_definitions": (
        "autopilot",
        {
            "account_id": ACCOUNT,
            "name": "definitions",
            "data": {
                "s3_uri": "s3://acme-ml-assets/train/data.csv",
                "target_attribute": "churned",
                "validation_fraction": 0.2,
            },
            "job": {"definitions_only": True},
            "output_s3_uri": "s3://acme-ml-assets/autopilot",
            "notifications": {"topic_arn": FAR_TOPIC},
        },
    ),
}

BATCH: dict[str, tuple[str, dict[str, Any]]] = {
    "batch_least": (
        "batch_transform",
        {
            "account_id": ACCOUNT,
            "name": "churn-dev",
            "model": {"image_uri": XGBOOST, "artifact_s3_uri": "s3://acme-ml-artifacts/objects/0abc/model.tar.gz"},
            "input": {"s3_uri": "s3://my-data-bucket/batch/in.csv"},
            "output": {"s3_uri": "s3://my-data-bucket/batch/out"},
            "instances": {"type": "ml.m5.large"},
        },
    ),
    "batch_most": (
        "batch_transform",
        _common
        | {
            "name": LONG,
            "job_name": "Churn-scores",
            "model": {
                "image_uri": OWN_IMAGE,
                "artifact_s3_uri": "s3://acme-ml-artifacts/objects/0abc/model/",
                "artifact_kms_key_arns": [DATA_KEY],
                "environment": {"LOG_LEVEL": "debug"},
                "network_isolation": True,
            },
            "input": {
                "s3_uri": "s3://far-away-bucket",
                "content_type": "application/jsonlines",
                "split_type": "Line",
                "compression": "Gzip",
                "filter": "$.features",
            },
            "output": {
                "s3_uri": "s3://far-away-bucket/scores",
                "folder_per_run": True,
                "accept": "application/jsonlines",
                "assemble_with": "Line",
                "filter": "$['id','SageMakerOutput']",
                "join_source": "Input",
            },
            "batching": {
                "strategy": "MultiRecord",
                "max_payload_mb": 10,
                "max_concurrent_transforms": 8,
                "environment": {"WORKERS": "2"},
                "request_timeout_seconds": 600,
                "request_retries": 3,
            },
            "instances": {"type": "ml.c5.xlarge", "count": 3},
            "data_capture": {"destination_s3_uri": "s3://acme-capture/batch/", "generate_inference_id": True},
            "vpc": VPC,
        },
    ),
    "batch_package": (
        "batch_transform",
        {
            "account_id": ACCOUNT,
            "name": "package",
            "model": {
                "model_package_arn": "arn:aws:sagemaker:eu-west-1:999999999999:model-package/churn/3",
                "package_image_uris": [XGBOOST],
                "package_artifact_s3_uris": ["s3://acme-ml-assets/training-output/x/output/model.tar.gz"],
            },
            "input": {
                "s3_uri": "s3://my-data-bucket/manifest",
                "s3_data_type": "ManifestFile",
                "split_type": "None",
                "content_type": "image/png",
            },
            "output": {"s3_uri": "s3://my-data-bucket/out", "assemble_with": "None", "accept": "application/json"},
            "instances": {"type": "ml.m5.large"},
            "notifications": {"topic_arn": FAR_TOPIC},
        },
    ),
}

IMAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "image_least": (
        "image_builder",
        {
            "account_id": ACCOUNT,
            "name": "acme-ml-orchestrator-forest1-image-builder",
            "repository_name": "algos",
            "image_tag": "forest1",
            "source_code": {"s3_uri": "s3://acme-ml-assets/images/forest.zip"},
        },
    ),
    "image_most": (
        "image_builder",
        {key: value for key, value in _common.items() if key != "kms_key_arn"}
        | {
            "name": LONG,
            "repository_name": "team/algos",
            "image_tag": "Forest_1.0",
            "source_code": {"s3_uri": "s3://acme-ml-artifacts/objects/0abc/forest.zip", "s3_version_id": "v1"},
            "base_image_repository_arns": ["arn:aws:ecr:eu-central-1:763104351884:repository/pytorch-inference"],
            "build": {
                "dockerfile": "docker/Dockerfile",
                "context": "docker",
                "target": "serving",
                "arguments": {"PYTHON_VERSION": "3.12", "PATH": "it's $HOME"},
                "architecture": "arm64",
                "machine": "large",
                "timeout_minutes": 30,
            },
            "docker_hub_secret_arn": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:docker-hub-AbCdEf",
            "scan": {"max_findings": {"CRITICAL": 0, "HIGH": 10}},
            "vpc": VPC | {"vpc_id": "vpc-0ddddddd"},
        },
    ),
    "image_git": (
        "image_builder",
        {
            "account_id": ACCOUNT,
            "name": "git",
            "repository_name": "algos",
            "image_tag": "forest",
            "source_code": {
                "git": {
                    "host": "github",
                    "url": "https://github.com/acme/forest.git",
                    "ref": "release/1",
                    "connection_arn": CONNECTION,
                }
            },
            "scan": {"max_findings": {}},
        },
    ),
    "image_codecommit": (
        "image_builder",
        {
            "account_id": ACCOUNT,
            "name": "codecommit",
            "repository_name": "algos",
            "image_tag": "forest",
            "source_code": {
                "git": {"host": "codecommit", "url": "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/forest"}
            },
        },
    ),
}

CASES = TRAINING | TUNING | AUTOPILOT | BATCH | IMAGES
