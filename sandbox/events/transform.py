"""What a target receives of an event: all of it, a part, a constant, or a template filled in. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9._-]+)>")
_PART = re.compile(r"\.([A-Za-z0-9_-]+)|\[\s*['\"]([^'\"]+)['\"]\s*\]|\[(\d+)\]")


def input_of(target: Mapping[str, Any], event: Mapping[str, Any], *, rule_arn: str, rule_name: str) -> Any:
    """The body for a target of a rule: a JSON value, or text where the template is text."""
    if target.get("Input"):
        return json.loads(target["Input"])
    if target.get("InputPath"):
        return at(event, target["InputPath"])
    transformer = target.get("InputTransformer")
    if not transformer:
        return dict(event)
    values = {name: at(event, path) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_name,
        "aws.events.event": {k: v for k, v in event.items() if k != "detail"},
        "aws.events.event.json": dict(event),
        "aws.events.event.ingestion-time": event.get("time"),
    }
    return fill(transformer["InputTemplate"], values)


def fill(template: str, values: Mapping[str, Any]) -> Any:
    """A template with its `<name>` placeholders filled in, as JSON if it is JSON then, else as text.

    Inside quotes a value is put as text, outside as JSON, as EventBridge does.
    """
    filled = []
    end = 0
    for found in _PLACEHOLDER.finditer(template):
        if found[1] not in values:
            continue
        before = template[: found.start()]
        value = values[found[1]]
        filled.append(template[end : found.start()])
        if _is_quoted(before):
            text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
            filled.append(json.dumps(text)[1:-1])
        else:
            is_json = template.lstrip().startswith(("{", "[", '"'))
            filled.append(json.dumps(value) if is_json or not isinstance(value, str) else value)
        end = found.end()
    filled.append(template[end:])
    text = "".join(filled)
    try:
        return json.loads(text)
    except ValueError:
        # Several quoted lines are several strings; their quotes are EventBridge's, not the message's.
        lines = text.strip().splitlines()
        if lines and all(line.strip().startswith('"') and line.strip().endswith('"') for line in lines):
            return "\n".join(json.loads(line) for line in lines)
        return text


def at(event: Mapping[str, Any], path: str) -> Any:
    """The value at a JSON path of names and indexes (`$.detail.a`, `$.resources[0]`);

    None if there is none.
    """
    value: Any = event
    for found in _PART.finditer(path.removeprefix("$")):
        name, quoted, index = found.groups()
        if index is not None:
            value = value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
        else:
            value = value.get(name or quoted) if isinstance(value, Mapping) else None
    return value


def _is_quoted(before: str) -> bool:
    return len(re.findall(r'(?<!\\)"', before)) % 2 == 1
