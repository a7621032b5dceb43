"""What generating would change: desired workspaces against those on disk. Pure.

Each workspace carries ``.generated.json``, which names its files and their SHA-256. We overwrite or
delete only what that manifest owns and what still matches it; a file that somebody edited by hand is
a conflict, never lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from generator.canonical import canonical_json

MANIFEST = ".generated.json"

Kind = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Change:
    """One file to write (``content`` is its new bytes) or to delete (``content`` is None)."""

    kind: Kind
    path: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What to do, what stays, and what stands in the way.

    Attributes:
        changes: Files to write or delete, by path.
        unchanged: Number of files that are already as desired.
        conflicts: Paths of files edited or made by hand where a generated one should stand.
        stale: Folders of generated workspaces whose config is gone.
    """

    changes: tuple[Change, ...]
    unchanged: int
    conflicts: tuple[str, ...]
    stale: tuple[str, ...]


def compare(
    desired: Mapping[str, Mapping[str, bytes]],
    read: Callable[[str], bytes | None],
    existing: Iterable[str],
    *,
    is_there: Callable[[str], bool] = lambda folder: True,
    prune: bool = False,
) -> ChangeSet:
    """Compare workspaces with a tree.

    Args:
        desired: Folder (POSIX, relative) to {file name: content}.
        read: Returns a file's content by relative path, or None when there is none.
        existing: Folders that hold a manifest now.
        is_there: Tells whether there is such a folder at all.
        prune: Whether to delete generated workspaces that are no longer desired.
    """
    changes: list[Change] = []
    conflicts: list[str] = []
    unchanged = 0
    for folder, files in desired.items():
        wanted = {**files, MANIFEST: manifest(files)}
        if not is_there(folder):
            changes += [Change("create", f"{folder}/{name}", content) for name, content in wanted.items()]
            continue
        owned = owned_files(read(f"{folder}/{MANIFEST}"))
        for change in _folder_changes(folder, wanted, owned, read):
            if change is None:
                unchanged += 1
            elif isinstance(change, str):
                conflicts.append(change)
            else:
                changes.append(change)
    stale = sorted(set(existing) - desired.keys())
    if prune:
        for folder in stale:
            owned = owned_files(read(f"{folder}/{MANIFEST}"))
            for change in _folder_changes(folder, {}, {**owned, MANIFEST: ""}, read):
                (conflicts if isinstance(change, str) else changes).append(change)  # type: ignore[arg-type]
    return ChangeSet(tuple(changes), unchanged, tuple(conflicts), tuple(stale))


def _folder_changes(
    folder: str,
    files: Mapping[str, bytes],
    owned: Mapping[str, str],
    read: Callable[[str], bytes | None],
) -> Iterator[Change | str | None]:
    """Yield a change, the path of a conflict, or None for a file that is as desired."""
    for name, content in files.items():
        path = f"{folder}/{name}"
        present = read(path)
        if present == content:
            yield None
        elif present is None:
            yield Change("create", path, content)
        elif name == MANIFEST or owned.get(name) == digest(present) or content.startswith(present):
            # The last: a run that was interrupted leaves the beginning of a file.
            yield Change("update", path, content)
        else:
            yield path
    for name in owned.keys() - files.keys():
        path = f"{folder}/{name}"
        present = read(path)
        if present is None:
            continue
        if name == MANIFEST or owned[name] == digest(present):
            yield Change("delete", path, None)
        else:
            yield path


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of a workspace's files."""
    return canonical_json({"files": {name: digest(content) for name, content in files.items()}})


def owned_files(manifest_bytes: bytes | None) -> dict[str, str]:
    """Return {file name: SHA-256} of a manifest; empty when there is none or it is unreadable."""
    try:
        document = json.loads(manifest_bytes or b"{}")
        return {str(name): str(value) for name, value in document.get("files", {}).items()}
    except (ValueError, AttributeError):
        return {}


@lru_cache(maxsize=65536)
def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
