"""Plans of pipeline modules with the real AWS provider, offline.

Many configurations of one or several modules are planned at once, as modules of one workspace: a plan
costs seconds, whatever it holds. The one call that the provider makes while it plans, validating the
definition of a state machine, is answered here; what it sent is kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from generator.provider_mirror import find_terraform

ROOT = Path(__file__).parents[2]
PIPELINES = ROOT / "modules" / "pipelines"
REGION = "eu-west-1"
DEFAULT_TAGS = {"Project": "acme-ml", "ManagedBy": "terraform"}


@dataclass(frozen=True)
class Planned:
    """What a plan holds of one configuration.

    Attributes:
        resources: Planned attributes by address within the module, e.g. ``aws_iam_role.machine``.
        documents: Policy documents read while planning (decoded), by name, e.g. ``machine``.
    """

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def definition(self) -> dict[str, Any]:
        """The state machine's definition."""
        document: dict[str, Any] = json.loads(self.resources["aws_sfn_state_machine.this"]["definition"])
        return document


def plan(folder: Path, cases: Mapping[str, tuple[str, Mapping[str, Any]]], region: str = REGION) -> dict[str, Planned]:
    """Plan every case and return what each planned.

    Args:
        folder: Empty folder to work in.
        cases: Name of a case to (module below modules/pipelines, its variables).
        region: Region of the provider.
    """
    with definition_validator() as url:
        provider = {
            "region": region,
            "access_key": "offline",
            "secret_key": "offline",
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_requesting_account_id": True,
            "max_retries": 1,
            "default_tags": {"tags": DEFAULT_TAGS},
            "endpoints": {"sfn": url},
        }
        # Values travel as Terraform variables, which are taken literally; JSON configuration is a template.
        modules = {
            name: {"source": str(PIPELINES / module)} | {key: f"${{var.{name}.{key}}}" for key in variables}
            for name, (module, variables) in cases.items()
        }
        document = {"provider": {"aws": provider}, "module": modules, "variable": {name: {} for name in cases}}
        (folder / "main.tf.json").write_text(json.dumps(document, indent=2))
        values = {name: variables for name, (_, variables) in cases.items()}
        (folder / "terraform.tfvars.json").write_text(json.dumps(values))
        _terraform(folder, "init", "-backend=false")
        _terraform(folder, "plan", "-out=plan")
        shown = json.loads(_terraform(folder, "show", "-json", "plan"))
    found = {name: Planned() for name in cases}
    for module in shown["planned_values"]["root_module"].get("child_modules", []):
        for resource in module["resources"]:
            address = resource["address"].removeprefix(f"{module['address']}.")
            found[module["address"].removeprefix("module.")].resources[address] = resource["values"]
    for module in shown.get("prior_state", {}).get("values", {}).get("root_module", {}).get("child_modules", []):
        for resource in module["resources"]:
            if resource["type"] == "aws_iam_policy_document":
                name = module["address"].removeprefix("module.")
                found[name].documents[resource["name"]] = json.loads(resource["values"]["json"])
    return found


def _terraform(folder: Path, command: str, *arguments: str) -> str:
    setup = find_terraform(os.environ)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
    environment.update({key: value for key, value in setup.environment.items() if value is not None})
    environment |= {"TF_IN_AUTOMATION": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    quiet = [] if command == "show" else ["-input=false"]
    done = subprocess.run(
        [setup.binary, command, *quiet, "-no-color", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"terraform {command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def definition_validator() -> Iterator[str]:
    """A server that finds every definition valid, as ValidateStateMachineDefinition answers it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            known = self.headers.get("X-Amz-Target", "").endswith(".ValidateStateMachineDefinition")
            body = b'{"result": "OK", "diagnostics": [], "truncated": false}' if known else b"{}"
            self.send_response(200 if known else 501)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
