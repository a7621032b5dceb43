"""CloudFormation resource schemas, as cfn-lint ships them, and documents held against them.

The words of a violation are those of AWS's own validator, `#/JobResources: required key [ClusterConfig] not
found`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import regex  # type: ignore[import-untyped]

TYPES = (
    "AWS::SageMaker::DataQualityJobDefinition",
    "AWS::SageMaker::ModelBiasJobDefinition",
    "AWS::SageMaker::ModelCard",
    "AWS::SageMaker::ModelExplainabilityJobDefinition",
    "AWS::SageMaker::ModelQualityJobDefinition",
    "AWS::SageMaker::MonitoringSchedule",
)
"""The types that the sandbox has handlers for."""

_KINDS = {"string": "String", "object": "JSONObject", "array": "JSONArray", "boolean": "Boolean"}


@lru_cache
def schema(type_name: str, region: str) -> dict[str, Any]:
    """The schema of a type as the region has it.

    Raises:
        KeyError: The type is not one of TYPES, or not known in the region.
    """
    if type_name not in TYPES:
        raise KeyError(type_name)
    folder = _folder()
    providers = json.loads((folder / "providers" / f"{region}.json").read_text(encoding="utf-8"))
    resource = folder / "resources" / f"{providers[type_name]}.json"
    found: dict[str, Any] = json.loads(resource.read_text(encoding="utf-8"))
    return found


def _folder() -> Path:
    """cfn-lint's schemas, found without importing it: that takes seconds."""
    spec = find_spec("cfnlint")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("cfn-lint, which ships the CloudFormation schemas, is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / "schemas"


def violations(type_schema: dict[str, Any], document: Any) -> list[str]:
    """What is wrong with a document, in AWS's words, sorted by place; empty if nothing is. Pure."""
    found = _validator()(type_schema).iter_errors(document)
    return sorted({text for error in found for text in _words(error)})


def pointers(type_schema: dict[str, Any], member: str) -> list[list[str]]:
    """`createOnlyProperties` and its kin as lists of names: `/properties/A/B` is [A, B]. Pure."""
    return [pointer.split("/")[2:] for pointer in type_schema.get(member, [])]


@lru_cache
def _validator() -> Any:
    """Draft 7, with patterns as Java reads them (`\\p{L}`), which Python's `re` cannot."""

    def pattern(validator: Any, rule: str, value: Any, whole: Any) -> Iterator[jsonschema.ValidationError]:
        if isinstance(value, str) and regex.search(rule, value) is None:
            yield jsonschema.ValidationError(f"{value} does not match {rule}")

    return jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": pattern})


def _words(error: jsonschema.ValidationError) -> Iterator[str]:
    place = "/".join(["#", *(str(part) for part in error.absolute_path)])
    value, rule = error.instance, error.validator_value
    kind = str(error.validator)
    if kind == "required":
        missing = [key for key in rule if key not in value]
        yield from (f"{place}: required key [{key}] not found" for key in missing)
    elif kind == "additionalProperties":
        known = set(error.schema.get("properties", {}))
        patterns = [re.compile(p) for p in error.schema.get("patternProperties", {})]
        extra = [key for key in value if key not in known and not any(p.search(key) for p in patterns)]
        yield from (f"{place}: extraneous key [{key}] is not permitted" for key in extra)
    elif kind == "type":
        wanted = rule if isinstance(rule, str) else rule[0]
        yield f"{place}: expected type: {_KINDS.get(wanted, wanted.title())}, found: {_kind_of(value)}"
    elif kind == "enum":
        yield f"{place}: {value} is not a valid enum value"
    elif kind == "pattern":
        yield f"{place}: string [{value}] does not match pattern {rule}"
    elif kind in ("minLength", "maxLength"):
        yield f"{place}: expected {kind}: {rule}, actual: {len(value)}"
    elif kind in ("minItems", "maxItems"):
        yield f"{place}: expected {kind[:3]}imum item count: {rule}, found: {len(value)}"
    elif kind in ("minimum", "maximum"):
        side = "greater" if kind == "minimum" else "less"
        yield f"{place}: {value} is not {side} or equal to {rule}"
    elif kind == "uniqueItems":
        yield f"{place}: array items are not unique"
    elif error.context:
        yield f"{place}: #: no subschema matched out of the total {len(rule)} subschemas"
    else:
        yield f"{place}: {error.message}"


def _kind_of(value: Any) -> str:
    for kinds, name in (
        ((bool,), "Boolean"),
        ((int,), "Integer"),
        ((float,), "BigDecimal"),
        ((str,), "String"),
        ((list,), "JSONArray"),
        ((dict,), "JSONObject"),
    ):
        if isinstance(value, kinds):
            return name
    return "Null"
