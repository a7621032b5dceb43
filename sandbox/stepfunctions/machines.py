"""State machines: Create, Update, Describe, List, Delete, Validate, versions, aliases' absence and tags."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.models import sagemaker_backends
from moto.utilities.utils import get_partition

from sandbox.apis.operations import Call, Operations
from sandbox.errors import SandboxFault
from sandbox.stepfunctions import definition as definitions
from sandbox.stepfunctions.execution import Execution
from sandbox.stepfunctions.managed_rules import require_permissions

operations = Operations("stepfunctions")

_LOGGING = {"level": "OFF", "includeExecutionData": False}
_PAGE = 100


@dataclass(slots=True, eq=False)
class Machine:
    """A state machine; `document` is what Describe answers."""

    arn: str
    document: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    versions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class State:
    """The machines and executions of one account and region; executions outlive their machine."""

    machines: dict[str, Machine] = field(default_factory=dict)
    executions: dict[str, Execution] = field(default_factory=dict)


def state(account_id: str, region: str) -> State:
    """The state of an account and region; kept in a backend of moto's, so that a reset clears it."""
    backend = sagemaker_backends[account_id][region]
    found: State = backend.__dict__.setdefault("sandbox_stepfunctions", State())
    return found


def halt_all() -> None:
    """End every execution that runs; for when the sandbox stops."""
    for regions in list(sagemaker_backends.values()):
        for backend in list(regions.values()):
            for execution in list(backend.__dict__.get("sandbox_stepfunctions", State()).executions.values()):
                execution.halt.set()


def state_of(call: Call) -> State:
    """The state that a request is about."""
    return state(call.account_id, call.region)


def find_machine(call: Call, arn: str) -> Machine:
    """The machine of an ARN, with or without a version.

    Raises:
        SandboxFault: InvalidArn, StateMachineDoesNotExist.
    """
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "states" or parts[5] != "stateMachine":
        raise SandboxFault("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    machine = state(parts[4], parts[3]).machines.get(":".join(parts[:7]))
    if machine is None or parts[4] != call.account_id:
        raise SandboxFault("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return machine


def page(call: Call, items: list[Any]) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, and the token of the next as members of the answer."""
    token = call.get("nextToken", "0")
    if not token.isdecimal():
        raise SandboxFault("InvalidToken", f"Invalid Token: '{token}'")
    start, size = int(token), call.get("maxResults", 0) or _PAGE
    more = {"nextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more


@operations("ValidateStateMachineDefinition")
def validate_definition(call: Call) -> dict[str, Any]:
    found = definitions.check(call["definition"])
    return {
        "result": "FAIL" if found else "OK",
        "diagnostics": [
            {"severity": "ERROR", "code": f.code, "message": f.message, "location": f.location} for f in found
        ],
        "truncated": False,
    }


@operations("CreateStateMachine")
def create_state_machine(call: Call) -> dict[str, Any]:
    name = call["name"]
    arn = f"arn:{get_partition(call.region)}:states:{call.region}:{call.account_id}:stateMachine:{name}"
    machine_type = call.get("type", "STANDARD")
    parsed = _checked(call["definition"])
    settings = _settings(call)
    held = state_of(call)
    before = held.machines.get(arn)
    wanted = {"definition": call["definition"], "roleArn": call["roleArn"], "type": machine_type, **settings}
    if before is not None:
        # Creating the same machine again is no error; the role and the tags are not looked at.
        same = all(before.document[key] == value for key, value in wanted.items() if key != "roleArn")
        if not same:
            raise SandboxFault("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        return {"stateMachineArn": arn, "creationDate": before.document["creationDate"]}
    require_permissions(call.context, call["roleArn"], arn, parsed, settings["loggingConfiguration"])
    document = {
        "stateMachineArn": arn,
        "name": name,
        "status": "ACTIVE",
        "creationDate": datetime.now(UTC),
        "revisionId": str(uuid.uuid4()),
        **wanted,
    }
    machine = Machine(arn, document, {tag["key"]: tag["value"] for tag in call.get("tags", [])})
    held.machines[arn] = machine
    answer = {"stateMachineArn": arn, "creationDate": document["creationDate"]}
    if call.get("publish"):
        answer["stateMachineVersionArn"] = _publish(machine, call.get("versionDescription"))
    return answer


@operations("UpdateStateMachine")
def update_state_machine(call: Call) -> dict[str, Any]:
    machine = find_machine(call, call["stateMachineArn"])
    if machine.document["status"] == "DELETING":
        raise SandboxFault("StateMachineDeleting", f"State Machine is deleting: '{machine.arn}'")
    changeable = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
    if not any(key in call.params for key in changeable):
        raise SandboxFault(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or the "
            "TracingConfiguration must be specified",
        )
    settings = _settings(call, machine.document)
    text = call.get("definition", machine.document["definition"])
    role_arn = call.get("roleArn", machine.document["roleArn"])
    require_permissions(call.context, role_arn, machine.arn, _checked(text), settings["loggingConfiguration"])
    moment = datetime.now(UTC)
    machine.document = {
        **machine.document,
        "definition": text,
        "roleArn": role_arn,
        **settings,
        "revisionId": str(uuid.uuid4()),
    }
    answer = {"updateDate": moment, "revisionId": machine.document["revisionId"]}
    if call.get("publish"):
        answer["stateMachineVersionArn"] = _publish(machine, call.get("versionDescription"))
    return answer


@operations("DescribeStateMachine")
def describe_state_machine(call: Call) -> dict[str, Any]:
    return find_machine(call, call["stateMachineArn"]).document


@operations("ListStateMachines")
def list_state_machines(call: Call) -> dict[str, Any]:
    shown, more = page(call, [machine.document for machine in state_of(call).machines.values()])
    return {"stateMachines": shown, **more}


@operations("DeleteStateMachine")
def delete_state_machine(call: Call) -> None:
    held = state_of(call)
    machine = held.machines.get(":".join(call["stateMachineArn"].split(":")[:7]))
    if machine is None or machine.document["status"] == "DELETING":
        return
    machine.document = {**machine.document, "status": "DELETING"}
    running = [e for e in held.executions.values() if e.machine_arn == machine.arn and not e.done.is_set()]
    for execution in running:
        execution.halt.set()

    def finish() -> None:
        for execution in running:
            execution.done.wait()
        held.machines.pop(machine.arn, None)

    if running:
        call.context.run_thread(f"delete {machine.arn}", finish)
    else:
        finish()


@operations("PublishStateMachineVersion")
def publish_version(call: Call) -> dict[str, Any]:
    machine = find_machine(call, call["stateMachineArn"])
    if call.get("revisionId", machine.document["revisionId"]) != machine.document["revisionId"]:
        raise SandboxFault("ConflictException", "The revision id is not that of the newest revision")
    arn = _publish(machine, call.get("description"))
    return {"stateMachineVersionArn": arn, "creationDate": machine.versions[0]["creationDate"]}


@operations("ListStateMachineVersions")
def list_versions(call: Call) -> dict[str, Any]:
    shown, more = page(call, find_machine(call, call["stateMachineArn"]).versions)
    return {"stateMachineVersions": shown, **more}


@operations("DeleteStateMachineVersion")
def delete_version(call: Call) -> None:
    arn = call["stateMachineVersionArn"]
    machine = find_machine(call, arn)
    machine.versions = [version for version in machine.versions if version["stateMachineVersionArn"] != arn]


@operations("ListStateMachineAliases")
def list_aliases(call: Call) -> dict[str, Any]:
    find_machine(call, call["stateMachineArn"])
    return {"stateMachineAliases": []}


@operations("TagResource")
def tag_resource(call: Call) -> None:
    _tags(call).update({tag["key"]: tag["value"] for tag in call["tags"]})


@operations("UntagResource")
def untag_resource(call: Call) -> None:
    for key in call["tagKeys"]:
        _tags(call).pop(key, None)


@operations("ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    return {"tags": [{"key": key, "value": value} for key, value in _tags(call).items()]}


def _tags(call: Call) -> dict[str, str]:
    machine = state_of(call).machines.get(call["resourceArn"])
    if machine is None:
        raise SandboxFault("ResourceNotFound", f"Resource not found: '{call['resourceArn']}'")
    return machine.tags


def _publish(machine: Machine, description: str | None) -> str:
    number = int(machine.versions[0]["stateMachineVersionArn"].rsplit(":", 1)[-1]) + 1 if machine.versions else 1
    version = {"stateMachineVersionArn": f"{machine.arn}:{number}", "creationDate": datetime.now(UTC)}
    machine.versions.insert(0, version)
    if description is not None:
        version["description"] = description
    return str(version["stateMachineVersionArn"])


def _settings(call: Call, before: dict[str, Any] | None = None) -> dict[str, Any]:
    known = before or {
        "loggingConfiguration": _LOGGING,
        "tracingConfiguration": {"enabled": False},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    members = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
    settings = {member: call.get(member, known[member]) for member in members}
    settings["loggingConfiguration"] = {**_LOGGING, **settings["loggingConfiguration"]}
    return settings


def _checked(text: str) -> dict[str, Any]:
    """The parsed definition.

    Raises:
        SandboxFault: InvalidDefinition with every finding.
    """
    found = definitions.check(text)
    if found:
        words = ", ".join(f"{f.code}: {f.message} at {f.location or '/'}" for f in found)
        raise SandboxFault("InvalidDefinition", f"Invalid State Machine Definition: '{words}'")
    parsed: dict[str, Any] = json.loads(text)
    return parsed
