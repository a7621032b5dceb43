"""Data capture: one file an invocation below the capture prefix, in the layout that the monitors read.

`<destination>/<endpoint>/<variant>/<yyyy>/<mm>/<dd>/<hh>/<MM>-<SS>-<mmm>-<uuid>.jsonl`, times in UTC. AWS
collects the records of some minutes in a file; here each is written at once, with the model's execution role.
"""

from __future__ import annotations

import base64
import json
import logging
import uuid
from datetime import datetime
from typing import Any

from sandbox.sagemaker.access import AccessFailed, Role, join_uri

log = logging.getLogger(__name__)


def encode(body: bytes, content_type: str, headers: dict[str, Any]) -> dict[str, str]:
    """`data` and `encoding` of a payload: CSV and JSON for the configured content types, else BASE64.

    Pure.
    """
    kind = content_type.split(";")[0].strip().lower()
    for member, encoding in (("CsvContentTypes", "CSV"), ("JsonContentTypes", "JSON")):
        if kind in (known.lower() for known in headers.get(member, [])):
            return {"data": body.decode("utf-8", "replace"), "encoding": encoding}
    return {"data": base64.b64encode(body).decode(), "encoding": "BASE64"}


def record(
    config: dict[str, Any],
    request: tuple[bytes, str],
    response: tuple[bytes, str],
    event_id: str,
    moment: datetime,
    inference_id: str | None,
) -> dict[str, Any]:
    """One captured invocation, as a line of a capture file. Pure.

    Args:
        config: The endpoint configuration's DataCaptureConfig.
        request: Body and content type.
        response: Body and content type.
        event_id: Identifies the invocation; ground truth is joined by it or by the inference id.
        moment: When the model was asked.
        inference_id: What the caller named the invocation.
    """
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    headers = config.get("CaptureContentTypeHeader", {})
    data: dict[str, Any] = {}
    for member, mode, (body, kind) in (
        ("endpointInput", "Input", request),
        ("endpointOutput", "Output", response),
    ):
        if mode in modes or "InputAndOutput" in modes:
            data[member] = {"observedContentType": kind, "mode": mode.upper(), **encode(body, kind, headers)}
    metadata = {"eventId": event_id, "inferenceTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if inference_id:
        metadata["inferenceId"] = inference_id
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def key_of(endpoint: str, variant: str, moment: datetime) -> str:
    """Where below the destination a file of that moment goes."""
    folder = moment.strftime(f"{endpoint}/{variant}/%Y/%m/%d/%H")
    return f"{folder}/{moment.strftime('%M-%S')}-{moment.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"


def write(config: dict[str, Any], key: str, line: dict[str, Any], role: Role) -> None:
    """Put one capture file; a failure is logged and nobody is told, as on AWS."""
    uri = join_uri(config["DestinationS3Uri"], key)
    try:
        role.write(uri, json.dumps(line).encode() + b"\n", config.get("KmsKeyId") or None)
    except AccessFailed as error:
        log.warning("data capture of %s: %s", role.source_arn, error)
