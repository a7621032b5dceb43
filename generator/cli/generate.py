"""`mlops generate` and `mlops package`: workspaces and the Lambda package on disk."""

from __future__ import annotations

import gc
from pathlib import Path

import click

from generator.changes import ChangeSet
from generator.cli.common import files_argument, json_option, platform_option, print_json
from generator.errors import DriftError
from generator.generate import (
    PACKAGE_NAME,
    lambda_package_path,
    plan_changes,
    provide_sources,
    write_changes,
)
from generator.project import Project, config_files, desired_workspaces, load_project, load_requests
from generator.stamp import Stamp, asked_digest


@click.command()
@files_argument
@platform_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("environments"),
    show_default=True,
    help="Folder of the generated workspaces.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if anything would change.")
@click.option("--dry-run", is_flag=True, help="Write nothing; list what would change.")
@click.option("--prune", is_flag=True, help="Also remove generated workspaces whose config is gone.")
@json_option
def generate(
    files: tuple[Path, ...],
    platform_file: Path | None,
    out: Path,
    check: bool,
    dry_run: bool,
    prune: bool,
    as_json: bool,
) -> None:
    """Write the Terraform workspaces of the platform and of every config in FILES.

    Without FILES: mlops-config*.json|yaml and configs/* beside the platform file. Only files whose
    content changes are touched.
    """
    project = load_project(platform_file)
    given = config_files(files, project)
    changes = _brought_up_to_date(project, given, out, prune=prune, write=not (check or dry_run))
    listed = [{"kind": change.kind, "path": f"{out}/{change.path}"} for change in changes.changes]
    if as_json:
        print_json({"changes": listed, "unchanged": changes.unchanged, "stale": list(changes.stale)})
    else:
        if listed:
            click.echo("\n".join(f"{change['kind']:7} {change['path']}" for change in listed))
        _report_stale(changes.stale, out, prune)
        click.echo(f"{len(listed)} files changed, {changes.unchanged} unchanged", err=True)
    drifted = bool(listed or changes.conflicts or changes.stale)
    if check and drifted:
        raise DriftError(
            f"{out} is not what the configs say: {len(listed)} files differ, {len(changes.conflicts)} were "
            f"edited by hand, {len(changes.stale)} workspaces are no longer configured",
            hint="run `mlops generate` (with --prune to remove workspaces)",
        )


def _brought_up_to_date(project: Project, files: list[Path], out: Path, *, prune: bool, write: bool) -> ChangeSet:
    """Write what has changed (or only find it), unless nothing can have changed since the last time."""
    # All that is made here is needed to the end: the collector would look at it again and again, and find nothing.
    gc.disable()
    stamp = Stamp(out, asked_digest(project, files, out, prune))
    unchanged = stamp.unchanged()
    if unchanged is not None:
        return ChangeSet((), unchanged, (), ())
    package = out.parent / "build" / PACKAGE_NAME
    requests = load_requests(files, project)
    desired = desired_workspaces(project, requests, lambda_package_path(out, package))
    changes = plan_changes(desired, out, prune=prune)
    if write:
        write_changes(changes, out)
        beside = provide_sources(out)
        if prune or not changes.stale:
            stamp.write(out, desired, beside)
    return changes


def _report_stale(stale: tuple[str, ...], out: Path, prune: bool) -> None:
    for folder in () if prune else stale:
        click.echo(
            f"{out}/{folder} has no config any more; destroy it, then generate with --prune", err=True
        )


@click.command()
@platform_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build"),
    show_default=True,
    help=f"Folder that gets {PACKAGE_NAME}.",
)
@json_option
def package(platform_file: Path | None, out: Path, as_json: bool) -> None:
    """Write the orchestrator's Lambda package; the same sources and platform give the same bytes."""
    from generator.package import write_package

    project = load_project(platform_file)
    path = out / PACKAGE_NAME
    digest, size = write_package(project, path)
    if as_json:
        print_json({"path": str(path), "sha256": digest, "bytes": size})
    else:
        click.echo(str(path))
        click.echo(f"{size} bytes, sha256 {digest}", err=True)
