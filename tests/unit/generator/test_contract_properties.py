"""Whatever comes in: no traceback; and nothing in a request changes what is rendered around it."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from generator import workspaces
from generator.codes import CODES
from generator.load import load_text
from generator.model_cards import OPERATIONS, validate_operation
from generator.platform import parse_platform
from generator.project import source_root
from generator.request import resolve, validate, validate_files
from generator.structure import Structure, load_structure

from .contract_cases import REGISTRY, RICH, assumed, platform, required_only

BASES = [*(config for _, _, registry, config in required_only() if not registry), *RICH.values()]
SETTINGS = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(max_size=40)
    | st.sampled_from(
        ["${var.x}", "%{ if true }", '"}', "s3://bucket/key", "dev", "ml.m5.large", "0.5", "cron(0 * ? * * *)"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=12) | st.sampled_from(["dev", "prod"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A config of the AWS solution or of ours with a few keys dropped, misspelt, or given another value."""
    config = dict(draw(st.sampled_from(BASES)))
    for key in draw(st.lists(st.sampled_from(sorted(config)), max_size=4)):
        change = draw(st.sampled_from(["drop", "misspell", "replace", "nest", "keep"]))
        if change == "drop":
            config.pop(key, None)
        elif change == "misspell" and key in config:
            config[key.replace("e", "a", 1) + "x"] = config.pop(key)
        elif change == "replace":
            config[key] = draw(values)
        elif change == "nest" and isinstance(config.get(key), dict):
            config[key] = {**config[key], draw(st.text(max_size=8)): draw(values)}
    if draw(st.booleans()):
        config[draw(st.sampled_from(sorted({name for found in REGISTRY.all() for name in found.by_name})))] = draw(
            values
        )
    return config


def check(config: Any, where: Any) -> Any:
    """Return the request that a config makes, None if it is refused; whichever, say so properly."""
    request, problems = validate(config, where, REGISTRY)
    assert (request is None) == bool(problems)
    for problem in problems:
        assert problem.code in CODES
        assert problem.message
        problem.text("file").encode()
    assert len({(problem.key, problem.code, problem.message) for problem in problems}) == len(problems)
    return request


@SETTINGS
@given(values)
@example({"pipeline_type": "byom_realtime_builtin", 3: 4})
@example({"pipeline_type": "\ud800"})
def test_any_value_is_a_request_or_problems(value: Any) -> None:
    if isinstance(value, dict):
        value = {str(key): member for key, member in value.items()}
    assert check(value, platform()) is None
    assert parse_platform(value)[0] is None


@SETTINGS
@given(mutated())
def test_any_mutation_of_a_config_is_a_request_or_problems(config: dict[str, Any]) -> None:
    where = platform()
    request = check(config, where)
    if request is None:
        return
    again = check(request.config, where)
    assert again.config == request.config
    assert list(again.config) == list(request.config)
    for plan in resolve(request, where):
        assert plan.variables == json.loads(json.dumps(plan.variables, allow_nan=False))


@SETTINGS
@given(
    st.sampled_from(OPERATIONS),
    st.dictionaries(
        st.sampled_from(["name", "status", "model_overview", "evaluation_details", "training_details", "arn", "x"]),
        values,
    ),
)
def test_any_model_card_body_is_an_operation_or_problems(operation: str, body: dict[str, Any]) -> None:
    found, problems = validate_operation({**body, "pipeline_type": operation})

    assert (found is None) == bool(problems)
    assert all(problem.code in CODES for problem in problems)


@SETTINGS
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(["x.json", "x.yaml", "x"]),
)
@example(b"{" * 2000, "x.yaml")
@example(b"[" * 2000, "x.json")
@example(b"? ? ? ?", "x.yaml")
@example(b"&a &b x", "x.yaml")
@example(b"%YAML 1.2\n---\na: 1", "x.yaml")
@example(b"a: !<tag:x> b", "x.yaml")
def test_any_file_is_documents_or_problems(data: bytes, name: str) -> None:
    loaded = load_text(data, name=name)

    assert loaded.documents or loaded.problems
    assert all(problem.code in CODES and problem.line >= 1 and problem.column >= 1 for problem in loaded.problems)
    report = validate_files([(name, data)], assumed(), REGISTRY)
    assert report["ok"] is False
    json.dumps(report)


@SETTINGS
@given(mutated())
def test_json_and_yaml_of_a_config_are_judged_alike(config: dict[str, Any]) -> None:
    try:
        text = json.dumps(config, allow_nan=False).encode()
    except ValueError:
        return
    as_json, as_yaml = (validate_files([(name, text)], assumed(), REGISTRY) for name in ("x.json", "x.yaml"))

    if b"\\u" in text or b"\\/" in text:
        return  # YAML has other escapes.
    found = [
        sorted((problem["key"], problem["code"]) for problem in report["files"][0]["problems"])
        for report in (as_json, as_yaml)
    ]
    assert found[0] == found[1]


@lru_cache(maxsize=1)
def structure() -> Structure:
    return load_structure(source_root(), REGISTRY.modules())


@SETTINGS
@given(mutated())
def test_nothing_in_a_config_changes_the_structure_of_its_workspaces(config: dict[str, Any]) -> None:
    where = platform()
    request = check(config, where)
    if request is None:
        return
    fixed = structure().workspaces[request.pipeline_type.module]
    for plan in resolve(request, where):
        files = dict(workspaces.pipeline_workspace(where, structure(), request, plan))
        variables = json.loads(files.pop("terraform.tfvars.json"))
        json.loads(files.pop("backend.tf.json"))
        assert files == dict(fixed)
        assert {key: variables[key] for key in plan.variables} == plan.variables


def test_the_mutations_reach_both_sides() -> None:
    """Not a property: that the generator above makes accepted and refused configs in numbers."""
    seen = {True: 0, False: 0}

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(mutated())
    def count(config: dict[str, Any]) -> None:
        seen[validate(config, platform(), REGISTRY)[0] is not None] += 1

    count()
    assert min(seen.values()) > 20
