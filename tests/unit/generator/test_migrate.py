"""Moving over from the AWS solution: its stack and configs become ours, and the report says what differs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.errors import GeneratorError
from generator.load import load_text
from generator.migrate import migrate
from generator.platform import Platform, parse_platform
from generator.request import validate

from .contract_cases import REGISTRY, examples

MULTI = {
    "NotificationEmail": "ml@example.com",
    "ConfigS3Bucket": "acme-configs",
    "ExistingS3Bucket": "",
    "ExistingECRRepo": "",
    "UseModelRegistry": "No",
    "CreateModelRegistry": "Yes",
    "AllowDetailedErrorMessage": "No",
    "DelegatedAdminAccount": "Yes",
    "DevAccountId": "222222222222",
    "DevOrgId": "ou-abcd-11111111",
    "StagingAccountId": "333333333333",
    "StagingOrgId": "ou-abcd-22222222",
    "ProdAccountId": "444444444444",
    "ProdOrgId": "ou-abcd-33333333",
}
SINGLE = {key: value for key, value in MULTI.items() if not key.startswith(("Dev", "Staging", "Prod", "Delegated"))}
OUTPUTS = {
    "AssetsBucket": "https://s3.console.aws.amazon.com/s3/buckets/mlops-assets-8069ce43?region=eu-west-1",
    "ECRRepoName": "mlops-ecr-abc",
    "ModelRegistryArn": "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/mlops-model-registry-0a1b2c3d",
}


def stack(parameters: dict[str, str], outputs: dict[str, str] | None = None, name: str = "MLOps-Orchestrator") -> bytes:
    return json.dumps(
        {
            "Stacks": [
                {
                    "StackName": name,
                    "StackId": f"arn:aws:cloudformation:eu-west-1:111111111111:stack/{name}/0a1b",
                    "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                    "Outputs": [
                        {"OutputKey": key, "OutputValue": value} for key, value in (outputs or OUTPUTS).items()
                    ],
                }
            ]
        }
    ).encode()


def platform_of(files: dict[str, bytes]) -> Platform:
    (document,) = load_text(files["platform.yaml"], name="platform.yaml").documents
    found, problems = parse_platform(document.value)
    assert problems == []
    assert found is not None
    return found


def test_a_multi_account_stack_becomes_three_stages_with_approvals() -> None:
    found = platform_of(migrate(stack(MULTI), []).files)

    assert (found.name, found.region, found.orchestrator_account_id) == (
        "mlops-orchestrator",
        "eu-west-1",
        "111111111111",
    )
    assert [(stage.name, stage.account_id, stage.approval) for stage in found.stages] == [
        ("dev", "222222222222", "none"),
        ("staging", "333333333333", "manual"),
        ("prod", "444444444444", "manual"),
    ]
    assert found.stages[2].organizational_unit_id == "ou-abcd-33333333"
    assert found.options.notification_emails == ("ml@example.com",)
    assert found.options.config_bucket == "acme-configs"
    assert found.options.existing_assets_bucket == "mlops-assets-8069ce43"
    assert found.options.existing_ecr_repository == "mlops-ecr-abc"
    assert found.options.create_model_package_group is True
    assert found.options.allow_detailed_error_messages is False


def test_a_single_account_stack_becomes_one_stage_in_the_same_account() -> None:
    found = platform_of(migrate(stack({**SINGLE, "ExistingS3Bucket": "my-own-bucket"}), []).files)

    assert [(stage.name, stage.account_id, stage.approval) for stage in found.stages] == [
        ("prod", "111111111111", "none")
    ]
    assert found.options.existing_assets_bucket == "my-own-bucket"


@pytest.mark.parametrize("name", ["x", "1-stack", "A" * 60, "a--b", "Über-Stack"])
def test_any_stack_name_gives_a_valid_prefix(name: str) -> None:
    assert platform_of(migrate(stack(MULTI, name=name), []).files).name


def test_configs_are_copied_unchanged_and_are_valid_on_the_new_platform() -> None:
    given = [
        (f"{kind}-{name}.json", json.dumps(config).encode())
        for kind, name, registry, config in examples()
        if not registry and "kms_key_arn" not in config
    ]
    result = migrate(stack(MULTI), given)
    where = platform_of(result.files)
    copied = [json.loads(content) for path, content in result.files.items() if path.startswith("configs/")]

    assert len(copied) == len(given)
    for _, content in given:
        assert json.loads(content) in copied
    for config in copied:
        assert validate(config, where, REGISTRY)[1] == []
    assert result.files["report.md"].decode() == result.report


def test_the_report_says_what_needs_a_hand_and_what_differs() -> None:
    realtime = next(config for kind, name, _, config in examples() if kind == "byom_realtime_builtin")
    files = [
        ("a.json", json.dumps([realtime, {**realtime, "model_name": "churn"}]).encode()),
        ("b.json", b'{"pipeline_type": "byom_realtime_builtin", "training_data": "x"}'),
        ("c.json", b"{"),
        ("d.json", b'{"pipeline_type": "list_model_cards"}'),
    ]
    report = migrate(stack(MULTI), files).report

    assert "pipeline `churn-realtime-builtin`" in report
    assert "asks for pipeline `churn-realtime-builtin`" in report
    assert "[unknown-key]" in report
    assert "`c.json`: ends before it is complete" in report
    assert "model-card operation" in report
    assert "delete the old pipeline's stack" in report
    assert "mlops-model-registry-0a1b2c3d" in report
    assert "Remove the old stack's notification" in report


def test_keys_that_had_no_effect_are_left_out_and_named() -> None:
    realtime = next(config for kind, _, _, config in examples() if kind == "byom_realtime_builtin")
    given = {**realtime, "training_data": "train.csv", "endpoint_nam": "mine", "kms_key_arn": ""}
    del given["endpoint_name"]
    result = migrate(None, [("a.json", json.dumps(given).encode())])
    (copied,) = [json.loads(content) for path, content in result.files.items() if path.startswith("configs/")]

    assert copied == {key: value for key, value in given.items() if key not in ("training_data", "endpoint_nam")}
    assert "`training_data` is left out" in result.report
    assert "`endpoint_nam` is left out" in result.report
    assert 'did you mean "endpoint_name"?' in result.report
    assert "pipeline `churn-realtime-builtin`" in result.report


def test_a_misspelt_required_key_is_left_to_the_user() -> None:
    realtime = next(config for kind, _, _, config in examples() if kind == "byom_realtime_builtin")
    given = {("modle_name" if key == "model_name" else key): value for key, value in realtime.items()}
    result = migrate(None, [("a.json", json.dumps(given).encode())])

    assert given in [json.loads(content) for path, content in result.files.items() if path.startswith("configs/")]
    assert 'did you mean "model_name"?' in result.report


def test_configs_alone_can_be_moved_over_too() -> None:
    result = migrate(None, [("a.json", b'{"pipeline_type": "list_model_cards"}')])

    assert set(result.files) == {"report.md"}


@pytest.mark.parametrize(
    "description",
    [
        b"",
        b"{",
        b"[]",
        b'{"Stacks": []}',
        b'{"Stacks": [{"StackName": "other", "Parameters": []}]}',
        b'{"Stacks": [{"Parameters": [{"ParameterKey": "UseModelRegistry", "ParameterValue": "No"}]}]}',
        b'{"Stacks": "x"}',
    ],
)
def test_another_description_is_refused(description: bytes) -> None:
    with pytest.raises(GeneratorError):
        migrate(description, [])


def test_missing_accounts_are_left_to_the_user() -> None:
    parameters: dict[str, Any] = {**MULTI, "ProdAccountId": ""}

    assert "`stages[2].account_id` is empty" in migrate(stack(parameters), []).report
