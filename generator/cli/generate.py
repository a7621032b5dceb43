"""`mlops generate` and `mlops package`: workspaces and the Lambda package on disk."""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli.common import files_argument, json_option, platform_option, print_json
from generator.errors import DriftError
from generator.generate import (
    PACKAGE_NAME,
    lambda_package_path,
    plan_changes,
    provide_sources,
    write_changes,
)
from generator.project import config_files, desired_workspaces, load_project, load_requests


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
    requests = load_requests(config_files(files, project), project)
    package = out.parent / "build" / PACKAGE_NAME
    desired = desired_workspaces(project, requests, lambda_package_path(out, package))
    changes = plan_changes(desired, out, prune=prune)
    if not (check or dry_run):
        write_changes(changes, out)
        provide_sources(out)
    listed = [{"kind": change.kind, "path": f"{out}/{change.path}"} for change in changes.changes]
    if as_json:
        print_json({"changes": listed, "unchanged": changes.unchanged, "stale": list(changes.stale)})
    else:
        for change in listed:
            click.echo(f"{change['kind']:7} {change['path']}")
        _report_stale(changes.stale, out, prune)
        click.echo(f"{len(listed)} files changed, {changes.unchanged} unchanged", err=True)
    drifted = bool(listed or changes.conflicts or changes.stale)
    if check and drifted:
        raise DriftError(
            f"{out} is not what the configs say: {len(listed)} files differ, {len(changes.conflicts)} were "
            f"edited by hand, {len(changes.stale)} workspaces are no longer configured",
            hint="run `mlops generate` (with --prune to remove workspaces)",
        )


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
