"""Endpoint configurations: Create, Describe, List, Delete.

moto knows instance types of 2021 only, drops shadow variants, explainers, VPC and network isolation, and
invents a DataCaptureConfig where none was given, so that Terraform replaces such a configuration at every
plan.
"""

from __future__ import annotations

from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.sagemaker import models
from sandbox.sagemaker.instances import has_local_storage
from sandbox.sagemaker.store import Resource, arn_of, find, invalid, now, page, store_of

KIND = "endpoint-config"
NOUN = "endpoint configuration"

operations = Operations("sagemaker")


def variants(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Production and shadow variants of a configuration. Pure."""
    return [*document["ProductionVariants"], *document.get("ShadowProductionVariants", [])]


@operations("CreateEndpointConfig")
def create_endpoint_config(call: Call) -> dict[str, Any]:
    name = call["EndpointConfigName"]
    arn = arn_of(call, KIND, name)
    if store_of(call).get(KIND, name):
        raise invalid(f'Cannot create already existing endpoint configuration "{arn}".')
    _check_variants(call)
    document = {
        "EnableNetworkIsolation": False,
        **{key: value for key, value in call.params.items() if key != "Tags"},
        "EndpointConfigArn": arn,
        "CreationTime": now(),
    }
    for variant in variants(document):
        if "ModelName" in variant:
            variant.setdefault("InitialVariantWeight", 1.0)
    if "DataCaptureConfig" in document:
        document["DataCaptureConfig"].setdefault("EnableCapture", False)
    store_of(call).add(Resource(KIND, name, arn, document), call.get("Tags", []))
    return {"EndpointConfigArn": arn}


@operations("DescribeEndpointConfig")
def describe_endpoint_config(call: Call) -> dict[str, Any]:
    return find(call, KIND, call["EndpointConfigName"], NOUN).document


@operations("ListEndpointConfigs")
def list_endpoint_configs(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(KIND), "EndpointConfigs")


@operations("DeleteEndpointConfig")
def delete_endpoint_config(call: Call) -> None:
    store_of(call).remove(find(call, KIND, call["EndpointConfigName"], NOUN))


def _check_variants(call: Call) -> None:
    """The rules that the service model does not hold.

    Raises:
        SandboxFault: ValidationException.
    """
    seen: set[str] = set()
    for variant in variants(call.params):
        name = variant["VariantName"]
        if name in seen:
            raise invalid(f"Duplicate variant name {name}. Variant names must be unique.")
        seen.add(name)
        serverless, instance = variant.get("ServerlessConfig"), variant.get("InstanceType")
        if "ModelName" in variant:
            find(call, models.KIND, variant["ModelName"], "model")
            if (serverless is None) == (instance is None and "InstancePools" not in variant):
                raise invalid(f"Specify either ServerlessConfig or InstanceType for variant {name}.")
            if instance is not None and "InitialInstanceCount" not in variant:
                raise invalid(f"InitialInstanceCount must be specified for variant {name}.")
        if serverless is not None:
            _check_serverless(call, variant)
        if instance is not None and "KmsKeyId" in call.params and has_local_storage(instance):
            raise invalid(
                f"KmsKeyId is not supported for instance type {instance}: its local storage is encrypted by "
                "a hardware module on the instance."
            )
    if call.get("ShadowProductionVariants") and len(call["ProductionVariants"]) != 1:
        raise invalid("Exactly one production variant is allowed together with a shadow variant.")


def _check_serverless(call: Call, variant: dict[str, Any]) -> None:
    config = variant["ServerlessConfig"]
    if config["MemorySizeInMB"] % 1024:
        raise invalid(
            f"MemorySizeInMB {config['MemorySizeInMB']} of variant {variant['VariantName']} is not one of "
            "1024, 2048, 3072, 4096, 5120, 6144."
        )
    if config.get("ProvisionedConcurrency", 0) > config["MaxConcurrency"]:
        raise invalid("ProvisionedConcurrency must be less than or equal to MaxConcurrency.")
    unsupported: list[str] = [
        key
        for key in ("DataCaptureConfig", "AsyncInferenceConfig", "ShadowProductionVariants", "VpcConfig")
        if key in call.params and not (key == "DataCaptureConfig" and not call[key].get("EnableCapture"))
    ]
    if "InitialInstanceCount" in variant:
        unsupported.append("InitialInstanceCount")
    if unsupported:
        raise invalid(
            "One or more endpoint features are not supported using this configuration: "
            f"{', '.join(unsupported)} with ServerlessConfig."
        )
