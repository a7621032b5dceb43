"""Published schemas: they accept and refuse the same documents as the contract, as far as a schema can know."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from generator.contract.field import When
from generator.docs import example
from generator.model_cards import OPERATIONS, validate_operation
from generator.platform import parse_platform, platform_schema
from generator.request import validate
from generator.schema import DRAFT, card_schema, config_schema, type_schema

from .contract_cases import REGISTRY, RICH, assumed, examples, platform, required_only
from .test_platform import MINIMAL as PLATFORM

VALIDATORS = {found.name: jsonschema.Draft202012Validator(type_schema(found)) for found in REGISTRY.all()}
CASES = [
    *(pytest.param(registry, config, id=f"{kind}-{mode}") for kind, mode, registry, config in required_only()),
    *(pytest.param(registry, config, id=f"{kind}-{name}") for kind, name, registry, config in examples()),
    *(pytest.param(False, config, id=name) for name, config in RICH.items()),
]


def by_schema(config: dict[str, Any]) -> bool:
    return bool(VALIDATORS[config["pipeline_type"]].is_valid(config))


def by_contract(config: dict[str, Any], registry: bool) -> bool:
    return not validate(config, assumed(registry=registry), REGISTRY)[1]


@pytest.mark.parametrize("found", REGISTRY.all(), ids=lambda found: found.name)
def test_schemas_are_schemas_and_know_every_key(found: Any) -> None:
    schema = type_schema(found)

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DRAFT
    assert set(schema["properties"]) == {"$schema", "pipeline_type", *found.by_name}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(("registry", "config"), CASES)
def test_both_accept_good_configs(registry: bool, config: dict[str, Any]) -> None:
    assert by_contract(config, registry)
    assert by_schema(config), [error.message for error in VALIDATORS[config["pipeline_type"]].iter_errors(config)]


@pytest.mark.parametrize(("registry", "config"), CASES[:22])
def test_both_refuse_configs_that_lack_a_required_key(registry: bool, config: dict[str, Any]) -> None:
    for key in config.keys() - {"pipeline_type"}:
        lacking = {name: value for name, value in config.items() if name != key}
        assert not by_contract(lacking, registry), key
        assert not by_schema(lacking), key


@pytest.mark.parametrize(("registry", "config"), CASES[:22])
def test_both_refuse_unknown_keys_and_empty_ones(registry: bool, config: dict[str, Any]) -> None:
    assert not by_schema({**config, "no_such_key": 1})
    pipeline_type = REGISTRY.get(config["pipeline_type"])
    assert pipeline_type is not None
    for name in pipeline_type.always_required:
        for nothing in (None, ""):
            assert not by_contract({**config, name: nothing}, registry), name
            assert not by_schema({**config, name: nothing}), name


@pytest.mark.parametrize(("registry", "config"), CASES[:22])
def test_both_agree_on_values_of_other_types(registry: bool, config: dict[str, Any]) -> None:
    """Judge each key alone: a value that the kind refuses is refused by the key's schema, and the other way."""
    pipeline_type = REGISTRY.get(config["pipeline_type"])
    assert pipeline_type is not None
    wrongs: list[Any] = [True, [], [1], {}, {"zz": 1}, -5, 0.5, 10**15, "no such value!"]
    for field in pipeline_type.fields:
        for wrong in wrongs:
            if field.per_stage and isinstance(wrong, dict):
                continue  # Which stages there are is the platform's to know.
            if wrong == {} and isinstance(field.required, When):
                continue  # It means that the key is absent, which a schema says in another place.
            if getattr(field.kind, "numbers", False) and isinstance(wrong, int | float):
                continue  # Schemas cannot look at a number's text.
            tried = {**config, field.name: wrong}
            for alias in field.aliases:
                tried.pop(alias, None)
            problems = validate(tried, assumed(registry=registry), REGISTRY)[1]
            own = [
                problem
                for problem in problems
                if problem.key.partition(".")[0].partition("[")[0] == field.name and problem.code not in _BEYOND_SCHEMAS
            ]
            errors = [
                error
                for error in VALIDATORS[pipeline_type.name].iter_errors(tried)
                if error.path and error.path[0] == field.name
            ]
            assert bool(own) == bool(errors), (field.name, wrong, own, [error.message for error in errors])


_BEYOND_SCHEMAS = frozenset(
    {
        "arn-account",
        "arn-region",
        "cannot-combine",
        "control-character",
        "facets-do-not-fit",
        "kms-local-storage",
        "labels-do-not-fit",
        "min-above-max",
        "missing-stage",
        "name-collision",
        "needs-key",
        "no-image",
        "no-model-package-group",
        "no-weight",
        "not-per-stage",
        "objective-does-not-fit",
        "runtime-exceeds-schedule",
        "spot-wait-too-short",
        "unknown-framework",
        "unknown-framework-version",
        "unknown-stage",
        "volume-local-storage",
        "wrong-range-kind",
    }
)


@pytest.mark.parametrize("found", REGISTRY.all(), ids=lambda found: found.name)
def test_the_documented_example_is_accepted_by_both(found: Any) -> None:
    config = example(found)

    assert by_schema(config)
    assert by_contract(config, registry=False)


@pytest.mark.parametrize("registry", [True, False])
def test_a_schema_for_one_platform_knows_its_stages_and_registry_mode(registry: bool) -> None:
    where = platform("try", "live", registry=registry)
    for kind, mode, mode_registry, config in required_only():
        found = REGISTRY.get(kind)
        assert found is not None
        flat = {
            key: value["dev"] if isinstance(value, dict) and "dev" in value else value for key, value in config.items()
        }
        validator = jsonschema.Draft202012Validator(type_schema(found, where))
        if mode.startswith("USE_MODEL_REGISTRY"):
            assert validator.is_valid(flat) is (mode_registry is registry), (kind, mode)
        if "endpoint_name" in found.by_name and validator.is_valid(flat):
            assert validator.is_valid({**flat, "endpoint_name": {"try": "a", "live": "b"}})
            assert not validator.is_valid({**flat, "endpoint_name": {"dev": "a", "live": "b"}})


def test_the_platforms_schema_and_its_reader_agree() -> None:
    validator = jsonschema.Draft202012Validator(platform_schema())
    good = [
        PLATFORM,
        {**PLATFORM, "options": {"tags": {}, "vpc": None, "notification_email": ["a@b.co"]}},
        {**PLATFORM, "$schema": "x"},
    ]
    bad = [{key: value for key, value in PLATFORM.items() if key != missing} for missing in PLATFORM] + [
        {**PLATFORM, **changes}
        for changes in (
            {"name": "A"},
            {"region": ""},
            {"stages": []},
            {"stages": [{"name": "dev"}]},
            {"options": {"no": 1}},
            {"x": 1},
            {"options": {"use_model_registry": "maybe"}},
            {"orchestrator_account_id": "12"},
        )
    ]
    for document in good:
        assert parse_platform(document)[1] == []
        assert validator.is_valid(document), document
    for document in bad:
        assert parse_platform(document)[1]
        assert not validator.is_valid(document), document


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_schemas_of_model_card_operations_agree_with_the_contract(operation: str) -> None:
    schema = card_schema(operation)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    name = {} if operation == "list_model_cards" else {"name": "churn"}
    documents = [
        {"pipeline_type": operation, **name},
        {"pipeline_type": operation, **name, "unknown": 1},
        {"pipeline_type": operation, **name, "status": "Draft"},
        {"pipeline_type": operation, **name, "status": "Done"},
        {"pipeline_type": operation},
        {"pipeline_type": operation, "name": "not a name"},
    ]
    for document in documents:
        assert validator.is_valid(document) is (validate_operation(document)[0] is not None), document


def test_the_schema_of_config_files_refers_to_every_type() -> None:
    schema = config_schema(REGISTRY.all())
    jsonschema.Draft202012Validator.check_schema(schema)

    referred = {rule["then"]["$ref"] for rule in schema["$defs"]["request"]["allOf"]}
    assert referred == {f"{name}.schema.json" for name in (*REGISTRY.names, *OPERATIONS)}
