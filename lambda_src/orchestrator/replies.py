"""Answers of the API: the AWS solution's envelope and words, with every problem in a 400. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .clients import error_code, error_status

if TYPE_CHECKING:
    from generator.problems import Problem

# Clients match on these texts.
BAD_REQUEST = "A BadRequest exception occurred"
AWS_REFUSED = "A boto3 ClientError occurred"
UNEXPECTED = "An Unexpected Server side exception occurred"
CREATED = "success: stack creation started"


class BadRequest(Exception):
    """A request that cannot be carried out; nothing was started.

    Attributes:
        problems: Every problem with it.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(_sentence(problem) for problem in self.problems))


def answer(status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a Lambda proxy integration expects; times become ISO 8601."""
    return {
        "statusCode": status,
        "isBase64Encoded": False,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body, default=_plain, ensure_ascii=False),
    }


def refusal(error: Exception, *, detailed: bool) -> dict[str, Any]:
    """Return the answer to a request that failed.

    Args:
        error: What went wrong.
        detailed: Whether callers may read more than the keys and codes of what is wrong.
    """
    if isinstance(error, BadRequest):
        problems = [problem.to_json() for problem in error.problems]
        if not detailed:
            problems = [{"key": problem["key"], "code": problem["code"]} for problem in problems]
        return answer(400, {"message": BAD_REQUEST, **_details(error, detailed), "problems": problems})
    if error_code(error):
        status = error_status(error)
        return answer(status if 400 <= status < 600 else 500, {"message": AWS_REFUSED, **_details(error, detailed)})
    return answer(500, {"message": UNEXPECTED, **_details(error, detailed)})


def _sentence(problem: Problem) -> str:
    return f"{problem.key}: {problem.message}" if problem.key else problem.message


def _details(error: Exception, detailed: bool) -> dict[str, str]:
    if not detailed:
        return {}
    return {"detailedMessage": str(error) if isinstance(error, BadRequest) else f"{type(error).__name__}: {error}"}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
