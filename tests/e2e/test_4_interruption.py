"""A rehearsal that is interrupted leaves no process behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.installation import ROOT, until

Process = tuple[int, int]
"""Pid and start time: pids are used again, both together are not."""


def _processes() -> dict[Process, int]:
    """Return everything that runs, with its parent's pid; zombies have ended."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            state, parent, *rest = path.read_text().rpartition(")")[2].split()
            if state != "Z":
                found[int(path.parent.name), int(rest[17])] = int(parent)
    return found


def _descendants(pid: int) -> set[Process]:
    processes, found, pending = _processes(), set(), [pid]
    while pending:
        parent = pending.pop()
        children = [child for child, of in processes.items() if of == parent]
        found.update(children)
        pending += [child[0] for child in children]
    return found


def _alive(seen: set[Process]) -> dict[Process, str]:
    """Return those that still run, with their command lines."""
    lines = {}
    for process in seen & _processes().keys():
        with contextlib.suppress(OSError):
            lines[process] = Path(f"/proc/{process[0]}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return lines


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_an_interrupted_demo_leaves_no_process(tmp_path: Path) -> None:
    examples = ROOT / "examples"
    seen: set[Process] = set()
    told = tmp_path / "err"
    with told.open("wb") as stderr:
        demo = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "generator",
                "demo",
                str(examples / "byom_realtime_single_account.yaml"),
                "--platform",
                str(examples / "platform-single-account.yaml"),
                "--yes",
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            start_new_session=True,
            # A shell's background jobs, and so perhaps these tests, ignore SIGINT; a terminal's commands do not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
    try:

        def provider_runs() -> bool:
            seen.update(_descendants(demo.pid))
            return any("terraform-provider-aws" in command for command in _alive(seen).values())

        assert until(provider_runs, 60), told.read_text()
        assert any("sandbox" in command for command in _alive(seen).values())
        # As a terminal does: to everything in the foreground.
        os.killpg(demo.pid, signal.SIGINT)
        code = demo.wait(30)
        assert code == 130, told.read_text()
        assert "Traceback" not in told.read_text()
        until(lambda: not _alive(seen), 20)
        assert _alive(seen) == {}
    finally:
        demo.kill()
        demo.wait()
        for pid, _ in _alive(seen):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
