"""`mlops bootstrap`: the state bucket, before anything else can have a state."""

from __future__ import annotations

from pathlib import Path

import click

from generator import bootstrap as state_backend
from generator.aws import Aws
from generator.cli.common import confirm, json_option, platform_option, print_json, progress, yes_option
from generator.errors import GeneratorError
from generator.project import load_project
from generator.terraform import Terraform


@click.command()
@platform_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("environments"),
    show_default=True,
    help="Folder of the generated workspaces.",
)
@click.option("--destroy", is_flag=True, help="Destroy the state bucket; the last step of leaving.")
@yes_option
@json_option
def bootstrap(platform_file: Path | None, out: Path, destroy: bool, yes: bool, as_json: bool) -> None:
    """Make the bucket that keeps every Terraform state, its own included. Can be run again."""
    project = load_project(platform_file)
    folder = out / "bootstrap"
    if not folder.is_dir():
        raise GeneratorError(f"{folder} does not exist", hint="run `mlops generate` first")
    show = progress(as_json)
    if destroy:
        if not confirm("Destroy the state bucket and every state in it?", yes):
            raise GeneratorError("nothing was destroyed", hint="answer yes, or give --yes")
        with show.step("destroying the state bucket"):
            counts = state_backend.destroy(folder, Terraform())
    else:
        with show.step("making the state bucket"):
            counts = state_backend.create(folder, Terraform(), Aws(project.platform.region))
    if as_json:
        print_json({"add": counts.add, "change": counts.change, "destroy": counts.destroy})
