"""Configurations of the monitor's module: each kind with the least and the most. Name to (module, variables)."""

from __future__ import annotations

from typing import Any

from tests.terraform.job_cases import ACCOUNT, ALIAS, DATA_KEY, KEY, TOPIC, VPC

_least: dict[str, Any] = {
    "account_id": ACCOUNT,
    "name": "acme-ml-dev-churn",
    "endpoint_name": "churn",
    "data_capture_s3_uri": "s3://capture/churn",
    "output_s3_uri": "s3://monitor/reports",
    "baseline": {"dataset_s3_uri": "s3://assets/baselines/churn.csv", "output_s3_uri": "s3://monitor/baseline"},
    "instances": {"type": "ml.m5.large"},
    "schedule": {"expression": "cron(0 * ? * * *)"},
}
_most: dict[str, Any] = _least | {
    "name": "acme-ml-production-churn-model-monitors-0001",
    "kms_key_arn": KEY,
    "data_kms_key_arns": [DATA_KEY, ALIAS],
    "notifications": {"topic_arn": TOPIC, "kms_key_arn": KEY},
    "alarms": {
        "no_execution_hours": 6,
        "metrics": {"drift": {"metric_name": "feature_baseline_drift_x", "threshold": 1}},
    },
    "baseline": {**_least["baseline"], "max_runtime_seconds": 3300},
    "vpc": VPC,
    "tags": {"Team": "churn", "cost-centre": "4711"},
    "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
}
_binary = {
    "problem_type": "BinaryClassification",
    "inference_attribute": "1",
    "probability_attribute": "0",
    "probability_threshold": 0.5,
}
_columns = {
    "baseline_ground_truth_column": "label",
    "baseline_inference_column": "prediction",
    "baseline_probability_column": "probability",
}
_truth = {"s3_uri": "s3://truth/churn", "start_time_offset": "-PT2H", "end_time_offset": "-PT1H"}
_bias = {"label_values_json": "[1]", "facets": [{"name": "age", "values_json": "[40]"}], "group_name": "tenure"}
_once = {"schedule": {"expression": "NOW", "analysis_start": "-PT6H", "analysis_end": "-PT1H"}}
_scripts = {
    "record_preprocessor_s3_uri": "s3://assets/before.py",
    "post_analytics_processor_s3_uri": "s3://assets/after.py",
}

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    name: ("model_monitor", variables)
    for name, variables in {
        "data_least": _least | {"kind": "data_quality"},
        "data_most": _most
        | {
            "kind": "data_quality",
            "attributes": {"excluded_features": ["id"]},
            "scripts": _scripts,
            "network": {"isolation": True, "encrypt_inter_container_traffic": True},
            "max_runtime_seconds": 7200,
            "schedule": {"expression": "cron(0 6/12 ? * * *)", "analysis_start": "-PT13H", "analysis_end": "-PT1H"},
        },
        "data_once": _most | {"kind": "data_quality"} | _once,
        "quality_least": _least
        | {
            "kind": "model_quality",
            "ground_truth": {"s3_uri": "s3://truth/churn"},
            "attributes": {"problem_type": "Regression", "inference_attribute": "0", **_columns},
        },
        "quality_most": _most
        | {"kind": "model_quality", "ground_truth": _truth, "attributes": _binary | _columns, "scripts": _scripts},
        "bias_least": _least
        | {
            "kind": "model_bias",
            "ground_truth": {"s3_uri": "s3://truth/churn"},
            "attributes": {"problem_type": "Regression", "inference_attribute": "0"},
            "bias": {"label_values_json": "[0.5]", "facets": [{"name": "age"}]},
        },
        "bias_most": _most
        | {
            "kind": "model_bias",
            "ground_truth": _truth,
            "attributes": _binary | {"features_attribute": "features"},
            "bias": _bias,
            "prediction": {"probability": "0", "label_headers_json": '["yes"]', "variant_name": "Champion"},
        },
        "explain_least": _least | {"kind": "model_explainability", "explainability": {}},
        "explain_most": _most
        | {
            "kind": "model_explainability",
            "baseline": {**_most["baseline"], "headers": ["label", "age", "tenure"]},
            "attributes": _binary,
            "explainability": {"baseline_rows_json": "[[40, 1.5]]", "num_samples": 100, "agg_method": "mean_abs"},
            "prediction": {"label": "0"},
        }
        | _once,
    }.items()
}
