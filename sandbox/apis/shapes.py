"""What is wrong with a request, in AWS's own words, judged by botocore's service model.

The model holds each member's pattern, enum, length and range. botocore does not check them; AWS does, before
anything else, and reports all of them at once: `2 validation errors detected: Value 'a_b' at 'modelName'
failed to satisfy
constraint: Member must satisfy regular expression pattern: ...; Value null at ...`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import regex  # type: ignore[import-untyped]
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from moto.core.utils import get_service_model

_NUMBERS = ("integer", "long", "float", "double")
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


@lru_cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service, loaded once."""
    # moto's cache: the models are large, and moto reads them anyway.
    model: ServiceModel = get_service_model(service)
    return model


@lru_cache(maxsize=4096)
def operation_model(service: str, operation: str) -> OperationModel:
    """botocore's model of one operation (`CreateModel`)."""
    return service_model(service).operation_model(operation)


class WrongType(Exception):
    """A value of a JSON type that the member cannot hold; AWS answers SerializationException."""


def problems(shape: Shape, value: Any) -> list[str]:
    """Each constraint of `shape` that `value` (parsed JSON) breaks, as AWS words it; empty if none. Pure.

    Raises:
        WrongType: A member has the wrong JSON type.
    """
    found: list[str] = []
    _structure(shape, value, "", found)
    return found


def message(found: list[str]) -> str:
    """AWS's text for a list of problems: `1 validation error detected: ...`. Pure."""
    noun = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {noun} detected: {'; '.join(found)}"


def parse(shape: Shape | None, value: Any) -> Any:
    """The value with timestamps as datetimes and null members left out; unknown members too, as AWS does.

    Pure.
    """
    if shape is None or value is None:
        return value
    if isinstance(shape, StructureShape):
        if getattr(shape, "is_document_type", False):
            return value
        return {
            name: parse(member, value[name]) for name, member in shape.members.items() if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [parse(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: parse(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return timestamp(value)
    return value


def timestamp(value: Any) -> datetime:
    """A datetime with zone from epoch seconds or ISO 8601 text. Pure; raises ValueError for other text."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    found = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _structure(shape: Shape, value: Any, path: str, found: list[str]) -> None:
    assert isinstance(shape, StructureShape)
    if getattr(shape, "is_document_type", False):
        return
    _check_type(shape, value, path)
    for name in shape.required_members:
        if value.get(name) is None:
            found.append(f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            _member(member, value[name], _join(path, name), found)


def _member(shape: Shape, value: Any, path: str, found: list[str]) -> None:
    _check_type(shape, value, path)
    if isinstance(shape, StructureShape):
        _structure(shape, value, path, found)
        return
    failed = _constraints(shape, value)
    found.extend(f"Value '{_show(value)}' at '{path}' failed to satisfy constraint: {text}" for text in failed)
    if isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            _member(shape.member, item, f"{path}.{number}.member", found)
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            for kind, part, text in (("keys", shape.key, key), ("value", shape.value, item)):
                if isinstance(part, (StructureShape, ListShape, MapShape)):
                    _member(part, text, f"{path}.{key}.member", found)
                elif failed := _constraints(part, text):
                    found.append(
                        f"Value '{_show(value)}' at '{path}' failed to satisfy constraint: "
                        f"Map {kind} must satisfy constraint: [{', '.join(failed)}]"
                    )


def _constraints(shape: Shape, value: Any) -> list[str]:
    """The words of each constraint of a scalar, list or map that does not hold."""
    failed = []
    rules = shape.metadata
    numeric = shape.type_name in _NUMBERS
    size = value if numeric else len(value) if shape.type_name in ("string", "list", "map", "blob") else None
    noun = "value" if numeric else "length"
    if size is not None and "min" in rules and size < rules["min"]:
        failed.append(f"Member must have {noun} greater than or equal to {rules['min']}")
    if size is not None and "max" in rules and size > rules["max"]:
        failed.append(f"Member must have {noun} less than or equal to {rules['max']}")
    if "enum" in rules and value not in rules["enum"]:
        failed.append(f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]")
    if "pattern" in rules and shape.type_name == "string" and not _matches(rules["pattern"], value):
        failed.append(f"Member must satisfy regular expression pattern: {rules['pattern']}")
    return failed


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> Any:
    try:
        return regex.compile(pattern)
    except regex.error:
        # Java-only syntax, such as \u{...} ranges: AWS can judge it, we cannot, so it is let through.
        return None


def _matches(pattern: str, value: str) -> bool:
    """True if the whole value matches, as Java's matches() does, which AWS uses."""
    expression = _compiled(pattern)
    return expression is None or expression.fullmatch(value) is not None


def _check_type(shape: Shape, value: Any, path: str) -> None:
    expected = _TYPES.get(shape.type_name)
    if expected is None:
        return
    fits = isinstance(value, expected) and not (isinstance(value, bool) and bool not in expected)
    if not fits:
        raise WrongType(f"{path or 'request'}: a JSON {type(value).__name__} cannot be read as {shape.type_name}")


def _join(path: str, name: str) -> str:
    lower = name[0].lower() + name[1:]
    return f"{path}.{lower}" if path else lower


def _show(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_show(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_show(item)}' for key, item in value.items())}}}"
    return str(value)
