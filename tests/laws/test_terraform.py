"""Laws of the repository's Terraform: the few whose breach would mislead whoever reads, plans or approves."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tools.fidelity import hcl, iam_list

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import module_tables  # noqa: E402

FILES = sorted(
    path
    for pattern in ("*.tf", "modules/**/*.tf", "examples/blueprints/**/*.tf")
    for path in ROOT.glob(pattern)
    if ".terraform" not in path.parts
)
MODULES = sorted(path.parent for path in FILES if path.name == "versions.tf" and path.parent != ROOT)


def name(path: Path) -> str:
    """How a path is called in a test's name."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_module_has_the_files_tests_and_variables_that_every_module_has(module: Path) -> None:
    expected = {"README.md", "main.tf", "variables.tf", "outputs.tf", "versions.tf"}
    assert expected <= {path.name for path in module.iterdir()}
    text = "".join(path.read_text() for path in module.glob("*.tf"))
    tests = {path.name for path in (module / "tests").glob("*.tftest.hcl")}
    assert "unit.tftest.hcl" in tests, "a module is tested with mocks"
    if 'data "aws_iam_policy_document"' in text:
        assert "policy.tftest.hcl" in tests, "policies are looked at as the real provider writes them"
    variables = {block.labels[0] for block in hcl.blocks((module / "variables.tf").read_text())}
    assert "tags" in variables
    if 'resource "aws_iam_role"' in text:
        assert "permissions_boundary_arn" in variables


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_versions_are_those_of_the_root(module: Path) -> None:
    assert (module / "versions.tf").read_bytes() == (ROOT / "versions.tf").read_bytes()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_file_says_what_it_is_and_holds_nothing_that_belongs_to_a_workspace(path: Path) -> None:
    text = path.read_text()
    kinds = {block.kind for block in hcl.blocks(text)}
    assert text.startswith("# "), "the first line says what the file is"
    assert "provider" not in kinds, "only workspaces have providers"
    assert not re.search(r'^\s+backend "', text, re.MULTILINE), "only workspaces have backends"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_hides_drift_or_acts_while_planning(path: Path) -> None:
    text = path.read_text()
    code = hcl.without_comments(text)
    for word in ("local-exec", "remote-exec", 'data "external"', "aws_lambda_invocation"):
        assert word not in code, f"{word} has no place here"
    assert list(hcl.unexplained(text, "ignore_changes")) == [], "what hides drift has its reason above it"


@pytest.mark.parametrize("path", [path for path in FILES if path.name in ("variables.tf", "outputs.tf")], ids=name)
def test_declarations_are_described_typed_and_sorted(path: Path) -> None:
    kind = path.stem.removesuffix("s")
    blocks = [block for block in hcl.blocks(path.read_text()) if block.kind == kind]
    names = [block.labels[0] for block in blocks]
    assert names == sorted(names), "alphabetical"
    for block in blocks:
        described = re.search(r'^  description\s+= "(.*)"$', block.body, re.MULTILINE)
        assert described, f"{block.labels[0]} has no description"
        assert described[1].endswith("."), f"{block.labels[0]}: a description is a sentence"
        if block.kind == "variable":
            assert re.search(r"^  type\s+= ", block.body, re.MULTILINE), f"{block.labels[0]} has no type"
            assert not re.search(r"\bany\b", _type_of(block.body)), f"{block.labels[0]}: say which type"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_policies_are_documents_whose_statements_have_names(path: Path) -> None:
    for block in hcl.blocks(path.read_text()):
        if block.kind == "resource" and block.labels[0].startswith("aws_iam_"):
            assert "jsonencode" not in block.body, f"{block.labels}: write an aws_iam_policy_document"
            assert "<<" not in block.body, f"{block.labels}: write an aws_iam_policy_document"
        if block.labels[:1] != ("aws_iam_policy_document",):
            continue
        for statement in hcl.statements(block):
            assert re.search(r"^ +sid\s+= ", statement, re.MULTILINE), f"{block.labels[1]}: {statement[:80]}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_wildcards_have_their_reason_beside_them(path: Path) -> None:
    assert list(hcl.bare_wildcards(path.read_text())) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_action_exists(path: Path) -> None:
    unknown = [
        action
        for block in hcl.blocks(path.read_text())
        if block.labels[:1] == ("aws_iam_policy_document",)
        for statement in hcl.statements(block)
        for action in hcl.actions(statement)
        if not iam_list.actions(action)
    ]
    assert unknown == []


def test_readme_tables_are_fresh() -> None:
    stale = sorted(name(path) for path in module_tables.stale())
    assert stale == [], "run python tools/module_tables.py"


def test_laws_can_be_broken() -> None:
    document = hcl.blocks(
        'data "aws_iam_policy_document" "x" {\n'
        "  statement {\n"
        '    actions   = ["s3:GetObjekt", "s3:GetObject"]\n'
        '    resources = ["*"]\n'
        "  }\n"
        "}\n"
    )[0]
    (statement,) = hcl.statements(document)
    assert [action for action in hcl.actions(statement) if not iam_list.actions(action)] == ["s3:GetObjekt"]
    assert list(hcl.bare_wildcards(document.body)) == ['line 3: resources = ["*"]']
    assert list(hcl.bare_wildcards('# wildcard: no resource level.\nresources = ["*"]')) == []


def _type_of(body: str) -> str:
    found = re.search(r"^  type\s+= (.*?)(?=^  \w|\Z)", body, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""
