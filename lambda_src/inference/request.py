"""What a caller asks of the endpoint: the body of POST /inference, checked and turned into arguments. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

# Optional members of the body beside payload and content_type, and the argument that each becomes.
OPTIONS = {
    "accept": "Accept",
    "target_variant": "TargetVariant",
    "target_model": "TargetModel",
    "custom_attributes": "CustomAttributes",
    "inference_id": "InferenceId",
}


class BadRequest(Exception):
    """The caller's request cannot be understood; the text says what is wrong and what is expected."""


def endpoint_arguments(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of InvokeEndpoint, without the endpoint's name.

    Args:
        event: An API Gateway proxy event. Its body is a JSON object with ``payload`` (text goes to the
            model as it is, any other JSON as JSON text), ``content_type`` and, if wanted, ``OPTIONS``;
            other members are passed over, as they always were.

    Raises:
        BadRequest: The body is not such an object; names every problem.
    """
    body = _body(event)
    problems = []
    if body.get("payload") is None:
        problems.append("payload is missing: text, or any JSON, that the model takes")
    if not isinstance(body.get("content_type"), str) or not body["content_type"]:
        problems.append("content_type is missing: text such as text/csv or application/json")
    for name in OPTIONS:
        if name in body and (not isinstance(body[name], str) or not body[name]):
            problems.append(f"{name} must be text")
    if problems:
        raise BadRequest("; ".join(problems))
    payload = body["payload"]
    return {
        "Body": payload if isinstance(payload, str) else json.dumps(payload),
        "ContentType": body["content_type"],
        **{argument: body[name] for name, argument in OPTIONS.items() if name in body},
    }


def _body(event: Mapping[str, Any]) -> Mapping[str, Any]:
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            text = base64.b64decode(text, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise BadRequest("the body must be UTF-8 text") from error
    try:
        body = json.loads(text)
    except ValueError as error:
        raise BadRequest(f"the body must be a JSON object: {error}") from error
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object with payload and content_type")
    return body
