"""Generating: desired workspaces brought onto the disk, changing only what has changed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from generator.changes import ChangeSet, compare
from generator.errors import ConflictError
from generator.files import GeneratedTree
from generator.project import source_root

PACKAGE_NAME = "orchestrator.zip"
_SOURCE_PATTERNS = ("*.tf", ".terraform.lock.hcl", "modules/**/*")
_NOT_SOURCES = frozenset({"tests", ".terraform"})


def lambda_package_path(out: Path, package: Path) -> str:
    """Return the package's path as the orchestrator workspace under ``out`` sees it. Pure but for cwd."""
    return Path(os.path.relpath(package.resolve(), (out / "orchestrator").resolve())).as_posix()


def plan_changes(desired: Mapping[str, Mapping[str, bytes]], out: Path, *, prune: bool = False) -> ChangeSet:
    """Return what generating ``desired`` under ``out`` would change. Reads only."""
    tree = GeneratedTree(out)
    return compare(desired, tree.read, tree.workspaces(), is_there=tree.has_folder, prune=prune)


def write_changes(changes: ChangeSet, out: Path) -> None:
    """Apply a change set, or nothing at all if anything stands in its way.

    Raises:
        ConflictError: A file was edited by hand.
    """
    if changes.conflicts:
        listed = "\n".join(f"{out}/{path}: was edited by hand" for path in changes.conflicts)
        raise ConflictError(
            f"{listed}\n{len(changes.conflicts)} conflicts; nothing was written",
            hint="move your change into the config or the module, then delete the file and generate again",
        )
    GeneratedTree(out).apply(changes)


def provide_sources(out: Path) -> list[str]:
    """Put the modules beside ``out`` when it is not in the repository itself; return the paths of their files.

    Workspaces name their modules by the path ``../../../modules``, so that they read the same in a
    bundle, in the repository and anywhere else.
    """
    home, root = out.resolve().parent, source_root()
    if home == root:
        return []
    desired = {".": dict(_sources(root))}
    write_changes(compare(desired, GeneratedTree(home).read, ()), home)
    return [f"{home}/{name}" for name in desired["."]]


def _sources(root: Path) -> Iterable[tuple[str, bytes]]:
    for pattern in _SOURCE_PATTERNS:
        for path in sorted(root.glob(pattern)):
            relative = path.relative_to(root)
            if path.is_file() and not _NOT_SOURCES.intersection(relative.parts) and path.suffix != ".md":
                yield relative.as_posix(), path.read_bytes()
