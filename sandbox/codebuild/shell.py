"""One bash per build: commands run in it one after another, so that `cd`, exports and functions carry over.

The commands' output and the end of each command travel on one pipe, the end as an unguessable mark, so that
nothing has to be put in order afterwards. A command that ends the shell (`exit`, `set -e`) leaves its
environment and folder behind, and the next one begins there in a new shell.
"""

from __future__ import annotations

import queue
import subprocess
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from sandbox.processes import ManagedProcess, Processes

_DRIVER = """
exec 8<&0 0</dev/null 9>&1 2>&1
__codebuild_save() { { printf '%s\\0' "$PWD"; command -p env -0; } >"$1"; }
trap '__codebuild_status=$?; __codebuild_save {state}
printf "%s %s\\n" {mark} "$__codebuild_status" >&9' EXIT
while IFS= read -r -u 8 __codebuild_command; do
  . "$__codebuild_command"
  __codebuild_status=$?
  printf '%s %s\\n' {mark} "$__codebuild_status" >&9
done
"""


class Interrupted(Exception):
    """The shell was killed from outside while a command ran."""


class Shell:
    """The shell of one build; used by one thread, killed by any.

    Attributes:
        environment: Every exported variable, as the last shell that ended left them (see `finish`).
    """

    def __init__(
        self,
        processes: Processes,
        scratch: Path,
        folder: Path,
        environment: Mapping[str, str],
        output: Callable[[str], None],
    ) -> None:
        self.environment = dict(environment)
        self._processes = processes
        self._folder = str(folder)
        self._output = output
        self._mark = f"codebuild-{uuid.uuid4().hex}"
        self._state = scratch / "state"
        self._driver = scratch / "driver.sh"
        self._command = scratch / "command.sh"
        driver = _DRIVER.replace("{mark}", self._mark).replace("{state}", f"'{self._state}'")
        self._driver.write_text(driver, encoding="utf-8")
        self._process: ManagedProcess | None = None
        self._reader: threading.Thread | None = None
        self._ends: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._killed = False
        self._lock = threading.Lock()

    def run(self, command: str) -> int:
        """Run one command to its end; returns its exit status.

        Raises:
            Interrupted: `kill` was called.
        """
        process = self._process or self._start()
        self._command.write_text(command + "\n", encoding="utf-8")
        assert process.stdin is not None
        try:
            process.stdin.write(f"{self._command}\n".encode())
            process.stdin.flush()
        except BrokenPipeError:
            raise Interrupted from None
        status = self._ends.get()
        if self._killed:
            self._close()
            raise Interrupted
        if status is None:
            # `exec` put another program in the shell's place: its end is the command's end.
            status = process.wait()
            self._close()
        elif self._state.exists():
            self._close()
        return status

    def finish(self) -> None:
        """End the shell and learn the exported variables; no error if none runs."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._ends.get()
            self._close()

    def kill(self) -> None:
        """End whatever runs, now; later commands are refused."""
        with self._lock:
            self._killed = True
            process = self._process
        if process is not None:
            process.stop(grace_seconds=1.0)

    def _start(self) -> ManagedProcess:
        with self._lock:
            if self._killed:
                raise Interrupted
            self._state.unlink(missing_ok=True)
            process = self._processes.spawn(
                ["bash", "--noprofile", "--norc", str(self._driver)],
                env=self.environment,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            self._process = process
        assert process.stdout is not None
        self._ends = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(process.stdout, self._ends), daemon=True)
        self._reader.start()
        return process

    def _read(self, stream: IO[bytes], ends: queue.SimpleQueue[int | None]) -> None:
        mark = self._mark.encode()
        for raw in stream:
            before, found, status = raw.partition(mark)
            if before or not found:
                self._output(before.decode("utf-8", "replace").rstrip("\r\n"))
            if found:
                ends.put(int(status))
        ends.put(None)

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # What the commands left running dies with the shell, so the pipe ends.
        process.stop(grace_seconds=0.5)
        if self._reader is not None:
            self._reader.join(5)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        if self._state.exists():
            folder, *variables = self._state.read_bytes().decode("utf-8", "surrogateescape").split("\0")
            self._folder = folder if Path(folder).is_dir() else self._folder
            self.environment = dict(item.split("=", 1) for item in variables if "=" in item)
            self._state.unlink()
