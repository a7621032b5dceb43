"""`mlops plan`, `apply` and `destroy`: many workspaces at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from generator import fleet
from generator.cli.common import confirm, json_option, print_json, progress, workspaces_argument, yes_option
from generator.errors import GeneratorError, ToolError
from generator.states import States
from generator.terraform import Terraform

_GIB_PER_TERRAFORM = 0.8


def default_jobs() -> int:
    """Return how many workspaces run at once: four a core, as far as memory reaches (0.8 GiB each)."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (ValueError, OSError):
        memory = 8.0
    return max(1, min(4 * (os.cpu_count() or 1), int(memory / _GIB_PER_TERRAFORM)))


def _command(action: fleet.Action, about: str) -> click.Command:
    def run(workspaces: tuple[Path, ...], jobs: int | None, as_json: bool, yes: bool = True) -> None:
        _run(action, workspaces, jobs or default_jobs(), as_json, yes)

    decorators: list[Callable[[Any], Any]] = [
        click.command(action, help=about),
        workspaces_argument,
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            help="Workspaces at once; default: four a core, as far as memory reaches.",
        ),
        json_option,
    ]
    if action == "destroy":
        decorators.append(yes_option)
    for decorate in reversed(decorators):
        run = decorate(run)
    return run  # type: ignore[return-value]


plan = _command("plan", "Plan WORKSPACES and say what each would change.")
apply = _command(
    "apply",
    "Apply WORKSPACES, each from the plan it just saved. One that has not changed since its last apply "
    "starts no Terraform.",
)
destroy = _command("destroy", "Destroy everything in WORKSPACES; asks first.")


def _run(action: fleet.Action, workspaces: tuple[Path, ...], jobs: int, as_json: bool, yes: bool) -> None:
    if action == "destroy" and not confirm(f"Destroy everything in {len(workspaces)} workspaces?", yes):
        raise GeneratorError("nothing was destroyed", hint="answer yes, or give --yes")
    show = progress(as_json)

    def report(outcome: fleet.Outcome) -> None:
        show.note(f"{describe(outcome)}  {outcome.workspace}  ({outcome.seconds:.1f} s)")

    outcomes = fleet.run(action, workspaces, Terraform(), States(), jobs=jobs, report=report)
    if as_json:
        print_json([_json(outcome) for outcome in outcomes])
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        left = len(workspaces) - len(outcomes)
        reasons = "\n".join(str(outcome.error) for outcome in failed)
        raise ToolError(
            f"{reasons}\n{len(failed)} of {len(workspaces)} workspaces failed"
            + (f", {left} were not started" if left else "")
        )


def describe(outcome: fleet.Outcome) -> str:
    """Return what became of a workspace, in a few words."""
    if outcome.error:
        return "failed   "
    if outcome.skipped:
        return "unchanged"
    if outcome.counts.empty:
        return "no change"
    counts = outcome.counts
    return f"+{counts.add} ~{counts.change} -{counts.destroy}"


def _json(outcome: fleet.Outcome) -> dict[str, Any]:
    return {
        "workspace": str(outcome.workspace),
        "plan": {
            "add": outcome.counts.add,
            "change": outcome.counts.change,
            "destroy": outcome.counts.destroy,
        },
        "skipped": outcome.skipped,
        "seconds": round(outcome.seconds, 3),
        "error": str(outcome.error) if outcome.error else None,
    }
