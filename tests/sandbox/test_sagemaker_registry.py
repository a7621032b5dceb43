"""The Model Registry: versions, approval, metadata, events, and sharing with other accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_world import EXAMPLE, IMAGE, World


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> World:
    world = World(connect, account)
    world.put("models/model.tar.gz", (EXAMPLE / "model.tar.gz").read_bytes())
    world.sm.create_model_package_group(ModelPackageGroupName="churn", ModelPackageGroupDescription="d")
    return world


def register(world: World, **more: Any) -> str:
    specification = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": world.uri("models/model.tar.gz")}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    answer = world.sm.create_model_package(ModelPackageGroupName="churn", InferenceSpecification=specification, **more)
    return str(answer["ModelPackageArn"])


def test_versions_count_up_and_wait_for_approval(world: World) -> None:
    first, second = register(world), register(world)

    assert (first[-7:], second[-7:]) == ("churn/1", "churn/2")
    package = world.sm.describe_model_package(ModelPackageName=second)
    assert package["ModelPackageVersion"] == 2
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    container = package["InferenceSpecification"]["Containers"][0]
    assert container["ImageDigest"].startswith("sha256:")
    head = world.s3.head_object(Bucket=world.bucket, Key="models/model.tar.gz")
    assert container["ModelDataETag"] == head["ETag"].strip('"')


def test_a_deleted_version_is_not_counted_again(world: World) -> None:
    world.sm.delete_model_package(ModelPackageName=register(world))

    assert register(world).endswith("churn/2")


def test_approval_and_metadata_are_updated_in_place(world: World) -> None:
    arn = register(world, CustomerMetadataProperties={"run": "1", "old": "x"})

    world.sm.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="looks good",
        CustomerMetadataProperties={"run": "2"},
        CustomerMetadataPropertiesToRemove=["old"],
    )

    package = world.sm.describe_model_package(ModelPackageName=arn)
    assert package["ModelApprovalStatus"] == "Approved"
    assert package["ApprovalDescription"] == "looks good"
    assert package["CustomerMetadataProperties"] == {"run": "2"}
    listed = world.sm.list_model_packages(ModelPackageGroupName="churn", ModelApprovalStatus="Approved")
    assert [item["ModelPackageArn"] for item in listed["ModelPackageSummaryList"]] == [arn]


def test_the_same_client_token_registers_once(world: World) -> None:
    assert register(world, ClientToken="abc") == register(world, ClientToken="abc")


def test_a_group_goes_only_when_it_is_empty(world: World) -> None:
    arn = register(world)

    with pytest.raises(ClientError) as caught:
        world.sm.delete_model_package_group(ModelPackageGroupName="churn")
    assert caught.value.response["Error"]["Code"] == "ConflictException"

    world.sm.delete_model_package(ModelPackageName=arn)
    world.sm.delete_model_package_group(ModelPackageGroupName="churn")
    with pytest.raises(ClientError, match="does not exist"):
        world.sm.describe_model_package_group(ModelPackageGroupName="churn")


def test_a_model_is_made_of_a_package(world: World) -> None:
    arn = register(world)
    world.model("packaged", PrimaryContainer={"ModelPackageName": arn})
    world.config("packaged", "packaged")

    endpoint = world.endpoint("packaged", "packaged")

    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"] == IMAGE


def test_another_account_reads_a_package_only_by_the_groups_policy(
    world: World, connect: Callable[..., Any], other_account: str
) -> None:
    arn = register(world)
    stranger = connect("sagemaker", other_account)
    with pytest.raises(ClientError) as caught:
        stranger.describe_model_package(ModelPackageName=arn)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"

    statement = {
        "Sid": "Read",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{other_account}:root"},
        "Action": ["sagemaker:DescribeModelPackage"],
        "Resource": f"arn:aws:sagemaker:eu-central-1:{world.account}:model-package/churn/*",
    }
    world.sm.put_model_package_group_policy(
        ModelPackageGroupName="churn",
        ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )

    assert stranger.describe_model_package(ModelPackageName=arn)["ModelPackageVersion"] == 1


def test_another_account_deploys_a_package_with_the_right_to_make_models(
    world: World, connect: Callable[..., Any], other_account: str
) -> None:
    arn = register(world)
    stage = World(connect, other_account)
    world.s3.put_bucket_policy(Bucket=world.bucket, Policy=json.dumps(shared(other_account, "s3:*", "", world.bucket)))
    stage.allow("execution", ["s3:GetObject", "s3:ListBucket"], "*")
    packages = f"arn:aws:sagemaker:eu-central-1:{world.account}:model-package/churn/*"
    policy = shared(other_account, "sagemaker:CreateModel", packages)
    with pytest.raises(ClientError, match="no resource-based policy allows the sagemaker:CreateModel"):
        stage.model("packaged", PrimaryContainer={"ModelPackageName": arn})

    world.sm.put_model_package_group_policy(ModelPackageGroupName="churn", ResourcePolicy=json.dumps(policy))

    stage.model("packaged", PrimaryContainer={"ModelPackageName": arn})
    stage.config("packaged", "packaged")
    assert stage.endpoint("packaged", "packaged")["EndpointStatus"] == "InService"


def shared(account: str, action: str, resource: str, bucket: str = "") -> dict[str, Any]:
    """Return a policy by which an account may do something with a resource, or with a bucket and what is in it."""
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"] if bucket else [resource]
    statement = {
        "Sid": "Share",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": action,
        "Resource": resources,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_a_groups_policy_can_be_read_and_deleted(world: World) -> None:
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        world.sm.get_model_package_group_policy(ModelPackageGroupName="churn")
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    world.sm.put_model_package_group_policy(ModelPackageGroupName="churn", ResourcePolicy=policy)

    assert world.sm.get_model_package_group_policy(ModelPackageGroupName="churn")["ResourcePolicy"] == policy

    world.sm.delete_model_package_group_policy(ModelPackageGroupName="churn")
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        world.sm.get_model_package_group_policy(ModelPackageGroupName="churn")
