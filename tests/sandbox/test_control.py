"""Starting and stopping: nothing is left behind, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox import control

ROOT = Path(control.__file__).resolve().parent.parent

SLEEPER = """
import time
def handler(event, context):
    time.sleep(60)
"""


def client(service: str, running: control.Running, account: str = "111111111111") -> Any:
    return boto3.client(
        service,
        endpoint_url=running.url,
        region_name="eu-central-1",
        aws_access_key_id=account,
        aws_secret_access_key="test",
    )


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(look: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if look():
            return True
        time.sleep(0.05)
    return look()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def descendants(pid: int) -> list[int]:
    """The processes that a sandbox started: children, and theirs, in whatever session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            found.append((int(path.parent.name), parent))
    children = [child for child, parent in found if parent == pid]
    return [*children, *(grandchild for child in children for grandchild in descendants(child))]


def start_something(running: control.Running) -> list[int]:
    """A function that sleeps, so that the sandbox has a worker and a guardian. Returns their pids."""
    import io
    import zipfile

    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = client("iam", running).create_role(
        RoleName="fn", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", SLEEPER)
    lambdas = client("lambda", running)
    lambdas.create_function(
        FunctionName="fn",
        Role=role["Role"]["Arn"],
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": data.getvalue()},
        Timeout=60,
    )
    lambdas.invoke(FunctionName="fn", InvocationType="Event", Payload=b"{}")
    assert until(lambda: len(descendants(running.pid)) >= 2)
    return descendants(running.pid)


def test_two_sandboxes_do_not_disturb_each_other(tmp_path: Path) -> None:
    one, two = control.start("one", home=tmp_path), control.start("two", home=tmp_path)
    try:
        assert one.port != two.port
        client("sns", one).create_topic(Name="t")
        assert client("sns", two).list_topics()["Topics"] == []
        assert [running.name for running in control.find_all(home=tmp_path)] == ["one", "two"]
    finally:
        one.stop()
        assert client("sns", two).list_topics()["Topics"] == []
        two.stop()
    assert control.find_all(home=tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_stopping_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    running = control.start(home=tmp_path)
    pids = [running.pid, *start_something(running)]
    running.stop()
    assert until(lambda: not any(is_alive(pid) for pid in pids))
    assert not is_listening(running.port)
    running.stop()


def test_a_killed_server_takes_its_children_along(tmp_path: Path) -> None:
    running = control.start(home=tmp_path)
    pids = start_something(running)
    os.kill(running.pid, signal.SIGKILL)
    assert until(lambda: not any(is_alive(pid) for pid in pids))
    running.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_sandbox_ends_with_its_parent(tmp_path: Path, number: int) -> None:
    code = (
        "import json, sys, time; from pathlib import Path; from sandbox import control; "
        "r = control.start(home=Path(sys.argv[1])); print(json.dumps([r.pid, r.port]), flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    with parent.stdout:
        pid, port = json.loads(parent.stdout.readline())
    assert is_listening(port)
    parent.send_signal(number)
    parent.wait()
    assert until(lambda: not is_alive(pid))
    assert not is_listening(port)
    assert list(tmp_path.iterdir()) == []


def test_a_detached_sandbox_stays_until_it_is_stopped(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from sandbox import control; "
        "control.start('kept', home=Path(sys.argv[1]), detached=True)"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        check=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    found = control.find("kept", home=tmp_path)
    assert found is not None
    try:
        assert client("sts", found).get_caller_identity()["Account"] == "111111111111"
        with pytest.raises(control.SandboxError, match="runs already"):
            control.start("kept", home=tmp_path)
    finally:
        assert control.stop("kept", home=tmp_path) is True
    assert not is_alive(found.pid)
    assert control.stop("kept", home=tmp_path) is False


def test_a_port_in_use_is_said_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(control.SandboxError, match=f"port {port}") as error:
            control.start(home=tmp_path, port=port)
    assert "another port" in error.value.hint


def test_a_record_without_a_server_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    record = {"name": "gone", "url": "http://127.0.0.1:1", "port": 1, "pid": 1, "region": "eu-central-1"}
    (tmp_path / "gone" / "sandbox.json").write_text(json.dumps(record))
    assert control.find("gone", home=tmp_path) is None
    assert control.stop("gone", home=tmp_path) is False
    assert not (tmp_path / "gone").exists()


def test_the_environment_is_complete() -> None:
    values = control.environment("http://127.0.0.1:1", "111111111111", "eu-west-1")
    assert values["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert (values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]) == ("111111111111", "test")
    assert values["AWS_REGION"] == values["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert values["AWS_EC2_METADATA_DISABLED"] == "true"
