"""The state bucket's own workspace: applied with local state first, whose state then moves into the bucket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from python_terraform import IsFlagged

from generator.aws import Aws
from generator.terraform import PlanCounts, Terraform

_OVERRIDE = "backend_override.tf.json"
_LOCAL_BACKEND: dict[str, Any] = {"terraform": {"backend": {"local": {}}}}


def create(folder: Path, terraform: Terraform, aws: Aws) -> PlanCounts:
    """Make the state bucket, or bring it up to date, and keep its state in itself.

    A run that was interrupted between the two steps is taken up where it ended.
    """
    backend = json.loads((folder / "backend.tf.json").read_text())["terraform"]["backend"]["s3"]
    override = folder / _OVERRIDE
    if aws.bucket_exists(backend["bucket"]) and not (folder / "terraform.tfstate").exists():
        terraform.init(folder, reconfigure=IsFlagged)
        return _apply(folder, terraform)
    override.write_text(json.dumps(_LOCAL_BACKEND))
    try:
        terraform.init(folder, reconfigure=IsFlagged)
        counts = _apply(folder, terraform)
    finally:
        override.unlink()
    terraform.init(folder, migrate_state=IsFlagged, force_copy=IsFlagged)
    _forget_local_state(folder)
    return counts


def destroy(folder: Path, terraform: Terraform) -> PlanCounts:
    """Destroy the state bucket; its own state moves to a local file first, and goes when nothing is left."""
    override = folder / _OVERRIDE
    terraform.init(folder, reconfigure=IsFlagged)
    override.write_text(json.dumps(_LOCAL_BACKEND))
    try:
        terraform.init(folder, migrate_state=IsFlagged, force_copy=IsFlagged)
        counts = terraform.plan(folder, destroy=True)
        if not counts.empty:
            terraform.apply_saved(folder)
    finally:
        override.unlink()
    _forget_local_state(folder)
    return counts


def _apply(folder: Path, terraform: Terraform) -> PlanCounts:
    counts = terraform.plan(folder)
    if not counts.empty:
        terraform.apply_saved(folder)
    return counts


def _forget_local_state(folder: Path) -> None:
    for name in ("terraform.tfstate", "terraform.tfstate.backup"):
        (folder / name).unlink(missing_ok=True)
