"""What modules declare to be live, held against the APIs that the delivery's Verify reads it with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from generator.delivery.checks import KINDS
from tools.fidelity import shapes
from tools.fidelity.findings import Finding
from tools.fidelity.planning import Planned

KIND = "live"


def check(case: str, plan: Planned) -> Iterator[Finding]:
    """Yield items of a kind that nobody checks, calls that do not fit their API, and answers that it never gives."""
    for number, item in enumerate(plan.live):
        place = f"{case}: output.live[{number}]"
        if item["kind"] not in KINDS:
            yield Finding(place, f"no check knows the kind {item['kind']}", KIND)
        if item["kind"] != "aws_api":
            continue
        yield from shapes.check_call(item["service"], item["operation"], item["parameters"], place)
        model = shapes.methods(item["service"]).get(item["operation"])
        for expression in (*(item.get("expect") or {}), *(item.get("wait_while") or {})):
            if model is not None and not _answers(model.output_shape, expression):
                yield Finding(place, f"{item['operation']} never answers {expression}", KIND)


def reads(planned: Mapping[str, Planned]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Yield (place, service, operation, parameters) of every read that a module declares."""
    for case, plan in planned.items():
        for number, item in enumerate(plan.live):
            if item["kind"] == "aws_api":
                yield f"{case}: output.live[{number}]", item["service"], item["operation"], item["parameters"]


def _answers(shape: Any, expression: str) -> bool:
    """Whether an answer has the members that a plain JMESPath expression names; any other is taken as it is."""
    if not re.fullmatch(r"[\w.]+(\[\d*\][\w.]*)*", expression):
        return True
    for name in re.sub(r"\[\d*\]", "", expression).split("."):
        while shape.type_name == "list":
            shape = shape.member
        if shape.type_name == "map":
            shape = shape.value
        elif shape.type_name == "structure" and name in shape.members:
            shape = shape.members[name]
        else:
            return False
    return True
