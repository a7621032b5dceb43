"""`mlops doctor`: what was found on this machine, and what is missing."""

from __future__ import annotations

import os
import platform as machine
import sys
from importlib.metadata import PackageNotFoundError, version

import click

from generator.cli.common import json_option, print_json
from generator.provider_mirror import find_terraform


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say which Python, Terraform and provider will be used; exit 4 if one is missing."""
    setup = find_terraform(os.environ)
    found = {
        "python": f"{machine.python_version()} at {sys.executable}",
        "terraform": f"{setup.version} at {setup.binary}",
        "provider": f"hashicorp/aws from {setup.provider_source}",
        "aws_endpoint": os.environ.get("AWS_ENDPOINT_URL", "AWS itself"),
        "sandbox": _installed("moto"),
    }
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        click.echo(f"{name:13} {value}")


def _installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} is not installed; pip install 'mlops-workload-orchestrator[sandbox]'"
