"""Tags of SageMaker resources: AddTags, ListTags, DeleteTags, and the Resource Groups Tagging API's view of
them.

moto appends a tag that is already there instead of replacing it, and crashes for the kinds it does not know.
ARNs of kinds that the sandbox leaves to moto (pipelines, domains, notebooks) still go to moto.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.sagemaker.models import SageMakerModelBackend

from sandbox.apis.operations import Call, Operations
from sandbox.sagemaker.store import invalid, store

operations = Operations("sagemaker")

_LIMIT = 50


def _tags(call: Call) -> dict[str, str] | None:
    """The tags of the ARN that a request names; None if the sandbox does not hold it."""
    region, account_id = call["ResourceArn"].split(":")[3:5]
    if (account_id, region) != (call.account_id, call.region):
        raise invalid(f"The resource {call['ResourceArn']} does not belong to this account and region.")
    return store(account_id, region).tags.get(call["ResourceArn"])


def _moto(call: Call) -> Any:
    from moto.sagemaker.models import sagemaker_backends

    backend = sagemaker_backends[call.account_id][call.region]
    resource = backend._get_resource_from_arn(call["ResourceArn"])
    if resource is None:
        raise invalid(f"Could not find resource {call['ResourceArn']}.")
    return resource


@operations("AddTags")
def add_tags(call: Call) -> dict[str, Any]:
    new = {tag["Key"]: tag["Value"] for tag in call["Tags"]}
    held = _tags(call)
    if held is None:
        resource = _moto(call)
        merged = {**{tag["Key"]: tag["Value"] for tag in resource.tags}, **new}
        resource.tags = _listed(merged)
        return {"Tags": resource.tags}
    if len({**held, **new}) > _LIMIT:
        raise invalid(f"The resource {call['ResourceArn']} may not have more than {_LIMIT} tags.")
    held.update(new)
    return {"Tags": _listed(held)}


@operations("ListTags")
def list_tags(call: Call) -> dict[str, Any]:
    held = _tags(call)
    return {"Tags": _moto(call).tags if held is None else _listed(held)}


@operations("DeleteTags")
def delete_tags(call: Call) -> None:
    held = _tags(call)
    if held is None:
        resource = _moto(call)
        resource.tags = [tag for tag in resource.tags if tag["Key"] not in call["TagKeys"]]
        return
    for key in call["TagKeys"]:
        held.pop(key, None)


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def patch_tagging_api() -> None:
    """Let `resourcegroupstaggingapi:GetResources` see the sandbox's resources beside moto's."""
    original = SageMakerModelBackend.iter_tagged_resources
    if hasattr(original, "sandbox"):
        return

    def iterate(self: Any) -> Iterator[TaggedResource]:
        yield from original(self)
        for arn, tags in list(store(self.account_id, self.region_name).tags.items()):
            kind = arn.split(":", 5)[-1].split("/")[0]
            yield TaggedResource(arn=arn, tags=dict(tags), resource_type=f"sagemaker:{kind}")

    iterate.sandbox = True  # type: ignore[attr-defined]
    SageMakerModelBackend.iter_tagged_resources = iterate
