"""What can go wrong on the way: each with its reason where a person looks, nothing half-done, and a way on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.installation import ACCOUNTS, ORCHESTRATOR, PREFIX, REGION, Installation, stage

PIPELINE = "halfway-realtime-builtin"
FILE = "halfway.json"
FAULT = {
    "kind": "sagemaker.endpoint",
    "match": {"name": f"*-dev-{PIPELINE}", "operation": "create"},
    "error": {"reason": "no ml.t2.medium is to be had at the moment"},
}


def _everything(installed: Installation) -> tuple[Any, ...]:
    pipelines = installed.client("codepipeline", ORCHESTRATOR).list_pipelines()["pipelines"]
    return (
        installed.builds(),
        installed.keys("artifacts"),
        installed.keys("state"),
        sorted(item["name"] for item in pipelines),
    )


def test_an_invalid_config_is_refused_with_every_problem_and_leaves_nothing(installed: Installation) -> None:
    before = _everything(installed)
    body = {
        "pipeline_type": "byom_realtime_builtin",
        "model_name": "bad name!",
        "model_framework": "xgboost",
        "model_artifact_location": 7,
        "inference_instance": {"dev": "ml.t2.medium"},
        "data_capture_location": "some-bucket/x",
        "instance_typo": "ml.m5.large",
    }
    status, answer = installed.post(installed.api(f"{PREFIX}-orchestrator", "/provisionpipeline"), body)
    assert status == 400, answer
    assert {
        "model_name",
        "model_framework_version",
        "model_artifact_location",
        "inference_instance",
        "instance_typo",
    } <= {problem["key"] for problem in answer["problems"]}
    assert all(problem["message"] and problem["code"] for problem in answer["problems"])
    assert _everything(installed) == before


def test_a_body_that_is_not_json_is_refused(installed: Installation) -> None:
    status, answer = installed.post(installed.api(f"{PREFIX}-orchestrator", "/provisionpipeline"), b'{"model_name": ')
    assert status == 400, answer


def test_the_command_names_every_problem_with_its_place(installed: Installation) -> None:
    installed.write_config("bad.json", model_name="bad name!", inference_instance=None)
    refused = installed.mlops("submit", "bad.json", code=1)
    assert "bad.json:10:3: model_name: " in refused.err
    assert "bad.json:1:1: inference_instance: " in refused.err
    assert "2 problems; nothing was started" in refused.err


def test_a_missing_artifact_is_refused_with_its_key(installed: Installation) -> None:
    before = _everything(installed)
    installed.write_config("missing.json", model_name="missing", model_artifact_location="not/there.tar.gz")
    refused = installed.mlops("submit", "missing.json", code=1)
    assert "model_artifact_location" in refused.err
    assert "not/there.tar.gz" in refused.err
    body = json.loads((installed.folder / "missing.json").read_text())
    status, answer = installed.post(installed.api(f"{PREFIX}-orchestrator", "/provisionpipeline"), body)
    assert status == 400
    assert [problem["key"] for problem in answer["problems"]] == ["model_artifact_location"]
    assert _everything(installed) == before


def test_an_apply_that_fails_half_way_keeps_its_state_and_says_why(installed: Installation) -> None:
    installed.sandbox.request("faults", FAULT)
    installed.write_config(FILE, model_name="halfway")
    failed = installed.mlops("submit", FILE, "--wait", code=4)
    assert "no ml.t2.medium is to be had at the moment" in failed.err
    text = installed.mlops("status", PIPELINE).out
    assert "no ml.t2.medium is to be had at the moment" in text
    assert "kept in the state" in text
    state = json.loads(
        installed.client("s3", ORCHESTRATOR)
        .get_object(
            Bucket=f"{PREFIX}-state-{ORCHESTRATOR}-{REGION}", Key=f"{PREFIX}/dev/{PIPELINE}/terraform.tfstate"
        )["Body"]
        .read()
    )
    assert "aws_sagemaker_model" in {resource["type"] for resource in state["resources"]}
    assert installed.keys("artifacts", f"releases/{PIPELINE}/") == []


def test_a_stage_whose_role_cannot_be_assumed_fails_its_plan_and_submitting_again_takes_up_the_rest(
    installed: Installation,
) -> None:
    iam = installed.client("iam", ACCOUNTS["prod"])
    trust = iam.get_role(RoleName=f"{PREFIX}-plan")["Role"]["AssumeRolePolicyDocument"]
    nobody = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNTS['prod']}:root"},
            }
        ],
    }
    iam.update_assume_role_policy(RoleName=f"{PREFIX}-plan", PolicyDocument=json.dumps(nobody))
    try:
        failed = installed.mlops("submit", FILE, "--wait", code=4)
    finally:
        iam.update_assume_role_policy(RoleName=f"{PREFIX}-plan", PolicyDocument=json.dumps(trust))
    # The endpoint that could not come up was made anew; the rest was there already.
    delivery = installed.mlops("status", PIPELINE, "--json").json
    assert stage(delivery, "dev")["steps"]["verify"] == "Succeeded"
    assert stage(delivery, "prod")["steps"] == {"plan": "Failed"}
    assert installed.endpoint("dev", PIPELINE)["EndpointStatus"] == "InService"
    for told in (failed.err, installed.mlops("status", PIPELINE).out):
        assert f"cannot assume arn:aws:iam::{ACCOUNTS['prod']}:role/{PREFIX}-plan" in told
        assert f"assumed-role/{PREFIX}-build-plan/" in told
        assert f"apply the workspace of account {ACCOUNTS['prod']}" in told


@pytest.mark.parametrize("command", ["status", "history", "deprovision"])
def test_a_pipeline_that_does_not_exist_is_said_so(installed: Installation, command: str) -> None:
    options = ["--yes"] if command == "deprovision" else []
    said = installed.mlops(command, "never-heard-of", *options, code=0 if command == "history" else 1)
    assert "never-heard-of" in said.err


def test_an_answer_to_nothing_is_said_so(installed: Installation) -> None:
    said = installed.mlops("approve", PIPELINE, "--stage", "prod", code=1)
    assert "nothing waits for an approval in prod" in said.err
    said = installed.mlops("approve", PIPELINE, "--stage", "staging", code=1)
    assert "its stages are dev, prod" in said.err
