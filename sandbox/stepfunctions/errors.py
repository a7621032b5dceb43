"""Errors of running state machines, by the names that Retry and Catch know."""

from __future__ import annotations

from collections.abc import Iterable

# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_NOT_IN_ALL = frozenset({"States.DataLimitExceeded", "States.Runtime"})


class StateError(Exception):
    """A state failed: `error` is a name such as `States.TaskFailed`, `cause` the text beside it."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error = error
        self.cause = cause

    def as_output(self) -> dict[str, str]:
        """What Catch hands on. Pure."""
        return {"Error": self.error, "Cause": self.cause}

    def matches(self, names: Iterable[str]) -> bool:
        """True if one of a retrier's or catcher's names means this error. Pure."""
        for name in names:
            if name == self.error:
                return True
            if name == "States.ALL" and self.error not in _NOT_IN_ALL:
                return True
            if name == "States.TaskFailed" and self.error not in _NOT_IN_ALL | {"States.Timeout"}:
                return True
        return False


class Aborted(Exception):
    """The execution was stopped, or its state machine deleted, while it ran."""


def runtime(cause: str) -> StateError:
    """A fault of the definition or its data that nothing catches. Pure."""
    return StateError("States.Runtime", cause)
