"""Raw events to typed values; an event of another kind is an error. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class UnknownEvent(ValueError):
    """An event that this function does not deal with: whatever sends it is set up wrongly."""


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request to the REST API; ``body`` is the bytes as sent, ``query`` its query parameters."""

    method: str
    path: str
    body: bytes
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that was put into the config bucket; ``version`` is "" in a bucket without versions."""

    bucket: str
    key: str
    version: str


@dataclass(frozen=True, slots=True)
class ObjectsStored:
    """One notification of S3, which may carry several objects."""

    objects: tuple[StoredObject, ...]


@dataclass(frozen=True, slots=True)
class DeliverySucceeded:
    """An execution of a delivery pipeline succeeded."""

    pipeline: str
    execution_id: str


@dataclass(frozen=True, slots=True)
class ModelApproved:
    """A model version was approved in a group that a pipeline deploys from.

    Attributes:
        pipeline: The pipeline.
        bundle_key: The bundle that was provisioned last for it; its config is what is wanted.
        model_package_arn: The version.
    """

    pipeline: str
    bundle_key: str
    model_package_arn: str


Event = ApiRequest | ObjectsStored | DeliverySucceeded | ModelApproved


def read_event(event: Any) -> Event:
    """Return what came.

    Raises:
        UnknownEvent: It is none of the events that the platform's workspaces send.
    """
    if isinstance(event, Mapping):
        if "httpMethod" in event:
            return _api_request(event)
        records = event.get("Records")
        if records and all(record.get("eventSource") == "aws:s3" for record in records):
            return ObjectsStored(tuple(_record(record["s3"]) for record in records))
        if "approved" in event:
            # Written by the rule of a delivery pipeline (modules/delivery_pipeline/on_approval.tf).
            return ModelApproved(**event["approved"])
        source, detail = event.get("source"), event.get("detail") or {}
        if source == "aws.s3" and event.get("detail-type") == "Object Created":
            stored = detail["object"]
            return ObjectsStored((StoredObject(detail["bucket"]["name"], stored["key"], stored.get("version-id", "")),))
        if source == "aws.codepipeline" and detail.get("state") == "SUCCEEDED" and "action" not in detail:
            return DeliverySucceeded(detail["pipeline"], detail["execution-id"])
    known = sorted(event) if isinstance(event, Mapping) else type(event).__name__
    expected = "an API request, an S3 notification, a delivery that succeeded or an approved model"
    raise UnknownEvent(f"not {expected}: {known}")


def _api_request(event: Mapping[str, Any]) -> ApiRequest:
    text = event.get("body") or ""
    body = text.encode() if isinstance(text, str) else b""
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(body, validate=True)
        except binascii.Error:
            body = b"(not base64)"
    path = "/" + str(event.get("path") or "").strip("/")
    return ApiRequest(str(event["httpMethod"]).upper(), path, body, event.get("queryStringParameters") or {})


def _record(s3: Mapping[str, Any]) -> StoredObject:
    from urllib.parse import unquote_plus

    stored = s3["object"]
    # S3 encodes keys in notifications as forms do: a blank is a plus sign.
    return StoredObject(s3["bucket"]["name"], unquote_plus(stored["key"]), stored.get("versionId", ""))
