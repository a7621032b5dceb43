"""Fleets: order of waves, failures that stop later waves, and unchanged workspaces that start nothing."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from generator import fleet
from generator.errors import ToolError
from generator.terraform import PlanCounts, Terraform


class RecordingTerraform:
    """Answers like Terraform for workspaces that each add one resource, and records what was asked."""

    def __init__(self, failing: frozenset[str] = frozenset()) -> None:
        self.calls: list[tuple[str, str]] = []
        self._failing = failing

    def init(self, folder: Path) -> None:
        self.calls.append(("init", folder.name))
        (folder / ".terraform").mkdir(exist_ok=True)

    def plan(self, folder: Path, *, destroy: bool = False) -> PlanCounts:
        self.calls.append(("destroy plan" if destroy else "plan", folder.name))
        if folder.name in self._failing:
            raise ToolError("broken", where=str(folder))
        return PlanCounts(0, 0, 1, empty=False) if destroy else PlanCounts(1, 0, 0, empty=False)

    def apply_saved(self, folder: Path) -> None:
        self.calls.append(("apply", folder.name))


class FixedStates:
    """Says that every state is at one version."""

    def __init__(self, version: str | None = "1") -> None:
        self.version = version

    def state_version(self, workspace: Path) -> str | None:
        return self.version


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("bootstrap", "orchestrator", "dev/account", "dev/churn", "prod/churn"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "main.tf").write_text(f"# {folder}\n")
    return tmp_path


def run(
    action: fleet.Action, folders: list[Path], terraform: RecordingTerraform, states: FixedStates
) -> list[fleet.Outcome]:
    return fleet.run(action, folders, cast(Terraform, terraform), states, jobs=2, report=lambda _: None)


def test_waves_follow_what_needs_what(tree: Path) -> None:
    folders = [tree / name for name in ("prod/churn", "dev/account", "bootstrap", "dev/churn", "orchestrator")]
    names = [[folder.relative_to(tree).as_posix() for folder in wave] for wave in fleet.waves(folders)]
    assert names == [["bootstrap"], ["dev/account", "orchestrator"], ["dev/churn", "prod/churn"]]


def test_apply_carries_out_the_plan_it_saved(tree: Path) -> None:
    terraform = RecordingTerraform()
    outcomes = run("apply", [tree / "dev/churn"], terraform, FixedStates())
    assert terraform.calls == [("init", "churn"), ("plan", "churn"), ("apply", "churn")]
    assert outcomes[0].counts.add == 1


def test_an_unchanged_workspace_starts_no_terraform(tree: Path) -> None:
    states = FixedStates()
    run("apply", [tree / "dev/churn"], RecordingTerraform(), states)
    again = RecordingTerraform()
    outcomes = run("apply", [tree / "dev/churn"], again, states)
    assert again.calls == []
    assert outcomes[0].skipped


@pytest.mark.parametrize("change", ["file", "module", "state"])
def test_any_change_starts_terraform_again(tree: Path, change: str) -> None:
    module = tree / "module"
    module.mkdir()
    (module / "main.tf").write_text("# module\n")
    (tree / "dev/churn/main.tf").write_text('module "pipeline" {\n  source = "../../module"\n}\n')
    states = FixedStates()
    run("apply", [tree / "dev/churn"], RecordingTerraform(), states)
    if change == "file":
        (tree / "dev/churn/terraform.tfvars.json").write_text("{}")
    elif change == "module":
        (module / "main.tf").write_text("# another\n")
    else:
        states.version = "2"
    again = RecordingTerraform()
    run("apply", [tree / "dev/churn"], again, states)
    assert ("apply", "churn") in again.calls


def test_the_lambda_package_counts_as_part_of_its_workspace(tree: Path) -> None:
    (tree / "package.zip").write_bytes(b"one")
    (tree / "orchestrator/terraform.tfvars.json").write_text('{"lambda_package_path": "../package.zip"}')
    before = fleet.fingerprint(tree / "orchestrator")
    (tree / "package.zip").write_bytes(b"two")
    assert fleet.fingerprint(tree / "orchestrator") != before


def test_a_failure_stops_later_waves_and_finishes_its_own(tree: Path) -> None:
    terraform = RecordingTerraform(frozenset({"account"}))
    outcomes = run("apply", [tree / "orchestrator", tree / "dev/account", tree / "dev/churn"], terraform, FixedStates())
    assert {outcome.workspace.name: outcome.error is None for outcome in outcomes} == {
        "orchestrator": True,
        "account": False,
    }


def test_destroy_goes_the_other_way_round(tree: Path) -> None:
    terraform = RecordingTerraform()
    run("destroy", [tree / "orchestrator", tree / "dev/churn"], terraform, FixedStates())
    assert [name for what, name in terraform.calls if what == "apply"] == ["churn", "orchestrator"]
