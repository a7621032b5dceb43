"""A fault of each kind, planted in a definition that has none, is found: machines, pipelines, builds, events ..."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tools.fidelity import builds, cloudformation, events, pipelines, states_language

ROLE = "arn:aws:iam::111111111111:role/acme"
MACHINE: dict[str, Any] = {
    "StartAt": "NameTheJob",
    "States": {
        "NameTheJob": {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": {"job": "{% 'churn-' & $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 10) %}"},
            "Next": "Transform",
        },
        "Transform": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
            "Parameters": {
                "TransformJobName.$": "$.job",
                "ModelName": "churn",
                "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/in"}}},
                "TransformOutput": {"S3OutputPath.$": "States.Format('s3://data/{}', $.job)"},
                "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
            },
            "End": True,
        },
    },
}
PIPELINE: dict[str, Any] = {
    "name": "acme-ml-churn",
    "roleArn": ROLE,
    "artifactStore": {"type": "S3", "location": "acme-artifacts"},
    "pipelineType": "V2",
    "variables": [{"name": "mode", "defaultValue": "apply"}],
    "stages": [
        {
            "name": "Source",
            "actions": [
                {
                    "name": "Bundle",
                    "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
                    "configuration": {"S3Bucket": "acme-artifacts", "S3ObjectKey": "bundles/x.zip"},
                    "outputArtifacts": [{"name": "bundle"}],
                    "namespace": "Source",
                }
            ],
        },
        {
            "name": "dev",
            "actions": [
                {
                    "name": "Plan",
                    "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"},
                    "configuration": {
                        "ProjectName": "acme-ml-plan",
                        "EnvironmentVariables": json.dumps(
                            [{"name": "KEY", "type": "PLAINTEXT", "value": "#{Source.ObjectKey} #{variables.mode}"}]
                        ),
                    },
                    "inputArtifacts": [{"name": "bundle"}],
                    "outputArtifacts": [{"name": "plan"}],
                    "namespace": "dev_plan",
                }
            ],
        },
        {
            "name": "prod",
            "beforeEntry": {
                "conditions": [
                    {
                        "result": "SKIP",
                        "rules": [
                            {
                                "name": "HasChanges",
                                "ruleTypeId": {
                                    "category": "Rule",
                                    "owner": "AWS",
                                    "provider": "VariableCheck",
                                    "version": "1",
                                },
                                "configuration": {"Variable": "#{dev_plan.CHANGES}", "Operator": "NE", "Value": "0"},
                            }
                        ],
                    }
                ]
            },
            "actions": [
                {
                    "name": "Approve",
                    "actionTypeId": {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"},
                    "configuration": {"CustomData": "#{dev_plan.CHANGES} changes"},
                }
            ],
        },
    ],
}
EXPORTED = {"acme-ml-plan": {"CHANGES"}}
BUILDSPEC = {
    "version": 0.2,
    "env": {"shell": "bash", "exported-variables": ["CHANGES"]},
    "phases": {"build": {"commands": ["make plan"]}},
    "artifacts": {"files": ["plan"]},
}
PATTERN = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Training Job State Change"],
    "detail": {"TrainingJobStatus": ["Failed"], "TrainingJobName": [{"prefix": "churn-"}]},
}
DOCUMENT = {
    "ModelCardName": "churn",
    "ModelCardStatus": "Draft",
    "Content": {"ModelOverview": {"ModelName": "churn"}},
}


def at(document: Any, path: str, value: Any) -> Any:
    """Return a copy with a value (or, for DELETED, nothing) at a path of keys and indices."""
    found = copy.deepcopy(document)
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    inner = found
    for part in way:
        inner = inner[part]
    if value is DELETED:
        del inner[last]
    else:
        inner[last] = value
    return found


DELETED = object()


@pytest.mark.parametrize(
    "check",
    [
        lambda: states_language.check(MACHINE, "here"),
        lambda: pipelines.check(PIPELINE, "here", EXPORTED),
        lambda: builds.check(yaml.safe_dump(BUILDSPEC), "here"),
        lambda: events.check_pattern(json.dumps(PATTERN), "here"),
        lambda: cloudformation.check("AWS::SageMaker::ModelCard", DOCUMENT, "eu-west-1", "here"),
    ],
)
def test_definition_without_faults_has_none(check: Callable[[], Any]) -> None:
    # As an API call, a card's content is text; as a document it is a structure.
    assert [finding for finding in check() if "is no text" not in finding.text] == []


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        (
            "States/Transform/Parameters/Transformer",
            1,
            "Parameters.Transformer: CreateTransformJobRequest has no such member",
        ),
        ("States/Transform/Parameters/ModelName", DELETED, "ModelName: is required"),
        ("States/Transform/Parameters/TransformResources/InstanceType", "ml.z9.tiny", "'ml.z9.tiny' is none of"),
        ("States/Transform/Parameters/TransformResources/InstanceCount", "1", "'1' is no number"),
        ("States/Transform/Parameters/MaxPayloadInMB", -1, "-1 are fewer than 0"),
        (
            "States/Transform/Parameters/TransformOutput",
            {"S3OutputPath.$": "States.Format('data/{}', $.job)"},
            "does not match",
        ),
        ("States/Transform/Parameters/DataProcessing", {"InputFilter": "$" * 64}, "64 characters are more than 63"),
        (
            "States/NameTheJob/Output/job",
            "{% '" + "x" * 54 + "' & $substring($hash('a', 'SHA-256'), 0, 10) %}",
            "64 characters are more than 63",
        ),
        ("States/Transform/Resource", "arn:aws:states:::sagemaker:createTransformJobs", "is no API"),
        (
            "States/Transform/Resource",
            "arn:aws:states:::sagemaker:createAutoMLJob",
            "no integration sagemaker:createAutoMLJob",
        ),
        (
            "States/Transform/Resource",
            "arn:aws:states:::aws-sdk:sagemaker:createTransformJob.sync",
            "cannot be waited for",
        ),
        ("States/NameTheJob/Next", "Nowhere", "Nowhere is led to and does not exist"),
        ("States/NameTheJob/Next", DELETED, "nothing follows"),
        ("States/NameTheJob/Parameters", {}, "Parameters is not of its query language"),
        ("States/Transform/Typ", "Task", "'Typ' was unexpected"),
        ("Comment", "x" * 2**20, "is larger than 1048576"),
    ],
)
def test_fault_of_a_state_machine_is_found(path: str, value: Any, finding: str) -> None:
    found = [str(one) for one in states_language.check(at(MACHINE, path, value), "here")]
    assert any(finding in text for text in found), found


_PLAN = "stages/1/actions/0"


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        ("name", "acme ml", "does not match"),
        ("stages", PIPELINE["stages"][:1], "1 stages are not 2 to 50"),
        ("stages/1/name", "Source", "stage Source is there twice"),
        (f"{_PLAN}/configuration/ProjectNames", "x", "CodeBuild has no configuration ProjectNames"),
        (f"{_PLAN}/configuration/ProjectName", DELETED, "CodeBuild needs configuration ProjectName"),
        (f"{_PLAN}/configuration/PrimarySource", "x" * 1001, "1001 characters are more than 1000"),
        (f"{_PLAN}/configuration/EnvironmentVariables", '[{"name": "A", "typ": "x", "value": ""}]', "no such member"),
        (f"{_PLAN}/inputArtifacts", [], "0 input artifacts are not 1 to 5"),
        (f"{_PLAN}/inputArtifacts/0/name", "plan", "nothing before it makes artifact plan"),
        (f"{_PLAN}/outputArtifacts/0/name", "bundle", "artifact bundle is made twice"),
        (f"{_PLAN}/actionTypeId/category", "Deploy", "CodeBuild is of category Build, not Deploy"),
        (f"{_PLAN}/namespace", "Source", "namespace Source is taken"),
        ("stages/0/actions/0/actionTypeId/provider", "S4", "provider S4 is not in"),
        ("stages/2/actions/0/configuration/CustomData", "#{dev_plan.CHANGE}", "the namespace has no such variable"),
        (
            "stages/2/actions/0/configuration/CustomData",
            "#{prod_plan.CHANGES}",
            "no action before it has this namespace",
        ),
        ("stages/2/beforeEntry/conditions/0/rules/0/configuration/Operator", "GT", "Operator is one of"),
        ("stages/2/beforeEntry/conditions/0/rules/0/configuration/Value", DELETED, "VariableCheck takes"),
    ],
)
def test_fault_of_a_pipeline_is_found(path: str, value: Any, finding: str) -> None:
    found = [str(one) for one in pipelines.check(at(PIPELINE, path, value), "here", EXPORTED)]
    assert any(finding in text for text in found), found


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        ("version", 0.3, "0.3 is not one of"),
        ("phases/biuld", {"commands": ["true"]}, "'biuld' was unexpected"),
        ("phases/build/command", ["true"], "'command' was unexpected"),
        ("phases/build/commands", [{"echo a": "b"}], "is not of type 'string'"),
        ("env/exported_variables", [], "'exported_variables' was unexpected"),
        ("env/shell", "zsh", "'zsh' is not one of"),
        ("env/variables", {"CODEBUILD_X": "1"}, "names that begin with CODEBUILD_ are CodeBuild's own"),
        ("artifacts", {"secondary-artifacts": {"plan": {}}}, "'files' is a required property"),
    ],
)
def test_fault_of_a_buildspec_is_found(path: str, value: Any, finding: str) -> None:
    found = [str(one) for one in builds.check(yaml.safe_dump(at(BUILDSPEC, path, value)), "here")]
    assert any(finding in text for text in found), found


def test_environment_of_a_build_beyond_its_limits_is_found() -> None:
    project = {
        "environment": [{"environment_variable": [{"name": "CODEBUILD_ID", "value": "x" * 5500}]}],
        "source": [{"buildspec": ""}],
    }
    found = [finding.text for finding in builds.check_project(project, "here")]
    assert any("CodeBuild's own" in text for text in found)
    assert any("characters of environment are more than 5500" in text for text in found)


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        ("detail_type", ["x"], "an event has no member detail_type"),
        ("detail-type/0", "SageMaker Training Job Changed", "aws.sagemaker has no event"),
        ("detail/TrainingJobStatus/0", "FAILED", "TrainingJobStatus is never 'FAILED'"),
        ("detail/TrainingJobName/0", {"begins-with": "churn-"}, "begins-with is no operator"),
        ("detail/TrainingJobName", "churn", "'churn' is not a list of what matches"),
        ("detail/TrainingJobName", [], "[] is not a list of what matches"),
    ],
)
def test_fault_of_an_event_pattern_is_found(path: str, value: Any, finding: str) -> None:
    found = [str(one) for one in events.check_pattern(json.dumps(at(PATTERN, path, value)), "here")]
    assert any(finding in text for text in found), found


def test_fault_of_an_input_transformer_is_found() -> None:
    transformer = {"input_paths": {"run": "$.detail.name", "other": "detail"}, "input_template": '"<run> <status>"'}
    found = [finding.text for finding in events.check_target({"input_transformer": [transformer]}, "here")]
    assert found == [
        "detail is no path of an event",
        "<status> is in the template and has no path",
        "other has a path and is not in the template",
    ]


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("cron(0 4 ? * MON *)", True),
        ("cron(0/15 8-18 ? * MON-FRI 2026-2030)", True),
        ("cron(0 0 L * ? *)", True),
        ("rate(1 day)", True),
        ("rate(30 days)", True),
        ("at(2030-01-31T09:00:00)", True),
        ("rate(1 days)", False),
        ("rate(5 weeks)", False),
        ("cron(0 4 * * MON *)", False),
        ("cron(0 4 * * *)", False),
        ("cron(60 4 ? * MON *)", False),
        ("cron(0 4 ? * FUN *)", False),
        ("every day", False),
    ],
)
def test_schedule_is_judged(expression: str, fits: bool) -> None:
    assert (list(events.check_schedule(expression, "here")) == []) is fits


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        ("ModelCardNames", "x", "extraneous key [ModelCardNames] is not permitted"),
        ("ModelCardName", DELETED, "required key [ModelCardName] not found"),
        ("ModelCardStatus", "draft", "draft is not a valid enum value"),
        ("ModelCardArn", "arn:x", "is only read: Cloud Control refuses it"),
        ("ModelCardName", "churn model", "does not match"),
    ],
)
def test_fault_of_a_cloud_control_document_is_found(path: str, value: Any, finding: str) -> None:
    changed = at(DOCUMENT, path, value)
    found = [str(one) for one in cloudformation.check("AWS::SageMaker::ModelCard", changed, "eu-west-1", "here")]
    assert any(finding in text for text in found), found


def test_type_that_a_region_lacks_is_found() -> None:
    (finding,) = cloudformation.check("AWS::SageMaker::Frobnicator", {}, "eu-west-1", "here")
    assert finding.text == "eu-west-1 has no type AWS::SageMaker::Frobnicator"
