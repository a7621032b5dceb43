"""The inference API's Lambda: what callers of the AWS solution send and get back, and what is new."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.response import StreamingBody
from botocore.session import get_session
from botocore.stub import Stubber

from lambda_src.inference import handler as entry
from lambda_src.inference.request import BadRequest, endpoint_arguments

ROOT = Path(__file__).parents[3]


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """A stub of the SageMaker runtime that checks every call against botocore's model."""
    monkeypatch.setenv("ENDPOINT_NAME", "churn")
    monkeypatch.delenv("DETAILED_ERROR_MESSAGES", raising=False)
    session = get_session()
    session.set_credentials("test", "test")
    client = session.create_client("sagemaker-runtime", region_name="eu-west-1")
    with Stubber(client) as stubber:
        monkeypatch.setattr(entry, "_client", lambda: client)
        yield stubber
        stubber.assert_no_pending_responses()


def event(body: Any) -> dict[str, Any]:
    """An API Gateway proxy event."""
    return {"httpMethod": "POST", "path": "/inference", "isBase64Encoded": False, "body": body}


def answer(data: bytes, content_type: str = "text/csv; charset=utf-8") -> dict[str, Any]:
    """What InvokeEndpoint gives back."""
    return {"Body": StreamingBody(io.BytesIO(data), len(data)), "ContentType": content_type}


@pytest.mark.parametrize(
    ("payload", "sent"),
    [
        ("1,2,3\n4,5,6", "1,2,3\n4,5,6"),
        ("", ""),
        ({"instances": [[1, 2.5]]}, '{"instances": [[1, 2.5]]}'),
        ([1, 2], "[1, 2]"),
        (0, "0"),
        (False, "false"),
    ],
)
def test_text_goes_to_the_model_as_it_is_and_json_as_json_text(payload: Any, sent: str) -> None:
    arguments = endpoint_arguments(event(json.dumps({"payload": payload, "content_type": "text/csv"})))

    assert arguments == {"Body": sent, "ContentType": "text/csv"}


def test_the_models_answer_comes_back_as_text(runtime: Stubber) -> None:
    runtime.add_response(
        "invoke_endpoint",
        answer("0.91\nü".encode()),
        {"EndpointName": "churn", "Body": "1,2", "ContentType": "text/csv"},
    )

    reply = entry.handler(event('{"payload": "1,2", "content_type": "text/csv"}'), None)

    assert reply == {
        "statusCode": 200,
        "isBase64Encoded": False,
        "body": "0.91\nü",
        "headers": {"Content-Type": "plain/text"},
    }


def test_options_reach_the_endpoint_and_accept_brings_its_content_type(runtime: Stubber) -> None:
    runtime.add_response(
        "invoke_endpoint",
        answer(b'{"p": 1}', "application/json"),
        {
            "EndpointName": "churn",
            "Body": "[1]",
            "ContentType": "application/json",
            "Accept": "application/json",
            "TargetVariant": "Challenger",
            "InferenceId": "row-7",
        },
    )
    body = {"payload": [1], "content_type": "application/json", "accept": "application/json"}
    body |= {"target_variant": "Challenger", "inference_id": "row-7", "something_else": 1}

    reply = entry.handler(event(json.dumps(body)), None)

    assert reply["headers"] == {"Content-Type": "application/json"}
    assert reply["body"] == '{"p": 1}'


def test_a_base64_body_is_read() -> None:
    body = base64.b64encode(b'{"payload": "1", "content_type": "text/csv"}').decode()

    assert endpoint_arguments({"body": body, "isBase64Encoded": True})["Body"] == "1"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, "JSON object"),
        ("", "JSON object"),
        ("{", "JSON object"),
        ("[]", "payload and content_type"),
        ('{"content_type": "text/csv"}', "payload is missing"),
        ('{"payload": null, "content_type": "text/csv"}', "payload is missing"),
        ('{"payload": "1"}', "content_type is missing"),
        ('{"payload": "1", "content_type": 3}', "content_type is missing"),
        ('{"payload": "1", "content_type": "text/csv", "accept": 1}', "accept must be text"),
    ],
)
def test_a_body_that_cannot_be_understood_is_refused_and_told_why(body: Any, words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        endpoint_arguments(event(body))

    reply = entry.handler(event(body), None)
    assert reply["statusCode"] == 400
    assert json.loads(reply["body"])["message"] == "A BadRequest exception occurred"


def test_every_problem_is_named_at_once() -> None:
    with pytest.raises(BadRequest, match=r"payload is missing.*content_type is missing.*target_variant must be text"):
        endpoint_arguments(event('{"target_variant": 1}'))


@pytest.mark.parametrize(("switch", "shown"), [("true", True), ("false", False)])
def test_an_aws_error_keeps_its_status_and_its_detail_can_be_hidden(
    runtime: Stubber, monkeypatch: pytest.MonkeyPatch, switch: str, shown: bool
) -> None:
    monkeypatch.setenv("DETAILED_ERROR_MESSAGES", switch)
    runtime.add_client_error("invoke_endpoint", "ModelError", "the container said no", http_status_code=424)

    reply = entry.handler(event('{"payload": "1", "content_type": "text/csv"}'), None)

    body = json.loads(reply["body"])
    assert reply["statusCode"] == 424
    assert body["message"] == "A boto3 ClientError occurred"
    assert ("detailedMessage" in body) is shown


def test_an_answer_that_is_not_text_is_an_error(runtime: Stubber) -> None:
    runtime.add_response("invoke_endpoint", answer(b"\xff\xfe\x00"))

    reply = entry.handler(event('{"payload": "1", "content_type": "text/csv"}'), None)

    assert reply["statusCode"] == 500
    assert "not text" in json.loads(reply["body"])["detailedMessage"]


def test_the_client_gives_up_before_lambda_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMEOUT_SECONDS", "12")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    entry._client.cache_clear()

    config = entry._client().meta.config

    entry._client.cache_clear()
    assert config.read_timeout == 11
    assert config.retries["total_max_attempts"] == 1


def test_the_committed_zip_is_what_the_source_makes_and_runs(tmp_path: Path) -> None:
    fresh = subprocess.run([sys.executable, str(ROOT / "tools/package_inference.py"), "--check"], check=False)
    assert fresh.returncode == 0

    with zipfile.ZipFile(ROOT / "modules/pipelines/realtime_inference/inference.zip") as archive:
        archive.extractall(tmp_path)
    code = "import inference.handler as h; print(h.handler({'body': '{}'}, None)['statusCode'])"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "400"
