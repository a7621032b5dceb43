"""A workspace's state, read straight from its bucket: what it reports and what it holds.

``terraform output`` would do, but only after an init that fetches the provider: hundreds of megabytes to read one
JSON document. The document's format (version 4) has been the same since Terraform 0.12; another one is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .aws import Aws, error_code, error_text
from .errors import DeliveryError

_VERSION = 4


@dataclass(frozen=True, slots=True)
class State:
    """What a state says.

    Attributes:
        outputs: The module's outputs by name, empty before the first apply.
        resources: Addresses of the managed resources (without instance keys), sorted.
    """

    outputs: dict[str, Any] = field(default_factory=dict)
    resources: tuple[str, ...] = ()


def read_state(workspace: Path, aws: Aws) -> State:
    """Return the state of a workspace, an empty one if there is none yet.

    Args:
        workspace: Its folder, whose ``backend.tf.json`` says where the state is.
        aws: An identity that may read it.

    Raises:
        DeliveryError: It cannot be read, or has another format.
    """
    backend = json.loads((workspace / "backend.tf.json").read_bytes())["terraform"]["backend"]["s3"]
    place = f"s3://{backend['bucket']}/{backend['key']}"
    try:
        answer = aws.client("s3").get_object(Bucket=backend["bucket"], Key=backend["key"])
        document = json.loads(answer["Body"].read())
    except ValueError as error:
        raise DeliveryError(f"the state {place} is not JSON: {error}") from error
    except Exception as error:
        if error_code(error) in ("NoSuchKey", "404"):
            return State()
        raise DeliveryError(
            f"the state {place} cannot be read: {error_text(error)}",
            "the role needs its place in the state bucket and the bucket's key",
        ) from error
    if document.get("version") != _VERSION:
        raise DeliveryError(f"the state {place} has format {document.get('version')!r}; this runner reads {_VERSION}")
    # The workspace has one output, named after its one module.
    outputs = document.get("outputs", {}).get("pipeline", {}).get("value")
    return State(outputs if isinstance(outputs, dict) else {}, tuple(sorted(_addresses(document))))


def _addresses(document: dict[str, Any]) -> set[str]:
    return {
        ".".join(filter(None, (resource.get("module"), resource["type"], resource["name"])))
        for resource in document.get("resources", [])
        if resource.get("mode") == "managed" and resource.get("instances")
    }
