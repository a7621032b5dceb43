"""Endpoints: Create, Update, UpdateWeightsAndCapacities, Describe, List, Delete, and what happens in between.

moto's endpoints are InService at once, cannot be updated and never fail. Here they pass through Creating,
Updating and Deleting, fail when the model's data is gone or the role may not read it, and an update may roll
back as AWS rolls one back: the endpoint is InService again, with the configuration it had.

Faults (`sagemaker.endpoint`, matched by `name` and `operation`, `create` or `update`): `{"reason": text}`
ends in Failed with that reason; `{"rollback": true}` lets an update roll back in silence, with `"reason"`
shown if given.
"""

from __future__ import annotations

import copy
from typing import Any

from sandbox import autoscaling
from sandbox.apis.operations import Call, Operations
from sandbox.sagemaker import endpoint_configs, events, models
from sandbox.sagemaker.access import Role
from sandbox.sagemaker.images import resolved
from sandbox.sagemaker.lifecycle import later, settle
from sandbox.sagemaker.settings import SETTINGS
from sandbox.sagemaker.store import Resource, arn_of, find, invalid, now, page, store_of

KIND = "endpoint"

operations = Operations("sagemaker")


@operations("CreateEndpoint")
def create_endpoint(call: Call) -> dict[str, Any]:
    name = call["EndpointName"]
    arn = arn_of(call, KIND, name)
    # Names are compared without their case here, and with it when the endpoint is asked.
    if any(known.name.lower() == name.lower() for known in store_of(call).all(KIND)):
        raise invalid(f'Cannot create already existing endpoint "{arn}".')
    config = find(call, endpoint_configs.KIND, call["EndpointConfigName"], endpoint_configs.NOUN)
    _require_models(call, config)
    moment = now()
    document = {
        "EndpointName": name,
        "EndpointArn": arn,
        "EndpointConfigName": config.name,
        "EndpointStatus": "Creating",
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }
    if "DeploymentConfig" in call.params:
        document["LastDeploymentConfig"] = _with_defaults(call["DeploymentConfig"])
    endpoint = store_of(call).add(Resource(KIND, name, arn, document), call.get("Tags", []))
    _announce(call, endpoint)

    def finish() -> None:
        fault = call.context.faults.take("sagemaker.endpoint", name=name, operation="create", arn=arn)
        reason = fault.error.get("reason", "The endpoint failed on purpose.") if fault else _unfit(call, config)
        if reason:
            _set(endpoint, EndpointStatus="Failed", FailureReason=reason)
        else:
            _set(endpoint, EndpointStatus="InService", **_deployed(call, config))
        _announce(call, endpoint)

    later(call.context, endpoint, SETTINGS.endpoint_seconds, finish)
    return {"EndpointArn": arn}


@operations("UpdateEndpoint")
def update_endpoint(call: Call) -> dict[str, Any]:
    endpoint = _ready(call)
    config = find(call, endpoint_configs.KIND, call["EndpointConfigName"], endpoint_configs.NOUN)
    _require_models(call, config)
    _keep_scaled_variants(call, endpoint, config)
    changes: dict[str, Any] = {
        "PendingDeploymentSummary": {
            "EndpointConfigName": config.name,
            "ProductionVariants": _pending(config.document["ProductionVariants"]),
            "StartTime": now(),
        }
    }
    if "DeploymentConfig" in call.params:
        changes["LastDeploymentConfig"] = _with_defaults(call["DeploymentConfig"])
    elif not call.get("RetainDeploymentConfig"):
        changes["LastDeploymentConfig"] = None
    before = dict(endpoint.document)
    _set(endpoint, EndpointStatus="Updating", FailureReason=None, **changes)
    _announce(call, endpoint)

    def finish() -> None:
        fault = call.context.faults.take("sagemaker.endpoint", name=endpoint.name, operation="update", arn=endpoint.arn)
        reason = _unfit(call, config)
        if fault and not fault.error.get("rollback"):
            _set(
                endpoint,
                EndpointStatus="Failed",
                FailureReason=fault.error.get("reason", "The endpoint failed on purpose."),
                PendingDeploymentSummary=None,
            )
        elif fault or reason:
            # A rollout that does not come up is rolled back: what served before goes on serving.
            _set(
                endpoint,
                EndpointStatus="InService",
                PendingDeploymentSummary=None,
                FailureReason=reason if fault is None else fault.error.get("reason"),
                LastDeploymentConfig=endpoint.document.get("LastDeploymentConfig"),
                EndpointConfigName=before["EndpointConfigName"],
            )
        else:
            _set(
                endpoint,
                EndpointStatus="InService",
                EndpointConfigName=config.name,
                PendingDeploymentSummary=None,
                **_retained(call, before, _deployed(call, config)),
            )
        _announce(call, endpoint)

    later(call.context, endpoint, SETTINGS.endpoint_seconds, finish)
    return {"EndpointArn": endpoint.arn}


@operations("UpdateEndpointWeightsAndCapacities")
def update_weights_and_capacities(call: Call) -> dict[str, Any]:
    endpoint = _ready(call)
    variants = copy.deepcopy(endpoint.document["ProductionVariants"])
    by_name = {variant["VariantName"]: variant for variant in variants}
    for wanted in call["DesiredWeightsAndCapacities"]:
        variant = by_name.get(wanted["VariantName"])
        if variant is None:
            raise invalid(
                f'The variant name(s) "{wanted["VariantName"]}" is/are not present within endpoint '
                f'configuration "{endpoint.document["EndpointConfigName"]}".'
            )
        if "DesiredWeight" in wanted:
            variant["DesiredWeight"] = wanted["DesiredWeight"]
        if "DesiredInstanceCount" in wanted:
            variant["DesiredInstanceCount"] = wanted["DesiredInstanceCount"]
        if "ServerlessUpdateConfig" in wanted:
            variant["DesiredServerlessConfig"] = {
                **variant.get("CurrentServerlessConfig", {}),
                **wanted["ServerlessUpdateConfig"],
            }
    _set(endpoint, EndpointStatus="Updating", ProductionVariants=variants)
    _announce(call, endpoint)

    def finish() -> None:
        reached = copy.deepcopy(variants)
        for variant in reached:
            for member in ("Weight", "InstanceCount", "ServerlessConfig"):
                if f"Desired{member}" in variant:
                    variant[f"Current{member}"] = variant[f"Desired{member}"]
        _set(endpoint, EndpointStatus="InService", ProductionVariants=reached)
        _announce(call, endpoint)

    later(call.context, endpoint, SETTINGS.endpoint_seconds, finish)
    return {"EndpointArn": endpoint.arn}


@operations("DescribeEndpoint")
def describe_endpoint(call: Call) -> dict[str, Any]:
    endpoint = find(call, KIND, call["EndpointName"], "endpoint")
    settle(endpoint)
    return find(call, KIND, call["EndpointName"], "endpoint").document


@operations("ListEndpoints")
def list_endpoints(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(KIND), "Endpoints")


@operations("DeleteEndpoint")
def delete_endpoint(call: Call) -> None:
    endpoint = find(call, KIND, call["EndpointName"], "endpoint")
    settle(endpoint)
    if endpoint.document["EndpointStatus"] in ("Creating", "Updating", "Deleting"):
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    _set(endpoint, EndpointStatus="Deleting")
    _announce(call, endpoint)
    autoscaling.forget_endpoint(call.account_id, call.region, endpoint.name)
    later(call.context, endpoint, SETTINGS.endpoint_seconds, lambda: store_of(call).remove(endpoint))


def _ready(call: Call) -> Resource:
    """The endpoint, if it may be changed now.

    Raises:
        SandboxFault: ValidationException if it does not exist, is changing or has failed.
    """
    endpoint = find(call, KIND, call["EndpointName"], "endpoint")
    settle(endpoint)
    if endpoint.document["EndpointStatus"] == "Failed":
        raise invalid(f'Cannot update failed endpoint "{endpoint.arn}".')
    if endpoint.document["EndpointStatus"] != "InService":
        raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    return endpoint


def _require_models(call: Call, config: Resource) -> None:
    for variant in endpoint_configs.variants(config.document):
        if "ModelName" in variant:
            find(call, models.KIND, variant["ModelName"], "model")


def _keep_scaled_variants(call: Call, endpoint: Resource, config: Resource) -> None:
    """Refuse an update that AWS refuses: a variant under auto scaling keeps its name and instance type.

    Raises:
        SandboxFault: ValidationException that names the variants to deregister first.
    """
    scaled = autoscaling.scaled_variants(call.account_id, call.region, endpoint.name)
    current = store_of(call).get(endpoint_configs.KIND, endpoint.document["EndpointConfigName"])
    if not scaled or current is None:
        return
    old, new = (
        {variant["VariantName"]: variant.get("InstanceType") for variant in known.document["ProductionVariants"]}
        for known in (current, config)
    )
    touched = sorted(name for name in scaled if name in old and (name not in new or new[name] != old[name]))
    if touched:
        raise invalid(
            f'The variant(s) "{", ".join(touched)}" must be deregistered as scalable target(s) with AutoScaling '
            "before they can be removed or have their instance type updated."
        )


def _unfit(call: Call, config: Resource) -> str | None:
    """Why the variants of a configuration do not come up, in AWS's words; None if they do."""
    for variant in endpoint_configs.variants(config.document):
        if "ModelName" not in variant:
            continue
        model = store_of(call).get(models.KIND, variant["ModelName"])
        if model is None:
            return f'Could not find model "{arn_of(call, models.KIND, variant["ModelName"])}".'
        role = Role(call.context, model.document["ExecutionRoleArn"], call.account_id, call.region, model.arn)
        problem = models.unreadable(call, model.document, role)
        if problem is not None:
            return (
                f"Failed to download model data for variant {variant['VariantName']} of model {model.name} "
                f'from URL: "{problem[0]}". Please ensure that there is an object located at the URL and that '
                f"the role passed to CreateModel has permissions to download the model: {problem[1]}"
            )[:1024]
    return None


def _deployed(call: Call, config: Resource) -> dict[str, Any]:
    """The members of DescribeEndpoint that show what a configuration deployed."""
    document = config.document
    shown: dict[str, Any] = {
        "ProductionVariants": [_variant(call, variant) for variant in document["ProductionVariants"]],
        "ShadowProductionVariants": None,
        "DataCaptureConfig": None,
    }
    for member in ("AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig"):
        shown[member] = document.get(member)
    if "ShadowProductionVariants" in document:
        shown["ShadowProductionVariants"] = [_variant(call, v) for v in document["ShadowProductionVariants"]]
    capture = document.get("DataCaptureConfig")
    if capture is not None:
        shown["DataCaptureConfig"] = {
            "EnableCapture": capture["EnableCapture"],
            "CaptureStatus": "Started" if capture["EnableCapture"] else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    return shown


def _variant(call: Call, variant: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"VariantName": variant["VariantName"]}
    model = store_of(call).get(models.KIND, variant.get("ModelName", ""))
    if model is not None:
        shown["DeployedImages"] = [
            {
                "SpecifiedImage": container["Image"],
                "ResolvedImage": resolved(container["Image"]),
                "ResolutionTime": now(),
            }
            for container in models.inference_containers(call, model.document)
            if "Image" in container
        ]
    weight = variant.get("InitialVariantWeight")
    if weight is not None:
        shown["CurrentWeight"] = shown["DesiredWeight"] = weight
    if "ServerlessConfig" in variant:
        shown["CurrentServerlessConfig"] = shown["DesiredServerlessConfig"] = variant["ServerlessConfig"]
        shown["CurrentInstanceCount"] = shown["DesiredInstanceCount"] = 0
    else:
        count = variant.get("InitialInstanceCount", 1)
        shown["CurrentInstanceCount"] = shown["DesiredInstanceCount"] = count
    for member in ("ManagedInstanceScaling", "RoutingConfig", "CapacityReservationConfig", "InstancePools"):
        if member in variant:
            shown[member] = variant[member]
    return shown


def _pending(variants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"VariantName": variant["VariantName"]} for variant in variants]


def _retained(call: Call, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What an update shows: of variants that stay, the properties that the request wants retained."""
    if not call.get("RetainAllVariantProperties"):
        return after
    excluded = {item["VariantPropertyType"] for item in call.get("ExcludeRetainedVariantProperties", [])}
    old = {variant["VariantName"]: variant for variant in before.get("ProductionVariants", [])}
    for variant in after["ProductionVariants"]:
        kept = old.get(variant["VariantName"], {})
        for member, kind in (("InstanceCount", "DesiredInstanceCount"), ("Weight", "DesiredWeight")):
            if kind not in excluded and f"Desired{member}" in kept:
                variant[f"Current{member}"] = variant[f"Desired{member}"] = kept[f"Desired{member}"]
    if "DataCaptureConfig" not in excluded and before.get("DataCaptureConfig"):
        after["DataCaptureConfig"] = before["DataCaptureConfig"]
    return after


def _with_defaults(deployment: dict[str, Any]) -> dict[str, Any]:
    """A deployment configuration as AWS shows it, with the values it fills in. Pure."""
    shown = copy.deepcopy(deployment)
    policy = shown.get("BlueGreenUpdatePolicy")
    if policy is not None:
        policy.setdefault("TerminationWaitInSeconds", 0)
    return shown


def _set(endpoint: Resource, **members: Any) -> None:
    """Replace the document by one with these members; those that are None are left out of it."""
    document = {**endpoint.document, **members, "LastModifiedTime": now()}
    endpoint.document = {key: value for key, value in document.items() if value is not None}


def _announce(call: Call, endpoint: Resource) -> None:
    status = events.upper_snake(endpoint.document["EndpointStatus"])
    events.publish(call.context, endpoint, "Endpoint", {"EndpointStatus": status})
