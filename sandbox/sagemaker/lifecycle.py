"""Changes that take time: they begin at once, end in a thread, and a Describe call may wait for an end that
is near.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sandbox.context import Context
from sandbox.sagemaker.settings import SETTINGS
from sandbox.sagemaker.store import Resource


def later(context: Context, resource: Resource, seconds: float, finish: Callable[[], None]) -> None:
    """Call `finish` after `seconds`, in a thread; `resource.changed` is cleared now and set afterwards.

    Whatever goes wrong in `finish` is for `finish` to put into the resource's document.
    """
    resource.changed.clear()
    resource.extra["due"] = time.monotonic() + seconds

    def run() -> None:
        if context.stopping.wait(seconds):
            return
        try:
            finish()
        finally:
            resource.changed.set()

    context.run_thread(f"{resource.kind} {resource.name}", run)


def settle(resource: Resource) -> None:
    """Wait for a change that is due within the patience set in the settings; return at once for any other."""
    due = resource.extra.get("due")
    if due is None or resource.changed.is_set():
        return
    left = due - time.monotonic()
    if left <= SETTINGS.patience_seconds:
        resource.changed.wait(SETTINGS.patience_seconds)
