"""Logs: one JSON object a line, with the request's id. What a request holds is never logged, only what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TextIO


class Log:
    """Writes lines to a stream.

    Args:
        stream: Where lines go; Lambda sends standard output to CloudWatch Logs.
        bound: Fields of every line.
    """

    def __init__(self, stream: TextIO, bound: Mapping[str, Any] | None = None) -> None:
        self._stream = stream
        self._bound = dict(bound or {})

    def bind(self, **fields: Any) -> Log:
        """Return a log whose lines carry these fields too."""
        return Log(self._stream, {**self._bound, **fields})

    def info(self, event: str, **fields: Any) -> None:
        """Write what happened."""
        self._write("INFO", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Write what someone should look at."""
        self._write("WARNING", event, fields)

    def error(self, event: str, error: BaseException, **fields: Any) -> None:
        """Write an error with its stack."""
        import traceback

        stack = "".join(traceback.format_exception(error)).splitlines()
        self._write("ERROR", event, {**fields, "error": f"{type(error).__name__}: {error}", "stack": stack[-40:]})

    def _write(self, level: str, event: str, fields: Mapping[str, Any]) -> None:
        line = {"level": level, "event": event, **self._bound, **fields}
        self._stream.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
        self._stream.flush()
