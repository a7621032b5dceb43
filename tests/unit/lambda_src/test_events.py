"""Raw events to typed values."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from lambda_src.orchestrator.events import (
    ApiRequest,
    DeliverySucceeded,
    ModelApproved,
    ObjectsStored,
    StoredObject,
    UnknownEvent,
    read_event,
)


def record(key: str, **stored: Any) -> dict[str, Any]:
    """Return a record of an S3 notification."""
    return {"eventSource": "aws:s3", "s3": {"bucket": {"name": "configs"}, "object": {"key": key, **stored}}}


def test_api_request_is_read() -> None:
    event = {"httpMethod": "post", "path": "/provisionpipeline/", "body": "{}", "queryStringParameters": None}
    assert read_event(event) == ApiRequest("POST", "/provisionpipeline", b"{}", {})


def test_encoded_body_is_decoded() -> None:
    event = {"httpMethod": "POST", "path": "/x", "body": base64.b64encode(b"{}").decode(), "isBase64Encoded": True}
    assert read_event(event) == ApiRequest("POST", "/x", b"{}", {})


def test_every_record_of_a_notification_is_read_and_its_key_decoded() -> None:
    event = {"Records": [record("team+a/mlops-config.json", versionId="v1"), record("b%C3%A9/mlops-config.json")]}
    assert read_event(event) == ObjectsStored(
        (
            StoredObject("configs", "team a/mlops-config.json", "v1"),
            StoredObject("configs", "bé/mlops-config.json", ""),
        )
    )


def test_event_of_a_bucket_through_eventbridge_is_read_as_it_is() -> None:
    detail = {"bucket": {"name": "configs"}, "object": {"key": "a+b/mlops-config.json", "version-id": "v1"}}
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    assert read_event(event) == ObjectsStored((StoredObject("configs", "a+b/mlops-config.json", "v1"),))


def test_delivery_that_succeeded_is_read() -> None:
    detail = {"pipeline": "acme-ml-churn", "execution-id": "e1", "state": "SUCCEEDED"}
    event = {"source": "aws.codepipeline", "detail": detail}
    assert read_event(event) == DeliverySucceeded("acme-ml-churn", "e1")


def test_model_that_was_approved_is_read() -> None:
    arn = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/6"
    event = {"approved": {"bundle_key": "bundles/churn/ab.zip", "model_package_arn": arn, "pipeline": "churn"}}
    assert read_event(event) == ModelApproved("churn", "bundles/churn/ab.zip", arn)


@pytest.mark.parametrize(
    "event",
    [
        {},
        None,
        [],
        {"Records": []},
        {"Records": [{"eventSource": "aws:sqs"}]},
        {"source": "aws.codepipeline", "detail": {"state": "FAILED"}},
        {"source": "aws.codepipeline", "detail": {"state": "SUCCEEDED", "action": "Apply"}},
        {"source": "aws.s3", "detail-type": "Object Deleted", "detail": {}},
        {"pipeline_type": "byom_realtime_builtin"},
    ],
)
def test_other_events_are_errors(event: Any) -> None:
    with pytest.raises(UnknownEvent):
        read_event(event)
