"""The history of an execution: events with ids, as GetExecutionHistory shows them."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime
from typing import Any

Event = dict[str, Any]


def dump(value: Any) -> str:
    """A value as the JSON text that Step Functions shows. Pure."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class History:
    """The events of one execution; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[Event] = []

    def add(self, kind: str, previous: int, **details: Any) -> int:
        """Append an event and return its id; details that are None are left out."""
        member = f"{_details_of(kind)}EventDetails"
        with self._lock:
            number = len(self._events) + 1
            event: Event = {
                "timestamp": datetime.now(UTC),
                "type": kind,
                "id": number,
                "previousEventId": previous,
            }
            kept = {key: value for key, value in details.items() if value is not None}
            if kept:
                event[member] = kept
            self._events.append(event)
        return number

    def events(self) -> list[Event]:
        """The events so far, oldest first."""
        with self._lock:
            return list(self._events)


def _details_of(kind: str) -> str:
    """`TaskStateEntered` has `stateEnteredEventDetails`, `TaskFailed` `taskFailedEventDetails`. Pure."""
    found = re.fullmatch(r"\w+State(Entered|Exited)", kind)
    if found:
        return f"state{found[1]}"
    if re.fullmatch(r"MapIteration\w+", kind):
        return kind[0].lower() + kind[1:]
    return kind[0].lower() + kind[1:]
