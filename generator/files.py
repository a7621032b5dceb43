"""The one adapter to the disk for generated trees: reads, lists and applies a ChangeSet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from generator.changes import MANIFEST, ChangeSet


class GeneratedTree:
    """A folder of generated workspaces, addressed by POSIX paths relative to ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, or None when there is no such file."""
        try:
            with open(f"{self._root}/{path}", "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def has_folder(self, folder: str) -> bool:
        """Tell whether there is such a folder, or a file in its place."""
        return os.path.lexists(f"{self._root}/{folder}")

    def workspaces(self) -> Iterator[str]:
        """Yield the folders, one or two levels deep, that hold a manifest."""
        for first in self._folders(self._root):
            if os.path.exists(f"{first.path}/{MANIFEST}"):
                yield first.name
            for second in self._folders(first.path):
                if os.path.exists(f"{second.path}/{MANIFEST}"):
                    yield f"{first.name}/{second.name}"

    def apply(self, changes: ChangeSet) -> None:
        """Write and delete what the change set says; an updated file is replaced in one step."""
        made: set[str] = set()
        for change in changes.changes:
            path = f"{self._root}/{change.path}"
            if change.content is None:
                # Another run may be removing the same.
                with suppress(FileNotFoundError):
                    os.unlink(path)
                    self._remove_empty(os.path.dirname(path))
                continue
            folder = path[: path.rindex("/")]
            if folder not in made:
                os.makedirs(folder, exist_ok=True)
                made.add(folder)
            target = path if change.kind == "create" else f"{path}.{os.getpid()}.new"
            with open(target, "wb") as file:
                file.write(change.content)
            if target != path:
                os.replace(target, path)

    @staticmethod
    def _folders(path: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                yield from (entry for entry in entries if entry.is_dir() and not entry.name.startswith("."))
        except FileNotFoundError:
            return

    @staticmethod
    def _remove_empty(folder: str) -> None:
        # A folder that still holds something (a .terraform cache, a person's notes) stays.
        if not os.listdir(folder):
            os.rmdir(folder)
