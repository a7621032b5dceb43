"""Filters and joins of batch transforms: the subset of JSONPath that SageMaker takes, on CSV and JSON
records. Pure.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

_PART = re.compile(r"\.(?P<name>[A-Za-z_][\w-]*)|\[(?P<quoted>'[^']*'|\"[^\"]*\")\]|\[(?P<index>[-\d,\s:*]+)\]")


class BadFilter(Exception):
    """An expression that SageMaker would not take."""


def apply_filter(expression: str, record: Any) -> Any:
    """What an expression such as `$`, `$[1:]`, `$[0,3]` or `$['features']` leaves of a record.

    Raises:
        BadFilter: The expression is none, or does not fit the record.
    """
    if not expression.startswith("$"):
        raise BadFilter(f"{expression}: a filter starts with $")
    at = 1
    value = record
    while at < len(expression):
        part = _PART.match(expression, at)
        if part is None:
            raise BadFilter(f"{expression}: not understood at character {at + 1}")
        value = _step(value, part, expression)
        at = part.end()
    return value


def _step(value: Any, part: re.Match[str], expression: str) -> Any:
    name = part["name"] or (part["quoted"] or "")[1:-1]
    if part["index"] is None:
        if not isinstance(value, dict) or name not in value:
            raise BadFilter(f"{expression}: the record has no {name}")
        return value[name]
    if not isinstance(value, list):
        raise BadFilter(f"{expression}: the record is no list")
    text = part["index"].replace(" ", "")
    try:
        if text == "*":
            return value
        if ":" in text:
            bounds = [int(bound) if bound else None for bound in text.split(":")]
            return value[slice(*bounds)]
        if "," in text:
            return [value[int(index)] for index in text.split(",")]
        return value[int(text)]
    except (IndexError, ValueError) as error:
        raise BadFilter(f"{expression}: {error}") from None


def read_record(line: str, kind: str) -> Any:
    """A line as a list of fields (CSV) or as JSON."""
    return json.loads(line) if "json" in kind else next(csv.reader([line]))


def write_record(record: Any, kind: str) -> str:
    """A record as one line of CSV or JSON."""
    if "json" in kind:
        return json.dumps(record)
    fields = record if isinstance(record, list) else [record]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(fields)
    return buffer.getvalue()


def join_records(source: str, answer: str, kind: str) -> Any:
    """An input record and its prediction as one record, in the shape that SageMaker gives the joined file."""
    if "json" in kind:
        record = json.loads(source)
        output = json.loads(answer)
        if isinstance(record, dict):
            return {**record, "SageMakerOutput": output}
        return {"SageMakerInput": record, "SageMakerOutput": output}
    return [*read_record(source, kind), *read_record(answer, kind)]
