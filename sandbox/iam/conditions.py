"""The Condition block of a policy statement, evaluated as IAM does. Pure.

Request values come as a mapping from lower-case condition key to a text or a list of texts. A key that the
request does not have makes a positive operator false and a negated one true; `...IfExists` is true either
way.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Values = Mapping[str, str | Sequence[str]]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


@lru_cache(maxsize=4096)
def _glob(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    text = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """True if the text fits an IAM pattern, where `*` is any text and `?` any one character. Pure."""
    if pattern == "*":
        return True
    return _glob(pattern, ignore_case).fullmatch(text) is not None


def matches_arn(pattern: str, arn: str) -> bool:
    """As `matches`, but each of the six parts of the ARN by itself, so that `*` does not span colons.

    Pure.
    """
    if pattern == "*":
        return True
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    return len(wanted) == len(given) and all(matches(w, g) for w, g in zip(wanted, given, strict=True))


def substitute(text: str, values: Values) -> str | None:
    """Fill in policy variables such as `${aws:PrincipalAccount}`; None if one is not known. Pure."""
    if "${" not in text:
        return text
    missing = False

    def fill(found: re.Match[str]) -> str:
        nonlocal missing
        name, _, default = found.group(1).partition(",")
        if name in ("*", "?", "$"):
            return name
        value = values.get(name.strip().lower())
        if isinstance(value, str):
            return value
        if default:
            return default.strip().strip("'")
        missing = True
        return ""

    filled = _VARIABLE.sub(fill, text)
    return None if missing else filled


def are_met(conditions: Mapping[str, Any] | None, values: Values) -> bool:
    """True if every operator of a Condition block holds for the request's values. Pure.

    Raises:
        ValueError: An operator that IAM does not have.
    """
    for name, keys in (conditions or {}).items():
        for key, wanted in keys.items():
            if not _holds(name, key.lower(), _texts(wanted), values):
                return False
    return True


def _holds(name: str, key: str, wanted: list[str], values: Values) -> bool:
    quantifier, _, operator = name.rpartition(":")
    if_exists = operator.endswith("IfExists")
    operator = operator.removesuffix("IfExists")
    raw = values.get(key)
    given = [] if raw is None else [raw] if isinstance(raw, str) else list(raw)
    if operator == "Null":
        return any((w.lower() == "true") == (not given) for w in wanted)
    test = _OPERATORS.get(operator)
    if test is None:
        raise ValueError(f"unknown condition operator {name}")
    negated = "Not" in operator
    if not given:
        return if_exists or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")
    patterns = [filled for filled in (substitute(w, values) for w in wanted) if filled is not None]
    results = [_one(test, patterns, value, negated) for value in given]
    if quantifier == "ForAllValues" or (negated and not quantifier):
        return all(results)
    return any(results)


def _one(test: Callable[[str, str], bool], patterns: Sequence[str], value: str, negated: bool) -> bool:
    # The negated operators hold if no listed value matches, the others if any does.
    found = any(test(pattern, value) for pattern in patterns)
    return not found if negated else found


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


def _moment(text: str) -> float:
    if re.fullmatch(r"[0-9.]+", text):
        return float(text)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _in_network(pattern: str, value: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(pattern, strict=False)


def _same_case(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda p, v: p == v,
    "StringNotEquals": lambda p, v: p == v,
    "StringEqualsIgnoreCase": _same_case,
    "StringNotEqualsIgnoreCase": _same_case,
    "StringLike": matches,
    "StringNotLike": matches,
    "ArnEquals": matches_arn,
    "ArnLike": matches_arn,
    "ArnNotEquals": matches_arn,
    "ArnNotLike": matches_arn,
    "Bool": _same_case,
    "BinaryEquals": lambda p, v: base64.b64decode(p) == base64.b64decode(v),
    "IpAddress": _in_network,
    "NotIpAddress": _in_network,
    "NumericEquals": lambda p, v: float(p) == float(v),
    "NumericNotEquals": lambda p, v: float(p) == float(v),
    "NumericLessThan": lambda p, v: float(v) < float(p),
    "NumericLessThanEquals": lambda p, v: float(v) <= float(p),
    "NumericGreaterThan": lambda p, v: float(v) > float(p),
    "NumericGreaterThanEquals": lambda p, v: float(v) >= float(p),
    "DateEquals": lambda p, v: _moment(p) == _moment(v),
    "DateNotEquals": lambda p, v: _moment(p) == _moment(v),
    "DateLessThan": lambda p, v: _moment(v) < _moment(p),
    "DateLessThanEquals": lambda p, v: _moment(v) <= _moment(p),
    "DateGreaterThan": lambda p, v: _moment(v) > _moment(p),
    "DateGreaterThanEquals": lambda p, v: _moment(v) >= _moment(p),
}
