"""The one error of the runner: what went wrong and what to do about it."""

from __future__ import annotations


class DeliveryError(Exception):
    """A step cannot go on; the build fails and shows this last.

    Attributes:
        message: What went wrong, in a sentence.
        fix: What a person can do about it, or "".
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  fix: {self.fix}" if self.fix else self.message
