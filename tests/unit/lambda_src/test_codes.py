"""Every code that the function answers with is explained."""

from __future__ import annotations

import ast
from pathlib import Path

from generator.codes import CODES

from .conftest import ROOT


def codes_in(source: Path) -> set[str]:
    """Return the codes of problems that a module makes: first arguments of Problem, and of the finding's triple."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem":
            first = node.args[0]
        elif isinstance(node, ast.keyword) and node.arg == "problem" and isinstance(node.value, ast.Tuple):
            first = node.value.elts[0]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_unseen":
            first = node.args[3]
        else:
            continue
        if isinstance(first, ast.Constant):
            found.add(first.value)
    return found


def test_every_code_is_explained() -> None:
    found = set().union(*map(codes_in, (ROOT / "lambda_src/orchestrator").glob("*.py")))
    assert len(found) > 15
    assert found <= CODES.keys()
