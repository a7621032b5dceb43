"""Model cards: the six operations, what they look up, and that the content fits SageMaker's schema."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_src.orchestrator.card_content import merged
from lambda_src.orchestrator.card_metrics import metric_groups
from sandbox.cloudcontrol.schemas import violations
from sandbox.sagemaker.model_cards import content_schema
from tests.fakes_aws import aws_error

from .conftest import Orchestrator

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
MODEL = "arn:aws:sagemaker:eu-central-1:111111111111:model/churn"
IMAGE = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/xgboost:1.7-1"
ARTIFACT = "s3://acme-ml-assets-111111111111-eu-central-1/churn/model.tar.gz"
JOB = {
    "TrainingJobArn": "arn:aws:sagemaker:eu-central-1:111111111111:training-job/churn-1",
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://assets/train"}},
        }
    ],
    "FinalMetricDataList": [{"MetricName": "validation:auc", "Value": 0.91, "Timestamp": WHEN}],
    "HyperParameters": {"max_depth": "5"},
}
CARD = {
    "pipeline_type": "create_model_card",
    "name": "churn",
    "status": "PendingReview",
    "model_overview": {
        "model_description": "Predicts churn.",
        "model_version": 2,
        "model_artifact": [ARTIFACT],
        "inference_environment": [IMAGE],
    },
    "intended_uses": {"purpose_of_model": "Retention."},
    "training_details": {
        "objective_function": {"function": "Maximize", "facet": "AUC", "condition": "on validation", "notes": "n"},
        "training_observations": "stable",
        "training_job_details": {
            "training_environment": [IMAGE],
            "user_provided_training_metrics": [{"name": "auc", "value": 0.9}],
        },
    },
    "evaluation_details": [
        {
            "name": "holdout",
            "metadata": {"seed": "1"},
            "metric_groups": [
                {"name": "g", "metric_data": [{"name": "auc", "type": "number", "value": 0.9}]},
            ],
        }
    ],
    "additional_information": {"ethical_considerations": "none", "custom_details": {"team": "growth"}},
}
EXPORT_JOB = "arn:aws:sagemaker:eu-central-1:111111111111:model-card/churn/export-job/churn-1"


def described(content: dict[str, Any] | None = None, status: str = "Draft", version: int = 1) -> dict[str, Any]:
    """Return an answer of DescribeModelCard."""
    return {
        "ModelCardName": "churn",
        "ModelCardArn": "arn:aws:sagemaker:eu-central-1:111111111111:model-card/churn",
        "ModelCardVersion": version,
        "ModelCardStatus": status,
        "Content": json.dumps(content or {}),
        "LastModifiedTime": WHEN,
        "ResponseMetadata": {"HTTPStatusCode": 200},
    }


def prepare(orchestrator: Orchestrator, **answers: Any) -> None:
    """Let SageMaker keep cards, and answer as told."""
    defaults = {"create_model_card": {}, "update_model_card": {}, "describe_model_card": described()}
    orchestrator.world.answers("sagemaker", **{**defaults, **answers})


def post(orchestrator: Orchestrator, body: dict[str, Any], **changes: Any) -> tuple[int, Any]:
    """Send an operation."""
    return orchestrator.post("/provisionpipeline", {**body, **changes})


def content_of(orchestrator: Orchestrator, method: str = "create_model_card") -> dict[str, Any]:
    """Return the content that was sent, after holding it against SageMaker's schema."""
    call = next(call for call in orchestrator.world.client("sagemaker").called(method) if "Content" in call)
    content: dict[str, Any] = json.loads(call["Content"])
    assert violations(content_schema("eu-central-1"), content) == []
    return content


def test_card_is_created_and_described(orchestrator: Orchestrator) -> None:
    prepare(orchestrator)
    status, body = post(orchestrator, CARD)
    assert status == 200
    assert body["message"]["ModelCardName"] == "churn"
    assert body["message"]["LastModifiedTime"] == "2026-03-01T12:30:00+00:00"
    assert "ResponseMetadata" not in body["message"]
    (call,) = orchestrator.world.client("sagemaker").called("create_model_card")
    assert (call["ModelCardName"], call["ModelCardStatus"]) == ("churn", "PendingReview")
    assert content_of(orchestrator) == {
        "model_overview": {
            "model_description": "Predicts churn.",
            "model_version": 2,
            "model_artifact": [ARTIFACT],
            "inference_environment": {"container_image": [IMAGE]},
        },
        "intended_uses": {"purpose_of_model": "Retention.", "risk_rating": "Unknown"},
        "training_details": {
            "objective_function": {
                "function": {"function": "Maximize", "facet": "AUC", "condition": "on validation"},
                "notes": "n",
            },
            "training_observations": "stable",
            "training_job_details": {
                "training_environment": {"container_image": [IMAGE]},
                "user_provided_training_metrics": [{"name": "auc", "value": 0.9}],
            },
        },
        "evaluation_details": CARD["evaluation_details"],
        "additional_information": CARD["additional_information"],
    }


def test_every_problem_of_a_card_is_told_and_nothing_is_kept(orchestrator: Orchestrator) -> None:
    prepare(orchestrator)
    status, body = post(orchestrator, CARD, name=None, status="Good", bogus=1)
    assert status == 400
    assert {"name", "status", "bogus"} <= {problem["key"] for problem in body["problems"]}
    assert orchestrator.world.calls == []


def test_model_is_looked_up_and_given_members_stay(orchestrator: Orchestrator) -> None:
    model = {"ModelArn": MODEL, "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": ARTIFACT}}
    prepare(orchestrator, describe_model=model, search={"Results": []})
    assert post(orchestrator, CARD, model_overview={"model_name": "churn", "model_owner": "Jo"})[0] == 200
    assert content_of(orchestrator)["model_overview"] == {
        "model_name": "churn",
        "model_owner": "Jo",
        "model_id": MODEL,
        "model_artifact": [ARTIFACT],
        "inference_environment": {"container_image": [IMAGE]},
    }


def test_model_that_has_another_card_is_refused(orchestrator: Orchestrator) -> None:
    found = {"Results": [{"ModelCard": {"ModelCardName": "older"}}, {"ModelCard": {"ModelCardName": "churn"}}]}
    prepare(orchestrator, describe_model={"ModelArn": MODEL}, search=found)
    status, body = post(orchestrator, CARD, model_overview={"model_name": "churn"})
    assert status == 400
    assert body["problems"][0]["code"] == "model-has-card"
    assert body["problems"][0]["message"].endswith(": older")


def test_everything_that_is_missing_is_told_at_once(orchestrator: Orchestrator) -> None:
    prepare(
        orchestrator,
        describe_model=aws_error("ValidationException", 'Could not find model "arn"'),
        describe_training_job=aws_error("ValidationException", "Requested resource not found."),
    )
    orchestrator.world.answers("s3", get_object=aws_error("NoSuchKey", status=404))
    status, body = post(
        orchestrator,
        CARD,
        model_overview={"model_name": "gone"},
        training_details={"training_job_name": "gone"},
        evaluation_details=[
            {"name": "e", "metric_file_s3_url": "s3://bucket/metrics.json", "metric_type": "regression"}
        ],
    )
    assert status == 400
    assert {(problem["key"], problem["code"]) for problem in body["problems"]} == {
        ("model_overview.model_name", "missing-model"),
        ("training_details.training_job_name", "missing-training-job"),
        ("evaluation_details[0].metric_file_s3_url", "missing-object"),
    }
    assert "sagemaker.create_model_card" not in orchestrator.world.calls


def test_training_job_is_looked_up_and_given_members_stay(orchestrator: Orchestrator) -> None:
    prepare(orchestrator, describe_training_job=JOB)
    given = {"training_job_name": "churn-1", "training_observations": "stable"}
    assert post(orchestrator, CARD, training_details=given)[0] == 200
    assert content_of(orchestrator)["training_details"] == {
        "training_observations": "stable",
        "training_job_details": {
            "training_arn": JOB["TrainingJobArn"],
            "training_datasets": ["s3://assets/train"],
            "training_environment": {"container_image": [IMAGE]},
            "training_metrics": [{"name": "validation:auc", "value": 0.91}],
            "hyper_parameters": [{"name": "max_depth", "value": "5"}],
        },
    }


def test_training_of_a_model_is_found_by_its_artifact(orchestrator: Orchestrator) -> None:
    model = {"ModelArn": MODEL, "PrimaryContainer": {"ModelDataUrl": ARTIFACT}}
    prepare(orchestrator, describe_model=model, search={"Results": [{"TrainingJob": JOB}]})
    assert post(orchestrator, CARD, training_details={"model_name": "churn"})[0] == 200
    assert content_of(orchestrator)["training_details"]["training_job_details"]["training_arn"] == JOB["TrainingJobArn"]
    (search,) = orchestrator.world.client("sagemaker").called("search")
    assert search["SearchExpression"]["Filters"][0]["Value"] == ARTIFACT


def test_training_that_is_not_found_is_noted(orchestrator: Orchestrator) -> None:
    model = {"ModelArn": MODEL, "PrimaryContainer": {"ModelDataUrl": ARTIFACT}}
    prepare(orchestrator, describe_model=model, search={"Results": []})
    status, body = post(orchestrator, CARD, training_details={"model_name": "churn"})
    assert status == 200
    assert "0 training jobs wrote" in body["notes"][0]


def test_update_keeps_what_it_does_not_name(orchestrator: Orchestrator) -> None:
    before = {
        "model_overview": {"model_owner": "Jo", "model_version": 1},
        "intended_uses": {"purpose_of_model": "Retention.", "risk_rating": "Low"},
        "evaluation_details": [{"name": "a", "evaluation_observation": "old"}, {"name": "b"}],
    }
    prepare(orchestrator, describe_model_card=described(before, "Approved"))
    changes = {
        "pipeline_type": "update_model_card",
        "name": "churn",
        "model_overview": {"model_version": 2},
        "evaluation_details": [{"name": "a", "datasets": ["s3://d"]}, {"name": "c"}],
    }
    assert post(orchestrator, changes)[0] == 200
    assert content_of(orchestrator, "update_model_card") == {
        "model_overview": {"model_owner": "Jo", "model_version": 2},
        "intended_uses": {"purpose_of_model": "Retention.", "risk_rating": "Low"},
        "evaluation_details": [
            {"name": "a", "evaluation_observation": "old", "datasets": ["s3://d"]},
            {"name": "b"},
            {"name": "c"},
        ],
    }
    (update,) = orchestrator.world.client("sagemaker").called("update_model_card")
    assert "ModelCardStatus" not in update


@pytest.mark.parametrize(
    ("before", "after", "order"),
    [
        ("Draft", "Approved", ["Content", "ModelCardStatus"]),
        ("Archived", "Draft", ["ModelCardStatus", "Content"]),
        ("Draft", "Draft", ["Content"]),
    ],
)
def test_content_and_status_are_updated_in_an_order_that_sagemaker_takes(
    orchestrator: Orchestrator, before: str, after: str, order: list[str]
) -> None:
    prepare(orchestrator, describe_model_card=described({}, before))
    body = {"pipeline_type": "update_model_card", "name": "churn", "status": after, "intended_uses": {}}
    assert post(orchestrator, body)[0] == 200
    calls = orchestrator.world.client("sagemaker").called("update_model_card")
    assert [next(key for key in call if key != "ModelCardName") for call in calls] == order


def test_update_may_start_from_an_older_version(orchestrator: Orchestrator) -> None:
    prepare(orchestrator, describe_model_card=described({"model_overview": {"model_owner": "Jo"}}))
    body = {"pipeline_type": "update_model_card", "name": "churn", "version": 1}
    assert post(orchestrator, body)[0] == 200
    first = orchestrator.world.client("sagemaker").called("describe_model_card")[0]
    assert first == {"ModelCardName": "churn", "ModelCardVersion": 1}
    assert content_of(orchestrator, "update_model_card") == {"model_overview": {"model_owner": "Jo"}}


def test_missing_card_has_awss_status(orchestrator: Orchestrator) -> None:
    prepare(orchestrator, describe_model_card=aws_error("ResourceNotFound", "no such card", status=404))
    status, body = post(orchestrator, {"pipeline_type": "describe_model_card", "name": "gone"})
    assert (status, body["message"]) == (404, "A boto3 ClientError occurred")


def test_card_is_deleted(orchestrator: Orchestrator) -> None:
    prepare(orchestrator, delete_model_card={})
    body = post(orchestrator, {"pipeline_type": "delete_model_card", "name": "churn"})[1]
    assert body == {"message": "model card churn was deleted"}


def test_every_page_of_cards_is_listed(orchestrator: Orchestrator) -> None:
    def entry(name: str) -> dict[str, Any]:
        return {
            "ModelCardName": name,
            "ModelCardArn": f"arn:{name}",
            "ModelCardStatus": "Draft",
            "CreationTime": WHEN,
        }

    pages = [{"ModelCardSummaries": [entry("a")], "NextToken": "t"}, {"ModelCardSummaries": [entry("b")]}]
    prepare(orchestrator, list_model_cards=pages)
    body = post(orchestrator, {"pipeline_type": "list_model_cards"})[1]
    assert [card["ModelCardName"] for card in body["message"]["ModelCardSummaries"]] == ["a", "b"]


EXPORT = {"pipeline_type": "export_model_card", "name": "churn"}
EXPORT_ARN = "arn:aws:sagemaker:eu-central-1:111111111111:model-card/churn/export-job/"
PLACE = "s3://acme-ml-assets-111111111111-eu-central-1/model_card_exports"


def exported(status: str, **more: Any) -> dict[str, Any]:
    """Return an answer of DescribeModelCardExportJob."""
    return {"Status": status, **more}


def test_card_is_exported_and_waited_for(orchestrator: Orchestrator) -> None:
    done = exported("Completed", ExportArtifacts={"S3ExportArtifacts": f"{PLACE}/x.pdf"})
    prepare(
        orchestrator,
        create_model_card_export_job={"ModelCardExportJobArn": EXPORT_JOB},
        describe_model_card_export_job=[exported("InProgress"), done],
    )
    body = post(orchestrator, EXPORT)[1]
    assert body["message"] == f"model card churn was exported to {PLACE}"
    assert body["artifact"] == f"{PLACE}/x.pdf"
    (call,) = orchestrator.world.client("sagemaker").called("create_model_card_export_job")
    assert call["OutputConfig"] == {"S3OutputPath": PLACE}
    assert call["ModelCardExportJobName"].startswith("churn-")


def test_export_of_a_card_that_did_not_change_is_the_same_export(orchestrator: Orchestrator) -> None:
    prepare(
        orchestrator,
        create_model_card_export_job=aws_error("ConflictException"),
        describe_model_card_export_job=exported("Completed"),
    )
    assert post(orchestrator, EXPORT)[0] == 200
    sagemaker = orchestrator.world.client("sagemaker")
    name = sagemaker.called("create_model_card_export_job")[0]["ModelCardExportJobName"]
    assert sagemaker.called("describe_model_card_export_job") == [{"ModelCardExportJobArn": f"{EXPORT_ARN}{name}"}]


def test_export_under_a_taken_name_is_refused(orchestrator: Orchestrator) -> None:
    prepare(orchestrator, create_model_card_export_job=aws_error("ConflictException", "exists", status=409))
    assert post(orchestrator, EXPORT, export_job_name="mine")[0] == 409


def test_failed_export_says_why(orchestrator: Orchestrator) -> None:
    prepare(
        orchestrator,
        create_model_card_export_job={"ModelCardExportJobArn": EXPORT_JOB},
        describe_model_card_export_job=exported("Failed", FailureReason="no access to the bucket"),
    )
    status, body = post(orchestrator, EXPORT)
    assert status == 500
    assert "no access to the bucket" in body["detailedMessage"]


BIAS = {
    "version": "1.0",
    "pre_training_bias_metrics": {
        "label": "churned",
        "label_value_or_threshold": "1",
        "facets": {
            "sex": [
                {
                    "value_or_threshold": "0",
                    "metrics": [
                        {"name": "CI", "description": "Class imbalance", "value": 0.2},
                        {"name": "KL", "description": "Divergence", "value": None},
                    ],
                }
            ]
        },
    },
}
EXPLANATIONS = {
    "explanations": {
        "kernel_shap": {
            "label0": {
                "global_shap_values": {"age": 0.1, "tenure": 0.3},
                "expected_value": 0.5,
                "global_top_shap_text": {"review": {"good": 0.2}},
            }
        },
        "pdp": [
            {
                "feature_name": "age",
                "data_type": "numerical",
                "feature_values": [20, 40],
                "data_distribution": [0.4, 0.6],
                "label_headers": ["churned"],
                "model_predictions": [[0.1, 0.2]],
            },
            {
                "feature_name": "plan",
                "data_type": "categorical",
                "feature_values": ["a", "b"],
                "data_distribution": [0.3, 0.7],
                "label_headers": ["churned"],
                "model_predictions": [[0.5, 0.6]],
            },
        ],
    }
}
QUALITY = {
    "mae": {"value": 0.3, "standard_deviation": 0.01},
    "r2": {"value": 0.8, "standard_deviation": "NaN"},
}
BINARY = {
    "confusion_matrix": {"0": {"0": 5, "1": 1}, "1": {"0": 2, "1": 4}},
    "auc": {"value": 0.9, "standard_deviation": 0.02},
    "receiver_operating_characteristic_curve": {"false_positive_rates": [0, 1], "true_positive_rates": [0, 1]},
    "precision_recall_curve": {"precisions": [1, 0.5], "recalls": [0, 1]},
}
OWN = {"metric_groups": [{"name": "g", "metric_data": [{"name": "auc", "type": "number", "value": 0.9}]}]}


@pytest.mark.parametrize(
    ("document", "metric_type", "names"),
    [
        (OWN, "model_card_metric_schema", ["auc"]),
        (BIAS, "clarify_bias", ["CI"]),
        (
            EXPLANATIONS,
            "clarify_explainability",
            [
                "age",
                "tenure",
                "good",
                "data_distribution - feature=age",
                "model_predictions - feature=age, label=churned",
                "data_distribution - feature=plan",
                "model_predictions - feature=plan, label=churned",
            ],
        ),
        ({"regression_metrics": QUALITY}, "regression", ["mae", "mae - standard_deviation", "r2"]),
        (
            {"binary_classification_metrics": BINARY},
            "binary_classification",
            [
                "confusion_matrix",
                "auc",
                "auc - standard_deviation",
                "receiver_operating_characteristic_curve",
                "precision_recall_curve",
            ],
        ),
        (
            {"multiclass_classification_metrics": {"accuracy": {"value": 0.7}}},
            "multiclass_classification",
            ["accuracy"],
        ),
    ],
)
def test_file_of_metrics_becomes_groups_that_fit_the_schema(
    orchestrator: Orchestrator, document: dict[str, Any], metric_type: str, names: list[str]
) -> None:
    prepare(orchestrator)
    orchestrator.world.answers("s3", get_object={"Body": io.BytesIO(json.dumps(document).encode())})
    entry = {"name": "e", "metric_file_s3_url": "s3://bucket/metrics.json", "metric_type": metric_type}
    assert post(orchestrator, CARD, evaluation_details=[entry])[0] == 200
    (evaluation,) = content_of(orchestrator)["evaluation_details"]
    found = [metric["name"] for group in evaluation["metric_groups"] for metric in group["metric_data"]]
    assert found == names
    assert set(evaluation) == {"name", "metric_groups"}


@pytest.mark.parametrize(
    ("content", "metric_type"),
    [
        ("{", "regression"),
        ("[]", "clarify_bias"),
        ("{}", "regression"),
        ('{"binary_classification_metrics": {}}', "multiclass_classification"),
        ('{"metric_groups": {}}', "model_card_metric_schema"),
        ('{"version": "1"}', "clarify_bias"),
        ('{"explanations": {}}', "clarify_explainability"),
        ('{"regression_metrics": {"mae": 1}}', "regression"),
    ],
)
def test_file_of_another_schema_is_a_problem_of_its_key(
    orchestrator: Orchestrator, content: str, metric_type: str
) -> None:
    prepare(orchestrator)
    orchestrator.world.answers("s3", get_object={"Body": io.BytesIO(content.encode())})
    entry = {"name": "e", "metric_file_s3_url": "s3://bucket/metrics.json", "metric_type": metric_type}
    status, body = post(orchestrator, CARD, evaluation_details=[entry])
    assert status == 400
    assert [(problem["key"], problem["code"]) for problem in body["problems"]] == [
        ("evaluation_details[0].metric_file_s3_url", "bad-metric-file")
    ]


def test_matrix_is_cut_to_what_a_card_draws() -> None:
    matrix = {str(row): {str(column): 1 for column in range(30)} for row in range(30)}
    (group,) = metric_groups(
        {"multiclass_classification_metrics": {"confusion_matrix": matrix}}, "multiclass_classification"
    )
    (metric,) = group["metric_data"]
    assert (len(metric["value"]), len(metric["value"][0]), len(metric["x_axis_name"])) == (20, 20, 20)


def test_merging_changes_nothing_that_was_given() -> None:
    before = {"a": {"b": 1}, "evaluation_details": [{"name": "x"}]}
    merged(before, {"a": {"c": 2}, "evaluation_details": [{"name": "x", "datasets": []}]})
    assert before == {"a": {"b": 1}, "evaluation_details": [{"name": "x"}]}
