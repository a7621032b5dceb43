"""What the last `mlops generate` read and what it left: a run with nothing to do need not do it all again to tell.

A stamp holds a digest of everything that was read (platform file, configs, blueprints, generator, modules) and, for
every file and folder that was left as desired, its size and time of change. It is kept in the user's cache folder,
never in the project; without it, or when anything differs, everything is generated and compared.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from generator.changes import MANIFEST
from generator.project import Project, source_root

_SOURCES = ("generator", "modules")


class Stamp:
    """The stamp of one folder of generated workspaces.

    Args:
        out: The folder.
        asked: Digest of everything that is read, from ``asked_digest``; "" for no stamp at all.
    """

    def __init__(self, out: Path, asked: str) -> None:
        place = hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:32]
        self._file = _cache_folder() / f"{place}.stamp"
        self._asked = asked

    def unchanged(self) -> int | None:
        """Return how many files of workspaces there are if all is as it was left for the same inputs, else None."""
        try:
            head, _, left = self._file.read_text().partition("\n")
            asked, _, count = head.partition(" ")
            paths = [line.split("\t")[0] for line in left.split("\n")[:-1]]
            return int(count) if asked == self._asked and _states(paths) == left else None
        except (OSError, ValueError):
            return None

    def write(self, out: Path, desired: Mapping[str, Mapping[str, bytes]], beside: Iterable[str]) -> None:
        """Keep that ``out`` is as desired. A cache that cannot be written is no stamp.

        Args:
            out: The folder.
            desired: Its workspaces.
            beside: Other files that were written for them.
        """
        if not self._asked:
            return
        paths = [f"{out}/{folder}/{name}" for folder, files in desired.items() for name in (*files, MANIFEST)]
        # A workspace that comes or goes changes the folder around it; one that is stale must be told.
        around = sorted({os.path.dirname(f"{out}/{folder}") for folder in desired} | {str(out)})
        with suppress(OSError):
            left = _states([*paths, *around, *beside])
            self._file.parent.mkdir(parents=True, exist_ok=True)
            new = self._file.with_suffix(f".{os.getpid()}")
            new.write_text(f"{self._asked} {len(paths)}\n{left}")
            new.replace(self._file)


def asked_digest(project: Project, files: Iterable[Path], *options: object) -> str:
    """Return a digest of everything that decides what is generated, "" if that cannot be told beforehand."""
    digest = hashlib.sha256(repr((options, os.getcwd(), project.platform)).encode())
    for file in files:
        if str(file) == "-":
            return ""
        digest.update(f"\n{file}\n".encode(errors="surrogateescape"))
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    root = source_root()
    folders = [*(str(root / name) for name in _SOURCES), *project.platform.blueprints]
    sources = [path for folder in folders for path in _files_below(folder)]
    sources += [entry.path for entry in os.scandir(root) if entry.is_file()]
    digest.update(_states(sorted(sources)).encode(errors="surrogateescape"))
    return digest.hexdigest()


def _states(paths: Iterable[str]) -> str:
    """Return a line for each path with its size and time of change."""
    stat = os.stat
    return "".join([f"{path}\t{(found := stat(path)).st_size}\t{found.st_mtime_ns}\n" for path in paths])


def _files_below(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("__pycache__", ".terraform")]
        yield from (f"{place}/{name}" for name in files)


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")) / "mlops"
