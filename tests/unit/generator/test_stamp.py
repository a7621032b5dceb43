"""A run that has nothing to do knows it from its stamp; whatever differs makes it look again."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli import cli
from generator.stamp import Stamp, asked_digest

from .test_cli import CONFIG, PLATFORM


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/churn.json").write_text(json.dumps(CONFIG))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def generate(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["generate", *arguments])


def states(folder: Path) -> dict[str, tuple[int, int]]:
    found = (path for path in folder.rglob("*") if "cache" not in path.parts)
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in found}


def test_a_second_run_reads_no_workspace_and_touches_nothing(project: Path) -> None:
    generate()
    # A stamp is trusted: what keeps its size and its time of change is not read.
    file = project / "environments/dev/churn-realtime-builtin/main.tf"
    times = file.stat()
    file.write_text(file.read_text().swapcase())
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    before = states(project)
    again = generate()

    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == "0 files changed, 54 unchanged\n"
    assert states(project) == before
    assert generate("--check").exit_code == 0


def test_what_changed_is_seen(project: Path) -> None:
    generate()
    workspace = project / "environments/dev/churn-realtime-builtin"

    (workspace / "versions.tf").unlink()
    assert "create  environments/dev/churn-realtime-builtin/versions.tf" in generate().stdout
    os.utime(workspace / "main.tf")
    assert generate().stdout == ""
    (workspace / "main.tf").write_text("# mine")
    assert "edited by hand" in str(generate().exception)
    (workspace / "main.tf").unlink()
    generate()
    (project / "configs/churn.json").write_text(json.dumps({**CONFIG, "inference_instance": "ml.m5.xlarge"}))
    assert generate("--dry-run").stdout.count("update") == 4
    generate()
    (project / "platform.yaml").write_text(PLATFORM.replace("acme-ml", "other"))
    assert generate().stdout.count("update") > 8
    shutil.rmtree(project / "modules/pipelines/batch_transform")
    generate()
    assert (project / "modules/pipelines/batch_transform/main.tf").is_file()


def test_a_stale_workspace_is_told_each_time(project: Path) -> None:
    second = project / "configs/second.json"
    second.write_text(json.dumps({**CONFIG, "model_name": "second"}))
    generate()
    second.unlink()

    for _ in range(2):
        assert "dev/second-realtime-builtin has no config any more" in generate().stderr
    assert generate("--prune").stdout.count("delete") == 18
    shutil.copytree(project / "environments/dev/churn-realtime-builtin", project / "environments/dev/copied")
    assert "dev/copied has no config any more" in generate().stderr


def test_a_cache_that_cannot_be_used_does_no_harm(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "cache").write_text("a file")
    generate()
    assert (generate().exit_code, generate().stdout) == (0, "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "other"))
    generate()
    (stamp,) = (project / "other/mlops").iterdir()
    stamp.write_text("x")
    assert (generate().exit_code, generate().stdout) == (0, "")


def test_standard_input_has_no_stamp(project: Path) -> None:
    from generator.project import load_project

    assert asked_digest(load_project(None), [Path("-")]) == ""
    Stamp(project, "").write(project, {}, ())
    assert not (project / "cache").exists()
    assert Stamp(project, "").unchanged() is None
