"""Executions: Start (once a name), Describe, List, Stop, History, and callbacks with task tokens.

Fault `stepfunctions.execution` (matched by `machine`, `name`, `account_id`): `{"error": name, "cause": text}` fails
an execution before its first state.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.errors import SandboxFault
from sandbox.stepfunctions import logs
from sandbox.stepfunctions.errors import Aborted, StateError
from sandbox.stepfunctions.execution import Execution
from sandbox.stepfunctions.history import dump
from sandbox.stepfunctions.interpreter import Interpreter
from sandbox.stepfunctions.machines import Machine, find_machine, page, state, state_of
from sandbox.stepfunctions.templates import Scope

operations = Operations("stepfunctions")

_BAD_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
_SHOWN = ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate")


@operations("StartExecution")
def start_execution(call: Call) -> dict[str, Any]:
    machine = find_machine(call, call["stateMachineArn"])
    if machine.document["status"] == "DELETING":
        raise SandboxFault("StateMachineDeleting", f"State Machine Deleting: '{machine.arn}'")
    name = call.get("name") or str(uuid.uuid4())
    if _BAD_NAME.search(name):
        raise SandboxFault("InvalidName", f"Invalid Name: '{name}'")
    given = call.get("input", "{}")
    try:
        json.loads(given)
    except ValueError as error:
        raise SandboxFault("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from None
    arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
    held = state_of(call)
    before = held.executions.get(arn)
    if before is not None:
        # The same name and input while it runs is the same execution; the name of one that ended is taken.
        if before.status == "RUNNING" and json.loads(before.input) == json.loads(given):
            return {"executionArn": arn, "startDate": before.started}
        raise SandboxFault("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
    execution = _make(call, machine, arn, name, given)
    held.executions[arn] = execution
    call.context.run_thread(arn, run, execution, machine.document)
    return {"executionArn": arn, "startDate": execution.started}


@operations("StartSyncExecution")
def start_sync_execution(call: Call) -> dict[str, Any]:
    machine = find_machine(call, call["stateMachineArn"])
    if machine.document["type"] != "EXPRESS":
        raise SandboxFault(
            "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"
        )
    name = call.get("name") or str(uuid.uuid4())
    arn = f"{machine.arn.replace(':stateMachine:', ':express:')}:{name}:{uuid.uuid4()}"
    execution = _make(call, machine, arn, name, call.get("input", "{}"))
    run(execution, machine.document)
    return {**describe(execution), "billingDetails": {}}


@operations("DescribeExecution")
def describe_execution(call: Call) -> dict[str, Any]:
    return describe(_find(call, call["executionArn"]))


@operations("DescribeStateMachineForExecution")
def describe_machine_for_execution(call: Call) -> dict[str, Any]:
    execution = _find(call, call["executionArn"])
    machine = state_of(call).machines.get(execution.machine_arn)
    logging = machine.document["loggingConfiguration"] if machine else None
    return {
        "stateMachineArn": execution.machine_arn,
        "name": execution.machine_name,
        "definition": json.dumps(execution.definition),
        "roleArn": execution.role_arn,
        "updateDate": execution.started,
        "revisionId": execution.revision,
        "loggingConfiguration": logging,
    }


@operations("ListExecutions")
def list_executions(call: Call) -> dict[str, Any]:
    machine = find_machine(call, call["stateMachineArn"])
    wanted = call.get("statusFilter")
    found = [
        {key: value for key, value in describe(execution).items() if key in _SHOWN}
        for execution in state_of(call).executions.values()
        if execution.machine_arn == machine.arn and wanted in (None, execution.status)
    ]
    shown, more = page(call, found[::-1])
    return {"executions": shown, **more}


@operations("StopExecution")
def stop_execution(call: Call) -> dict[str, Any]:
    execution = _find(call, call["executionArn"])
    if execution.status == "RUNNING":
        execution.history.add("ExecutionAborted", 0, error=call.get("error"), cause=call.get("cause"))
        execution.end("ABORTED", error=call.get("error"), cause=call.get("cause"))
        _announce(execution)
        execution.halt.set()
    return {"stopDate": execution.stopped}


@operations("GetExecutionHistory")
def get_history(call: Call) -> dict[str, Any]:
    events = _find(call, call["executionArn"]).history.events()
    shown, more = page(call, events[::-1] if call.get("reverseOrder") else events)
    return {"events": shown, **more}


@operations("SendTaskSuccess")
def send_task_success(call: Call) -> None:
    try:
        output = json.loads(call["output"])
    except ValueError as error:
        raise SandboxFault("InvalidOutput", f"Invalid Output: '{error}'") from None
    _waiting(call)["output"] = output


@operations("SendTaskFailure")
def send_task_failure(call: Call) -> None:
    _waiting(call).update(error=call.get("error", ""), cause=call.get("cause", ""))


@operations("SendTaskHeartbeat")
def send_task_heartbeat(call: Call) -> None:
    _waiting(call)["beat"] = time.monotonic()


def describe(execution: Execution) -> dict[str, Any]:
    """What DescribeExecution answers."""
    shown: dict[str, Any] = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started,
        "input": execution.input,
        "inputDetails": {"included": True},
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
    }
    for key, value in (
        ("stopDate", execution.stopped),
        ("output", execution.output),
        ("error", execution.error),
        ("cause", execution.cause),
    ):
        if value is not None:
            shown[key] = value
    if execution.output is not None:
        shown["outputDetails"] = {"included": True}
    return shown


def run(execution: Execution, machine: dict[str, Any]) -> None:
    """Run an execution to its end."""
    history = execution.history
    history.add("ExecutionStarted", 0, input=execution.input, roleArn=execution.role_arn)
    _announce(execution)
    context = {
        "Execution": {
            "Id": execution.arn,
            "Input": json.loads(execution.input),
            "Name": execution.name,
            "RoleArn": execution.role_arn,
            "StartTime": execution.started.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": execution.machine_arn, "Name": execution.machine_name},
    }
    definition = execution.definition
    interpreter = Interpreter(execution, definition, definition.get("QueryLanguage", "JSONPath"), Scope(context), 1)
    if "TimeoutSeconds" in definition:
        interpreter.deadline = time.monotonic() + definition["TimeoutSeconds"]
    fault = execution.context.faults.take(
        "stepfunctions.execution",
        machine=execution.machine_name,
        name=execution.name,
        account_id=execution.account_id,
    )
    try:
        if fault is not None:
            raise StateError(fault.error.get("error", "States.Runtime"), fault.error.get("cause", "on purpose"))
        output = dump(interpreter.run(json.loads(execution.input)))
        history.add("ExecutionSucceeded", interpreter.previous, output=output)
        _end(execution, "SUCCEEDED", output=output)
    except Aborted:
        # A machine that is deleted takes its executions with it.
        if execution.status == "RUNNING":
            history.add("ExecutionAborted", interpreter.previous)
        _end(execution, "ABORTED")
    except StateError as error:
        over = error.error == "States.Timeout" and interpreter.deadline is not None
        timed_out = over and time.monotonic() >= (interpreter.deadline or 0)
        kind, status = ("ExecutionTimedOut", "TIMED_OUT") if timed_out else ("ExecutionFailed", "FAILED")
        history.add(kind, interpreter.previous, error=error.error, cause=error.cause or None)
        _end(execution, status, error=error.error, cause=error.cause or None)
    except Exception as error:
        history.add("ExecutionFailed", interpreter.previous, error="States.Runtime", cause=str(error))
        _end(execution, "FAILED", error="States.Runtime", cause=f"{type(error).__name__}: {error}")
        raise
    finally:
        logs.write(execution, machine)


def _end(execution: Execution, status: str, **result: Any) -> None:
    if execution.status == "RUNNING":
        execution.end(status, **result)
        _announce(execution)


def _make(call: Call, machine: Machine, arn: str, name: str, given: str) -> Execution:
    return Execution(
        context=call.context,
        arn=arn,
        name=name,
        machine_arn=machine.arn,
        machine_name=machine.document["name"],
        role_arn=machine.document["roleArn"],
        definition=json.loads(machine.document["definition"]),
        input=given,
        revision=machine.document["revisionId"],
    )


def _find(call: Call, arn: str) -> Execution:
    execution = state_of(call).executions.get(arn)
    if execution is None:
        raise SandboxFault("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return execution


def _waiting(call: Call) -> dict[str, Any]:
    for execution in list(state(call.account_id, call.region).executions.values()):
        waiting = execution.tokens.get(call["taskToken"])
        if waiting is not None:
            if execution.status != "RUNNING":
                raise SandboxFault("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            found: dict[str, Any] = waiting
            return found
    raise SandboxFault("InvalidToken", "Invalid Token: 'Invalid token'")


def _announce(execution: Execution) -> None:
    """`Step Functions Execution Status Change` on the default bus, with times as epoch milliseconds."""
    shown = describe(execution)
    detail = {
        key: shown.get(key)
        for key in (*_SHOWN, "input", "output", "inputDetails", "outputDetails", "error", "cause", "redriveCount")
    }
    for key, moment in (("startDate", execution.started), ("stopDate", execution.stopped)):
        detail[key] = None if moment is None else int(moment.timestamp() * 1000)
    detail |= {"redriveStatus": "NOT_REDRIVABLE", "redriveDate": None}
    execution.context.publish_event(
        execution.account_id,
        execution.region,
        "aws.states",
        "Step Functions Execution Status Change",
        detail,
        resources=[execution.arn],
    )
