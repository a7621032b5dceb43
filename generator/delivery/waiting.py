"""Waiting for AWS: ask, wait a little longer each time, say what changed, give up in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .aws import Aws, Clock, WallClock
from .console import say

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0


class NotLive(Exception):
    """What is live is not what was planned; the text says what and how."""


@dataclass(frozen=True, slots=True)
class Site:
    """A stage's account as checks and jobs see it.

    Attributes:
        aws: Clients of the stage's role.
        release: Digest of the bundle that is being delivered, in hexadecimal.
        clock: What time it is.
        patience: Seconds that a check waits for something to settle.
        say: Where progress goes.
    """

    aws: Aws
    release: str
    clock: Clock = field(default_factory=WallClock)
    patience: float = 3600.0
    say: Callable[[str], None] = say

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return self.aws.client(service)

    def not_live(self, reason: str) -> NotLive:
        """Return the error that a check raises; for checks of a blueprint, which import nothing of ours."""
        return NotLive(reason)

    def settle(
        self,
        what: str,
        ask: Callable[[], tuple[str, Any]],
        busy: frozenset[str] | set[str],
        patience: float | None = None,
    ) -> Any:
        """Ask until the status is none of ``busy``; return what was last answered beside it.

        Args:
            what: What is waited for, for the log.
            ask: Returns (status, answer).
            busy: Statuses that mean "not yet".
            patience: Seconds to wait, if other than the site's.

        Raises:
            NotLive: It was still busy after ``patience`` seconds.
        """
        start, pause, last = self.clock.now(), _FIRST_PAUSE, ""
        limit = self.patience if patience is None else patience
        while True:
            status, answer = ask()
            if status not in busy:
                if last:
                    self.say(f"{what}: {status} after {self.clock.now() - start:.0f} s")
                return answer
            if status != last:
                self.say(f"{what}: {status}, waiting")
                last = status
            if self.clock.now() - start >= limit:
                raise NotLive(f"{what} is still {status} after {limit:.0f} s")
            self.clock.sleep(pause)
            pause = min(pause * 1.6, _LONGEST_PAUSE)
