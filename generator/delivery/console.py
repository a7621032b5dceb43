"""What the runner says: one line each to the build's log."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a line at once, so that it stands in order with Terraform's own output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say_failed(text: str) -> None:
    """Print why the build fails; the last thing in its log, with a mark that tools look for."""
    for line in text.splitlines():
        say(f"FAILED: {line}")
