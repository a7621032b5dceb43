"""Every AWS call in the sources, found without running anything, and held against botocore's models.

Seen are calls on what ``client("service")`` returned, directly or by a name, and ``call("service", "operation", ...)``.
Of a call are checked: the operation, the names of its parameters, what is required, and every value that stands in
the source; the unit tests' fake holds whole values against the same models.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.fidelity import shapes
from tools.fidelity.findings import Finding
from tools.fidelity.planning import ROOT, UNKNOWN

KIND = "api"
# Where the Lambda, the command line, the delivery runner and the modules' own programs call AWS.
SOURCES = ("lambda_src/**/*.py", "generator/**/*.py", "modules/**/*.py")
_BY_NAME = frozenset({"call", "pages"})
# A client has these beside its operations.
_NO_OPERATIONS = frozenset(
    {"can_paginate", "close", "generate_presigned_url", "get_paginator", "get_waiter", "exceptions"}
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the source has it.

    Attributes:
        place: File and line.
        services: The service; several when only the operation's name tells.
        operation: As boto3 names it.
        parameters: Values that stand in the source; UNKNOWN for the others.
        is_whole: Whether all its parameters are named in the source.
    """

    place: str
    services: tuple[str, ...]
    operation: str
    parameters: Mapping[str, Any]
    is_whole: bool


def sources(patterns: Iterable[str] = SOURCES) -> list[Path]:
    """Return the files that may call AWS."""
    return sorted({path for pattern in patterns for path in ROOT.glob(pattern) if ".terraform" not in path.parts})


def calls(paths: Iterable[Path]) -> list[Call]:
    """Return every call in some files. Reads them."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    used = sorted({service for tree in trees.values() for service in _services(tree)})
    found: list[Call] = []
    for path, tree in trees.items():
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
        for scope in ast.walk(tree):
            if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
                found += _of_scope(scope, name, used)
    return sorted(set_of(found), key=lambda call: call.place)


def set_of(found: Iterable[Call]) -> list[Call]:
    """Return calls once each: what is in a function within a function is seen twice, first with what that one knows."""
    by_place: dict[tuple[str, str], Call] = {}
    for call in found:
        known = by_place.get((call.place, call.operation))
        if known is None or len(call.services) < len(known.services):
            by_place[call.place, call.operation] = call
    return list(by_place.values())


def check(found: Iterable[Call]) -> Iterator[Finding]:
    """Yield what is wrong with calls."""
    for call in found:
        answers = [list(_fit(call, service)) for service in call.services]
        if answers and all(answers):
            yield from min(answers, key=len)


def _fit(call: Call, service: str) -> Iterator[Finding]:
    for finding in shapes.check_call(service, call.operation, call.parameters, call.place):
        if call.is_whole or finding.text != "is required":
            yield finding


def _of_scope(scope: ast.AST, name: str, used: list[str]) -> Iterator[Call]:
    clients = {
        target.id: service
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and (service := _client_of(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(scope):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        place = f"{name}:{node.lineno}"
        method, value = node.func.attr, node.func.value
        texts = [str(argument.value) for argument in node.args[:2] if isinstance(argument, ast.Constant)]
        if method in _BY_NAME and len(texts) == 2:
            yield _call(node, place, (texts[0],), texts[1])
            continue
        service = _client_of(value) or (clients.get(value.id) if isinstance(value, ast.Name) else None)
        if service is not None:
            if method not in _NO_OPERATIONS:
                yield _call(node, place, (service,), method)
        elif isinstance(value, ast.Name) and not node.args:
            services = tuple(service for service in used if method in shapes.methods(service))
            # Parameters of most APIs begin with a capital; of what does not, an operation's name has two words.
            is_call = "_" in method or any((keyword.arg or "")[:1].isupper() for keyword in node.keywords)
            if services and is_call and node.keywords:
                yield _call(node, place, services, method)


def _call(node: ast.Call, place: str, services: tuple[str, ...], operation: str) -> Call:
    given = {keyword.arg: _literal(keyword.value) for keyword in node.keywords if keyword.arg}
    if "CopySource" in given:
        # boto3 takes an object here and makes the header's text of it.
        given["CopySource"] = UNKNOWN
    return Call(place, services, operation, given, all(keyword.arg for keyword in node.keywords))


def _literal(node: ast.expr) -> Any:
    """Return a value as far as it stands in the source."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List) and not any(isinstance(item, ast.Starred) for item in node.elts):
        return [_literal(item) for item in node.elts]
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        pairs = zip(node.keys, node.values, strict=True)
        return {key.value: _literal(value) for key, value in pairs if isinstance(key, ast.Constant)}
    return UNKNOWN


def _services(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        service = _client_of(node)
        if service:
            yield service


def _client_of(node: ast.AST) -> str | None:
    """The service of ``<anything>.client("service")`` or ``create_client``, else None."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("client", "create_client")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ):
        return node.args[0].value
    return None
