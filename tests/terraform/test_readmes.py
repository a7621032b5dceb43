"""Every example of a module's README is planned, offline, with the real provider."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.terraform.modules import LOCK_FILE, ROOT, copy_modules, terraform

pytestmark = pytest.mark.terraform

READMES = sorted((ROOT / "modules").rglob("README.md"))
EXAMPLE = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OFFLINE = {
    "region": "eu-west-1",
    "access_key": "offline",
    "secret_key": "offline",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
    # A definition of a state machine is checked by a call while planning; nobody answers it here.
    "max_retries": 1,
}


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_readme_has_an_example(readme: Path) -> None:
    assert EXAMPLE.search(readme.read_text()), f"{readme} shows no ```hcl block"


def test_every_example_of_a_platform_module_is_planned(tmp_path: Path) -> None:
    platform = [path for path in READMES if "pipelines" not in path.relative_to(ROOT).parts]
    folder = copy_modules(tmp_path)
    for path in folder.glob("*.tf"):
        path.unlink()
    examples = [text for path in platform for text in EXAMPLE.findall(path.read_text())]
    (folder / "examples.tf").write_text("\n".join(examples))
    (folder / "provider.tf.json").write_text(json.dumps({"provider": {"aws": OFFLINE}}))
    (folder / "build").mkdir()
    (folder / "build" / "orchestrator.zip").write_bytes(b"any package")
    made = terraform(folder, "init", "-input=false", "-no-color", "-lockfile=readonly")
    assert made.returncode == 0, made.stdout + made.stderr
    assert (folder / LOCK_FILE).read_bytes() == (ROOT / LOCK_FILE).read_bytes()

    planned = terraform(folder, "plan", "-input=false", "-no-color", "-lock=false")

    assert planned.returncode == 0, planned.stdout[-4000:] + planned.stderr
    assert f"{len(examples)} to add" not in planned.stdout  # each example makes more than itself
    for path in platform:
        assert f"module.{path.parent.name}." in planned.stdout
