"""Faults planned from the command line: what to make fail in a sandbox, as its control route takes it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from generator.errors import GeneratorError

_FAIL_EXAMPLE = """for example --fail 'sagemaker.endpoint={"match": {"operation": "update"}, "error": {}}'"""
_EXAMPLE = """for example --error '{"rollback": true}'"""


def fault_of(text: str) -> dict[str, Any]:
    """Return the fault that ``KIND``, ``KIND=REASON`` or ``KIND={"match": ..., "error": ..., "times": ...}`` names.

    Raises:
        GeneratorError: What follows the kind begins like JSON and is none, or has other members.
    """
    kind, _, rest = text.partition("=")
    if not rest.startswith("{"):
        return planned_fault(kind, reason=rest or None)
    try:
        members = json.loads(rest)
    except ValueError as fault:
        raise GeneratorError(f"--fail {kind}: is no JSON: {fault}", hint=_FAIL_EXAMPLE) from None
    unknown = sorted(members.keys() - {"match", "error", "times"})
    if unknown:
        raise GeneratorError(f"--fail {kind}: has no member {', '.join(unknown)}", hint=_FAIL_EXAMPLE)
    return {"kind": kind, "match": {}, "error": {}, "times": 1, **members}


def planned_fault(
    kind: str, patterns: Sequence[str] = (), reason: str | None = None, error: str | None = None, times: int = 1
) -> dict[str, Any]:
    """Return a fault.

    Args:
        kind: What fails; sandbox/README.md lists the kinds.
        patterns: ``name=pattern`` of what it applies to.
        reason: The reason that is given.
        error: What results, as a JSON object.
        times: How often it strikes; 0 for ever.

    Raises:
        GeneratorError: A pattern has no name, or the error is no JSON object.
    """
    wrong = [text for text in patterns if not text.partition("=")[0] or "=" not in text]
    if wrong:
        raise GeneratorError(f"--match {wrong[0]}: must be NAME=PATTERN", hint="for example --match name=acme-ml-dev-*")
    result: dict[str, Any] = {}
    if error is not None:
        try:
            result = json.loads(error)
        except ValueError as fault:
            raise GeneratorError(f"--error: is no JSON: {fault}", hint=_EXAMPLE) from None
        if not isinstance(result, dict):
            raise GeneratorError("--error: must be a JSON object", hint=_EXAMPLE)
    if reason is not None:
        result["reason"] = reason
    match = dict(text.split("=", 1) for text in patterns)
    return {"kind": kind, "match": match, "error": result, "times": times or None}
