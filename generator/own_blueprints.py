"""A team's own blueprints: a folder with ``blueprint.json`` and a Terraform module, named in the platform file.

``blueprint.json`` declares what the built-in types declare in Python: the keys as a JSON Schema (a subset, checked
here), which of them may differ per stage, how they become variables of the module, what they refer to, and what the
module needs to be allowed. It is data: no code of a team runs in the generator or in the Lambda. ``docs/blueprints.md``
shows one. Reads the definitions; module and permissions are judged by blueprint_checks.py, before anything is packaged.

    {
      "pipeline_type": "acme_feature_table",       name of the type
      "summary": "...",                            one sentence
      "runs_in": "stages",                         or "orchestrator"
      "label": "model_name",                       key that names the pipeline
      "schema": {"type": "object", "properties": {...}, "required": [...]},
      "per_stage": ["capacity"],
      "variables": {"table_name": "name", "account_id": "$account_id", "data": {"key": "data", "as": "assets_uri"}},
      "references": [{"kind": "s3_object", "key": "data", "variable": "data"}],
      "summary_attributes": ["read_capacity"],     shown to whoever approves
      "permissions": {"deploy": [...], "plan": [...]},
      "module": "module"                           folder of the Terraform module
    }
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .blueprint import BUILT_IN, PipelineType, Reference, StageContext
from .blueprints import keys, mapping
from .contract.composite import AnyJson, Items, Mapped, Record
from .contract.field import Field
from .contract.kinds import Choice, Text, show
from .contract.report import INVALID, Report
from .errors import ConfigError
from .own_schema import fields_of
from .problems import Problem, listed

FILE = "blueprint.json"
_NAME = Text("a name of lower-case letters, digits and underscores", r"[a-z][a-z0-9_]{1,62}", code="bad-name")
_FOLDER = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_VARIABLE = Text("the name of a Terraform variable", r"[a-z_][a-z0-9_]{0,62}")
_FORMS = ("value", "assets_uri", "s3_uri")
_CONTEXT: Mapping[str, Callable[[StageContext], str]] = {
    "$account_id": lambda context: context.stage.account_id,
    "$assets_bucket": mapping.assets_bucket,
    "$pipeline": lambda context: context.pipeline,
    "$prefix": lambda context: context.platform.name,
    "$region": lambda context: context.platform.region,
    "$stage": lambda context: context.stage.name,
    "$topic_arn": mapping.topic_arn,
}
_REFERENCE_KINDS = (
    "ecr_image",
    "ecr_repository",
    "endpoint",
    "kms_key",
    "model_package",
    "s3_location",
    "s3_object",
    "s3_prefix",
)
_WORDS = Items(Text("a key", longest=128), unique=True)
DEFINITION = Record(
    (
        Field("$schema", Text(longest=1024), "For editors."),
        Field("pipeline_type", _NAME, "Name of the type.", required=True, example="acme_feature_table"),
        Field("summary", Text(longest=500), "What it does.", required=True, example="Keeps a feature table."),
        Field("suffix", Text("a suffix", r"[a-z0-9]+(?:-[a-z0-9]+)*", longest=40), "End of the pipelines' names."),
        Field("runs_in", Choice("stages", "orchestrator"), "Where it runs.", default="stages"),
        Field("label", Text("a key", longest=128), "Key that names the pipeline.", default="model_name"),
        Field("schema", AnyJson("object"), "JSON Schema of the config.", required=True, example={"type": "object"}),
        Field("per_stage", _WORDS, "Keys that may differ per stage."),
        Field(
            "variables",
            Mapped(_VARIABLE, AnyJson("text", "object"), most=200),
            "Variable of the module to key.",
            default_text="every key, under its own name",
        ),
        Field(
            "references",
            Items(
                Record(
                    (
                        Field("kind", Choice(*_REFERENCE_KINDS), "What it is.", required=True),
                        Field("key", Text("a key", longest=128), "Key that names it.", required=True),
                        Field("variable", Text("a variable", longest=256), "Variable that a pinned value replaces."),
                    )
                ),
                most=100,
            ),
            "What configs point to.",
        ),
        Field(
            "summary_attributes",
            Items(_VARIABLE, most=50, unique=True),
            "Attributes of resources whose changes are shown to whoever approves; never a secret.",
        ),
        Field("permissions", AnyJson("object"), "What plan and deploy roles need to be allowed."),
        Field("module", Text("a folder", longest=255), "Folder of the module.", default="module"),
    ),
    expects="a blueprint: an object with pipeline_type, summary and schema",
)


def load_own(paths: Iterable[str], folder: Path | None = None) -> dict[str, PipelineType]:
    """Return the types of a team's own blueprints by name.

    Args:
        paths: Folders that hold ``blueprint.json``.
        folder: What relative paths start from; by default the current folder.

    Raises:
        ConfigError: A folder is missing, or its definition has problems; all are carried.
    """
    found: dict[str, PipelineType] = {}
    problems: list[Problem] = []
    for index, path in enumerate(paths):
        where = f"blueprints[{index}]"
        place = (folder or Path()) / path
        try:
            definition = json.loads((place / FILE).read_bytes())
        except FileNotFoundError:
            problems.append(Problem("no-blueprint", where, f"there is no {place / FILE}", "name a blueprint's folder"))
            continue
        except (ValueError, RecursionError) as error:
            problems.append(Problem("bad-blueprint", where, f"{place / FILE} is not JSON: {error}"))
            continue
        made, wrong = parse_definition(definition, place)
        problems += [
            Problem(problem.code, f"{where}: {problem.key}" if problem.key else where, problem.message, problem.fix)
            for problem in wrong
        ]
        if made is None:
            continue
        if made.name in found or made.name in BUILT_IN:
            problems.append(
                Problem("repeated", where, f"pipeline type {made.name} exists already", "give it another name")
            )
            continue
        if any(other.module == made.module for other in found.values()):
            problems.append(
                Problem("repeated", where, f"another blueprint's folder is called {made.blueprint}", "rename one")
            )
            continue
        found[made.name] = made
    if problems:
        raise ConfigError(problems, where="platform file")
    return found


def parse_definition(definition: Any, place: Path) -> tuple[PipelineType | None, list[Problem]]:
    """Return the type that a definition declares, or None and every problem with it. Pure.

    Args:
        definition: Content of ``blueprint.json``.
        place: Its folder.
    """
    report = Report()
    checked = DEFINITION.check(definition, report)
    blueprint = place.resolve().name
    if not _FOLDER.fullmatch(blueprint):
        report.add_at("", "bad-name", f"{show(blueprint)} cannot be the name of its folder", "use a-z, 0-9 and _")
    if checked is INVALID:
        return None, report.problems
    per_stage = frozenset(checked.get("per_stage", ()))
    fields = fields_of(checked["schema"], per_stage, report)
    label = checked.get("label", "model_name")
    names = {field.name for field in fields}
    common = [field for field in (keys.MODEL_NAME, keys.PIPELINE_NAME, keys.TAGS_FIELD) if field.name not in names]
    if label != "model_name":
        common = [field for field in common if field is not keys.MODEL_NAME]
    fields = [*common, *fields]
    by_name = {field.name: field for field in fields}
    if label not in by_name or by_name[label].required is not True:
        report.add_at("label", "bad-blueprint", f'"{label}" is not a required key of the schema', "require it there")
    for name in sorted(per_stage - names):
        report.add_at("per_stage", "bad-blueprint", f'"{name}" is not a key of the schema', f"use {listed(names)}")
    given = checked.get("variables")
    sources = {name: name for name in names} if given is None else given
    rules = {variable: _source(variable, source, names, report) for variable, source in sources.items()}
    references = checked.get("references", [])
    for index, reference in enumerate(references):
        if reference["key"] not in names:
            report.add_at(
                f"references[{index}].key", "bad-blueprint", f"{show(reference['key'])} is not a key of the schema"
            )
    if report.problems:
        return None, report.problems
    folder = place.resolve() / checked.get("module", "module")
    made = PipelineType(
        name=checked["pipeline_type"],
        suffix=checked.get("suffix", checked["pipeline_type"].replace("_", "-")),
        blueprint=blueprint,
        summary=checked["summary"],
        fields=fields,
        variables=lambda config, context: _variables(rules, config, context),
        references=lambda config, context: _references(references, rules, config, context),
        module=f"modules/blueprints/{blueprint}",
        folder=str(folder),
        passes={
            variable: key in _CONTEXT or (key in by_name and by_name[key].required is True)
            for variable, (key, _) in rules.items()
        },
        summary_attributes=checked.get("summary_attributes", ()),
        permissions=checked.get("permissions", {}),
        runs_in=checked.get("runs_in", "stages"),
        label=label,
    )
    return made, []


def _source(variable: str, source: Any, names: set[str], report: Report) -> tuple[str, str]:
    """Return (key or ``$name``, form) of a variable."""
    place = f"variables.{variable}"
    key, form = source, "value"
    if isinstance(source, dict):
        key, form = source.get("key"), source.get("as", "value")
        if set(source) - {"key", "as"} or form not in _FORMS:
            report.add_at(place, "bad-blueprint", f"must be a key, or an object with key and as ({listed(_FORMS)})")
    if not isinstance(key, str) or (key not in names and key not in _CONTEXT and key not in ("model_name", "tags")):
        report.add_at(place, "bad-blueprint", f"{show(key)} is not a key of the schema, nor one of {listed(_CONTEXT)}")
        return "", form
    return key, form


def _variables(
    rules: Mapping[str, tuple[str, str]], config: Mapping[str, Any], context: StageContext
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, (key, form) in rules.items():
        if key in _CONTEXT:
            found[variable] = _CONTEXT[key](context)
        elif key in config:
            found[variable] = _in_form(config[key], form, context)
    return found


def _in_form(value: Any, form: str, context: StageContext) -> Any:
    if form == "assets_uri":
        return mapping.assets_uri(context, value)
    return f"s3://{value}" if form == "s3_uri" else value


def _references(
    references: Iterable[Mapping[str, Any]],
    rules: Mapping[str, tuple[str, str]],
    config: Mapping[str, Any],
    context: StageContext,
) -> list[Reference]:
    found = []
    forms = dict(rules.values())
    for reference in references:
        key = reference["key"]
        if key not in config:
            continue
        kind, source = reference["kind"], _in_form(config[key], forms.get(key, "value"), context)
        if kind.startswith("s3_") and not str(source).startswith("s3://"):
            source = mapping.assets_uri(context, source) if kind == "s3_object" else f"s3://{source}"
        shared = kind in ("ecr_repository",) or forms.get(key) == "assets_uri"
        account = context.platform.orchestrator_account_id if shared else context.stage.account_id
        if kind == "ecr_image":
            account = source[:12]
        elif kind in ("kms_key", "model_package"):
            account = source.split(":")[4]
        found.append(Reference(kind, source, reference.get("variable", ""), key, account))
    return found
