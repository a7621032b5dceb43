"""A sandbox and workspaces that apply modules in it with the real provider, for the tests of modules at work."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from generator.delivery.waiting import Site
from generator.provider_mirror import find_terraform
from sandbox import control
from tools.fidelity.planning import PIPELINES, REGION, ROOT

ACCOUNT = "111111111111"


class Land:
    """One account of a sandbox and one workspace.

    Attributes:
        sandbox: It runs until ``stop``.
        outputs: The modules' outputs by the module's name here, after the last apply.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self.sandbox = control.start(home=home, region=REGION)
        self.outputs: dict[str, dict[str, Any]] = {}
        self._folder = folder

    def stop(self) -> None:
        self.sandbox.stop()

    def client(self, service: str, account: str = ACCOUNT) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.sandbox.url,
            region_name=REGION,
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=Config(s3={"addressing_style": "path"}),
        )

    def apply(self, modules: Mapping[str, tuple[str, Mapping[str, Any]]], expected: int = 0) -> str:
        """Apply modules by name: each a folder of ``modules/pipelines`` and its variables. Return what was said."""
        variables = {name: dict(values) for name, (_, values) in modules.items()}
        document = {
            "provider": {
                "aws": {"region": REGION, "s3_use_path_style": True, "default_tags": {"tags": {"Project": "acme-ml"}}}
            },
            "module": {
                name: {"source": str(PIPELINES / folder)} | {key: f"${{var.{name}.{key}}}" for key in variables[name]}
                for name, (folder, _) in modules.items()
            },
            "variable": {name: {} for name in modules},
            "output": {name: {"value": f"${{module.{name}}}"} for name in modules},
        }
        (self._folder / "main.tf.json").write_text(json.dumps(document))
        (self._folder / "terraform.tfvars.json").write_text(json.dumps(variables))
        shutil.copy(ROOT / ".terraform.lock.hcl", self._folder)
        self.terraform("init", "-input=false", "-lockfile=readonly")
        said = self.terraform("apply", "-auto-approve", "-input=false", expected=expected)
        shown = json.loads(self.terraform("output", "-json"))
        self.outputs = {name: item["value"] for name, item in shown.items()}
        return said

    def plans_empty(self) -> None:
        self.terraform("plan", "-detailed-exitcode", "-input=false")

    def destroy(self) -> None:
        self.terraform("destroy", "-auto-approve", "-input=false")

    def terraform(self, *arguments: str, expected: int = 0) -> str:
        """Run a command; return its standard output, and the errors if errors are expected."""
        return run_terraform(self.sandbox, ACCOUNT, self._folder, *arguments, expected=expected)

    def start(self, module: str, name: str) -> str:
        arn = self.outputs[module]["state_machine_arn"]
        return str(self.client("stepfunctions").start_execution(stateMachineArn=arn, name=name)["executionArn"])

    def ended(self, execution: str, seconds: float = 90) -> dict[str, Any]:
        """Wait for the end of an execution."""
        stepfunctions, end = self.client("stepfunctions"), time.monotonic() + seconds
        while time.monotonic() < end:
            answer: dict[str, Any] = stepfunctions.describe_execution(executionArn=execution)
            if answer["status"] != "RUNNING":
                return answer
            time.sleep(0.2)
        raise AssertionError(f"{execution} still runs")

    def run(self, module: str, name: str) -> dict[str, Any]:
        return self.ended(self.start(module, name))

    def plant(self, kind: str, times: int = 1, **error: Any) -> None:
        """Make something fail, the next times that it happens."""
        self.sandbox.request("faults", {"kind": kind, "match": {}, "error": error, "times": times})

    def told(self) -> list[str]:
        """What people were told by mail."""
        return [str(message["message"]) for message in self.sandbox.inbox()]

    def site(self, release: str, account: str = ACCOUNT) -> Site:
        """The account as the runner of a delivery sees it."""
        land = self

        class Root:
            def client(self, service: str) -> Any:
                return land.client(service, account)

        return Site(Root(), release, say=lambda text: None)


def run_terraform(sandbox: control.Running, account: str, folder: Path, *arguments: str, expected: int = 0) -> str:
    """Run a command as root of an account; return its standard output, and the errors if errors are expected."""
    environment = sandbox.environment(account, REGION)
    setup = find_terraform(environment)
    environment |= {key: value for key, value in setup.environment.items() if value is not None}
    ran = subprocess.run(
        [setup.binary, *arguments, "-no-color"] if arguments[0] != "output" else [setup.binary, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == expected, f"terraform {arguments[0]}\n{ran.stdout[-4000:]}\n{ran.stderr}"
    return ran.stdout + (ran.stderr if expected else "")


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.2)
