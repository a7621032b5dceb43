"""Amazon States Language held against its public definitions.

``problems`` checks a definition's structure (the JSON Schema of the language that cfn-lint ships, and
what a schema cannot say: transitions that lead nowhere, states that nothing leads to), and each task's
parameters against the input shape of the API that it calls, recursively: unknown members, missing ones,
enumerations, patterns, lengths, numbers, types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import cfnlint.data.schemas.other.step_functions as language
import jsonschema
import regex

# Values that a machine fills in at run time, as they look then.
RUN = "0123456789"
_TERMINAL = ("Succeed", "Fail")
_UNKNOWN = object()


def problems(definition: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a definition, as sentences that name the place."""
    return [*_structure(definition), *_transitions(definition), *_requests(definition)]


def tasks(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parameters of each task by the state's name."""
    return {
        name: state["Parameters"] if "Parameters" in state else state["Arguments"]
        for name, state in definition["States"].items()
        if state["Type"] == "Task"
    }


def _structure(definition: Mapping[str, Any]) -> Iterator[str]:
    """Hold a definition, in which single states may choose their query language, against the schema."""
    schema = json.loads((Path(language.__file__).parent / "statemachine.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    for error in validator.iter_errors(definition):
        yield f"{'/'.join(map(str, error.absolute_path))}: {error.message}"
    for name, state in definition["States"].items():
        jsonata = state.get("QueryLanguage", definition.get("QueryLanguage", "JSONPath")) == "JSONata"
        foreign = (
            {"InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector"}
            if jsonata
            else {"Arguments", "Output"}
        )
        for member in foreign & set(state):
            yield f"States/{name}: {member} is not of its query language"


def _transitions(definition: Mapping[str, Any]) -> Iterator[str]:
    states, reached, queue = definition["States"], set(), [definition["StartAt"]]
    while queue:
        name = queue.pop()
        if name in reached:
            continue
        if name not in states:
            yield f"States: {name} is led to and does not exist"
            continue
        reached.add(name)
        state = states[name]
        nexts = [state.get("Next"), state.get("Default")]
        nexts += [choice["Next"] for choice in state.get("Choices", [])]
        nexts += [catch["Next"] for catch in state.get("Catch", [])]
        queue += [following for following in nexts if following]
        if not any(nexts) and not state.get("End") and state["Type"] not in _TERMINAL:
            yield f"States/{name}: nothing follows"
    for name in sorted(set(states) - reached):
        yield f"States/{name}: nothing leads there"


def _requests(definition: Mapping[str, Any]) -> Iterator[str]:
    job = _job_name(definition)
    for name, state in definition["States"].items():
        if state["Type"] != "Task":
            continue
        operation = _operation(state["Resource"])
        if operation is None:
            yield f"States/{name}: {state['Resource']} is no API"
            continue
        known = {"$.job": job, "$.run": RUN}
        shape = operation.input_shape
        given = "Parameters" if "Parameters" in state else "Arguments"
        yield from (f"States/{name}/{place}" for place in _value(state[given], shape, given, known))


def _job_name(definition: Mapping[str, Any]) -> Any:
    """The name that the first state gives its job, with ten digits where the hash will be."""
    output = definition["States"][definition["StartAt"]].get("Output", {})
    found = re.fullmatch(r"\{% '([^']*)' & \$substring\(.*, 0, 10\) %\}", str(output.get("job", "")))
    return found[1] + RUN if found else _UNKNOWN


def _operation(resource: str) -> Any:
    """The API that a task calls, or None."""
    found = re.fullmatch(r"arn:aws(?:-[a-z-]+)?:states:::(aws-sdk:)?([a-z0-9]+):([a-zA-Z0-9]+)(\.sync)?", resource)
    if found is None:
        return None
    model = _service(found[2])
    wanted = found[3].lower()
    return next((model.operation_model(name) for name in model.operation_names if name.lower() == wanted), None)


@cache
def _service(name: str) -> Any:
    return botocore.session.get_session().get_service_model({"sfn": "stepfunctions"}.get(name, name))


def _value(value: Any, shape: Any, place: str, known: Mapping[str, Any]) -> Iterator[str]:
    if value is _UNKNOWN:
        return
    if shape.type_name == "structure":
        yield from _structure_value(value, shape, place, known)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            yield f"{place}: {value!r} is no list"
            return
        yield from _bounds(len(value), shape, place, "members")
        for index, item in enumerate(value):
            yield from _value(item, shape.member, f"{place}[{index}]", known)
    elif shape.type_name == "map":
        if not isinstance(value, dict):
            yield f"{place}: {value!r} is no map"
            return
        yield from _bounds(len(value), shape, place, "members")
        for key, item in value.items():
            member, item = _resolved(key, item, known)
            yield from _value(member, shape.key, f"{place}({member})", known)
            yield from _value(item, shape.value, f"{place}({member})", known)
    elif shape.type_name == "string":
        yield from _text(value, shape, place)
    elif shape.type_name == "boolean":
        if not isinstance(value, bool):
            yield f"{place}: {value!r} is neither true nor false"
    elif shape.type_name in ("integer", "long", "float", "double"):
        whole = shape.type_name in ("integer", "long")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or (whole and value != int(value)):
            yield f"{place}: {value!r} is no number of type {shape.type_name}"
        else:
            yield from _bounds(value, shape, place, "")


def _structure_value(value: Any, shape: Any, place: str, known: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place}: {value!r} is no structure"
        return
    members = {_pascal(name): member for name, member in shape.members.items()}
    required = {_pascal(name) for name in shape.required_members}
    given = set()
    for key, item in value.items():
        member, item = _resolved(key, item, known)
        given.add(member)
        if member not in members:
            yield f"{place}.{member}: {shape.name} has no such member"
            continue
        yield from _value(item, members[member], f"{place}.{member}", known)
    for member in sorted(required - given):
        yield f"{place}.{member}: is required"


def _pascal(name: str) -> str:
    """A member's name as Step Functions has it: that of the SDK for Java, with a capital.

    A name that begins with several capitals becomes a word (``SSEKMSKeyId`` is ``SsekmsKeyId``, ``DBName`` is
    ``DbName``); those within a name stay (``AutoMLJobName``).
    """
    name = name[:1].upper() + name[1:]
    leading = re.match(r"[A-Z]{2,}(?=[A-Z][a-z]|[0-9]*$)", name)
    return leading[0].capitalize() + name[leading.end() :] if leading else name


def _resolved(key: str, item: Any, known: Mapping[str, Any]) -> tuple[str, Any]:
    """A member's name without ``.$``, and its value as far as it is known before a run."""
    if not key.endswith(".$"):
        return key, item
    found = re.fullmatch(r"States\.Format\('((?:[^'\\]|\\.)*)', (.*)\)", item)
    if found is None:
        return key[:-2], known.get(item, _UNKNOWN)
    text = found[1]
    for argument in found[2].split(", "):
        if known.get(argument, _UNKNOWN) is _UNKNOWN:
            return key[:-2], _UNKNOWN
        text = text.replace("{}", known[argument], 1)
    return key[:-2], text


def _text(value: Any, shape: Any, place: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{place}: {value!r} is no text"
        return
    yield from _bounds(len(value), shape, place, "characters")
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        yield f"{place}: {value!r} is none of {', '.join(choices)[:200]}"
    pattern = shape.metadata.get("pattern")
    if pattern and not regex.fullmatch(pattern.replace(r"\p{Alnum}", "[a-zA-Z0-9]"), value, flags=regex.DOTALL):
        yield f"{place}: {value!r} does not match {pattern}"


def _bounds(number: float, shape: Any, place: str, unit: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and number < least:
        yield f"{place}: {number} {unit} are fewer than {least}"
    if most is not None and number > most:
        yield f"{place}: {number} {unit} are more than {most}"
