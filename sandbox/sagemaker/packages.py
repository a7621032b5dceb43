"""The Model Registry: model package groups, their policies, model packages and their approval.

moto cannot delete groups or packages, knows no group policies, drops CustomerMetadataProperties and sends no
event when a package is approved, which is what a registry-driven deployment waits for.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.utilities.utils import get_partition

from sandbox.accounts import principal_of
from sandbox.apis.operations import Call, Operations
from sandbox.errors import SandboxFault
from sandbox.iam.policy import Caller, Effect, Question, evaluate, parse
from sandbox.sagemaker import events
from sandbox.sagemaker.access import split_uri
from sandbox.sagemaker.images import digest_of
from sandbox.sagemaker.store import Resource, Store, arn_of, invalid, now, page, store, store_of

GROUP = "model-package-group"
PACKAGE = "model-package"

# What UpdateModelPackage puts in the place of what was there.
_REPLACED = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "SourceUri",
    "InferenceSpecification",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)
# Its parameters, as an event names what was updated:
# https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
_UPDATES = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "SourceUri": "sourceUri",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "InferenceSpecification": "InferenceSpecification",
    "ModelLifeCycle": "ModelLifeCycle",
}

operations = Operations("sagemaker")


def find_package(call: Call, name: str, action: str | None = None) -> Resource:
    """A model package by name or ARN, of this account or, where its group's policy lets the caller, of
    another.

    Args:
        call: The request that asks; its operation is what the policy must allow unless `action` names
            another.
        name: `<group>/<version>`, a plain name, or an ARN.
        action: The IAM action without its service.

    Raises:
        SandboxFault: ValidationException if there is none; AccessDeniedException if the policy refuses.
    """
    account_id, region, plain = _locate(call, name)
    found = store(account_id, region).get(PACKAGE, plain)
    if account_id != call.account_id:
        _require_shared(call, store(account_id, region), name, plain.split("/")[0], action or call.operation)
    if found is None:
        arn = f"arn:{get_partition(region)}:sagemaker:{region}:{account_id}:{PACKAGE}/{plain}"
        raise invalid(f"ModelPackage {arn} does not exist.")
    return found


def _locate(call: Call, name: str) -> tuple[str, str, str]:
    """Account, region and plain name of a name or ARN. Pure."""
    if not name.startswith("arn:"):
        return call.account_id, call.region, name
    parts = name.split(":", 5)
    return parts[4], parts[3], parts[5].split("/", 1)[1]


def _require_shared(call: Call, owner: Store, arn: str, group_name: str, action: str) -> None:
    group = owner.get(GROUP, group_name)
    policy = group.extra.get("policy") if group else None
    asker = principal_of(call.access_key, get_partition(call.region))
    arns = tuple(arn for arn in (asker.arn, asker.role_arn) if arn)
    question = Question(f"sagemaker:{action}", ((arn,),), {})
    caller = Caller(account_id=asker.account_id, arns=arns)
    if policy is None or evaluate([parse(policy)], question, caller) is not Effect.ALLOW:
        raise SandboxFault(
            "AccessDeniedException",
            f"User: {asker.arn} is not authorized to perform: sagemaker:{action} on resource: {arn} because "
            f"no resource-based policy allows the sagemaker:{action} action",
        )


def _find_group(call: Call, name: str) -> Resource:
    account_id, region, plain = _locate(call, name)
    found = store(account_id, region).get(GROUP, plain)
    if account_id != call.account_id:
        _require_shared(call, store(account_id, region), name, plain, call.operation)
    if found is None:
        arn = f"arn:{get_partition(region)}:sagemaker:{region}:{account_id}:{GROUP}/{plain}"
        raise invalid(f"ModelPackageGroup {arn} does not exist.")
    return found


@operations("CreateModelPackageGroup")
def create_group(call: Call) -> dict[str, Any]:
    name = call["ModelPackageGroupName"]
    arn = arn_of(call, GROUP, name)
    if store_of(call).get(GROUP, name):
        raise invalid(f"Model Package Group already exists: {arn}")
    document = {
        **{key: value for key, value in call.params.items() if key != "Tags"},
        "ModelPackageGroupArn": arn,
        "CreationTime": now(),
        "CreatedBy": {},
        "ModelPackageGroupStatus": "Completed",
    }
    group = store_of(call).add(Resource(GROUP, name, arn, document), call.get("Tags", []))
    events.publish(call.context, group, "Model Package Group")
    return {"ModelPackageGroupArn": arn}


@operations("DescribeModelPackageGroup")
def describe_group(call: Call) -> dict[str, Any]:
    return _find_group(call, call["ModelPackageGroupName"]).document


@operations("ListModelPackageGroups")
def list_groups(call: Call) -> dict[str, Any]:
    return page(call, store_of(call).all(GROUP), "ModelPackageGroupSummaryList", descending=False)


@operations("DeleteModelPackageGroup")
def delete_group(call: Call) -> None:
    group = _find_group(call, call["ModelPackageGroupName"])
    if any(p.document.get("ModelPackageGroupName") == group.name for p in store_of(call).all(PACKAGE)):
        raise SandboxFault(
            "ConflictException",
            f"Cannot delete Model Package Group {group.arn}: it contains model packages. Delete them first.",
        )
    store_of(call).remove(group)


@operations("PutModelPackageGroupPolicy")
def put_group_policy(call: Call) -> dict[str, Any]:
    group = store_of(call).get(GROUP, call["ModelPackageGroupName"])
    if group is None:
        raise invalid(f"Cannot find Model Package Group: {arn_of(call, GROUP, call['ModelPackageGroupName'])}")
    try:
        parse(call["ResourcePolicy"])
    except (ValueError, TypeError, AttributeError) as error:
        raise invalid(f"Invalid resource policy: {error}") from None
    group.extra["policy"] = call["ResourcePolicy"]
    return {"ModelPackageGroupArn": group.arn}


@operations("GetModelPackageGroupPolicy")
def get_group_policy(call: Call) -> dict[str, Any]:
    return {"ResourcePolicy": _group_with_policy(call).extra["policy"]}


@operations("DeleteModelPackageGroupPolicy")
def delete_group_policy(call: Call) -> None:
    del _group_with_policy(call).extra["policy"]


def _group_with_policy(call: Call) -> Resource:
    name = call["ModelPackageGroupName"]
    group = store_of(call).get(GROUP, name)
    if group is None:
        raise invalid(f"Cannot find Model Package Group: {arn_of(call, GROUP, name)}")
    if "policy" not in group.extra:
        raise invalid(f"Cannot find resource policy for: {group.arn}")
    return group


@operations("CreateModelPackage")
def create_package(call: Call) -> dict[str, Any]:
    group_name, name = call.get("ModelPackageGroupName"), call.get("ModelPackageName")
    if (group_name is None) == (name is None):
        raise invalid("Either ModelPackageName or ModelPackageGroupName must be specified, not both or neither.")
    token = call.get("ClientToken")
    for package in store_of(call).all(PACKAGE):
        if token is not None and package.extra.get("token") == token:
            return {"ModelPackageArn": package.arn}
    document = {key: value for key, value in call.params.items() if key not in ("Tags", "ClientToken")}
    if group_name is not None:
        group = _find_group(call, group_name)
        version = group.extra["versions"] = group.extra.get("versions", 0) + 1
        name = f"{group.name}/{version}"
        document["ModelPackageName"] = group.name
        document["ModelPackageGroupName"] = group.name
        document["ModelPackageVersion"] = version
        document.setdefault("ModelApprovalStatus", "PendingManualApproval")
        document.setdefault("ModelPackageRegistrationType", "Registered")
    elif store_of(call).get(PACKAGE, str(name)):
        raise invalid(f"Model Package already exists: {arn_of(call, PACKAGE, str(name))}")
    arn = arn_of(call, PACKAGE, str(name))
    document.update(
        ModelPackageArn=arn,
        CreationTime=now(),
        CreatedBy={},
        ModelPackageStatus="Completed",
        ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
    )
    document.setdefault("CertifyForMarketplace", False)
    _resolve_containers(call, document)
    package = Resource(PACKAGE, str(name), arn, document, {"token": token})
    store_of(call).add(package, call.get("Tags", []))
    _tell(call, package)
    return {"ModelPackageArn": arn}


@operations("DescribeModelPackage")
def describe_package(call: Call) -> dict[str, Any]:
    return find_package(call, call["ModelPackageName"]).document


@operations("BatchDescribeModelPackage")
def batch_describe_packages(call: Call) -> dict[str, Any]:
    found, failed = {}, {}
    for arn in call["ModelPackageArnList"]:
        try:
            found[arn] = find_package(call, arn, "DescribeModelPackage").document
        except SandboxFault as error:
            failed[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": failed}


@operations("ListModelPackages")
def list_packages(call: Call) -> dict[str, Any]:
    group_name = call.get("ModelPackageGroupName")
    wanted = call.get("ModelPackageType", "Unversioned")
    holder = store_of(call)
    if group_name is not None:
        group = _find_group(call, group_name)
        holder = store(*reversed(group.arn.split(":")[3:5]))
        chosen = [p for p in holder.all(PACKAGE) if p.document.get("ModelPackageGroupName") == group.name]
    else:
        chosen = [
            package
            for package in holder.all(PACKAGE)
            if wanted == "Both" or ("ModelPackageVersion" in package.document) == (wanted == "Versioned")
        ]
    status = call.get("ModelApprovalStatus")
    chosen = [p for p in chosen if status in (None, p.document.get("ModelApprovalStatus"))]
    return page(call, chosen, "ModelPackageSummaryList")


@operations("UpdateModelPackage")
def update_package(call: Call) -> dict[str, Any]:
    package = find_package(call, call["ModelPackageArn"])
    document = dict(package.document)
    document.update({member: call[member] for member in _REPLACED if member in call.params})
    metadata = {
        **document.get("CustomerMetadataProperties", {}),
        **call.get("CustomerMetadataProperties", {}),
    }
    for key in call.get("CustomerMetadataPropertiesToRemove", []):
        metadata.pop(key, None)
    if metadata or "CustomerMetadataProperties" in document:
        document["CustomerMetadataProperties"] = metadata
    more = call.get("AdditionalInferenceSpecificationsToAdd", [])
    if more:
        document["AdditionalInferenceSpecifications"] = [
            *document.get("AdditionalInferenceSpecifications", []),
            *more,
        ]
    document.update(LastModifiedTime=now(), LastModifiedBy={})
    package.document = document
    _tell(call, package, [told for member, told in _UPDATES.items() if member in call.params])
    return {"ModelPackageArn": package.arn}


@operations("DeleteModelPackage")
def delete_package(call: Call) -> None:
    package = find_package(call, call["ModelPackageName"])
    store(*reversed(package.arn.split(":")[3:5])).remove(package)
    package.document = {**package.document, "ModelPackageStatus": "Deleting"}
    _tell(call, package)


def _tell(call: Call, package: Resource, updated: list[str] | None = None) -> None:
    """Send the event of a package, which unlike those of jobs has its times as text; an update says of what."""
    times = {
        key: value.strftime("%Y-%m-%dT%H:%M:%SZ")
        for key, value in package.document.items()
        if isinstance(value, datetime)
    }
    more = {} if updated is None else {"UpdatedModelPackageFields": updated}
    events.publish(call.context, package, "Model Package", {**times, **more})


def _resolve_containers(call: Call, document: dict[str, Any]) -> None:
    """Pin what the package points to, as SageMaker does: the images' digests and the model data's ETags."""
    document.update(json.loads(json.dumps({k: v for k, v in document.items() if k == "InferenceSpecification"})))
    for container in document.get("InferenceSpecification", {}).get("Containers", []):
        if "Image" in container:
            container.setdefault("ImageDigest", digest_of(container["Image"]))
        uri = container.get("ModelDataUrl")
        if uri:
            bucket, key = split_uri(uri)
            try:
                answer = call.context.client("s3", call.account_id, call.region).head_object(Bucket=bucket, Key=key)
            except ClientError:
                continue
            container.setdefault("ModelDataETag", answer["ETag"].strip('"'))
