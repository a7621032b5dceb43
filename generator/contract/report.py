"""Collects the problems of one document while it is checked."""

from __future__ import annotations

from typing import Any, Final

from ..problems import Problem


class _Invalid:
    """Marks a value that was refused; its problem has been reported."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "INVALID"


INVALID: Final = _Invalid()


class Report:
    """The problems so far, and the key that is being looked at.

    Attributes:
        problems: Every problem reported, in order.
        key: Dotted path of the value that is being checked; ``add`` reports against it.
    """

    __slots__ = ("key", "problems")

    def __init__(self, key: str = "") -> None:
        self.problems: list[Problem] = []
        self.key = key

    def add(self, code: str, message: str, fix: str = "") -> Any:
        """Report a problem at the current key and return ``INVALID``, so that a check can return the result."""
        self.problems.append(Problem(code, self.key, message, fix))
        return INVALID

    def add_at(self, key: str, code: str, message: str, fix: str = "") -> Any:
        """Report a problem at another key and return ``INVALID``."""
        self.problems.append(Problem(code, key, message, fix))
        return INVALID
