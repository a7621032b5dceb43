"""Every module's own tests, run by Terraform itself with the real provider's schema and no AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terraform.modules import copy_modules, module_folders, terraform

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_modules(tmp_path_factory.mktemp("tree"))


@pytest.mark.parametrize("module", module_folders())
def test_module_passes_its_own_tests(tree: Path, module: str) -> None:
    folder = tree / module
    made = terraform(folder, "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly")
    assert made.returncode == 0, made.stdout + made.stderr

    tested = terraform(folder, "test", "-no-color")

    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert " passed, 0 failed." in tested.stdout, tested.stdout
