"""The error tree. Each error is something a person can act on; anything else is a bug and shows its traceback.

GeneratorError            exit code 1
├── ConfigError           1: a config or platform file has problems
├── ConflictError         1: a file we would overwrite was edited by hand
├── DriftError            3: what is on disk is not what the configs say
└── ToolError             4: an outside tool or service failed
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from .problems import Problem


class GeneratorError(Exception):
    """What went wrong, where, and what to do about it.

    Attributes:
        message: One sentence without a final full stop.
        where: File, workspace or address that it is about, or "".
        hint: What to do, or "".
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  fix: {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice}"


class ConfigError(GeneratorError):
    """A document has problems; all of them are carried.

    Attributes:
        problems: Every problem found, in the order of the document.
    """

    def __init__(self, problems: Iterable[Problem], *, where: str = "") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'}", where=where)

    def __str__(self) -> str:
        return "\n".join(problem.text(self.where) for problem in self.problems)


class ConflictError(GeneratorError):
    """A generated file was edited by hand; nothing was overwritten."""


class DriftError(GeneratorError):
    """What is on disk differs from what the configs say."""

    exit_code = 3


class ToolError(GeneratorError):
    """An outside tool (Terraform) or service (AWS) failed."""

    exit_code = 4
