"""`mlops migrate`: from the AWS solution's stack and configs to a platform file and configs of ours."""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli.common import json_option, print_json
from generator.cli.init import write_schemas
from generator.errors import ConflictError


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--stack",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Answer of `aws cloudformation describe-stacks` for the orchestrator stack, as JSON.",
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("migrated"), show_default=True,
    help="Folder that gets the platform file, the configs and the report.",
)
@json_option
def migrate(files: tuple[Path, ...], stack: Path | None, out: Path, as_json: bool) -> None:
    """Take over what a user of the AWS solution has: the stack's description and mlops-config FILES."""
    from generator.migrate import migrate as migrated

    if not files and stack is None:
        raise click.UsageError("name config files, the stack's description with --stack, or both")
    result = migrated(
        stack.read_bytes() if stack else None, [(str(file), file.read_bytes()) for file in files]
    )
    present = [str(out / name) for name in result.files if (out / name).exists()]
    if present:
        raise ConflictError(f"{', '.join(present)} exists already; nothing was written", hint="choose another --out")
    for name, content in result.files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    write_schemas(out)
    if as_json:
        print_json({"files": [str(out / name) for name in result.files], "report": result.report})
    else:
        for name in result.files:
            click.echo(str(out / name))
        click.echo(result.report, err=True)
