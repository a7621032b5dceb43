"""Cloud Control documents held against the CloudFormation schema of their type, as cfn-lint ships it for a region."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sandbox.cloudcontrol.schemas import pointers, violations
from tools.fidelity import shapes
from tools.fidelity.findings import Finding

KIND = "cloudformation"


def check(type_name: str, document: Mapping[str, Any], region: str, place: str) -> Iterator[Finding]:
    """Yield what is wrong with the desired state of a resource."""
    schema = published(type_name, region)
    if schema is None:
        yield Finding(place, f"{region} has no type {type_name}", KIND)
        return
    for text in violations(schema, document):
        yield Finding(place, text, KIND)
    for member in [path[0] for path in pointers(schema, "readOnlyProperties") if len(path) == 1]:
        if member in document:
            yield Finding(f"{place}/{member}", "is only read: Cloud Control refuses it", KIND)
    if "create" not in schema.get("handlers", {}):
        yield Finding(place, f"Cloud Control cannot create {type_name}", KIND)
    yield from _as_a_call(type_name, document, place)


def check_copy(path: Path, region: str) -> Iterator[Finding]:
    """Yield that a schema beside a module is not the one that AWS publishes."""
    mine = json.loads(path.read_text(encoding="utf-8"))
    if mine != published(mine["typeName"], region):
        yield Finding(str(path), f"is not the published schema of {mine['typeName']}", KIND)


@cache
def published(type_name: str, region: str) -> dict[str, Any] | None:
    """Return the published schema of a type, or None when the region has none. Reads cfn-lint's data."""
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("cfn-lint, which ships the CloudFormation schemas, is not installed: make init")
    folder = Path(spec.submodule_search_locations[0]) / "data" / "schemas"
    types = json.loads((folder / "providers" / f"{region}.json").read_text(encoding="utf-8"))
    if type_name not in types:
        return None
    found: dict[str, Any] = json.loads((folder / "resources" / f"{types[type_name]}.json").read_text(encoding="utf-8"))
    return found


def _as_a_call(type_name: str, document: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """SageMaker's types are its API's own shapes, whose patterns are stricter than the schemas'."""
    service, resource = type_name.split("::")[1:]
    if service == "SageMaker":
        yield from shapes.check_call("sagemaker", f"Create{resource}", document, place)
