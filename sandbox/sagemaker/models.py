"""SageMaker models: CreateModel, DescribeModel, ListModels, DeleteModel.

moto drops network isolation and the inference execution configuration, and answers with an empty VpcConfig
and an empty PrimaryContainer for models made of a container list, so that Terraform wants to replace every
such model at the next plan. It also takes any role, image and artifact; AWS refuses what cannot be assumed,
pulled or read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.apis.operations import Call, Operations
from sandbox.iam.sessions import AssumeRoleRefused
from sandbox.sagemaker import packages
from sandbox.sagemaker.access import PRINCIPAL, AccessFailed, Role
from sandbox.sagemaker.images import require_image
from sandbox.sagemaker.store import Resource, arn_of, find, invalid, now, page, store_of

KIND = "model"

operations = Operations("sagemaker")


def containers(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The container definitions of a model, the primary one or the list of an inference pipeline. Pure."""
    primary = document.get("PrimaryContainer")
    return [primary] if primary else list(document.get("Containers", []))


def model_data(container: dict[str, Any]) -> Iterator[str]:
    """The S3 URIs that a container's model data comes from. Pure."""
    if "ModelDataUrl" in container:
        yield container["ModelDataUrl"]
    if "ModelDataSource" in container:
        yield container["ModelDataSource"]["S3DataSource"]["S3Uri"]
    for more in container.get("AdditionalModelDataSources", []):
        yield more["S3DataSource"]["S3Uri"]


def inference_containers(call: Call, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The containers with model packages replaced by the containers they stand for.

    Whoever makes a model of another account's package needs that right, and no more: what is done with the
    model later asks the package's group nothing else.
    """
    found: list[dict[str, Any]] = []
    for container in containers(document):
        name = container.get("ModelPackageName")
        if name is None:
            found.append(container)
            continue
        package = packages.find_package(call, name, "CreateModel")
        found.extend(package.document.get("InferenceSpecification", {}).get("Containers", []))
    return found


def unreadable(call: Call, document: dict[str, Any], role: Role) -> tuple[str, str] | None:
    """The first model data URI that the role cannot read, and why; None if all is well."""
    for container in inference_containers(call, document):
        for uri in model_data(container):
            prefix = uri.endswith("/") or container.get("Mode") == "MultiModel"
            try:
                if prefix:
                    if not role.exists(uri):
                        return uri, "NoSuchKey"
                else:
                    role.head(uri)
            except AccessFailed as error:
                return uri, str(error)
    return None


@operations("CreateModel")
def create_model(call: Call) -> dict[str, Any]:
    name = call["ModelName"]
    arn = arn_of(call, KIND, name)
    given = containers(call.params)
    if not given or ("PrimaryContainer" in call.params and "Containers" in call.params):
        raise invalid("Either PrimaryContainer or Containers must be specified, not both or neither.")
    if store_of(call).get(KIND, name):
        raise invalid(f'Cannot create already existing model "{arn}".')
    if "ExecutionRoleArn" not in call.params:
        raise invalid("The execution role ARN must be provided.")
    for container in given:
        if ("ModelPackageName" in container) == ("Image" in container):
            raise invalid("Specify one of either Image and Model Data URL or ModelPackageName in container definition.")
    role = Role(call.context, call["ExecutionRoleArn"], call.account_id, call.region, arn)
    try:
        role.client("sts")
    except AssumeRoleRefused:
        raise invalid(
            f'The execution role ARN "{role.arn}" is invalid. Please ensure that the role exists and that its '
            f'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
            f'"{PRINCIPAL}".'
        ) from None
    for container in inference_containers(call, call.params):
        require_image(container["Image"], role)
    problem = unreadable(call, call.params, role)
    if problem is not None:
        raise invalid(_cannot_read(*problem, role))
    document = {
        "EnableNetworkIsolation": False,
        **{key: value for key, value in call.params.items() if key != "Tags"},
        "ModelArn": arn,
        "CreationTime": now(),
    }
    for container in containers(document):
        container.setdefault("Mode", "SingleModel")
        container.setdefault("Environment", {})
    store_of(call).add(Resource(KIND, name, arn, document), call.get("Tags", []))
    return {"ModelArn": arn}


@operations("DescribeModel")
def describe_model(call: Call) -> dict[str, Any]:
    return find(call, KIND, call["ModelName"], "model").document


@operations("ListModels")
def list_models(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(KIND), "Models")


@operations("DeleteModel")
def delete_model(call: Call) -> None:
    store_of(call).remove(find(call, KIND, call["ModelName"], "model"))


def _cannot_read(uri: str, reason: str, role: Role) -> str:
    missing = any(code in reason for code in ("NoSuchKey", "NoSuchBucket", " 404:"))
    if missing:
        return f"Could not find model data at {uri}."
    return (
        f'Could not access model data at {uri}. Please ensure that the role "{role.arn}" exists and that its '
        f'trust relationship policy allows the action "sts:AssumeRole" for the service principal '
        f'"{PRINCIPAL}". Also ensure that the role has "s3:GetObject" permissions and that the object is '
        f"located in {role.region}."
    )
