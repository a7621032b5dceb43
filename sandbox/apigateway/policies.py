"""Resource policies of REST APIs: kept as given, shown with escaped quotes as AWS does."""

from __future__ import annotations

import json
from typing import Any

from moto.apigateway.models import RestAPI


def install() -> None:
    """Escape the policy wherever an API is shown."""
    to_dict, patch = RestAPI.to_dict, RestAPI.apply_patch_operations

    def shown(self: Any) -> dict[str, Any]:
        value: dict[str, Any] = to_dict(self)
        if value.get("policy"):
            value["policy"] = json.dumps(unescaped(value["policy"]))[1:-1]
        else:
            value.pop("policy", None)
        return value

    def apply_patch_operations(self: Any, operations: list[dict[str, Any]]) -> None:
        patch(self, operations)
        for operation in operations:
            if operation["path"] == "/policy" and (operation["op"] == "remove" or not operation.get("value")):
                self.policy = None
            elif operation["path"] == "/minimumCompressionSize":
                size = operation.get("value")
                self.minimum_compression_size = int(size) if size not in (None, "") else None
            elif operation["path"] == "/disableExecuteApiEndpoint":
                self.disableExecuteApiEndpoint = str(operation.get("value")).lower() == "true"

    RestAPI.to_dict = shown
    RestAPI.apply_patch_operations = apply_patch_operations


def unescaped(policy: str) -> str:
    """A policy as JSON, whichever way it was given. Pure."""
    return policy if policy.lstrip().startswith("{") and '{\\"' not in policy else str(json.loads(f'"{policy}"'))
