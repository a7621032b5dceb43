"""The command line: exit codes, streams, and what needs no AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLATFORM = """\
name: acme-ml
region: eu-central-1
orchestrator_account_id: "111111111111"
stages:
  - {name: dev, account_id: "222222222222"}
  - {name: prod, account_id: "333333333333", approval: manual}
"""
CONFIG = {
    "pipeline_type": "byom_realtime_builtin",
    "model_name": "churn",
    "model_framework": "xgboost",
    "model_framework_version": "1.7-1",
    "model_artifact_location": "churn/model.tar.gz",
    "inference_instance": {"dev": "ml.t2.medium", "prod": "ml.m5.large"},
    "data_capture_location": {"dev": "dev-bucket/churn", "prod": "prod-bucket/churn"},
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/churn.json").write_text(json.dumps(CONFIG))
    return tmp_path


def mlops(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_", "MLOPS_"))}
    return subprocess.run(
        [sys.executable, "-m", "generator", *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(Path(__file__).resolve().parents[3])} | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_validate_says_nothing_on_stdout_when_all_is_good(project: Path) -> None:
    ran = mlops(project, "validate")
    assert (ran.returncode, ran.stdout) == (0, "")


def test_validate_tells_every_problem_with_its_place(project: Path) -> None:
    broken = {**CONFIG, "model_nmae": "x", "inference_instance": {"dev": "ml.t2.medium", "prd": "ml.m5.large"}}
    del broken["model_artifact_location"]
    file = project / "configs/churn.json"
    file.write_text(json.dumps(broken, indent=2))
    ran = mlops(project, "validate", "--json")
    assert ran.returncode == 1
    report = json.loads(ran.stdout)
    keys = {problem["key"] for problem in report["files"][0]["problems"]}
    assert {"model_nmae", "model_artifact_location", "inference_instance.prd"} <= keys
    assert not report["ok"]
    assert all(problem["line"] >= 1 for problem in report["files"][0]["problems"])


def test_a_folder_stands_for_the_configs_in_it(project: Path) -> None:
    (project / "configs/notes.txt").write_text("not a config")
    ran = mlops(project, "validate", "configs", "--json")
    assert [file["file"] for file in json.loads(ran.stdout)["files"]] == ["configs/churn.json"]
    (project / "empty").mkdir()
    refused = mlops(project, "validate", "empty")
    assert refused.returncode == 1
    assert "holds no config" in refused.stderr


def test_generate_writes_workspaces_and_a_second_run_changes_nothing(project: Path) -> None:
    first = mlops(project, "generate")
    assert first.returncode == 0, first.stderr
    assert (project / "environments/prod/churn-realtime-builtin/terraform.tfvars.json").is_file()
    assert (project / "modules/pipelines/realtime_inference/main.tf").is_file()
    second = mlops(project, "generate")
    assert (second.returncode, second.stdout) == (0, "")


def test_check_exits_3_on_drift_and_writes_nothing(project: Path) -> None:
    mlops(project, "generate")
    config = {**CONFIG, "inference_instance": "ml.m5.xlarge"}
    (project / "configs/churn.json").write_text(json.dumps(config))
    variables = project / "environments/dev/churn-realtime-builtin/terraform.tfvars.json"
    before = variables.read_bytes()
    assert mlops(project, "generate", "--check").returncode == 3
    assert variables.read_bytes() == before
    assert mlops(project, "generate", "--dry-run").returncode == 0
    assert variables.read_bytes() == before


def test_generate_refuses_a_hand_edited_file(project: Path) -> None:
    mlops(project, "generate")
    edited = project / "environments/dev/churn-realtime-builtin/main.tf"
    edited.write_text("# mine\n")
    ran = mlops(project, "generate")
    assert ran.returncode == 1
    assert "edited by hand" in ran.stderr
    assert edited.read_text() == "# mine\n"


def test_two_configs_for_one_pipeline_are_refused(project: Path) -> None:
    (project / "configs/again.json").write_text(json.dumps(CONFIG))
    ran = mlops(project, "generate")
    assert ran.returncode == 1
    assert "is also requested by" in ran.stderr


def test_problems_of_a_platform_file_are_reported_like_those_of_a_config(project: Path) -> None:
    (project / "platform.yaml").write_text(PLATFORM.replace('"333333333333"', "333"))
    ran = mlops(project, "validate")
    assert ran.returncode == 1
    assert "platform.yaml:6:" in ran.stdout
    report = json.loads(mlops(project, "validate", "--json").stdout)
    assert [(file["file"], file["requests"]) for file in report["files"]] == [("platform.yaml", 0)]
    assert report["files"][0]["problems"][0]["key"] == "stages[1].account_id"
    assert report["ok"] is False


def test_a_file_that_cannot_be_written_is_told_without_a_traceback(project: Path) -> None:
    (project / "taken").write_text("a file")
    ran = mlops(project, "generate", "--out", "taken/environments")
    assert ran.returncode == 1
    assert "taken" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_usage_errors_exit_2(project: Path) -> None:
    assert mlops(project, "generate", "--nonsense").returncode == 2
    assert mlops(project, "aply").returncode == 2


def test_no_terraform_exits_4_with_one_message(project: Path, tmp_path: Path) -> None:
    mlops(project, "generate")
    ran = mlops(project, "plan", "environments/dev/account", PATH=str(tmp_path))
    assert ran.returncode == 4
    assert "terraform is not on PATH" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_destroy_asks_and_without_a_terminal_does_nothing(project: Path) -> None:
    mlops(project, "generate")
    ran = mlops(project, "destroy", "environments/dev/account")
    assert ran.returncode == 1
    assert "nothing was destroyed" in ran.stderr


def test_init_writes_a_project_that_is_valid_and_overwrites_nothing(tmp_path: Path) -> None:
    assert mlops(tmp_path, "init", "mine").returncode == 0
    assert mlops(tmp_path / "mine", "validate").returncode == 0
    again = mlops(tmp_path, "init", "mine")
    assert again.returncode == 1
    assert "nothing was written" in again.stderr


def test_every_command_has_help() -> None:
    from click.testing import CliRunner

    from generator.cli import cli

    runner = CliRunner()
    with cli.make_context("mlops", ["--help"], resilient_parsing=True) as context:
        names = cli.list_commands(context)
    for name in names:
        result = runner.invoke(cli, [name, "--help"])
        assert result.exit_code == 0, result.output
        assert len(result.output.splitlines()) > 3
