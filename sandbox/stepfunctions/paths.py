"""JSONPath as Step Functions has it: reading paths, and writing by reference paths. Pure.

Paths start with `$` (the input), `$$` (the context object) or `$name` (a variable). A path with a wildcard, a slice,
a filter or `..` yields a list of what it finds; any other path yields one value or fails.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Step = tuple[str, Any]

_STEPS = re.compile(
    r"""
      (?P<deep>\.\.)(?P<deep_name>[^\s.\[\]()'",]+|\*)?
    | \.(?P<name>[^\s.\[\]()'",*]+)
    | (?P<any>\.\*|\[\s*\*\s*\])
    | \[\s*(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*\]
    | \[\s*(?P<slice>-?\d*\s*:\s*-?\d*(?:\s*:\s*-?\d*)?)\s*\]
    | \[\s*(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\s*\]
    | \[\s*\?\s*\((?P<filter>[^\]]*)\)\s*\]
    """,
    re.VERBOSE,
)
_ROOT = re.compile(r"\$\$|\$(?P<variable>[A-Za-z_]\w*)?")
_COMPARISON = re.compile(
    r"\s*@(?P<path>(?:\.[\w-]+|\['[^']*'\])*)\s*(?:(?P<operator>==|!=|<=|>=|<|>)\s*(?P<value>.+?))?\s*"
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}
_MISSING = object()


class BadPath(Exception):
    """Text that is no path."""


class NotFound(Exception):
    """A path that leads nowhere in the given data; the text is AWS's."""


@lru_cache(maxsize=1024)
def parse(path: str) -> tuple[str, tuple[Step, ...]]:
    """The root (`$`, `$$` or a variable's name) and the steps of a path.

    Raises:
        BadPath: It is none.
    """
    root = _ROOT.match(path)
    if root is None:
        raise BadPath(f"Value is not a JsonPath: {path}")
    steps: list[Step] = []
    at = root.end()
    while at < len(path):
        found = _STEPS.match(path, at)
        if found is None:
            raise BadPath(f"Value is not a JsonPath: {path}")
        steps.append(_step(found))
        at = found.end()
    return root["variable"] or root[0], tuple(steps)


def is_reference(path: str) -> bool:
    """True if a path can only mean one place: names and single indexes. May raise BadPath."""
    return all(kind in ("name", "index") for kind, _ in parse(path)[1])


def read(path: str, data: Any, context: Any = None, variables: Mapping[str, Any] | None = None) -> Any:
    """What a path finds.

    Raises:
        BadPath: The text is no path.
        NotFound: A path to one place leads nowhere, or a variable is not set.
    """
    root, steps = parse(path)
    if root == "$$":
        start = context
    elif root == "$":
        start = data
    elif root in (variables or {}):
        start = (variables or {})[root]
    else:
        raise NotFound(f"The variable '${root}' is not defined")
    found, definite = [start], True
    for kind, value in steps:
        definite = definite and kind in ("name", "index")
        found = [item for entry in found for item in _follow(kind, value, entry)]
    if definite:
        if not found:
            raise NotFound(f"The JSONPath '{path}' could not be found in the input '{_short(start)}'")
        return found[0]
    return found


def exists(path: str, data: Any, context: Any = None, variables: Mapping[str, Any] | None = None) -> bool:
    """True if a path finds something."""
    try:
        found = read(path, data, context, variables)
    except NotFound:
        return False
    return bool(found) or all(kind in ("name", "index") for kind, _ in parse(path)[1])


def write(path: str, data: Any, value: Any) -> Any:
    """A copy of `data` with `value` where a reference path points; missing objects on the way are made.

    Raises:
        BadPath: The text is no reference path.
        NotFound: The way leads through something that is neither object nor array.
    """
    root, steps = parse(path)
    if root != "$" or not is_reference(path):
        raise BadPath(f"Value is not a Reference Path: {path}")
    if not steps:
        return value
    result = copy.deepcopy(data)
    place = result
    for position, (kind, key) in enumerate(steps):
        last = position == len(steps) - 1
        if kind == "name" and isinstance(place, dict):
            if last:
                place[key] = value
            elif not isinstance(place.get(key), (dict, list)):
                place[key] = {}
            place = place[key]
        elif kind == "index" and isinstance(place, list) and -len(place) <= key < len(place):
            if last:
                place[key] = value
            place = place[key]
        else:
            raise NotFound(f"Unable to apply path '{path}' to the input '{_short(data)}'")
    return result


def _step(found: re.Match[str]) -> Step:
    if found["deep"]:
        return "deep", found["deep_name"] or "*"
    if found["name"]:
        return "name", found["name"]
    if found["any"]:
        return "any", None
    if found["quoted"]:
        return "name", re.sub(r"\\(.)", r"\1", found["quoted"][1:-1])
    if found["slice"]:
        return "slice", slice(*(int(part) if part.strip() else None for part in found["slice"].split(":")))
    if found["indexes"]:
        numbers = [int(part) for part in found["indexes"].split(",")]
        return ("index", numbers[0]) if len(numbers) == 1 else ("indexes", numbers)
    return "filter", found["filter"]


def _follow(kind: str, value: Any, entry: Any) -> list[Any]:
    if kind == "name":
        return [entry[value]] if isinstance(entry, dict) and value in entry else []
    if kind == "index":
        return [entry[value]] if isinstance(entry, list) and -len(entry) <= value < len(entry) else []
    if kind == "indexes":
        return [entry[i] for i in value if isinstance(entry, list) and -len(entry) <= i < len(entry)]
    if kind == "slice":
        return list(entry[value]) if isinstance(entry, list) else []
    if kind == "any":
        return list(entry.values()) if isinstance(entry, dict) else list(entry) if isinstance(entry, list) else []
    if kind == "deep":
        return list(_descend(entry, value))
    items = entry if isinstance(entry, list) else [entry]
    return [item for item in items if _passes(value, item)]


def _descend(entry: Any, name: str) -> list[Any]:
    found: list[Any] = []
    children = list(entry.values()) if isinstance(entry, dict) else entry if isinstance(entry, list) else []
    if name == "*":
        found += children
    elif isinstance(entry, dict) and name in entry:
        found.append(entry[name])
    for child in children:
        found += _descend(child, name)
    return found


def _passes(expression: str, item: Any) -> bool:
    return any(all(_holds(part, item) for part in group.split("&&")) for group in expression.split("||"))


def _holds(comparison: str, item: Any) -> bool:
    found = _COMPARISON.fullmatch(comparison)
    if found is None:
        raise BadPath(f"Value is not a JsonPath filter: {comparison}")
    value = item
    for name in re.findall(r"\.([\w-]+)|\['([^']*)'\]", found["path"]):
        key = name[0] or name[1]
        value = value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
    if found["operator"] is None:
        return value is not _MISSING
    if value is _MISSING:
        return False
    try:
        return _OPERATORS[found["operator"]](value, _literal(found["value"]))
    except TypeError:
        return False


def _literal(text: str) -> Any:
    if text[0] in "'\"":
        return text[1:-1]
    if text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[text]
    return float(text) if "." in text else int(text)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 500 else f"{text[:500]}..."
