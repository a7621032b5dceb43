"""Binds functions to the operations of a moto service: parsed parameters in, a plain value in AWS's shape
out.

For services that the sandbox plays itself (CodeBuild, CodePipeline). Parameters are checked against
botocore's model first, with the messages of AWS's own front door, so a value that AWS would refuse is
refused here too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from botocore.model import Shape
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.utilities.utils import get_partition

from sandbox.accounts import Principal, access_key_id, principal_of

Item = TypeVar("Item")


class ApiError(ServiceException):  # type: ignore[misc]
    """An error answer: `code` is the name of an exception in the service's model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who calls, where, with which parameters (JSON values, as the caller spelt them)."""

    account_id: str
    region: str
    caller: Principal
    parameters: dict[str, Any]

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, ..."""
        return str(get_partition(self.region))

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter, or the default when it is absent or null."""
        value = self.parameters.get(name)
        return default if value is None else value


Handler = Callable[[Call], Mapping[str, Any] | None]


def bind(response_class: Any, service: str, handlers: Mapping[str, Handler]) -> None:
    """Make `response_class` serve each operation named in `handlers` (`StartBuild`, ...) with its function.

    A name that the service's model does not have is an error at start, not a call that never comes.
    """
    for operation, handler in handlers.items():
        method = camelcase_to_underscores(operation)
        shape = get_service_model(service).operation_model(operation).input_shape
        setattr(response_class, method, _method(method, shape, handler))


def _method(name: str, shape: Shape | None, handler: Handler) -> Callable[[Any], ActionResult]:
    def serve(self: Any) -> ActionResult:
        parameters = json.loads(self.body) if self.body else {}
        if shape is not None:
            check(shape, parameters)
        caller = principal_of(access_key_id(self.headers, self.querystring), self.partition)
        answer = handler(Call(self.current_account, self.region, caller, parameters))
        return ActionResult(answer if answer is not None else {})

    serve.__name__ = name
    return serve


def check(shape: Shape, value: Any) -> None:
    """Hold parameters against the model's constraints.

    Raises:
        ApiError: ValidationException, with every violation, worded as AWS words them.
    """
    found: list[str] = []
    _violations(shape, value, "", found)
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise ApiError("ValidationException", count + "; ".join(found))


def _violations(shape: Any, value: Any, path: str, found: list[str]) -> None:
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, Mapping):
            found.append(_violation(value, path, "Member must be a structure"))
            return
        for name in shape.required_members:
            if value.get(name) is None:
                found.append(_violation(None, _join(path, name), "Member must not be null"))
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _violations(member, value[name], _join(path, name), found)
    elif kind == "list":
        if not isinstance(value, Sequence) or isinstance(value, str):
            found.append(_violation(value, path, "Member must be a list"))
            return
        _length(shape, value, path, found)
        for index, item in enumerate(value, start=1):
            _violations(shape.member, item, f"{path}.{index}.member", found)
    elif kind == "map":
        if not isinstance(value, Mapping):
            found.append(_violation(value, path, "Member must be a map"))
            return
        for key, item in value.items():
            _violations(shape.value, item, f"{path}.{key}.member", found)
    elif kind == "string":
        _string(shape, value, path, found)
    elif kind in ("integer", "long"):
        _range(shape, value, path, found)


def _string(shape: Any, value: Any, path: str, found: list[str]) -> None:
    if not isinstance(value, str):
        found.append(_violation(value, path, "Member must be a string"))
        return
    if shape.enum and value not in shape.enum:
        found.append(_violation(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"))
        return
    _length(shape, value, path, found)
    pattern = shape.metadata.get("pattern")
    # Java's character classes (\p{L}) are beyond `re`; such patterns only concern tags here.
    if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value, re.DOTALL):
        found.append(_violation(value, path, f"Member must satisfy regular expression pattern: {pattern}"))


def _length(shape: Any, value: Any, path: str, found: list[str]) -> None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and len(value) < least:
        found.append(_violation(value, path, f"Member must have length greater than or equal to {least}"))
    if most is not None and len(value) > most:
        found.append(_violation(value, path, f"Member must have length less than or equal to {most}"))


def _range(shape: Any, value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        found.append(_violation(value, path, "Member must be a number"))
        return
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        found.append(_violation(value, path, f"Member must have value greater than or equal to {least}"))
    if most is not None and value > most:
        found.append(_violation(value, path, f"Member must have value less than or equal to {most}"))


def _violation(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def page(
    items: Sequence[Item], token: str | None, size: int, *, error: str = "InvalidNextTokenException"
) -> tuple[list[Item], str | None]:
    """One page of a list and the token of the next (None at the end); the token is the offset. Pure.

    Raises:
        ApiError: `error`, if the token is not one of ours.
    """
    if token is not None and (not token.isdecimal() or int(token) > len(items)):
        raise ApiError(error, "The next token is invalid.")
    start = int(token or 0)
    end = start + size
    return list(items[start:end]), str(end) if end < len(items) else None
