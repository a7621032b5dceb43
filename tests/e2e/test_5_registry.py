"""From the Model Registry to production: an approved version is released by itself, through the same gates.

The tests tell one story and run in this order.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.installation import ACCOUNTS, ORCHESTRATOR, PREFIX, REGION, ROOT, Installation, stage, until

GROUP = f"{PREFIX}-registry"
TRAINING = "wine-training-builtin"
PIPELINE = "wine-realtime-builtin"
FILE = "wine.json"


def version(number: int) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ORCHESTRATOR}:model-package/{GROUP}/{number}"


def served(installed: Installation, where: str) -> str:
    """Return the model package version that a stage's endpoint serves."""
    sagemaker = installed.client("sagemaker", ACCOUNTS[where])
    name = installed.endpoint(where, PIPELINE)["EndpointConfigName"]
    [variant] = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    return str(model["PrimaryContainer"]["ModelPackageName"])


def set_status(installed: Installation, number: int, status: str) -> None:
    """Decide on a version in the registry, as a person does."""
    client = installed.client("sagemaker", ORCHESTRATOR)
    client.update_model_package(ModelPackageArn=version(number), ModelApprovalStatus=status)


def newest_version(installed: Installation) -> tuple[int, str]:
    """Return number and status of the newest version."""
    listed = installed.client("sagemaker", ORCHESTRATOR).list_model_packages(
        ModelPackageGroupName=GROUP, SortBy="CreationTime", SortOrder="Descending"
    )
    newest = listed["ModelPackageSummaryList"][0]
    return newest["ModelPackageVersion"], newest["ModelApprovalStatus"]


def messages(installed: Installation, *words: str) -> list[dict[str, Any]]:
    """Return the messages that people got with all of these words."""
    inbox = installed.mlops("sandbox", "inbox", "--json").json
    return [item for item in inbox if all(word in f"{item['subject']}\n{item['message']}" for word in words)]


@pytest.fixture(scope="module")
def trained(installed: Installation) -> None:
    """A first model, trained by a delivered pipeline and registered."""
    s3 = installed.client("s3", ORCHESTRATOR)
    for name in ("train.csv", "validation.csv"):
        s3.put_object(
            Bucket=f"{PREFIX}-assets-{ORCHESTRATOR}-{REGION}",
            Key=f"wine/{name}",
            Body=(ROOT / "examples/assets/breast-cancer" / name).read_bytes(),
        )
    config = {
        "pipeline_type": "model_training_builtin",
        "model_name": "wine",
        "model_framework": "xgboost",
        "model_framework_version": "1.7-1",
        "training_data": "wine/train.csv",
        "validation_data": "wine/validation.csv",
        "job_output_location": "training-output",
        "instance_type": "ml.m5.large",
        "content_type": "csv",
        "algo_hyperparamaters": {"objective": "binary:logistic", "num_round": 5, "max_depth": 2},
        "register_model": True,
    }
    (installed.folder / "training.json").write_text(json.dumps(config))
    answer = installed.mlops("submit", "training.json", "--wait", "--json").json
    assert answer["delivery"]["status"] == "Succeeded", answer
    installed.write_config(
        FILE,
        model_name="wine",
        model_framework=None,
        model_framework_version=None,
        model_artifact_location=None,
        model_package_group_name=GROUP,
        deploy_on_approval=True,
        inference_api=False,
    )


def test_a_group_without_an_approved_version_is_refused(installed: Installation, trained: None) -> None:
    assert newest_version(installed) == (1, "PendingManualApproval")
    before = installed.builds()
    refused = installed.mlops("submit", FILE, code=1)
    assert "no-approved-model-package" in refused.err
    assert f"no version of the model package group {GROUP} is approved" in refused.err
    assert installed.builds() == before


def test_a_submit_takes_the_newest_approved_version(installed: Installation, trained: None) -> None:
    set_status(installed, 1, "Approved")
    answer = installed.mlops("submit", FILE, "--wait", "--json").json
    assert answer["notes"] == [f"version 1 of {GROUP} is the newest that is approved"]
    assert served(installed, "dev") == version(1)
    installed.mlops("approve", PIPELINE, "--stage", "prod")
    assert installed.mlops("status", PIPELINE, "--watch", "--json").json["status"] == "Succeeded"
    assert served(installed, "prod") == version(1)


def test_an_approved_version_is_released_by_itself_and_waits_at_the_gate(
    installed: Installation, trained: None
) -> None:
    machines = installed.client("stepfunctions", ORCHESTRATOR)
    [machine] = [
        item["stateMachineArn"]
        for item in machines.list_state_machines()["stateMachines"]
        if TRAINING in item["name"]
    ]
    machines.start_execution(stateMachineArn=machine)
    assert until(lambda: newest_version(installed) == (2, "PendingManualApproval"))
    assert len(installed.executions(PIPELINE)) == 1
    set_status(installed, 2, "Approved")
    assert until(lambda: len(installed.executions(PIPELINE)) == 2, 120)
    waiting = installed.mlops("status", PIPELINE, "--watch", "--json").json
    prod = stage(waiting, "prod")
    assert prod["waiting_for_approval"] is True
    assert "registry/1 -> " in prod["summary"]
    assert served(installed, "dev") == version(2)
    assert served(installed, "prod") == version(1)
    [told] = messages(installed, f"Released: {GROUP}/2", PIPELINE)
    assert told["to"] == "approvers@example.com"


def test_the_approver_of_the_plan_has_the_last_word(installed: Installation, trained: None) -> None:
    installed.mlops("approve", PIPELINE, "--stage", "prod")
    assert installed.mlops("status", PIPELINE, "--watch", "--json").json["status"] == "Succeeded"
    assert served(installed, "prod") == version(2)
    newest = installed.mlops("history", PIPELINE, "--json").json["releases"][0]
    key = f"bundles/{PIPELINE}/{newest['digest']}.zip"
    assert key in installed.keys("artifacts", "bundles/")


@pytest.mark.parametrize("status", ["Rejected", "Approved"])
def test_other_decisions_and_later_approvals_start_nothing(
    installed: Installation, trained: None, status: str
) -> None:
    """An approval of what was released already, and a rejection, leave everything as it is."""
    before = installed.builds(), len(installed.executions(PIPELINE))
    asked = len(_invocations(installed))
    set_status(installed, 1, status)
    client = installed.client("sagemaker", ORCHESTRATOR)
    client.update_model_package(ModelPackageArn=version(2), CustomerMetadataProperties={"seen": status})
    # The second update is an event of an approved version too: once it was dealt with, so was the first.
    assert until(lambda: len(_invocations(installed)) == asked + (2 if status == "Approved" else 1))
    assert (installed.builds(), len(installed.executions(PIPELINE))) == before
    assert served(installed, "prod") == version(2)


def test_submitting_again_starts_nothing_and_says_which_version_is_meant(
    installed: Installation, trained: None
) -> None:
    before = installed.builds()
    assert f"version 2 of {GROUP} is the newest that is approved" in installed.mlops("submit", FILE).err
    assert installed.builds() == before


def _invocations(installed: Installation) -> list[str]:
    """Return the log lines of events that started nothing."""
    logs = installed.client("logs", ORCHESTRATOR)
    group = f"/aws/lambda/{PREFIX}-orchestrator"
    found = logs.filter_log_events(logGroupName=group, filterPattern="nothing started")["events"]
    return [event["message"] for event in found if PIPELINE in event["message"]]
