"""Terraform on copies of the repository's modules: no test leaves a file in the work tree, none needs a network."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from generator.provider_mirror import find_terraform

ROOT = Path(__file__).parents[2]
LOCK_FILE = ".terraform.lock.hcl"
# Where modules are: the product's, and an example's.
PLACES = ("modules", "examples/blueprints")


def module_folders() -> list[str]:
    """Return the root ("." ) and every module that has tests, relative to the repository. Reads the tree."""
    tested = {path.parent.parent for place in PLACES for path in (ROOT / place).rglob("*.tftest.hcl")}
    return [".", *sorted(folder.relative_to(ROOT).as_posix() for folder in tested)]


def copy_modules(target: Path) -> Path:
    """Copy the root module, all modules and the mocks to ``target``, each module with the root's lock file."""
    ignored = shutil.ignore_patterns(".terraform", LOCK_FILE, "*.md")
    for place in PLACES:
        shutil.copytree(ROOT / place, target / place, ignore=ignored)
    shutil.copytree(ROOT / "tests" / "mocks", target / "tests" / "mocks")
    for path in (*ROOT.glob("*.tf"), *ROOT.glob("tests/*.tftest.hcl")):
        shutil.copyfile(path, target / path.relative_to(ROOT))
    for folder in {target, *(path.parent for path in target.rglob("versions.tf"))}:
        shutil.copyfile(ROOT / LOCK_FILE, folder / LOCK_FILE)
    return target


def terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run terraform in a folder with the provider that this machine has, and with nothing of the caller's AWS."""
    setup = find_terraform(os.environ)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    environment |= {name: value for name, value in setup.environment.items() if value is not None}
    environment |= {"TF_IN_AUTOMATION": "1", "AWS_EC2_METADATA_DISABLED": "true", "GOGC": "400"}
    return subprocess.run(
        [setup.binary, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
