"""Commands that CodeBuild's images bring and this machine may not: `docker` and `aws`.

A build in the sandbox runs on the machine itself. Its `docker` is always the stand-in, which talks to the sandbox's
ECR. Its `aws` knows the one call that image builds make, and leaves all others to the real one, if it is installed.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

_HERE = Path(__file__).parent


def install(folder: Path) -> Path:
    """Write the commands into `folder`, which then goes first into a build's search path; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    python = shlex.quote(str(Path(sys.executable).absolute()))
    docker = f'exec {python} {shlex.quote(str(_HERE / "docker_command.py"))} "$@"'
    aws = f'exec {python} {shlex.quote(str(_HERE / "aws_command.py"))} "$@"'
    real = shutil.which("aws")
    if real:
        aws = f'case "$1 $2" in "ecr get-login-password") {aws} ;; esac\nexec {shlex.quote(real)} "$@"'
    for name, text in {"aws": aws, "docker": docker}.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return folder
