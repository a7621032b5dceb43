"""`mlops sandbox up|down|status|env|inbox|fail|fire`: the local AWS."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from generator.cli.common import json_option, platform_option, print_json, progress
from generator.demo.faults import planned_fault
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


@sandbox.command()
@_name_option
@click.argument("kind", required=False)
@click.option("--match", "patterns", multiple=True, metavar="NAME=PATTERN", help="What it applies to; may be repeated.")
@click.option("--reason", help="Reason that is given; the same as --error '{\"reason\": ...}'.")
@click.option("--error", "error_json", help="What results, as JSON.")
@click.option("--times", type=click.IntRange(min=0), default=1, show_default=True, help="How often; 0 for always.")
@click.option("--clear", is_flag=True, help="Forget what was planned before.")
@json_option
def fail(
    name: str,
    kind: str | None,
    patterns: tuple[str, ...],
    reason: str | None,
    error_json: str | None,
    times: int,
    clear: bool,
    as_json: bool,
) -> None:
    """Make things fail on purpose, and list what is planned to.

    KIND is for example sagemaker.training_job or sagemaker.endpoint; sandbox/README.md lists them all.
    """
    running = require_sandbox(name)
    if clear:
        running.request("faults", method="DELETE")
    if kind is not None:
        running.request("faults", planned_fault(kind, patterns, reason, error_json, times))
    planned = running.request("faults")["faults"]
    if as_json:
        print_json(planned)
        return
    for fault in planned:
        click.echo(f"{fault['kind']} {fault['match']} {fault['error']}: {_strikes(fault)}")


def _strikes(fault: Mapping[str, Any]) -> str:
    left = "for ever" if fault["times"] is None else f"{fault['times']} more"
    return f"struck {fault['struck']} times, {left}"


@sandbox.command()
@_name_option
@click.argument("schedule", default="*")
@json_option
def fire(name: str, schedule: str, as_json: bool) -> None:
    """Fire schedules now, as their clock would: those whose name fits the pattern SCHEDULE."""
    fired = require_sandbox(name).request("schedules/fire", {"name": schedule})
    if as_json:
        print_json(fired)
        return
    for item in fired["fired"]:
        click.echo(item)
