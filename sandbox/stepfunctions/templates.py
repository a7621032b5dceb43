"""How a state's fields become values: payload templates of JSONPath states, `{% %}` expressions of JSONata states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.stepfunctions import intrinsics, paths
from sandbox.stepfunctions.errors import StateError, runtime
from sandbox.stepfunctions.jsonata import JsonataError, evaluate


@dataclass(slots=True)
class Scope:
    """What expressions of a state see.

    Attributes:
        context: The context object (`$$`, `$states.context`).
        variables: Set by Assign, by name.
        result: `$states.result` of a JSONata state, once there is one.
        error: `$states.errorOutput` in a JSONata catcher.
        has_result: Whether `result` is set.
    """

    context: dict[str, Any]
    variables: dict[str, Any] = field(default_factory=dict)
    result: Any = None
    error: Any = None
    has_result: bool = False


def path_value(path: str, data: Any, scope: Scope) -> Any:
    """What a path, or a call of an intrinsic function, yields.

    Raises:
        StateError: States.ParameterPathFailure, States.IntrinsicFailure.
    """
    if intrinsics.is_call(path):
        return intrinsics.evaluate(path, data, scope.context, scope.variables)
    try:
        return paths.read(path, data, scope.context, scope.variables)
    except (paths.NotFound, paths.BadPath) as error:
        raise StateError("States.ParameterPathFailure", str(error)) from None


def fill(template: Any, data: Any, scope: Scope) -> Any:
    """A payload template with every `name.$` replaced by the `name` it stands for."""
    if isinstance(template, dict):
        filled = {}
        for key, value in template.items():
            if key.endswith(".$"):
                filled[key[:-2]] = path_value(value, data, scope)
            else:
                filled[key] = fill(value, data, scope)
        return filled
    if isinstance(template, list):
        return [fill(item, data, scope) for item in template]
    return template


def is_expression(value: Any) -> bool:
    """True if a JSONata state's text is an expression. Pure."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def compute(value: Any, data: Any, scope: Scope) -> Any:
    """A JSONata state's field with every expression in it evaluated.

    Raises:
        StateError: States.QueryEvaluationError.
    """
    if isinstance(value, Mapping):
        return {key: compute(item, data, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [compute(item, data, scope) for item in value]
    if not is_expression(value):
        return value
    states: dict[str, Any] = {"input": data, "context": scope.context}
    if scope.has_result:
        states["result"] = scope.result
    if scope.error is not None:
        states["errorOutput"] = scope.error
    try:
        return evaluate(value[2:-2].strip(), {**scope.variables, "states": states})
    except JsonataError as error:
        raise StateError("States.QueryEvaluationError", str(error)) from None


def select(path: str | None, data: Any, scope: Scope) -> Any:
    """InputPath and OutputPath: null stands for `{}`.

    Raises:
        StateError: States.Runtime: the path leads nowhere.
    """
    if path is None:
        return {}
    try:
        return path_value(path, data, scope)
    except StateError as error:
        raise runtime(f"Invalid path '{path}': {error.cause}") from None


def place(path: str | None, data: Any, result: Any) -> Any:
    """ResultPath: null keeps the input.

    Raises:
        StateError: States.ResultPathMatchFailure.
    """
    if path is None:
        return data
    try:
        return paths.write(path, data, result)
    except (paths.NotFound, paths.BadPath) as error:
        raise StateError("States.ResultPathMatchFailure", str(error)) from None
