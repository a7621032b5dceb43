"""What a build is told: its environment and the bundle's manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.manifest import load_manifest
from generator.delivery.settings import plan_folder, read_settings


def test_manifest_is_read(bundle: Path) -> None:
    manifest = load_manifest(bundle)
    assert [stage.name for stage in manifest.stages] == ["dev", "prod"]
    assert manifest.stage("prod").account_id == "444444444444"
    assert manifest.role_arn("222222222222", "plan") == "arn:aws:iam::222222222222:role/acme-ml-plan"


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("me-south-1", "aws")],
)
def test_role_arn_is_in_the_partition_of_the_region(bundle: Path, region: str, partition: str) -> None:
    document = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps({**document, "region": region}))
    assert load_manifest(bundle).role_arn("222222222222", "deploy").startswith(f"arn:{partition}:iam::")


def test_unknown_stage_names_those_there_are(bundle: Path) -> None:
    with pytest.raises(DeliveryError, match=r"no stage 'qa'; it has dev, prod"):
        load_manifest(bundle).stage("qa")


def test_manifest_is_refused_when_a_bundled_file_was_changed(bundle: Path) -> None:
    (bundle / "environments/dev/churn-realtime-builtin/backend.tf.json").write_text("{}")
    with pytest.raises(DeliveryError, match=r"dev/churn-realtime-builtin/backend\.tf\.json is not what was bundled"):
        load_manifest(bundle)


def test_manifest_is_refused_when_a_bundled_file_is_missing(bundle: Path) -> None:
    (bundle / "environments/prod/churn-realtime-builtin/backend.tf.json").unlink()
    with pytest.raises(DeliveryError, match=r"prod/churn-realtime-builtin/backend\.tf\.json is missing"):
        load_manifest(bundle)


def test_manifest_of_another_format_is_refused(bundle: Path) -> None:
    document = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps({**document, "format": 2}))
    with pytest.raises(DeliveryError, match="format 2"):
        load_manifest(bundle)


def test_mode_is_apply_unless_told_otherwise(tmp_path: Path) -> None:
    assert read_settings({}, tmp_path).mode == "apply"
    assert read_settings({"MODE": "destroy"}, tmp_path).mode == "destroy"
    with pytest.raises(DeliveryError, match="MODE is 'remove'"):
        read_settings({"MODE": "remove"}, tmp_path)


def test_digest_comes_from_the_bundle_key(tmp_path: Path) -> None:
    key = f"bundles/churn/{'0a' * 32}.zip"
    assert read_settings({"BUNDLE_KEY": key}, tmp_path).digest == "0a" * 32


def _artifact(folder: Path) -> Path:
    folder.mkdir()
    (folder / "tfplan").write_bytes(b"plan")
    return folder


def test_plan_folder_is_the_input_named_after_the_stage(tmp_path: Path) -> None:
    dev, prod = _artifact(tmp_path / "dev"), _artifact(tmp_path / "prod")
    environ = {"STAGE": "prod", "CODEBUILD_SRC_DIR_dev_plan": str(dev), "CODEBUILD_SRC_DIR_prod_plan": str(prod)}
    assert plan_folder(read_settings(environ, tmp_path)) == prod


def test_plan_folder_is_the_only_input_with_a_plan_whatever_its_name(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    folder = _artifact(tmp_path / "pre-prod")
    environ = {
        "STAGE": "pre-prod",
        "CODEBUILD_SRC_DIR_bundle": str(other),
        "CODEBUILD_SRC_DIR_pre_prod_plan": str(folder),
    }
    assert plan_folder(read_settings(environ, tmp_path)) == folder


def test_plan_folder_is_refused_when_no_input_has_a_plan(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="no input of this build holds the saved plan of stage dev"):
        plan_folder(read_settings({"STAGE": "dev"}, tmp_path))
