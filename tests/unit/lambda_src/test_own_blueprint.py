"""A team's own type through the API: the example's package bundles what the command line generates."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from generator.package import build_package
from generator.project import desired_workspaces, load_project, load_requests

from .conftest import ROOT, Orchestrator

CONFIG = ROOT / "examples/acme_feature_table.yaml"


def test_request_is_bundled_with_the_team_s_module_and_the_command_line_s_workspaces(tmp_path: Path) -> None:
    project = load_project(ROOT / "examples/platform-own-blueprints.yaml")
    package = build_package(project.platform, project.structure(project.registry.modules()))
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(tmp_path)
    orchestrator = Orchestrator(tmp_path)
    requests = load_requests([CONFIG], project)

    status, body = orchestrator.post("/provisionpipeline", requests[0].request.config)

    assert (status, body["pipeline"]) == (200, "users-acme-feature-table")
    generated = desired_workspaces(project, requests, "x.zip")
    with orchestrator.world.stored_bundle() as bundle:
        names = set(bundle.namelist())
        assert json.loads(bundle.read("manifest.json"))["blueprint"] == "feature_table"
        module = ROOT / "examples/blueprints/feature_table/module"
        for name in ("main.tf", "variables.tf", "outputs.tf"):
            assert bundle.read(f"modules/blueprints/feature_table/{name}") == (module / name).read_bytes()
        for stage in ("dev", "prod"):
            workspace = f"{stage}/users-acme-feature-table"
            for name, content in generated[workspace].items():
                assert bundle.read(f"environments/{workspace}/{name}") == content
    assert not any(name.startswith("modules/blueprints/feature_table/tests") for name in names)


def test_every_problem_is_answered(tmp_path: Path) -> None:
    project = load_project(ROOT / "examples/platform-own-blueprints.yaml")
    with zipfile.ZipFile(
        io.BytesIO(build_package(project.platform, project.structure(project.registry.modules())))
    ) as archive:
        archive.extractall(tmp_path)
    config = {"pipeline_type": "acme_feature_table", "table": "Users", "recrod_key": {"name": "id"}, "readers": ["me"]}
    status, body = Orchestrator(tmp_path).post("/provisionpipeline", config)
    assert status == 400
    assert {problem["key"] for problem in body["problems"]} == {"table", "recrod_key", "readers[0]"}
