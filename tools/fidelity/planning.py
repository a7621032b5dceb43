"""Plans of modules with the real AWS provider, offline.

Many configurations of many modules are planned at once, as modules of one workspace: a plan costs
seconds, whatever it holds. The one call that the provider makes while it plans, validating the
definition of a state machine, is answered here.
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


class Unknown:
    """The value of what is known only after an apply."""

    def __repr__(self) -> str:
        return "(known after apply)"

    def __reduce__(self) -> str:
        """Copies are the very same value."""
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Planned:
    """What a plan holds of one configuration.

    Attributes:
        module: The module's path from the root of the repository.
        resources: Planned attributes by address within the module, e.g. ``aws_iam_role.machine``; UNKNOWN stands
            for what is known only after an apply.
        kinds: Types by the same addresses, e.g. ``aws_iam_role``.
        live: The module's output ``live``, what a delivery checks after an apply; empty where there is none.
        documents: Policy documents read while planning (decoded), by address without the type, e.g. ``machine``.
    """

    module: str
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    live: list[dict[str, Any]] = field(default_factory=list)

    @property
    def definition(self) -> dict[str, Any]:
        """The state machine's definition."""
        document: dict[str, Any] = json.loads(self.resources["aws_sfn_state_machine.this"]["definition"])
        return document


Cases = Mapping[str, tuple[str, Mapping[str, Any]]]
"""Name to (module's path from the root of the repository, its variables)."""


def plan(folder: Path, cases: Cases) -> dict[str, Planned]:
    """Plan every case in an empty folder and return what each planned, as ``evaluate`` and ``read`` do."""
    return read(evaluate(folder, cases), cases)


def read(shown: Mapping[str, Any], cases: Cases) -> dict[str, Planned]:
    """Return what each case planned, from ``terraform show -json``. Pure."""
    found = {name: Planned(module) for name, (module, _) in cases.items()}
    for change in shown.get("resource_changes", []):
        case, address = _split(change["address"])
        if change["mode"] == "managed":
            after = _with_unknown(change["change"]["after"], change["change"]["after_unknown"])
            found[case].resources[address] = after
            found[case].kinds[address] = change["type"]
    for name, change in shown.get("output_changes", {}).items():
        live = _with_unknown(change["after"], change["after_unknown"])
        found[name.removeprefix("live_")].live.extend(live if live is not UNKNOWN else [])
    for resource in _resources(shown.get("prior_state", {}).get("values", {}).get("root_module", {})):
        if resource["type"] == "aws_iam_policy_document":
            case, address = _split(resource["address"])
            name = address.replace("data.aws_iam_policy_document.", "")
            found[case].documents[name] = json.loads(resource["values"]["json"])
    return found


def evaluate(
    folder: Path,
    cases: Cases,
    beside: Mapping[str, Any] | None = None,
    elsewhere: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Plan many modules as one workspace and return the plan as ``terraform show -json`` has it.

    Args:
        folder: Empty folder to work in.
        cases: What to plan.
        beside: What else stands in the workspace, as JSON configuration.
        elsewhere: Name of a case to its region, for those that are not in REGION.

    Raises:
        AssertionError: Terraform refused; the text is what it said.
    """
    elsewhere = elsewhere or {}
    # Values travel as Terraform variables, which are taken literally; JSON configuration is a template.
    modules = {
        name: {
            "source": str((ROOT / module).resolve()),
            **({"providers": {"aws": f"aws.{_alias(elsewhere[name])}"}} if name in elsewhere else {}),
            **{key: f"${{var.{name}.{key}}}" for key in variables},
        }
        for name, (module, variables) in cases.items()
    }
    values = {name: variables for name, (_, variables) in cases.items()}
    with definition_validator() as url:
        ours = {"default_tags": {"tags": DEFAULT_TAGS}, "endpoints": {"sfn": url}}
        providers = [offline_provider(REGION) | ours] + [
            {"alias": _alias(region)} | offline_provider(region) | ours for region in sorted(set(elsewhere.values()))
        ]
        document = {
            "provider": {"aws": providers},
            "module": modules,
            "variable": {name: {} for name in cases},
            "output": {
                f"live_{name}": {"value": f"${{module.{name}.live}}"}
                for name, (module, _) in cases.items()
                if 'output "live"' in (ROOT / module / "outputs.tf").read_text(encoding="utf-8")
            },
        }
        (folder / "main.tf.json").write_text(json.dumps({**document, **(beside or {})}, indent=2))
        (folder / "terraform.tfvars.json").write_text(json.dumps(values))
        _terraform(folder, "init", "-backend=false")
        _terraform(folder, "plan", "-out=plan")
        shown: dict[str, Any] = json.loads(_terraform(folder, "show", "-json", "plan"))
    return shown


def offline_provider(region: str) -> dict[str, Any]:
    """Return the settings with which the AWS provider plans without AWS."""
    return {
        "region": region,
        "access_key": "offline",
        "secret_key": "offline",
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_requesting_account_id": True,
        "max_retries": 1,
    }


def _alias(region: str) -> str:
    return region.replace("-", "_")


def _split(address: str) -> tuple[str, str]:
    case, _, rest = address.removeprefix("module.").partition(".")
    return case, rest


def _resources(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _resources(child)


def _with_unknown(value: Any, unknown: Any) -> Any:
    """Return a planned value with UNKNOWN wherever the plan says that it is not known yet."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict) and isinstance(value, dict):
        return value | {key: _with_unknown(value.get(key), inner) for key, inner in unknown.items() if inner}
    if isinstance(unknown, list) and isinstance(value, list):
        return [
            _with_unknown(value[index] if index < len(value) else None, inner) for index, inner in enumerate(unknown)
        ]
    return value


def _terraform(folder: Path, command: str, *arguments: str) -> str:
    setup = find_terraform(os.environ)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
    environment.update({key: value for key, value in setup.environment.items() if value is not None})
    environment |= {"TF_IN_AUTOMATION": "1", "AWS_EC2_METADATA_DISABLED": "true", "GOGC": "400"}
    quiet = [] if command == "show" else ["-input=false"]
    done = subprocess.run(
        [setup.binary, command, *quiet, "-no-color", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"terraform {command}:\n{done.stdout[-4000:]}\n{done.stderr}"
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
