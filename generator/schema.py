"""JSON Schemas of the platform file and of every pipeline type, made from the declared keys. Pure.

A schema says what an editor can know: keys, types, forms, required keys, per-stage objects. Rules across keys, images,
regions and accounts are the validator's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .blueprint import PipelineType
from .contract.composite import Mapped, Record
from .contract.field import Field, When
from .contract.kinds import Schema
from .model_cards import OPERATIONS, operation_record
from .platform import Platform
from .platform import platform_schema as platform_schema

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_STAGE = r"^[a-z][a-z0-9-]*$"

__all__ = ["blueprint_schema", "card_schema", "config_schema", "platform_schema", "type_schema"]


def type_schema(pipeline_type: PipelineType, platform: Platform | None = None) -> Schema:
    """Return the JSON Schema of a pipeline type's config.

    Args:
        pipeline_type: The type.
        platform: Makes the schema exact for one platform (its stages, its use of the model registry); else it
            takes any stage names, and the keys of either registry mode.
    """
    properties: dict[str, Any] = {
        "$schema": {"type": "string", "description": "For editors; without effect."},
        "pipeline_type": {"const": pipeline_type.name, "description": "Selects the pipeline type."},
    }
    for field in pipeline_type.fields:
        schema = field.schema()
        if field.per_stage and pipeline_type.runs_in == "stages":
            schema = _per_stage(field, schema, platform)
        properties[field.name] = schema
        for alias in field.aliases:
            properties[alias] = {**schema, "description": f"Same as {field.name}.", "deprecated": True}
    rules = [
        rule
        for field in pipeline_type.fields
        if isinstance(field.required, When)
        for rule in _conditional(field, field.required)
    ]
    rules += [_given(field) for field in pipeline_type.fields if field.required is True and field.aliases]
    registry = _registry(pipeline_type, platform)
    plain = [field.name for field in pipeline_type.fields if field.required is True and not field.aliases]
    schema = {
        "$schema": DRAFT,
        "title": pipeline_type.name,
        "description": pipeline_type.summary,
        "type": "object",
        "properties": properties,
        "required": ["pipeline_type", *plain],
        "additionalProperties": False,
    }
    if rules or registry:
        schema["allOf"] = [*rules, *registry]
    return _with_definitions(schema)


def blueprint_schema() -> Schema:
    """Return the JSON Schema of ``blueprint.json``, the definition of a team's own pipeline type."""
    from .own_blueprints import DEFINITION
    from .permissions import PERMISSIONS

    schema = DEFINITION.schema()
    schema["properties"]["permissions"] = {
        "description": DEFINITION.fields["permissions"].meaning,
        **PERMISSIONS.schema(),
    }
    return {"$schema": DRAFT, "title": "Blueprint", "description": "A pipeline type of a team's own.", **schema}


def card_schema(operation: str) -> Schema:
    """Return the JSON Schema of a model-card operation."""
    schema = operation_record(operation).schema()
    schema["properties"]["$schema"] = {"type": "string", "description": "For editors; without effect."}
    schema["properties"]["pipeline_type"] = {"const": operation, "description": "Selects the operation."}
    return {"$schema": DRAFT, "title": operation, "description": "A model-card operation of the API.", **schema}


def config_schema(pipeline_types: Iterable[PipelineType]) -> Schema:
    """Return the JSON Schema of a config file of any type: one config, or a list; refers to the others' files."""
    names = [*(pipeline_type.name for pipeline_type in pipeline_types), *OPERATIONS]
    one: Schema = {
        "type": "object",
        "properties": {"pipeline_type": {"enum": names}},
        "required": ["pipeline_type"],
        "allOf": [
            {
                "if": {"properties": {"pipeline_type": {"const": name}}, "required": ["pipeline_type"]},
                "then": {"$ref": f"{name}.schema.json"},
            }
            for name in names
        ],
    }
    return {
        "$schema": DRAFT,
        "title": "mlops-config",
        "description": "A request for one pipeline, or a list of them.",
        "$defs": {"request": one},
        "anyOf": [
            {"$ref": "#/$defs/request"},
            {"type": "array", "items": {"$ref": "#/$defs/request"}, "minItems": 1},
        ],
    }


def _with_definitions(schema: Schema) -> Schema:
    """Return a schema whose larger parts that stand in it several times are definitions, each once."""
    counts: dict[str, int] = {}
    for part in _parts(schema):
        counts[part] = counts.get(part, 0) + 1
    names = {
        part: f"shared-{index}"
        for index, part in enumerate((part for part, count in counts.items() if count > 1 and len(part) > 200), 1)
    }
    definitions = {name: _referring(json.loads(part), names, top=True) for part, name in names.items()}
    referring: Schema = _referring(schema, names, top=True)
    return {**referring, "$defs": definitions} if definitions else referring


def _parts(value: Any) -> Iterable[str]:
    """Yield every object of a schema as text, outermost first."""
    if isinstance(value, dict):
        if "type" in value or "anyOf" in value or "enum" in value:
            yield json.dumps(value)
        for member in value.values():
            yield from _parts(member)
    elif isinstance(value, list):
        for element in value:
            yield from _parts(element)


def _referring(value: Any, names: Mapping[str, str], *, top: bool = False) -> Any:
    if isinstance(value, dict):
        name = None if top else names.get(json.dumps(value))
        if name is not None:
            return {"$ref": f"#/$defs/{name}"}
        return {key: _referring(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_referring(element, names) for element in value]
    return value


def _per_stage(field: Field, schema: Schema, platform: Platform | None) -> Schema:
    value = {key: member for key, member in schema.items() if key not in ("default", "description", "examples")}
    if platform is None:
        object_schema: Schema = {
            "type": "object",
            "additionalProperties": value,
            "propertyNames": {"pattern": _STAGE},
            "minProperties": 1,
        }
    else:
        stages = [stage.name for stage in platform.stages]
        object_schema = {
            "type": "object",
            "properties": dict.fromkeys(stages, value),
            "required": stages,
            "additionalProperties": False,
        }
    kept = {key: member for key, member in schema.items() if key in ("default", "examples")}
    alternatives = value["anyOf"] if set(value) == {"anyOf"} else [value]
    description = f"{field.meaning} May be an object of stage names to values."
    return {"description": description, "anyOf": [*alternatives, object_schema], **kept}


def _given(field: Field) -> Schema:
    spellings = (field.name, *field.aliases)
    if len(spellings) == 1:
        return {"required": [field.name]}
    return {"anyOf": [{"required": [spelling]} for spelling in spellings]}


def _conditional(field: Field, when: When) -> list[Schema]:
    if when.problem_types:
        is_so: Schema = {
            "properties": {"problem_type": {"enum": list(when.problem_types)}},
            "required": ["problem_type"],
        }
        return [{"if": is_so, "then": _given(field)}]
    if when.unless and when.registry is None:
        return [{"anyOf": [_given(field), {"required": [when.unless]}]}]
    return []


def _registry(pipeline_type: PipelineType, platform: Platform | None) -> list[Schema]:
    modes: dict[bool, list[str]] = {True: [], False: []}
    instead: set[str] = set()
    for field, when in pipeline_type.sometimes_required:
        if when.registry is not None:
            modes[when.registry].append(field.name)
            instead |= {when.unless} if when.unless else set()
    if not modes[True] and not modes[False]:
        return []
    wanted = [modes[False], modes[True]] if platform is None else [modes[platform.options.use_model_registry]]
    forms = [{"required": names} for names in (*wanted, *([name] for name in sorted(instead)))]
    return forms if len(forms) == 1 else [{"anyOf": forms}]


def member_fields(field: Field) -> list[Field]:
    """Return the fields of the objects that a key holds, for documentation; [] if it holds none."""
    kind: Any = field.kind
    for _ in range(4):
        if isinstance(kind, Record):
            return list(kind.fields.values())
        if isinstance(kind, Mapped):
            kind = kind.value
            continue
        kind = getattr(kind, "item", None) or getattr(kind, "kinds", {}).get("object")
    return []
