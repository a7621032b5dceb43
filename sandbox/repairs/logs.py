"""CloudWatch Logs: saved queries (PutQueryDefinition and the like), which moto does not have."""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.responses import LogsResponse

from sandbox.apis.operations import Call, Operations
from sandbox.context import Context
from sandbox.errors import SandboxFault

operations = Operations("logs", "InvalidParameterException")

_saved: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}


def install(context: Context) -> None:
    """Add the calls."""
    operations.install(context, LogsResponse)


@operations("PutQueryDefinition")
def put_query_definition(call: Call) -> dict[str, Any]:
    """Save a query, or change one that was saved."""
    saved = _of(call)
    identifier = call.get("queryDefinitionId") or str(uuid.uuid4())
    if call.get("queryDefinitionId") and identifier not in saved:
        raise SandboxFault("ResourceNotFoundException", f"The query definition {identifier} does not exist.")
    saved[identifier] = {
        "queryDefinitionId": identifier,
        "name": call["name"],
        "queryString": call["queryString"],
        "logGroupNames": call.get("logGroupNames", []),
        "lastModified": int(unix_time_millis()),
    }
    return {"queryDefinitionId": identifier}


@operations("DescribeQueryDefinitions")
def describe_query_definitions(call: Call) -> dict[str, Any]:
    """The saved queries by name."""
    prefix = call.get("queryDefinitionNamePrefix", "")
    found = [item for item in _of(call).values() if item["name"].startswith(prefix)]
    return {"queryDefinitions": sorted(found, key=lambda item: str(item["name"]))}


@operations("DeleteQueryDefinition")
def delete_query_definition(call: Call) -> dict[str, Any]:
    """Forget a query."""
    return {"success": _of(call).pop(call["queryDefinitionId"], None) is not None}


def _of(call: Call) -> dict[str, dict[str, Any]]:
    return _saved.setdefault((call.account_id, call.region), {})
