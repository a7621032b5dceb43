"""``python3 -m delivery STEP`` in the folder of an unpacked bundle: wires the steps to the real world."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .apply import apply
from .aws import Account, WallClock, error_code, error_text
from .console import say, say_failed
from .errors import DeliveryError
from .install import find_terraform, install
from .manifest import Manifest, load_manifest
from .plan import plan
from .profile import check_role, session_name, stage_environment
from .provision import provision, unprovision
from .settings import Settings, read_settings
from .terraform import CommandLine
from .verify import verify
from .waiting import Site

STAGE_ROLES = {"plan": "plan", "apply": "deploy", "verify": "plan"}


def main(arguments: list[str], environ: Mapping[str, str], root: Path) -> int:
    """Run one step; return the exit code: 0 done, 1 failed (the reason is the last thing said), 2 usage."""
    steps = (*STAGE_ROLES, "provision")
    installs = arguments[:1] == ["install"]
    if len(arguments) != 1 + installs or arguments[-1] not in steps:
        say_failed(f"usage: python3 -m delivery [install] {'|'.join(steps)}")
        return 2
    step = arguments[-1]
    try:
        if installs:
            install(environ, root, with_terraform=step != "verify")
            return 0
        settings = read_settings(environ, root)
        manifest = load_manifest(root)
        if step == "provision":
            run_provision(settings, manifest)
        else:
            run_stage(step, settings, manifest)
    except DeliveryError as error:
        say_failed(str(error))
        return 1
    except Exception as error:
        if not error_code(error):
            raise
        say_failed(f"AWS refused a call: {error_text(error)}")
        return 1
    return 0


def run_stage(step: str, settings: Settings, manifest: Manifest) -> None:
    """Run ``plan``, ``apply`` or ``verify`` as the stage's role."""
    stage = manifest.stage(settings.stage)
    own = Account(manifest.region, settings.environ)
    session = session_name(settings.execution_id, manifest.pipeline)
    role = STAGE_ROLES[step]
    check_role(own, manifest, stage, role, session)
    with tempfile.TemporaryDirectory(prefix="mlops-") as private:
        folder = Path(private)
        environ = stage_environment(
            settings.environ,
            folder,
            manifest.role_arn(stage.account_id, role),
            manifest.external_id,
            session,
            manifest.region,
        )
        workspace = settings.root / stage.workspace
        site = Site(aws=Account(manifest.region, environ), release=settings.digest)
        if step == "verify":
            verify(settings, manifest, stage, site, own)
            return
        terraform = CommandLine(terraform_program(settings), workspace, environ)
        if step == "plan":
            say(plan(settings, manifest, stage, terraform, site))
        else:
            for sentence in apply(settings, stage, terraform, site):
                say(sentence)


def run_provision(settings: Settings, manifest: Manifest) -> None:
    """Make or remove the delivery pipeline with the build's own role."""
    own = Account(manifest.region, settings.environ)
    workspace = settings.root / manifest.delivery_workspace
    terraform = CommandLine(terraform_program(settings), workspace, settings.environ)
    if settings.mode == "destroy":
        say(unprovision(settings, manifest, terraform, own))
    else:
        say(provision(settings, manifest, terraform, own, WallClock()))


def terraform_program(settings: Settings) -> str:
    """Return the path of Terraform.

    Raises:
        DeliveryError: There is none that is new enough.
    """
    program = find_terraform(settings.environ, settings.root)
    if program is None:
        raise DeliveryError("there is no Terraform >= 1.11 on PATH", "run `python3 -m delivery install STEP` first")
    return program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, Path.cwd()))
