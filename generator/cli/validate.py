"""`mlops validate` and `mlops schema`: every problem at once, and what a valid file looks like."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from generator.blueprint import PipelineType
from generator.cli.common import files_argument, json_option, platform_option, print_json
from generator.errors import ConfigError
from generator.problems import Problem, closest
from generator.project import config_files, load_project
from generator.request import validate_files


@click.command()
@files_argument
@platform_option
@json_option
def validate(files: tuple[Path, ...], platform_file: Path | None, as_json: bool) -> None:
    """Say everything that is wrong with the configs in FILES: place, key, problem, fix, code.

    Without FILES: mlops-config*.json|yaml and configs/* beside the platform file; - is standard input.
    Exit code 1 if there is any problem.
    """
    report = _report(files, platform_file)
    if as_json:
        print_json(report)
    else:
        for file in report["files"]:
            for problem in file["problems"]:
                click.echo(Problem(**problem).text(file["file"]))
        count = sum(len(file["problems"]) for file in report["files"])
        requests = sum(file["requests"] for file in report["files"])
        verdict = _counted(count, "problem") if count else "all good"
        click.echo(f"{_counted(len(report['files']), 'file')}, {_counted(requests, 'request')}: {verdict}", err=True)
    if not report["ok"]:
        raise SystemExit(1)


def _report(files: tuple[Path, ...], platform_file: Path | None) -> dict[str, Any]:
    """Return the report on configs; on the platform file alone if that has problems, as configs depend on it."""
    try:
        project = load_project(platform_file)
    except ConfigError as error:
        problems = [problem.to_json() for problem in error.problems]
        return {"ok": False, "files": [{"file": error.where, "requests": 0, "problems": problems}]}
    given = config_files(files, project)
    return validate_files(((str(file), _content(file)) for file in given), project.platform, project.registry)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _content(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


@click.command()
@click.argument("type_name", metavar="[TYPE]", required=False)
@platform_option
@click.option("--page", is_flag=True, help="Print the reference page of a pipeline type instead, as Markdown.")
def schema(type_name: str | None, platform_file: Path | None, page: bool) -> None:
    """Print the JSON Schema of the platform file, or of TYPE: a pipeline type or a model-card operation.

    `mlops schema mlops-config` is the schema of a config of any type, `mlops schema blueprint` that of the
    definition of a pipeline type of your own.
    """
    if page:
        click.echo(_page(type_name or "", platform_file), nl=False)
    else:
        print_json(_schema(type_name or "platform", platform_file))


def _page(name: str, platform_file: Path | None) -> str:
    from generator.docs import own_type_page, type_page

    found = _pipeline_type(name, platform_file)
    return own_type_page(found) if found.folder else type_page(found)


def _schema(name: str, platform_file: Path | None) -> dict[str, Any]:
    from generator.model_cards import OPERATIONS
    from generator.schema import blueprint_schema, card_schema, config_schema, platform_schema, type_schema

    if name == "platform":
        return platform_schema()
    if name == "blueprint":
        return blueprint_schema()
    if name in OPERATIONS:
        return card_schema(name)
    if name == "mlops-config":
        return config_schema(load_project(platform_file).registry.all())
    return type_schema(_pipeline_type(name, platform_file))


def _pipeline_type(name: str, platform_file: Path | None) -> PipelineType:
    from generator.errors import GeneratorError
    from generator.model_cards import OPERATIONS

    registry = load_project(platform_file).registry
    found = registry.get(name)
    if found is not None:
        return found
    known = (*registry.names, *OPERATIONS, "blueprint", "mlops-config", "platform")
    meant = closest(name, known)
    raise GeneratorError(
        f"{name} is neither a pipeline type nor a model-card operation",
        hint=f"did you mean {meant}?" if meant else f"use one of {', '.join(known)}",
    )
