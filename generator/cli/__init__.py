"""The `mlops` command: parse, call, print, and map each error of the tree to its exit code.

Exit codes: 0 done, 1 the user's input, 2 usage, 3 drift found, 4 an outside tool or service failed.
stdout is the result; stderr is progress and errors.
"""

from __future__ import annotations

import importlib
import logging
import sys
from typing import NoReturn

import click

from generator.errors import GeneratorError

# Command name -> module that defines it as `command`; a module is imported when its command is used.
_COMMANDS = {
    "approve": "delivery",
    "apply": "workspaces",
    "bootstrap": "bootstrap",
    "demo": "demo",
    "deprovision": "delivery",
    "destroy": "workspaces",
    "doctor": "doctor",
    "generate": "generate",
    "history": "delivery",
    "init": "init",
    "migrate": "migrate",
    "package": "generate",
    "plan": "workspaces",
    "promote": "delivery",
    "reject": "delivery",
    "rollback": "delivery",
    "sandbox": "sandbox",
    "schema": "validate",
    "status": "delivery",
    "submit": "delivery",
    "validate": "validate",
}


class _LazyGroup(click.Group):
    """A group that imports a command's module only when the command is used or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module = importlib.import_module(f"generator.cli.{_COMMANDS[name]}")
        command: click.Command = getattr(module, name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-v", "--verbose", count=True, help="Say more on stderr; -vv also logs every call.")
@click.version_option(package_name="mlops-workload-orchestrator", prog_name="mlops")
def cli(verbose: int) -> None:
    """Turn small ML configs into gated Terraform deliveries, stage by stage.

    Exit codes: 0 done, 1 your input, 2 usage, 3 drift found, 4 an outside tool or service failed.
    """
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
    if verbose < 2:
        for noisy in ("botocore", "boto3", "urllib3", "python_terraform"):
            logging.getLogger(noisy).setLevel(logging.ERROR)


def main() -> NoReturn:
    """Run the command line and exit with the documented code."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except GeneratorError as error:
        click.echo(str(error), err=True)
        output = getattr(error, "output", "")
        if output and logging.getLogger().isEnabledFor(logging.INFO):
            click.echo(output, err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        click.echo("interrupted; nothing more was started", err=True)
        sys.exit(130)
    except click.ClickException as usage:
        usage.show()
        sys.exit(usage.exit_code)
    except BrokenPipeError:
        # The reader of our stdout (head, less) has gone; that is its right.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        click.echo(f"{place}{error.strerror or error}", err=True)
        sys.exit(1 if error.filename else 4)
