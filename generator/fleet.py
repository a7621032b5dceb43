"""Many workspaces at once: plan, apply or destroy them in dependency order, several at a time.

Workspaces are run in waves: ``bootstrap``, then ``orchestrator`` and the accounts, then the pipelines
(the other way round for destroy). A failure stops later waves; everything in the running wave finishes.
A workspace whose files and state are those of its last apply starts no Terraform at all.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from generator.errors import ToolError
from generator.terraform import PlanCounts, Terraform

Action = Literal["plan", "apply", "destroy"]
_APPLIED = ".terraform/mlops-applied.json"
_SOURCE = re.compile(r'^\s*source\s*=\s*"(\.[^"]*)"', re.MULTILINE)
_READ_BY_TERRAFORM = frozenset({".tf", ".json", ".hcl", ".tftpl"})


class StateVersions(Protocol):
    """Says which version of a workspace's state is current, without Terraform."""

    def state_version(self, workspace: Path) -> str | None:
        """Return an opaque version of the state, or None when there is none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one workspace ended. ``error`` is None when it went well; ``skipped`` when nothing had changed."""

    workspace: Path
    counts: PlanCounts
    seconds: float
    skipped: bool = False
    error: ToolError | None = None


def waves(workspaces: Iterable[Path]) -> list[list[Path]]:
    """Return workspaces in the order of their needs, each inner list free to run at once. Pure."""

    def rank(workspace: Path) -> int:
        return {"bootstrap": 0, "orchestrator": 1, "account": 1}.get(workspace.name, 2)

    groups: dict[int, list[Path]] = {}
    for workspace in workspaces:
        groups.setdefault(rank(workspace), []).append(workspace)
    return [sorted(groups[key]) for key in sorted(groups)]


def run(
    action: Action,
    workspaces: Sequence[Path],
    terraform: Terraform,
    states: StateVersions,
    *,
    jobs: int,
    report: Callable[[Outcome], None],
) -> list[Outcome]:
    """Run an action over workspaces and report each as it ends.

    Args:
        action: ``plan`` changes nothing; ``apply`` and ``destroy`` carry out exactly the plan they saved.
        workspaces: Folders.
        terraform: The adapter.
        states: Tells state versions, so that an unchanged workspace is skipped.
        jobs: How many at once.
        report: Called from worker threads, once a workspace.
    """
    ordered = waves(workspaces)
    if action == "destroy":
        ordered.reverse()
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for wave in ordered:
            done = list(pool.map(lambda folder: _one(action, folder, terraform, states, report), wave))
            outcomes += done
            if any(outcome.error for outcome in done):
                break
    return outcomes


def _one(
    action: Action, folder: Path, terraform: Terraform, states: StateVersions, report: Callable[[Outcome], None]
) -> Outcome:
    started = time.monotonic()
    nothing = PlanCounts(0, 0, 0, empty=True)
    try:
        if action == "apply" and is_applied(folder, states):
            outcome = Outcome(folder, nothing, time.monotonic() - started, skipped=True)
        else:
            terraform.init(folder)
            counts = terraform.plan(folder, destroy=action == "destroy")
            if action != "plan":
                if not counts.empty:
                    terraform.apply_saved(folder)
                _remember(folder, states if action == "apply" else None)
            outcome = Outcome(folder, counts, time.monotonic() - started)
    except ToolError as error:
        outcome = Outcome(folder, nothing, time.monotonic() - started, error=error)
    report(outcome)
    return outcome


def is_applied(folder: Path, states: StateVersions) -> bool:
    """Whether a workspace's files, its modules and its state are those of its last apply from here."""
    try:
        applied = json.loads((folder / _APPLIED).read_text())
    except (OSError, ValueError):
        return False
    if applied.get("fingerprint") != fingerprint(folder):
        return False
    return applied.get("state") is not None and applied["state"] == states.state_version(folder)


def fingerprint(folder: Path) -> str:
    """Return a hash of a workspace's files and of the local modules it uses, directly or not."""
    digest = hashlib.sha256()
    seen: set[Path] = set()
    pending = [folder.resolve()]
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        for path in sorted(current.iterdir()):
            if path.suffix not in _READ_BY_TERRAFORM or not path.is_file():
                continue
            content = path.read_bytes()
            digest.update(f"{path.name}\0{len(content)}\0".encode())
            digest.update(content)
            if path.suffix == ".tf":
                pending += [(current / source).resolve() for source in _SOURCE.findall(content.decode())]
            if path.name == "terraform.tfvars.json":
                for referenced in _referenced_files(current, content):
                    digest.update(referenced.read_bytes())
    return digest.hexdigest()


def _referenced_files(folder: Path, variables: bytes) -> list[Path]:
    """Return the files that top-level ``*_path`` variables name, such as the Lambda package."""
    values = json.loads(variables)
    paths = [folder / value for name, value in sorted(values.items()) if name.endswith("_path") and value]
    return [path for path in paths if path.is_file()]


def _remember(folder: Path, states: StateVersions | None) -> None:
    path = folder / _APPLIED
    if states is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(exist_ok=True)
    document = {"fingerprint": fingerprint(folder), "state": states.state_version(folder)}
    path.write_text(json.dumps(document))
