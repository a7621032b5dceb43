"""What commands share: the platform option, JSON output, the progress display."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from generator.progress import Progress

F = TypeVar("F", bound=Callable[..., Any])

_PLATFORM_HELP = "Platform file; default: platform.yaml in the current folder, else dev, staging and prod."

platform_option = click.option(
    "--platform",
    "platform_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="MLOPS_PLATFORM",
    help=f"{_PLATFORM_HELP} Also $MLOPS_PLATFORM.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask; there is never a question without a terminal.")
files_argument = click.argument("files", nargs=-1, type=click.Path(path_type=Path))
workspaces_argument = click.argument(
    "workspaces", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)


def print_json(document: Any) -> None:
    """Print a JSON document on stdout."""
    click.echo(json.dumps(document, indent=2, sort_keys=False, default=str))


def progress(as_json: bool = False) -> Progress:
    """Return the progress display of a command; with ``--json`` it stays on stderr all the same."""
    return Progress(quiet=as_json and not sys.stderr.isatty())


def confirm(question: str, yes: bool) -> bool:
    """Ask on the terminal; without one, or with ``--yes``, the answer is yes only if ``yes`` was given."""
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm(question, default=False, err=True)
