"""`mlops sandbox up|down|status|env|inbox`: the local AWS."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from generator.cli.common import json_option, platform_option, print_json, progress
from generator.demo.start import require_sandbox, start_sandbox
from generator.project import load_project

_name_option = click.option("--name", default="default", show_default=True, help="Name of the sandbox.")


@click.group()
def sandbox() -> None:
    """A local AWS for rehearsals: real Terraform, no account. Not for production."""


@sandbox.command()
@_name_option
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; default: a free one.")
@platform_option
@json_option
def up(name: str, port: int, platform_file: Path | None, as_json: bool) -> None:
    """Start a sandbox that goes on running, with the accounts of the platform in it."""
    from generator.demo.world import open_accounts

    project = load_project(platform_file)
    show = progress(as_json)
    with show.step(f"starting sandbox {name}"):
        running = start_sandbox(name, port=port, region=project.platform.region, detached=True)
    open_accounts(running, project.platform)
    environment = running.environment(project.platform.orchestrator_account_id)
    if as_json:
        print_json({"name": name, "url": running.url, "pid": running.pid, "environment": environment})
    else:
        click.echo(running.url)
        click.echo('use it with: eval "$(mlops sandbox env)"', err=True)


@sandbox.command()
@_name_option
def down(name: str) -> None:
    """Stop a sandbox; everything in it is gone."""
    from sandbox import control

    if not control.stop(name):
        click.echo(f"sandbox {name} is not running", err=True)


@sandbox.command("status")
@_name_option
@json_option
def status_(name: str, as_json: bool) -> None:
    """Say whether a sandbox runs, and where."""
    from sandbox import control

    running = control.find(name)
    document = {"name": name, "running": running is not None, "url": running.url if running else None}
    if as_json:
        print_json(document)
    else:
        click.echo(document["url"] or f"sandbox {name} is not running")


@sandbox.command()
@_name_option
@click.option("--account", help="Account (12 digits) to act in; default: the orchestrator account.")
@platform_option
@json_option
def env(name: str, account: str | None, platform_file: Path | None, as_json: bool) -> None:
    """Print the environment that makes every AWS tool use the sandbox."""
    from generator.provider_mirror import find_terraform

    platform = load_project(platform_file).platform
    found = require_sandbox(name).environment(account or platform.orchestrator_account_id)
    # Plain terraform in the same shell then finds the provider that mlops would use.
    setup = find_terraform(os.environ).environment
    found |= {key: value for key, value in setup.items() if value is not None}
    if as_json:
        print_json(found)
    else:
        for key, value in found.items():
            click.echo(f"export {key}={shlex.quote(value)}")


@sandbox.command()
@_name_option
@json_option
def inbox(name: str, as_json: bool) -> None:
    """Show the notifications that subscribers have received."""
    messages = require_sandbox(name).inbox()
    if as_json:
        print_json(messages)
        return
    for message in messages:
        click.echo(f"to {message.get('to', '')}: {message.get('subject') or ''}\n{message.get('message', '')}\n")
