"""A rehearsal that is interrupted or killed leaves no process behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.installation import ROOT, until


def _processes() -> dict[int, tuple[int, int, str]]:
    """Return {pid: (parent, session, state)} of everything that runs."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            fields = path.read_text().rpartition(")")[2].split()
            found[int(path.parent.name)] = (int(fields[1]), int(fields[3]), fields[0])
    return found


def _descendants(pid: int) -> set[int]:
    processes, found, pending = _processes(), set(), [pid]
    while pending:
        parent = pending.pop()
        children = [child for child, (of, _, _) in processes.items() if of == parent]
        found.update(children)
        pending += children
    return found


def _commands(pids: set[int]) -> list[str]:
    lines = []
    for pid in pids:
        with contextlib.suppress(OSError):
            lines.append(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode())
    return lines


def _alive(pids: set[int]) -> list[str]:
    processes = _processes()
    return _commands({pid for pid in pids if pid in processes and processes[pid][2] != "Z"})


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize("how", ["ctrl-c", "killed"])
def test_an_interrupted_demo_leaves_no_process(tmp_path: Path, how: str) -> None:
    examples = ROOT / "examples"
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
        stderr=(tmp_path / "err").open("wb"),
        start_new_session=True,
    )
    try:
        seen: set[int] = set()

        def provider_runs() -> bool:
            seen.update(_descendants(demo.pid))
            return any("terraform-provider-aws" in command for command in _commands(seen))

        assert until(provider_runs, 60), (tmp_path / "err").read_text()
        assert any("sandbox" in command for command in _commands(seen))
        if how == "ctrl-c":
            os.killpg(demo.pid, signal.SIGINT)
            code = demo.wait(30)
            assert code == 130, (tmp_path / "err").read_text()
            assert "Traceback" not in (tmp_path / "err").read_text()
        else:
            demo.kill()
            demo.wait(10)
        until(lambda: not _alive(seen), 20)
        assert _alive(seen) == []
    finally:
        for pid in {demo.pid, *seen}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        demo.wait()
