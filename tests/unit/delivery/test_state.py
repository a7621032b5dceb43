"""Reading a workspace's state."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.state import State, read_state
from tests.fakes_aws import FakeAws, aws_error

from .conftest import backend

DOCUMENT = {
    "version": 4,
    "outputs": {"pipeline": {"value": {"live": [{"kind": "x"}]}, "type": ["object", {}]}},
    "resources": [
        {"mode": "managed", "module": "module.pipeline", "type": "b", "name": "two", "instances": [{}]},
        {"mode": "managed", "type": "a", "name": "one", "instances": [{}, {}]},
        {"mode": "managed", "type": "a", "name": "gone", "instances": []},
        {"mode": "data", "type": "aws_region", "name": "current", "instances": [{}]},
    ],
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a workspace's folder."""
    (tmp_path / "backend.tf.json").write_bytes(backend("dev"))
    return tmp_path


def bucket_with(content: Any) -> FakeAws:
    """Return S3 with one object, or an error in its place."""
    if isinstance(content, Exception):
        return FakeAws(s3={"get_object": content})
    text = content if isinstance(content, str) else json.dumps(content)
    return FakeAws(s3={"get_object": {"Body": io.BytesIO(text.encode())}})


def test_outputs_and_managed_resources_are_read_where_the_backend_says(workspace: Path) -> None:
    aws = bucket_with(DOCUMENT)
    assert read_state(workspace, aws) == State({"live": [{"kind": "x"}]}, ("a.one", "module.pipeline.b.two"))
    assert aws.client("s3").called("get_object") == [
        {"Bucket": "states", "Key": "acme-ml/dev/churn-realtime-builtin/terraform.tfstate"}
    ]


@pytest.mark.parametrize("content", [aws_error("NoSuchKey", status=404), {"version": 4}])
def test_state_that_is_not_there_or_empty_reports_nothing(workspace: Path, content: Any) -> None:
    assert read_state(workspace, bucket_with(content)) == State()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (aws_error("AccessDenied", "no"), "cannot be read: AccessDenied: no"),
        ("{", "is not JSON"),
        ({"version": 5}, "has format 5"),
    ],
)
def test_state_that_cannot_be_read_is_not_taken_for_empty(workspace: Path, content: Any, words: str) -> None:
    with pytest.raises(DeliveryError, match=words):
        read_state(workspace, bucket_with(content))
