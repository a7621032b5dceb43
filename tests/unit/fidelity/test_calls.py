"""Faulty calls, planted in sources and in recorded parameters, are found; and what a role may not do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.fidelity import calls, permissions, shapes
from tools.fidelity.planning import ROOT, UNKNOWN, Planned

SOURCE = """
def look(core, name, more):
    client = core.client("s3")
    client.head_object(Bucket="bucket", Key=name)
    core.client("codebuild").start_build(projectName="acme-ml-provision", idempotencyToken=name)
    core.call("sagemaker", "describe_endpoint", EndpointName=name)
    client.list_objects_v2(Prefix="x", **more)

def of_what_it_is_given(client, name):
    return client.get_pipeline_state(name=name)

def uses(core):
    return of_what_it_is_given(core.client("codepipeline"), "x")
"""


def found_in(folder: Path, source: str) -> list[str]:
    path = folder / "source.py"
    path.write_text(source)
    return [str(finding) for finding in calls.check(calls.calls([path]))]


def test_calls_of_a_source_are_seen(tmp_path: Path) -> None:
    (tmp_path / "source.py").write_text(SOURCE)
    seen = [(call.services, call.operation) for call in calls.calls([tmp_path / "source.py"])]
    assert sorted(seen) == [
        (("codebuild",), "start_build"),
        (("codepipeline",), "get_pipeline_state"),
        (("s3",), "head_object"),
        (("s3",), "list_objects_v2"),
        (("sagemaker",), "describe_endpoint"),
    ]
    assert found_in(tmp_path, SOURCE) == []


@pytest.mark.parametrize(
    ("right", "wrong", "finding"),
    [
        ("head_object(", "head_objekt(", "source.py:4: s3 has no operation head_objekt [api]"),
        ("Key=name", "Keys=name", "source.py:4.Keys: HeadObjectRequest has no such member [api]"),
        (", Key=name", "", "source.py:4.Key: is required [api]"),
        ('"acme-ml-provision"', "5", "source.py:5.projectName: 5 is no text [api]"),
        ('"describe_endpoint"', '"describe_endpoints"', "sagemaker has no operation describe_endpoints"),
        ("EndpointName=name", 'EndpointName="a b"', "'a b' does not match"),
        ("state(name=name", "state(names=name", "GetPipelineStateInput has no such member"),
    ],
)
def test_fault_of_a_call_is_found(tmp_path: Path, right: str, wrong: str, finding: str) -> None:
    assert right in SOURCE
    found = found_in(tmp_path, SOURCE.replace(right, wrong, 1))
    assert any(finding in text for text in found), found


def test_every_part_that_calls_aws_is_seen() -> None:
    parts = {call.place.split(":")[0].rpartition("/")[0] for call in calls.calls(calls.sources())}
    assert parts >= {
        "generator",
        "generator/delivery",
        "lambda_src/orchestrator",
        "modules/git_trigger",
    }


@pytest.mark.parametrize(
    ("parameters", "finding"),
    [
        ({"ModelCardName": "churn", "Content": "{}", "ModelCardStatus": "Drafted"}, "'Drafted' is none of Draft"),
        ({"ModelCardName": "x y", "Content": "{}", "ModelCardStatus": "Draft"}, "does not match"),
        ({"ModelCardName": "churn", "Content": {}, "ModelCardStatus": "Draft"}, "{} is no text"),
        ({"ModelCardName": "churn", "ModelCardStatus": "Draft"}, "Content: is required"),
        ({"ModelCardName": "churn", "Content": "{}", "ModelCardStatus": "Draft", "Tags": "x"}, "'x' is no list"),
        (
            {"ModelCardName": "churn", "Content": "{}", "ModelCardStatus": "Draft", "Tags": [{"Key": "k"}]},
            "Tags[0].Value: is required",
        ),
    ],
)
def test_fault_of_parameters_is_found(parameters: dict[str, Any], finding: str) -> None:
    (found,) = shapes.check_call("sagemaker", "create_model_card", parameters, "here")
    assert finding in str(found)


def test_nothing_is_asked_of_what_is_not_known_yet() -> None:
    known = {"ModelCardName": UNKNOWN, "Content": UNKNOWN, "ModelCardStatus": UNKNOWN}
    assert list(shapes.check_call("sagemaker", "CreateModelCard", known, "here")) == []


def test_call_that_its_role_may_not_make_is_found() -> None:
    (ROOT / "lambda_src").is_dir()
    call = calls.Call("app.py:1", ("s3",), "head_object", {"Bucket": UNKNOWN, "Key": UNKNOWN}, True)
    granted = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
    assert list(permissions.check_calls([call], granted, "acme")) == []
    (finding,) = permissions.check_calls([call], [{**granted[0], "Action": ["s3:ListBucket"]}], "acme")
    assert str(finding) == "app.py:1: acme may not s3:GetObject [permission]"


def machine(actions: str, resource: str = "arn:aws:sagemaker:*:*:training-job/churn-*") -> Planned:
    """Return a plan of a machine that trains, and of its role."""
    definition = (
        '{"StartAt": "Train", "States": {"Train": {"Type": "Task", "End": true,'
        ' "Resource": "arn:aws:states:::sagemaker:createTrainingJob",'
        ' "Parameters": {"TrainingJobName": "churn-1", "RoleArn": "arn:aws:iam::111111111111:role/runner"}}}}'
    )
    policy = (
        '{"Statement": [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/runner"},'
        f' {{"Effect": "Allow", "Action": "{actions}", "Resource": "{resource}"}}]}}'
    )
    role = "arn:aws:iam::111111111111:role/machine"
    return Planned(
        "modules/pipelines/training",
        {
            "aws_sfn_state_machine.this": {"definition": definition, "role_arn": role},
            "aws_iam_role_policy.machine": {"role": "machine", "policy": policy},
        },
        {"aws_sfn_state_machine.this": "aws_sfn_state_machine", "aws_iam_role_policy.machine": "aws_iam_role_policy"},
    )


@pytest.mark.parametrize(
    ("plan", "finding"),
    [
        (machine("sagemaker:Create*"), None),
        (machine("sagemaker:CreateModel"), "may not sagemaker:CreateTrainingJob arn:aws:sagemaker:"),
        (machine("sagemaker:*", "arn:aws:sagemaker:*:*:training-job/other-*"), "may not sagemaker:CreateTrainingJob"),
    ],
)
def test_task_that_its_machine_may_not_do_is_found(plan: Planned, finding: str | None) -> None:
    found = [str(one) for one in permissions.check("case", plan)]
    assert (found == []) if finding is None else (len(found) == 1 and finding in found[0]), found


@pytest.mark.parametrize(
    ("actions", "lacking"),
    [
        (["logs:Create*", "logs:Put*", "logs:Describe*", "cloudwatch:PutMetricData", "ecr:*"], set()),
        (["logs:Create*", "logs:Put*", "logs:Describe*", "ecr:Batch*"], {
            "cloudwatch:PutMetricData", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
        }),
    ],
)  # fmt: skip
def test_what_aws_documents_as_the_least_of_a_role_is_asked_for(actions: list[str], lacking: set[str]) -> None:
    trust = {"Statement": [{"Principal": {"Service": "sagemaker.amazonaws.com"}}]}
    policy = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    plan = Planned(
        "modules/pipelines/training",
        {
            "aws_iam_role.work": {"name": "work", "assume_role_policy": json.dumps(trust)},
            "aws_iam_role_policy.work": {"role": "work", "policy": json.dumps(policy)},
        },
        {"aws_iam_role.work": "aws_iam_role", "aws_iam_role_policy.work": "aws_iam_role_policy"},
    )
    found = {finding.text.split()[2] for finding in permissions.check_least("case", plan)}
    assert found == lacking
