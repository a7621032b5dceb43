"""Just enough of Terraform's language, as `terraform fmt` lays it out, for the repository's laws. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(r'^(\w+)((?: "[^"]*")*) \{(?:\n(.*?)^\}|\s*\})$', re.MULTILINE | re.DOTALL)
_STATEMENT = re.compile(r"^( +)(?:statement|content) \{\n(.*?)^\1\}$", re.MULTILINE | re.DOTALL)
_ACTION = re.compile(r'"([a-z0-9-]+:[A-Za-z*][A-Za-z0-9*]*)"')


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level block: its kind (``resource``), its labels, its text between the braces."""

    kind: str
    labels: tuple[str, ...]
    body: str


def blocks(text: str) -> list[Block]:
    """Return the top-level blocks of a formatted file."""
    return [Block(kind, tuple(re.findall(r'"([^"]*)"', labels)), body) for kind, labels, body in _BLOCK.findall(text)]


def without_comments(text: str) -> str:
    """Return the text without its whole-line comments."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def statements(document: Block) -> list[str]:
    """Return the bodies of a policy document's statements, dynamic ones included."""
    return [body for _, body in _STATEMENT.findall(document.body) if re.search(r"^\s+actions\s+=", body, re.MULTILINE)]


def actions(statement: str) -> list[str]:
    """Return the IAM actions that a statement names."""
    found = re.search(r"^ +(?:not_)?actions\s+= (?:concat\()?\[(.*?)\]", statement, re.MULTILINE | re.DOTALL)
    return _ACTION.findall(found[1]) if found else []


def bare_wildcards(text: str) -> Iterator[str]:
    """Yield every line that allows all resources without a ``# wildcard:`` reason on a line above it."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not re.search(r'resources\s*=\s*\[\s*"\*"', line) and line.strip() not in ('"*",', '"*"'):
            continue
        above = lines[max(0, number - 3) : number]
        if not any("# wildcard:" in other for other in above):
            yield f"line {number + 1}: {line.strip()}"


def unexplained(text: str, word: str) -> Iterator[str]:
    """Yield every line of code that holds ``word`` and has no comment directly above it."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        code = word in line and not line.lstrip().startswith("#")
        if code and not (number and lines[number - 1].lstrip().startswith("#")):
            yield f"line {number + 1}: {line.strip()}"
