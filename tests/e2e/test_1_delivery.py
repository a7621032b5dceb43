"""The main job: a request becomes a live endpoint in every account, changes pass the gates, and all of it goes again.

The tests tell one story and run in this order.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import ACCOUNTS, ARTIFACT, ORCHESTRATOR, PREFIX, REGION, Installation, stage, until

PIPELINE = "churn-realtime-builtin"
FILE = "churn.json"


def _status(installed: Installation, *options: str) -> Any:
    return installed.mlops("status", PIPELINE, "--json", *options).json


@pytest.fixture(scope="module")
def submitted(installed: Installation) -> dict[str, Any]:
    """The answer to the first submission, which ends at prod's approval."""
    installed.write_config(FILE, model_name="churn")
    answer: dict[str, Any] = installed.mlops("submit", FILE, "--wait", "--json").json
    return answer


def test_submit_delivers_to_dev_and_stops_at_the_approval(
    installed: Installation, submitted: dict[str, Any]
) -> None:
    assert submitted["started"] is True
    assert submitted["pipeline_id"] == f"arn:aws:codepipeline:{REGION}:{ORCHESTRATOR}:{PREFIX}-{PIPELINE}"
    dev, prod = stage(submitted["delivery"], "dev"), stage(submitted["delivery"], "prod")
    assert dev["steps"]["verify"] == "Succeeded"
    assert "approve" not in dev["steps"]
    assert prod["steps"] == {"plan": "Succeeded", "approve": "InProgress"}
    assert prod["waiting_for_approval"] is True
    assert installed.endpoint("dev", PIPELINE)["EndpointStatus"] == "InService"
    with pytest.raises(ClientError, match="Could not find endpoint"):
        installed.endpoint("prod", PIPELINE)


def test_the_approver_reads_what_would_happen(installed: Installation, submitted: dict[str, Any]) -> None:
    prod = stage(_status(installed), "prod")
    assert prod["plan"]["add"] > 5
    assert prod["plan"]["change"] == prod["plan"]["destroy"] == 0
    head = f"prod: {prod['plan']['add']} to add, 0 to change, 0 to destroy."
    assert prod["summary"].startswith(head)
    text = installed.mlops("status", PIPELINE).out
    assert head in text
    assert f"mlops approve {PIPELINE} --stage prod" in text
    [message] = [
        item
        for item in installed.mlops("sandbox", "inbox", "--json").json
        if "approval" in item["message"] and PIPELINE in item["message"]
    ]
    assert message["to"] == "approvers@example.com"
    assert json.loads(message["message"])["approval"]["customData"] == prod["summary"]


def test_approve_applies_that_plan_to_prod(installed: Installation, submitted: dict[str, Any]) -> None:
    planned = stage(_status(installed), "prod")["plan"]
    answer = installed.mlops("approve", PIPELINE, "--stage", "prod", "--reason", "reads well", "--json").json
    assert answer["plan"] == planned
    done = _status(installed, "--watch")
    assert done["status"] == "Succeeded"
    prod = stage(done, "prod")
    assert set(prod["steps"].values()) == {"Succeeded"}
    assert prod["approved_by"].endswith(":root")
    assert installed.instance_type("dev", PIPELINE) == "ml.t2.medium"
    assert installed.instance_type("prod", PIPELINE) == "ml.m5.large"


@pytest.mark.parametrize("name", ACCOUNTS)
def test_the_endpoint_and_its_api_answer(installed: Installation, name: str) -> None:
    assert installed.endpoint(name, PIPELINE)["EndpointStatus"] == "InService"
    row = ",".join(["0.5"] * 30)
    runtime = installed.client("sagemaker-runtime", ACCOUNTS[name])
    answer = runtime.invoke_endpoint(
        EndpointName=f"{PREFIX}-{name}-{PIPELINE}", ContentType="text/csv", Body=row
    )["Body"].read()
    assert 0 <= float(answer) <= 1
    url = installed.api(f"{PREFIX}-{name}-{PIPELINE}-inference", "/inference", ACCOUNTS[name])
    status, body = installed.post(url, {"payload": row, "content_type": "text/csv"}, ACCOUNTS[name])
    assert status == 200, body
    assert float(str(body).strip()) == pytest.approx(float(answer))


def test_every_stage_has_a_release_record(installed: Installation, submitted: dict[str, Any]) -> None:
    releases = installed.mlops("history", PIPELINE, "--json").json["releases"]
    assert [(item["stage"], item["digest"]) for item in releases] == [
        ("prod", submitted["digest"]),
        ("dev", submitted["digest"]),
    ]
    assert releases[0]["plan"]["add"] == stage(_status(installed), "prod")["plan"]["add"]
    assert len(installed.keys("artifacts", f"releases/{PIPELINE}/")) == 2
    assert submitted["digest"][:12] in installed.mlops("history", PIPELINE).out


def test_submitting_again_starts_nothing(installed: Installation, submitted: dict[str, Any]) -> None:
    before = installed.builds(), installed.executions(PIPELINE)
    again = installed.mlops("submit", FILE, "--wait", "--json").json
    assert again["started"] is False
    assert again["digest"] == submitted["digest"]
    assert "no updates" in again["message"]
    assert (installed.builds(), installed.executions(PIPELINE)) == before


def test_a_plan_that_became_stale_is_refused(installed: Installation, submitted: dict[str, Any]) -> None:
    installed.write_config(FILE, model_name="churn", inference_instance="ml.m5.xlarge")
    waiting = installed.mlops("submit", FILE, "--wait", "--json").json
    assert waiting["digest"] != submitted["digest"]
    summary = stage(waiting["delivery"], "prod")["summary"]
    assert "instance_type ml.m5.large -> ml.m5.xlarge" in summary
    assert installed.instance_type("dev", PIPELINE) == "ml.m5.xlarge"
    # Meanwhile somebody changes prod's state: its serial is no longer the one that was planned from.
    bucket, key = f"{PREFIX}-state-{ORCHESTRATOR}-{REGION}", f"{PREFIX}/prod/{PIPELINE}/terraform.tfstate"
    s3 = installed.client("s3", ORCHESTRATOR)
    state = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    state["serial"] += 1
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(state).encode())
    installed.mlops("approve", PIPELINE, "--stage", "prod")
    done = _status(installed, "--watch")
    assert done["status"] == "Failed"
    assert installed.instance_type("prod", PIPELINE) == "ml.m5.large"
    text = installed.mlops("status", PIPELINE).out
    assert "the plan is stale: the stage changed since; nothing was applied" in text
    assert "submit the same request again" in text


def test_after_a_stale_plan_the_same_request_is_planned_anew_and_can_be_rejected(installed: Installation) -> None:
    again = installed.mlops("submit", FILE, "--wait", "--json").json
    assert again["started"] is True
    dev, prod = stage(again["delivery"], "dev"), stage(again["delivery"], "prod")
    assert dev["plan"] == {"add": 0, "change": 0, "destroy": 0}
    assert prod["waiting_for_approval"] is True
    installed.mlops("reject", PIPELINE, "--stage", "prod", "--reason", "too dear for prod")
    done = _status(installed, "--watch")
    assert done["status"] == "Failed"
    assert "apply" not in stage(done, "prod")["steps"]
    assert installed.instance_type("prod", PIPELINE) == "ml.m5.large"
    text = installed.mlops("status", PIPELINE).out
    assert "too dear for prod" in text
    assert f"{ORCHESTRATOR}:root" in text


def test_rollback_returns_dev_to_the_release_before(installed: Installation, submitted: dict[str, Any]) -> None:
    answer = installed.mlops("rollback", PIPELINE, "--stage", "dev", "--json").json
    assert answer["digest"] == submitted["digest"]
    done = _status(installed, "--watch", "--execution", answer["execution_id"])
    assert done["status"] == "Succeeded"
    # Prod never left that release: its plan is empty, and nobody is asked.
    assert stage(done, "prod")["steps"]["approve"] == "Skipped"
    assert installed.instance_type("dev", PIPELINE) == "ml.t2.medium"


def test_promote_pins_what_dev_runs(installed: Installation, submitted: dict[str, Any]) -> None:
    installed.write_config(FILE, model_name="churn")
    installed.mlops("generate", "mlops-config.json", FILE)
    written = installed.mlops("promote", PIPELINE, "--from", "dev", "--to", "prod", "--json").json
    assert written["digest"] == submitted["digest"]
    pinned = json.loads((installed.folder / written["path"]).read_text())
    assert "assume_role" not in pinned
    assert pinned["model"]["artifact_s3_uri"].startswith(
        f"s3://{PREFIX}-artifacts-{ORCHESTRATOR}-{REGION}/objects/"
    )
    workspace = installed.folder / "environments/prod" / PIPELINE
    installed.terraform(workspace, "init", "-input=false", "-lockfile=readonly")
    installed.terraform(workspace, "plan", "-input=false", "-detailed-exitcode")


def test_deprovision_destroys_stage_by_stage_and_then_the_delivery_pipeline(installed: Installation) -> None:
    started = installed.mlops("deprovision", PIPELINE, "--yes", "--json").json
    assert started["started"] is True
    waiting = _status(installed, "--watch", "--execution", started["execution_id"])
    assert waiting["mode"] == "destroy"
    assert "to destroy" in stage(waiting, "prod")["summary"]
    with pytest.raises(ClientError, match="Could not find endpoint"):
        installed.endpoint("dev", PIPELINE)
    assert installed.endpoint("prod", PIPELINE)["EndpointStatus"] == "InService"
    installed.mlops("approve", PIPELINE, "--stage", "prod")
    codepipeline = installed.client("codepipeline", ORCHESTRATOR)
    name = f"{PREFIX}-{PIPELINE}"
    assert until(lambda: name not in [item["name"] for item in codepipeline.list_pipelines()["pipelines"]], 120)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        installed.endpoint("prod", PIPELINE)
    for account in ACCOUNTS.values():
        roles = installed.client("iam", account).list_roles()["Roles"]
        assert not [role["RoleName"] for role in roles if "churn" in role["RoleName"]]
    installed.mlops("status", PIPELINE, code=1)
    # What was delivered, and by whose word, stays on record.
    assert len(installed.keys("artifacts", f"releases/{PIPELINE}/")) >= 4
    assert ARTIFACT in installed.keys("assets")
