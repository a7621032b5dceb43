"""Configs in a bucket: every object, an answer to someone, another try only when it helps."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.fakes_aws import aws_error

from .conftest import ARTIFACT, CONFIG, Orchestrator

TOPIC = "arn:aws:sns:eu-central-1:111111111111:acme-ml-notifications"


def drop(orchestrator: Orchestrator, objects: dict[str, Any]) -> Any:
    """Put objects into the config bucket in one notification; values are contents or errors."""

    def read(Bucket: str, Key: str, **rest: Any) -> Any:
        content = objects[Key]
        if isinstance(content, Exception):
            return content
        text = content if isinstance(content, str) else json.dumps(content)
        return {"Body": io.BytesIO(text.encode())}

    orchestrator.world.answers("s3", get_object=read)
    records = [
        {"eventSource": "aws:s3", "s3": {"bucket": {"name": "configs"}, "object": {"key": key, "versionId": "v1"}}}
        for key in objects
    ]
    return orchestrator.app.handle({"Records": records}, "request-1")


def messages(orchestrator: Orchestrator) -> list[dict[str, str]]:
    """Return what was published."""
    return orchestrator.world.client("sns").called("publish")


def test_config_is_provisioned_and_its_acceptance_told(orchestrator: Orchestrator) -> None:
    outcome = drop(orchestrator, {"mlops-config.json": CONFIG})
    (answers,) = outcome["objects"].values()
    assert answers[0]["started"] is True
    (message,) = messages(orchestrator)
    assert (message["TopicArn"], message["Subject"]) == (TOPIC, "Accepted: mlops-config.json")
    assert "churn-realtime-builtin: success: stack creation started" in message["Message"]
    assert orchestrator.world.client("s3").called("get_object") == [
        {"Bucket": "configs", "Key": "mlops-config.json", "VersionId": "v1"}
    ]


def test_list_of_configs_is_provisioned_as_a_whole(orchestrator: Orchestrator) -> None:
    outcome = drop(orchestrator, {"a/mlops-config.json": [CONFIG, {**CONFIG, "model_name": "fraud"}]})
    (answers,) = outcome["objects"].values()
    assert [answer["pipeline"] for answer in answers] == ["churn-realtime-builtin", "fraud-realtime-builtin"]


@pytest.mark.parametrize("key", ["mlops-config.yaml", "churn/mlops-config.yml"])
def test_yaml_is_taken_as_json_is(orchestrator: Orchestrator, key: str) -> None:
    text = "\n".join(f"{name}: {json.dumps(value)}" for name, value in CONFIG.items())
    (answers,) = drop(orchestrator, {key: f"# a comment\n{text}\n"})["objects"].values()
    assert [answer["pipeline"] for answer in answers] == ["churn-realtime-builtin"]
    assert messages(orchestrator)[0]["Subject"] == f"Accepted: {key}"


def test_list_with_a_wrong_config_starts_none_of_them(orchestrator: Orchestrator) -> None:
    drop(orchestrator, {"mlops-config.json": [CONFIG, {**CONFIG, "bogus": 1}]})
    assert orchestrator.world.changes == []
    (message,) = messages(orchestrator)
    assert message["Subject"] == "Refused: mlops-config.json"
    assert "[1].bogus: is not a known key" in message["Message"]


def test_missing_artifact_of_the_second_config_starts_none_of_them(orchestrator: Orchestrator) -> None:
    other = {**CONFIG, "model_name": "fraud", "model_artifact_location": "fraud/model.tar.gz"}

    def head(Key: str, **rest: Any) -> Any:
        return aws_error("404", status=404) if Key.startswith("fraud") else ARTIFACT

    orchestrator.world.answers("s3", head_object=head)
    drop(orchestrator, {"mlops-config.json": [CONFIG, other]})
    assert orchestrator.world.changes == []
    assert "[1].model_artifact_location: there is no object" in messages(orchestrator)[0]["Message"]


@pytest.mark.parametrize(
    ("key", "content", "words"),
    [
        ("mlops-config.json", "{", "[bad-json]"),
        ("mlops-config.json", {"pipeline_type": "list_model_cards"}, "model-card operation"),
        ("mlops-config.yaml", "pipeline_type: x", "mlops-config.yaml:1:1: pipeline_type: "),
        ("mlops-config.yaml", "a:\n\tb: 1", "[tab-indentation]"),
        ("mlops-config.json", aws_error("NoSuchKey", "gone", status=404), "NoSuchKey"),
    ],
)
def test_object_that_is_refused_is_told_and_not_tried_again(
    orchestrator: Orchestrator, key: str, content: Any, words: str
) -> None:
    assert list(drop(orchestrator, {key: content})["objects"].values()) == ["refused"]
    assert words in messages(orchestrator)[0]["Message"]
    assert orchestrator.world.changes == []


def test_object_that_is_no_config_is_ignored(orchestrator: Orchestrator) -> None:
    assert list(drop(orchestrator, {"mlops-config.json.bak": CONFIG})["objects"].values()) == ["ignored"]
    assert orchestrator.world.calls == []


@pytest.mark.parametrize(
    "error",
    [
        aws_error("SlowDown", status=503),
        aws_error("InternalError", status=500),
        EndpointConnectionError(endpoint_url="https://s3"),
    ],
)
def test_object_is_tried_again_when_that_may_help_and_the_others_are_dealt_with(
    orchestrator: Orchestrator, error: Exception
) -> None:
    with pytest.raises(type(error)):
        drop(orchestrator, {"a/mlops-config.json": error, "b/mlops-config.json": CONFIG})
    assert [message["Subject"] for message in messages(orchestrator)] == ["Accepted: b/mlops-config.json"]


def test_subject_is_what_sns_takes(orchestrator: Orchestrator) -> None:
    drop(orchestrator, {f"{'é' * 120}/mlops-config.json": CONFIG})
    subject = messages(orchestrator)[0]["Subject"]
    assert len(subject) == 100
    assert subject.isascii()
