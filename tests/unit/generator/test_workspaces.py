"""Workspaces: values only as data, structure only from the module, bundles that mirror the repository."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator import workspaces
from generator.blueprint import load_blueprints
from generator.platform import Options, Platform, Stage
from generator.project import source_root
from generator.request import Request, resolve, validate
from generator.structure import ROOT_MODULE, Structure, load_structure

REALTIME = "modules/pipelines/realtime_inference"
PLATFORM = Platform(
    "acme-ml",
    "eu-central-1",
    "111111111111",
    (Stage("dev", "222222222222", "none"), Stage("staging", "333333333333"), Stage("prod", "444444444444")),
    Options(tags={"cost-centre": "ml"}),
)
CONFIG = {
    "pipeline_type": "byom_realtime_builtin",
    "model_name": "churn",
    "model_framework": "xgboost",
    "model_framework_version": "1.7-1",
    "model_artifact_location": "churn/model.tar.gz",
    "inference_instance": "ml.m5.large",
    "data_capture_location": "capture-bucket/churn",
}


@lru_cache(maxsize=1)
def structure() -> Structure:
    return load_structure(source_root(), [REALTIME])


def request(**changes: object) -> Request:
    found, problems = validate({**CONFIG, **changes}, PLATFORM, load_blueprints(PLATFORM))
    assert found is not None, problems
    return found


def tree(**changes: object) -> dict[str, bytes]:
    asked = request(**changes)
    return workspaces.bundle_tree(PLATFORM, structure(), asked, resolve(asked, PLATFORM))


def test_one_workspace_for_each_stage_and_one_for_the_delivery_pipeline() -> None:
    folders = {path.rsplit("/", 1)[0] for path in tree() if path.startswith("environments/")}
    assert folders == {
        f"environments/{stage}/churn-realtime-builtin" for stage in ("dev", "staging", "prod", "delivery")
    }


def test_a_workspace_in_a_bundle_is_the_one_that_generate_writes() -> None:
    asked = request()
    plan = resolve(asked, PLATFORM)[1]
    written = workspaces.pipeline_workspace(PLATFORM, structure(), asked, plan)
    bundled = tree()
    for name, content in written.items():
        assert bundled[f"environments/staging/churn-realtime-builtin/{name}"] == content


def test_structure_is_the_same_for_every_stage_and_config() -> None:
    first, second = tree(), tree(model_artifact_location="other/model.tar.gz")
    for stage in ("dev", "staging", "prod"):
        for name in ("main.tf", "workspace.tf", "variables.tf", "outputs.tf", "versions.tf"):
            path = f"environments/{stage}/churn-realtime-builtin/{name}"
            assert first[path] == second[path] == first[f"environments/dev/churn-realtime-builtin/{name}"]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=40))
def test_no_text_of_a_config_reaches_anything_but_data(text: str) -> None:
    value = f"${{file(\"/etc/passwd\")}}%{{ for x in y }}{{{{ 7 * 7 }}}}\"\\{text}"
    asked, problems = validate(
        {**CONFIG, "model_artifact_location": value}, PLATFORM, load_blueprints(PLATFORM)
    )
    if asked is None:
        assert problems
        return
    plain = tree()
    changed = workspaces.bundle_tree(PLATFORM, structure(), asked, resolve(asked, PLATFORM))
    different = {path.rsplit("/", 1)[-1] for path in plain if plain[path] != changed[path]}
    assert different <= {"terraform.tfvars.json", "config.json", "manifest.json"}


def test_the_workspace_acts_in_the_stages_account_and_no_other() -> None:
    variables = json.loads(tree()["environments/prod/churn-realtime-builtin/terraform.tfvars.json"])
    assert variables["workspace"]["account_id"] == "444444444444"
    assert variables["assume_role"]["role_arn"] == "arn:aws:iam::444444444444:role/acme-ml-deploy"
    assert variables["workspace"]["tags"] == {
        "cost-centre": "ml",
        "Environment": "prod",
        "ManagedBy": "Terraform",
        "Pipeline": "churn-realtime-builtin",
        "Project": "acme-ml",
    }


def test_builds_bring_their_own_role() -> None:
    release = json.loads(tree()["environments/prod/churn-realtime-builtin/release.auto.tfvars.json"])
    assert release == {"assume_role": None}


def test_state_keys_are_one_for_each_workspace() -> None:
    keys = [
        json.loads(content)["terraform"]["backend"]["s3"]["key"]
        for path, content in tree().items()
        if path.endswith("backend.tf.json")
    ]
    assert len(set(keys)) == 4
    assert "acme-ml/delivery/churn-realtime-builtin/terraform.tfstate" in keys


def test_a_pin_replaces_the_value_it_names_and_nothing_else() -> None:
    asked = request()
    pins = [
        {
            "variable": "model.artifact_s3_uri",
            "kind": "s3_object",
            "source": "s3://assets/churn/model.tar.gz",
            "version_id": "v1",
            "checksum": "abc",
            "target": "s3://artifacts/objects/abc/model.tar.gz",
        }
    ]
    plans = resolve(asked, PLATFORM)
    bundled = workspaces.bundle_tree(PLATFORM, structure(), asked, plans, pins)
    release = json.loads(bundled["environments/dev/churn-realtime-builtin/release.auto.tfvars.json"])
    assert release["model"] == {
        **plans[0].variables["model"],
        "artifact_s3_uri": "s3://artifacts/objects/abc/model.tar.gz",
    }
    assert json.loads(bundled["manifest.json"])["pins"] == pins


def test_the_manifest_names_every_file_with_its_hash() -> None:
    bundled = tree()
    files = json.loads(bundled["manifest.json"])["files"]
    assert files == {
        path: hashlib.sha256(content).hexdigest() for path, content in bundled.items() if path != "manifest.json"
    }


def test_a_bundle_carries_only_the_modules_in_use_and_no_tests() -> None:
    modules = {path for path in tree() if path.startswith("modules/")}
    assert {"/".join(path.split("/")[:3]) for path in modules if "pipelines" in path} == {REALTIME}
    assert not [path for path in modules if "/tests/" in path or path.endswith(".md")]


def test_a_structure_survives_its_document() -> None:
    document = json.loads(json.dumps(structure().to_document()))
    assert Structure.from_document(document) == structure()


def test_every_account_but_the_orchestrators_gets_one_workspace() -> None:
    shared = Platform(
        "wide",
        "eu-west-1",
        "111111111111",
        (
            Stage("one", "222222222222", "none"),
            Stage("two", "222222222222"),
            Stage("three", "111111111111"),
            Stage("four", "333333333333"),
        ),
    )
    found = workspaces.platform_workspaces(shared, structure(), "../../build/orchestrator.zip")
    assert sorted(found) == ["bootstrap", "four/account", "one/account", "orchestrator"]
    assert json.loads(found["one/account"]["terraform.tfvars.json"])["stages"] == ["one", "two"]


@pytest.mark.parametrize("module", [ROOT_MODULE, REALTIME, "modules/delivery_pipeline", "modules/target_account"])
def test_a_workspace_passes_every_variable_of_its_module(module: str) -> None:
    main = structure().workspaces[module]["main.tf"].decode()
    passed = {line.split("=")[0].strip() for line in main.splitlines() if "= var." in line}
    assert passed == structure().variables[module]


@pytest.mark.parametrize(
    ("key_arn", "known_as"),
    [
        (None, "111111111111:alias/acme-ml-state"),
        ("arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef", "111111111111:alias/acme-ml-state"),
        ("arn:aws:kms:eu-central-1:111111111111:alias/ours", "111111111111:alias/ours"),
        ("arn:aws:kms:eu-central-1:999999999999:key/security", "999999999999:key/security"),
    ],
)
def test_backends_know_the_states_key_by_a_name_that_terraform_takes(key_arn: str | None, known_as: str) -> None:
    platform = replace(PLATFORM, options=replace(PLATFORM.options, kms_key_arn=key_arn))
    found = workspaces.platform_workspaces(platform, structure(), "orchestrator.zip")
    backend = json.loads(found["orchestrator"]["backend.tf.json"])["terraform"]["backend"]["s3"]
    assert backend["kms_key_id"] == f"arn:aws:kms:eu-central-1:{known_as}"
