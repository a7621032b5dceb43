"""CloudWatch Logs: saved queries, and keys that must let the service in.

moto has neither PutQueryDefinition and the like nor AssociateKmsKey, and takes any key for a log group; AWS
refuses one whose policy does not let `logs.<region>.amazonaws.com` use it, which every new platform runs
into once.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

from sandbox.apis.operations import Call, Operations
from sandbox.context import Context
from sandbox.errors import SandboxFault
from sandbox.iam.decide import service_may
from sandbox.iam.guards import key_guard, key_of
from sandbox.iam.policy import Question
from sandbox.iam.resources import key_arn

operations = Operations("logs", "InvalidParameterException")

_saved: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}


def install(context: Context) -> None:
    """Add the calls and the check."""
    create = LogsBackend.create_log_group

    def create_log_group(self: Any, log_group_name: str, tags: Any, **named: Any) -> Any:
        key_id = named.get("kmsKeyId")
        if key_id and not _is_usable(key_id, log_group_name, self.account_id, self.region_name):
            raise InvalidParameterException(_refusal(log_group_name, self.account_id, self.region_name))
        return create(self, log_group_name, tags, **named)

    LogsBackend.create_log_group = create_log_group
    operations.install(context, LogsResponse)


@operations("AssociateKmsKey")
def associate_kms_key(call: Call) -> None:
    """Encrypt what a log group gets from now on."""
    group = _group(call)
    if not _is_usable(call["kmsKeyId"], group.name, call.account_id, call.region):
        raise SandboxFault("InvalidParameterException", _refusal(group.name, call.account_id, call.region))
    group.kms_key_id = call["kmsKeyId"]


@operations("DisassociateKmsKey")
def disassociate_kms_key(call: Call) -> None:
    """Go back to the service's own key."""
    _group(call).kms_key_id = None


def _group(call: Call) -> Any:
    name = call.get("logGroupName") or str(call.get("resourceIdentifier", "")).partition(":log-group:")[2]
    group = logs_backends[call.account_id][call.region].groups.get(name)
    if group is None:
        raise SandboxFault("ResourceNotFoundException", "The specified log group does not exist.")
    return group


def _is_usable(key_id: str, group: str, account_id: str, region: str) -> bool:
    """True if the key exists and its policy lets the logs service of the region use it for the group."""
    arn = key_arn(key_id, account_id, region)
    if ":key/" not in arn or key_of(arn) is None:
        return False
    values = {
        "aws:sourceaccount": account_id,
        "aws:sourcearn": _arn(group, account_id, region),
        "aws:securetransport": "true",
        "kms:calleraccount": account_id,
        "kms:encryptioncontext:aws:logs:arn": _arn(group, account_id, region),
        "kms:viaservice": f"logs.{region}.amazonaws.com",
    }
    services = (f"logs.{region}.amazonaws.com", "logs.amazonaws.com")
    questions = [
        Question(action, ((arn,),), values) for action in ("kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey")
    ]
    policy = key_guard(arn).policy
    return all(any(service_may(policy, question, service) for service in services) for question in questions)


def _refusal(group: str, account_id: str, region: str) -> str:
    return (
        "The specified KMS key does not exist or is not allowed to be used with Arn "
        f"'{_arn(group, account_id, region)}'"
    )


def _arn(group: str, account_id: str, region: str) -> str:
    return f"arn:aws:logs:{region}:{account_id}:log-group:{group}"


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
