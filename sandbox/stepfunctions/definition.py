"""State machine definitions, judged as Step Functions judges them before it takes one. Pure.

Every finding has the place (`/States/Train/Parameters`), a code and AWS's words: fields that do not belong to a state,
transitions to nowhere and states that nothing leads to, paths and intrinsic functions that cannot be read, resources
and parameters that their service does not have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.model import Shape, StructureShape

from sandbox.stepfunctions import intrinsics, paths
from sandbox.stepfunctions.casing import pascal
from sandbox.stepfunctions.choices import COMPARATORS, TESTS
from sandbox.stepfunctions.resources import BadResource, Resource, understand
from sandbox.stepfunctions.templates import is_expression

MAX_BYTES = 1048576

SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"

_COMMON = {"Type", "Comment", "QueryLanguage"}
_FLOW = {"Next", "End"}
_PATHS = {"InputPath", "OutputPath"}
_RESULT = {"ResultPath", "ResultSelector", "Parameters"}
_ERRORS = {"Retry", "Catch"}
_JSONATA = {"Output", "Assign"}

_FIELDS: dict[str, set[str]] = {
    "Pass": _FLOW | _PATHS | {"Result", "ResultPath", "Parameters"},
    "Task": _FLOW | _PATHS | _RESULT | _ERRORS
    | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath", "Credentials",
       "Arguments"},
    "Choice": _PATHS | {"Choices", "Default"},
    "Wait": _FLOW | _PATHS | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Succeed": set(_PATHS),
    "Fail": {"Error", "ErrorPath", "Cause", "CausePath"},
    "Parallel": _FLOW | _PATHS | _RESULT | _ERRORS | {"Branches", "Arguments"},
    "Map": _FLOW | _PATHS | _RESULT | _ERRORS
    | {"ItemProcessor", "Iterator", "ItemsPath", "ItemSelector", "Items", "MaxConcurrency", "MaxConcurrencyPath",
       "Label", "ToleratedFailureCount", "ToleratedFailurePercentage"},
}  # fmt: skip

_ONLY_PATH = {
    "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath", "SecondsPath",
    "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "ErrorPath", "CausePath", "MaxConcurrencyPath",
}  # fmt: skip
_ONLY_JSONATA = {"Output", "Arguments", "Items"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a definition."""

    code: str
    message: str
    location: str


def check(text: str) -> list[Finding]:
    """Everything that is wrong with a definition in JSON; empty if nothing is."""
    if len(text.encode()) > MAX_BYTES:
        return [Finding(SCHEMA, f"The definition is larger than {MAX_BYTES} bytes", "")]
    try:
        machine = json.loads(text)
    except ValueError as error:
        return [Finding("INVALID_JSON_DESCRIPTION", str(error), "")]
    if not isinstance(machine, dict):
        return [Finding("INVALID_JSON_DESCRIPTION", "a definition is an object", "")]
    known = {"Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"}
    found = [Finding(SCHEMA, f"Field is not supported: {key}", f"/{key}") for key in machine if key not in known]
    return [*found, *_machine(machine, "", machine.get("QueryLanguage", "JSONPath"))]


def resources(machine: dict[str, Any]) -> Iterator[Resource]:
    """The resources of every Task of a checked definition, nested ones too."""
    for state in machine["States"].values():
        if state["Type"] == "Task":
            yield understand(state["Resource"])
        for branch in state.get("Branches", []):
            yield from resources(branch)
        nested = state.get("ItemProcessor") or state.get("Iterator")
        if nested:
            yield from resources(nested)


def _machine(machine: dict[str, Any], place: str, language: str) -> Iterator[Finding]:
    states, start = machine.get("States"), machine.get("StartAt")
    if not isinstance(states, dict) or not states:
        yield Finding(SCHEMA, "The field 'States' is required and must not be empty", f"{place}/States")
        return
    if start not in states:
        yield Finding(TARGET, f"Missing 'Next' target: {start}", f"{place}/StartAt")
    reached = {start}
    for name, state in states.items():
        where = f"{place}/States/{name}"
        if len(name) > 80:
            yield Finding(SCHEMA, "The name of a state must be at most 80 characters long", where)
        if not isinstance(state, dict) or state.get("Type") not in _FIELDS:
            kinds = ", ".join(sorted(_FIELDS))
            yield Finding(SCHEMA, f"The field 'Type' should have one of these values: [{kinds}]", where)
            continue
        for target, spot in _targets(state, where):
            reached.add(target)
            if target not in states:
                yield Finding(TARGET, f"Missing 'Next' target: {target}", spot)
        yield from _state(state, where, language)
    for name in states:
        if name not in reached:
            yield Finding(TARGET, f'State "{name}" is not reachable.', f"{place}/States/{name}")


def _targets(state: dict[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for key in ("Next", "Default"):
        if key in state:
            yield state[key], f"{where}/{key}"
    for key in ("Choices", "Catch"):
        for number, item in enumerate(state.get(key, []) if isinstance(state.get(key), list) else []):
            if isinstance(item, dict) and "Next" in item:
                yield item["Next"], f"{where}/{key}[{number}]/Next"


def _state(state: dict[str, Any], where: str, outer: str) -> Iterator[Finding]:
    kind = state["Type"]
    language = state.get("QueryLanguage", outer)
    if language not in ("JSONPath", "JSONata"):
        yield Finding(SCHEMA, "The field 'QueryLanguage' should be JSONPath or JSONata", f"{where}/QueryLanguage")
        return
    if outer == "JSONata" and language == "JSONPath":
        yield Finding(SCHEMA, "A JSONata state machine cannot have JSONPath states", f"{where}/QueryLanguage")
    allowed = _COMMON | _FIELDS[kind] | (_JSONATA if kind != "Fail" else set())
    wrong = _ONLY_PATH if language == "JSONata" else _ONLY_JSONATA
    for key in state:
        if key not in allowed or key in wrong:
            yield Finding(SCHEMA, f"Field is not supported: {key}", f"{where}/{key}")
    if kind not in ("Choice", "Succeed", "Fail") and ("Next" in state) == (state.get("End") is True):
        yield Finding(SCHEMA, "These fields are required: [Next or End]", where)
    if language == "JSONPath":
        yield from _paths(state, where)
    yield from _KINDS.get(kind, _nothing)(state, where, language)
    yield from _errors(state, where)


def _nothing(state: dict[str, Any], where: str, language: str) -> Iterator[Finding]:
    yield from ()


def _task(state: dict[str, Any], where: str, language: str) -> Iterator[Finding]:
    if not isinstance(state.get("Resource"), str):
        yield Finding(SCHEMA, "These fields are required: [Resource]", where)
        return
    try:
        resource = understand(state["Resource"])
    except BadResource as error:
        yield Finding(SCHEMA, str(error), f"{where}/Resource")
        return
    given = state.get("Arguments" if language == "JSONata" else "Parameters")
    if resource.kind in ("optimized", "sdk") and isinstance(given, dict):
        spot = f"{where}/{'Arguments' if language == 'JSONata' else 'Parameters'}"
        shape = resource.model.input_shape
        if shape is not None:
            yield from _parameters(given, shape, resource, spot)
    for key in ("TimeoutSeconds", "HeartbeatSeconds"):
        value = state.get(key)
        if value is not None and not is_expression(value) and (not isinstance(value, int) or value < 1):
            yield Finding(SCHEMA, f"The field '{key}' should be a positive integer", f"{where}/{key}")


def _parameters(given: dict[str, Any], shape: Shape, resource: Resource, where: str) -> Iterator[Finding]:
    """Parameters against the service's model: unknown names, and required ones that are missing."""
    if not isinstance(shape, StructureShape):
        return
    known = {pascal(name): member for name, member in shape.members.items()}
    names = {key.removesuffix(".$"): value for key, value in given.items()}
    for key, value in names.items():
        member = known.get(key)
        if member is None:
            yield Finding(SCHEMA, f'The field "{key}" is not supported by Step Functions', f"{where}/{key}")
        elif isinstance(value, dict) and isinstance(member, StructureShape) and f"{key}.$" not in given:
            yield from _parameters(value, member, resource, f"{where}/{key}")
    for name in shape.required_members:
        if pascal(name) not in names:
            yield Finding(SCHEMA, f'The field "{pascal(name)}" is required but was missing', where)


def _choice(state: dict[str, Any], where: str, language: str) -> Iterator[Finding]:
    rules = state.get("Choices")
    if not isinstance(rules, list) or not rules:
        yield Finding(SCHEMA, "These fields are required: [Choices]", where)
        return
    for number, rule in enumerate(rules):
        spot = f"{where}/Choices[{number}]"
        if not isinstance(rule, dict) or "Next" not in rule:
            yield Finding(SCHEMA, "These fields are required: [Next]", spot)
        elif language == "JSONata":
            if not is_expression(rule.get("Condition")) and not isinstance(rule.get("Condition"), bool):
                yield Finding(SCHEMA, "The field 'Condition' should be a JSONata expression", spot)
        else:
            yield from _rule(rule, spot)


def _rule(rule: Any, where: str) -> Iterator[Finding]:
    if not isinstance(rule, dict):
        yield Finding(SCHEMA, "a choice rule is an object", where)
        return
    keys = set(rule) - {"Next", "Comment", "Assign", "Variable"}
    if keys in ({"And"}, {"Or"}):
        [key] = keys
        if not isinstance(rule[key], list) or not rule[key]:
            yield Finding(SCHEMA, f"The field '{key}' should be a non-empty array", where)
            return
        for number, part in enumerate(rule[key]):
            yield from _rule(part, f"{where}/{key}[{number}]")
    elif keys == {"Not"}:
        yield from _rule(rule["Not"], f"{where}/Not")
    elif len(keys) != 1:
        yield Finding(SCHEMA, f"exactly one comparator is required, found {sorted(keys)}", where)
    else:
        [key] = keys
        if key not in COMPARATORS | TESTS | {"StringMatches"} and key.removesuffix("Path") not in COMPARATORS:
            yield Finding(SCHEMA, f"Field is not supported: {key}", f"{where}/{key}")
        yield from _path(rule.get("Variable"), f"{where}/Variable")


def _wait(state: dict[str, Any], where: str, language: str) -> Iterator[Finding]:
    given = [key for key in ("Seconds", "SecondsPath", "Timestamp", "TimestampPath") if key in state]
    if len(given) != 1:
        text = "exactly one of these fields is required: [Seconds, SecondsPath, Timestamp, TimestampPath]"
        yield Finding(SCHEMA, text, where)


def _parallel(state: dict[str, Any], where: str, language: str) -> Iterator[Finding]:
    branches = state.get("Branches")
    if not isinstance(branches, list) or not branches:
        yield Finding(SCHEMA, "These fields are required: [Branches]", where)
        return
    for number, branch in enumerate(branches):
        yield from _machine(branch, f"{where}/Branches[{number}]", language)


def _map(state: dict[str, Any], where: str, language: str) -> Iterator[Finding]:
    key = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
    if not isinstance(state.get(key), dict):
        yield Finding(SCHEMA, "These fields are required: [ItemProcessor]", where)
        return
    mode = state[key].get("ProcessorConfig", {}).get("Mode", "INLINE")
    if mode != "INLINE":
        yield Finding(SCHEMA, "the local AWS runs maps INLINE only", f"{where}/{key}/ProcessorConfig/Mode")
    yield from _machine(state[key], f"{where}/{key}", language)


_KINDS = {"Task": _task, "Choice": _choice, "Wait": _wait, "Parallel": _parallel, "Map": _map}


def _paths(state: dict[str, Any], where: str) -> Iterator[Finding]:
    for key in ("InputPath", "OutputPath", "ItemsPath", "SecondsPath", "TimestampPath", "ErrorPath", "CausePath"):
        if state.get(key) is not None:
            yield from _path(state[key], f"{where}/{key}")
    if state.get("ResultPath") is not None:
        try:
            fits = paths.is_reference(state["ResultPath"]) and paths.parse(state["ResultPath"])[0] == "$"
        except (paths.BadPath, TypeError):
            fits = False
        if not fits:
            text = f"Value is not a Reference Path: {state['ResultPath']}"
            yield Finding(SCHEMA, text, f"{where}/ResultPath")
    for key in ("Parameters", "ResultSelector", "ItemSelector", "Assign"):
        if key in state:
            yield from _template(state[key], f"{where}/{key}")


def _template(value: Any, where: str) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key.endswith(".$"):
                yield from _path(item, f"{where}/{key}")
            else:
                yield from _template(item, f"{where}/{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _template(item, f"{where}[{number}]")


def _path(value: Any, where: str) -> Iterator[Finding]:
    try:
        if not isinstance(value, str):
            raise paths.BadPath(f"Value is not a JsonPath: {value}")
        if intrinsics.is_call(value):
            intrinsics.parse(value)
        else:
            paths.parse(value)
    except (paths.BadPath, intrinsics.BadCall) as error:
        yield Finding(SCHEMA, str(error), where)


def _errors(state: dict[str, Any], where: str) -> Iterator[Finding]:
    for key in ("Retry", "Catch"):
        handlers = state.get(key, [])
        for number, handler in enumerate(handlers if isinstance(handlers, list) else [None]):
            spot = f"{where}/{key}[{number}]"
            names = handler.get("ErrorEquals") if isinstance(handler, dict) else None
            if not isinstance(names, list) or not names:
                yield Finding(SCHEMA, "These fields are required: [ErrorEquals]", spot)
                continue
            if "States.ALL" in names and (len(names) > 1 or number != len(handlers) - 1):
                yield Finding(SCHEMA, "States.ALL must appear alone and at the end of the list", f"{spot}/ErrorEquals")
            if key == "Catch" and "Next" not in handler:
                yield Finding(SCHEMA, "These fields are required: [Next]", spot)
