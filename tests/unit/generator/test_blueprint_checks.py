"""A team's own blueprint as a whole: its module takes what its definition passes, or the platform file is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.blueprint import load_blueprints
from generator.blueprint_checks import check_blueprints
from generator.errors import ConfigError

from .contract_cases import platform

DEFINITION: dict[str, Any] = {
    "pipeline_type": "acme_table",
    "summary": "Keeps a table.",
    "schema": {
        "type": "object",
        "properties": {"keys": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["keys"],
    },
    "variables": {"account_id": "$account_id", "keys": "keys", "size": "size"},
}
ALWAYS = 'variable "name" {\n  type = string\n}\n\nvariable "permissions_boundary_arn" {\n  default = null\n}\n'
VARIABLES = ALWAYS + 'variable "account_id" {\n}\n\nvariable "keys" {\n}\n\nvariable "size" {\n  default = 1\n}\n'
OUTPUTS = 'output "live" {\n  value = []\n}\n'


def problems(tmp_path: Path, files: dict[str, str], **changes: Any) -> list[tuple[str, str, str]]:
    folder = tmp_path / "acme_table"
    (folder / "module").mkdir(parents=True)
    (folder / "blueprint.json").write_text(json.dumps({**DEFINITION, **changes}))
    for name, text in files.items():
        (folder / "module" / name).write_text(text)
    try:
        check_blueprints(load_blueprints(replace(platform(), blueprints=("acme_table",)), tmp_path))
    except ConfigError as error:
        return [(problem.code, problem.key, problem.message) for problem in error.problems]
    return []


def test_a_module_that_fits_is_taken(tmp_path: Path) -> None:
    assert problems(tmp_path, {"main.tf": "", "variables.tf": VARIABLES, "outputs.tf": OUTPUTS}) == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"main.tf": "", "outputs.tf": OUTPUTS}, "has no variables.tf"),
        ({"main.tf": "", "outputs.tf": OUTPUTS, "variables.tf": ALWAYS}, "does not declare account_id"),
        (
            {"main.tf": "", "outputs.tf": OUTPUTS, "variables.tf": VARIABLES.replace("name", "nam")},
            "does not declare name",
        ),
        (
            {"main.tf": "", "outputs.tf": OUTPUTS, "variables.tf": VARIABLES.replace("default = 1", "")},
            "has no default for size, which a config may leave out",
        ),
        (
            {"main.tf": "", "outputs.tf": OUTPUTS, "variables.tf": VARIABLES + 'variable "more" {\n}\n'},
            "has no default for more",
        ),
        ({"main.tf": "", "outputs.tf": "", "variables.tf": VARIABLES}, "has no output live"),
    ],
)
def test_a_module_that_does_not_fit_is_explained(tmp_path: Path, files: dict[str, str], words: str) -> None:
    found = problems(tmp_path, files)
    assert {(code, key) for code, key, _ in found} == {("bad-blueprint", "blueprint acme_table: module")}
    assert any(words in message for _, _, message in found), found


def test_permissions_that_reach_too_far_are_told_with_the_rest(tmp_path: Path) -> None:
    permissions = {"deploy": [{"actions": ["iam:*"], "resources": ["*"]}]}
    found = problems(tmp_path, {"main.tf": "", "variables.tf": VARIABLES, "outputs.tf": ""}, permissions=permissions)
    assert {code for code, _, _ in found} == {"unsafe-permission", "bad-blueprint"}
    assert ("unsafe-permission", "blueprint acme_table: permissions.deploy[0].actions") in {found[0][:2], found[1][:2]}
