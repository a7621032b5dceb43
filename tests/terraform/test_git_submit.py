"""The program with which a push is submitted: every config that fits, every problem told."""

from __future__ import annotations

import importlib.util
import io
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[2] / "modules" / "git_trigger" / "submit.py"


class Function:
    """The orchestrator's function: refuses what has no pipeline_type, crashes on type "crash"."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Mapping[str, Any]:  # noqa: N803 - boto3's names
        assert FunctionName == "acme-ml-orchestrator"
        event = json.loads(Payload)
        assert (event["httpMethod"], event["path"]) == ("POST", "/provisionpipeline")
        body = json.loads(event["body"])
        self.bodies.append(body)
        if body.get("pipeline_type") == "crash":
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "out of memory"}')}
        if "pipeline_type" not in body:
            problem = {"key": "pipeline_type", "message": "is missing", "code": "missing-key", "fix": "name a type"}
            answer = {"statusCode": 400, "body": json.dumps({"message": "refused", "problems": [problem]})}
        else:
            answer = {"statusCode": 200, "body": json.dumps({"message": "provisioning started"})}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("git_submit", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(program: ModuleType, folder: Path) -> tuple[int, Function, str]:
    function, said = Function(), []
    problems = program.submit_all(folder, ["**.json", "**.y*ml"], function, "acme-ml-orchestrator", said.append)
    return problems, function, "\n".join(said)


def test_every_config_is_submitted_whatever_its_form(program: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "a.json").write_text('{"pipeline_type": "one"}')
    (tmp_path / "b.yaml").write_text("pipeline_type: two\n---\n- pipeline_type: three\n- pipeline_type: four\n")
    (tmp_path / "team" / "c.yml").write_text("\ufeffpipeline_type: five\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("no config")

    problems, function, said = run(program, tmp_path)

    assert problems == 0
    assert [body["pipeline_type"] for body in function.bodies] == ["one", "two", "three", "four", "five"]
    assert said.count("provisioning started") == 5


def test_a_refused_config_fails_the_build_after_the_others_were_submitted(program: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_text('{"model_name": "churn"}')
    (tmp_path / "c.json").write_text('{"pipeline_type": "crash"}')
    (tmp_path / "d.json").write_text('{"pipeline_type": "fine"}')

    problems, function, said = run(program, tmp_path)

    assert problems == 3
    assert len(function.bodies) == 3
    assert "a.json: cannot be read" in said
    assert "pipeline_type: is missing [missing-key]\n  fix: name a type" in said
    assert "out of memory" in said
    assert "d.json: provisioning started" in said


def test_an_empty_folder_is_no_failure(program: ModuleType, tmp_path: Path) -> None:
    assert run(program, tmp_path / "absent")[0] == 0


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("**/mlops-config*.json", "a/b/mlops-config-1.json", "mlops-config.json"),
        ("mlops-config*.json", "mlops-config.json", "a/mlops-config.json"),
        ("teams/*/churn.y?ml", "teams/a/churn.yaml", "teams/a/b/churn.yaml"),
        ("configs/**", "configs/a/b.json", "other/configs/a.json"),
        ("a.json", "a.json", "aXjson"),
    ],
)
def test_patterns_are_codepipelines(program: ModuleType, pattern: str, fits: str, does_not: str) -> None:
    expression = program.expression_of(pattern)
    assert expression.fullmatch(fits)
    assert not expression.fullmatch(does_not)
