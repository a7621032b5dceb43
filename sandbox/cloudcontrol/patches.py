"""JSON Patch (RFC 6902), as UpdateResource takes it."""

from __future__ import annotations

import copy
from typing import Any


class BadPatch(Exception):
    """A patch that cannot be applied; the text says which operation and why."""


def apply(document: Any, patch: Any) -> Any:
    """A copy of the document with the patch applied. Pure.

    Raises:
        BadPatch: An operation is malformed, points nowhere, or a `test` fails.
    """
    if not isinstance(patch, list):
        raise BadPatch("a patch document is an array of operations")
    result = copy.deepcopy(document)
    for step in patch:
        if not isinstance(step, dict) or "op" not in step or "path" not in step:
            raise BadPatch(f"{step}: an operation has op and path")
        result = _step(result, step)
    return result


def _step(document: Any, step: dict[str, Any]) -> Any:
    kind, path = step["op"], _parts(step["path"])
    if kind in ("add", "replace"):
        if kind == "replace":
            _get(document, path)
        return _put(document, path, copy.deepcopy(step.get("value")), insert=kind == "add")
    if kind == "remove":
        return _remove(document, path)
    if kind in ("move", "copy"):
        source = _parts(step.get("from", ""))
        value = copy.deepcopy(_get(document, source))
        if kind == "move":
            document = _remove(document, source)
        return _put(document, path, value, insert=True)
    if kind == "test":
        if _get(document, path) != step.get("value"):
            raise BadPatch(f"test failed at {step['path']}")
        return document
    raise BadPatch(f"unknown operation {kind}")


def _parts(pointer: str) -> list[str]:
    if pointer == "":
        return []
    if not pointer.startswith("/"):
        raise BadPatch(f"{pointer} is no JSON pointer")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def _get(document: Any, path: list[str]) -> Any:
    for part in path:
        try:
            document = document[int(part)] if isinstance(document, list) else document[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise BadPatch(f"/{'/'.join(path)} does not exist") from None
    return document


def _put(document: Any, path: list[str], value: Any, *, insert: bool) -> Any:
    if not path:
        return value
    parent = _get(document, path[:-1])
    if isinstance(parent, list):
        index = len(parent) if path[-1] == "-" else _index(path[-1], len(parent))
        parent[index : index if insert else index + 1] = [value]
    elif isinstance(parent, dict):
        parent[path[-1]] = value
    else:
        raise BadPatch(f"/{'/'.join(path)} does not exist")
    return document


def _remove(document: Any, path: list[str]) -> Any:
    _get(document, path)
    parent = _get(document, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]
    return document


def _index(part: str, length: int) -> int:
    if not part.isdecimal() or int(part) > length:
        raise BadPatch(f"{part} is no index of an array of {length}")
    return int(part)
