"""Task states: calls of other services with the state machine's role, and waiting for what they started.

Fault `stepfunctions.task` (matched by `state`, `resource`, `machine`, `execution`): `{"error": name, "cause": text}`
is raised in the place of the call.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from sandbox.iam.sessions import AssumeRoleRefused
from sandbox.stepfunctions.casing import to_request, to_result
from sandbox.stepfunctions.errors import Aborted, StateError, runtime
from sandbox.stepfunctions.history import dump
from sandbox.stepfunctions.resources import Resource, understand
from sandbox.stepfunctions.settings import SETTINGS
from sandbox.stepfunctions.templates import compute, path_value

if TYPE_CHECKING:
    from sandbox.stepfunctions.interpreter import Interpreter

State = dict[str, Any]

_STARTED_BY = {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}


@dataclass(slots=True)
class Task:
    """One try of a Task state."""

    interpreter: Interpreter
    resource: Resource
    arguments: Any
    role_arn: str | None
    limit: float | None
    heartbeat: float | None
    token: str

    @property
    def client(self) -> Any:
        """A client of the task's service."""
        return self.interpreter.execution.client(self.resource.service, self.role_arn)


def perform(interpreter: Interpreter, state: State, arguments: Any, given: Any) -> Any:
    """The result of a Task state.

    Raises:
        StateError: The call failed, what it started failed, or the time is over.
        Aborted: The execution was stopped; what was started is stopped too.
    """
    resource = understand(state["Resource"])
    execution = interpreter.execution
    token = interpreter.scope.context.get("Task", {}).get("Token", "")
    task = Task(
        interpreter,
        resource,
        arguments,
        _role(interpreter, state, given),
        _limit(interpreter, state, "TimeoutSeconds", given),
        _seconds(interpreter, state, "HeartbeatSeconds", given),
        token,
    )
    if resource.kind == "function":
        interpreter.note("LambdaFunctionScheduled", resource=resource.arn, input=dump(arguments))
        failed, done = "LambdaFunctionFailed", "LambdaFunctionSucceeded"
        named: dict[str, str] = {}
    else:
        named = {"resourceType": resource.label, "resource": resource.action}
        timeout = int(task.limit - time.monotonic()) if task.limit else None
        interpreter.note(
            "TaskScheduled",
            **named,
            region=execution.region,
            parameters=dump(arguments),
            timeoutInSeconds=timeout,
        )
        interpreter.note("TaskStarted", **named)
        failed, done = "TaskFailed", "TaskSucceeded"
    name = interpreter.scope.context["State"]["Name"]
    fault = execution.context.faults.take(
        "stepfunctions.task",
        state=name,
        resource=resource.action,
        machine=execution.machine_name,
        execution=execution.name,
    )
    try:
        if fault is not None:
            raise StateError(fault.error.get("error", "States.TaskFailed"), fault.error.get("cause", "on purpose"))
        result = _call(task)
    except StateError as error:
        if error.error == "States.Timeout":
            interpreter.note("TaskTimedOut", **named, error=error.error, cause=error.cause or None)
        else:
            interpreter.note(failed, **named, error=error.error, cause=error.cause or None)
        raise
    interpreter.note(done, **named, output=dump(result))
    return result


def _call(task: Task) -> Any:
    resource = task.resource
    if resource.kind == "activity":
        raise runtime("The local AWS runs no activities.")
    if resource.kind == "function":
        return _invoke(task, {"FunctionName": resource.arn, "Payload": task.arguments})["Payload"]
    if not isinstance(task.arguments, dict):
        raise runtime(f"The parameters of {resource.action} must be an object")
    if resource.pattern == "waitForTaskToken":
        return _await_token(task)
    if resource.kind == "optimized" and resource.operation == "Invoke":
        return _invoke(task, task.arguments)
    if resource.pattern in ("sync", "sync:2"):
        return _SYNC[resource.service](task)
    answer = _request(task, task.arguments)
    return to_result(answer, resource.model.output_shape, epoch=resource.kind == "optimized")


def _request(task: Task, arguments: dict[str, Any]) -> dict[str, Any]:
    """Call the task's operation.

    Raises:
        StateError: The service refused, by the name that Step Functions gives its errors.
    """
    resource = task.resource
    method = xform_name(resource.operation)
    try:
        request = to_request(arguments, resource.model.input_shape)
        answer: dict[str, Any] = getattr(task.client, method)(**request)
        return answer
    except ParamValidationError as error:
        raise runtime(f"The Parameters of {resource.action} could not be used to start the task: [{error}]") from None
    except ClientError as error:
        details = error.response["Error"]
        known = {getattr(shape, "error_code", shape.name) for shape in resource.model.error_shapes}
        modelled = details["Code"] in known
        status = error.response["ResponseMetadata"].get("HTTPStatusCode")
        cause = (
            f"{details.get('Message', '')} (Service: {resource.service}, Status Code: {status}, "
            f"Error Code: {details['Code']})"
        )
        raise StateError(resource.error_name(details["Code"], modelled), cause) from None
    except AssumeRoleRefused as error:
        raise StateError("States.Permissions", str(error)) from None
    except BotoCoreError as error:
        raise StateError("States.TaskFailed", str(error)) from None


def _invoke(task: Task, arguments: dict[str, Any]) -> dict[str, Any]:
    """A Lambda function's answer, with its payload parsed.

    Raises:
        StateError: The function failed; the error is its errorType.
    """
    payload = arguments.get("Payload", {})
    answer = _request(task, {**arguments, "Payload": dump(payload)})
    text = answer["Payload"].read().decode() if "Payload" in answer else "null"
    try:
        result = json.loads(text or "null")
    except ValueError:
        result = text
    if answer.get("FunctionError"):
        details = result if isinstance(result, dict) else {}
        raise StateError(str(details.get("errorType", "Lambda.Unknown")), text)
    shown = to_result({key: value for key, value in answer.items() if key != "Payload"}, None)
    return {**shown, "Payload": result}


def _await_token(task: Task) -> Any:
    """What SendTaskSuccess brings for the token that the request hands out."""
    execution = task.interpreter.execution
    execution.tokens[task.token] = {"beat": time.monotonic()}
    if task.resource.operation == "Invoke":
        arguments = task.arguments
        _request(task, {**arguments, "Payload": dump(arguments.get("Payload", {}))})
    else:
        _request(task, task.arguments)
    while True:
        answer = execution.tokens[task.token]
        if "output" in answer:
            return answer["output"]
        if "error" in answer:
            raise StateError(answer["error"], answer["cause"])
        if task.heartbeat is not None and time.monotonic() - answer["beat"] > task.heartbeat:
            raise StateError("States.HeartbeatTimeout", "")
        if not task.interpreter.halt.poll(SETTINGS.poll_seconds, task.limit):
            raise StateError("States.Timeout", "")


def _follow(task: Task, look: Callable[[], Any], ended: Callable[[Any], bool], stop: Callable[[], Any]) -> Any:
    """Look until what was started has ended; stop it if the time is over or the execution is stopped."""
    try:
        while True:
            found = look()
            if ended(found):
                return found
            if not task.interpreter.halt.poll(SETTINGS.poll_seconds, task.limit):
                raise StateError("States.Timeout", "")
    except (Aborted, StateError):
        # Best effort, as on AWS: without the permission the job goes on.
        try:
            stop()
        except (ClientError, AssumeRoleRefused):
            task.interpreter.note("TaskFailed", error="States.Permissions", cause="the task could not be cancelled")
        raise


def _submitted(task: Task, answer: dict[str, Any]) -> None:
    shown = to_result(answer, task.resource.model.output_shape, epoch=True)
    task.interpreter.note(
        "TaskSubmitted", resourceType=task.resource.label, resource=task.resource.action, output=dump(shown)
    )


def _sagemaker(task: Task) -> Any:
    """Create*Job.sync: the job's description once it has ended."""
    kind = task.resource.operation.removeprefix("Create")
    arguments = task.arguments
    # Step Functions marks what it starts; the role needs sagemaker:AddTags for it.
    tags = [tag for tag in arguments.get("Tags", []) if tag.get("Key") != _STARTED_BY["Key"]]
    _submitted(task, _request(task, {**arguments, "Tags": [*tags, _STARTED_BY]}))
    named = {f"{kind}Name": arguments[f"{kind}Name"]}
    client, method = task.client, xform_name(kind)

    def look() -> dict[str, Any]:
        try:
            found: dict[str, Any] = getattr(client, f"describe_{method}")(**named)
            return found
        except ClientError as error:
            raise StateError("SageMaker.AmazonSageMakerException", str(error)) from None

    status = f"{kind}Status"
    job = _follow(
        task,
        look,
        lambda found: found[status] in ("Completed", "Failed", "Stopped"),
        lambda: getattr(client, f"stop_{method}")(**named),
    )
    model = client.meta.service_model.operation_model(f"Describe{kind}")
    shown = to_result(job, model.output_shape, epoch=True)
    if job[status] == "Failed":
        raise StateError("States.TaskFailed", dump(shown))
    return shown


def _codebuild(task: Task) -> Any:
    """startBuild.sync: the build once it is complete."""
    answer = _request(task, task.arguments)
    _submitted(task, answer)
    client, build_id = task.client, answer["build"]["id"]
    build = _follow(
        task,
        lambda: client.batch_get_builds(ids=[build_id])["builds"][0],
        lambda found: found.get("buildStatus") != "IN_PROGRESS",
        lambda: client.stop_build(id=build_id),
    )
    shape = task.resource.model.output_shape
    shown = to_result({"build": build}, shape, epoch=True)
    if build["buildStatus"] != "SUCCEEDED":
        raise StateError("States.TaskFailed", dump(shown))
    return shown


def _states(task: Task) -> Any:
    """startExecution.sync: the nested execution once it has ended; with sync:2 its output is JSON, not text."""
    arguments = task.arguments
    given = arguments.get("Input", {})
    answer = _request(task, {**arguments, "Input": given if isinstance(given, str) else dump(given)})
    _submitted(task, answer)
    client, arn = task.client, answer["executionArn"]
    nested = _follow(
        task,
        lambda: client.describe_execution(executionArn=arn),
        lambda found: found["status"] != "RUNNING",
        lambda: client.stop_execution(executionArn=arn),
    )
    shown = to_result(nested, client.meta.service_model.operation_model("DescribeExecution").output_shape, epoch=True)
    if nested["status"] != "SUCCEEDED":
        raise StateError("States.TaskFailed", dump(shown))
    if task.resource.pattern == "sync:2":
        shown |= {key: json.loads(shown[key]) for key in ("Input", "Output") if key in shown}
    return shown


_SYNC: dict[str, Callable[[Task], Any]] = {
    "codebuild": _codebuild,
    "sagemaker": _sagemaker,
    "stepfunctions": _states,
}


def new_token() -> str:
    """A token for a task that waits for a callback."""
    return uuid.uuid4().hex * 2


def _role(interpreter: Interpreter, state: State, given: Any) -> str | None:
    credentials = state.get("Credentials")
    if credentials is None:
        return None
    if interpreter.is_jsonata(state):
        return str(compute(credentials["RoleArn"], given, interpreter.scope))
    if "RoleArn.$" in credentials:
        return str(path_value(credentials["RoleArn.$"], given, interpreter.scope))
    return str(credentials["RoleArn"])


def _seconds(interpreter: Interpreter, state: State, key: str, given: Any) -> float | None:
    if interpreter.is_jsonata(state):
        value = compute(state.get(key), given, interpreter.scope)
    elif f"{key}Path" in state:
        value = path_value(state[f"{key}Path"], given, interpreter.scope)
    else:
        value = state.get(key)
    return None if value is None else float(value)


def _limit(interpreter: Interpreter, state: State, key: str, given: Any) -> float | None:
    """When a task's time is over, as a time.monotonic value; the machine's own limit counts too."""
    seconds = _seconds(interpreter, state, key, given)
    own = None if seconds is None else time.monotonic() + seconds
    limits = [limit for limit in (own, interpreter.deadline) if limit is not None]
    return min(limits) if limits else None
