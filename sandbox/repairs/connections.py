"""CodeConnections (and its older name, CodeStar Connections): the connection to a git host.

moto has neither. A new connection is AVAILABLE at once, as if somebody had finished the handshake in the
console; nothing here ever reaches a git host.
"""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.context import Context
from sandbox.errors import SandboxFault

# What X-Amz-Target has before the operation: botocore's name, and the Go SDK's (Terraform's).
_PREFIXES = {
    "codeconnections": (
        "com.amazonaws.codeconnections.CodeConnections_20231201",
        "CodeConnections_20231201",
    ),
    "codestar-connections": (
        "com.amazonaws.codestar.connections.CodeStar_connections_20191201",
        "CodeStar_connections_20191201",
    ),
}

_State = dict[tuple[str, str], dict[str, dict[str, Any]]]


def install(context: Context) -> None:
    """Serve both names; what is made by one is seen by the other, as on AWS."""
    connections: _State = {}
    tags: dict[str, dict[str, str]] = {}
    for service, prefixes in _PREFIXES.items():
        operations = _operations(service, connections, tags)
        for prefix in prefixes:
            context.front.append(operations.front(context, prefix))


def _operations(service: str, connections: _State, tags: dict[str, dict[str, str]]) -> Operations:
    operations = Operations(service)

    def of(call: Call) -> dict[str, dict[str, Any]]:
        return connections.setdefault((call.account_id, call.region), {})

    def find(call: Call) -> dict[str, Any]:
        arn = call["ConnectionArn"]
        # The last part is the connection; the service's name in the ARN is the caller's choice.
        for item in of(call).values():
            if item["ConnectionArn"].rsplit("/", 1)[1] == arn.rsplit("/", 1)[-1]:
                return item
        raise SandboxFault("ResourceNotFoundException", f"Connection {arn} not found")

    @operations("CreateConnection")
    def create(call: Call) -> dict[str, Any]:
        if any(item["ConnectionName"] == call["ConnectionName"] for item in of(call).values()):
            raise SandboxFault("ResourceUnavailableException", f"Connection {call['ConnectionName']} exists already")
        arn = f"arn:aws:{service}:{call.region}:{call.account_id}:connection/{uuid.uuid4()}"
        item = {
            "ConnectionName": call["ConnectionName"],
            "ConnectionArn": arn,
            "ProviderType": call.get("ProviderType", "GitHub"),
            "OwnerAccountId": call.account_id,
            "ConnectionStatus": "AVAILABLE",
        }
        if call.get("HostArn"):
            item["HostArn"] = call["HostArn"]
        of(call)[arn] = item
        tags[arn] = {tag["Key"]: tag["Value"] for tag in call.get("Tags", [])}
        return {"ConnectionArn": arn, "Tags": call.get("Tags", [])}

    @operations("GetConnection")
    def get(call: Call) -> dict[str, Any]:
        return {"Connection": find(call)}

    @operations("ListConnections")
    def list_all(call: Call) -> dict[str, Any]:
        wanted = call.get("ProviderTypeFilter")
        return {"Connections": [item for item in of(call).values() if wanted in (None, item["ProviderType"])]}

    @operations("DeleteConnection")
    def delete(call: Call) -> None:
        arn = find(call)["ConnectionArn"]
        del of(call)[arn]
        tags.pop(arn, None)

    @operations("TagResource")
    def tag(call: Call) -> None:
        tags.setdefault(call["ResourceArn"], {}).update({t["Key"]: t["Value"] for t in call["Tags"]})

    @operations("UntagResource")
    def untag(call: Call) -> None:
        for key in call["TagKeys"]:
            tags.get(call["ResourceArn"], {}).pop(key, None)

    @operations("ListTagsForResource")
    def list_tags(call: Call) -> dict[str, Any]:
        found = tags.get(call["ResourceArn"], {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}

    return operations
