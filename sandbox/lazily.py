"""Patches applied when the patched module is first imported.

moto imports a service when it is first called. An extension that imported its service at start would make
every sandbox pay for it (Application Auto Scaling alone brings all of EC2's tables along: a second).
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

Callback = Callable[[], None]


class _Loader(importlib.abc.Loader):
    """Another loader, followed by a callback."""

    def __init__(self, inner: importlib.abc.Loader, callback: Callback) -> None:
        self._inner = inner
        self._callback = callback

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._inner.exec_module(module)
        self._callback()


class _Finder(importlib.abc.MetaPathFinder):
    """Watches for the modules that somebody waits for; each is seen once."""

    def __init__(self) -> None:
        self.awaited: dict[str, list[Callback]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        callbacks = self.awaited.pop(name, None)
        if callbacks is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec

        def run_all() -> None:
            for callback in callbacks:
                callback()

        spec.loader = _Loader(spec.loader, run_all)
        return spec


_finder = _Finder()


def when_imported(name: str, callback: Callback) -> None:
    """Call back right after a module was imported for the first time; at once if it already was."""
    if name in sys.modules:
        callback()
        return
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.awaited.setdefault(name, []).append(callback)
