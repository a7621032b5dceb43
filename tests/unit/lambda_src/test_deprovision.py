"""POST /deprovisionpipeline, and the end of a destroying execution."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes_aws import E1, E2, aws_error

from .conftest import ARTIFACTS, DELIVERY, NO_PIPELINE, PIPELINE, PIPELINE_ID, Orchestrator
from .test_provision import executions, mode

KEY = f"bundles/{PIPELINE}/{'ab' * 32}.zip"


def when(day: int) -> datetime:
    """Return a day's noon."""
    return datetime(2026, 3, day, 12, tzinfo=UTC)


def test_execution_that_destroys_is_started(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers(
        "codepipeline",
        list_pipeline_executions=executions("Succeeded"),
        start_pipeline_execution={"pipelineExecutionId": E2},
    )
    status, body = orchestrator.post("/deprovisionpipeline", {"pipeline": PIPELINE})
    assert status == 200
    assert (body["started"], body["execution_id"], body["pipeline_id"]) == (True, E2, PIPELINE_ID)
    assert orchestrator.world.client("codepipeline").called("start_pipeline_execution") == [
        {"name": DELIVERY, "variables": [{"name": "mode", "value": "destroy"}], "clientRequestToken": f"destroy-{E1}"}
    ]


def test_second_request_starts_nothing(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers(
        "codepipeline",
        list_pipeline_executions=executions("InProgress"),
        get_pipeline_execution=mode("destroy"),
    )
    body = orchestrator.post("/deprovisionpipeline", {"pipeline_id": PIPELINE_ID})[1]
    assert (body["started"], body["execution_id"]) == (False, E1)
    assert orchestrator.world.changes == []


def test_pipeline_that_is_delivering_is_deprovisioned_behind_that(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers(
        "codepipeline",
        list_pipeline_executions=executions("InProgress"),
        get_pipeline_execution=mode("apply"),
        start_pipeline_execution={"pipelineExecutionId": E2},
    )
    assert orchestrator.post("/deprovisionpipeline", {"pipeline_id": PIPELINE_ID})[1]["started"] is True


def without_pipeline(orchestrator: Orchestrator, *records: tuple[str, int, str]) -> None:
    """Let there be no delivery pipeline, two bundles, and release records: (stage, day, mode)."""
    bundles = [
        {"Key": KEY, "LastModified": when(9)},
        {"Key": f"bundles/{PIPELINE}/{'00' * 32}.zip", "LastModified": when(3)},
    ]
    written = {f"releases/{PIPELINE}/{stage}/{day}.json": (day, record_mode) for stage, day, record_mode in records}

    def listing(Prefix: str, **rest: Any) -> dict[str, Any]:
        if Prefix.startswith("bundles/"):
            return {"Contents": bundles}
        return {"Contents": [{"Key": key, "LastModified": when(day)} for key, (day, _) in written.items()]}

    def read(Key: str, **rest: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(json.dumps({"mode": written[Key][1]}).encode())}

    orchestrator.world.answers("codepipeline", list_pipeline_executions=NO_PIPELINE)
    orchestrator.world.answers("s3", list_objects_v2=listing, get_object=read)


def test_request_that_was_never_provisioned_is_removed_by_its_newest_bundle(orchestrator: Orchestrator) -> None:
    without_pipeline(orchestrator)
    body = orchestrator.post("/deprovisionpipeline", {"pipeline_id": PIPELINE_ID})[1]
    assert body["started"] is True
    (start,) = orchestrator.world.client("codebuild").called("start_build")
    assert start["sourceLocationOverride"] == f"{ARTIFACTS}/{KEY}"
    variables = {item["name"]: item["value"] for item in start["environmentVariablesOverride"]}
    assert variables == {"MODE": "destroy", "BUNDLE_KEY": KEY, "PIPELINE": PIPELINE}


def test_pipeline_that_is_gone_while_stages_still_hold_something_is_not_forgotten(orchestrator: Orchestrator) -> None:
    without_pipeline(orchestrator, ("dev", 4, "apply"), ("dev", 5, "destroy"), ("prod", 4, "apply"))
    status, body = orchestrator.post("/deprovisionpipeline", {"pipeline_id": PIPELINE_ID})
    assert status == 400
    assert body["problems"][0]["code"] == "delivery-pipeline-missing"
    assert "but prod still hold" in body["problems"][0]["message"]
    assert orchestrator.world.changes == []


def test_unknown_pipeline_is_a_400(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("s3", list_objects_v2={})
    assert orchestrator.post("/deprovisionpipeline", {"pipeline": "nothing"})[0] == 400


def finished(orchestrator: Orchestrator, pipeline: str = DELIVERY) -> Any:
    """Send the event that an execution succeeded."""
    detail = {"pipeline": pipeline, "execution-id": E1, "state": "SUCCEEDED"}
    return orchestrator.app.handle({"source": "aws.codepipeline", "detail": detail}, "request-1")


def definition(key: str = KEY) -> dict[str, Any]:
    """Return an answer of GetPipeline."""
    kind = {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"}
    action = {"name": "Bundle", "actionTypeId": kind, "configuration": {"S3ObjectKey": key}}
    return {"pipeline": {"name": DELIVERY, "roleArn": "r", "stages": [{"name": "Source", "actions": [action]}]}}


def test_pipeline_is_removed_after_its_stages_were_destroyed(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("codepipeline", get_pipeline_execution=mode("destroy"), get_pipeline=definition())
    assert finished(orchestrator) == {"done": "provisioner started", "build_id": "acme-ml-provision:1"}
    (start,) = orchestrator.world.client("codebuild").called("start_build")
    variables = {item["name"]: item["value"] for item in start["environmentVariablesOverride"]}
    assert variables == {"MODE": "destroy", "BUNDLE_KEY": KEY, "PIPELINE": PIPELINE}


def test_repeated_event_is_the_same_build(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("codepipeline", get_pipeline_execution=mode("destroy"), get_pipeline=definition())
    finished(orchestrator)
    finished(orchestrator)
    first, second = orchestrator.world.client("codebuild").called("start_build")
    assert first["idempotencyToken"] == second["idempotencyToken"]


@pytest.mark.parametrize(
    "answers",
    [
        {"get_pipeline_execution": mode("apply")},
        {"get_pipeline_execution": aws_error("PipelineNotFoundException")},
        {"get_pipeline_execution": mode("destroy"), "get_pipeline": aws_error("PipelineNotFoundException")},
    ],
)
def test_other_ends_remove_nothing(orchestrator: Orchestrator, answers: dict[str, Any]) -> None:
    orchestrator.world.answers("codepipeline", **answers)
    assert finished(orchestrator)["done"].startswith("nothing")
    assert orchestrator.world.changes == []


def test_pipeline_of_another_platform_is_left_alone(orchestrator: Orchestrator) -> None:
    assert finished(orchestrator, "other-churn") == {"done": "another platform's pipeline"}
    assert orchestrator.world.calls == []


def test_event_that_fails_is_raised_for_lambda_to_try_again(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("codepipeline", get_pipeline_execution=aws_error("ThrottlingException", status=400))
    with pytest.raises(Exception, match="ThrottlingException"):
        finished(orchestrator)
    assert orchestrator.log_lines[-1]["event"] == "event failed"
