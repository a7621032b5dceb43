"""Word to the platform's people, through the notification topic, of what nobody waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator import names

from .clients import error_code
from .replies import BadRequest

if TYPE_CHECKING:
    from .core import Core


def publish(subject: str, text: str, core: Core) -> None:
    """Tell the platform's people. A subject of SNS is at most 100 ASCII characters on one line."""
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in subject)
    core.client("sns").publish(TopicArn=names.topic_arn(core.platform), Subject=plain[:100], Message=text[:200_000])


def reasons(error: Exception, name: str) -> str:
    """Return why something was refused, every problem on lines of its own.

    Args:
        error: What went wrong.
        name: Of the config, to stand before each problem.
    """
    if isinstance(error, BadRequest):
        return "\n".join(problem.text(name) for problem in error.problems)
    return f"{error_code(error) or type(error).__name__}: {error}"
