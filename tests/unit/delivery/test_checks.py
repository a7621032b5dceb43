"""Checks of what is live: what passes, what differs, what waits, what must be gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.delivery.checks import KINDS, check_gone, check_live, load_kinds
from generator.delivery.errors import DeliveryError
from generator.delivery.waiting import Site
from tests.fakes_aws import FakeAws, FakeClock, aws_error

MakeSite = Callable[..., Site]
IMAGE = "111111111111.dkr.ecr.eu-central-1.amazonaws.com/xgboost:1.7-1"
ENDPOINT = {
    "kind": "sagemaker_endpoint",
    "name": "churn",
    "endpoint_config_name": "churn-0a1b",
    "model_names": ["churn-9f"],
    "variants": {"AllTraffic": 2},
    "models": {"churn-9f": {"image_uri": IMAGE, "artifact_s3_uri": "s3://a/objects/1/model.tar.gz"}},
}


def live_endpoint(**changes: Any) -> dict[str, Any]:
    """Return SageMaker's answers for the endpoint as planned, with changes by method."""
    return {
        "describe_endpoint": {
            "EndpointStatus": "InService",
            "EndpointConfigName": "churn-0a1b",
            "ProductionVariants": [{"VariantName": "AllTraffic", "CurrentInstanceCount": 2}],
        },
        "describe_endpoint_config": {"ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "churn-9f"}]},
        "describe_model": {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://a/objects/1/model.tar.gz"}},
        **changes,
    }


def with_endpoint(**changes: Any) -> dict[str, Any]:
    """Return the endpoint's description with changes."""
    return {**live_endpoint()["describe_endpoint"], **changes}


def test_endpoint_as_planned_passes_and_is_described(site: MakeSite) -> None:
    seen, wrong = check_live([ENDPOINT], KINDS, site(sagemaker=live_endpoint()))
    assert wrong == []
    assert seen == [
        "endpoint churn is in service with churn-0a1b, models churn-9f, variants AllTraffic with 2 instances"
    ]


def test_endpoint_that_is_updating_is_waited_for(site: MakeSite) -> None:
    answers = [with_endpoint(EndpointStatus="Creating"), with_endpoint(EndpointStatus="Updating"), with_endpoint()]
    place = site(sagemaker=live_endpoint(describe_endpoint=answers))
    assert check_live([ENDPOINT], KINDS, place)[1] == []
    assert isinstance(place.clock, FakeClock)
    assert len(place.clock.sleeps) == 2


def test_endpoint_that_never_settles_is_given_up(site: MakeSite) -> None:
    place = site(sagemaker=live_endpoint(describe_endpoint=with_endpoint(EndpointStatus="Updating")))
    assert check_live([ENDPOINT], KINDS, place)[1] == ["endpoint churn is still Updating after 3600 s"]


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        (
            {"describe_endpoint": with_endpoint(EndpointStatus="Failed", FailureReason="no capacity")},
            "endpoint churn is Failed: no capacity",
        ),
        (
            {"describe_endpoint": with_endpoint(EndpointConfigName="churn-old")},
            "in service with configuration churn-old, planned was churn-0a1b: the update was rolled back",
        ),
        (
            {"describe_endpoint": with_endpoint(EndpointConfigName="churn-old", FailureReason="alarm errors fired")},
            "rolled back: alarm errors fired",
        ),
        (
            {"describe_endpoint_config": {"ProductionVariants": [{"VariantName": "AllTraffic", "ModelName": "other"}]}},
            "configuration churn-0a1b uses models other, planned were churn-9f",
        ),
        (
            {
                "describe_endpoint": with_endpoint(
                    ProductionVariants=[{"VariantName": "Blue", "CurrentInstanceCount": 2}]
                )
            },
            "has variants Blue, planned were AllTraffic",
        ),
        (
            {
                "describe_endpoint": with_endpoint(
                    ProductionVariants=[{"VariantName": "AllTraffic", "CurrentInstanceCount": 1}]
                )
            },
            "variant AllTraffic has 1 instances, planned were 2",
        ),
        (
            {"describe_model": {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://a/objects/2/model.tar.gz"}}},
            "model churn-9f loads s3://a/objects/2/model.tar.gz, planned was s3://a/objects/1/model.tar.gz",
        ),
        (
            {
                "describe_model": {
                    "PrimaryContainer": {"Image": "other:1", "ModelDataUrl": "s3://a/objects/1/model.tar.gz"}
                }
            },
            f"model churn-9f runs Image other:1, planned was {IMAGE}",
        ),
        (
            {"describe_endpoint": aws_error("AccessDeniedException", "not authorized")},
            "sagemaker_endpoint churn: AccessDeniedException: not authorized",
        ),
    ],
)
def test_endpoint_that_differs_is_told_how(site: MakeSite, changes: dict[str, Any], difference: str) -> None:
    seen, wrong = check_live([ENDPOINT], KINDS, site(sagemaker=live_endpoint(**changes)))
    assert seen == []
    assert difference in wrong[0]


def test_autoscaled_variant_may_have_more_instances_but_not_fewer(site: MakeSite) -> None:
    item = {**ENDPOINT, "autoscaled": ["AllTraffic"]}
    more = with_endpoint(ProductionVariants=[{"VariantName": "AllTraffic", "CurrentInstanceCount": 7}])
    fewer = with_endpoint(ProductionVariants=[{"VariantName": "AllTraffic", "CurrentInstanceCount": 1}])
    assert check_live([item], KINDS, site(sagemaker=live_endpoint(describe_endpoint=more)))[1] == []
    assert (
        "planned were at least 2"
        in check_live([item], KINDS, site(sagemaker=live_endpoint(describe_endpoint=fewer)))[1][0]
    )


def test_serverless_variant_has_no_instances_to_compare(site: MakeSite) -> None:
    item = {**ENDPOINT, "variants": {"AllTraffic": None}}
    answer = with_endpoint(ProductionVariants=[{"VariantName": "AllTraffic"}])
    assert check_live([item], KINDS, site(sagemaker=live_endpoint(describe_endpoint=answer)))[1] == []


def test_model_package_and_uncompressed_artifact_are_compared(site: MakeSite) -> None:
    package = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/3"
    models = {"churn-9f": {"model_package_arn": package, "artifact_s3_uri": "s3://a/folder/"}}
    container = {
        "ModelPackageName": package,
        "ModelDataSource": {
            "S3DataSource": {"S3Uri": "s3://a/folder/", "S3DataType": "S3Prefix", "CompressionType": "None"}
        },
    }
    place = site(sagemaker=live_endpoint(describe_model={"Containers": [container]}))
    assert check_live([{**ENDPOINT, "models": models}], KINDS, place)[1] == []


SCHEDULE = {"kind": "monitoring_schedule", "name": "dq", "schedule_expression": "cron(0 * ? * * *)"}


def described_schedule(status: str = "Scheduled", expression: str = "cron(0 * ? * * *)", **more: Any) -> dict[str, Any]:
    """Return SageMaker's description of a schedule."""
    config = {
        "ScheduleConfig": {"ScheduleExpression": expression},
        "MonitoringJobDefinitionName": "dq-1",
    }
    return {"MonitoringScheduleStatus": status, "MonitoringScheduleConfig": config, **more}


def test_schedule_is_waited_for_and_compared(site: MakeSite) -> None:
    answers = [described_schedule("Pending"), described_schedule()]
    place = site(sagemaker={"describe_monitoring_schedule": answers})
    assert check_live([SCHEDULE], KINDS, place) == (["monitoring schedule dq is Scheduled"], [])


@pytest.mark.parametrize(
    ("answer", "difference"),
    [
        (described_schedule("Failed", FailureReason="no role"), "is Failed, not Scheduled: no role"),
        (described_schedule("Stopped"), "is Stopped, not Scheduled"),
        (described_schedule(expression="cron(0 5 ? * * *)"), "has schedule_expression cron(0 5 ? * * *), planned was"),
        (aws_error("ResourceNotFound", "no such schedule"), "monitoring_schedule dq: ResourceNotFound"),
    ],
)
def test_schedule_that_differs_is_told_how(site: MakeSite, answer: Any, difference: str) -> None:
    wrong = check_live([SCHEDULE], KINDS, site(sagemaker={"describe_monitoring_schedule": answer}))[1]
    assert difference in wrong[0]


def test_every_item_is_checked_even_when_the_first_differs(site: MakeSite) -> None:
    place = site(sagemaker={**live_endpoint(), "describe_monitoring_schedule": described_schedule("Failed")})
    seen, wrong = check_live([SCHEDULE, ENDPOINT, {"kind": "novel"}], KINDS, place)
    assert len(seen) == 1
    assert len(wrong) == 2
    assert wrong[1] == "nothing checks items of kind 'novel'"


@pytest.mark.parametrize(
    "missing",
    [
        aws_error("ValidationException", 'Could not find endpoint "arn:..."'),
        aws_error("ResourceNotFoundException", "gone"),
    ],
)
def test_endpoint_that_does_not_exist_is_gone(site: MakeSite, missing: Exception) -> None:
    place = site(sagemaker={"describe_endpoint": missing})
    assert check_gone([ENDPOINT], KINDS, place) == (["sagemaker_endpoint churn is gone"], [])


def test_endpoint_that_exists_is_not_gone(site: MakeSite) -> None:
    assert check_gone([ENDPOINT], KINDS, site(sagemaker=live_endpoint()))[1] == ["endpoint churn still exists"]


def test_refused_look_is_not_taken_for_gone(site: MakeSite) -> None:
    place = site(sagemaker={"describe_endpoint": aws_error("ValidationException", "1 validation error detected")})
    assert check_gone([ENDPOINT], KINDS, place)[1] == [
        "sagemaker_endpoint churn: ValidationException: 1 validation error detected"
    ]


def test_state_machine_that_is_being_deleted_is_waited_for(site: MakeSite) -> None:
    item = {"kind": "state_machine", "arn": "arn:aws:states:eu-central-1:222222222222:stateMachine:x"}
    answers = [{"status": "DELETING"}, aws_error("StateMachineDoesNotExist")]
    place = site(FakeAws(stepfunctions={"describe_state_machine": answers}))
    assert check_gone([item], KINDS, place)[1] == []


def test_blueprint_adds_kinds_of_its_own(site: MakeSite, tmp_path: Path) -> None:
    folder = tmp_path / "modules" / "blueprints" / "feature_table"
    folder.mkdir(parents=True)
    (folder / "verify.py").write_text(
        "def check(item, site):\n"
        "    status = site.client('dynamodb').describe_table(TableName=item['name'])['Table']['TableStatus']\n"
        "    if status != 'ACTIVE':\n"
        "        raise site.not_live(f'table is {status}')\n"
        "    return 'table is active'\n"
        "KINDS = {'table': (check, lambda item, site: None)}\n"
    )
    kinds = load_kinds(tmp_path / "modules")
    assert kinds.keys() > {"table", "sagemaker_endpoint"}
    item = {"kind": "table", "name": "t"}
    statuses = [{"Table": {"TableStatus": "ACTIVE"}}, {"Table": {"TableStatus": "CREATING"}}]
    place = site(FakeAws(dynamodb={"describe_table": statuses}))
    assert check_live([item], kinds, place) == (["table is active"], [])
    assert check_live([item], kinds, place) == ([], ["table is CREATING"])


@pytest.mark.parametrize("text", ["KINDS = {'x': 1}", "import nothing_of_that_name", "x = 1", "def ("])
def test_blueprint_whose_checks_cannot_be_used_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "blueprints" / "own").mkdir(parents=True)
    (tmp_path / "blueprints" / "own" / "verify.py").write_text(text)
    with pytest.raises(DeliveryError, match=r"verify\.py cannot be used"):
        load_kinds(tmp_path)
