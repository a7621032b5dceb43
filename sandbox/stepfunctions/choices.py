"""Choice rules of JSONPath states."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sandbox.apis.shapes import timestamp
from sandbox.stepfunctions import paths
from sandbox.stepfunctions.errors import runtime
from sandbox.stepfunctions.templates import Scope, path_value

_KINDS: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Numeric": (int, float),
    "Timestamp": (str,),
    "Boolean": (bool,),
}
_COMPARISONS = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")

COMPARATORS = frozenset(
    [f"{kind}{comparison}" for kind in ("String", "Numeric", "Timestamp") for comparison in _COMPARISONS]
    + ["BooleanEquals"]
)
"""Comparators with a value of their own; each also exists with `Path` after it."""

TESTS = frozenset({"IsBoolean", "IsNull", "IsNumeric", "IsPresent", "IsString", "IsTimestamp"})

_COMPARATOR = re.compile(r"(String|Numeric|Timestamp|Boolean)(\w+?)(Path)?")


def holds(rule: dict[str, Any], data: Any, scope: Scope) -> bool:
    """True if a rule holds for the data.

    Raises:
        StateError: States.Runtime: the variable, or the path beside it, leads nowhere.
    """
    if "And" in rule:
        return all(holds(part, data, scope) for part in rule["And"])
    if "Or" in rule:
        return any(holds(part, data, scope) for part in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], data, scope)
    variable = rule["Variable"]
    [(name, wanted)] = [
        (key, value) for key, value in rule.items() if key not in ("Variable", "Next", "Comment", "Assign", "Output")
    ]
    present = paths.exists(variable, data, scope.context, scope.variables)
    if name == "IsPresent":
        return bool(present == wanted)
    if not present:
        raise runtime(f"Invalid path '{variable}': The choice state's condition path references an invalid value.")
    value = path_value(variable, data, scope)
    if name in TESTS:
        return bool(_is(name, value) == wanted)
    if name == "StringMatches":
        return isinstance(value, str) and _matches(value, wanted)
    found = _COMPARATOR.fullmatch(name)
    if found is None:
        raise runtime(f"{name} is no comparator")
    if found[3]:
        wanted = path_value(wanted, data, scope)
    return _compare(found[1], found[2], value, wanted)


def _compare(kind: str, comparison: str, value: Any, wanted: Any) -> bool:
    kinds = _KINDS[kind]
    for side in (value, wanted):
        if not isinstance(side, kinds) or (isinstance(side, bool) and kind != "Boolean"):
            return False
    if kind == "Timestamp":
        value, wanted = _moment(value), _moment(wanted)
        if value is None or wanted is None:
            return False
    results: dict[str, bool] = {
        "Equals": value == wanted,
        "LessThan": value < wanted,
        "GreaterThan": value > wanted,
        "LessThanEquals": value <= wanted,
        "GreaterThanEquals": value >= wanted,
    }
    return results[comparison]


def _is(name: str, value: Any) -> bool:
    if name == "IsNull":
        return value is None
    if name == "IsBoolean":
        return isinstance(value, bool)
    if name == "IsNumeric":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if name == "IsTimestamp":
        return isinstance(value, str) and _moment(value) is not None
    return isinstance(value, str)


def _matches(value: str, pattern: str) -> bool:
    # Only `*` is special; `\*` is a star.
    parts = re.split(r"(?<!\\)\*", pattern)
    expression = ".*".join(re.escape(part.replace("\\*", "*").replace("\\\\", "\\")) for part in parts)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _moment(text: str) -> datetime | None:
    if "T" not in text:
        return None
    try:
        return timestamp(text)
    except ValueError:
        return None
