"""Scalable targets, policies and scheduled actions of endpoint variants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_world import World

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/endpoint/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> World:
    world = World(connect, account)
    world.model()
    world.config()
    world.endpoint()
    return world


@pytest.fixture
def scaling(connect: Callable[..., Any], account: str) -> Any:
    return connect("application-autoscaling", account)


def test_a_target_is_tagged_and_brings_its_variant_into_bounds(world: World, scaling: Any) -> None:
    arn = scaling.register_scalable_target(**TARGET, MinCapacity=2, MaxCapacity=4, Tags={"a": "1"})["ScalableTargetARN"]

    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"a": "1"}
    [target] = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    assert target["SuspendedState"]["ScheduledScalingSuspended"] is False
    assert world.settled()["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_a_variant_that_does_not_exist_cannot_be_a_target(world: World, scaling: Any) -> None:
    with pytest.raises(ClientError) as caught:
        scaling.register_scalable_target(
            **{**TARGET, "ResourceId": "endpoint/endpoint/variant/Other"}, MinCapacity=1, MaxCapacity=2
        )

    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_a_target_tracking_policy_owns_a_pair_of_alarms(world: World, scaling: Any, account: str) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scaling.put_scaling_policy(
        **TARGET,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": metric,
        },
    )

    [policy] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    cloudwatch = world.connect("cloudwatch", account)
    names = [alarm["AlarmName"] for alarm in policy["Alarms"]]
    assert len(cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]) == 2

    scaling.deregister_scalable_target(**TARGET)
    assert cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []


def test_a_scheduled_action_is_described_as_it_was_put(world: World, scaling: Any) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    scaling.put_scheduled_action(
        **TARGET,
        ScheduledActionName="night",
        Schedule="cron(0 20 * * ? *)",
        Timezone="Europe/Berlin",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 1},
    )

    [action] = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    assert (action["Timezone"], action["ScalableTargetAction"]) == (
        "Europe/Berlin",
        {"MinCapacity": 1, "MaxCapacity": 1},
    )


def test_the_instance_type_of_a_scaled_variant_cannot_be_updated(world: World, scaling: Any) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "model",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.c5.xlarge",
    }
    world.config("other", ProductionVariants=[variant])
    world.config("same")

    with pytest.raises(ClientError, match="must be deregistered as scalable target"):
        world.sm.update_endpoint(EndpointName="endpoint", EndpointConfigName="other")

    world.sm.update_endpoint(EndpointName="endpoint", EndpointConfigName="same")
    assert world.settled()["EndpointConfigName"] == "same"


def test_deleting_an_endpoint_deregisters_its_variants(world: World, scaling: Any) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=4)
    world.sm.delete_endpoint(EndpointName="endpoint")

    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
