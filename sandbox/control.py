"""Starts, finds and stops sandboxes: what `mlops sandbox` and `mlops demo` use. Imports nothing of moto.

A sandbox is one process with a name and a folder (`<home>/<name>/`: its log, its record, its working
files). It either belongs to the process that started it and ends with it, however that ends, or it is
detached and stays until `stop`. Several run side by side; each has its own port, folder and state.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_HOME = Path(".sandbox")
START_SECONDS = 60
STOP_SECONDS = 10
_PACKAGE_ROOT = Path(__file__).resolve().parent.parent
_FOR_BUILDS = frozenset({"TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"})
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy")


class SandboxError(Exception):
    """A sandbox that cannot be started, found or stopped; `hint` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Running:
    """A running sandbox.

    Attributes:
        name: Its name below `home`.
        url: `http://127.0.0.1:<port>`, the AWS endpoint.
        port, pid: Of the server.
        region: Its default region.
        state_dir: Its folder, removed when it stops.
        log: Its log file, in that folder.
    """

    name: str
    url: str
    port: int
    pid: int
    region: str
    state_dir: Path
    log: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False, compare=False)

    def environment(self, account_id: str, region: str | None = None) -> dict[str, str]:
        """The variables with which AWS's tools reach this sandbox as root of an account."""
        return environment(self.url, account_id, region or self.region)

    def request(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Ask a control route below `/_sandbox/` and return its JSON; raises SandboxError."""
        return request(self.url, path, body, method)

    def inbox(self) -> list[dict[str, Any]]:
        """The messages delivered to people so far, oldest first."""
        messages: list[dict[str, Any]] = self.request("inbox")["messages"]
        return messages

    def stop(self) -> None:
        """Stop it and remove its folder; stopping twice is no error."""
        _stop(self)


def start(
    name: str = "default",
    *,
    port: int = 0,
    home: Path | None = None,
    region: str = "eu-central-1",
    detached: bool = False,
    enforce_iam: bool = True,
) -> Running:
    """Start a sandbox and return once it answers.

    Args:
        name: Of the folder below `home`; a name runs once.
        port: 0 takes a free one.
        home: Folder of all sandboxes; default `.sandbox` in the working directory.
        region: Of requests that name none.
        detached: True leaves it running when this process ends; else it ends with this process.
        enforce_iam: False lets every role do everything.

    Raises:
        SandboxError: The name runs already, the port is in use, or the server does not come up.
    """
    home = (home or DEFAULT_HOME).resolve()
    already = find(name, home=home)
    if already is not None:
        raise SandboxError(f"the sandbox {name} runs already at {already.url}", "stop it: mlops sandbox down")
    state_dir = home / name
    shutil.rmtree(state_dir, ignore_errors=True)
    state_dir.mkdir(parents=True)
    log = state_dir / "sandbox.log"
    command = [sys.executable, "-m", "sandbox", "serve", "--port", str(port), "--region", region]
    command += ["--state-dir", str(state_dir)]
    command += [] if detached else ["--with-parent"]
    command += [] if enforce_iam else ["--no-iam"]
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            command,
            cwd=state_dir,
            env=_server_environment(),
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        ready = _first_line(process, log)
    except BaseException:
        process.kill()
        process.wait()
        _close_pipes(process)
        raise
    running = Running(
        name=name,
        url=ready["url"],
        port=ready["port"],
        pid=ready["pid"],
        region=region,
        state_dir=state_dir,
        log=log,
        _process=process,
    )
    record = {"name": name, "url": running.url, "port": running.port, "pid": running.pid, "region": region}
    (state_dir / "sandbox.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return running


def find(name: str = "default", *, home: Path | None = None) -> Running | None:
    """The running sandbox of that name, or None; a record whose server is gone does not count."""
    state_dir = (home or DEFAULT_HOME).resolve() / name
    try:
        record = json.loads((state_dir / "sandbox.json").read_text(encoding="utf-8"))
        health = request(record["url"], "health")
    except (OSError, ValueError, KeyError, SandboxError):
        return None
    if health.get("pid") != record["pid"]:
        return None
    return Running(
        name=name,
        url=record["url"],
        port=record["port"],
        pid=record["pid"],
        region=record["region"],
        state_dir=state_dir,
        log=state_dir / "sandbox.log",
    )


def find_all(*, home: Path | None = None) -> list[Running]:
    """Every running sandbox below `home`, by name."""
    folder = (home or DEFAULT_HOME).resolve()
    names = sorted(path.parent.name for path in folder.glob("*/sandbox.json"))
    return [running for name in names if (running := find(name, home=folder)) is not None]


def stop(name: str = "default", *, home: Path | None = None) -> bool:
    """Stop the sandbox of that name and remove its folder. Returns False if none was running."""
    running = find(name, home=home)
    if running is None:
        shutil.rmtree((home or DEFAULT_HOME).resolve() / name, ignore_errors=True)
        return False
    running.stop()
    return True


def environment(url: str, account_id: str, region: str) -> dict[str, str]:
    """The variables with which AWS's tools and SDKs reach a sandbox as root of an account. Pure but for
    proxies.

    Where a proxy is set in this process, the loopback address is exempted from it.
    """
    values = {
        "AWS_ENDPOINT_URL": url,
        # The AWS SDK for Go assumes the role of a profile without looking at the general address.
        "AWS_ENDPOINT_URL_STS": url,
        "AWS_ACCESS_KEY_ID": account_id,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if any(os.environ.get(name) for name in _PROXIES):
        values["NO_PROXY"] = values["no_proxy"] = _no_proxy(os.environ)
    return values


def request(url: str, path: str, body: Any = None, method: str | None = None, seconds: float = 10) -> Any:
    """Ask a control route of the sandbox at `url`: its JSON answer.

    Raises:
        SandboxError: It does not answer, or answers with an error.
    """
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(
        f"{url}/_sandbox/{path}", data=data, method=method, headers={"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=seconds) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode("utf-8", "replace")
        with contextlib.suppress(ValueError, KeyError, TypeError):
            text = json.loads(text)["error"]
        raise SandboxError(f"{path}: {text}") from error
    except (OSError, ValueError) as error:
        raise SandboxError(f"the sandbox at {url} does not answer: {error}", "start one: mlops sandbox up") from error


def _first_line(process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """The server's ready line; it comes within a second or two, or not at all."""
    assert process.stdout is not None
    timer = _KillAfter(process, START_SECONDS)
    try:
        line = process.stdout.readline()
    finally:
        timer.cancel()
    try:
        ready: dict[str, Any] = json.loads(line)
    except ValueError:
        tail = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        raise SandboxError("the sandbox did not start: " + (" / ".join(tail) or "no message"), f"see {log}") from None
    if "error" in ready:
        raise SandboxError(ready["error"], "choose another port, or 0 for a free one")
    return ready


class _KillAfter:
    """Kills a process after so many seconds, unless cancelled."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        import threading

        self._timer = threading.Timer(seconds, process.kill)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()


def _stop(running: Running) -> None:
    process = running._process
    if process is not None:
        _close_pipes(process)
    else:
        with contextlib.suppress(SandboxError):
            request(running.url, "stop", method="POST", body={})
    if not _wait_gone(running, STOP_SECONDS):
        with contextlib.suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGKILL)
        _wait_gone(running, STOP_SECONDS)
    shutil.rmtree(running.state_dir, ignore_errors=True)


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _wait_gone(running: Running, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if running._process is not None:
            if running._process.poll() is not None:
                return True
        else:
            try:
                os.kill(running.pid, 0)
            except ProcessLookupError:
                return True
        time.sleep(0.02)
    return False


def _server_environment() -> dict[str, str]:
    """This process's environment without AWS settings of the user's own, which are none of the server's
    business; builds find Terraform's provider as this process would.
    """
    values = {k: v for k, v in os.environ.items() if k in _FOR_BUILDS or not k.startswith(("AWS_", "MOTO_", "TF_"))}
    path = values.get("PYTHONPATH")
    values["PYTHONPATH"] = f"{_PACKAGE_ROOT}{os.pathsep}{path}" if path else str(_PACKAGE_ROOT)
    values["AWS_CONFIG_FILE"] = values["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    values["AWS_EC2_METADATA_DISABLED"] = "true"
    values["NO_PROXY"] = values["no_proxy"] = _no_proxy(values)
    return values


def _no_proxy(values: Mapping[str, str]) -> str:
    listed = [item for item in (values.get("NO_PROXY") or values.get("no_proxy") or "").split(",") if item]
    return ",".join(dict.fromkeys([*listed, "127.0.0.1", "localhost"]))
