"""What configs become fits the variables of their Terraform modules: names, types, and the modules' own rules."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.contract.composite import Record
from generator.platform import OPTION_FIELDS, Platform
from generator.request import StagePlan, resolve, validate

from . import hcl_types
from .contract_cases import REGISTRY, RICH, assumed, examples, pinned, platform, required_only

ROOT = Path(__file__).resolve().parents[3]
# Texts that would do harm if they were ever read as Terraform, JSON or shell.
HOSTILE = ("${path.module}", "%{ for x in y }", '"}', "\\", "$${a}", "a\nb", "'", "ü€🙂", "$(id)", "<<EOT", "#", "null")


def cases() -> Iterator[tuple[str, Platform, dict[str, Any]]]:
    """Yield (name, platform, config) for every example, every mode, and every key of ours."""
    for kind, name, registry, config in [*examples(), *required_only()]:
        yield f"{kind} {name}", assumed(registry=registry), config
    for name, config in RICH.items():
        yield name, platform(), config
        yield f"{name}, hostile", platform(kms_key_arn=None), hostile(config)


def hostile(config: dict[str, Any]) -> dict[str, Any]:
    """Return a config whose free texts are hostile."""
    texts = {f"key{index}": text for index, text in enumerate(HOSTILE)}
    free = {
        "environment": texts,
        "build_arguments": texts,
        "algo_hyperparameters": texts,
        "content_type": HOSTILE[0],
        "features_attribute": HOSTILE[2],
        "input_filter": "$" + HOSTILE[1],
        "target_attribute": HOSTILE[0],
        "model_artifact_location": "a/${b}/%{c}/'\"\\",
    }
    found = {**config, **{key: value for key, value in free.items() if key in config}}
    found.pop("join_source", None)
    return found


def plans(where: Platform, config: dict[str, Any]) -> list[tuple[str, StagePlan]]:
    request, problems = validate(config, where, REGISTRY)
    assert problems == []
    assert request is not None
    return [(request.pipeline_type.module, pinned(plan)) for plan in resolve(request, where)]


CASES = [pytest.param(where, config, id=name) for name, where, config in cases()]


@pytest.mark.parametrize(("where", "config"), CASES)
def test_variables_are_those_of_the_module_and_have_their_types(where: Platform, config: dict[str, Any]) -> None:
    for module, plan in plans(where, config):
        declared = hcl_types.variables(ROOT / module / "variables.tf")
        assert plan.variables.keys() <= declared.keys()
        assert {name for name, (_, has_default) in declared.items() if not has_default} <= plan.variables.keys()
        for name, value in plan.variables.items():
            assert hcl_types.faults(value, declared[name][0], name) == []
        json.dumps(plan.variables, allow_nan=False)


@pytest.mark.parametrize(("where", "config"), CASES)
def test_references_name_variables_that_exist(where: Platform, config: dict[str, Any]) -> None:
    for _, plan in plans(where, config):
        for reference in plan.references:
            value: Any = plan.variables
            for part in filter(None, reference.variable.split(".")):
                value = value[part]
            if reference.variable and not reference.kind.startswith("model_package"):
                assert value == reference.source
            assert len(reference.account_id) == 12


def test_every_option_of_the_platform_file_is_one_of_the_root_module() -> None:
    declared, _ = hcl_types.variables(ROOT / "variables.tf")["options"]
    assert {field.name for field in OPTION_FIELDS} - declared.keys() == {
        "account_access_role",
        "external_id",
        "operations",
        "operator_principal_arns",
        "shared_account_ids",
    }
    for field in OPTION_FIELDS:
        if isinstance(field.kind, Record) and field.name in declared:
            assert {inner.name for inner in field.kind.fields.values()} <= declared[field.name][0].keys()


def test_every_variable_of_a_module_can_be_reached_by_some_config() -> None:
    reached: dict[str, set[str]] = {}
    for _, where, config in cases():
        for module, plan in plans(where, config):
            reached.setdefault(module, set()).update(plan.variables)
    for pipeline_type in REGISTRY.all():
        declared = set(hcl_types.variables(ROOT / pipeline_type.module / "variables.tf"))
        # For callers of the module alone, and for the delivery runner.
        assert declared - reached[pipeline_type.module] <= {"image_uri", "live_instance_counts", "revision"}, (
            pipeline_type.module
        )


def escaped(value: Any) -> Any:
    """Return a value as it must stand in .tf.json, where texts are templates."""
    if isinstance(value, dict):
        return {key: escaped(member) for key, member in value.items()}
    if isinstance(value, list):
        return [escaped(element) for element in value]
    return value.replace("${", "$${").replace("%{", "%%{") if isinstance(value, str) else value


@pytest.mark.terraform
def test_the_modules_own_rules_accept_every_accepted_config(tmp_path: Path) -> None:
    """Plan the variables of every case through the modules' variables.tf alone: no provider, one Terraform run."""
    calls: dict[str, Any] = {}
    chooser = random.Random(7)
    for _, where, config in cases():
        found = plans(where, config)
        # One stage of each: the others differ in names and per-stage values, which other cases have.
        module, plan = chooser.choice(found)
        folder = tmp_path / module
        if not folder.exists():
            folder.mkdir(parents=True)
            shutil.copy(ROOT / module / "variables.tf", folder)
        calls[f"case{len(calls)}"] = {"source": f"./{module}", **escaped(plan.variables)}
    (tmp_path / "main.tf.json").write_text(json.dumps({"module": calls}))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}

    for arguments in (["init", "-backend=false"], ["plan", "-input=false"]):
        result = subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.terraform
def test_the_modules_own_rules_are_really_asked(tmp_path: Path) -> None:
    module, plan = plans(platform(), RICH["training"])[0]
    folder = tmp_path / module
    folder.mkdir(parents=True)
    shutil.copy(ROOT / module / "variables.tf", folder)
    faulty = {**plan.variables, "output_s3_uri": "not a location"}
    (tmp_path / "main.tf.json").write_text(
        json.dumps({"module": {"case": {"source": f"./{module}", **escaped(faulty)}}})
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}

    subprocess.run(
        ["terraform", "init", "-backend=false"], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    result = subprocess.run(["terraform", "plan", "-input=false"], cwd=tmp_path, env=environment, capture_output=True)

    assert result.returncode == 1
    assert b"output_s3_uri" in result.stderr
