"""The keys of a team's own type, from the JSON Schema in its definition to the kinds that judge configs. Pure.

A subset of JSON Schema; a word outside of it is a problem, so that none is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .contract.composite import AnyJson, Items, Mapped, Record
from .contract.field import Field
from .contract.kinds import Choice, Flag, Kind, Number, Text, Whole, show
from .contract.report import Report
from .contract.s3 import S3Key, S3Location
from .contract.scalars import ECR_IMAGE, KMS_KEY_ARN, InstanceType
from .problems import listed

_FORMATS: Mapping[str, Kind] = {
    "ecr-image": ECR_IMAGE,
    "endpoint-instance-type": InstanceType("endpoint"),
    "kms-key-arn": KMS_KEY_ARN,
    "processing-instance-type": InstanceType("processing"),
    "s3-key": S3Key("a key"),
    "s3-location": S3Location(),
    "training-instance-type": InstanceType("training"),
    "transform-instance-type": InstanceType("transform"),
}
_KNOWN = frozenset(
    {
        "$comment",
        "$schema",
        "additionalProperties",
        "const",
        "default",
        "description",
        "enum",
        "examples",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "pattern",
        "properties",
        "required",
        "title",
        "type",
        "uniqueItems",
    }
)


def fields_of(schema: Mapping[str, Any], per_stage: frozenset[str], report: Report) -> list[Field]:
    """Return the fields that a schema of an object declares, or report what it uses that is not supported."""
    report.key = "schema"
    kind = _kind(schema, report)
    if not isinstance(kind, Record):
        report.add_at("schema", "bad-blueprint", "must describe an object with properties")
        return []
    for field in kind.fields.values():
        field.per_stage = field.name in per_stage
        field.ours = True
    return list(kind.fields.values())


def _kind(schema: Any, report: Report) -> Kind:
    """Return the kind that a schema describes."""
    if not isinstance(schema, dict):
        report.add("bad-blueprint", f"must be a schema, but is {show(schema)}")
        return AnyJson()
    for word in sorted(set(schema) - _KNOWN):
        report.add(
            "bad-blueprint", f'uses "{word}", which blueprints do not support', f"use {listed(sorted(_KNOWN), 40)}"
        )
    words = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if words is not None:
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            report.add("bad-blueprint", "has an enum that is not a list of texts")
            return AnyJson()
        return Choice(*words)
    match schema.get("type"):
        case "string":
            return _text(schema, report)
        case "integer":
            return Whole(schema.get("minimum"), schema.get("maximum"))
        case "number":
            return Number(schema.get("minimum"), schema.get("maximum"))
        case "boolean":
            return Flag()
        case "array":
            return Items(
                _inside(schema.get("items", {}), "items", report),
                fewest=schema.get("minItems", 0),
                most=schema.get("maxItems"),
                unique=bool(schema.get("uniqueItems")),
            )
        case "object" if "properties" in schema:
            required = schema.get("required", [])
            return Record(
                Field(
                    name,
                    _inside(member, f"properties.{name}", report),
                    str(member.get("description", "")) if isinstance(member, dict) else "",
                    required=name in required,
                    default=member.get("default") if isinstance(member, dict) else None,
                    example=_example(member),
                )
                for name, member in schema["properties"].items()
            )
        case "object":
            inner = schema.get("additionalProperties", {})
            return Mapped(
                Text(longest=256),
                AnyJson() if isinstance(inner, bool) else _inside(inner, "additionalProperties", report),
                fewest=schema.get("minProperties", 0),
                most=schema.get("maxProperties"),
            )
        case None:
            return AnyJson()
        case other:
            report.add("bad-blueprint", f"has type {show(other)}; one type is expected")
            return AnyJson()


def _inside(schema: Any, name: str, report: Report) -> Kind:
    outer = report.key
    report.key = f"{outer}.{name}"
    kind = _kind(schema, report)
    report.key = outer
    return kind


def _example(member: Any) -> Any:
    examples = member.get("examples") if isinstance(member, dict) else None
    return examples[0] if isinstance(examples, list) and examples else None


def _text(schema: Mapping[str, Any], report: Report) -> Kind:
    form = schema.get("format")
    if form is not None:
        known = _FORMATS.get(form)
        if known is None:
            report.add("bad-blueprint", f"has format {show(form)}", f"use one of {listed(_FORMATS, 20)}")
            return Text()
        return known
    pattern = schema.get("pattern", "")
    if pattern:
        try:
            re.compile(pattern)
        except re.error as error:
            report.add("bad-blueprint", f"has a pattern that is no regular expression: {error}")
            return Text()
        # JSON Schema's patterns match anywhere, a kind's the whole text.
        pattern = rf"[\S\s]*?(?:{pattern})[\S\s]*"
    return Text(
        schema.get("title") or ("text" if not pattern else f"text that matches {schema['pattern']}"),
        pattern,
        shortest=schema.get("minLength", 0),
        longest=schema.get("maxLength"),
    )
