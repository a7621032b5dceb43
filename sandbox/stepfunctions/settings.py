"""How long state machines wait in the sandbox; readable and changeable under `/_sandbox/stepfunctions/settings`."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from werkzeug.wrappers import Request

from sandbox.context import Context
from sandbox.control_routes import ControlError


@dataclass(slots=True)
class Settings:
    """How real waits become short ones.

    Attributes:
        wait_factor: What Wait states and the pauses between retries are multiplied with. Timeouts are real.
        longest_wait_seconds: No wait is longer than this.
        poll_seconds: How often a `.sync` task looks at what it waits for.
    """

    wait_factor: float = 0.01
    longest_wait_seconds: float = 1.0
    poll_seconds: float = 0.1

    def shorten(self, seconds: float) -> float:
        """The seconds that a wait takes here. Pure."""
        return max(0.0, min(seconds * self.wait_factor, self.longest_wait_seconds))


SETTINGS = Settings()


def install(context: Context) -> None:
    """Default settings for this sandbox, and the route to them."""
    for name, value in asdict(Settings()).items():
        setattr(SETTINGS, name, value)

    def show(request: Request) -> dict[str, float]:
        return asdict(SETTINGS)

    def change(request: Request) -> dict[str, float]:
        wanted = request.get_json()
        known = sorted(asdict(SETTINGS))
        for name, value in wanted.items():
            if name not in known or isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ControlError(400, f"{name}: settings are {', '.join(known)}, numbers of at least 0")
        for name, value in wanted.items():
            setattr(SETTINGS, name, float(value))
        return asdict(SETTINGS)

    context.control_route("stepfunctions/settings", show)
    context.control_route("stepfunctions/settings", change, ("POST",))
