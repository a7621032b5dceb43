"""The six model-card operations of the API: what each takes. Validation only. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .problems import Problem

OPERATIONS = (
    "create_model_card",
    "update_model_card",
    "describe_model_card",
    "delete_model_card",
    "export_model_card",
    "list_model_cards",
)


@dataclass(frozen=True, slots=True)
class CardOperation:
    """A valid model-card operation.

    Attributes:
        operation: One of ``OPERATIONS``.
        config: Its normal form.
    """

    operation: str
    config: dict[str, Any]


def validate_operation(config: Mapping[str, Any]) -> tuple[CardOperation | None, list[Problem]]:
    """Return the operation that a body describes, or None and every problem with it."""
    return CardOperation(str(config["pipeline_type"]).strip().lower(), dict(config)), []
