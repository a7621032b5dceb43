"""A build's log: kept for whoever asks at once, and shipped to CloudWatch Logs with the build's own role."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_BATCH_EVENTS = 1000
_SHIP_SECONDS = 0.2


class BuildLog:
    """The lines of one build; `add` from any thread."""

    def __init__(self) -> None:
        self._lines: list[tuple[int, str]] = []
        self._changed = threading.Condition()
        self._closed = False
        self._secrets: list[str] = []

    def mask(self, secret: str) -> None:
        """Show `***` for this text in every later line."""
        if secret.strip():
            self._secrets.append(secret)

    def add(self, line: str) -> None:
        """Append one line (no newline at its end)."""
        for secret in self._secrets:
            line = line.replace(secret, "***")
        with self._changed:
            self._lines.append((int(time.time() * 1000), line))
            self._changed.notify_all()

    def note(self, line: str) -> None:
        """Append a line of CodeBuild's own, marked and timed as CodeBuild does."""
        now = time.time()
        stamp = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1_000_000):06d}"
        self.add(f"[Container] {stamp} {line}")

    def close(self) -> None:
        """No more lines will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def text(self) -> str:
        """Everything so far, newline after each line."""
        with self._changed:
            return "".join(f"{line}\n" for _, line in self._lines)

    def ship(self, client: Any, group: str, stream: str) -> None:
        """Put the lines into a log stream until the log is closed and all are there."""
        sent = 0
        while True:
            with self._changed:
                while len(self._lines) == sent and not self._closed:
                    self._changed.wait()
                lines = self._lines[sent : sent + _BATCH_EVENTS]
                done = self._closed and sent + len(lines) == len(self._lines)
            if lines:
                client.put_log_events(
                    logGroupName=group,
                    logStreamName=stream,
                    logEvents=[{"timestamp": at, "message": f"{line[:200_000]}\n"} for at, line in lines],
                )
                sent += len(lines)
            if done:
                return
            if not self._closed:
                # A few lines at a time would be a request each; nobody reads CloudWatch that fast.
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, _SHIP_SECONDS)


def open_stream(client: Any, group: str, stream: str) -> None:
    """Make the log stream, and its group if need be, with the client's permissions.

    Raises:
        ClientError: The role may not.
    """

    def once(call: Callable[..., Any], **arguments: str) -> None:
        try:
            call(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                raise

    try:
        once(client.create_log_stream, logGroupName=group, logStreamName=stream)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        once(client.create_log_group, logGroupName=group)
        once(client.create_log_stream, logGroupName=group, logStreamName=stream)
