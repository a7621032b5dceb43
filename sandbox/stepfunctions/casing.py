"""Names between the services' own spelling and Step Functions' PascalCase, by the service's model. Pure."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

_LEADING = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z]|[0-9]*$)")


def pascal(name: str) -> str:
    """A member's name as the SDK for Java has it, with a capital: `projectName` as `ProjectName`.

    A name that begins with several capitals becomes a word, `SSEKMSKeyId` is `SsekmsKeyId`; those within stay as
    they are (`AutoMLJobName`).
    """
    name = name[:1].upper() + name[1:]
    return _LEADING.sub(lambda found: found[0].capitalize(), name, count=1) if _LEADING.match(name) else name


def to_request(value: Any, shape: Shape | None) -> Any:
    """Parameters in PascalCase as boto3 wants them; objects where the service wants text become JSON text."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        # Names are those of the SDK for Java, which writes runs of capitals as words: SsekmsKeyId.
        names = {name.lower(): name for name in shape.members}
        request: dict[str, Any] = {}
        for key, item in value.items():
            name = names.get(str(key).lower(), str(key))
            request[name] = to_request(item, shape.members.get(name))
        return request
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [to_request(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: to_request(item, shape.value) for key, item in value.items()}
    if shape is not None and shape.type_name in ("string", "blob") and not isinstance(value, (str, bytes)):
        text = json.dumps(value, separators=(",", ":")) if value is not None else value
        return text.encode() if shape.type_name == "blob" and isinstance(text, str) else text
    if shape is not None and shape.type_name == "blob" and isinstance(value, str):
        return value.encode()
    return value


def to_result(value: Any, shape: Shape | None, *, epoch: bool = False) -> Any:
    """A boto3 answer as JSON in PascalCase; times as ISO 8601, or with `epoch` as milliseconds since 1970."""
    if isinstance(value, dict):
        if isinstance(shape, StructureShape):
            return {
                pascal(key): to_result(item, shape.members.get(key), epoch=epoch)
                for key, item in value.items()
                if key != "ResponseMetadata"
            }
        inner = shape.value if isinstance(shape, MapShape) else None
        return {key: to_result(item, inner, epoch=epoch) for key, item in value.items() if key != "ResponseMetadata"}
    if isinstance(value, list):
        inner = shape.member if isinstance(shape, ListShape) else None
        return [to_result(item, inner, epoch=epoch) for item in value]
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        if epoch:
            return int(moment.timestamp() * 1000)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, io.IOBase) or hasattr(value, "read"):
        return value.read().decode("utf-8", "replace")
    return value
