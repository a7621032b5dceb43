"""The platform file: every option of the AWS solution and ours, and every mistake at once."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from generator import workspaces
from generator.names import RESERVED_STAGE_NAMES
from generator.platform import Options, Platform, Stage, default_platform, parse_platform
from generator.project import source_root
from generator.structure import ACCOUNT_MODULE, ROOT_MODULE

from . import hcl_types

MINIMAL: dict[str, Any] = {
    "name": "acme-ml",
    "region": "eu-central-1",
    "orchestrator_account_id": "111111111111",
    "stages": [{"name": "dev", "account_id": "222222222222"}],
}


def parsed(**changes: Any) -> Platform:
    platform, problems = parse_platform({**MINIMAL, **changes})
    assert problems == []
    assert platform is not None
    return platform


def faults(document: Any) -> list[tuple[str, str]]:
    platform, problems = parse_platform(document)
    assert platform is None
    return [(problem.key, problem.code) for problem in problems]


def test_stages_keep_their_order_and_all_but_the_first_ask_for_approval() -> None:
    names = ["try", "dev", "staging", "canary", "prod"]
    stages = [{"name": name, "account_id": "222222222222"} for name in names]
    stages[3]["approval"] = "none"

    found = parsed(stages=stages).stages

    assert [stage.name for stage in found] == names
    assert [stage.approval for stage in found] == ["none", "manual", "manual", "none", "manual"]


def test_every_option_is_taken() -> None:
    options = {
        "notification_emails": ["a@example.com", "b@example.com"],
        "use_model_registry": "Yes",
        "create_model_package_group": "No",
        "model_package_groups": ["churn", "fraud"],
        "existing_assets_bucket": "acme-assets",
        "existing_ecr_repository": "team/algorithms",
        "config_bucket": "acme-configs",
        "git_source": {
            "repository": "acme/ml",
            "branch": "main",
            "paths": ["configs/**/*.json"],
            "connection_arn": (
                "arn:aws:codeconnections:eu-central-1:111111111111:connection/01234567-89ab-cdef-0123-456789abcdef"
            ),
        },
        "allow_detailed_error_messages": "No",
        "kms_key_arn": "arn:aws:kms:eu-central-1:111111111111:key/1234",
        "vpc": {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]},
        "permissions_boundary_arn": "arn:aws:iam::111111111111:policy/boundary",
        "external_id": "secret-id",
        "shared_account_ids": [999999999999],
        "account_access_role": None,
        "operator_principal_arns": ["arn:aws:iam::111111111111:role/ml-operators", "arn:aws:iam::111111111111:user/*"],
        "operations": {
            "api_rate_limit": "50",
            "api_burst_limit": 100,
            "artifact_expiry_days": 30,
            "build_timeout_minutes": 480,
            "config_trigger": "eventbridge",
            "lambda_memory_mb": 1024,
            "lambda_timeout_seconds": 60,
            "log_retention_days": 30,
            "manage_api_gateway_log_role": "False",
        },
        "tags": {"cost-centre": 42},
    }

    platform = parsed(options=options)
    found = platform.options

    assert found.notification_emails == ("a@example.com", "b@example.com")
    assert found.use_model_registry is True
    assert found.create_model_package_group is False
    assert found.allow_detailed_error_messages is False
    assert found.shared_account_ids == ("999999999999",)
    assert found.account_access_role is None
    assert found.tags == {"cost-centre": "42"}
    assert found.git_source is not None
    assert found.git_source["branch"] == "main"
    assert found.operations["api_rate_limit"] == 50
    assert options.keys() == {field.name for field in fields(Options)}
    # Terraform drops what an object type does not have: such an option would be without effect.
    for module, variables in (
        (ROOT_MODULE, workspaces.orchestrator_variables(platform, "package.zip")),
        (ACCOUNT_MODULE, workspaces.account_variables(platform, platform.stages[0])),
    ):
        declared = hcl_types.variables(source_root() / module / "variables.tf")
        for name, value in variables.items():
            assert hcl_types.faults(json.loads(json.dumps(value)), declared[name][0], name) == []


def test_limits_and_operators_reach_the_workspaces() -> None:
    operator = "arn:aws:iam::111111111111:role/ml-operators"
    operations = {"log_retention_days": 30, "manage_api_gateway_log_role": False}
    platform = parsed(options={"operations": operations, "operator_principal_arns": [operator]})

    home = workspaces.orchestrator_variables(platform, "package.zip")
    account = workspaces.account_variables(platform, platform.stages[0])
    assert home["operations"] == operations
    assert account["manage_api_gateway_log_role"] is False
    assert list(home["operator_principal_arns"]) == list(account["operator_principal_arns"]) == [operator]
    assert parsed(options={"operator_principal_arns": []}).options.operator_principal_arns == ()
    assert workspaces.account_variables(parsed(), parsed().stages[0])["operator_principal_arns"] is None


def test_the_parameters_of_the_aws_solution_are_accepted_as_names() -> None:
    found = parsed(
        options={
            "notification_email": "a@example.com",
            "config_s3_bucket": "acme-configs",
            "existing_s3_bucket": "acme-assets",
            "existing_ecr_repo": "algorithms",
            "create_model_registry": "Yes",
            "allow_detailed_error_message": "No",
        }
    ).options

    assert found.notification_emails == ("a@example.com",)
    assert found.config_bucket == "acme-configs"
    assert found.existing_assets_bucket == "acme-assets"
    assert found.existing_ecr_repository == "algorithms"
    assert found.create_model_package_group is True
    assert found.allow_detailed_error_messages is False


def test_account_ids_may_be_numbers_and_schema_lines_are_for_editors() -> None:
    found = parsed(orchestrator_account_id=111111111111, **{"$schema": "x.json"})

    assert found.orchestrator_account_id == "111111111111"


@pytest.mark.parametrize(
    "region",
    ["us-east-1", "af-south-1", "me-central-1", "il-central-1", "mx-central-1", "us-gov-west-1", "us-iso-east-1"],
)
def test_no_region_is_forgotten(region: str) -> None:
    assert parsed(region=region).region == region


@pytest.mark.parametrize("key", MINIMAL)
def test_a_missing_key_is_exactly_one_problem(key: str) -> None:
    document = {name: value for name, value in MINIMAL.items() if name != key}

    assert faults(document) == [(key, "missing-key")]


def test_every_problem_is_told_at_once() -> None:
    document = {
        "name": "Acme ML",
        "regoin": "eu-central-1",
        "orchestrator_account_id": "1111",
        "stages": [
            {"name": "dev", "account_id": "222222222222"},
            {"name": "dev", "account_id": 33},
            {"name": "account", "account_id": "444444444444", "approval": "maybe"},
            {"account_id": "555555555555"},
            "prod",
        ],
        "options": {"notification_emails": ["nobody"], "use_model_registery": True, "tags": {"aws:x": "y"}, "vpc": {}},
    }

    assert sorted(faults(document)) == [
        ("name", "bad-platform-name"),
        ("options.notification_emails[0]", "bad-format"),
        ("options.tags.aws:x", "bad-tag"),
        ("options.use_model_registery", "unknown-key"),
        ("options.vpc.security_group_ids", "missing-key"),
        ("options.vpc.subnet_ids", "missing-key"),
        ("orchestrator_account_id", "bad-format"),
        ("regoin", "unknown-key"),
        ("stages[1].account_id", "bad-format"),
        ("stages[1].name", "repeated"),
        ("stages[2].approval", "not-allowed"),
        ("stages[2].name", "bad-stage-name"),
        ("stages[3].name", "missing-key"),
        ("stages[4]", "wrong-type"),
    ]


@pytest.mark.parametrize("name", sorted(RESERVED_STAGE_NAMES))
def test_reserved_stage_names_are_refused(name: str) -> None:
    assert faults({**MINIMAL, "stages": [{"name": name, "account_id": "222222222222"}]}) == [
        ("stages[0].name", "bad-stage-name")
    ]


@pytest.mark.parametrize("document", [None, 3, "x", [], [MINIMAL]])
def test_what_is_no_object_is_refused(document: Any) -> None:
    assert faults(document) == [("", "not-an-object")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"stages": []}, ("stages", "too-few")),
        (
            {"options": {"kms_key_arn": "arn:aws:kms:us-east-1:111111111111:key/1"}},
            ("options.kms_key_arn", "arn-region"),
        ),
        (
            {"options": {"operations": {"lambda_memory_mb": 64}}},
            ("options.operations.lambda_memory_mb", "out-of-range"),
        ),
        ({"options": {"operations": {"log_days": 30}}}, ("options.operations.log_days", "unknown-key")),
        ({"options": {"operator_principal_arns": ["me"]}}, ("options.operator_principal_arns[0]", "bad-arn")),
        ({"options": {"kms_key_arn": "alias/key"}}, ("options.kms_key_arn", "bad-kms-key")),
        ({"options": {"git_source": {"repository": "acme/ml"}}}, ("options.git_source", "missing-key")),
        (
            {"options": {"config_s3_bucket": "a-b-c", "config_bucket": "a-b-c"}},
            ("options.config_bucket", "repeated-key"),
        ),
        ({"name": "a--b"}, ("name", "bad-platform-name")),
        ({"region": "Frankfurt"}, ("region", "bad-region")),
        ({"blueprints": "x"}, ("blueprints", "wrong-type")),
    ],
)
def test_a_mistake_is_told_at_its_key(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert faults({**MINIMAL, **changes}) == [expected]


def test_the_default_platform_has_three_stages_and_makes_its_accounts_up() -> None:
    platform = default_platform()

    assert [stage.name for stage in platform.stages] == ["dev", "staging", "prod"]
    assert platform.assumed
    assert platform.stage("staging") == Stage("staging", "000000000002", "manual")
    with pytest.raises(KeyError):
        platform.stage("test")
