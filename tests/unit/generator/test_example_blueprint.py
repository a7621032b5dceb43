"""The example of a team's own blueprint: its page, its permissions, its workspaces, its way through the commands."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from generator.blueprint import PipelineType
from generator.changes import MANIFEST
from generator.cli import cli
from generator.delivery.checks import check_gone, check_live, load_kinds
from generator.delivery.waiting import Site
from generator.errors import DriftError
from generator.permissions import additional_policies
from generator.project import Project, desired_workspaces, load_project, load_requests
from generator.request import validate
from generator.schema import blueprint_schema
from tests.fakes_aws import FakeAws, FakeClock
from tools.fidelity import policies

ROOT = Path(__file__).resolve().parents[3]
BLUEPRINT = ROOT / "examples/blueprints/feature_table"
PLATFORM = ROOT / "examples/platform-own-blueprints.yaml"
CONFIG = ROOT / "examples/acme_feature_table.yaml"
PAGE = (ROOT / "docs/blueprints.md").read_text()
DEFINITION: dict[str, Any] = json.loads((BLUEPRINT / "blueprint.json").read_bytes())


def snippets(language: str) -> list[str]:
    """Return the page's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(PLATFORM)


@pytest.fixture(scope="module")
def feature_table(project: Project) -> PipelineType:
    found = project.registry.get("acme_feature_table")
    assert found is not None
    return found


def mlops(*arguments: str) -> str:
    ran = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


# The page


def test_definitions_on_the_page_are_those_of_the_example() -> None:
    shown = [json.loads(text) for text in snippets("json")]
    assert len(shown) == 2
    for members in shown:
        assert members.items() <= DEFINITION.items()


def test_files_on_the_page_are_the_examples(project: Project) -> None:
    platform, config = (yaml.safe_load(text) for text in snippets("yaml"))
    assert platform.items() <= yaml.safe_load(PLATFORM.read_text()).items()
    assert config.items() <= yaml.safe_load(CONFIG.read_text()).items()
    assert validate(config, project.platform, project.registry)[1] == []


def test_the_check_on_the_page_is_the_module_s() -> None:
    (shown,) = snippets("hcl")
    assert " ".join(shown.split()) in " ".join((BLUEPRINT / "module/outputs.tf").read_text().split())


def test_commands_on_the_page_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = [line.split()[1:] for text in snippets("sh") for line in text.splitlines()]
    assert {line[0] for line in lines} == {"validate", "schema", "demo"}
    # The rehearsal is one of the end-to-end tests.
    for line in lines:
        if line[0] != "demo":
            mlops(*line)


def test_code_on_the_page_checks_what_is_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "modules/blueprints/feature_service"
    folder.mkdir(parents=True)
    (folder / "verify.py").write_text(textwrap.dedent(snippets("python")[0]))
    (tmp_path / "status.json").write_text('{"status": "ready"}')
    kinds = load_kinds(tmp_path / "modules")
    item = {"kind": "feature_service", "url": (tmp_path / "status.json").as_uri(), "table": "users", "fewest": 1}

    def site(count: int) -> Site:
        aws = FakeAws(dynamodb={"describe_table": {"Table": {"ItemCount": count}}})
        return Site(aws=aws, release="ab" * 32, clock=FakeClock(), say=lambda text: None)

    assert check_live([item], kinds, site(3))[1] == []
    assert check_live([item], kinds, site(0))[1] == ["table users has 0 records, at least 1 were planned"]
    assert check_gone([item], kinds, site(0))[1] == []


# The definition


def test_definition_follows_its_published_schema() -> None:
    validator = jsonschema.Draft202012Validator(blueprint_schema())
    assert list(validator.iter_errors(DEFINITION)) == []
    assert not validator.is_valid({**DEFINITION, "permissions": {"read": []}})


def test_its_permissions_are_what_aws_documents(project: Project) -> None:
    for account in ("222222222222", "444444444444"):
        for documents in additional_policies(project.registry.own(), project.platform, account).values():
            for text in documents.values():
                assert list(policies.check(json.loads(text), account, "identity")) == []


def test_reference_page_tells_every_key(feature_table: PipelineType) -> None:
    page = mlops("schema", "acme_feature_table", "--platform", str(PLATFORM), "--page")
    for field in feature_table.fields:
        assert f"| `{field.name}` |" in page
    assert "### `record_key`" in page


def test_misspelt_type_and_keys_are_understood(project: Project) -> None:
    config = yaml.safe_load(CONFIG.read_text())
    _, problems = validate({**config, "pipeline_type": "acme_featuretable"}, project.platform, project.registry)
    assert [problem.fix for problem in problems] == ['did you mean "acme_feature_table"?']
    config["reader"] = config.pop("readers")
    _, problems = validate(config, project.platform, project.registry)
    assert [(problem.key, "readers" in problem.fix) for problem in problems] == [("reader", True)]


# Workspaces


def test_each_account_s_workspace_allows_what_the_module_needs(project: Project) -> None:
    found = desired_workspaces(project, load_requests([CONFIG], project), "x.zip")
    for stage, account in (("dev", "222222222222"), ("prod", "444444444444")):
        brought = json.loads(found[f"{stage}/account"]["terraform.tfvars.json"])["additional_policies"]
        statements = json.loads(brought["deploy"]["blueprints-1"])["Statement"]
        table = f"arn:aws:dynamodb:eu-central-1:{account}:table/acme-ml-{stage}-*"
        assert [statement["Resource"] for statement in statements] == [
            [table],
            [table],
            [f"arn:aws:kms:eu-central-1:{account}:key/*"],
        ]
        assert json.loads(brought["plan"]["blueprints-1"])["Statement"] == statements[:1]
    # No stage lives in the orchestrator's account.
    assert "additional_policies" not in json.loads(found["orchestrator"]["terraform.tfvars.json"])


def test_generated_workspaces_find_the_module_and_drift_of_it_is_seen(tmp_path: Path) -> None:
    shutil.copytree(BLUEPRINT, tmp_path / "blueprints/feature_table")
    shutil.copy(PLATFORM, tmp_path / "platform.yaml")
    arguments = [str(CONFIG), "--platform", str(tmp_path / "platform.yaml"), "--out", str(tmp_path / "environments")]
    mlops("generate", *arguments)
    copied = tmp_path / "modules/blueprints/feature_table"
    assert {path.name for path in copied.iterdir()} == {
        "main.tf",
        "outputs.tf",
        "variables.tf",
        "versions.tf",
        MANIFEST,
    }
    workspace = tmp_path / "environments/dev/users-acme-feature-table"
    source = re.search(r'source\s+= "(.*)"', (workspace / "main.tf").read_text())
    assert source is not None
    assert (workspace / source[1]).resolve() == copied
    mlops("generate", *arguments, "--check")
    with (tmp_path / "blueprints/feature_table/module/main.tf").open("a") as file:
        file.write("# more\n")
    assert isinstance(CliRunner().invoke(cli, ["generate", *arguments, "--check"]).exception, DriftError)
    mlops("generate", *arguments)
    assert (copied / "main.tf").read_text().endswith("# more\n")


def test_two_blueprints_in_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    for place, kind in (("a", "acme_one"), ("b", "acme_two")):
        shutil.copytree(BLUEPRINT, tmp_path / place / "feature_table")
        definition = {**DEFINITION, "pipeline_type": kind}
        (tmp_path / place / "feature_table/blueprint.json").write_text(json.dumps(definition))
    platform = PLATFORM.read_text().replace("[blueprints/feature_table]", "[a/feature_table, b/feature_table]")
    (tmp_path / "platform.yaml").write_text(platform)
    ran = CliRunner().invoke(cli, ["validate", str(CONFIG), "--platform", str(tmp_path / "platform.yaml")])
    assert ran.exit_code != 0
    assert "another blueprint's folder is called feature_table" in str(ran.exception) + ran.output
