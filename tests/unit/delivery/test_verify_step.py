"""Step verify: the checks decide, the release record is the evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.manifest import Manifest
from generator.delivery.settings import Settings
from generator.delivery.verify import verify
from generator.delivery.waiting import Site
from tests.fakes_aws import FakeAws, aws_error

from .conftest import state_answers

Orders = Callable[..., Settings]
SavedPlan = Callable[..., dict[str, str]]
MakeSite = Callable[..., Site]

SCHEDULE = {"kind": "monitoring_schedule", "name": "dq"}
SCHEDULED = {"MonitoringScheduleStatus": "Scheduled", "MonitoringScheduleConfig": {}}
LIVE = state_answers(live=[SCHEDULE])
APPROVED_AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
APPROVAL = {
    "stageName": "prod-approve",
    "actionName": "Approve",
    "status": "Succeeded",
    "lastUpdateTime": APPROVED_AT,
    "updatedBy": "arn:aws:sts::111111111111:assumed-role/approver/jo",
    "output": {"executionResult": {"externalExecutionSummary": "looks right"}},
}


def own_aws(*actions: dict[str, Any]) -> FakeAws:
    """Return the build's own account."""
    return FakeAws(
        s3={"put_object": {}}, codepipeline={"list_action_executions": {"actionExecutionDetails": list(actions)}}
    )


def record_in(own: FakeAws) -> tuple[str, dict[str, Any]]:
    """Return key and content of the one record that was written."""
    (put,) = own.client("s3").called("put_object")
    assert put["Bucket"] == "acme-ml-artifacts-111111111111-eu-central-1"
    return put["Key"], json.loads(put["Body"])


def test_stage_as_planned_gets_its_record(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite
) -> None:
    own = own_aws({**APPROVAL, "stageName": "dev-approve"}, APPROVAL)
    environ = saved_plan("prod")
    place = site(s3=LIVE, sagemaker={"describe_monitoring_schedule": SCHEDULED})
    verify(orders(**environ), manifest, manifest.stage("prod"), place, own)
    key, record = record_in(own)
    assert key == "releases/churn-realtime-builtin/prod/11111111-2222-3333-4444-555555555555.json"
    assert record["digest"] == "ab" * 32
    assert record["plan_sha256"] == environ["PLAN_SHA256"]
    assert record["plan"] == {"add": 2, "change": 1, "destroy": 0, "replace": 0, "changes": 3, "text": "words"}
    assert record["approved_by"] == "arn:aws:sts::111111111111:assumed-role/approver/jo"
    assert record["approved_at"] == "2026-03-01T12:30:00+00:00"
    assert record["approval"]["comment"] == "looks right"
    assert record["checked"] == ["monitoring schedule dq is Scheduled"]
    assert datetime.fromisoformat(record["verified_at"]).tzinfo is not None


@pytest.mark.parametrize(
    ("stage", "own", "reason"),
    [
        ("dev", own_aws(), "the stage has no approval"),
        ("prod", own_aws(), "the plan was empty, so the approval was skipped"),
        (
            "prod",
            FakeAws(s3={"put_object": {}}, codepipeline={"list_action_executions": aws_error("AccessDenied", "no")}),
            "cannot be read: AccessDenied: no",
        ),
    ],
)
def test_record_says_why_nobody_approved(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite, stage: str, own: FakeAws, reason: str
) -> None:
    place = site(s3=LIVE, sagemaker={"describe_monitoring_schedule": SCHEDULED})
    verify(orders(**saved_plan(stage)), manifest, manifest.stage(stage), place, own)
    record = record_in(own)[1]
    assert record["approved_by"] is None
    assert record["approval"]["reason"] == reason


def test_stage_that_differs_fails_and_leaves_no_record(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite
) -> None:
    own = own_aws()
    place = site(
        s3=LIVE, sagemaker={"describe_monitoring_schedule": {**SCHEDULED, "MonitoringScheduleStatus": "Stopped"}}
    )
    with pytest.raises(DeliveryError, match="stage dev is not as planned: monitoring schedule dq is Stopped"):
        verify(orders(**saved_plan()), manifest, manifest.stage("dev"), place, own)
    assert own.calls == []


def test_destroyed_stage_must_have_an_empty_state_and_nothing_live(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite
) -> None:
    own = own_aws()
    environ = saved_plan(live_before=[SCHEDULE])
    place = site(s3=state_answers(), sagemaker={"describe_monitoring_schedule": aws_error("ResourceNotFound")})
    seen = verify(orders(MODE="destroy", **environ), manifest, manifest.stage("dev"), place, own)
    assert seen == ["monitoring_schedule dq is gone", "the state is empty"]
    assert record_in(own)[1]["mode"] == "destroy"


def test_destroyed_stage_that_left_something_fails(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite
) -> None:
    environ = saved_plan(live_before=[SCHEDULE])
    left = state_answers("aws_iam_role.this")
    place = site(s3=left, sagemaker={"describe_monitoring_schedule": SCHEDULED})
    with pytest.raises(DeliveryError) as caught:
        verify(orders(MODE="destroy", **environ), manifest, manifest.stage("dev"), place, own_aws())
    assert "monitoring schedule dq still exists" in caught.value.message
    assert "the state still holds module.pipeline.aws_iam_role.this" in caught.value.message
