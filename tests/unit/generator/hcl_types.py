"""Reads the types of a module's variables, and holds values against them as Terraform would, but strictly.

Terraform drops attributes that an object type does not have; here they are faults.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|[0-9.]+|[(){}\[\],=]')
Type = Any
"""A word (string, number, bool, any), (collection, Type), or {attribute: (Type, optional)}."""


def variables(file: Path) -> dict[str, tuple[Type, bool]]:
    """Return {variable: (type, whether it has a default)} of a variables.tf."""
    found = {}
    for block in re.finditer(r'^variable "(\w+)" \{\n(.*?)^\}', file.read_text(), re.MULTILINE | re.DOTALL):
        body = "\n".join(line for line in block[2].splitlines() if not line.strip().startswith("#"))
        start = re.search(r"^  type\s*=\s*", body, re.MULTILINE)
        assert start, f"{block[1]} has no type"
        tokens = _TOKEN.findall(body[start.end() :])
        found[block[1]] = (_parse(tokens)[0], re.search(r"^  default\s*=", body, re.MULTILINE) is not None)
    return found


def _parse(tokens: list[str]) -> tuple[Type, list[str]]:
    word, *rest = tokens
    if word in ("string", "number", "bool", "any"):
        return word, rest
    if word in ("list", "set", "map"):
        inner, rest = _parse(rest[1:])
        return (word, inner), rest[1:]
    assert word == "object"
    assert rest[:2] == ["(", "{"]
    rest = rest[2:]
    attributes: dict[str, tuple[Type, bool]] = {}
    while rest[0] != "}":
        if rest[0] == ",":
            rest = rest[1:]
            continue
        name, _, *rest = rest
        is_optional = rest[0] == "optional"
        if is_optional:
            inner, rest = _parse(rest[2:])
            depth = 1
            while depth:
                depth += {"(": 1, ")": -1}.get(rest[0], 0)
                rest = rest[1:]
        else:
            inner, rest = _parse(rest)
        attributes[name] = (inner, is_optional)
    return attributes, rest[2:]


def faults(value: Any, wanted: Type, place: str) -> list[str]:
    """Return what is wrong with a value of a type, [] for nothing."""
    if value is None or wanted == "any":
        return []
    if isinstance(wanted, str):
        fits = {"string": isinstance(value, str), "bool": isinstance(value, bool)}
        fits["number"] = isinstance(value, int | float) and not isinstance(value, bool)
        return [] if fits[wanted] else [f"{place}: {value!r} is no {wanted}"]
    if isinstance(wanted, tuple):
        kind, inner = wanted
        if kind == "map":
            if not isinstance(value, dict):
                return [f"{place}: {value!r} is no map"]
            return [fault for key, member in value.items() for fault in faults(member, inner, f"{place}.{key}")]
        if not isinstance(value, list):
            return [f"{place}: {value!r} is no {kind}"]
        return [fault for index, member in enumerate(value) for fault in faults(member, inner, f"{place}[{index}]")]
    if not isinstance(value, dict):
        return [f"{place}: {value!r} is no object"]
    found = [f"{place}.{name}: not an attribute" for name in value if name not in wanted]
    found += [
        f"{place}.{name}: missing" for name, (_, optional) in wanted.items() if not optional and name not in value
    ]
    for name, member in value.items():
        if name in wanted:
            found += faults(member, wanted[name][0], f"{place}.{name}")
    return found
