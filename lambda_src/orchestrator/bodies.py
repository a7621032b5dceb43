"""A request's body: one JSON object, or every problem with its text. Pure."""

from __future__ import annotations

from typing import Any

from generator.load import Loaded, load_text
from generator.problems import Problem

from .replies import BadRequest


def one_config(body: bytes) -> Loaded:
    """Return a body that holds one config; its text may have problems that are told with those of the config.

    Raises:
        BadRequest: It is no JSON, or holds several configs.
    """
    if not body.strip():
        raise BadRequest([Problem("empty-file", "", "has no body", "send a JSON object")])
    loaded = load_text(body, name="body.json")
    if not loaded.documents:
        raise BadRequest(loaded.problems)
    if len(loaded.documents) != 1:
        raise BadRequest(
            [
                Problem(
                    "several-requests",
                    "",
                    f"holds {len(loaded.documents)} configs; a request carries one",
                    "send one request for each (`mlops submit` does)",
                )
            ]
        )
    return loaded


def one_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body.

    Raises:
        BadRequest: It is something else.
    """
    loaded = one_config(body)
    if loaded.problems:
        raise BadRequest(loaded.problems)
    value = loaded.documents[0].value
    if not isinstance(value, dict):
        raise BadRequest([Problem("not-an-object", "", "must be a JSON object")])
    return value
