"""The bundle's manifest: which pipeline, which stages, which accounts, what it points to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import DeliveryError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the delivery: its account, its gate (``manual`` or ``none``), its workspace's folder."""

    name: str
    account_id: str
    approval: str
    workspace: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``manifest.json`` says; ``pins`` and ``files`` are as written there."""

    pipeline: str
    pipeline_type: str
    blueprint: str
    prefix: str
    region: str
    orchestrator_account_id: str
    artifacts_bucket: str
    delivery_pipeline: str
    delivery_workspace: str
    external_id: str | None
    summary_attributes: tuple[str, ...]
    stages: tuple[Stage, ...]
    pins: tuple[Mapping[str, Any], ...]
    files: Mapping[str, str]

    def stage(self, name: str) -> Stage:
        """Return the stage of that name.

        Raises:
            DeliveryError: The bundle has no such stage.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.stages)
        raise DeliveryError(
            f"this bundle has no stage {name!r}; it has {known}",
            "the delivery pipeline and the bundle disagree: submit the request again",
        )

    @property
    def partition(self) -> str:
        """AWS partition of the region: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def role_arn(self, account_id: str, role: str) -> str:
        """Return the ARN of the platform's role ``<prefix>-<role>`` in an account."""
        return f"arn:{self.partition}:iam::{account_id}:role/{self.prefix}-{role}"


def load_manifest(root: Path) -> Manifest:
    """Read ``manifest.json`` of an unpacked bundle and check that its files are the ones it lists.

    Raises:
        DeliveryError: It is missing, of another format, or a listed file is missing or changed.
    """
    try:
        document = json.loads((root / "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        raise DeliveryError(f"the bundle's manifest.json cannot be read: {error}") from error
    if document.get("format") != FORMAT:
        raise DeliveryError(
            f"the bundle's manifest has format {document.get('format')!r}; this runner reads {FORMAT}",
            "submit the request again, so that it is bundled anew",
        )
    manifest = Manifest(
        pipeline=document["pipeline"],
        pipeline_type=document["pipeline_type"],
        blueprint=document["blueprint"],
        prefix=document["prefix"],
        region=document["region"],
        orchestrator_account_id=document["orchestrator_account_id"],
        artifacts_bucket=document["artifacts_bucket"],
        delivery_pipeline=document["delivery_pipeline"],
        delivery_workspace=document["delivery_workspace"],
        external_id=document.get("external_id"),
        summary_attributes=tuple(document.get("summary_attributes", ())),
        stages=tuple(
            Stage(stage["name"], stage["account_id"], stage["approval"], stage["workspace"])
            for stage in document["stages"]
        ),
        pins=tuple(document["pins"]),
        files=document["files"],
    )
    _check_files(root, manifest.files)
    return manifest


def _check_files(root: Path, files: Mapping[str, str]) -> None:
    """Refuse a bundle that lost or changed a file between its making and this build."""
    wrong = []
    for path, digest in files.items():
        try:
            content = (root / path).read_bytes()
        except OSError:
            wrong.append(f"{path} is missing")
            continue
        if hashlib.sha256(content).hexdigest() != digest:
            wrong.append(f"{path} is not what was bundled")
    if wrong:
        raise DeliveryError(f"the bundle is damaged: {'; '.join(wrong[:5])}", "submit the request again")
