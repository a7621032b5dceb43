"""Reference documentation made from the declared keys: pages per type, platform file, codes, schemas. Pure.

``tools/docs.py`` writes what ``pages`` returns; a test fails when the checked-in pages differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .blueprint import PipelineType, Registry
from .codes import GROUPS
from .contract.field import Field, When
from .model_cards import OPERATIONS, operation_record
from .platform import PLATFORM_FIELDS
from .schema import blueprint_schema, card_schema, config_schema, member_fields, platform_schema, type_schema

_NOTE = "<!-- Made by tools/docs.py from the declared keys; do not edit by hand. -->"


_COMMON = """\
- **Per-stage values.** Where the tables say so, a value may be an object whose keys are the names of all stages:
  `{"dev": "ml.t2.medium", "prod": "ml.m5.xlarge"}`. Any other value applies to every stage.
- **Absent values.** `null` and empty text mean that an optional key is absent.
- **Forms.** Numbers may be text (`"20"`), booleans `"True"` or `"False"`, some objects and lists their JSON text,
  and locations `s3://bucket/prefix` or `bucket/prefix`. The tables give the usual form.
- **Spellings.** The AWS solution's misspelt keys are the keys; the right spellings are accepted as well.
- **`$schema`** is accepted for editors.""".splitlines()


def pages(registry: Registry) -> dict[str, bytes]:
    """Return every generated page and schema by its path below ``docs/``."""
    types = registry.all()
    texts = {"errors.md": errors_page(), "config/README.md": index_page(types), "config/platform.md": platform_page()}
    texts["config/model_cards.md"] = cards_page()
    texts.update((f"config/{pipeline_type.name}.md", type_page(pipeline_type)) for pipeline_type in types)
    found = {path: text.encode() for path, text in texts.items()}
    schemas = {pipeline_type.name: type_schema(pipeline_type) for pipeline_type in types}
    schemas.update((operation, card_schema(operation)) for operation in OPERATIONS)
    schemas["mlops-config"] = config_schema(types)
    schemas["platform"] = platform_schema()
    schemas["blueprint"] = blueprint_schema()
    found.update((f"schema/{name}.schema.json", _json_file(schema)) for name, schema in schemas.items())
    return dict(sorted(found.items()))


def _json_file(schema: Mapping[str, Any]) -> bytes:
    return (json.dumps(schema, indent=1, ensure_ascii=False) + "\n").encode()


def errors_page() -> str:
    """Return the page of all codes."""
    lines = [
        "# Problems and their codes",
        "",
        _NOTE,
        "",
        "Every problem has a place, a key, a message, a fix and a code. A code never changes its meaning.",
        "`mlops validate --json` and the API's 400 answers carry it as `code`.",
    ]
    for title, codes in GROUPS.items():
        lines += ["", f"## {title}", "", "| code | meaning |", "|---|---|"]
        lines += [f"| `{code}` | {meaning} |" for code, meaning in sorted(codes.items())]
    return _page(lines)


def index_page(types: Iterable[PipelineType]) -> str:
    """Return the index of the configuration's pages."""
    lines = [
        "# Configuration",
        "",
        _NOTE,
        "",
        "A config (mlops-config) asks for one pipeline: a JSON or YAML object with a `pipeline_type` and the keys of",
        "that type. A file holds one config or a list. The bodies of the AWS solution are accepted as they are.",
        "",
        "| pipeline type | what it does | runs in |",
        "|---|---|---|",
    ]
    lines += [
        f"| [`{found.name}`]({found.name}.md) | {found.summary} | "
        f"{'every stage' if found.runs_in == 'stages' else 'the orchestrator account'} |"
        for found in types
    ]
    lines += [
        "",
        "See also the [platform file](platform.md), [model-card operations](model_cards.md), [problems](../errors.md)",
        "and the JSON Schemas in [`docs/schema`](../schema/).",
        "",
        "## What all configs have in common",
        "",
        *_COMMON,
    ]
    return _page(lines)


def own_type_page(pipeline_type: PipelineType) -> str:
    """Return the page of a team's own pipeline type, to stand beside its blueprint."""
    per_stage = pipeline_type.runs_in == "stages"
    lines = [
        f"# {pipeline_type.name}",
        "",
        pipeline_type.summary,
        "",
        *_facts(pipeline_type, "module"),
        "",
        "## Keys",
        "",
        *_table(pipeline_type.fields, per_stage),
        *_members(pipeline_type.fields),
    ]
    return _page(lines)


def type_page(pipeline_type: PipelineType) -> str:
    """Return the page of one pipeline type."""
    per_stage = pipeline_type.runs_in == "stages"
    lines = [
        f"# {pipeline_type.name}",
        "",
        _NOTE,
        "",
        pipeline_type.summary,
        "",
        *_facts(pipeline_type, f"../../{pipeline_type.module}"),
        f"- JSON Schema: [`{pipeline_type.name}.schema.json`](../schema/{pipeline_type.name}.schema.json).",
        "",
        "## Example",
        "",
        "```json",
        json.dumps(example(pipeline_type), indent=2, ensure_ascii=False),
        "```",
        "",
        "## Keys of the AWS solution",
        "",
        *_table([field for field in pipeline_type.fields if not field.ours], per_stage),
    ]
    ours = [field for field in pipeline_type.fields if field.ours]
    if ours:
        lines += ["", "## More keys", "", "All optional.", "", *_table(ours, per_stage)]
    lines += _members(pipeline_type.fields)
    if pipeline_type.rules:
        lines += ["", "## Rules across keys", ""]
        lines += [
            f"- {rule.summary} ({', '.join(f'[`{code}`](../errors.md)' for code in rule.codes)})"
            for rule in pipeline_type.rules
        ]
    return _page(lines)


def platform_page() -> str:
    """Return the page of the platform file."""
    sample = {field.name: field.example for field in PLATFORM_FIELDS if field.required is True}
    lines = [
        "# The platform file",
        "",
        _NOTE,
        "",
        "`platform.yaml` (or JSON) names the accounts, the stages in the order of promotion, and the options.",
        "JSON Schema: [`platform.schema.json`](../schema/platform.schema.json).",
        "",
        "## Example",
        "",
        "```json",
        json.dumps(sample, indent=2),
        "```",
        "",
        "## Keys",
        "",
        *_table(PLATFORM_FIELDS, False),
        *_members(PLATFORM_FIELDS),
    ]
    return _page(lines)


def cards_page() -> str:
    """Return the page of the model-card operations."""
    lines = [
        "# Model-card operations",
        "",
        _NOTE,
        "",
        "Bodies of `POST /provisionpipeline` that are answered at once. `pipeline_type` names the operation.",
    ]
    for operation in OPERATIONS:
        fields = [field for field in operation_record(operation).fields.values() if field.name != "pipeline_type"]
        lines += ["", f"## `{operation}`", ""]
        if operation == "update_model_card":
            lines += ["The same keys as `create_model_card`."]
            continue
        lines += _table(fields, False) if fields else ["No keys beside `pipeline_type`."]
        lines += _members(fields)
    return _page(lines)


def _facts(pipeline_type: PipelineType, module: str) -> list[str]:
    """Return what there is to know about a type beside its keys."""
    where = (
        "One workspace for each stage of the platform."
        if pipeline_type.runs_in == "stages"
        else "Runs once, in the orchestrator account; nothing in it differs per stage."
    )
    return [
        f"- {where}",
        f"- Pipeline name: `<{pipeline_type.label}>-{pipeline_type.suffix}`, or `pipeline_name`.",
        f"- Terraform module: [`{module.removeprefix('../../')}`]({module}/).",
    ]


def _members(fields: Iterable[Field]) -> list[str]:
    """Return the tables of what is inside of objects, two levels deep."""
    lines = []
    for field in fields:
        members = member_fields(field)
        if members:
            lines += ["", f"### `{field.name}`", "", *_table(members, False)]
            for member in members:
                inner = member_fields(member)
                if inner:
                    lines += ["", f"#### `{field.name}` / `{member.name}`", "", *_table(inner, False)]
    return lines


def example(pipeline_type: PipelineType) -> dict[str, Any]:
    """Return a small valid config of a type: its required keys without the model registry."""
    found: dict[str, Any] = {"pipeline_type": pipeline_type.name}
    for field in pipeline_type.fields:
        required = field.required
        needed = required is True or (
            isinstance(required, When)
            and (
                required.registry is False
                or (required.registry is None and bool(required.unless))
                or "Regression" in required.problem_types
            )
        )
        if needed:
            found[field.name] = field.example
    return found


def _table(fields: Iterable[Field], per_stage: bool) -> list[str]:
    head = ["key", "value", "required", *(["per stage"] if per_stage else []), "default", "meaning"]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for field in fields:
        names = f"`{field.name}`" + "".join(f", `{alias}`" for alias in field.aliases)
        cells = [
            names,
            field.kind.expects,
            _required(field),
            *((["yes"] if field.per_stage else ["no"]) if per_stage else []),
            _default(field),
            field.meaning,
        ]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return lines


def _required(field: Field) -> str:
    if isinstance(field.required, When):
        return field.required.text
    return "yes" if field.required else "no"


def _default(field: Field) -> str:
    if field.default_text:
        return field.default_text
    return f"`{json.dumps(field.default)}`" if field.default is not None else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
