"""Every config of the AWS solution is taken as it is, in both registry modes and for every problem type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generator.contract.field import When
from generator.problems import Problem
from generator.request import resolve, validate

from .contract_cases import AWS_SOLUTION, REGISTRY, RICH, assumed, examples, platform, required_only

EXAMPLES = [pytest.param(registry, config, id=f"{kind}-{name}") for kind, name, registry, config in examples()]
MINIMAL = [
    pytest.param(mode, registry, config, id=f"{kind}-{mode}") for kind, mode, registry, config in required_only()
]


REAL = json.loads((Path(__file__).parent / "data" / "real_configs.json").read_bytes())


def found(config: Any, *, registry: bool = False) -> list[Problem]:
    return validate(config, assumed(registry=registry), REGISTRY)[1]


@pytest.mark.parametrize(("registry", "config"), EXAMPLES)
def test_example_is_accepted(registry: bool, config: dict[str, Any]) -> None:
    assert found(config, registry=registry) == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case["about"]) for case in REAL])
def test_config_that_was_written_for_the_aws_solution_is_taken_or_refused_for_what_aws_would_not_take(
    case: dict[str, Any],
) -> None:
    assert [[problem.key, problem.code] for problem in found(case["config"])] == case["problems"]


@pytest.mark.parametrize(("mode", "registry", "config"), MINIMAL)
def test_required_keys_alone_are_accepted(mode: str, registry: bool, config: dict[str, Any]) -> None:
    assert found(config, registry=registry) == []


@pytest.mark.parametrize(("mode", "registry", "config"), MINIMAL)
def test_dropping_a_required_key_gives_exactly_that_problem(mode: str, registry: bool, config: dict[str, Any]) -> None:
    for key in config:
        problems = found({name: value for name, value in config.items() if name != key}, registry=registry)

        assert [(problem.key, problem.code) for problem in problems] == [(key, "missing-key")]
        assert problems[0].fix


@pytest.mark.parametrize("nothing", [None, "", "   "])
@pytest.mark.parametrize(("mode", "registry", "config"), MINIMAL)
def test_a_required_key_without_a_value_gives_exactly_that_problem(
    mode: str, registry: bool, config: dict[str, Any], nothing: Any
) -> None:
    for key in config:
        problems = found({**config, key: nothing}, registry=registry)

        expected = "unknown-pipeline-type" if key == "pipeline_type" and nothing == "   " else "empty-value"
        assert [(problem.key, problem.code) for problem in problems] == [(key, expected)]


@pytest.mark.parametrize(("mode", "registry", "config"), MINIMAL)
def test_a_misspelt_required_key_gives_one_problem_that_names_the_right_one(
    mode: str, registry: bool, config: dict[str, Any]
) -> None:
    for key in config.keys() - {"pipeline_type"}:
        misspelt = key[:-2] + key[-1]
        problems = found(
            {misspelt if name == key else name: value for name, value in config.items()}, registry=registry
        )

        assert [(problem.key, problem.code) for problem in problems] == [(misspelt, "unknown-key")]
        assert f'"{key}"' in problems[0].fix


@pytest.mark.parametrize("wrong", [12.5, True, [], ["x"], {}, {"a": "b"}, -1, "\x00", "${x}", "é" * 5000])
@pytest.mark.parametrize(("mode", "registry", "config"), MINIMAL)
def test_a_value_of_a_wrong_kind_is_told_at_its_key(
    mode: str, registry: bool, config: dict[str, Any], wrong: Any
) -> None:
    # Keys that take almost anything, and those whose absence or value another key's rule sees.
    elsewhere = {"s3_data_type", "attribute_names", "data_input_mode", "max_wait_time_spot_instances"}
    for key in config:
        for problem in found({**config, key: wrong}, registry=registry):
            top = problem.key.partition(".")[0].partition("[")[0]
            assert top == key or top in elsewhere or problem.code == "missing-key", (key, problem)
            assert problem.message


def test_required_keys_are_those_of_the_aws_solution() -> None:
    for type_name, facts in AWS_SOLUTION["pipelines"].items():
        pipeline_type = REGISTRY.get(type_name)
        assert pipeline_type is not None
        declared = {field.name for field in pipeline_type.fields if not field.ours}
        assert declared == set(facts["keys"]) - {"pipeline_type"}
        ever = set().union(*facts["required"].values()) - {"pipeline_type"}
        needed = {
            field.name for field in pipeline_type.fields if field.required is True or isinstance(field.required, When)
        }
        assert needed == ever


def test_defaults_are_those_of_the_aws_solution() -> None:
    for type_name, facts in AWS_SOLUTION["pipelines"].items():
        pipeline_type = REGISTRY.get(type_name)
        assert pipeline_type is not None
        for name, fact in facts["keys"].items():
            default = fact.get("default")
            if default in (None, "") or str(default).startswith("<"):
                continue
            assert str(pipeline_type.by_name[name].default) == default, (type_name, name)


def test_the_keys_that_may_differ_per_stage_include_those_of_the_aws_solution() -> None:
    for type_name, facts in AWS_SOLUTION["pipelines"].items():
        pipeline_type = REGISTRY.get(type_name)
        assert pipeline_type is not None
        if pipeline_type.runs_in == "orchestrator":
            continue
        for name, fact in facts["keys"].items():
            if fact["per_stage"]:
                assert pipeline_type.by_name[name].per_stage, (type_name, name)


@pytest.mark.parametrize(("mode", "registry", "config"), MINIMAL)
def test_every_allowed_value_and_limit_of_the_aws_solution_is_accepted(
    mode: str, registry: bool, config: dict[str, Any]
) -> None:
    # What goes together with a value, where AWS itself refuses the value alone.
    beside = {
        "AugmentedManifestFile": {"attribute_names": '["a"]', "data_input_mode": "Pipe"},
        "max_runtime_per_job": {"max_wait_time_spot_instances": 259200, "total_max_runtime": 2592000},
        "total_max_runtime": {"max_runtime_per_job": 600},
        "monitor_max_runtime_seconds": {"schedule_expression": "cron(0 12 ? * * *)"},
        "max_wait_time_spot_instances": {"use_spot_instances": "False"},
        "probability_threshold_attribute": {},
    }
    objectives = {"MSE": "Regression", "AUC": "BinaryClassification", "F1": "BinaryClassification"}
    objectives |= {"Accuracy": "BinaryClassification", "F1macro": "MulticlassClassification"}
    metrics = {problem: metric for metric, problem in objectives.items()}
    facts = AWS_SOLUTION["pipelines"][config["pipeline_type"]]["keys"]
    for name, fact in facts.items():
        values = [value for value in fact.get("allowed_values", ()) if name not in ("pipeline_type", "problem_type")]
        values += [str(fact[limit]) for limit in ("min_value", "max_value") if limit in fact]
        if config["pipeline_type"] == "model_autopilot_training" and name == "problem_type":
            values = [value for value in fact["allowed_values"] if value]
        for value in values:
            company = {**beside.get(name, {}), **beside.get(value, {})}
            tried = {**config, name: value, **{key: other for key, other in company.items() if key in facts}}
            if name == "job_objective" and value:
                tried["problem_type"] = objectives[value]
            if name == "problem_type":
                tried["job_objective"] = metrics[value]
            assert found(tried, registry=registry) == [], (name, value)


@pytest.mark.parametrize(("mode", "registry", "config"), MINIMAL)
def test_every_number_outside_the_limits_of_the_aws_solution_is_refused(
    mode: str, registry: bool, config: dict[str, Any]
) -> None:
    for name, fact in AWS_SOLUTION["pipelines"][config["pipeline_type"]]["keys"].items():
        outside = [fact["min_value"] - 1] if "min_value" in fact else []
        outside += [fact["max_value"] + 1] if "max_value" in fact else []
        for value in outside:
            for form in (value, str(value)):
                problems = found({**config, name: form}, registry=registry)
                assert [(problem.key, problem.code) for problem in problems] == [(name, "out-of-range")]


@pytest.mark.parametrize("name", RICH)
def test_config_with_every_key_is_accepted_and_resolves_in_every_stage(name: str) -> None:
    where = platform()
    request, problems = validate(RICH[name], where, REGISTRY)

    assert problems == []
    assert request is not None
    stages = [plan.stage.name for plan in resolve(request, where)]
    assert stages in (["dev", "staging", "prod"], ["orchestrator"])


def test_the_configs_with_every_key_leave_no_key_out() -> None:
    used: dict[str, set[str]] = {}
    for config in RICH.values():
        pipeline_type = REGISTRY.get(config["pipeline_type"])
        assert pipeline_type is not None
        names = {pipeline_type.by_name[key].name for key in config if key != "pipeline_type"}
        used.setdefault(pipeline_type.blueprint, set()).update(names)
    for pipeline_type in REGISTRY.all():
        left_out = set(pipeline_type.order) - used[pipeline_type.blueprint]
        known = {
            "accept_hardware_encryption",
            "custom_algorithm_docker",
            "custom_image_uri",
            "data_kms_key_arns",
            "exclude_features_attribute",
            "model_base_framework",
            "model_framework",
            "model_framework_version",
            "model_package_name",
            "model_python_version",
            "network_isolation",
            "pipeline_name",
            "post_analytics_processor",
            "record_preprocessor",
            "validation_data",
        }
        assert left_out <= known, (pipeline_type.name, left_out - known)
