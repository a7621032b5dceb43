"""The kind of value that says when a monitor runs. Pure."""

from __future__ import annotations

import re
from typing import Any

from .kinds import Kind, Schema, show
from .report import Report


class Cron(Kind):
    """A schedule in a form that SageMaker monitoring accepts.

    SageMaker takes hourly schedules ``cron(0 * ? * * *)``, daily ones ``cron(0 <hour> ? * * *)``, and every
    N hours from an hour on ``cron(0 <hour>/<N> ? * * *)``; and ``NOW`` for a single run. Source: Amazon SageMaker
    Developer Guide, "Cron Expressions for Monitoring Schedule".
    """

    __slots__ = ()
    _HOUR = r"(?:\*|(?:2[0-3]|1[0-9]|0?[0-9])(?:/(?:2[0-4]|1[0-9]|0?[1-9]))?)"

    def __init__(self) -> None:
        super().__init__("a schedule such as cron(0 * ? * * *), hourly, or cron(0 12 ? * * *), daily at noon, or NOW")

    def check(self, value: Any, report: Report) -> Any:
        if value.__class__ is not str:
            return self.wrong_type(value, report)
        text = " ".join(value.split())
        if not text:
            return report.add("empty-value", f"is empty; {self.expects} is expected")
        if text == "NOW":
            return text
        inner = re.fullmatch(r"cron\(\s*(.*?)\s*\)", text)
        if inner is None:
            fix = f"write cron({text})" if len(text.split()) == 6 else "write cron(minute hour day month weekday year)"
            return report.add("bad-schedule", f"{show(text)} is not {self.expects}", fix)
        fields = inner[1].split()
        if len(fields) != 6:
            return report.add(
                "bad-schedule",
                f"{show(text)} has {len(fields)} fields, but six are needed: minute hour day month weekday year",
                "for every hour write cron(0 * ? * * *)",
            )
        fault = self._fault(fields)
        if fault:
            return report.add("bad-schedule", f"{show(text)} {fault[0]}", fault[1])
        return f"cron({' '.join(fields)})"

    def _fault(self, fields: list[str]) -> tuple[str, str] | None:
        minute, hour, day, month, weekday, year = fields
        if minute != "0":
            return (
                f"runs at minute {minute}, but SageMaker starts monitoring only at the full hour",
                f"write cron(0 {hour} {day} {month} {weekday} {year})",
            )
        if re.fullmatch(self._HOUR, hour) is None:
            return (
                f"has {hour} for the hour; SageMaker takes *, one hour from 0 to 23, or start/step such as 0/6",
                "for every hour write cron(0 * ? * * *)",
            )
        if (day, month, weekday, year) not in _EVERY_DAY:
            return (
                "names days, but SageMaker monitoring runs hourly or daily only",
                f"write cron(0 {hour} ? * * *)",
            )
        return None

    def schema(self) -> Schema:
        days = r"(\?\s+\*\s+\*|\*\s+\*\s+\?)"
        return {"type": "string", "pattern": rf"^\s*(NOW|cron\(\s*0\s+{self._HOUR}\s+{days}\s+\*\s*\))\s*$"}


_EVERY_DAY = {("?", "*", "*", "*"), ("*", "*", "?", "*")}
