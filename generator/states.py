"""Versions of Terraform states in their buckets, told without Terraform."""

from __future__ import annotations

import json
from pathlib import Path

from generator.aws import Aws


class States:
    """State versions of workspaces, with one client a region."""

    def __init__(self) -> None:
        self._regions: dict[str, Aws] = {}

    def state_version(self, workspace: Path) -> str | None:
        """Return the version of a workspace's state, or None when there is none."""
        backend = json.loads((workspace / "backend.tf.json").read_text())["terraform"]["backend"]["s3"]
        aws = self._regions.setdefault(backend["region"], Aws(backend["region"]))
        return aws.state_version(backend["bucket"], backend["key"])
