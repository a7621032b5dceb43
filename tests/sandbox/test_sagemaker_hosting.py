"""Models, endpoint configurations and endpoints as AWS has them, and as Terraform needs to read them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_world import IMAGE, World, wait

from sandbox import control


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> World:
    return World(connect, account)


@pytest.fixture
def slow(sandbox: control.Running) -> Iterator[None]:
    """Endpoints take their time and Describe does not wait for them."""
    sandbox.request("sagemaker/settings", {"endpoint_seconds": 0.6, "patience_seconds": 0})
    yield
    sandbox.request("sagemaker/settings", {"endpoint_seconds": 0.2, "patience_seconds": 1})


def refused(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return str(caught.value.response["Error"]["Message"])


def test_a_model_is_described_as_it_was_created(world: World) -> None:
    world.model(EnableNetworkIsolation=True)

    model = world.sm.describe_model(ModelName="model")

    assert model["EnableNetworkIsolation"] is True
    assert model["PrimaryContainer"]["Mode"] == "SingleModel"
    assert "VpcConfig" not in model
    assert "Containers" not in model


def test_a_model_of_several_containers_keeps_its_execution_mode(world: World) -> None:
    url = world.put("m.tar.gz", b"x")
    containers = [{"ContainerHostname": name, "Image": IMAGE, "ModelDataUrl": url} for name in ("a", "b")]
    world.sm.create_model(
        ModelName="pipeline",
        ExecutionRoleArn=world.role,
        Containers=containers,
        InferenceExecutionConfig={"Mode": "Direct"},
        VpcConfig={"Subnets": ["subnet-12345678"], "SecurityGroupIds": ["sg-12345678"]},
    )

    model = world.sm.describe_model(ModelName="pipeline")

    assert [c["ContainerHostname"] for c in model["Containers"]] == ["a", "b"]
    assert model["InferenceExecutionConfig"] == {"Mode": "Direct"}
    assert model["VpcConfig"]["Subnets"] == ["subnet-12345678"]
    assert "PrimaryContainer" not in model


def test_every_broken_constraint_of_a_request_is_reported_at_once(world: World) -> None:
    message = refused(
        world.sm.create_model,
        ModelName="under_score",
        ExecutionRoleArn="a role, at least twenty long",
        PrimaryContainer={"Image": IMAGE},
    )

    assert message.startswith("2 validation errors detected: ")
    assert "Value 'under_score' at 'modelName' failed to satisfy constraint: Member must satisfy" in message
    assert "; Value 'a role, at least twenty long' at 'executionRoleArn' failed to satisfy" in message


def test_a_model_without_its_artifact_is_refused(world: World) -> None:
    missing = world.uri("nothing.tar.gz")

    message = refused(
        world.sm.create_model,
        ModelName="m",
        ExecutionRoleArn=world.role,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": missing},
    )

    assert message == f"Could not find model data at {missing}."


def test_a_role_that_may_not_read_the_artifact_is_refused(world: World) -> None:
    url = world.put("m.tar.gz", b"x")
    blind = world.make_role("blind")

    message = refused(
        world.sm.create_model,
        ModelName="m",
        ExecutionRoleArn=blind,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": url},
    )

    assert message.startswith(f'Could not access model data at {url}. Please ensure that the role "{blind}"')


def test_a_role_that_does_not_trust_sagemaker_is_refused(world: World) -> None:
    stranger = world.make_role("stranger", service="lambda.amazonaws.com")

    message = refused(
        world.sm.create_model,
        ModelName="m",
        ExecutionRoleArn=stranger,
        PrimaryContainer={"Image": IMAGE},
    )

    assert message.startswith(f'The execution role ARN "{stranger}" is invalid.')


def test_an_image_of_the_account_must_be_in_its_registry(world: World) -> None:
    image = f"{world.account}.dkr.ecr.eu-central-1.amazonaws.com/churn:1"

    message = refused(
        world.sm.create_model, ModelName="m", ExecutionRoleArn=world.role, PrimaryContainer={"Image": image}
    )

    assert message == f"Requested image {image} not found."


def test_an_endpoint_configuration_invents_nothing_and_drops_nothing(world: World) -> None:
    world.model()
    shadow = {
        "VariantName": "Shadow",
        "ModelName": "model",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.inf2.xlarge",
        "InitialVariantWeight": 1.0,
    }
    world.config(ShadowProductionVariants=[shadow])

    config = world.sm.describe_endpoint_config(EndpointConfigName="config")

    assert config["ShadowProductionVariants"] == [shadow]
    assert config["ProductionVariants"][0]["InitialVariantWeight"] == 1.0
    assert "DataCaptureConfig" not in config
    assert "AsyncInferenceConfig" not in config


@pytest.mark.parametrize("instance", ["ml.m5d.large", "ml.g4dn.xlarge", "ml.g5.xlarge"])
def test_a_kms_key_is_refused_for_instances_with_storage_of_their_own(world: World, instance: str) -> None:
    world.model()
    variant = {
        "VariantName": "v",
        "ModelName": "model",
        "InitialInstanceCount": 1,
        "InstanceType": instance,
    }

    message = refused(
        world.sm.create_endpoint_config,
        EndpointConfigName="c",
        ProductionVariants=[variant],
        KmsKeyId="alias/key",
    )

    assert message.startswith(f"KmsKeyId is not supported for instance type {instance}")


def test_an_endpoint_passes_through_creating_to_in_service(world: World, slow: None) -> None:
    world.model()
    world.config()
    world.sm.create_endpoint(EndpointName="endpoint", EndpointConfigName="config")

    assert world.sm.describe_endpoint(EndpointName="endpoint")["EndpointStatus"] == "Creating"
    assert "Cannot update in-progress endpoint" in refused(world.sm.delete_endpoint, EndpointName="endpoint")
    endpoint = world.settled()
    assert endpoint["EndpointStatus"] == "InService"
    variant = endpoint["ProductionVariants"][0]
    assert variant["CurrentInstanceCount"] == variant["DesiredInstanceCount"] == 1
    assert variant["DeployedImages"][0]["SpecifiedImage"] == IMAGE
    assert "@sha256:" in variant["DeployedImages"][0]["ResolvedImage"]


def test_an_endpoint_fails_when_the_artifact_is_gone(world: World) -> None:
    world.model()
    world.config()
    world.s3.delete_object(Bucket=world.bucket, Key="models/model.tar.gz")

    endpoint = world.endpoint()

    assert endpoint["EndpointStatus"] == "Failed"
    assert world.uri("models/model.tar.gz") in endpoint["FailureReason"]
    assert "Cannot update failed" in refused(
        world.sm.update_endpoint, EndpointName="endpoint", EndpointConfigName="config"
    )
    world.sm.delete_endpoint(EndpointName="endpoint")


def test_an_update_moves_the_endpoint_to_the_new_configuration(world: World, slow: None) -> None:
    world.model()
    world.config()
    world.config("next")
    world.endpoint()
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 60}}
    }
    world.sm.update_endpoint(EndpointName="endpoint", EndpointConfigName="next", DeploymentConfig=deployment)

    pending = world.sm.describe_endpoint(EndpointName="endpoint")
    assert pending["EndpointStatus"] == "Updating"
    assert pending["EndpointConfigName"] == "config"
    assert pending["PendingDeploymentSummary"]["EndpointConfigName"] == "next"
    done = world.settled()
    assert (done["EndpointStatus"], done["EndpointConfigName"]) == ("InService", "next")
    assert done["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TerminationWaitInSeconds"] == 0
    assert "PendingDeploymentSummary" not in done


def test_an_update_can_roll_back_in_silence(world: World, sandbox: control.Running) -> None:
    world.model()
    world.config()
    world.config("next")
    world.endpoint("silent")
    sandbox.request(
        "faults",
        {
            "kind": "sagemaker.endpoint",
            "match": {"name": "silent", "operation": "update"},
            "error": {"rollback": True},
        },
    )

    world.sm.update_endpoint(EndpointName="silent", EndpointConfigName="next")

    endpoint = world.settled("silent")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "config")
    assert "FailureReason" not in endpoint


def test_an_endpoint_can_fail_on_purpose(world: World, sandbox: control.Running) -> None:
    world.model()
    world.config()
    sandbox.request(
        "faults",
        {"kind": "sagemaker.endpoint", "match": {"name": "doomed"}, "error": {"reason": "No capacity."}},
    )

    endpoint = world.endpoint("doomed")

    assert (endpoint["EndpointStatus"], endpoint["FailureReason"]) == ("Failed", "No capacity.")


def test_instances_scaled_by_hand_survive_an_update_that_retains_them(world: World) -> None:
    world.model()
    world.config()
    world.config("next")
    world.endpoint()
    world.sm.update_endpoint_weights_and_capacities(
        EndpointName="endpoint",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    assert world.settled()["ProductionVariants"][0]["CurrentInstanceCount"] == 3

    world.sm.update_endpoint(EndpointName="endpoint", EndpointConfigName="next", RetainAllVariantProperties=True)
    assert world.settled()["ProductionVariants"][0]["CurrentInstanceCount"] == 3

    world.sm.update_endpoint(EndpointName="endpoint", EndpointConfigName="config")
    assert world.settled()["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_a_deleted_endpoint_is_gone_and_says_so_as_aws_does(world: World) -> None:
    world.model()
    world.config()
    world.endpoint()
    world.sm.delete_endpoint(EndpointName="endpoint")

    message = wait(
        lambda: refused(world.sm.describe_endpoint, EndpointName="endpoint"), lambda text: "not find" in text
    )

    arn = f"arn:aws:sagemaker:eu-central-1:{world.account}:endpoint/endpoint"
    assert message == f'Could not find endpoint "{arn}".'


def test_tags_are_listed_replaced_and_removed(world: World) -> None:
    world.model(Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    arn = world.sm.describe_model(ModelName="model")["ModelArn"]

    world.sm.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    world.sm.delete_tags(ResourceArn=arn, TagKeys=["b"])

    assert world.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    tagged = world.connect("resourcegroupstaggingapi", world.account).get_resources(
        ResourceTypeFilters=["sagemaker:model"]
    )
    assert [item["ResourceARN"] for item in tagged["ResourceTagMappingList"]] == [arn]


def test_lists_are_filtered_and_paged(world: World) -> None:
    for number in range(5):
        world.model(f"m{number}")

    first = world.sm.list_models(NameContains="m", SortBy="Name", SortOrder="Ascending", MaxResults=3)
    second = world.sm.list_models(
        NameContains="m", SortBy="Name", SortOrder="Ascending", MaxResults=3, NextToken=first["NextToken"]
    )

    names = [model["ModelName"] for answer in (first, second) for model in answer["Models"]]
    assert names == ["m0", "m1", "m2", "m3", "m4"]
    assert "NextToken" not in second


def test_tags_at_creation_are_a_right_of_their_own(
    world: World, connect: Callable[..., Any], make_role: Callable[..., dict[str, str]], account: str
) -> None:
    world.model()
    may = [{"Effect": "Allow", "Action": "sagemaker:CreateEndpointConfig", "Resource": "*"}]
    caller = connect("sagemaker", make_role(account, "creator", may))
    variant = {
        "VariantName": "v",
        "ModelName": "model",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    caller.create_endpoint_config(EndpointConfigName="plain", ProductionVariants=[variant])

    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:AddTags on resource"):
        caller.create_endpoint_config(
            EndpointConfigName="tagged", ProductionVariants=[variant], Tags=[{"Key": "a", "Value": "b"}]
        )
