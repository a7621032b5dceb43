"""The monitor's state machines and job definitions, planned offline and held against AWS's own definitions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import regex  # type: ignore[import-untyped]

from sandbox.cloudcontrol.schemas import violations
from tests.terraform import asl
from tests.terraform.job_cases import ACCOUNT, ALIAS, DATA_KEY, KEY, TOPIC, VPC
from tests.terraform.planning import PIPELINES, Planned, plan

# One plan for all: they go to one worker.
pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("monitor_definitions")]

MODULE = PIPELINES / "model_monitor"
SHARED = ("execution.tf", "machine.tf", "notifications.tf", "outcome.tf")

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
TYPES = {
    "data": "DataQuality",
    "quality": "ModelQuality",
    "bias": "ModelBias",
    "explain": "ModelExplainability",
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Planned]:
    return plan(tmp_path_factory.mktemp("monitors"), CASES)


def documents_of(planned: Planned) -> dict[str, dict[str, Any]]:
    """What goes through Cloud Control, by type."""
    return {
        values["type_name"]: json.loads(values["desired_state"])
        for address, values in planned.resources.items()
        if address.startswith("aws_cloudcontrolapi_resource.")
    }


@pytest.mark.parametrize("case", CASES)
def test_definition_is_valid_and_every_request_fits_its_api(planned: dict[str, Planned], case: str) -> None:
    assert asl.problems(planned[case].definition) == []


def test_counting_machine_is_valid(planned: dict[str, Planned]) -> None:
    values = planned["quality_most"].resources["aws_sfn_state_machine.results[0]"]

    assert asl.problems(json.loads(values["definition"])) == []


def test_a_fault_in_a_request_is_found(planned: dict[str, Planned]) -> None:
    definition = json.loads(json.dumps(planned["quality_most"].definition))
    definition["States"]["MakeTheBaseline"]["Parameters"]["ProcessingResources"]["ClusterConfig"]["Volume"] = 1

    assert [problem for problem in asl.problems(definition) if "no such member" in problem]


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("data_least", "data_once")])
def test_job_definition_fits_the_published_schema_and_the_api(planned: dict[str, Planned], case: str) -> None:
    type_name = f"AWS::SageMaker::{TYPES[case.split('_')[0]]}JobDefinition"
    document = documents_of(planned[case])[type_name]

    schema = json.loads((MODULE / "schemas" / f"{type_name.rsplit('::', 1)[-1]}.json").read_text())
    assert schema["typeName"] == type_name
    assert violations(schema, document) == []
    model = botocore.session.get_session().get_service_model("sagemaker")
    operation = model.operation_model(f"Create{type_name.rsplit('::', 1)[-1]}")
    assert problems_of(document, operation.input_shape) == []


def test_schedule_with_a_window_fits_the_published_schema_and_the_api(planned: dict[str, Planned]) -> None:
    document = documents_of(planned["data_most"])["AWS::SageMaker::MonitoringSchedule"]

    schema = json.loads((MODULE / "schemas" / "MonitoringSchedule.json").read_text())
    assert violations(schema, document) == []
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert problems_of(document, model.operation_model("CreateMonitoringSchedule").input_shape) == []


def problems_of(value: Any, shape: Any, place: str = "") -> list[str]:
    """What of a value does not fit a botocore shape: unknown and missing members, patterns, enumerations, lengths."""
    if shape.type_name == "structure":
        found = [f"{place}.{name} is unknown" for name in value if name not in shape.members]
        found += [f"{place}.{name} is missing" for name in shape.required_members if name not in value]
        for name in set(value) & set(shape.members):
            found += problems_of(value[name], shape.members[name], f"{place}.{name}")
        return found
    if shape.type_name == "list":
        return [
            problem
            for index, item in enumerate(value)
            for problem in problems_of(item, shape.member, f"{place}[{index}]")
        ]
    if shape.type_name == "string":
        limits, pattern = shape.metadata, shape.metadata.get("pattern")
        fits = (
            isinstance(value, str)
            and limits.get("min", 0) <= len(value) <= limits.get("max", len(value))
            and (not limits.get("enum") or value in limits["enum"])
            and (not pattern or regex.fullmatch(pattern, value, flags=regex.DOTALL))
        )
        return [] if fits else [f"{place} does not take {value!r}"]
    if shape.type_name in ("integer", "double", "float"):
        fits = shape.metadata.get("min", value) <= value <= shape.metadata.get("max", value)
        return [] if fits else [f"{place} does not take {value!r}"]
    return []


def test_names_stay_within_sagemakers_63_characters(planned: dict[str, Planned]) -> None:
    for case in CASES:
        for address, values in planned[case].resources.items():
            if address.split(".")[0] in (
                "aws_sagemaker_monitoring_schedule",
                "aws_sagemaker_data_quality_job_definition",
            ):
                assert len(values["name"]) <= 63
        for document in documents_of(planned[case]).values():
            names = [document[key] for key in ("JobDefinitionName", "MonitoringScheduleName") if key in document]
            assert [len(name) <= 63 for name in names] == [True]


@pytest.mark.parametrize("file", SHARED)
def test_files_of_the_job_modules_are_the_same_here(file: str) -> None:
    assert (MODULE / file).read_bytes() == (PIPELINES / "training" / file).read_bytes()


def test_schemas_are_those_that_aws_publishes() -> None:
    import cfnlint

    folder = Path(cfnlint.__file__).parent / "data" / "schemas"
    published = json.loads((folder / "providers" / "us-east-1.json").read_text())
    for path in (MODULE / "schemas").glob("*.json"):
        found = json.loads((folder / "resources" / f"{published[f'AWS::SageMaker::{path.stem}']}.json").read_text())
        assert json.loads(path.read_text()) == found, f"{path.name} is not what cfn-lint ships"
