"""Step plan: what it leaves for the approval, the apply and the verification."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.manifest import Manifest
from generator.delivery.plan import plan, write_variables
from generator.delivery.settings import Settings
from generator.delivery.terraform import Completed
from generator.delivery.waiting import Site
from tests.fakes_aws import FakeAws, FakeClock, RecordingTerraform, aws_error

from .conftest import DIGEST, state_answers

PLAN = {
    "terraform_version": "1.11.4",
    "resource_changes": [
        {
            "address": "module.pipeline.aws_sagemaker_endpoint.this",
            "mode": "managed",
            "change": {"actions": ["create"], "before": None, "after": {"tags": {"owner": "it's me"}}},
        }
    ],
    "output_changes": {"pipeline": {"actions": ["create"]}},
}


def site_of(**services: Any) -> Site:
    """Return a stage's account; its state is empty unless told otherwise."""
    return Site(FakeAws(**{"s3": state_answers(), **services}), DIGEST, FakeClock(), say=lambda text: None)


def terraform(code: int = 2, output: str = "", document: dict[str, Any] | None = None) -> RecordingTerraform:
    """Return a Terraform whose plan ends with a code and writes a plan file."""

    def run_plan(*arguments: str) -> Completed:
        target = next(argument for argument in arguments if argument.startswith("-out="))
        Path(target.removeprefix("-out=")).write_bytes(b"the plan")
        return Completed(code, output)

    return RecordingTerraform({"plan": run_plan, "show": json.dumps(document or PLAN)})


def test_plan_leaves_the_artifact_and_the_exported_variables(
    orders: Callable[..., Settings], manifest: Manifest
) -> None:
    settings, fake = orders(), terraform()
    text = plan(settings, manifest, manifest.stage("dev"), fake, site_of())
    digest = hashlib.sha256(b"the plan").hexdigest()
    folder = settings.root / "plan-output"
    assert sorted(path.name for path in folder.iterdir()) == ["summary.json", "tfplan"]
    record = json.loads((folder / "summary.json").read_text())
    assert record["plan_sha256"] == digest
    assert (record["add"], record["stage"], record["bundle"]) == (1, "dev", "ab" * 32)
    assert record["text"] == text == "dev: 1 to add, 0 to change, 0 to destroy. Adds: aws_sagemaker_endpoint.this."
    script = (
        ". ./plan-variables.sh; for name in SHA256 CHANGES ADD CHANGE DESTROY SUMMARY; do printenv PLAN_$name; done"
    )
    sourced = subprocess.run(["bash", "-c", script], cwd=settings.root, capture_output=True, text=True, check=True)
    assert sourced.stdout.splitlines() == [digest, "2", "1", "0", "0", text]


def test_plan_is_made_with_the_lock_file_as_it_is(orders: Callable[..., Settings], manifest: Manifest) -> None:
    fake = terraform()
    plan(orders(), manifest, manifest.stage("dev"), fake, site_of())
    assert fake.names == ["init", "plan", "show"]
    assert "-lockfile=readonly" in fake.commands[0]
    assert "-detailed-exitcode" in fake.commands[1]
    assert "-destroy" not in fake.commands[1]


def test_empty_plan_exports_zero_changes(orders: Callable[..., Settings], manifest: Manifest) -> None:
    settings = orders()
    fake = terraform(code=0)
    plan(settings, manifest, manifest.stage("dev"), fake, site_of())
    assert "show" not in fake.names
    assert "export PLAN_CHANGES=0\n" in (settings.root / "plan-variables.sh").read_text()


def test_plan_artifact_holds_no_values(orders: Callable[..., Settings], manifest: Manifest) -> None:
    settings = orders()
    plan(settings, manifest, manifest.stage("dev"), terraform(), site_of())
    assert "it's me" not in (settings.root / "plan-output/summary.json").read_text()


def test_destroy_plan_keeps_what_is_live_for_verify(orders: Callable[..., Settings], manifest: Manifest) -> None:
    settings, fake = orders(MODE="destroy"), terraform()
    live = [{"kind": "sagemaker_endpoint", "name": "churn"}]
    plan(settings, manifest, manifest.stage("dev"), fake, site_of(s3=state_answers(live=live)))
    assert "-destroy" in fake.commands[1]
    record = json.loads((settings.root / "plan-output/summary.json").read_text())
    assert record["live_before"] == live


@pytest.mark.parametrize(
    ("reason", "fix"),
    [
        ("Error acquiring the state lock", "another build or person"),
        ("AccessDenied: sagemaker:DescribeModel", "plan role may not read"),
        ("Invalid value", "nothing was changed"),
    ],
)
def test_failed_plan_gives_terraforms_reason_and_what_to_do(
    orders: Callable[..., Settings], manifest: Manifest, reason: str, fix: str
) -> None:
    fake = terraform(code=1, output=f"╷\n│ Error: {reason}\n│ \n╵\n")
    with pytest.raises(DeliveryError) as caught:
        plan(orders(), manifest, manifest.stage("dev"), fake, site_of())
    assert f"stage dev: terraform plan failed: {reason}" in caught.value.message
    assert fix in caught.value.fix


def test_init_that_finds_no_provider_says_so(orders: Callable[..., Settings], manifest: Manifest) -> None:
    fake = RecordingTerraform(
        {
            "init": Completed(
                1, "Error: Failed to query available provider packages\n\nregistry.terraform.io: no answer\n"
            )
        }
    )
    with pytest.raises(DeliveryError, match="provider mirror"):
        plan(orders(), manifest, manifest.stage("dev"), fake, site_of())


@pytest.mark.parametrize("value", ["plain", 'it\'s; $(rm -rf /) `x` "y"', "a\\b", ""])
def test_exported_variable_means_exactly_its_value(tmp_path: Path, value: str) -> None:
    write_variables(tmp_path / "v.sh", {"VALUE": value})
    done = subprocess.run(
        ["bash", "-c", '. ./v.sh; printf %s "$VALUE"'], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == value


def test_plan_that_only_adds_is_told_without_its_json(orders: Callable[..., Settings], manifest: Manifest) -> None:
    text = "  # module.pipeline.a.b will be created\n\nPlan: 1 to add, 0 to change, 0 to destroy.\n"
    fake = terraform(output=text)
    assert plan(orders(), manifest, manifest.stage("dev"), fake, site_of()).endswith("Adds: a.b.")
    assert fake.names == ["init", "plan"]


MACHINE = "arn:aws:states:eu-central-1:222222222222:stateMachine:acme-ml-dev-churn"


@pytest.mark.parametrize(
    ("execution", "changes", "ending"),
    [
        (aws_error("ExecutionDoesNotExist"), "1", "nothing to change. Runs: acme-ml-dev-churn."),
        ([{"status": "FAILED"}, aws_error("ExecutionDoesNotExist")], "1", "Runs: acme-ml-dev-churn."),
        ({"status": "SUCCEEDED"}, "0", "nothing to change."),
    ],
)
def test_empty_plan_of_a_release_that_runs_a_job_is_approved_like_a_change(
    orders: Callable[..., Settings], manifest: Manifest, execution: Any, changes: str, ending: str
) -> None:
    settings = orders()
    answers = [execution, aws_error("ExecutionDoesNotExist")] if isinstance(execution, dict) else execution
    place = site_of(
        s3=state_answers(jobs=[{"kind": "state_machine", "arn": MACHINE}]),
        stepfunctions={"describe_execution": answers},
    )
    text = plan(settings, manifest, manifest.stage("dev"), terraform(code=0), place)
    assert text.endswith(ending)
    assert f"export PLAN_CHANGES={changes}\n" in (settings.root / "plan-variables.sh").read_text()
