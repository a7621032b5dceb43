"""POST /pipelinestatus and GET /pipelines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fakes_aws import E1, aws_error

from .conftest import ARTIFACTS, DELIVERY, NO_PIPELINE, PIPELINE, PIPELINE_ID, Orchestrator

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
STATE = {
    "pipelineName": DELIVERY,
    "pipelineVersion": 2,
    "stageStates": [{"stageName": "Source", "latestExecution": {"pipelineExecutionId": E1, "status": "Succeeded"}}],
    "created": WHEN,
    "updated": WHEN,
    "ResponseMetadata": {"HTTPStatusCode": 200},
}
BUNDLES = {"Contents": [{"Key": f"bundles/{PIPELINE}/x.zip", "LastModified": WHEN}]}


def build(status: str, mode: str = "apply", pipeline: str = PIPELINE, number: int = 1) -> dict[str, Any]:
    """Return a build of the provisioner."""
    variables = [{"name": "PIPELINE", "value": pipeline}, {"name": "MODE", "value": mode}]
    return {
        "id": f"acme-ml-provision:{number}",
        "buildStatus": status,
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "i",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": variables,
        },
        "logs": {"deepLink": "https://log"},
    }


def not_provisioned(orchestrator: Orchestrator, *builds: dict[str, Any], bundles: Any = BUNDLES) -> None:
    """Let there be no delivery pipeline, some bundles and some builds of the provisioner."""
    orchestrator.world.answers("codepipeline", get_pipeline_state=NO_PIPELINE)
    orchestrator.world.answers("s3", list_objects_v2=bundles)
    orchestrator.world.answers(
        "codebuild",
        list_builds_for_project={"ids": [item["id"] for item in builds]},
        batch_get_builds={"builds": list(reversed(builds))},
    )


@pytest.mark.parametrize(
    "body", [{"pipeline_id": PIPELINE_ID}, {"pipeline_id": DELIVERY}, {"pipeline_id": PIPELINE}, {"pipeline": PIPELINE}]
)
def test_state_is_codepipelines_own_with_iso_times(orchestrator: Orchestrator, body: dict[str, str]) -> None:
    orchestrator.world.answers("codepipeline", get_pipeline_state=STATE)
    status, answer = orchestrator.post("/pipelinestatus", body)
    assert status == 200
    assert answer == {**STATE, "created": "2026-03-01T12:30:00+00:00", "updated": "2026-03-01T12:30:00+00:00"}
    assert orchestrator.world.client("codepipeline").called("get_pipeline_state") == [{"name": DELIVERY}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "missing-key"),
        ({"pipeline_id": ""}, "missing-key"),
        ({"pipeline_id": 7}, "wrong-type"),
        ({"pipeline_id": PIPELINE_ID.replace("111111111111", "999999999999")}, "bad-arn"),
        ({"pipeline_id": "arn:aws:codepipeline:eu-central-1:111111111111:other-churn"}, "bad-arn"),
        ({"pipeline_id": PIPELINE_ID, "pipeline": PIPELINE}, "missing-key"),
        ({"pipeline_id": PIPELINE_ID, "verbose": True}, "unknown-key"),
        ([PIPELINE_ID], "not-an-object"),
    ],
)
def test_request_that_names_no_pipeline_is_a_400(orchestrator: Orchestrator, body: Any, code: str) -> None:
    status, answer = orchestrator.post("/pipelinestatus", body)
    assert status == 400
    assert code in [problem["code"] for problem in answer["problems"]]
    assert orchestrator.world.calls == []


def test_pipeline_that_was_never_requested_is_a_400(orchestrator: Orchestrator) -> None:
    not_provisioned(orchestrator, bundles={})
    status, answer = orchestrator.post("/pipelinestatus", {"pipeline_id": PIPELINE_ID})
    assert status == 400
    assert answer["problems"][0]["code"] == "unknown-pipeline"


@pytest.mark.parametrize(
    ("builds", "status", "words"),
    [
        ([build("IN_PROGRESS")], "Provisioning", "has not provisioned"),
        ([build("FAILED")], "ProvisioningFailed", "the provisioner ended FAILED"),
        ([build("SUCCEEDED", number=2), build("FAILED")], "NotProvisioned", "has not provisioned"),
        ([build("IN_PROGRESS", pipeline="other", number=2), build("FAILED")], "ProvisioningFailed", "ended FAILED"),
        ([build("IN_PROGRESS", mode="destroy")], "Removing", "is being removed"),
        ([build("SUCCEEDED", mode="destroy")], "Removed", "was removed"),
        ([], "NotProvisioned", "has not provisioned"),
    ],
)
def test_pipeline_that_is_not_there_yet_says_so_as_json(
    orchestrator: Orchestrator, builds: list[dict[str, Any]], status: str, words: str
) -> None:
    not_provisioned(orchestrator, *builds)
    code, answer = orchestrator.post("/pipelinestatus", {"pipeline_id": PIPELINE_ID})
    assert code == 200
    assert answer["status"] == status
    assert words in answer["message"]
    if builds:
        assert answer["build_log"] == "https://log"


def test_error_of_aws_is_not_taken_for_a_missing_pipeline(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("codepipeline", get_pipeline_state=aws_error("AccessDeniedException", "no", status=403))
    assert orchestrator.post("/pipelinestatus", {"pipeline_id": PIPELINE_ID})[0] == 403


def test_pipelines_are_listed_with_their_newest_execution(orchestrator: Orchestrator) -> None:
    prefixes = [{"Prefix": f"bundles/{name}/"} for name in (PIPELINE, "fraud-batch-builtin", "removed")]
    orchestrator.world.answers("s3", list_objects_v2={"CommonPrefixes": prefixes})
    live = [
        {"name": name, "created": WHEN, "updated": WHEN}
        for name in (DELIVERY, "acme-ml-fraud-batch-builtin", "acme-ml-something-else")
    ]

    def executions(pipelineName: str, **rest: Any) -> dict[str, Any]:
        if pipelineName != DELIVERY:
            return {"pipelineExecutionSummaries": []}
        return {"pipelineExecutionSummaries": [{"pipelineExecutionId": E1, "status": "InProgress"}]}

    orchestrator.world.answers("codepipeline", list_pipelines={"pipelines": live}, list_pipeline_executions=executions)
    status, answer = orchestrator.request("GET", "/pipelines")
    assert status == 200
    assert answer == {
        "pipelines": [
            {
                "pipeline": PIPELINE,
                "pipeline_id": PIPELINE_ID,
                "status": "InProgress",
                "execution_id": E1,
                "created": "2026-03-01T12:30:00+00:00",
                "updated": "2026-03-01T12:30:00+00:00",
            },
            {
                "pipeline": "fraud-batch-builtin",
                "pipeline_id": "arn:aws:codepipeline:eu-central-1:111111111111:acme-ml-fraud-batch-builtin",
                "status": None,
                "execution_id": None,
                "created": "2026-03-01T12:30:00+00:00",
                "updated": "2026-03-01T12:30:00+00:00",
            },
        ]
    }


def test_long_listing_is_continued(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("s3", list_objects_v2={"NextContinuationToken": "t2"})
    orchestrator.world.answers("codepipeline", list_pipelines={"pipelines": []})
    assert orchestrator.request("GET", "/pipelines", query={"next": "t1"})[1] == {"pipelines": [], "next": "t2"}
    (call,) = orchestrator.world.client("s3").called("list_objects_v2")
    assert (call["Bucket"], call["ContinuationToken"]) == (ARTIFACTS, "t1")
