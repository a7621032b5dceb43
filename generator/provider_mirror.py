"""Finding Terraform and its provider: which binary, and whether a filesystem mirror is needed.

Any machine with Terraform on PATH and a reachable registry just works. Where the registry cannot be
reached, a mirror in Terraform's documented layout (a folder that holds
``registry.terraform.io/hashicorp/aws/``) is used, in this order: the one that the user's own CLI
configuration names; ``$MLOPS_PROVIDER_MIRROR``; Terraform's implied mirror folders; any such folder
directly below /opt, /usr/share or /usr/local/share.
Source of the layout: Terraform's documentation of the CLI configuration, "Provider Installation".
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.errors import ToolError

MINIMUM_TERRAFORM = (1, 11)
_PROVIDER = Path("registry.terraform.io/hashicorp/aws")
_SEARCHED = ("/opt", "/usr/share", "/usr/local/share")
_MIRROR_CONFIG = """provider_installation {{
  filesystem_mirror {{
    path    = {path}
    include = ["registry.terraform.io/*/*"]
  }}
  direct {{
    exclude = ["registry.terraform.io/*/*"]
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class TerraformSetup:
    """What was found on this machine.

    Attributes:
        binary: Path of the terraform binary.
        version: Its version, e.g. ``1.11.4``.
        provider_source: A sentence saying where the provider comes from.
        environment: Variables to add to a terraform process; a value of None means "unset it".
    """

    binary: str
    version: str
    provider_source: str
    environment: Mapping[str, str | None]


def find_terraform(environment: Mapping[str, str], searched: Iterable[str] = _SEARCHED) -> TerraformSetup:
    """Return the Terraform to use and where its provider comes from.

    Writes a CLI configuration file in the temporary folder when a mirror has to be named.

    Args:
        environment: The process environment.
        searched: Folders whose direct children may be mirrors.

    Raises:
        ToolError: There is no Terraform on PATH, or it is too old.
    """
    binary = shutil.which("terraform", path=environment.get("PATH"))
    if binary is None:
        raise ToolError(
            "terraform is not on PATH",
            hint="install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install)",
        )
    version = _version(binary)
    if tuple(int(part) for part in version.split("-")[0].split(".")[:2]) < MINIMUM_TERRAFORM:
        raise ToolError(f"terraform {version} at {binary} is too old", hint="install Terraform 1.11 or newer")
    changes, source = _provider_source(environment, searched)
    return TerraformSetup(binary, version, source, changes)


def _provider_source(
    environment: Mapping[str, str], searched: Iterable[str]
) -> tuple[Mapping[str, str | None], str]:
    changes: dict[str, str | None] = {}
    named = environment.get("TF_CLI_CONFIG_FILE") or environment.get("TERRAFORM_CONFIG")
    if named:
        if Path(named).is_file():
            return {}, f"your CLI configuration {named}"
        changes = {"TF_CLI_CONFIG_FILE": None, "TERRAFORM_CONFIG": None}
    home = Path(environment.get("HOME", "/nonexistent"))
    own = home / ".terraformrc"
    if own.is_file():
        return changes, f"your CLI configuration {own}"
    mirror = environment.get("MLOPS_PROVIDER_MIRROR")
    if mirror:
        if not (Path(mirror) / _PROVIDER).is_dir():
            raise ToolError(
                f"MLOPS_PROVIDER_MIRROR={mirror} holds no {_PROVIDER}/",
                hint="point it at a folder in Terraform's filesystem mirror layout, or unset it",
            )
        return {**changes, **_use(Path(mirror))}, f"the mirror {mirror} (MLOPS_PROVIDER_MIRROR)"
    data_home = Path(environment.get("XDG_DATA_HOME", home / ".local/share"))
    implied = (home / ".terraform.d/plugins", data_home / "terraform/plugins")
    shared = (Path("/usr/local/share/terraform/plugins"), Path("/usr/share/terraform/plugins"))
    for folder in (*implied, *shared):
        if (folder / _PROVIDER).is_dir():
            return changes, f"Terraform's implied mirror {folder}"
    for parent in searched:
        for folder in sorted(Path(parent).glob("*/")) if Path(parent).is_dir() else ():
            if (folder / _PROVIDER).is_dir():
                return {**changes, **_use(folder)}, f"the mirror {folder}"
    return changes, "the public registry"


def _use(mirror: Path) -> dict[str, str | None]:
    """Write a CLI configuration that names ``mirror``; the same mirror always gets the same file."""
    text = _MIRROR_CONFIG.format(path=json.dumps(str(mirror.resolve())))
    folder = Path(tempfile.gettempdir()) / "mlops-terraform"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.tfrc"
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as temporary:
        temporary.write(text)
    Path(temporary.name).replace(path)
    return {"TF_CLI_CONFIG_FILE": str(path)}


def _version(binary: str) -> str:
    try:
        ran = subprocess.run([binary, "version", "-json"], capture_output=True, text=True, timeout=60, check=True)
        return str(json.loads(ran.stdout)["terraform_version"])
    except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
        raise ToolError(f"{binary} does not answer `terraform version -json`: {error}") from error
