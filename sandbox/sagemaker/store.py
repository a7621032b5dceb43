"""What exists in SageMaker: one store an account and region, kept in moto's backend so that a reset clears
it.

A resource is the document that its Describe call answers with, in AWS's own member names. moto's classes drop
what they do not know (network isolation, shadow variants, deployment settings, customer metadata), and
Terraform then sees drift that AWS does not have; a document drops nothing.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.sagemaker.models import sagemaker_backends
from moto.utilities.utils import get_partition

from sandbox.apis.operations import Call
from sandbox.errors import SandboxFault

_PAGE = 100


@dataclass(slots=True, eq=False)
class Resource:
    """One thing in SageMaker.

    Attributes:
        kind: The resource type of its ARN, such as `training-job`.
        name: Its name, or for versioned things `<group>/<version>`.
        arn: Its ARN.
        document: What Describe answers; member names are AWS's.
        extra: What the sandbox remembers about it and AWS does not show.
        changed: Set whenever a change that was under way has ended.
    """

    kind: str
    name: str
    arn: str
    document: dict[str, Any]
    extra: dict[str, Any] = field(default_factory=dict)
    changed: threading.Event = field(default_factory=threading.Event)


class Store:
    """The resources of one account and region, and the tags of every ARN."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.resources: dict[str, dict[str, Resource]] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def all(self, kind: str) -> list[Resource]:
        """Every resource of a kind, oldest first."""
        with self.lock:
            return list(self.resources.get(kind, {}).values())

    def get(self, kind: str, name: str) -> Resource | None:
        """The resource of that name; None if there is none."""
        return self.resources.get(kind, {}).get(name)

    def by_arn(self, arn: str) -> Resource | None:
        """The resource of that ARN; None if there is none."""
        kind, _, name = arn.split(":", 5)[-1].partition("/")
        found = self.get(kind, name)
        return found if found is not None and found.arn == arn else None

    def add(self, resource: Resource, tags: Iterable[Mapping[str, str]] = ()) -> Resource:
        """Keep a new resource with its tags."""
        with self.lock:
            self.resources.setdefault(resource.kind, {})[resource.name] = resource
            self.tags[resource.arn] = {tag["Key"]: tag["Value"] for tag in tags}
        return resource

    def remove(self, resource: Resource) -> None:
        """Forget a resource and its tags."""
        with self.lock:
            self.resources.get(resource.kind, {}).pop(resource.name, None)
            self.tags.pop(resource.arn, None)


def store(account_id: str, region: str) -> Store:
    """The store of an account and region."""
    found: Store = sagemaker_backends[account_id][region].__dict__.setdefault("sandbox_store", Store())
    return found


def store_of(call: Call) -> Store:
    """The store that a request is about."""
    return store(call.account_id, call.region)


def arn_of(call: Call, kind: str, name: str) -> str:
    """The ARN of a SageMaker resource. Pure."""
    return f"arn:{get_partition(call.region)}:sagemaker:{call.region}:{call.account_id}:{kind}/{name}"


def now() -> datetime:
    """The time, with zone, in whole milliseconds as SageMaker keeps it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def invalid(text: str) -> SandboxFault:
    """SageMaker's answer to a request it cannot follow. Pure."""
    return SandboxFault("ValidationException", text)


def find(call: Call, kind: str, name: str, noun: str) -> Resource:
    """The resource of that name.

    Raises:
        SandboxFault: ValidationException `Could not find <noun> "<arn>".`, as for hosting resources.
    """
    found = store_of(call).get(kind, name)
    if found is None:
        raise invalid(f'Could not find {noun} "{arn_of(call, kind, name)}".')
    return found


def page(call: Call, resources: list[Resource], key: str, *, descending: bool = True) -> dict[str, Any]:
    """One page of a List call's answer: `{key: [documents], "NextToken": text}`.

    Applies what the request asks for, in the members that SageMaker's List calls share: NameContains,
    StatusEquals, Creation/LastModifiedTimeAfter/Before, SortBy (Name, Status, CreationTime,
    LastModifiedTime), SortOrder, MaxResults, NextToken. `descending` is the order where the request names
    none.
    """
    chosen = [resource for resource in resources if _wanted(call, resource)]
    order = call.get("SortBy", "CreationTime")
    chosen.sort(
        key=lambda r: r.name if order == "Name" else str(status_of(r)) if order == "Status" else _time(r, order),
        reverse=call.get("SortOrder", "Descending" if descending else "Ascending") == "Descending",
    )
    start = _start(call.get("NextToken"))
    size = call.get("MaxResults", _PAGE)
    answer: dict[str, Any] = {key: [resource.document for resource in chosen[start : start + size]]}
    if start + size < len(chosen):
        answer["NextToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return answer


def status_of(resource: Resource) -> str | None:
    """The status in a resource's document: its member that ends in `Status` and names the thing. Pure."""
    for key, value in resource.document.items():
        if key.endswith("Status") and key not in (
            "SecondaryStatus",
            "ModelApprovalStatus",
            "AutoMLJobSecondaryStatus",
        ):
            return str(value)
    return None


def _wanted(call: Call, resource: Resource) -> bool:
    if call.get("NameContains", "").lower() not in resource.name.lower():
        return False
    if call.get("StatusEquals") not in (None, status_of(resource)):
        return False
    for member in ("CreationTime", "LastModifiedTime"):
        moment = resource.document.get(member)
        after, before = call.get(f"{member}After"), call.get(f"{member}Before")
        if moment and ((after and moment <= after) or (before and moment >= before)):
            return False
    return True


def _time(resource: Resource, member: str) -> Any:
    moment = resource.document.get(member) or resource.document.get("CreationTime")
    return moment or datetime.fromtimestamp(0, UTC)


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error):
        raise invalid("Invalid token provided") from None
