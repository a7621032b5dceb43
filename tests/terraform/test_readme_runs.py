"""The examples of the modules' READMEs at work: applied as they stand with plain Terraform in a sandbox, and destroyed.

What the examples presume (buckets, data, a repository, a topic ...) is made first, and each module's jobs are started
as its README says.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.delivery.checks import KINDS, check_gone, check_live
from generator.delivery.jobs import run_jobs
from tests.terraform.lands import Land, run_terraform
from tests.terraform.modules import LOCK_FILE, PLACES, ROOT
from tests.terraform.test_readmes import EXAMPLE
from tools.fidelity.planning import REGION

pytestmark = [pytest.mark.terraform, pytest.mark.e2e, pytest.mark.xdist_group("readme_runs")]

ORCHESTRATOR, STAGE = "111111111111", "222222222222"
PIPELINES = "modules/pipelines"
# Workspace: its account and the examples in it, in the order of their making; the monitor watches the endpoint.
WORKSPACES: dict[str, tuple[str, tuple[str, ...]]] = {
    "jobs": (
        ORCHESTRATOR,
        tuple(f"{PIPELINES}/{name}" for name in ("training", "tuning", "autopilot", "image_builder")),
    ),
    "serving": (
        STAGE,
        (
            f"{PIPELINES}/realtime_inference",
            f"{PIPELINES}/batch_transform",
            "examples/blueprints/feature_table/module",
        ),
    ),
    "monitoring": (STAGE, (f"{PIPELINES}/model_monitor",)),
}
ASSETS, ARTIFACTS = (f"acme-ml-{role}-{ORCHESTRATOR}-{REGION}" for role in ("assets", "artifacts"))
DATA = ROOT / "examples/assets/breast-cancer"
ROWS = "\n".join(f"{number % 2},{number},{number * 2 % 7}" for number in range(200))


class Readmes(Land):
    """Two accounts with what the examples presume, and a copy of the modules beside the workspaces."""

    def __init__(self, home: Path, folder: Path) -> None:
        super().__init__(home, folder)
        self._root = folder
        for place in PLACES:
            shutil.copytree(ROOT / place, folder / place, ignore=shutil.ignore_patterns(".terraform", LOCK_FILE))
        self._furnish_orchestrator()
        self._furnish_stage()

    def _furnish_orchestrator(self) -> None:
        s3 = self.client("s3", ORCHESTRATOR)
        for bucket in (ASSETS, ARTIFACTS):
            _make_bucket(s3, bucket)
            readers = {"AWS": f"arn:aws:iam::{STAGE}:root"}
            resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
            statement = {"Effect": "Allow", "Principal": readers, "Action": "s3:Get*", "Resource": resources}
            listing = {**statement, "Action": "s3:ListBucket"}
            s3.put_bucket_policy(Bucket=bucket, Policy=_policy(statement, listing))
        model, baseline = ((DATA / name).read_bytes() for name in ("model.tar.gz", "baseline.csv"))
        for key, content in {
            "train/data.csv": f"churned,a,b\n{ROWS}".encode(),
            "validation/data.csv": ROWS.encode(),
            "images/forest.zip": _project(),
            "churn/model.tar.gz": model,
            "baselines/churn.csv": baseline,
        }.items():
            s3.put_object(Bucket=ASSETS, Key=key, Body=content)
        s3.put_object(Bucket=ARTIFACTS, Key="objects/3b1f/model.tar.gz", Body=model)
        self.client("sagemaker", ORCHESTRATOR).create_model_package_group(ModelPackageGroupName="acme-ml-registry")
        self.client("ecr", ORCHESTRATOR).create_repository(
            repositoryName="acme-ml-algorithms", imageTagMutability="IMMUTABLE"
        )
        self.client("sns", ORCHESTRATOR).create_topic(Name="acme-ml-notifications")

    def _furnish_stage(self) -> None:
        s3, iam = self.client("s3", STAGE), self.client("iam", STAGE)
        for bucket in ("my-data-bucket", f"acme-ml-capture-{STAGE}", f"acme-ml-monitor-{STAGE}"):
            _make_bucket(s3, bucket)
        # An id, which the example filters out, and what the model takes.
        records = "".join(f"{number},{','.join(['0.5'] * 30)}\n" for number in (7, 8))
        s3.put_object(Bucket="my-data-bucket", Key="batch/in.csv", Body=records.encode())
        self.client("sns", STAGE).create_topic(Name="acme-alerts")
        # The account's own setting, which the inference API's logs need.
        trust = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName="api", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
        logs = _policy({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
        iam.put_role_policy(RoleName="api", PolicyName="logs", PolicyDocument=logs)
        patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
        self.client("apigateway", STAGE).update_account(patchOperations=[patch])

    def plain(self, workspace: str, *arguments: str) -> str:
        """Run terraform in a workspace as its account's root."""
        return run_terraform(self.sandbox, WORKSPACES[workspace][0], self._root / workspace, *arguments)

    def write(self, workspace: str) -> None:
        """Write a workspace with its examples as they stand, a provider, and the modules' outputs."""
        folder = self._root / workspace
        folder.mkdir()
        texts = [_example(module).replace('source = "./', 'source = "../') for module in WORKSPACES[workspace][1]]
        (folder / "main.tf").write_text("\n".join(texts))
        names = re.findall(r'^module "(\w+)"', "\n".join(texts), re.MULTILINE)
        document = {
            "provider": {"aws": {"region": REGION, "s3_use_path_style": True}},
            "output": {name: {"value": f"${{module.{name}}}"} for name in names},
        }
        (folder / "rest.tf.json").write_text(json.dumps(document))
        shutil.copy(ROOT / LOCK_FILE, folder)

    def shown(self, workspace: str) -> dict[str, dict[str, Any]]:
        """Return the outputs of a workspace's modules."""
        return {name: item["value"] for name, item in json.loads(self.plain(workspace, "output", "-json")).items()}


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readmes]:
    found = Readmes(tmp_path_factory.mktemp("sandbox"), tmp_path_factory.mktemp("workspaces"))
    try:
        yield found
    finally:
        found.stop()


@pytest.mark.parametrize("workspace", WORKSPACES)
def test_examples_are_applied_plan_empty_run_and_are_live(land: Readmes, workspace: str) -> None:
    land.write(workspace)
    land.plain(workspace, "init", "-input=false", "-lockfile=readonly")
    land.plain(workspace, "apply", "-auto-approve", "-input=false")
    land.plain(workspace, "plan", "-detailed-exitcode", "-input=false")
    site = land.site("a1" * 32, WORKSPACES[workspace][0])
    for name, outputs in land.shown(workspace).items():
        run_jobs(outputs.get("jobs", []), site)
        assert outputs["live"], name
        assert check_live(outputs["live"], KINDS, site)[1] == [], name


@pytest.mark.parametrize("workspace", list(reversed(WORKSPACES)))
def test_examples_go_when_they_are_destroyed(land: Readmes, workspace: str) -> None:
    live = [item for outputs in land.shown(workspace).values() for item in outputs["live"]]
    land.plain(workspace, "destroy", "-auto-approve", "-input=false")
    site = land.site("a1" * 32, WORKSPACES[workspace][0])
    assert check_gone(live, KINDS, site)[1] == []


def test_every_pipeline_module_is_here() -> None:
    here = {module for _, modules in WORKSPACES.values() for module in modules if module.startswith(PIPELINES)}
    assert here == {f"{PIPELINES}/{path.name}" for path in (ROOT / PIPELINES).iterdir() if path.is_dir()}


def _example(module: str) -> str:
    (text,) = EXAMPLE.findall((ROOT / module / "README.md").read_text())
    return str(text)


def _make_bucket(s3: Any, name: str) -> None:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def _project() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("Dockerfile", "FROM python:3.12-slim\nCOPY serve /serve\n")
        packed.writestr("serve", "#!/bin/sh\n")
    return archive.getvalue()


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
