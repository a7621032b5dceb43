"""Things made to fail on purpose, so that a rehearsal can show what a failure looks like.

A fault names a `kind` (what fails, in the words of the extension that asks), a `match` (attributes it
applies to), the `error` that results, and how many `times` it strikes. The kind `api` is served for every
AWS call alike (attributes `service`, `operation`, `account_id`); other kinds belong to the extension that
takes them, for example `build` or `sagemaker.endpoint`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass(slots=True)
class Fault:
    """One planned failure. `match` values are shell patterns; `times` counts down, null strikes for ever."""

    kind: str
    match: dict[str, str] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)
    times: int | None = 1
    struck: int = 0

    def applies(self, attributes: Mapping[str, object]) -> bool:
        """True if every pattern of `match` fits the attribute of that name. Pure."""
        return all(fnmatchcase(str(attributes.get(key, "")), pattern) for key, pattern in self.match.items())


class Faults:
    """The failures planned for one sandbox; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Plan one more failure."""
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Forget every planned failure."""
        with self._lock:
            self._planned.clear()

    def all(self) -> list[dict[str, Any]]:
        """The planned failures as JSON values, in the order in which they were planned."""
        with self._lock:
            return [
                {"kind": f.kind, "match": f.match, "error": f.error, "times": f.times, "struck": f.struck}
                for f in self._planned
            ]

    def take(self, kind: str, /, **attributes: object) -> Fault | None:
        """The first planned fault that applies, used up by one stroke; None if nothing is to fail."""
        if not self._planned:
            return None
        with self._lock:
            for fault in self._planned:
                if fault.kind == kind and fault.applies(attributes):
                    fault.struck += 1
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._planned.remove(fault)
                    return fault
        return None
