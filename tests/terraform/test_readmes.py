"""Every example of a module's README is planned, offline, with the real provider."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.terraform.modules import LOCK_FILE, PLACES, ROOT, copy_modules, terraform
from tools.fidelity.planning import REGION, definition_validator, offline_provider

pytestmark = pytest.mark.terraform

READMES = sorted(path for place in PLACES for path in (ROOT / place).rglob("README.md"))
EXAMPLE = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SOURCE = re.compile(r'^module "(\w+)" \{\n  source = "\./(.*)"$', re.MULTILINE)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.relative_to(ROOT).as_posix())
def test_readme_has_one_example_of_its_own_module(readme: Path) -> None:
    found = [SOURCE.findall(text) for text in EXAMPLE.findall(readme.read_text())]
    assert [[source for _, source in modules] for modules in found] == [[readme.parent.relative_to(ROOT).as_posix()]]


def test_every_example_is_planned(tmp_path: Path) -> None:
    folder = copy_modules(tmp_path)
    for path in folder.glob("*.tf"):
        path.unlink()
    examples = [text for path in READMES for text in EXAMPLE.findall(path.read_text())]
    (folder / "examples.tf").write_text("\n".join(examples))
    (folder / "build").mkdir()
    (folder / "build" / "orchestrator.zip").write_bytes(b"any package")
    with definition_validator() as url:
        # A definition of a state machine is checked by a call while planning.
        offline = offline_provider(REGION) | {"endpoints": {"sfn": url}}
        (folder / "provider.tf.json").write_text(json.dumps({"provider": {"aws": offline}}))
        made = terraform(folder, "init", "-input=false", "-no-color", "-lockfile=readonly")
        assert made.returncode == 0, made.stdout + made.stderr
        assert (folder / LOCK_FILE).read_bytes() == (ROOT / LOCK_FILE).read_bytes()
        planned = terraform(folder, "plan", "-input=false", "-no-color", "-lock=false")
    assert planned.returncode == 0, planned.stdout[-4000:] + planned.stderr
    for name, source in SOURCE.findall("\n".join(examples)):
        assert f"  # module.{name}." in planned.stdout, f"{source} makes nothing"
