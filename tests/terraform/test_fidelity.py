"""Everything that is emitted fits AWS's public definitions, and a fault in what was planned does not get through.

The checkers' own tests, a fault of each kind in a definition of its own, are in tests/unit/fidelity.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tools.fidelity.__main__ import main
from tools.fidelity.everything import Emitted, check
from tools.fidelity.findings import merged
from tools.fidelity.planning import Planned
from tools.fidelity.plans import check as check_plans

# One plan for all: they go to one worker.
pytestmark = [pytest.mark.terraform, pytest.mark.xdist_group("plans")]


def test_everything_fits(emitted: Emitted) -> None:
    assert [str(finding) for finding in merged(check(emitted))] == []


def test_every_module_and_every_region_is_planned(emitted: Emitted) -> None:
    modules = {plan.module for plan in emitted.planned.values()}
    assert {module.rpartition("/")[2] for module in modules if "pipelines" in module} == {
        "autopilot",
        "batch_transform",
        "image_builder",
        "model_monitor",
        "realtime_inference",
        "training",
        "tuning",
    }
    assert modules >= {".", "modules/delivery_pipeline", "modules/state_backend", "modules/target_account"}
    assert len(emitted.far) >= 10


def in_json(change: Callable[[Any], None]) -> Callable[[str], str]:
    """Return a change of a document that is given as text."""

    def changed(text: str) -> str:
        document = json.loads(text)
        change(document)
        return json.dumps(document)

    return changed


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    """Return a change that puts a value at a path."""

    def change(document: Any) -> None:
        for part in path[:-1]:
            document = document[part]
        document[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("case", "address", "attribute", "change", "finding"),
    [
        ("training_most", "aws_iam_role.machine", "name", lambda _: "x" * 65, "65 characters are more than 64 [api]"),
        (
            "training_most",
            "aws_sfn_state_machine.this",
            "definition",
            in_json(put("States", "Train", "Parameters", "Trainer", value=1)),
            "CreateTrainingJobRequest has no such member [api]",
        ),
        (
            "training_most",
            "aws_sfn_state_machine.this",
            "definition",
            in_json(put("States", "Train", "Next", value="Nowhere")),
            "Nowhere is led to and does not exist [states-language]",
        ),
        (
            "training_most",
            "aws_sfn_state_machine.this",
            "definition",
            in_json(put("States", "Train", "Resource", value="arn:aws:states:::sagemaker:createProcessingJob.sync")),
            "the machine's role may not sagemaker:CreateProcessingJob [permission]",
        ),
        (
            "training_most",
            "aws_iam_role_policy.machine",
            "policy",
            in_json(put("Statement", 0, "Action", value="sagemaker:CreateTrainingJobs")),
            "there is no action sagemaker:CreateTrainingJobs [iam]",
        ),
        (
            "training_most",
            "aws_iam_role.machine",
            "assume_role_policy",
            in_json(put("Statement", 0, "Principal", value={"Service": "state.amazonaws.com"})),
            "state.amazonaws.com is the principal of no service that is known here [iam]",
        ),
        (
            "quality_most",
            "aws_cloudcontrolapi_resource.job_definition",
            "desired_state",
            in_json(put("JobResources", "ClusterConfig", "Volume", value=1)),
            "extraneous key [Volume] is not permitted [cloudformation]",
        ),
        (
            "delivery_three",
            "aws_codepipeline.this",
            "stage",
            lambda stages: stages[:1],
            "1 stages are not 2 to 50 [codepipeline]",
        ),
        (
            "image_least",
            "aws_codebuild_project.this",
            "source",
            lambda source: [{**source[0], "buildspec": '{"version": 0.2, "phases": {"biuld": {}}}'}],
            "'biuld' was unexpected) [codebuild]",
        ),
        (
            "training_most",
            "aws_cloudwatch_event_rule.stopped",
            "event_pattern",
            in_json(put("detail", "status", value=["STOPPED"])),
            "status is never 'STOPPED' [events]",
        ),
        (
            "training_most",
            "aws_scheduler_schedule.this",
            "schedule_expression",
            lambda _: "cron(0 4 * * MON *)",
            "needs a ? for either the day of the month or the day of the week [events]",
        ),
        ("training_most", "aws_iam_role.machine", "tags_all", lambda _: {"a;": ""}, "'a;' is no key of a tag [limit]"),
    ],
)
def test_a_fault_planted_in_a_plan_is_found(
    emitted: Emitted, case: str, address: str, attribute: str, change: Callable[[Any], Any], finding: str
) -> None:
    plan = copy.deepcopy(emitted.planned[case])
    (found,) = [name for name in plan.resources if name == address or name.startswith(f"{address}[")]
    plan.resources[found][attribute] = change(plan.resources[found][attribute])

    texts = [str(one) for one in check_plans({case: plan})]

    assert any(text.endswith(finding) and text.startswith(f"{case}: ") for text in texts), texts


def test_command_tells_findings_and_fails(emitted: Emitted, capsys: pytest.CaptureFixture[str]) -> None:
    address = "aws_iam_role.machine"
    role = {**emitted.planned["training_least"].resources[address], "name": "a b"}
    broken = Emitted(
        {
            **emitted.planned,
            "broken": Planned("modules/pipelines/training", {address: role}, {address: "aws_iam_role"}),
        },
        emitted.far,
        emitted.provider_images,
    )

    code = main(["--json"], emit=lambda folder: broken)

    (finding,) = json.loads(capsys.readouterr().out)
    assert (code, finding["place"], finding["kind"]) == (1, "broken: aws_iam_role.machine.RoleName", "api")
    assert main([], emit=lambda folder: emitted) == 0
    assert capsys.readouterr().out == ""
