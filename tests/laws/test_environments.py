"""The checked-in workspaces are what the example platform and config generate."""

from __future__ import annotations

from pathlib import Path

from generator.generate import PACKAGE_NAME, lambda_package_path, plan_changes
from generator.project import desired_workspaces, load_project, load_requests

ROOT = Path(__file__).parents[2]
OUT = ROOT / "environments"


def test_environments_are_what_the_examples_generate() -> None:
    project = load_project(ROOT / "examples/platform.yaml")
    requests = load_requests([ROOT / "examples/byom_realtime_builtin.yaml"], project)
    package = ROOT / "build" / PACKAGE_NAME
    changes = plan_changes(desired_workspaces(project, requests, lambda_package_path(OUT, package)), OUT)
    # `make generate` brings it up to date.
    assert [change.path for change in changes.changes] == []
    assert list(changes.conflicts) == []
    assert list(changes.stale) == []
    assert changes.unchanged > 0
