"""Runs the states of a machine, one after another: data in and out, retries, catchers, branches and iterations.

JSONPath states pass their data through InputPath, Parameters, ResultSelector, ResultPath and OutputPath; JSONata
states through Arguments, Output and Assign. https://states-language.net/spec.html
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from sandbox.apis.shapes import timestamp
from sandbox.stepfunctions import choices, tasks
from sandbox.stepfunctions.errors import Aborted, StateError, runtime
from sandbox.stepfunctions.execution import Execution, Halt
from sandbox.stepfunctions.history import dump
from sandbox.stepfunctions.settings import SETTINGS
from sandbox.stepfunctions.templates import Scope, compute, fill, path_value, place, select

State = dict[str, Any]

_LARGEST = 262144
_MOST_BRANCHES = 40


class Interpreter:
    """The run of one machine, or of one branch or iteration inside it.

    Args:
        execution: What it belongs to.
        machine: StartAt and States.
        language: The query language of states that name none.
        scope: Context object and variables; the interpreter's own copy.
        previous: Id of the event that led here.
    """

    def __init__(self, execution: Execution, machine: State, language: str, scope: Scope, previous: int = 0) -> None:
        self.execution = execution
        self.machine = machine
        self.language = language
        self.scope = scope
        self.previous = previous
        self.halt = execution.halt
        self.deadline: float | None = None

    def run(self, data: Any) -> Any:
        """The output of the last state.

        Raises:
            StateError: A state failed and nothing caught it.
            Aborted: The execution was stopped.
        """
        name = self.machine["StartAt"]
        while True:
            self.halt.check()
            if self.deadline is not None and time.monotonic() > self.deadline:
                raise StateError("States.Timeout", "")
            state = self.machine["States"][name]
            data, following = self._visit(name, state, data)
            if following is None:
                return data
            name = following

    def note(self, kind: str, **details: Any) -> None:
        """Add an event to the history."""
        self.previous = self.execution.history.add(kind, self.previous, **details)

    def is_jsonata(self, state: State) -> bool:
        """True if the state's query language is JSONata."""
        return bool(state.get("QueryLanguage", self.language) == "JSONata")

    def _visit(self, name: str, state: State, data: Any) -> tuple[Any, str | None]:
        kind = state["Type"]
        self.scope.context["State"] = {"Name": name, "EnteredTime": _moment(), "RetryCount": 0}
        self.note(f"{kind}StateEntered", name=name, input=dump(data))
        tries: dict[int, int] = {}
        while True:
            try:
                output, following = self._once(name, state, data)
                if len(dump(output)) > _LARGEST:
                    raise StateError(
                        "States.DataLimitExceeded",
                        f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes "
                        "service limit.",
                    )
                break
            except StateError as error:
                wait = self._retry(state, error, tries)
                if wait is not None:
                    self.scope.context["State"]["RetryCount"] += 1
                    self.halt.pause(SETTINGS.shorten(wait))
                    continue
                output, following = self._catch(state, data, error)
                break
        if kind != "Fail":
            self.note(f"{kind}StateExited", name=name, output=dump(output))
        return output, following

    def _once(self, name: str, state: State, data: Any) -> tuple[Any, str | None]:
        self.scope.has_result, self.scope.error = False, None
        kind = state["Type"]
        if kind == "Choice":
            return self._choose(state, data)
        if kind == "Fail":
            raise self._failure(state, data)
        if kind == "Task":
            self.scope.context["Task"] = {"Token": tasks.new_token()}
        if self.is_jsonata(state):
            output = self._jsonata(state, data, _WORK[kind])
        else:
            output = self._jsonpath(state, data, _WORK[kind])
        return output, state.get("Next")

    def _jsonpath(self, state: State, data: Any, work: Work) -> Any:
        given = select(state.get("InputPath", "$"), data, self.scope)
        kind = state["Type"]
        if kind == "Pass":
            result = fill(state["Parameters"], given, self.scope) if "Parameters" in state else given
            result = state.get("Result", result)
        elif kind in ("Wait", "Succeed"):
            work(self, state, given, given)
            result = given
        else:
            arguments = fill(state["Parameters"], given, self.scope) if "Parameters" in state else given
            if kind == "Map":
                arguments = given
            result = work(self, state, arguments, given)
            if "ResultSelector" in state:
                result = fill(state["ResultSelector"], result, self.scope)
        if "Assign" in state:
            self.scope.variables |= fill(state["Assign"], result, self.scope)
        output = place(state.get("ResultPath", "$"), data, result) if kind not in ("Wait", "Succeed") else result
        return select(state.get("OutputPath", "$"), output, self.scope)

    def _jsonata(self, state: State, data: Any, work: Work) -> Any:
        arguments = compute(state.get("Arguments", data), data, self.scope)
        result = work(self, state, arguments, data)
        if state["Type"] in ("Task", "Parallel", "Map"):
            self.scope.result, self.scope.has_result = result, True
        output = compute(state["Output"], data, self.scope) if "Output" in state else result
        if "Assign" in state:
            self.scope.variables |= compute(state["Assign"], data, self.scope)
        return output

    def _choose(self, state: State, data: Any) -> tuple[Any, str | None]:
        if self.is_jsonata(state):
            given, output = data, data
            chosen = next((r for r in state["Choices"] if compute(r["Condition"], given, self.scope) is True), state)
            if "Output" in chosen:
                output = compute(chosen["Output"], data, self.scope)
            if "Assign" in chosen:
                self.scope.variables |= compute(chosen["Assign"], data, self.scope)
        else:
            given = select(state.get("InputPath", "$"), data, self.scope)
            chosen = next((r for r in state["Choices"] if choices.holds(r, given, self.scope)), state)
            if "Assign" in chosen:
                self.scope.variables |= fill(chosen["Assign"], given, self.scope)
            output = select(state.get("OutputPath", "$"), given, self.scope)
        following = state.get("Default") if chosen is state else chosen["Next"]
        if following is None:
            raise StateError("States.NoChoiceMatched", "")
        return output, following

    def _failure(self, state: State, data: Any) -> StateError:
        if self.is_jsonata(state):
            error, cause = (compute(state.get(key, ""), data, self.scope) for key in ("Error", "Cause"))
        else:
            error, cause = (
                path_value(state[f"{key}Path"], data, self.scope) if f"{key}Path" in state else state.get(key, "")
                for key in ("Error", "Cause")
            )
        return StateError(str(error), str(cause))

    def _retry(self, state: State, error: StateError, tries: dict[int, int]) -> float | None:
        """Seconds until the next try; None if there is none."""
        for number, retrier in enumerate(state.get("Retry", [])):
            if not error.matches(retrier["ErrorEquals"]):
                continue
            done = tries.get(number, 0)
            if done >= retrier.get("MaxAttempts", 3):
                return None
            tries[number] = done + 1
            wait = float(retrier.get("IntervalSeconds", 1)) * float(retrier.get("BackoffRate", 2.0)) ** done
            wait = min(wait, float(retrier.get("MaxDelaySeconds", wait)))
            return random.uniform(0, wait) if retrier.get("JitterStrategy") == "FULL" else wait
        return None

    def _catch(self, state: State, data: Any, error: StateError) -> tuple[Any, str]:
        for catcher in state.get("Catch", []):
            if error.matches(catcher["ErrorEquals"]):
                output = error.as_output()
                if self.is_jsonata(state):
                    self.scope.error = output
                    result = compute(catcher["Output"], data, self.scope) if "Output" in catcher else output
                    if "Assign" in catcher:
                        self.scope.variables |= compute(catcher["Assign"], data, self.scope)
                else:
                    if "Assign" in catcher:
                        self.scope.variables |= fill(catcher["Assign"], output, self.scope)
                    result = place(catcher.get("ResultPath", "$"), data, output)
                return result, catcher["Next"]
        raise error

    def nested(self, machine: State, scope_context: dict[str, Any], previous: int, halt: Halt) -> Interpreter:
        """An interpreter for a branch or an iteration, with a copy of the variables."""
        scope = Scope(scope_context, dict(self.scope.variables))
        inner = Interpreter(self.execution, machine, machine.get("QueryLanguage", self.language), scope, previous)
        inner.deadline = self.deadline
        inner.halt = halt
        return inner


Work = Callable[[Interpreter, State, Any, Any], Any]


def _pass(interpreter: Interpreter, state: State, arguments: Any, given: Any) -> Any:
    return given


def _task(interpreter: Interpreter, state: State, arguments: Any, given: Any) -> Any:
    return tasks.perform(interpreter, state, arguments, given)


def _wait(interpreter: Interpreter, state: State, arguments: Any, given: Any) -> Any:
    scope = interpreter.scope
    if interpreter.is_jsonata(state):
        seconds, moment = (compute(state.get(key), given, scope) for key in ("Seconds", "Timestamp"))
    else:
        seconds, moment = (
            path_value(state[f"{key}Path"], given, scope) if f"{key}Path" in state else state.get(key)
            for key in ("Seconds", "Timestamp")
        )
    if moment is not None:
        try:
            seconds = (timestamp(moment) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError) as error:
            raise runtime(f"The Timestamp {moment} is no RFC 3339 time: {error}") from None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise runtime(f"The Seconds of a Wait state must be a number, not {seconds!r}")
    interpreter.halt.pause(SETTINGS.shorten(float(seconds)))
    return given


def _parallel(interpreter: Interpreter, state: State, arguments: Any, given: Any) -> Any:
    interpreter.note("ParallelStateStarted")
    previous = interpreter.previous

    halt = Halt(interpreter.halt)

    def run(branch: State) -> Any:
        inner = interpreter.nested(branch, copy.deepcopy(interpreter.scope.context), previous, halt)
        return inner.run(copy.deepcopy(arguments))

    try:
        results = _together(halt, run, state["Branches"], len(state["Branches"]))
    except StateError:
        interpreter.note("ParallelStateFailed")
        raise
    interpreter.note("ParallelStateSucceeded")
    return results


def _map(interpreter: Interpreter, state: State, arguments: Any, given: Any) -> Any:
    scope = interpreter.scope
    if interpreter.is_jsonata(state):
        items = compute(state.get("Items", given), given, scope)
        most = compute(state.get("MaxConcurrency", 0), given, scope)
    else:
        items = path_value(state.get("ItemsPath", "$"), given, scope)
        most = state.get("MaxConcurrency", 0)
        if "MaxConcurrencyPath" in state:
            most = path_value(state["MaxConcurrencyPath"], given, scope)
    if not isinstance(items, list):
        raise runtime(f"The items of a Map state must be an array, not {dump(items)[:200]}")
    interpreter.note("MapStateStarted", length=len(items))
    previous, name = interpreter.previous, scope.context["State"]["Name"]
    selector = state.get("ItemSelector", None if interpreter.is_jsonata(state) else state.get("Parameters"))

    halt = Halt(interpreter.halt)

    def run(numbered: tuple[int, Any]) -> Any:
        index, value = numbered
        context = {**copy.deepcopy(scope.context), "Map": {"Item": {"Index": index, "Value": value}}}
        inner = interpreter.nested(state.get("ItemProcessor") or state["Iterator"], context, previous, halt)
        inner.note("MapIterationStarted", name=name, index=index)
        if selector is not None:
            value = (compute if interpreter.is_jsonata(state) else fill)(selector, given, inner.scope)
        try:
            result = inner.run(copy.deepcopy(value))
        except StateError:
            inner.note("MapIterationFailed", name=name, index=index)
            raise
        inner.note("MapIterationSucceeded", name=name, index=index)
        return result

    try:
        results = _together(halt, run, list(enumerate(items)), int(most) or _MOST_BRANCHES)
    except StateError:
        interpreter.note("MapStateFailed")
        raise
    interpreter.note("MapStateSucceeded")
    return results


def _together(halt: Halt, run: Callable[[Any], Any], parts: list[Any], most: int) -> list[Any]:
    """The results of all parts, in order; the first failure ends the others and fails the state."""
    if not parts:
        return []

    def guarded(part: Any) -> Any:
        try:
            return run(part)
        except BaseException:
            halt.set()
            raise

    with ThreadPoolExecutor(max_workers=min(len(parts), most, _MOST_BRANCHES)) as pool:
        futures = [pool.submit(guarded, part) for part in parts]
    # All have ended. The failure that ended the others goes before their being ended.
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda e: isinstance(e, Aborted)):
        raise error
    return [future.result() for future in futures]


_WORK: dict[str, Work] = {
    "Pass": _pass,
    "Task": _task,
    "Wait": _wait,
    "Succeed": _pass,
    "Parallel": _parallel,
    "Map": _map,
}


def _moment() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
