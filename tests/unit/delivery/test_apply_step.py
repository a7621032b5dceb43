"""Step apply: only the approved plan, clear words when it cannot be, jobs afterwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from generator.delivery.apply import apply, approved_plan
from generator.delivery.errors import DeliveryError
from generator.delivery.manifest import Manifest
from generator.delivery.settings import Settings
from generator.delivery.terraform import Completed
from generator.delivery.waiting import Site
from tests.fakes_aws import FakeAws, RecordingTerraform, aws_error

from .conftest import state_answers

MACHINE = "arn:aws:states:eu-central-1:222222222222:stateMachine:acme-ml-dev-churn"
EXECUTION = "arn:aws:states:eu-central-1:222222222222:execution:acme-ml-dev-churn"
JOBS = [{"kind": "state_machine", "arn": MACHINE, "input": {"b": 1}}]

Orders = Callable[..., Settings]
SavedPlan = Callable[..., dict[str, str]]
MakeSite = Callable[..., Site]


def test_saved_plan_is_applied_and_nothing_else(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite
) -> None:
    environ = saved_plan()
    fake = RecordingTerraform()
    assert apply(orders(**environ), manifest.stage("dev"), fake, site(s3=state_answers(live=[]))) == []
    assert fake.names == ["init", "apply"]
    assert fake.commands[1][-1] == f"{environ['CODEBUILD_SRC_DIR_dev_plan']}/tfplan"
    assert "-auto-approve" not in fake.commands[1]


def test_another_plan_than_the_approved_one_is_refused_before_terraform_runs(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite
) -> None:
    environ = {**saved_plan(), "PLAN_SHA256": "0" * 64}
    fake = RecordingTerraform()
    with pytest.raises(DeliveryError, match=f"approved was {'0' * 64}; nothing was applied"):
        apply(orders(**environ), manifest.stage("dev"), fake, site())
    assert fake.commands == []


def test_apply_without_an_approved_hash_is_refused(orders: Orders, saved_plan: SavedPlan) -> None:
    with pytest.raises(DeliveryError, match="PLAN_SHA256 is empty"):
        approved_plan(orders(**{**saved_plan(), "PLAN_SHA256": " "}))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("Saved plan is stale", "the plan is stale: the stage changed since; nothing was applied"),
        ("Error acquiring the state lock", "holds the state's lock; nothing was applied"),
        ("creating Endpoint: quota", "the apply failed: creating Endpoint: quota. What was done before"),
    ],
)
def test_failed_apply_says_why_and_how_to_go_on(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite, error: str, message: str
) -> None:
    fake = RecordingTerraform({"apply": Completed(1, f"aws_x: done\nError: {error}\n")})
    with pytest.raises(DeliveryError) as caught:
        apply(orders(**saved_plan()), manifest.stage("dev"), fake, site())
    assert message in caught.value.message
    assert "submit the same request again (`mlops submit`)" in caught.value.fix


def test_jobs_are_started_after_the_apply(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite
) -> None:
    answers = [aws_error("ExecutionDoesNotExist"), {"status": "RUNNING"}, {"status": "SUCCEEDED"}]
    aws = FakeAws(
        s3=state_answers(jobs=JOBS),
        stepfunctions={
            "describe_execution": answers,
            "start_execution": {"executionArn": f"{EXECUTION}:release-x-1"},
        },
    )
    done = apply(orders(**saved_plan()), manifest.stage("dev"), RecordingTerraform(), site(aws))
    assert done == [f"job acme-ml-dev-churn finished ({EXECUTION}:release-x-1)"]
    assert aws.client("stepfunctions").called("start_execution") == [
        {"stateMachineArn": MACHINE, "name": f"release-{'ab' * 16}-1", "input": '{"b":1}'}
    ]


def test_running_jobs_are_stopped_before_a_destroy(
    orders: Orders, saved_plan: SavedPlan, manifest: Manifest, site: MakeSite
) -> None:
    aws = FakeAws(
        s3=state_answers(jobs=JOBS),
        stepfunctions={
            "list_executions": {"executions": [{"executionArn": f"{EXECUTION}:old"}]},
            "stop_execution": {},
            "describe_execution": [{"status": "RUNNING"}, {"status": "ABORTED"}],
        },
    )
    order = []
    fake = RecordingTerraform({"apply": lambda *arguments: order.append(list(aws.calls)) or Completed(0, "")})
    apply(orders(MODE="destroy", **saved_plan()), manifest.stage("dev"), fake, site(aws))
    assert fake.names == ["init", "apply"]
    assert "stepfunctions.stop_execution" in order[0]
    assert order[0].count("stepfunctions.describe_execution") == 2
