"""What people are told from the stages' accounts: how jobs ended, who stopped them, what alarms say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.installation import ACCOUNTS, ARTIFACT, ORCHESTRATOR, PREFIX, REGION, Installation, until

PIPELINE = "scores-batch-builtin"
NAME = f"{PREFIX}-dev-{PIPELINE}"
TOPIC = f"arn:aws:sns:{REGION}:{ORCHESTRATOR}:{PREFIX}-notifications"


def told(installed: Installation, *words: str) -> list[dict[str, Any]]:
    """Return the messages that people got with all of these words."""
    inbox = installed.sandbox.inbox()
    return [item for item in inbox if all(word in f"{item['subject']} {item['message']}" for word in words)]


@pytest.fixture(scope="module")
def scored(installed: Installation) -> None:
    """A batch transform, delivered to dev, where its job ran."""
    row = ",".join(["0.5"] * 30)
    installed.client("s3", ACCOUNTS["dev"]).put_object(Bucket="tiny-capture-dev", Key="in/test.csv", Body=row.encode())
    config = {
        "pipeline_type": "byom_batch_builtin",
        "model_name": "scores",
        "model_framework": "xgboost",
        "model_framework_version": "1.7-1",
        "model_artifact_location": ARTIFACT,
        "inference_instance": "ml.m5.large",
        "batch_inference_data": {"dev": "tiny-capture-dev/in/test.csv", "prod": "tiny-capture-prod/in/test.csv"},
        "batch_job_output_location": {"dev": "tiny-capture-dev/out", "prod": "tiny-capture-prod/out"},
    }
    (installed.folder / "scores.json").write_text(json.dumps(config))
    installed.mlops("submit", "scores.json", "--wait", "--json")


def test_a_job_that_ended_in_a_stage_is_told(installed: Installation, scored: None) -> None:
    run = f"Execution: arn:aws:states:{REGION}:{ACCOUNTS['dev']}:execution:{NAME}:release-"
    assert until(lambda: bool(told(installed, f"{NAME}: ", "finished", run)), 10)


def test_a_job_that_was_stopped_in_a_stage_is_told(installed: Installation, scored: None) -> None:
    machines = installed.client("stepfunctions", ACCOUNTS["dev"])
    [machine] = [item for item in machines.list_state_machines()["stateMachines"] if item["name"] == NAME]
    run = machines.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    machines.stop_execution(executionArn=run)
    assert until(lambda: bool(told(installed, "ended from outside (ABORTED)", run)), 20)


def test_an_alarm_of_a_stage_is_told(installed: Installation, scored: None) -> None:
    cloudwatch = installed.client("cloudwatch", ACCOUNTS["dev"])
    for name in (f"{PREFIX}-dev-violations", "somebody-elses"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmActions=[TOPIC],
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            MetricName="Violations",
            Namespace="Tests",
            Period=60,
            Statistic="Sum",
            Threshold=0,
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a column is missing")
    assert until(lambda: bool(told(installed, f"{PREFIX}-dev-violations", "a column is missing")), 10)
    refused = "somebody-elses"
    assert until(lambda: any(refused in item["source_arn"] for item in undelivered(installed)), 10)
    assert told(installed, refused) == []


def test_nothing_of_ours_was_refused(installed: Installation, scored: None) -> None:
    assert [item for item in undelivered(installed) if f"{PREFIX}-" in item["source_arn"]] == []


def undelivered(installed: Installation) -> list[dict[str, Any]]:
    """Return what services could not deliver."""
    found: list[dict[str, Any]] = installed.sandbox.request("undelivered")["undelivered"]
    return found
