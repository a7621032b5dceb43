"""Model-card operations: what the AWS solution took is taken, and every mistake is told at once."""

from __future__ import annotations

from typing import Any

import pytest

from generator.model_cards import OPERATIONS, operation_record, validate_operation

from .contract_cases import AWS_SOLUTION

FULL: dict[str, Any] = {
    "pipeline_type": "create_model_card",
    "name": "churn",
    "status": "PendingReview",
    "version": 1,
    "created_by": "me",
    "last_modified_by": {"UserProfileName": "me"},
    "model_overview": {
        "model_id": "arn:aws:sagemaker:eu-west-1:111122223333:model/churn",
        "model_description": "Says who\nleaves.",
        "model_version": 2,
        "problem_type": "Binary",
        "algorithm_type": "xgboost",
        "model_creator": "a",
        "model_owner": "b",
        "model_artifact": ["s3://bucket/model.tar.gz"],
        "inference_environment": ["111122223333.dkr.ecr.eu-west-1.amazonaws.com/x:1"],
    },
    "intended_uses": {
        "purpose_of_model": "x",
        "intended_uses": "y",
        "factors_affecting_model_efficiency": "z",
        "risk_rating": "Low",
        "explanations_for_risk_rating": "w",
    },
    "training_details": {
        "objective_function": {"function": "Maximize", "facet": "AUC", "condition": "c", "notes": "n"},
        "training_observations": "o",
        "training_job_details": {
            "training_arn": "arn",
            "training_datasets": ["s3://bucket/train"],
            "training_environment": ["image"],
            "training_metrics": [{"name": "auc", "value": 0.9, "notes": "n"}],
            "user_provided_training_metrics": [{"name": "f1", "value": 1}],
        },
    },
    "evaluation_details": [
        {
            "name": "first",
            "evaluation_observation": "o",
            "evaluation_job_arn": "arn",
            "datasets": ["s3://bucket/test"],
            "metadata": {"key": "value"},
            "metric_groups": [
                {
                    "name": "group",
                    "metric_data": [
                        {"name": "a", "type": "number", "value": 1.5, "notes": "n"},
                        {"name": "b", "type": "string", "value": "x"},
                        {"name": "c", "type": "boolean", "value": False},
                        {"name": "d", "type": "matrix", "value": [[1, 2]], "x_axis_name": ["p", "q"]},
                        {"name": "e", "type": "bar_chart", "value": [1, 2], "x_axis_name": "x", "y_axis_name": "y"},
                    ],
                }
            ],
        },
        {"name": "second", "metric_file_s3_url": "s3://bucket/metrics.json", "metric_type": "clarify_bias"},
    ],
    "additional_information": {
        "ethical_considerations": "e",
        "caveats_and_recommendations": "c",
        "custom_details": {"a": "b"},
    },
}


def faults(config: dict[str, Any]) -> list[tuple[str, str]]:
    operation, problems = validate_operation(config)
    assert (operation is None) == bool(problems)
    return [(problem.key, problem.code) for problem in problems]


def test_a_card_with_every_member_is_accepted_and_loses_nothing() -> None:
    operation, problems = validate_operation(FULL)

    assert problems == []
    assert operation is not None
    assert operation.operation == "create_model_card"
    assert operation.config == {key: value for key, value in FULL.items() if key != "pipeline_type"}


def test_the_operations_and_their_members_are_those_of_the_aws_solution() -> None:
    assert set(OPERATIONS) == set(AWS_SOLUTION["model_cards"])
    for operation, members in AWS_SOLUTION["model_cards"].items():
        assert set(operation_record(operation).fields) == set(members)
        for name, fact in members.items():
            if "members" in fact:
                kind: Any = operation_record(operation).fields[name].kind
                record = getattr(kind, "item", kind)
                assert set(record.fields) == set(fact["members"]), name


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "list_model_cards"])
def test_all_but_listing_need_a_name(operation: str) -> None:
    assert faults({"pipeline_type": operation}) == [("name", "missing-key")]
    assert faults({"pipeline_type": operation, "name": "no name"}) == [("name", "bad-name")]
    assert faults({"pipeline_type": operation, "name": "churn"}) == []


def test_sections_that_are_null_are_absent() -> None:
    operation, _ = validate_operation({"pipeline_type": "update_model_card", "name": "churn", "intended_uses": None})

    assert operation is not None
    assert operation.config == {"name": "churn"}


@pytest.mark.parametrize(("version", "expected"), [(3, 3), ("3", 3)])
def test_the_version_of_an_export_may_be_text(version: Any, expected: int) -> None:
    operation, _ = validate_operation(
        {"pipeline_type": "Export_Model_Card ", "name": "churn", "model_card_version": version}
    )

    assert operation is not None
    assert operation.config["model_card_version"] == expected


def test_every_mistake_is_told_at_once() -> None:
    config = {
        "pipeline_type": "create_model_card",
        "name": "churn",
        "arn": "arn:aws:sagemaker:eu-west-1:111122223333:model-card/churn",
        "status": "Done",
        "model_overview": {"model_name": "m", "model_id": "i", "model_versoin": 1},
        "intended_uses": {"risk_rating": "Huge"},
        "training_details": {
            "objective_function": {"facet": "Speed"},
            "training_job_details": {"training_metrics": [{"name": "auc"}], "x": 1},
        },
        "evaluation_details": [
            {"metric_type": "regression"},
            {"name": "e", "metric_file_s3_url": "bucket", "metric_type": "regression"},
            {
                "name": "f",
                "metric_groups": [{"name": "g", "metric_data": [{"name": "a", "type": "number", "value": "1"}]}],
            },
        ],
        "additional_information": [],
    }

    assert sorted(faults(config)) == [
        ("additional_information", "wrong-type"),
        ("arn", "cannot-combine"),
        ("evaluation_details[0].name", "missing-key"),
        ("evaluation_details[1].metric_file_s3_url", "bad-s3-location"),
        ("evaluation_details[2].metric_groups[0].metric_data[0].value", "wrong-type"),
        ("intended_uses.risk_rating", "not-allowed"),
        ("model_overview.model_id", "cannot-combine"),
        ("model_overview.model_versoin", "unknown-key"),
        ("status", "not-allowed"),
        ("training_details.objective_function.facet", "not-allowed"),
        ("training_details.training_job_details.training_metrics[0].value", "missing-key"),
        ("training_details.training_job_details.x", "unknown-key"),
    ]


def test_a_metric_file_and_its_schema_go_together() -> None:
    base = {"pipeline_type": "create_model_card", "name": "churn"}

    assert faults({**base, "evaluation_details": [{"name": "e", "metric_type": "regression"}]}) == [
        ("evaluation_details[0].metric_file_s3_url", "needs-key")
    ]
    assert faults({**base, "evaluation_details": [{"name": "e", "metric_file_s3_url": "s3://bucket/x"}]}) == [
        ("evaluation_details[0].metric_type", "needs-key")
    ]


@pytest.mark.parametrize("given", [None, 3, "create", "byom_realtime_builtin"])
def test_other_types_are_no_operations(given: Any) -> None:
    assert faults({"pipeline_type": given}) == [("pipeline_type", "unknown-pipeline-type")]
