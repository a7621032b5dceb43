"""The one adapter to Terraform: runs it in a workspace through python-terraform and reads its answers."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_terraform import IsFlagged
from python_terraform import Terraform as Command

from generator.errors import ToolError
from generator.provider_mirror import TerraformSetup, find_terraform

PLAN_FILE = "mlops.tfplan"
_COUNTS = re.compile(r"^Plan: (\d+) to add, (\d+) to change, (\d+) to destroy", re.MULTILINE)
_ERROR = re.compile(r"^\W*Error: (.+?)$", re.MULTILINE)
_MISSING_PROVIDER = ("Failed to query available provider packages", "Failed to install provider")


class TerraformError(ToolError):
    """A terraform command failed.

    Attributes:
        output: Everything that the command said about it.
    """

    def __init__(self, message: str, *, where: str, output: str) -> None:
        hint = "the state is kept; mend the cause and run the command again (-v shows Terraform's own words)"
        super().__init__(message, where=where, hint=hint)
        self.output = output


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """How many resources a saved plan adds, changes in place and destroys, and whether it does anything."""

    add: int
    change: int
    destroy: int
    empty: bool


class Terraform:
    """Terraform as found on this machine; every method takes the workspace's folder.

    Raises:
        ToolError: Terraform or its provider is missing, or a command failed.
    """

    def __init__(self, setup: TerraformSetup | None = None) -> None:
        self.setup = setup or find_terraform(os.environ)
        # python-terraform hands the process environment on, so this is the place to prepare it.
        for name, value in self.setup.environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        os.environ.setdefault("TF_IN_AUTOMATION", "1")
        # The provider's garbage collector costs a third of every command; see benchmarks/.
        os.environ.setdefault("GOGC", "400")

    def init(self, folder: Path, **options: Any) -> None:
        """Initialise a workspace with the lock file that was generated with it."""
        self._run(folder, "init", input=False, lockfile="readonly", **options)

    def plan(self, folder: Path, *, destroy: bool = False, variables: dict[str, Any] | None = None) -> PlanCounts:
        """Save a plan as ``mlops.tfplan`` in the workspace and return its counts."""
        flags = {"destroy": IsFlagged} if destroy else {}
        assignments = [f"{name}={value}" for name, value in (variables or {}).items()]
        code, out = self._run(
            folder, "plan", input=False, out=PLAN_FILE, detailed_exitcode=IsFlagged, var=assignments, ok=(0, 2), **flags
        )
        if code == 0:
            return PlanCounts(0, 0, 0, empty=True)
        # A plan without this line changes outputs only. `terraform show` would tell the same in two seconds more.
        counted = _COUNTS.search(out)
        added, changed, destroyed = map(int, counted.groups()) if counted else (0, 0, 0)
        return PlanCounts(added, changed, destroyed, empty=False)

    def apply_saved(self, folder: Path) -> None:
        """Apply the plan that ``plan`` saved, and nothing else."""
        try:
            self._run(folder, "apply", PLAN_FILE, input=False)
        finally:
            (folder / PLAN_FILE).unlink(missing_ok=True)

    def outputs(self, folder: Path) -> dict[str, Any]:
        """Return the workspace's outputs as {name: value}."""
        document = json.loads(self._run(folder, "output", json=IsFlagged)[1])
        return {name: output["value"] for name, output in document.items()}

    def resources(self, folder: Path) -> list[str]:
        """Return the addresses of the managed resources in the workspace's state, sorted."""
        listed = self._run(folder, "state list")[1].split()
        return sorted(address for address in listed if ".data." not in f".{address}")

    def _run(
        self, folder: Path, command: str, *arguments: str, ok: tuple[int, ...] = (0,), **options: Any
    ) -> tuple[int, str]:
        if not folder.is_dir():
            raise ToolError(f"{folder} is not a workspace folder", hint="run `mlops generate` first")
        flags = {} if command == "state list" else {"no_color": IsFlagged}
        terraform = Command(working_dir=str(folder), terraform_bin_path=self.setup.binary)
        code, out, err = terraform.cmd(command, *arguments, capture_output=True, **flags, **options)
        if code not in ok:
            raise _failure(folder, command, out, err)
        return code, out


def _failure(folder: Path, command: str, out: str, err: str) -> ToolError:
    text = err.strip() or out.strip()
    if any(sign in text for sign in _MISSING_PROVIDER):
        return ToolError(
            f"terraform cannot get its provider hashicorp/aws in {folder}",
            hint="allow access to registry.terraform.io, or set MLOPS_PROVIDER_MIRROR to a folder that "
            "holds registry.terraform.io/hashicorp/aws/ (`mlops doctor` shows what was found)",
        )
    first = _ERROR.search(text)
    summary = first.group(1) if first else text.splitlines()[-1] if text else "no output"
    return TerraformError(f"terraform {command} failed: {summary}", where=str(folder), output=text)
