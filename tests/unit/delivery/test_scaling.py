"""Counts of scaled variants that a plan is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.manifest import Manifest
from generator.delivery.plan import plan
from generator.delivery.scaling import count_options
from generator.delivery.settings import Settings
from generator.delivery.terraform import Completed
from generator.delivery.waiting import Site
from tests.fakes_aws import RecordingTerraform, aws_error

from .conftest import state_answers

LIVE = [{"kind": "sagemaker_endpoint", "name": "churn", "autoscaled": ["Champion"]}]
DECLARED = 'variable "live_instance_counts" {\n  type = map(number)\n}\n'


def endpoint(*variants: dict[str, Any]) -> dict[str, Any]:
    return {
        "describe_endpoint": {
            "EndpointName": "churn",
            "EndpointArn": "arn:aws:sagemaker:eu-west-1:111111111111:endpoint/churn",
            "EndpointStatus": "InService",
            "CreationTime": 0,
            "LastModifiedTime": 0,
            "ProductionVariants": list(variants),
        }
    }


SCALED = endpoint(
    {"VariantName": "Champion", "CurrentInstanceCount": 4}, {"VariantName": "Challenger", "CurrentInstanceCount": 2}
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "variables.tf").write_text(DECLARED)
    return tmp_path


def test_plan_is_told_what_scaled_variants_have(site: Callable[..., Site], workspace: Path) -> None:
    options = count_options(LIVE, workspace, site(sagemaker=SCALED))
    assert options == ['-var=live_instance_counts={"Champion": 4}']


def test_nothing_is_asked_where_nothing_scales(site: Callable[..., Site], workspace: Path) -> None:
    items = [{"kind": "sagemaker_endpoint", "name": "churn", "autoscaled": []}, {"kind": "state_machine", "arn": "a"}]
    assert count_options(items, workspace, site()) == []


def test_module_without_the_variable_is_not_told(site: Callable[..., Site], tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text('variable "name" {}\n')
    assert count_options(LIVE, tmp_path, site(sagemaker=SCALED)) == []


def test_endpoint_without_instances_and_one_that_is_gone_have_no_counts(
    site: Callable[..., Site], workspace: Path
) -> None:
    asleep = endpoint({"VariantName": "Champion", "CurrentInstanceCount": 0})
    gone = {"describe_endpoint": aws_error("ValidationException", 'Could not find endpoint "churn".')}
    assert count_options(LIVE, workspace, site(sagemaker=asleep)) == []
    assert count_options(LIVE, workspace, site(sagemaker=gone)) == []


def test_endpoint_that_cannot_be_looked_at_stops_the_plan(site: Callable[..., Site], workspace: Path) -> None:
    refused = {"describe_endpoint": aws_error("AccessDeniedException", "not authorized")}
    with pytest.raises(DeliveryError, match="churn cannot be counted: AccessDeniedException") as caught:
        count_options(LIVE, workspace, site(sagemaker=refused))
    assert "sagemaker:DescribeEndpoint" in caught.value.fix


def test_step_plan_passes_the_counts_on(
    orders: Callable[..., Settings], manifest: Manifest, site: Callable[..., Site]
) -> None:
    def run_plan(*arguments: str) -> Completed:
        next(Path(text.removeprefix("-out=")) for text in arguments if text.startswith("-out=")).write_bytes(b"plan")
        return Completed(2, "")

    settings, stage = orders(), manifest.stage("dev")
    (settings.root / stage.workspace / "variables.tf").write_text(DECLARED)
    fake = RecordingTerraform({"plan": run_plan, "show": json.dumps({"resource_changes": []})})
    plan(settings, manifest, stage, fake, site(s3=state_answers(live=LIVE), sagemaker=SCALED))
    assert '-var=live_instance_counts={"Champion": 4}' in fake.commands[1]
