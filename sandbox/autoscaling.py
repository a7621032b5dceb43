"""Application Auto Scaling: scalable targets, scaling policies, scheduled actions, and their tags.

moto has no tags here (Terraform's provider reads them at every refresh and fails), leaves out suspended
states that it was not given, keeps only alarms of DynamoDB and ECS, and accepts targets on endpoints that do
not exist. State lives in moto's backend, so that a reset clears it. Nothing scales by load; a target brings
its variant at once into its bounds, as AWS does at registration.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.sagemaker.models import sagemaker_backends
from moto.utilities.utils import get_partition

from sandbox.apis.operations import Call, Operations
from sandbox.context import Context
from sandbox.errors import SandboxFault

SAGEMAKER_DIMENSION = "sagemaker:variant:DesiredInstanceCount"

operations = Operations("application-autoscaling")

Key = tuple[str, str, str]

_VARIANT = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")
_LINKED_ROLES = {"sagemaker": "SageMakerEndpoint", "ecs": "ECSService", "dynamodb": "DynamoDBTable"}
_TRACKED_METRICS = {
    "SageMakerVariantInvocationsPerInstance": ("AWS/SageMaker", "InvocationsPerInstance"),
    "SageMakerVariantProvisionedConcurrencyUtilization": (
        "AWS/SageMaker",
        "ServerlessProvisionedConcurrencyUtilization",
    ),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": (
        "AWS/SageMaker",
        "ConcurrentRequestsPerModel",
    ),
}


@dataclass(slots=True)
class State:
    """What is registered in one account and region; documents have AWS's member names."""

    targets: dict[Key, dict[str, Any]] = field(default_factory=dict)
    policies: dict[tuple[Key, str], dict[str, Any]] = field(default_factory=dict)
    actions: dict[tuple[Key, str], dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)


def install(context: Context) -> None:
    """Serve the service without moto's, whose import brings all of EC2 with it and doubles the start-up time."""
    context.front.append(operations.front(context, "AnyScaleFrontendService"))


def state(account_id: str, region: str) -> State:
    """The state of an account and region."""
    backend = sagemaker_backends[account_id][region]
    found: State = backend.__dict__.setdefault("sandbox_autoscaling", State())
    return found


def scaled_variants(account_id: str, region: str, endpoint: str) -> set[str]:
    """Names of an endpoint's variants that are scalable targets."""
    matches = (_VARIANT.fullmatch(key[1]) for key in state(account_id, region).targets if key[0] == "sagemaker")
    return {match["variant"] for match in matches if match and match["endpoint"] == endpoint}


def forget_endpoint(account_id: str, region: str, endpoint: str) -> None:
    """Deregister the variants of an endpoint that is deleted, as AWS does without a word."""
    held = state(account_id, region)
    for key in list(held.targets):
        match = _VARIANT.fullmatch(key[1])
        if match and match["endpoint"] == endpoint:
            _deregister(held, key)


@operations("RegisterScalableTarget")
def register_scalable_target(call: Call) -> dict[str, Any]:
    held, key = state(call.account_id, call.region), _key(call)
    target = held.targets.get(key)
    if target is None:
        if "MinCapacity" not in call.params or "MaxCapacity" not in call.params:
            raise _invalid("MinCapacity and MaxCapacity must be specified when a new scalable target is registered.")
        _require_resource(call, key)
        arn = f"{_prefix(call)}scalable-target/{uuid.uuid4().hex}"
        target = {
            "ServiceNamespace": key[0],
            "ResourceId": key[1],
            "ScalableDimension": key[2],
            "RoleARN": call.get("RoleARN", _linked_role(call, key[0])),
            "CreationTime": datetime.now(UTC),
            "SuspendedState": {},
            "ScalableTargetARN": arn,
        }
        held.tags[arn] = dict(call.get("Tags", {}))
    elif call.get("Tags"):
        raise _invalid("You can't use the Tags parameter to update an existing scalable target. Use TagResource.")
    bounds: dict[str, Any] = {name: call[name] for name in ("MinCapacity", "MaxCapacity") if name in call.params}
    changed: dict[str, Any] = {**target, **bounds}
    if changed["MinCapacity"] > changed["MaxCapacity"]:
        raise _invalid("Maximum capacity cannot be less than minimum capacity.")
    suspended = {f"{name}Suspended": False for name in ("DynamicScalingIn", "DynamicScalingOut", "ScheduledScaling")}
    changed["SuspendedState"] = {**suspended, **target["SuspendedState"], **call.get("SuspendedState", {})}
    held.targets[key] = changed
    _keep_within_bounds(call, key, changed)
    return {"ScalableTargetARN": changed["ScalableTargetARN"]}


@operations("DescribeScalableTargets")
def describe_scalable_targets(call: Call) -> dict[str, Any]:
    wanted = call.get("ResourceIds")
    found = [
        target
        for key, target in state(call.account_id, call.region).targets.items()
        if _matches(call, key) and (not wanted or key[1] in wanted)
    ]
    return {"ScalableTargets": found}


@operations("DeregisterScalableTarget")
def deregister_scalable_target(call: Call) -> None:
    held, key = state(call.account_id, call.region), _key(call)
    _target(call, held, key)
    for (of, _), policy in list(held.policies.items()):
        if of == key:
            _drop_alarms(call, policy)
    _deregister(held, key)


@operations("PutScalingPolicy")
def put_scaling_policy(call: Call) -> dict[str, Any]:
    held, key = state(call.account_id, call.region), _key(call)
    target = _target(call, held, key)
    kind = call.get("PolicyType", "StepScaling")
    member = f"{kind.removesuffix('Scaling') if kind != 'StepScaling' else 'Step'}ScalingPolicyConfiguration"
    before = held.policies.get((key, call["PolicyName"]))
    if member not in call.params and before is None:
        raise _invalid(f"{member} must be specified for policy type {kind}.")
    if before is not None:
        _drop_alarms(call, before)
    arn = (
        before["PolicyARN"]
        if before
        else (
            f"arn:{get_partition(call.region)}:autoscaling:{call.region}:{call.account_id}:scalingPolicy:{uuid.uuid4()}:"
            f"resource/{key[0]}/{key[1]}:policyName/{call['PolicyName']}"
        )
    )
    policy = {
        "PolicyARN": arn,
        "PolicyName": call["PolicyName"],
        "ServiceNamespace": key[0],
        "ResourceId": key[1],
        "ScalableDimension": key[2],
        "PolicyType": kind,
        "CreationTime": before["CreationTime"] if before else datetime.now(UTC),
        member: call.get(member, (before or {}).get(member)),
    }
    policy["Alarms"] = _tracking_alarms(call, target, policy) if kind == "TargetTrackingScaling" else []
    held.policies[(key, call["PolicyName"])] = policy
    return {"PolicyARN": arn, "Alarms": policy["Alarms"]}


@operations("DescribeScalingPolicies")
def describe_scaling_policies(call: Call) -> dict[str, Any]:
    names = call.get("PolicyNames")
    policies = state(call.account_id, call.region).policies
    found = [p for (key, name), p in policies.items() if _matches(call, key) and (not names or name in names)]
    return {"ScalingPolicies": found}


@operations("DeleteScalingPolicy")
def delete_scaling_policy(call: Call) -> None:
    held, key = state(call.account_id, call.region), _key(call)
    policy = held.policies.pop((key, call["PolicyName"]), None)
    if policy is None:
        raise _missing(
            f"No scaling policy found for service namespace: {key[0]}, resource ID: {key[1]}, scalable "
            f"dimension: {key[2]}, policy name: {call['PolicyName']}"
        )
    _drop_alarms(call, policy)


@operations("PutScheduledAction")
def put_scheduled_action(call: Call) -> None:
    held, key = state(call.account_id, call.region), _key(call)
    _target(call, held, key)
    name = call["ScheduledActionName"]
    before = held.actions.get((key, name), {})
    if "Schedule" not in call.params and not before:
        raise _invalid("Schedule must be specified for a new scheduled action.")
    if not re.fullmatch(r"(cron|rate|at)\(.+\)", call.get("Schedule", before.get("Schedule", ""))):
        raise _invalid(f"Unsupported schedule expression: {call['Schedule']}")
    held.actions[(key, name)] = {
        "ScheduledActionARN": before.get("ScheduledActionARN")
        or f"arn:{get_partition(call.region)}:autoscaling:{call.region}:{call.account_id}:scheduledAction:"
        f"{uuid.uuid4()}:resource/{key[0]}/{key[1]}:scheduledActionName/{name}",
        "CreationTime": datetime.now(UTC),
        **before,
        **call.params,
    }


@operations("DescribeScheduledActions")
def describe_scheduled_actions(call: Call) -> dict[str, Any]:
    names = call.get("ScheduledActionNames")
    actions = state(call.account_id, call.region).actions
    found = [a for (key, name), a in actions.items() if _matches(call, key) and (not names or name in names)]
    return {"ScheduledActions": found}


@operations("DeleteScheduledAction")
def delete_scheduled_action(call: Call) -> None:
    held, key = state(call.account_id, call.region), _key(call)
    if held.actions.pop((key, call["ScheduledActionName"]), None) is None:
        raise _missing(
            f"No scheduled action found for service namespace: {key[0]}, resource ID: {key[1]}, "
            f"scalable dimension: {key[2]}, scheduled action name: {call['ScheduledActionName']}"
        )


@operations("DescribeScalingActivities")
def describe_scaling_activities(call: Call) -> dict[str, Any]:
    return {"ScalingActivities": []}


@operations("ListTagsForResource")
def list_tags_for_resource(call: Call) -> dict[str, Any]:
    return {"Tags": _tags(call)}


@operations("TagResource")
def tag_resource(call: Call) -> None:
    _tags(call).update(call["Tags"])


@operations("UntagResource")
def untag_resource(call: Call) -> None:
    for key in call["TagKeys"]:
        _tags(call).pop(key, None)


def _key(call: Call) -> Key:
    return call["ServiceNamespace"], call["ResourceId"], call["ScalableDimension"]


def _matches(call: Call, key: Key) -> bool:
    wanted = (call["ServiceNamespace"], call.get("ResourceId"), call.get("ScalableDimension"))
    return all(want in (None, have) for want, have in zip(wanted, key, strict=True))


def _target(call: Call, held: State, key: Key) -> dict[str, Any]:
    target = held.targets.get(key)
    if target is None:
        raise _missing(
            f"No scalable target found for service namespace: {key[0]}, resource ID: {key[1]}, scalable dimension: "
            f"{key[2]}"
        )
    return target


def _deregister(held: State, key: Key) -> None:
    target = held.targets.pop(key)
    held.tags.pop(target["ScalableTargetARN"], None)
    for table in (held.policies, held.actions):
        for name in [name for name in table if name[0] == key]:
            del table[name]


def _require_resource(call: Call, key: Key) -> None:
    """Check that the variant exists; other services' resources are taken on trust."""
    if key[0] != "sagemaker" or key[2] != SAGEMAKER_DIMENSION:
        return
    match = _VARIANT.fullmatch(key[1])
    if match is None:
        raise _invalid(f"Unsupported resource ID for service namespace sagemaker: {key[1]}")
    if _variant(call, key) is None:
        raise _invalid(f"Unable to find the resource {key[1]}: could not find the endpoint or its variant.")


def _variant(call: Call, key: Key) -> dict[str, Any] | None:
    match = _VARIANT.fullmatch(key[1])
    if match is None:
        return None
    client = call.context.client("sagemaker", call.account_id, call.region)
    try:
        endpoint = client.describe_endpoint(EndpointName=match["endpoint"])
    except ClientError:
        return None
    for variant in endpoint.get("ProductionVariants", []):
        if variant["VariantName"] == match["variant"]:
            return dict(variant)
    return None


def _keep_within_bounds(call: Call, key: Key, target: dict[str, Any]) -> None:
    if key[2] != SAGEMAKER_DIMENSION:
        return
    variant, match = _variant(call, key), _VARIANT.fullmatch(key[1])
    if variant is None or match is None or "DesiredInstanceCount" not in variant:
        return
    count = variant["DesiredInstanceCount"]
    wanted = min(max(count, target["MinCapacity"]), target["MaxCapacity"])
    if wanted != count:
        call.context.client("sagemaker", call.account_id, call.region).update_endpoint_weights_and_capacities(
            EndpointName=match["endpoint"],
            DesiredWeightsAndCapacities=[{"VariantName": match["variant"], "DesiredInstanceCount": wanted}],
        )


def _tracking_alarms(call: Call, target: dict[str, Any], policy: dict[str, Any]) -> list[dict[str, str]]:
    """The pair of CloudWatch alarms that a target tracking policy makes and owns."""
    config = policy["TargetTrackingScalingPolicyConfiguration"]
    cloudwatch = call.context.client("cloudwatch", call.account_id, call.region)
    alarms = []
    for side, comparison, periods in (("High", "GreaterThanThreshold", 3), ("Low", "LessThanThreshold", 15)):
        if side == "Low" and config.get("DisableScaleIn"):
            continue
        name = f"TargetTracking-{policy['ResourceId']}-Alarm{side}-{uuid.uuid4()}"
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmDescription=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy['PolicyARN']}.",
            ComparisonOperator=comparison,
            EvaluationPeriods=periods,
            Threshold=config["TargetValue"] * (1.0 if side == "High" else 0.9),
            ActionsEnabled=True,
            AlarmActions=[policy["PolicyARN"]],
            **_metric(config, target),
        )
        described = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
        alarms.append({"AlarmName": name, "AlarmARN": described["AlarmArn"]})
    return alarms


def _metric(config: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    custom = config.get("CustomizedMetricSpecification", {})
    if "MetricName" in custom:
        wanted = ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit")
        return {"Period": 60, **{name: custom[name] for name in wanted if name in custom}}
    predefined = config.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", "Custom")
    namespace, metric = _TRACKED_METRICS.get(predefined, ("AWS/ApplicationAutoScaling", predefined))
    match = _VARIANT.fullmatch(target["ResourceId"])
    dimensions = (
        [{"Name": "EndpointName", "Value": match["endpoint"]}, {"Name": "VariantName", "Value": match["variant"]}]
        if match
        else [{"Name": "ResourceId", "Value": target["ResourceId"]}]
    )
    return {
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": dimensions,
        "Statistic": "Sum",
        "Period": 60,
    }


def _drop_alarms(call: Call, policy: dict[str, Any]) -> None:
    names = [alarm["AlarmName"] for alarm in policy["Alarms"]]
    if names:
        call.context.client("cloudwatch", call.account_id, call.region).delete_alarms(AlarmNames=names)


def _tags(call: Call) -> dict[str, str]:
    tags = state(call.account_id, call.region).tags.get(call["ResourceARN"])
    if tags is None:
        raise SandboxFault("ResourceNotFoundException", f"The specified resource doesn't exist: {call['ResourceARN']}")
    return tags


def _prefix(call: Call) -> str:
    return f"arn:{get_partition(call.region)}:application-autoscaling:{call.region}:{call.account_id}:"


def _linked_role(call: Call, namespace: str) -> str:
    name = _LINKED_ROLES.get(namespace, namespace.title())
    return (
        f"arn:{get_partition(call.region)}:iam::{call.account_id}:role/aws-service-role/"
        f"{namespace}.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_{name}"
    )


def _invalid(text: str) -> SandboxFault:
    return SandboxFault("ValidationException", text)


def _missing(text: str) -> SandboxFault:
    return SandboxFault("ObjectNotFoundException", text)
