"""Child processes that never outlive the sandbox, not even when it is killed with SIGKILL.

Every child leads a process group of its own. A guardian process, started once, holds the read end of a pipe
whose only writer is this process, and learns of each group through it. When the pipe ends, however that
came about, the guardian kills every group that is left. No `preexec_fn` (unsafe beside threads) and no
PR_SET_PDEATHSIG (bound to the thread that forked, and not passed on to grandchildren such as Terraform's
provider).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_GUARDIAN = """
import os, signal
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
groups = set()
with open(0, encoding="ascii") as orders:
    for order in orders:
        (groups.add if order[0] == "+" else groups.discard)(int(order[1:]))
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except OSError:
        continue
"""


class ManagedProcess(subprocess.Popen[bytes]):
    """A child that leads its own process group; when it ends, what is left of the group is killed."""

    keeper: Processes | None = None
    _released = False

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        code = super().poll()
        self._release(code)
        return code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, at most `timeout` seconds; raises `subprocess.TimeoutExpired`."""
        code = super().wait(timeout)
        self._release(code)
        return code

    def stop(self, grace_seconds: float = 2.0) -> int:
        """SIGTERM to the whole group, SIGKILL after the grace; returns the exit code."""
        signal_group(self.pid, signal.SIGTERM)
        try:
            return self.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            signal_group(self.pid, signal.SIGKILL)
            return self.wait()

    def _release(self, code: int | None) -> None:
        if code is not None and not self._released:
            self._released = True
            signal_group(self.pid, signal.SIGKILL)
            if self.keeper is not None:
                self.keeper._forget(self)


class Processes:
    """The children of one sandbox and their guardian."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, ManagedProcess] = {}
        self._guardian: subprocess.Popen[bytes] | None = None

    def spawn(
        self,
        arguments: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: str | Path | None = None,
        stdin: Any = subprocess.DEVNULL,
        stdout: Any = subprocess.DEVNULL,
        stderr: Any = subprocess.DEVNULL,
    ) -> ManagedProcess:
        """Start a child in a process group of its own, known to the guardian."""
        with self._lock:
            process = ManagedProcess(
                [str(argument) for argument in arguments],
                env=dict(env),
                cwd=cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            process.keeper = self
            self._running[process.pid] = process
            self._tell(f"+{process.pid}\n")
        return process

    def stop_all(self) -> None:
        """Kill every child's group now and wait for the children; then end the guardian."""
        with self._lock:
            left = list(self._running.values())
        for process in left:
            signal_group(process.pid, signal.SIGKILL)
        for process in left:
            process.wait(5)
        guardian, self._guardian = self._guardian, None
        if guardian is not None and guardian.stdin is not None:
            guardian.stdin.close()
            guardian.wait(5)

    def _forget(self, process: ManagedProcess) -> None:
        with self._lock:
            if self._running.pop(process.pid, None) is not None:
                self._tell(f"-{process.pid}\n")

    def _tell(self, order: str) -> None:
        if self._guardian is None:
            self._guardian = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _GUARDIAN],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                bufsize=0,
                env={"PATH": os.defpath},
            )
        assert self._guardian.stdin is not None
        self._guardian.stdin.write(order.encode("ascii"))


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group; a group that is gone, or not yet formed, is no error."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
