"""What is read from Terraform's output, and that its streams are kept apart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.terraform import CommandLine, errors_in

FAILED_APPLY = """\
aws_iam_role.this: Creation complete after 1s
\x1b[31m╷\x1b[0m
\x1b[31m│\x1b[0m \x1b[1mError: creating SageMaker AI Model (churn): operation error: ValidationException
\x1b[31m│\x1b[0m
\x1b[31m│\x1b[0m   with module.pipeline.aws_sagemaker_model.this,
\x1b[31m│\x1b[0m   on ../../../modules/pipelines/x/main.tf line 12, in resource "aws_sagemaker_model" "this":
\x1b[31m│\x1b[0m   12: resource "aws_sagemaker_model" "this" {
\x1b[31m│\x1b[0m
\x1b[31m╵\x1b[0m
╷
│ Warning: deprecated
│
│ Use something else.
╵
╷
│ Error: second
╵
"""


def test_errors_are_read_with_their_address_and_without_source_or_warnings() -> None:
    assert errors_in(FAILED_APPLY) == [
        "creating SageMaker AI Model (churn): operation error: ValidationException"
        " (module.pipeline.aws_sagemaker_model.this)",
        "second",
    ]


POSTCONDITION = """\
Error: Resource postcondition failed

  on ../../../modules/pipelines/x/main.tf line 270, in resource "aws_sagemaker_endpoint" "this":
  270:       condition = self.endpoint_config_name == local.name
    ├────────────────
    │ local.name is "new"
    │ self.endpoint_config_name is "old"

Endpoint churn still runs configuration old: SageMaker rolled the
update back.
"""


@pytest.mark.parametrize("frame", ["", "│ "])
def test_detail_of_an_error_is_told_without_values(frame: str) -> None:
    text = "".join(f"{frame}{line}\n" for line in POSTCONDITION.splitlines())
    assert errors_in(text) == [
        "Resource postcondition failed: Endpoint churn still runs configuration old: SageMaker rolled the update back"
    ]


def test_same_error_is_told_once() -> None:
    assert errors_in("Error: no\n\nError: no\n") == ["no"]


def test_output_without_errors_has_none() -> None:
    assert errors_in("Apply complete! Resources: 3 added.\nNo Error: here\n") == []


@pytest.fixture
def program(tmp_path: Path) -> str:
    """Return a stand-in for terraform that writes to both streams."""
    path = tmp_path / "terraform"
    path.write_text(
        '#!/bin/sh\necho "out $1 $TF_IN_AUTOMATION $EXTRA"\necho "Error: $1 went wrong" >&2\n[ "$1" = good ]\n'
    )
    path.chmod(0o755)
    return str(path)


def test_run_shows_and_keeps_both_streams(program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = CommandLine(program, tmp_path, {"EXTRA": "more", **os.environ}).run("bad")
    assert done.code == 1
    assert errors_in(done.output) == ["bad went wrong"]
    assert "out bad 1 more\n" in capsys.readouterr().out


def test_read_returns_standard_output_only(program: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert CommandLine(program, tmp_path, {"EXTRA": "x", **os.environ}).read("good") == "out good 1 x\n"
    assert capsys.readouterr().out == ""


def test_read_that_fails_carries_the_reason(program: str, tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="terraform bad failed: bad went wrong"):
        CommandLine(program, tmp_path, dict(os.environ)).read("bad")
