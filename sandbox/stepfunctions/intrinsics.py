"""Intrinsic functions of JSONPath states: `States.Format('{}', $.name)` and the others, nested to ten levels.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.stepfunctions import paths
from sandbox.stepfunctions.errors import StateError

_CALL = re.compile(r"\s*States\.(?P<name>\w+)\s*\(")
_NUMBER = re.compile(r"\s*(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(?=[,)])")
_WORD = re.compile(r"\s*(?P<word>true|false|null)\s*(?=[,)])")
_PATH = re.compile(r"\s*(?P<path>\$(?:\[[^\]]*\]|[^,()\[\]\s])*)\s*(?=[,)])")
_TEXT = re.compile(r"\s*'(?P<text>(?:[^'\\]|\\.)*)'\s*(?=[,)])")
_DEEPEST = 10


class BadCall(Exception):
    """Text that is no call of an intrinsic function."""


Call = tuple[str, tuple[Any, ...]]


def is_call(text: str) -> bool:
    """True if a text calls an intrinsic function. Pure."""
    return text.lstrip().startswith("States.")


def parse(text: str) -> Call:
    """A call as its name and its arguments: `("call", Call)`, `("path", text)` or `("value", value)`. Pure.

    Raises:
        BadCall: The text is no call, or calls a function that does not exist.
    """
    call, at = _parse_call(text, 0, 1)
    if text[at:].strip():
        raise BadCall(f"The value for the field is not a valid intrinsic function: {text}")
    return call


def evaluate(text: str, data: Any, context: Any, variables: Mapping[str, Any]) -> Any:
    """The value of a call.

    Raises:
        StateError: States.IntrinsicFailure; States.ParameterPathFailure for a path that leads nowhere.
    """
    try:
        return _evaluate(parse(text), data, context, variables)
    except (BadCall, paths.BadPath) as error:
        raise StateError("States.IntrinsicFailure", str(error)) from None
    except paths.NotFound as error:
        raise StateError("States.ParameterPathFailure", str(error)) from None


def _parse_call(text: str, at: int, depth: int) -> tuple[Call, int]:
    start = _CALL.match(text, at)
    if start is None or depth > _DEEPEST:
        raise BadCall(f"The value for the field is not a valid intrinsic function: {text}")
    name, at = start["name"], start.end()
    if name not in FUNCTIONS:
        raise BadCall(f"The function States.{name} does not exist")
    arguments: list[Any] = []
    while True:
        closing = re.compile(r"\s*\)").match(text, at)
        if closing is not None and not arguments:
            return (name, ()), closing.end()
        argument, at = _parse_argument(text, at, depth)
        arguments.append(argument)
        separator = re.compile(r"\s*([,)])").match(text, at)
        if separator is None:
            raise BadCall(f"The value for the field is not a valid intrinsic function: {text}")
        at = separator.end()
        if separator[1] == ")":
            return (name, tuple(arguments)), at


def _parse_argument(text: str, at: int, depth: int) -> tuple[Any, int]:
    if _CALL.match(text, at):
        call, end = _parse_call(text, at, depth + 1)
        return ("call", call), end
    for pattern, kind in ((_TEXT, "text"), (_NUMBER, "number"), (_WORD, "word"), (_PATH, "path")):
        found = pattern.match(text, at)
        if found is None:
            continue
        value: Any = found[kind]
        if kind == "path":
            paths.parse(value)
            return ("path", value), found.end()
        if kind == "text":
            value = re.sub(r"\\(['{}\\])", r"\1", value) if "{" not in value else value.replace("\\'", "'")
        elif kind == "number":
            value = float(value) if re.search(r"[.eE]", value) else int(value)
        else:
            value = {"true": True, "false": False, "null": None}[value]
        return ("value", value), found.end()
    raise BadCall(f"The value for the field is not a valid intrinsic function: {text}")


def _evaluate(call: Call, data: Any, context: Any, variables: Mapping[str, Any]) -> Any:
    name, parts = call
    arguments = []
    for kind, value in parts:
        if kind == "call":
            arguments.append(_evaluate(value, data, context, variables))
        elif kind == "path":
            arguments.append(paths.read(value, data, context, variables))
        else:
            arguments.append(value)
    try:
        return FUNCTIONS[name](*arguments)
    except StateError:
        raise
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, ArithmeticError) as error:
        raise StateError("States.IntrinsicFailure", f"States.{name}: {error}") from None


def _format(template: str, *values: Any) -> str:
    pieces = re.split(r"(?<!\\)\{\}", template)
    if len(pieces) - 1 != len(values):
        raise ValueError(f"the number of placeholders is {len(pieces) - 1}, the number of values {len(values)}")
    result = pieces[0]
    for value, piece in zip(values, pieces[1:], strict=True):
        if isinstance(value, (dict, list)):
            raise ValueError("values must be text, numbers, booleans or null")
        result += (value if isinstance(value, str) else json.dumps(value)) + piece
    return re.sub(r"\\([{}\\])", r"\1", result)


def _partition(values: list[Any], size: int) -> list[list[Any]]:
    if size < 1:
        raise ValueError("the size of a part must be at least 1")
    return [values[start : start + size] for start in range(0, len(values), size)]


def _range(first: int, last: int, step: int) -> list[int]:
    numbers = list(range(first, last + (1 if step > 0 else -1), step))
    if len(numbers) > 1000:
        raise ValueError("a range has at most 1000 numbers")
    return numbers


def _unique(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _merge(first: dict[str, Any], second: dict[str, Any], deep: bool) -> dict[str, Any]:
    if deep:
        raise ValueError("deep merging is not supported")
    return {**first, **second}


def _hash(value: Any, algorithm: str) -> str:
    names = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(names[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(first: int, last: int, seed: int | None = None) -> int:
    return random.Random(seed).randrange(first, last)


def _split(text: str, separators: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Array": lambda *values: list(values),
    "ArrayContains": lambda values, value: value in values,
    "ArrayGetItem": lambda values, index: values[index],
    "ArrayLength": len,
    "ArrayPartition": _partition,
    "ArrayRange": _range,
    "ArrayUnique": _unique,
    "Base64Decode": lambda text: base64.b64decode(text).decode(),
    "Base64Encode": lambda text: base64.b64encode(text.encode()).decode(),
    "Format": _format,
    "Hash": _hash,
    "JsonMerge": _merge,
    "JsonToString": lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    "MathAdd": lambda first, second: first + second,
    "MathRandom": _random,
    "StringSplit": _split,
    "StringToJson": json.loads,
    "UUID": lambda: str(uuid.uuid4()),
}
