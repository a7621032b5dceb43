"""A team's own blueprints: declared in a file, judged and mapped like the built-in ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from generator.blueprint import Reference, Registry, load_blueprints
from generator.errors import ConfigError
from generator.own_blueprints import parse_definition
from generator.request import resolve, validate
from generator.schema import type_schema

from .contract_cases import platform

DEFINITION: dict[str, Any] = {
    "pipeline_type": "acme_feature_table",
    "summary": "Keeps a table of features.",
    "label": "table",
    "schema": {
        "type": "object",
        "properties": {
            "table": {"type": "string", "pattern": "^[a-z]+$", "description": "Name of the table."},
            "capacity": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
            "mode": {"enum": ["fast", "cheap"]},
            "seed": {"type": "string", "format": "s3-key"},
            "image": {"type": "string", "format": "ecr-image"},
            "settings": {
                "type": "object",
                "properties": {"ratio": {"type": "number"}, "on": {"type": "boolean"}},
                "required": ["ratio"],
            },
            "labels": {"type": "array", "items": {"type": "string"}, "maxItems": 2, "uniqueItems": True},
            "extra": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["table"],
    },
    "per_stage": ["capacity"],
    "variables": {
        "table_name": "table",
        "read_capacity": "capacity",
        "account_id": "$account_id",
        "seed_s3_uri": {"key": "seed", "as": "assets_uri"},
        "tags": "tags",
    },
    "references": [
        {"kind": "s3_object", "key": "seed", "variable": "seed_s3_uri"},
        {"kind": "ecr_image", "key": "image"},
    ],
}


def loaded(tmp_path: Path, **changes: Any) -> Registry:
    folder = tmp_path / "acme_table"
    (folder / "module").mkdir(parents=True, exist_ok=True)
    (folder / "blueprint.json").write_text(json.dumps({**DEFINITION, **changes}))
    return load_blueprints(replace(platform(), blueprints=("acme_table",)), tmp_path)


def test_its_configs_are_validated_named_and_mapped_like_any_other(tmp_path: Path) -> None:
    registry, where = loaded(tmp_path), platform()
    config = {
        "pipeline_type": "acme_feature_table",
        "table": "users",
        "capacity": {"dev": 1, "staging": "2", "prod": 10},
        "seed": "seeds/users.csv",
        "image": "999999999999.dkr.ecr.eu-west-1.amazonaws.com/x:1",
        "tags": {"team": "growth"},
    }
    request, problems = validate(config, where, registry)

    assert problems == []
    assert request is not None
    assert request.pipeline == "users-acme-feature-table"
    plans = resolve(request, where)
    assert [plan.variables["read_capacity"] for plan in plans] == [1, 2, 10]
    seed = "s3://acme-ml-assets-111111111111-eu-west-1/seeds/users.csv"
    assert plans[0].variables == {
        "table_name": "users",
        "read_capacity": 1,
        "account_id": "222222222222",
        "seed_s3_uri": seed,
        "tags": {"team": "growth"},
        "name": "acme-ml-dev-users-acme-feature-table",
        "permissions_boundary_arn": None,
    }
    assert plans[0].references == (
        Reference("s3_object", seed, "seed_s3_uri", "seed", "111111111111"),
        Reference("ecr_image", config["image"], "", "image", "999999999999"),
    )


def test_its_module_joins_the_others(tmp_path: Path) -> None:
    registry = loaded(tmp_path)
    found = registry.get("acme_feature_table")

    assert found is not None
    assert found.module == "modules/blueprints/acme_table"
    assert found.module in registry.modules()
    assert registry.own_folders() == {found.module: str(tmp_path / "acme_table" / "module")}
    assert registry.names[-1] == "acme_feature_table"


def test_every_problem_of_its_configs_is_told(tmp_path: Path) -> None:
    config = {
        "pipeline_type": "acme_feature_table",
        "table": "Users",
        "capacity": {"dev": 0, "staging": 2, "live": 3},
        "mode": "slow",
        "settings": {"on": "maybe"},
        "labels": ["a", "a"],
        "sed": 1,
    }
    _, problems = validate(config, platform(), loaded(tmp_path))

    assert sorted((problem.key, problem.code) for problem in problems) == [
        ("capacity.dev", "out-of-range"),
        ("capacity.live", "unknown-stage"),
        ("labels[1]", "repeated"),
        ("mode", "not-allowed"),
        ("sed", "unknown-key"),
        ("settings.on", "wrong-type"),
        ("settings.ratio", "missing-key"),
        ("table", "bad-format"),
    ]


def test_its_schema_is_published_as_well(tmp_path: Path) -> None:
    found = loaded(tmp_path).get("acme_feature_table")
    assert found is not None
    schema = type_schema(found)

    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"pipeline_type": "acme_feature_table", "table": "users", "capacity": {"dev": 1}})
    assert not validator.is_valid({"pipeline_type": "acme_feature_table", "table": "USERS"})


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"pipeline_type": "Acme"}, "pipeline_type"),
        ({"summary": ""}, "summary"),
        ({"runs_in": "cloud"}, "runs_in"),
        ({"label": "capacity"}, "label"),
        ({"per_stage": ["size"]}, "per_stage"),
        ({"variables": {"x": "size"}}, "variables.x"),
        ({"variables": {"x": {"key": "table", "as": "upper"}}}, "variables.x"),
        ({"references": [{"kind": "s3_object", "key": "size"}]}, "references[0].key"),
        ({"references": [{"kind": "ftp", "key": "table"}]}, "references[0].kind"),
        ({"schema": {"type": "string"}}, "schema"),
        (
            {"schema": {"type": "object", "properties": {"table": {"oneOf": []}}, "required": ["table"]}},
            "schema.properties.table",
        ),
        (
            {
                "schema": {
                    "type": "object",
                    "properties": {"table": {"type": "string", "format": "x"}},
                    "required": ["table"],
                }
            },
            "schema.properties.table",
        ),
        (
            {
                "schema": {
                    "type": "object",
                    "properties": {"table": {"type": "string", "pattern": "("}},
                    "required": ["table"],
                }
            },
            "schema.properties.table",
        ),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_faulty_definition_is_explained(changes: dict[str, Any], key: str) -> None:
    found, problems = parse_definition(
        {**DEFINITION, "variables": {}, "per_stage": [], "references": [], **changes}, Path("x")
    )

    assert found is None
    assert key in [problem.key for problem in problems]


@pytest.mark.parametrize(
    ("text", "code"), [(None, "no-blueprint"), ("{", "bad-blueprint"), ("[]", "wrong-type"), ("{}", "missing-key")]
)
def test_a_folder_that_is_no_blueprint_is_explained(tmp_path: Path, text: str | None, code: str) -> None:
    if text is not None:
        (tmp_path / "blueprint.json").write_text(text)

    with pytest.raises(ConfigError) as caught:
        load_blueprints(replace(platform(), blueprints=(str(tmp_path),)))

    assert code in {problem.code for problem in caught.value.problems}


@pytest.mark.parametrize("name", ["byom_realtime_builtin", "acme_feature_table"])
def test_a_name_that_is_taken_is_refused(tmp_path: Path, name: str) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "blueprint.json").write_text(json.dumps({**DEFINITION, "pipeline_type": name}))

    with pytest.raises(ConfigError) as caught:
        load_blueprints(replace(platform(), blueprints=("one", "two")), tmp_path)

    assert {problem.code for problem in caught.value.problems} == {"repeated"}
