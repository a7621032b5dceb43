"""The monitors' job definitions: data quality, model quality, model bias, model explainability.

One set of functions for the four kinds; they differ in the names of their members only. A definition cannot
be changed, it is replaced. moto neither checks the role nor the endpoint nor the name.
"""

from __future__ import annotations

from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.errors import SandboxFault
from sandbox.sagemaker import endpoints
from sandbox.sagemaker.access import Role
from sandbox.sagemaker.store import Resource, arn_of, invalid, now, page, store_of

operations = Operations("sagemaker")

KINDS = {
    "DataQuality": "data-quality-job-definition",
    "ModelQuality": "model-quality-job-definition",
    "ModelBias": "model-bias-job-definition",
    "ModelExplainability": "model-explainability-job-definition",
}
"""Monitoring type, as SageMaker spells it, to the resource type of the ARN."""

_SUFFIXES = {"DataQuality": "Data Quality", "ModelQuality": "Model Quality"}


def find_definition(call: Call, monitoring_type: str, name: str) -> Resource:
    """The job definition of a kind and name.

    Raises:
        SandboxFault: ResourceNotFound.
    """
    found = store_of(call).get(KINDS[monitoring_type], name)
    if found is None:
        raise SandboxFault("ResourceNotFound", f"Could not find {_noun(monitoring_type)} with name {name}")
    return found


def job_input(definition: dict[str, Any], monitoring_type: str) -> dict[str, Any]:
    """The EndpointInput or BatchTransformInput of a definition; {} if it has neither. Pure."""
    holder = definition.get(f"{monitoring_type}JobInput", {})
    found: dict[str, Any] = holder.get("EndpointInput") or holder.get("BatchTransformInput") or {}
    return found


def _noun(monitoring_type: str) -> str:
    return f"{_SUFFIXES.get(monitoring_type, monitoring_type)} Job Definition"


def _register(monitoring_type: str, kind: str) -> None:
    def create(call: Call) -> dict[str, Any]:
        name = call["JobDefinitionName"]
        arn = arn_of(call, kind, name)
        if store_of(call).get(kind, name):
            raise SandboxFault(
                "ResourceInUse",
                f"Job definition names must be unique within an AWS account and region, and a job definition "
                f"with this name already exists ({arn})",
            )
        holder = call.get(f"{monitoring_type}JobInput", {})
        if ("EndpointInput" in holder) == ("BatchTransformInput" in holder):
            raise invalid(f"{monitoring_type}JobInput needs either EndpointInput or BatchTransformInput.")
        endpoint = holder.get("EndpointInput", {}).get("EndpointName")
        if endpoint is not None and store_of(call).get(endpoints.KIND, endpoint) is None:
            raise invalid(f"Endpoint '{endpoint}' does not exist or is not valid")
        Role(call.context, call["RoleArn"], call.account_id, call.region, arn).assume()
        document = {
            **{key: value for key, value in call.params.items() if key != "Tags"},
            "JobDefinitionArn": arn,
            "CreationTime": now(),
            # The members of the List call's summaries.
            "MonitoringJobDefinitionName": name,
            "MonitoringJobDefinitionArn": arn,
            "EndpointName": endpoint,
        }
        store_of(call).add(Resource(kind, name, arn, document), call.get("Tags", []))
        return {"JobDefinitionArn": arn}

    def describe(call: Call) -> dict[str, Any]:
        return find_definition(call, monitoring_type, call["JobDefinitionName"]).document

    def list_all(call: Call) -> dict[str, Any]:
        wanted = call.get("EndpointName")
        chosen = [r for r in store_of(call).all(kind) if wanted in (None, r.document["EndpointName"])]
        return page(call, chosen, "JobDefinitionSummaries")

    def delete(call: Call) -> None:
        store_of(call).remove(find_definition(call, monitoring_type, call["JobDefinitionName"]))

    operations(f"Create{monitoring_type}JobDefinition")(create)
    operations(f"Describe{monitoring_type}JobDefinition")(describe)
    operations(f"List{monitoring_type}JobDefinitions")(list_all)
    operations(f"Delete{monitoring_type}JobDefinition")(delete)


for _type, _kind in KINDS.items():
    _register(_type, _kind)
