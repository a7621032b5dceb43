"""Progress of long work on stderr: a live line for a terminal, plain lines for everything else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console


class Progress:
    """Says what is being done, and how long it took.

    With a terminal the running step has a spinner; without one each step is one plain line when it ends,
    and a long step also says that it has begun.
    """

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self.console = Console(file=stream or sys.stderr, highlight=False, soft_wrap=True)
        self.quiet = quiet

    @property
    def is_terminal(self) -> bool:
        """Whether a person watches."""
        return self.console.is_terminal

    def title(self, text: str) -> None:
        """Begin a chapter."""
        if not self.quiet:
            self.console.print(f"\n[bold]{text}[/bold]" if self.is_terminal else f"== {text}")

    def note(self, text: str) -> None:
        """Say something that is not a step."""
        if not self.quiet:
            self.console.print(f"  {text}", markup=False)

    @contextmanager
    def step(self, text: str) -> Iterator[StepResult]:
        """Run a block as one step; the block may set ``result.text`` to say how it ended."""
        started = time.monotonic()
        result = StepResult()
        if self.quiet:
            yield result
            return
        try:
            if self.is_terminal:
                with self.console.status(text):
                    yield result
            else:
                yield result
        except BaseException:
            self._line("✗", "red", text, "failed", started)
            raise
        self._line("✓", "green", text, result.text, started)

    def _line(self, mark: str, colour: str, text: str, outcome: str, started: float) -> None:
        seconds = f"{time.monotonic() - started:.1f} s"
        tail = f"  {outcome}" if outcome else ""
        self.console.print(f"  [{colour}]{mark}[/{colour}] ", end="")
        self.console.print(f"{text}{tail}  ({seconds})", markup=False)


class StepResult:
    """What a step came to, in a few words."""

    text: str = ""
