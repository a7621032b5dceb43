"""The Lambda package: reproducible, small, complete, and nothing of the command line in it."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from generator.blueprint import Registry
from generator.package import bare, build_package, core_modules, platform_document, structure_document
from generator.platform import Options, Platform, Stage, parse_platform
from generator.structure import Structure, load_structure
from lambda_src.orchestrator.core import expand_structure

ROOT = Path(__file__).resolve().parents[3]
MODULES = Registry().modules()
# 0.006 of what the AWS solution ships (42.8 MB).
LIMIT_BYTES = 256_000
FAMILY = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
PLATFORM = Platform(
    "acme-ml",
    "eu-central-1",
    "111111111111",
    (Stage("dev", "222222222222", "none"), Stage("prod", "333333333333", "manual", "ou-abcd-11111111")),
    Options(account_access_role=None, tags={"team": "ml"}, notification_emails=("a@example.com",)),
)


@pytest.fixture(scope="module")
def structure() -> Structure:
    """Return the structure of every built-in blueprint's module."""
    return load_structure(ROOT, MODULES)


@pytest.fixture(scope="module")
def package(structure: Structure) -> bytes:
    """Return the package."""
    return build_package(PLATFORM, structure)


@pytest.fixture(scope="module")
def members(package: bytes) -> dict[str, bytes]:
    """Return the package's members."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def unpacked(package: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the unpacked package."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what Lambda's own runtime brings: boto3 and what it needs."""
    import botocore

    folder = tmp_path_factory.mktemp("runtime")
    installed = Path(botocore.__file__).parent.parent
    for name in FAMILY:
        (folder / name).symlink_to(installed / name)
    return folder


def run_in_runtime(program: str, unpacked: Path, runtime: Path) -> subprocess.CompletedProcess[str]:
    """Run a program that sees the package, boto3's family and the standard library, and nothing else."""
    paths = (
        f"sys.path[:] = [{str(unpacked)!r}, *(p for p in sys.path if p and 'site-packages' not in p), {str(runtime)!r}]"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", f"import sys; {paths}\n{program}"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"},
    )


def test_package_is_small(package: bytes) -> None:
    assert len(package) <= LIMIT_BYTES


def test_members_are_sorted_and_say_nothing_of_the_machine(package: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.external_attr >> 16 for info in infos} == {0o100644}
    stored = {info.filename for info in infos if info.compress_type == zipfile.ZIP_STORED}
    assert stored == {"structure.json.xz"}


def test_package_is_the_same_in_another_folder_and_with_another_hash_seed(package: bytes, tmp_path: Path) -> None:
    for part in ("generator", "lambda_src", "modules"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", ".terraform"))
    for file in ("main.tf", "variables.tf", "outputs.tf", "versions.tf", ".terraform.lock.hcl"):
        shutil.copy(ROOT / file, tmp_path / file)
    program = (
        "import hashlib, json, sys; from pathlib import Path;"
        "from generator.package import build_package; from generator.platform import parse_platform;"
        "from generator.structure import load_structure;"
        "platform = parse_platform(json.loads(sys.argv[1]))[0];"
        "modules = json.loads(sys.argv[2]);"
        "print(hashlib.sha256(build_package(platform, load_structure(Path.cwd(), modules))).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, json.dumps(platform_document(PLATFORM)), json.dumps(MODULES)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == hashlib.sha256(package).hexdigest()


def test_package_holds_the_function_and_nothing_of_the_command_line(members: dict[str, bytes]) -> None:
    assert "orchestrator/handler.py" in members
    refused = (
        "cli",
        "demo",
        "templates",
        "aws.py",
        "package.py",
        "project.py",
        "terraform.py",
        "files.py",
    )
    names = [name for name in members if name.startswith("generator/")]
    assert not [name for name in names if name.split("/")[1] in refused]
    code = b"\n".join(content for name, content in members.items() if name.endswith(".py"))
    for word in (b"import click", b"import rich", b"python_terraform", b"from click"):
        assert word not in code


def test_every_module_of_the_package_can_be_imported_in_the_runtime(
    members: dict[str, bytes], unpacked: Path, runtime: Path
) -> None:
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in members if name.endswith(".py")
    ]
    program = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)\nprint(len(sys.modules))"
    done = run_in_runtime(program, unpacked, runtime)
    assert done.returncode == 0, done.stderr


def test_function_answers_in_the_runtime(unpacked: Path, runtime: Path) -> None:
    program = (
        "import json\n"
        "from orchestrator.handler import handler\n"
        "event = {'httpMethod': 'POST', 'path': '/provisionpipeline',\n"
        "         'body': json.dumps({'pipeline_type': 'byom_realtime_builtin', 'model_name': 'churn', 'bogus': 1})}\n"
        "print(json.dumps(handler(event, None)))\n"
    )
    done = run_in_runtime(program, unpacked, runtime)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["statusCode"] == 400
    assert "bogus" in [problem["key"] for problem in json.loads(answer["body"])["problems"]]


def test_yaml_is_read_in_the_runtime_with_its_places(unpacked: Path, runtime: Path) -> None:
    program = (
        "from generator.load import load_text\n"
        "loaded = load_text(b'# x\\na: [1, {b: 1.10}]\\n---\\na: 2\\na: 3\\n', name='x.yaml')\n"
        "print([d.value for d in loaded.documents], loaded.documents[0].position('a[1].b'))\n"
        "print([(p.code, p.line, p.column) for p in loaded.problems])\n"
        "print([p.code for p in load_text(b'a:\\n\\tb: 1', name='x.yaml').problems])\n"
        "print([(p.code, p.line) for p in load_text(b'a: \\x01', name='x.yaml').problems])\n"
    )
    done = run_in_runtime(program, unpacked, runtime)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "[{'a': [1, {'b': 1.1}]}, {'a': 3}] (2, 9)",
        "[('repeated-key', 5, 1)]",
        "['tab-indentation']",
        "[('control-character', 1)]",
    ]


def test_code_loses_its_comments_and_keeps_its_lines() -> None:
    for path in sorted((ROOT / "generator").rglob("*.py")):
        source = path.read_bytes()
        kept = bare(source)
        before, after = (
            [(type(node), node.lineno) for node in ast.walk(ast.parse(code)) if isinstance(node, ast.stmt)]
            for code in (source, kept)
        )
        assert after == before, path
        assert len(kept) < len(source) or not source


def test_function_that_warms_up_has_its_clients_before_the_first_request(unpacked: Path, runtime: Path) -> None:
    program = (
        "import os\n"
        "os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'] = 'on-demand'\n"
        "from orchestrator.handler import app\n"
        "print(*sorted(app.core.clients._clients))\n"
    )
    done = run_in_runtime(program, unpacked, runtime)
    assert done.stdout.split() == ["codebuild", "codepipeline", "s3"], done.stderr


def test_platform_is_read_back_as_it_was(members: dict[str, bytes]) -> None:
    assert parse_platform(json.loads(members["platform.json"])) == (PLATFORM, [])


def test_structure_is_read_back_as_far_as_requests_need_it(structure: Structure) -> None:
    found = expand_structure(json.loads(json.dumps(structure_document(structure))))
    assert found.runner == structure.runner
    assert set(found.workspaces) == set(found.modules) == set(found.variables)
    assert "modules/target_account" not in found.workspaces
    for module in found.workspaces:
        assert found.workspaces[module] == structure.workspaces[module]
        assert found.modules[module] == structure.modules[module]
        assert found.variables[module] == structure.variables[module]


def test_package_serves_every_built_in_type(structure: Structure) -> None:
    found = expand_structure(json.loads(json.dumps(structure_document(structure))))
    assert {pipeline_type.module for pipeline_type in Registry().all()} <= set(found.modules)


def test_every_text_of_the_structure_stands_once(structure: Structure) -> None:
    texts = [json.dumps(text) for text in structure_document(structure)["texts"]]
    assert len(texts) == len(set(texts))


def test_tables_are_stripped_of_blanks(members: dict[str, bytes]) -> None:
    table = members["generator/data/images.json"]
    assert json.loads(table) == json.loads((ROOT / "generator/data/images.json").read_bytes())
    assert b'": ' not in table


def test_modules_are_followed_through_every_form_of_import(tmp_path: Path) -> None:
    folder = tmp_path / "generator"
    (folder / "sub").mkdir(parents=True)
    sources = {
        "a.py": "from __future__ import annotations\nfrom . import b\nfrom .sub import c\n",
        "b.py": "def f():\n    from generator.d import thing\n",
        "d.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import e\n",
        "e.py": "",
        "sub/__init__.py": "from ..g import x\n",
        "sub/c.py": "import generator.h\n",
        "g.py": "",
        "h.py": "",
        "unused.py": "",
    }
    for name, text in sources.items():
        (folder / name).write_text(text)
    found = core_modules(tmp_path, ["generator.a"])
    assert found == {f"generator.{name}" for name in ("a", "b", "d", "g", "h", "sub", "sub.c")}


def test_own_blueprint_works_in_the_function(tmp_path: Path, runtime: Path) -> None:
    folder = tmp_path / "acme_table"
    (folder / "module").mkdir(parents=True)
    definition = {
        "pipeline_type": "acme_feature_table",
        "summary": "Keeps a feature table.",
        "schema": {
            "type": "object",
            "properties": {"model_name": {"type": "string"}, "table": {"type": "string"}},
            "required": ["model_name", "table"],
        },
        "variables": {"table": "table"},
    }
    (folder / "blueprint.json").write_text(json.dumps(definition))
    (folder / "module" / "variables.tf").write_text('variable "table" {\n  type = string\n}\n')
    platform = Platform(
        "acme-ml", "eu-central-1", "111111111111", (Stage("dev", "222222222222"),), blueprints=(str(folder),)
    )
    module = "modules/blueprints/acme_table"
    package = build_package(platform, load_structure(ROOT, [module], {module: folder / "module"}))
    unpacked = tmp_path / "task"
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        archive.extractall(unpacked)
    program = (
        "import json\n"
        "from orchestrator.handler import app\n"
        "kind = app.core.registry.get('acme_feature_table')\n"
        "assert kind.module in app.core.structure.modules, kind.module\n"
        "event = {'httpMethod': 'POST', 'path': '/provisionpipeline',\n"
        "         'body': json.dumps({'pipeline_type': 'acme_feature_table', 'model_name': 'churn'})}\n"
        "print(json.dumps(app.handle(event, '')))\n"
    )
    done = run_in_runtime(program, unpacked, runtime)
    assert done.returncode == 0, done.stderr
    problems = json.loads(json.loads(done.stdout.splitlines()[-1])["body"])["problems"]
    assert [problem["key"] for problem in problems] == ["table"]
    assert str(tmp_path).encode() not in package
