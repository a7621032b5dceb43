"""Generated documentation and codes: fresh, complete, and true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from generator.codes import CODES, GROUPS
from generator.docs import pages

from .contract_cases import REGISTRY

ROOT = Path(__file__).resolve().parents[3]
PAGES = pages(REGISTRY)


@pytest.mark.parametrize("path", PAGES)
def test_page_is_what_the_declared_keys_make(path: str) -> None:
    assert (ROOT / "docs" / path).read_bytes() == PAGES[path], "run: python tools/docs.py"


def test_no_page_is_left_over() -> None:
    written = {
        path.relative_to(ROOT / "docs").as_posix()
        for folder in ("config", "schema")
        for path in (ROOT / "docs" / folder).iterdir()
    }

    assert written <= set(PAGES)


def test_every_key_has_a_meaning_and_required_ones_an_example() -> None:
    for pipeline_type in REGISTRY.all():
        for field in pipeline_type.fields:
            assert field.meaning.endswith("."), (pipeline_type.name, field.name)
            assert not field.required or field.example is not None, (pipeline_type.name, field.name)


def test_codes_stand_in_one_group_only() -> None:
    assert len(CODES) == sum(len(group) for group in GROUPS.values())
    for code, meaning in CODES.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert meaning.endswith(".")


def test_every_code_that_is_reported_is_explained_and_every_explained_one_is_reported() -> None:
    used: set[str] = set()
    for folder in ("generator", "lambda_src"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name != "codes.py":
                used |= reported_codes(path)

    assert used - set(CODES) == set()
    assert set(CODES) - used == set()


def reported_codes(path: Path) -> set[str]:
    """Return the texts of the form of a code in calls that report problems, and in code= arguments and tuples."""
    texts = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in _REPORTERS:
                texts |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
            texts |= {
                keyword.value.value
                for keyword in node.keywords
                if keyword.arg in ("code", "problem") and isinstance(keyword.value, ast.Constant)
            }
        if isinstance(node, ast.FunctionDef):
            for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                if argument.arg == "code" and isinstance(default, ast.Constant):
                    texts.add(default.value)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            texts |= {element.value for element in node.value.elts if isinstance(element, ast.Constant)}
        if isinstance(node, ast.keyword) and node.arg == "problem" and isinstance(node.value, ast.Tuple):
            texts |= {element.value for element in node.value.elts if isinstance(element, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and (text in CODES or _LOOKS_LIKE_A_CODE.fullmatch(text))}


_REPORTERS = frozenset({"add", "add_at", "Problem", "TextFault", "Fault", "refuse", "_unseen"})
_LOOKS_LIKE_A_CODE = re.compile(
    r"(?:arn|bad|cannot|empty|kms|missing|model|name|needs|no|not|out|repeated|spot|too|unknown|volume|wrong)-[a-z0-9-]+"
)
