"""Step ``install``: put Terraform and boto3 in place where the build image lacks them. Stdlib only."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from .console import say
from .errors import DeliveryError

MINIMUM = (1, 11)
VERSION = "1.11.4"
SHA256 = {
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
}
TOOLS_FOLDER = ".tools"
_BOTO3 = "boto3>=1.40,<2"


def find_terraform(environ: Mapping[str, str], root: Path) -> str | None:
    """Return the path of a Terraform that is new enough: one installed here, else the one on ``PATH``."""
    installed = root / TOOLS_FOLDER / "terraform"
    if installed.is_file():
        return str(installed)
    found = shutil.which("terraform", path=environ.get("PATH"))
    return found if found and _version(found, environ) >= MINIMUM else None


def install(
    environ: Mapping[str, str],
    root: Path,
    *,
    with_terraform: bool = True,
    fetch: Callable[[str], bytes] | None = None,
) -> None:
    """Install what is missing under ``root``.

    Args:
        environ: The build's environment.
        root: Folder of the unpacked bundle.
        with_terraform: Whether the step runs Terraform.
        fetch: Returns the bytes behind a URL; the default asks the network.

    Raises:
        DeliveryError: Terraform cannot be downloaded or is not the expected file, or pip failed.
    """
    if with_terraform and find_terraform(environ, root) is None:
        _install_terraform(root, fetch or _download)
    if importlib.util.find_spec("boto3") is None:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _BOTO3],
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise DeliveryError(
                "boto3 cannot be installed", "use a build image with boto3, or let the build reach PyPI"
            )


def _install_terraform(root: Path, fetch: Callable[[str], bytes]) -> None:
    system = os.uname()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}
    target = f"{system.sysname.lower()}_{machine.get(system.machine, system.machine)}"
    expected = SHA256.get(target)
    if expected is None:
        raise DeliveryError(
            f"Terraform {VERSION} is not prepared for {target}",
            "use a Linux build image, or one with Terraform >= 1.11",
        )
    url = f"https://releases.hashicorp.com/terraform/{VERSION}/terraform_{VERSION}_{target}.zip"
    try:
        content = fetch(url)
    except OSError as error:
        raise DeliveryError(
            f"{url} cannot be downloaded: {error}",
            "let the build reach it, or use a build image with Terraform >= 1.11",
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DeliveryError(
            f"{url} has SHA-256 {found}, expected was {expected}",
            "do not use it; find out what answers there",
        )
    folder = root / TOOLS_FOLDER
    folder.mkdir(exist_ok=True)
    program = folder / "terraform"
    program.write_bytes(zipfile.ZipFile(io.BytesIO(content)).read("terraform"))
    program.chmod(0o755)
    say(f"installed Terraform {VERSION}")


def _version(program: str, environ: Mapping[str, str]) -> tuple[int, int]:
    """Return major and minor version of a Terraform; (0, 0) when it does not say."""
    quiet = {**os.environ, **environ, "CHECKPOINT_DISABLE": "1"}
    done = subprocess.run([program, "version"], capture_output=True, text=True, env=quiet, check=False)
    found = re.search(r"Terraform v(\d+)\.(\d+)", done.stdout)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def _download(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=120) as answer:
        content: bytes = answer.read()
    return content
