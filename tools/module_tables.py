"""Write the tables of inputs and outputs into the modules' READMEs, between their markers.

Usage: python tools/module_tables.py [--check]     with --check, write nothing and exit 3 if a table would change

A README holds the two lines ``<!-- tables -->`` and ``<!-- /tables -->``; what stands between them is
made from ``variables.tf`` and ``outputs.tf``, which `terraform fmt` keeps in one layout: a block starts
at the left margin, its attributes are indented by two blanks, and a closing brace at the margin ends it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START, END = "<!-- tables -->", "<!-- /tables -->"
_BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}$', re.MULTILINE | re.DOTALL)
_ATTRIBUTE = re.compile(r"^  (\w+)\s*= (.*?)(?=^  \w|\Z)", re.MULTILINE | re.DOTALL)
_STRING = re.compile(r'^"(.*)"$')


@dataclass(frozen=True, slots=True)
class Declared:
    """One variable or output as written.

    Attributes:
        name: Its name.
        description: Its description, unquoted.
        type: Type expression on one line; "" for outputs.
        default: Default expression on one line, or None when there is none.
    """

    name: str
    description: str
    type: str
    default: str | None


def declarations(text: str) -> list[Declared]:
    """Return the variables or outputs of a file in their order. Pure."""
    return [_declared(name, body) for _, name, body in _BLOCK.findall(text)]


def tables(module: Path) -> str:
    """Return the Markdown tables of a module. Reads its variables.tf and outputs.tf."""
    inputs = declarations((module / "variables.tf").read_text())
    outputs = declarations((module / "outputs.tf").read_text())
    lines = ["## Inputs", "", "| name | type | default | description |", "|---|---|---|---|"]
    lines += [
        f"| `{it.name}` | `{_cell(it.type)}` | {'required' if it.default is None else f'`{_cell(it.default)}`'} "
        f"| {_prose(it.description)} |"
        for it in inputs
    ]
    lines += ["", "## Outputs", "", "| name | description |", "|---|---|"]
    lines += [f"| `{it.name}` | {_prose(it.description)} |" for it in outputs]
    return "\n".join(lines)


def with_tables(readme: str, made: str) -> str:
    """Return the README with the tables in place of what stood between the markers. Pure."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{made}\n{END}{after}"


def readmes() -> Iterator[Path]:
    """Yield the README of every module, the examples' too, that has the markers."""
    for path in sorted([*ROOT.glob("modules/**/README.md"), *ROOT.glob("examples/blueprints/*/module/README.md")]):
        if START in path.read_text() and (path.parent / "variables.tf").is_file():
            yield path


def stale() -> dict[Path, str]:
    """Return each README whose tables are out of date, with what it should hold."""
    wanted = {path: with_tables(path.read_text(), tables(path.parent)) for path in readmes()}
    return {path: text for path, text in wanted.items() if path.read_text() != text}


def _declared(name: str, body: str) -> Declared:
    values = dict(_ATTRIBUTE.findall(body))
    quoted = _STRING.match(values["description"].strip())
    description = (quoted[1] if quoted else values["description"]).replace('\\"', '"')
    default = values.get("default")
    return Declared(name, description, _line(values.get("type", "")), None if default is None else _line(default))


def _line(expression: str) -> str:
    """Return an expression on one line, without comments."""
    kept = [re.sub(r"\s+# .*$", "", line).strip() for line in expression.splitlines()]
    text = " ".join(line for line in kept if line and not line.startswith("#"))
    text = re.sub(r"(?<=[a-z\"0-9\])}]) (?=\w+ +=)", ", ", text)
    text = re.sub(r" +", " ", text)
    return text.replace("({ ", "({").replace(" })", "})").replace(", }", " }")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _prose(text: str) -> str:
    """Return text in which <this> is not taken for HTML."""
    return _cell(text).replace("<", "&lt;").replace(">", "&gt;")


def main(check: bool) -> int:
    """Write or compare every README; return the exit code."""
    changed = stale()
    for path, text in changed.items():
        if not check:
            path.write_text(text)
        print(f"{'stale' if check else 'wrote'} {path.relative_to(ROOT)}")
    return 3 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
