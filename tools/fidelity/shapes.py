"""Values held against botocore's service models: the shape of an API's input, member by member.

Unknown and missing members, enumerations, patterns, lengths, numbers and types, recursively; wherever a value
is UNKNOWN, nothing is asked of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
import regex  # type: ignore[import-untyped]
from botocore import xform_name

from tools.fidelity.findings import Finding
from tools.fidelity.planning import UNKNOWN

KIND = "api"
Naming = Callable[[str], str]


@cache
def service(name: str) -> Any:
    """Return a service's model by its boto3 name."""
    return botocore.session.get_session().get_service_model(name)


@cache
def methods(name: str) -> Mapping[str, Any]:
    """Return a service's operations by the names that boto3 gives them."""
    model = service(name)
    return {xform_name(operation): model.operation_model(operation) for operation in model.operation_names}


def check_call(service_name: str, operation: str, parameters: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """Yield what does not fit of a call; the operation is named as boto3 or as the API names it."""
    found = methods(service_name).get(operation) or methods(service_name).get(xform_name(operation))
    if found is None:
        yield Finding(place, f"{service_name} has no operation {operation}", KIND)
    elif found.input_shape is not None:
        yield from check(parameters, found.input_shape, place)
    elif parameters:
        yield Finding(place, f"{operation} takes no parameters", KIND)


def check(value: Any, shape: Any, place: str, naming: Naming = lambda name: name) -> Iterator[Finding]:
    """Yield what of a value does not fit a shape.

    Args:
        value: JSON values, UNKNOWN where they are not known yet.
        shape: A botocore shape.
        place: Where the value stands.
        naming: How members are called here, from their names in the model.
    """
    if value is UNKNOWN:
        return
    kind = shape.type_name
    if kind == "structure":
        yield from _structure(value, shape, place, naming)
    elif kind == "list":
        if not isinstance(value, list | tuple):
            yield Finding(place, f"{value!r} is no list", KIND)
            return
        yield from _bounds(len(value), shape, place, "members")
        for index, item in enumerate(value):
            yield from check(item, shape.member, f"{place}[{index}]", naming)
    elif kind == "map":
        if not isinstance(value, Mapping):
            yield Finding(place, f"{value!r} is no map", KIND)
            return
        yield from _bounds(len(value), shape, place, "members")
        for key, item in value.items():
            yield from check(key, shape.key, f"{place}({key})", naming)
            yield from check(item, shape.value, f"{place}({key})", naming)
    elif kind == "string":
        yield from _text(value, shape, place)
    elif kind == "boolean":
        if not isinstance(value, bool):
            yield Finding(place, f"{value!r} is neither true nor false", KIND)
    elif kind in ("integer", "long", "float", "double"):
        whole = kind in ("integer", "long")
        if isinstance(value, bool) or not isinstance(value, int | float) or (whole and value != int(value)):
            yield Finding(place, f"{value!r} is no number of type {kind}", KIND)
        else:
            yield from _bounds(value, shape, place, "")


def _structure(value: Any, shape: Any, place: str, naming: Naming) -> Iterator[Finding]:
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, Mapping):
        yield Finding(place, f"{value!r} is no structure", KIND)
        return
    members = {naming(name): member for name, member in shape.members.items()}
    for key, item in value.items():
        if key in members:
            yield from check(item, members[key], f"{place}.{key}", naming)
        else:
            yield Finding(f"{place}.{key}", f"{shape.name} has no such member", KIND)
    for name in shape.required_members:
        if naming(name) not in value and not shape.members[name].metadata.get("idempotencyToken"):
            yield Finding(f"{place}.{naming(name)}", "is required", KIND)
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield Finding(place, f"{shape.name} takes exactly one member, not {', '.join(value) or 'none'}", KIND)


def _text(value: Any, shape: Any, place: str) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield Finding(place, f"{value!r} is no text", KIND)
        return
    yield from _bounds(len(value), shape, place, "characters")
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        yield Finding(place, f"{value!r} is none of {', '.join(choices)[:200]}", KIND)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield Finding(place, f"{value!r} does not match {pattern}", KIND)


@cache
def _compiled(pattern: str) -> Any:
    """A pattern as Java reads it, for the models are AWS's own: a class like ``[\\w-/]`` holds a hyphen there."""
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
    pattern = re.sub(r"(\\[wds])-", r"\1\\-", pattern)
    return regex.compile(pattern, flags=regex.DOTALL)


def _bounds(number: float, shape: Any, place: str, unit: str) -> Iterator[Finding]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and number < least:
        yield Finding(place, " ".join(f"{number} {unit} are fewer than {least}".split()), KIND)
    if most is not None and number > most:
        yield Finding(place, " ".join(f"{number} {unit} are more than {most}".split()), KIND)
