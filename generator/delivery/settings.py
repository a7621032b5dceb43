"""What a build is told through its environment, read once and checked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from .errors import DeliveryError

Mode = Literal["apply", "destroy"]
_SOURCE_FOLDER = "CODEBUILD_SRC_DIR_"


@dataclass(frozen=True, slots=True)
class Settings:
    """The build's orders.

    Attributes:
        root: Folder of the unpacked bundle.
        environ: The build's whole environment, handed on to Terraform.
        stage: Name of the stage, or "" for ``provision``.
        mode: Whether the pipeline is to be applied or destroyed.
        bundle_key: Key of the bundle in the artifacts bucket, ``bundles/<pipeline>/<digest>.zip``.
        execution_id: Id of the delivery pipeline's execution, or "" outside one.
        plan_sha256: Hash of the plan that was approved, in hexadecimal, or "".
    """

    root: Path
    environ: Mapping[str, str]
    stage: str
    mode: Mode
    bundle_key: str
    execution_id: str
    plan_sha256: str

    @property
    def digest(self) -> str:
        """Digest of the bundle in hexadecimal; of its key when the key has another form."""
        found = re.search(r"([0-9a-f]{64})\.zip$", self.bundle_key)
        return found.group(1) if found else hashlib.sha256(self.bundle_key.encode()).hexdigest()


def read_settings(environ: Mapping[str, str], root: Path) -> Settings:
    """Return the build's orders. Pure.

    Raises:
        DeliveryError: ``MODE`` is neither ``apply`` nor ``destroy``.
    """
    mode = environ.get("MODE") or "apply"
    if mode not in ("apply", "destroy"):
        raise DeliveryError(f"MODE is {mode!r}", "start the pipeline with its variable mode set to apply or destroy")
    return Settings(
        root=root,
        environ=environ,
        stage=environ.get("STAGE", ""),
        mode=cast(Mode, mode),
        bundle_key=environ.get("BUNDLE_KEY", ""),
        execution_id=environ.get("EXECUTION_ID", ""),
        plan_sha256=environ.get("PLAN_SHA256", "").strip().lower(),
    )


def plan_folder(settings: Settings) -> Path:
    """Return the folder of the plan artifact: the build's second input, whatever its artifact's name.

    Raises:
        DeliveryError: No input of the build holds a saved plan.
    """
    given = {
        name: Path(folder)
        for name, folder in sorted(settings.environ.items())
        if name.startswith(_SOURCE_FOLDER) and (Path(folder) / "tfplan").is_file()
    }
    wanted = f"{_SOURCE_FOLDER}{settings.stage}_plan"
    if wanted in given:
        return given[wanted]
    if len(given) == 1:
        return next(iter(given.values()))
    raise DeliveryError(
        f"no input of this build holds the saved plan of stage {settings.stage}",
        "start the pipeline again, so that the stage is planned again",
    )
