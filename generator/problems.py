"""A problem in a document: a stable code, the key, what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a config or a platform file.

    Attributes:
        code: Stable name of the kind of problem; ``codes.py`` and ``docs/errors.md`` explain each.
        key: Dotted path of the value, e.g. ``tuner_configs.max_jobs`` or ``[1].model_name``; "" is the document.
        message: What is wrong, as a clause that follows the key.
        fix: What to do about it, or "".
        line: Line in the file, from 1; 0 when there is no file.
        column: Column in the file in characters, from 1; 0 when there is no file.
    """

    code: str
    key: str
    message: str
    fix: str = ""
    line: int = 0
    column: int = 0

    def text(self, name: str = "") -> str:
        """Return the problem as people see it: ``file:line:column: key: message [code]`` and a line with the fix."""
        place = f"{name}:{self.line}:{self.column}: " if self.line else (f"{name}: " if name else "")
        key = f"{self.key}: " if self.key else ""
        advice = f"\n  fix: {self.fix}" if self.fix else ""
        return f"{place}{key}{self.message} [{self.code}]{advice}"

    def to_json(self) -> dict[str, Any]:
        """Return the problem as a JSON object, as ``mlops validate --json`` and the API print it."""
        return {
            "line": self.line,
            "column": self.column,
            "key": self.key,
            "code": self.code,
            "message": self.message,
            "fix": self.fix,
        }


def placed(problem: Problem, prefix: str, line: int, column: int) -> Problem:
    """Return the problem with its key below ``prefix`` (e.g. ``[1]``) and a place in its file. Pure."""
    return Problem(problem.code, join_key(prefix, problem.key), problem.message, problem.fix, line, column)


def join_key(parent: str, child: str) -> str:
    """Return the dotted path of ``child`` (a key, or an index such as ``[0]``) below ``parent``. Pure."""
    if not parent or not child:
        return parent or child
    return f"{parent}{child}" if child.startswith("[") else f"{parent}.{child}"


_ALIKE = 0.6


def closest(word: str, known: Iterable[str], alike: float = _ALIKE) -> str | None:
    """Return the known word that ``word`` most likely was meant to be, or None. Pure."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower().replace("-", "_"), by_lower, n=1, cutoff=alike) or get_close_matches(
        word.lower(), by_lower, n=1, cutoff=alike
    )
    return by_lower[found[0]] if found else None


def paired(words: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return which known word each of several words most likely was meant to be; the likest pairs first. Pure."""
    from difflib import SequenceMatcher

    names = list(known)
    likeness = {
        (word, name): SequenceMatcher(None, word.lower().replace("-", "_"), name.lower()).ratio()
        for word in words
        for name in names
    }
    found: dict[str, str] = {}
    for word, name in sorted(likeness, key=likeness.__getitem__, reverse=True):
        if likeness[word, name] >= _ALIKE and word not in found and name not in found.values():
            found[word] = name
    return found


def listed(words: Iterable[str], limit: int = 12) -> str:
    """Return words as a readable list, cut after ``limit`` of them: ``a, b, c`` or ``a, b, ... (9 more)``. Pure."""
    every = list(words)
    if len(every) <= limit:
        return ", ".join(every)
    return f"{', '.join(every[:limit])}, ... ({len(every) - limit} more)"
