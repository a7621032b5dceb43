"""What a team's own blueprint asks the platform's roles to be allowed: judged, and rendered for each account."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.contract.report import Report
from generator.errors import GeneratorError
from generator.own_blueprints import parse_definition
from generator.permissions import POLICY_LIMIT, additional_policies, parse_permissions
from generator.platform import Stage

from .contract_cases import platform

TABLE = "arn:$partition:dynamodb:$region:$account_id:table/$name"
ROLE = "arn:$partition:iam::$account_id:role/$name"
KEY = "arn:$partition:kms:$region:$account_id:key/*"
CREATE = {"actions": ["dynamodb:CreateTable"], "resources": [TABLE]}
DESCRIBE = {"actions": ["dynamodb:DescribeTable"], "resources": [TABLE]}


def problems(**declared: Any) -> list[tuple[str, str, str]]:
    """Return (key, code, message) of every problem with a blueprint's permissions."""
    report = Report()
    parse_permissions(declared, report)
    return [(problem.key, problem.code, problem.message) for problem in report.problems]


@pytest.mark.parametrize(
    "statement",
    [
        CREATE,
        {"actions": ["dynamodb:*"], "resources": [TABLE, "arn:$partition:dynamodb:$region:$account_id:table/$name/*"]},
        {"actions": ["s3:CreateBucket"], "resources": ["arn:$partition:s3:::$name-features"]},
        {
            "actions": ["kms:CreateGrant", "kms:DescribeKey"],
            "resources": [KEY],
            "conditions": {"StringEquals": {"kms:ViaService": "dynamodb.$region.amazonaws.com"}},
            "reason": "the key is named by a config",
        },
        {
            "actions": ["ec2:CreateSecurityGroup"],
            "resources": ["*"],
            "conditions": {"StringEquals": {"aws:RequestTag/Project": ["$prefix"]}},
            "reason": "its ARN holds a random id",
        },
        {
            "actions": ["iam:PassRole"],
            "resources": [f"{ROLE}-*"],
            "conditions": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}},
        },
        {
            "actions": ["iam:CreateServiceLinkedRole"],
            "resources": ["arn:$partition:iam::$account_id:role/aws-service-role/es.amazonaws.com/*"],
            "conditions": {"StringEquals": {"iam:AWSServiceName": "es.amazonaws.com"}},
            "reason": "the service's own role",
        },
    ],
    ids=lambda statement: statement["actions"][0],
)
def test_what_stays_within_the_platform_is_taken(statement: dict[str, Any]) -> None:
    assert problems(deploy=[statement]) == []


@pytest.mark.parametrize(
    ("statement", "key", "words"),
    [
        ({"actions": ["iam:*"], "resources": ["*"]}, "actions", '"iam:*" is not for blueprints'),
        ({"actions": ["iam:CreateRole"], "resources": [ROLE]}, "actions", "is not for blueprints"),
        ({"actions": ["sts:AssumeRole"], "resources": [ROLE]}, "actions", "is not for blueprints"),
        ({"actions": ["organizations:LeaveOrganization"], "resources": ["*"]}, "actions", "is not for blueprints"),
        ({"actions": ["iam:PassRole"], "resources": [ROLE]}, "", "hands on more"),
        (
            {
                "actions": ["iam:PassRole"],
                "resources": ["arn:$partition:iam::$account_id:role/*"],
                "conditions": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}},
                "reason": "x",
            },
            "",
            "hands on more",
        ),
        (
            {
                "actions": ["iam:PassRole"],
                "resources": [ROLE],
                "conditions": {"StringLike": {"iam:PassedToService": "*"}},
            },
            "",
            "hands on more",
        ),
        ({"actions": ["dynamodb:CreateTable"], "resources": ["*"], "reason": "x"}, "", "does not belong"),
        (
            {"actions": ["dynamodb:CreateTable"], "resources": [TABLE.replace("$name", "*-$name")], "reason": "x"},
            "",
            "does not belong",
        ),
        ({"actions": ["dynamodb:CreateTable"], "resources": [TABLE, KEY], "reason": "x"}, "", "does not belong"),
        (
            {
                "actions": ["dynamodb:*"],
                "resources": ["*"],
                "conditions": {"StringEquals": {"aws:ResourceTag/Project": "$prefix"}},
                "reason": "x",
            },
            "actions",
            "on what is not named by $name",
        ),
        (
            {
                "actions": ["dynamodb:CreateTable"],
                "resources": ["*"],
                "conditions": {"StringLike": {"aws:ResourceTag/Project": "*"}},
                "reason": "x",
            },
            "",
            "does not belong",
        ),
        (
            {
                "actions": ["kms:CreateGrant", "dynamodb:DeleteTable"],
                "resources": ["*"],
                "conditions": {"StringEquals": {"kms:ViaService": "dynamodb.$region.amazonaws.com"}},
                "reason": "x",
            },
            "",
            "does not belong",
        ),
        ({"actions": ["dynamodb:CreateTable"], "resources": ["table/$name"]}, "resources[0]", "is not an ARN"),
        (
            {"actions": ["dynamodb:CreateTable"], "resources": ["arn:aws:dynamodb:*:*:table/$name"]},
            "resources[0]",
            "is not an ARN of this account",
        ),
        ({"actions": ["dynamodb:CreateTable"], "resources": [f"{TABLE}/$nam"]}, "resources[0]", "names $nam"),
        (
            {**CREATE, "conditions": {"StringEqual": {"aws:RequestTag/Team": "$team"}}},
            "conditions.StringEqual.aws:RequestTag/Team",
            "names $team",
        ),
        ({**CREATE, "conditions": {"Equals": {"aws:RequestTag/Team": "x"}}}, "conditions.Equals", "is no operator"),
    ],
)
def test_what_reaches_further_is_refused(statement: dict[str, Any], key: str, words: str) -> None:
    found = problems(deploy=[DESCRIBE, statement])
    place = f"permissions.deploy[1].{key}" if key else "permissions.deploy[1]"
    assert [code for _, code, _ in found] == ["unsafe-permission"] * len(found)
    assert any(where == place and words in message for where, _, message in found), found


def test_a_wide_resource_says_why() -> None:
    listing = {"actions": ["dynamodb:ListTables"], "resources": ["*"]}
    assert problems(plan=[listing]) == [
        ("permissions.plan[0].reason", "unsafe-permission", "is missing: a resource is not named by $name")
    ]
    assert problems(plan=[{**listing, "reason": "it has no resource level"}]) == []


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("dynamodb:DeleteTable", "is not a read"),
        ("dynamodb:*", "is not a read"),
        ("dynamodb:GetItem", "reads data or secrets"),
        ("dynamodb:Get*", "reads data or secrets"),
        ("secretsmanager:GetSecretValue", "reads data or secrets"),
        ("secretsmanager:Get*", "reads data or secrets"),
        ("s3:GetObjectVersion", "reads data or secrets"),
        ("s3:Get*", "reads data or secrets"),
    ],
)
def test_planning_reads_settings_and_nothing_else(action: str, words: str) -> None:
    (found,) = problems(plan=[{"actions": [action], "resources": [TABLE]}])
    assert found[0] == "permissions.plan[0].actions"
    assert words in found[2]


def test_a_statement_of_another_form_is_explained() -> None:
    found = problems(deploy=[{"actions": ["CreateTable"], "Resource": "*"}], read=[])
    assert {key for key, _, _ in found} == {
        "permissions.deploy[0].actions[0]",
        "permissions.deploy[0].Resource",
        "permissions.read",
    }


def own_type(**changes: Any) -> Any:
    definition = {
        "pipeline_type": "acme_table",
        "summary": "x",
        "schema": {"type": "object", "properties": {}},
        "permissions": {"deploy": [CREATE], "plan": [DESCRIBE]},
        **changes,
    }
    found, wrong = parse_definition(definition, Path("acme_table"))
    assert found is not None, wrong
    return found


def statements(policies: dict[str, dict[str, str]], role: str) -> list[dict[str, Any]]:
    return [
        statement for text in policies.get(role, {}).values() for statement in json.loads(text)["Statement"]
    ]


def test_each_account_gets_what_its_own_stages_need() -> None:
    where = platform("dev", "staging", "prod", region="eu-west-1")
    policies = additional_policies([own_type()], where, "333333333333")
    table = "arn:aws:dynamodb:eu-west-1:333333333333:table/acme-ml-staging-*"
    describe = {
        "Sid": "AcmeTablePlan0",
        "Effect": "Allow",
        "Action": ["dynamodb:DescribeTable"],
        "Resource": [table],
    }
    assert statements(policies, "plan") == [describe]
    create = {**describe, "Sid": "AcmeTableDeploy0", "Action": ["dynamodb:CreateTable"]}
    assert statements(policies, "deploy") == [describe, create]
    assert additional_policies([own_type()], where, where.orchestrator_account_id) == {}


def test_stages_that_share_an_account_are_named_one_by_one() -> None:
    where = platform("dev", "prod", region="cn-north-1", shared_account=True)
    (statement,) = statements(additional_policies([own_type()], where, "111111111111"), "plan")
    assert statement["Resource"] == [
        f"arn:aws-cn:dynamodb:cn-north-1:111111111111:table/acme-ml-{stage}-*" for stage in ("dev", "prod")
    ]


def test_what_runs_in_the_orchestrator_account_is_allowed_there_alone() -> None:
    where = platform("dev")
    once = own_type(runs_in="orchestrator")
    (statement,) = statements(additional_policies([once], where, "111111111111"), "plan")
    assert statement["Resource"] == ["arn:aws:dynamodb:eu-west-1:111111111111:table/acme-ml-orchestrator-*"]
    assert additional_policies([once], where, "222222222222") == {}


def test_names_that_are_shortened_are_reached_as_well() -> None:
    where = replace(platform(), name="a" * 20, stages=(Stage("s" * 20, "222222222222"),))
    (statement,) = statements(additional_policies([own_type()], where, "222222222222"), "plan")
    assert statement["Resource"] == [f"arn:aws:dynamodb:eu-west-1:222222222222:table/{'a' * 20}-{'s' * 14}*"]


def test_conditions_are_rendered_and_iam_s_own_variables_stay() -> None:
    condition = {"StringEquals": {"aws:RequestTag/Project": "$prefix", "aws:RequestTag/Who": "${aws:username}"}}
    statement = {**CREATE, "resources": [f"{TABLE}*"], "conditions": condition}
    policies = additional_policies([own_type(permissions={"deploy": [statement]})], platform("dev"), "222222222222")
    (found,) = statements(policies, "deploy")
    assert found["Condition"] == {
        "StringEquals": {"aws:RequestTag/Project": ["acme-ml"], "aws:RequestTag/Who": ["${aws:username}"]}
    }
    assert found["Resource"] == ["arn:aws:dynamodb:eu-west-1:222222222222:table/acme-ml-dev-*"]


def many(count: int) -> list[dict[str, Any]]:
    actions = [f"dynamodb:Create{letter * 60}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    return [{"actions": actions, "resources": [TABLE]} for _ in range(count)]


def test_many_statements_share_policies_as_far_as_iam_takes_them() -> None:
    kind = own_type(permissions={"deploy": many(6)})
    policies = additional_policies([kind], platform("dev"), "222222222222")["deploy"]
    assert list(policies) == ["blueprints-1", "blueprints-2", "blueprints-3"]
    assert all(len(text) <= POLICY_LIMIT for text in policies.values())
    with pytest.raises(GeneratorError, match="room for 4"):
        additional_policies([own_type(permissions={"deploy": many(11)})], platform("dev"), "222222222222")
