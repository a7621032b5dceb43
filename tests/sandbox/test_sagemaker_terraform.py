"""The real Terraform provider's contract with SageMaker's part of the sandbox.

What applies must plan empty, change in place or by replacement as it would on AWS, and go away without a rest. The
configuration (folder terraform/) holds every resource type that the modules use, in the forms in which they use it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.provider_mirror import find_terraform
from sandbox import control

pytestmark = pytest.mark.terraform

CONFIGURATION = Path(__file__).parent / "terraform"
LOCK_FILE = Path(__file__).parents[2] / ".terraform.lock.hcl"


class Workspace:
    """Terraform in a copy of the configuration, as root of one account of the sandbox."""

    def __init__(self, folder: Path, environment: dict[str, str], account: str) -> None:
        self.folder = folder
        shutil.copytree(CONFIGURATION, folder, dirs_exist_ok=True)
        shutil.copy(LOCK_FILE, folder)
        setup = find_terraform(os.environ)
        self.binary = setup.binary
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        plain = {name: value for name, value in setup.environment.items() if value is not None}
        self.environment = kept | plain | environment | {"TF_IN_AUTOMATION": "1", "TF_VAR_bucket": f"data-{account}"}
        self.run("init", "-input=false")

    def run(self, *arguments: str, expected: int = 0) -> str:
        ran = subprocess.run(
            [self.binary, *arguments, "-no-color"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == expected, f"terraform {' '.join(arguments)}\n{ran.stdout[-6000:]}\n{ran.stderr}"
        return ran.stdout

    def apply(self, revision: int) -> tuple[int, int, int]:
        """How many resources were added, changed and destroyed. Fails unless a plan thereafter is empty."""
        output = self.run("apply", "-auto-approve", f"-var=revision={revision}")
        self.run("plan", "-detailed-exitcode", f"-var=revision={revision}")
        found = re.search(r"(\d+) added, (\d+) changed, (\d+) destroyed", output)
        assert found, output
        return int(found[1]), int(found[2]), int(found[3])


def test_every_resource_type_applies_settles_changes_and_goes(
    sandbox: control.Running, account: str, connect: Callable[..., Any], tmp_path: Path
) -> None:
    workspace = Workspace(tmp_path / "workspace", sandbox.environment(account), account)
    sagemaker = connect("sagemaker", account)

    added, _, _ = workspace.apply(1)
    assert added == len(workspace.run("state", "list").split())

    # Replaced: the endpoint's configuration and the three definitions, which nobody can change. In place: the
    # endpoint, the group's policy, scaling (3), the monitoring schedule, the card and the state machine.
    assert workspace.apply(2) == (4, 8, 4)
    assert sagemaker.describe_endpoint(EndpointName="realtime")["EndpointConfigName"] == "realtime-2"
    assert sagemaker.describe_model_card(ModelCardName="card")["ModelCardStatus"] == "PendingReview"
    sagemaker.describe_model_bias_job_definition(JobDefinitionName="model-bias-2")

    workspace.run("destroy", "-auto-approve")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_models()["Models"] == []
    assert sagemaker.list_model_bias_job_definitions()["JobDefinitionSummaries"] == []
    assert sagemaker.list_monitoring_schedules()["MonitoringScheduleSummaries"] == []
