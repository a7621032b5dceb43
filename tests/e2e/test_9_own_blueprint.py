"""The example of a team's own blueprint through the whole path, in a platform and a sandbox of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .installation import ROOT, clean_environment

# A whole rehearsal, on whatever machine.
pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a rehearsal of the example observed."""
    folder: Path = tmp_path_factory.mktemp("own-blueprint")
    examples = ROOT / "examples"
    options = ["--platform", f"{examples}/platform-own-blueprints.yaml", "--report", f"{folder}/report.json", "--yes"]
    ran = subprocess.run(
        [sys.executable, "-m", "generator", "demo", f"{examples}/acme_feature_table.yaml", *options],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
    found: dict[str, Any] = json.loads((folder / "report.json").read_bytes())
    return found


def test_it_is_delivered_through_every_gate_and_found_live(report: dict[str, Any]) -> None:
    (request,) = report["requests"]
    assert [stage["name"] for stage in request["stages"]] == ["dev", "prod"]
    for stage in request["stages"]:
        assert (stage["applied"], stage["verified"], stage["second_plan_empty"]) == (True, True, True)
        assert "module.pipeline.aws_dynamodb_table.this" in stage["resources"]
        assert {item["operation"] for item in stage["live"]} == {
            "describe_table",
            "describe_continuous_backups",
            "describe_time_to_live",
            "get_role",
        }
    assert request["resubmit_started_nothing"]


def test_who_approves_a_change_is_told_what_the_blueprint_wants_shown(report: dict[str, Any]) -> None:
    change = report["requests"][0]["change"]
    assert change["what"].startswith("read_capacity becomes")
    summaries = {stage["name"]: stage["summary"] for stage in change["stages"]}
    assert "read_capacity 50 -> 51" in summaries["prod"]
    assert "write_capacity" not in summaries["prod"]


def test_nothing_is_left_when_it_is_deprovisioned(report: dict[str, Any]) -> None:
    assert report["requests"][0]["destroyed"]
    assert report["left_over"] == []
    assert report["ok"]
