"""Worker processes: one a function version and configuration, kept warm between invocations, one event at a
time.
"""

from __future__ import annotations

import hashlib
import io
import json
import queue
import shutil
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sandbox.awslambda.runtime import RUNTIME_PACKAGES
from sandbox.context import Context

RUNTIME = Path(__file__).with_name("runtime.py")
INIT_SECONDS = 20
# A worker's credentials last an hour.
WORKER_SECONDS = 2700
IDLE_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker is made of; two functions with equal set-ups share warm workers.

    Attributes:
        arn: Of the function with its version, which also names the pool.
        code: The zip's bytes are in `packages`; this is their SHA-256.
        environment: Complete: the worker inherits nothing.
    """

    arn: str
    name: str
    version: str
    handler: str
    memory_mb: int
    code: str
    layers: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    log_group: str
    log_format: str
    log_level: str


class WorkerGone(Exception):
    """The process ended while it was to answer; `code` is its exit status."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit status {code}")
        self.code = code


class Worker:
    """One process; use from one thread at a time."""

    def __init__(self, context: Context, setup: Setup, task_root: Path, layers: list[str], env: dict[str, str]) -> None:
        self.setup = setup
        self.started = time.monotonic()
        self.log_stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{setup.version}]{uuid.uuid4().hex}"
        self.has_initialised = False
        env = env | {"AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream}
        self._process = context.processes.spawn(
            [sys.executable, "-I", "-S", "-B", RUNTIME],
            env=env,
            cwd=task_root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._read_answers, daemon=True).start()
        threading.Thread(target=self._read_logs, daemon=True).start()
        self._send(
            {
                "task_root": str(task_root),
                "layers": layers,
                "runtime_folders": runtime_folders(),
                "handler": setup.handler,
                "function_name": setup.name,
                "function_version": setup.version,
                "memory_mb": setup.memory_mb,
                "log_group": setup.log_group,
                "log_stream": self.log_stream,
                "log_format": setup.log_format,
                "log_level": setup.log_level,
            }
        )

    def initialise(self) -> tuple[dict[str, Any], list[str]]:
        """Wait for the handler to be loaded: the first answer and what was printed meanwhile.

        Raises:
            TimeoutError, WorkerGone: It did not come up.
        """
        answer = self._answer(INIT_SECONDS)
        return answer, self._printed("init")

    def invoke(self, invocation: dict[str, Any], seconds: float) -> tuple[dict[str, Any], list[str]]:
        """One event: the runtime's answer and the lines printed.

        Raises:
            TimeoutError: No answer within `seconds`; the worker is of no more use.
            WorkerGone: It ended.
        """
        self._send(invocation)
        answer = self._answer(seconds)
        return answer, self._printed(str(invocation["request_id"]))

    def printed_so_far(self) -> list[str]:
        """What was printed and not yet collected, for a worker that was stopped or ended."""
        lines = []
        end = time.monotonic() + 1
        while (line := self._next_line(end)) is not None:
            lines.append(line.decode("utf-8", "replace"))
        return lines

    def close(self) -> None:
        """End the process, if need be by force."""
        self._process.stop(0.2)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue

    @property
    def is_usable(self) -> bool:
        """False once it ended, or its credentials are about to."""
        return self._process.poll() is None and time.monotonic() - self.started < WORKER_SECONDS

    def _send(self, value: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(value).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise WorkerGone(self._process.wait()) from error

    def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(seconds) from None
        if answer is None:
            raise WorkerGone(self._process.wait())
        return answer

    def _printed(self, mark: str) -> list[str]:
        lines = []
        end = time.monotonic() + 2
        while (line := self._next_line(end)) is not None and line != b"\0" + mark.encode():
            lines.append(line.decode("utf-8", "replace"))
        return lines

    def _next_line(self, end: float) -> bytes | None:
        try:
            return self._lines.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            return None

    def _read_answers(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self._answers.put(json.loads(line))
        except (OSError, ValueError):
            self._answers.put(None)
            return
        self._answers.put(None)

    def _read_logs(self) -> None:
        assert self._process.stderr is not None
        try:
            for line in self._process.stderr:
                self._lines.put(line.rstrip(b"\n"))
        except (OSError, ValueError):
            self._lines.put(None)
            return
        self._lines.put(None)


class Workers:
    """The warm workers of all functions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._idle: dict[str, list[Worker]] = {}
        self._folder = context.folder("lambda")

    def take(self, setup: Setup, packages: dict[str, bytes], credentials: Any) -> Worker:
        """A warm worker for a set-up, else a new one. `packages` are the zips by SHA-256.

        `credentials` is called for the role's credentials only if a worker must be started.
        """
        with self._lock:
            waiting = self._idle.get(setup.arn, [])
            fitting = [worker for worker in waiting if worker.setup == setup and worker.is_usable]
            stale = [worker for worker in waiting if worker not in fitting]
            worker = fitting.pop() if fitting else None
            self._idle[setup.arn] = fitting
        for old in stale:
            old.close()
        if worker is not None:
            return worker
        task_root = self._unpack(setup.code, packages)
        layers = []
        for layer in setup.layers:
            root = self._unpack(layer, packages)
            layers += [str(root / "python")]
        temporary = self._folder / "tmp" / uuid.uuid4().hex
        temporary.mkdir(parents=True)
        env = dict(setup.environment) | credentials() | {"TMPDIR": str(temporary), "LAMBDA_TASK_ROOT": str(task_root)}
        return Worker(self._context, setup, task_root, layers, env)

    def give_back(self, worker: Worker) -> None:
        """Keep a worker warm for the next event."""
        with self._lock:
            idle = self._idle.setdefault(worker.setup.arn, [])
            if len(idle) < IDLE_WORKERS and not self._context.stopping.is_set():
                idle.append(worker)
                return
        worker.close()

    def drop(self, arn: str) -> None:
        """End the warm workers of a function, all its versions."""
        with self._lock:
            names = [name for name in self._idle if name == arn or name.startswith(f"{arn}:")]
            doomed = [worker for name in names for worker in self._idle.pop(name)]
        for worker in doomed:
            worker.close()

    def _unpack(self, digest: str, packages: dict[str, bytes]) -> Path:
        target = self._folder / "code" / digest
        if target.is_dir():
            return target
        partial = self._folder / "code" / f"{digest}.{uuid.uuid4().hex}"
        with zipfile.ZipFile(io.BytesIO(packages[digest])) as archive:
            archive.extractall(partial)
        try:
            partial.rename(target)
        except OSError:
            # Another thread was first; its copy is the same.
            shutil.rmtree(partial, ignore_errors=True)
        return target


def runtime_folders() -> list[str]:
    """Where the launcher has boto3 and what it needs: as a rule one folder."""
    found = [find_spec(name) for name in sorted(RUNTIME_PACKAGES)]
    origins = [Path(spec.origin) for spec in found if spec is not None and spec.origin is not None]
    # A package's origin is its __init__.py, a module's the module itself.
    return list(dict.fromkeys(str(o.parent.parent if o.name == "__init__.py" else o.parent) for o in origins))


def digest_of(data: bytes) -> str:
    """SHA-256 in hex. Pure."""
    return hashlib.sha256(data).hexdigest()
