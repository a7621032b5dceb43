"""What every action is given: the platform, its pipeline types, the fixed text of workspaces, AWS and the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from generator import names
from generator.blueprint import Registry, load_blueprints
from generator.platform import Platform, parse_platform
from generator.structure import Structure

from .clients import Clients
from .logs import Log

PLATFORM_FILE = "platform.json"
STRUCTURE_FILE = "structure.json.xz"


class Package:
    """The unpacked package: what was put into the zip beside the code.

    Args:
        root: Its folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def structure(self) -> Structure:
        """The fixed text of workspaces and the sources that bundles carry; read when first needed."""
        import lzma

        return expand_structure(json.loads(lzma.decompress((self._root / STRUCTURE_FILE).read_bytes())))

    def platform(self) -> Platform:
        """Return the platform that the package was made for.

        Raises:
            RuntimeError: The file has problems, which ``mlops package`` would have refused.
        """
        platform, problems = parse_platform(json.loads((self._root / PLATFORM_FILE).read_bytes()))
        if platform is None:
            raise RuntimeError(f"{PLATFORM_FILE} is not valid: {'; '.join(map(str, problems))}")
        return replace(platform, blueprints=tuple(str(self._root / path) for path in platform.blueprints))


def expand_structure(document: Mapping[str, Any]) -> Structure:
    """Return the structure of a package, in which every text stands once and is named by its number. Pure."""
    texts = document["texts"]

    def expanded(part: str) -> dict[str, dict[str, Any]]:
        return {
            module: {path: texts[number] for path, number in files.items()} for module, files in document[part].items()
        }

    return Structure.from_document(
        {
            "workspaces": expanded("workspaces"),
            "variables": document["variables"],
            "modules": expanded("modules"),
            "runner": expanded("runner")[""],
        }
    )


@dataclass(frozen=True)
class Core:
    """The function's means; see the module."""

    platform: Platform
    registry: Registry
    package: Package
    clients: Clients
    log: Log

    @property
    def structure(self) -> Structure:
        """The fixed text of workspaces and the sources that bundles carry."""
        return self.package.structure

    @property
    def artifacts_bucket(self) -> str:
        """Bucket of bundles, pinned objects and release records."""
        return names.bucket(self.platform, "artifacts")

    @property
    def provisioner(self) -> str:
        """Name of the CodeBuild project that makes and removes delivery pipelines."""
        return f"{self.platform.name}-provision"

    def client(self, service: str) -> Any:
        """Return an AWS client."""
        return self.clients.client(service)

    def with_log(self, log: Log) -> Core:
        """Return the same means with another log."""
        return replace(self, log=log)


def load_core(root: Path, clients: Callable[[str], Clients], log: Log) -> Core:
    """Read the package's platform; ``clients`` is asked for AWS in the platform's region."""
    package = Package(root)
    platform = package.platform()
    return Core(platform, load_blueprints(platform), package, clients(platform.region), log)
