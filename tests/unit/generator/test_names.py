"""Names: deterministic, within AWS's limits, stable across submits."""

from __future__ import annotations

import json
import re
from pathlib import Path

import botocore
import pytest

from generator import names
from generator.platform import Platform, Stage


def platform(name: str = "acme-ml", region: str = "eu-central-1") -> Platform:
    return Platform(name, region, "111111111111", (Stage("dev", "222222222222", "none"),))


@pytest.mark.parametrize(
    ("suffix", "label", "expected"),
    [
        ("realtime-builtin", "churn", "churn-realtime-builtin"),
        ("realtime-builtin", "  Churn_v2.1 ", "churn-v2-1-realtime-builtin"),
        ("image-builder", "1.0", "1-0-image-builder"),
    ],
)
def test_pipeline_name_comes_from_label_and_type(suffix: str, label: str, expected: str) -> None:
    assert names.pipeline_name(suffix, label) == expected


def test_resource_name_is_whole_when_it_fits() -> None:
    assert names.resource_name(platform(), "dev", "churn-realtime-builtin") == "acme-ml-dev-churn-realtime-builtin"


def test_resource_name_is_shortened_with_a_hash_of_the_whole() -> None:
    long = names.resource_name(platform(), "staging", "customer-lifetime-value-realtime-builtin")
    other = names.resource_name(platform(), "staging", "customer-lifetime-value-realtime-custom")
    assert len(long) <= names.RESOURCE_NAME_LIMIT
    assert re.search(r"-[0-9a-f]{8}$", long)
    assert long != other


def test_every_bucket_name_fits_s3_for_the_longest_prefix_and_region() -> None:
    widest = platform("a" * 20, "ap-northeast-1")
    assert all(len(names.bucket(widest, role)) <= 63 for role in ("state", "assets", "artifacts", "logs"))


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arns_carry_the_partition_of_the_region(region: str, partition: str) -> None:
    arn = names.role_arn(platform(region=region), "222222222222", "deploy")
    assert arn == f"arn:{partition}:iam::222222222222:role/acme-ml-deploy"


def test_partitions_are_those_of_botocore() -> None:
    known = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_bytes())["partitions"]
    for found in known:
        for region in found["regions"]:
            if not region.endswith("-global"):
                expected = (found["id"], found["outputs"]["dnsSuffix"])
                assert (names.partition(region), names.dns_suffix(region)) == expected
    assert {row[1] for row in names.PARTITIONS} == {found["id"] for found in known}


def test_state_keys_are_one_for_each_workspace() -> None:
    assert names.state_key(platform(), "dev", "churn-batch") == "acme-ml/dev/churn-batch/terraform.tfstate"
    assert names.state_key(platform(), "orchestrator") == "acme-ml/orchestrator/terraform.tfstate"


def test_a_boundary_is_the_policy_of_that_name_in_the_roles_own_account() -> None:
    given = "arn:aws-cn:iam::111111111111:policy/teams/boundary"
    assert names.boundary_arn(given, "222222222222") == "arn:aws-cn:iam::222222222222:policy/teams/boundary"
    assert names.boundary_arn("arn:aws:iam::aws:policy/PowerUserAccess", "222222222222") == (
        "arn:aws:iam::aws:policy/PowerUserAccess"
    )
    assert names.boundary_arn(None, "222222222222") is None
