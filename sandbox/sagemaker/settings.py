"""How long SageMaker's work takes in the sandbox; readable and changeable under
`/_sandbox/sagemaker/settings`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

from werkzeug.wrappers import Request

from sandbox.context import Context
from sandbox.control_routes import ControlError


@dataclass(slots=True)
class Settings:
    """Seconds.

    Attributes:
        endpoint_seconds: An endpoint's Creating, Updating and Deleting, and a schedule's Pending.
        job_seconds: A job of any kind, from InProgress to its end.
        patience_seconds: A Describe call waits for a change that is due within this time, and answers with
            its outcome. Terraform's provider and boto3's waiters look once and then sleep 30 to 60 seconds;
            AWS needs minutes, so nobody minds there. Set it to 0 (or the others higher) to see the states
            between.
    """

    endpoint_seconds: float = 0.2
    job_seconds: float = 0.3
    patience_seconds: float = 1.0


SETTINGS = Settings()


def install(context: Context) -> None:
    """Default settings for this sandbox, and the route to them."""
    for name, value in asdict(Settings()).items():
        setattr(SETTINGS, name, value)

    def show(request: Request) -> dict[str, float]:
        return asdict(SETTINGS)

    def change(request: Request) -> dict[str, float]:
        wanted = request.get_json()
        known = {field.name for field in fields(Settings)}
        for name, value in wanted.items():
            if name not in known or isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ControlError(400, f"{name}: settings are {', '.join(sorted(known))}, numbers of seconds")
        for name, value in wanted.items():
            setattr(SETTINGS, name, float(value))
        return asdict(SETTINGS)

    context.control_route("sagemaker/settings", show)
    context.control_route("sagemaker/settings", change, ("POST",))
