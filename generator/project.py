"""A project on disk: its platform file, its configs, the blueprints they use and the sources of the modules."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator import structure, workspaces
from generator.blueprint import Registry, load_blueprints
from generator.errors import ConfigError, GeneratorError
from generator.load import load_text
from generator.platform import Platform, default_platform, parse_platform
from generator.request import Request, StagePlan, judge, resolve

PLATFORM_FILE = "platform.yaml"
_CONFIG_SUFFIXES = frozenset({".json", ".yaml", ".yml"})
_CONFIG_PATTERNS = ("mlops-config*.json", "mlops-config*.yaml", "mlops-config*.yml", "configs/*.json", "configs/*.y*ml")


@dataclass(frozen=True)
class Project:
    """What every command that reads configs starts from.

    Attributes:
        platform: The platform.
        registry: Every pipeline type of the platform.
        folder: Where the platform file stands, or the current folder.
    """

    platform: Platform
    registry: Registry
    folder: Path

    def structure(self, modules: Iterable[str]) -> structure.Structure:
        """Return the rendered structure of the platform's workspaces and of these modules'."""
        return structure.load_structure(source_root(), modules, self.registry.own_folders())


@dataclass(frozen=True, slots=True)
class LoadedRequest:
    """One request, the file it came from and its place in it ("" or ``[n]``)."""

    file: Path
    place: str
    request: Request
    plans: Sequence[StagePlan]


def source_root() -> Path:
    """Return the folder that holds ``modules/`` and the root module."""
    return Path(__file__).resolve().parent.parent


def load_project(platform_file: Path | None) -> Project:
    """Read the platform file, by default ``platform.yaml`` in the current folder, else the default platform.

    Raises:
        ConfigError: The platform file has problems; all are listed.
    """
    file = platform_file or Path(PLATFORM_FILE)
    if platform_file is None and not file.is_file():
        platform = default_platform()
        return Project(platform, load_blueprints(platform), Path.cwd())
    loaded = load_text(file.read_bytes(), name=str(file))
    if loaded.problems:
        raise ConfigError(loaded.problems, where=str(file))
    if len(loaded.documents) != 1:
        raise GeneratorError("a platform file holds exactly one document", where=str(file))
    document = loaded.documents[0]
    platform_or_none, problems = parse_platform(document.value)
    if platform_or_none is None or problems:
        raise ConfigError([document.place(problem) for problem in problems], where=str(file))
    platform = _with_own_blueprints(platform_or_none, file.parent)
    registry = load_blueprints(platform)
    if platform.blueprints:
        from generator.blueprint_checks import check_blueprints

        check_blueprints(registry)
    return Project(platform, registry, file.parent)


def _with_own_blueprints(platform: Platform, folder: Path) -> Platform:
    """Return the platform with the paths of a team's own blueprints taken from the platform file's folder."""
    paths = tuple(str((folder / path).resolve()) for path in platform.blueprints)
    return replace(platform, blueprints=paths)


def config_files(files: Iterable[Path], project: Project) -> list[Path]:
    """Return the given config files, or the project's own when none is given.

    Raises:
        GeneratorError: A file does not exist, or none was given and none found; a folder holds none.
    """
    given = [found for path in files for found in (_configs_in(path) if path.is_dir() else [path])]
    if not files:
        given = sorted({path for pattern in _CONFIG_PATTERNS for path in project.folder.glob(pattern)})
        if not given:
            raise GeneratorError(
                "no config file was given and none was found",
                where=str(project.folder),
                hint=f"name one, or put it at one of {', '.join(_CONFIG_PATTERNS)} (`mlops init` writes a first one)",
            )
    missing = [path for path in given if not path.is_file() and str(path) != "-"]
    if missing:
        raise GeneratorError(f"no such file: {', '.join(map(str, missing))}")
    return given


def _configs_in(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _CONFIG_SUFFIXES and path.is_file())
    if not found:
        raise GeneratorError("the folder holds no config", where=str(folder), hint="a config ends in .json or .yaml")
    return found


def load_requests(files: Iterable[Path], project: Project) -> list[LoadedRequest]:
    """Read and validate configs; ``-`` is standard input.

    Raises:
        ConfigError: There are problems; all those of the first file that has any, after all were read,
            are carried together with the others' in ``problems`` order.
    """
    requests: list[LoadedRequest] = []
    failures: list[ConfigError] = []
    for file in files:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        loaded = load_text(data, name=str(file))
        asked, problems = judge(loaded, project.platform, project.registry)
        requests += [
            LoadedRequest(file, document.key_prefix, request, resolve(request, project.platform))
            for document, request in asked
        ]
        if problems:
            failures.append(ConfigError(problems, where=str(file)))
    if failures:
        raise ConfigErrors(failures)
    _refuse_twins(requests)
    return requests


def load_card_operations(file: Path) -> list[dict[str, Any]] | None:
    """Return the model-card operations of a file that holds nothing else, or None.

    Raises:
        ConfigError: An operation has problems; all of them are carried.
    """
    from generator.model_cards import OPERATIONS, validate_operation

    loaded = load_text(file.read_bytes(), name=str(file))
    values = [document.value for document in loaded.documents]
    kinds = [str(value.get("pipeline_type")).strip().lower() for value in values if isinstance(value, dict)]
    if loaded.problems or len(kinds) != len(values) or not kinds or not set(kinds) <= set(OPERATIONS):
        return None
    problems = [
        document.place(problem) for document in loaded.documents for problem in validate_operation(document.value)[1]
    ]
    if problems:
        raise ConfigError(problems, where=str(file))
    return values


class ConfigErrors(GeneratorError):
    """Several files have problems; each is told with its own."""

    def __init__(self, failures: Sequence[ConfigError]) -> None:
        self.failures = tuple(failures)
        super().__init__("\n".join(str(failure) for failure in failures))

    def __str__(self) -> str:
        count = sum(len(failure.problems) for failure in self.failures)
        return f"{self.message}\n{count} problem{'' if count == 1 else 's'}; nothing was started"


def _refuse_twins(requests: Iterable[LoadedRequest]) -> None:
    seen: dict[str, LoadedRequest] = {}
    for loaded in requests:
        twin = seen.setdefault(loaded.request.pipeline, loaded)
        if twin is not loaded:
            raise GeneratorError(
                f"{loaded.request.pipeline} is also requested by {twin.file}{twin.place}",
                where=f"{loaded.file}{loaded.place}",
                hint="give one of them another model_name, or a pipeline_name of its own",
            )


def desired_workspaces(
    project: Project, requests: Iterable[LoadedRequest], lambda_package_path: str
) -> dict[str, dict[str, bytes]]:
    """Return every workspace of a platform and its requests as {folder: {file name: content}}. Pure.

    A team's own modules come along, below ``../modules``: nothing else brings them to where workspaces look for them.
    """
    requests, platform, own_modules = list(requests), project.platform, project.registry.own_folders()
    fixed = project.structure({loaded.request.pipeline_type.module for loaded in requests})
    found = {
        folder: dict(files)
        for folder, files in workspaces.platform_workspaces(
            platform, fixed, lambda_package_path, _own_policies(project)
        ).items()
    }
    for loaded in requests:
        module = loaded.request.pipeline_type.module
        if module in own_modules:
            sources = fixed.modules[module].items()
            found[f"../{module}"] = {path.removeprefix(f"{module}/"): content for path, content in sources}
        for plan in loaded.plans:
            folder = f"{plan.stage.name}/{loaded.request.pipeline}"
            found[folder] = dict(
                workspaces.pipeline_workspace(platform, fixed, loaded.request, plan)
            )
    return found


def _own_policies(project: Project) -> dict[str, dict[str, dict[str, str]]]:
    """Return what a team's own types need to be allowed, by account: role to name to policy."""
    own = project.registry.own()
    if not own:
        return {}
    from generator.permissions import additional_policies

    platform = project.platform
    accounts = {platform.orchestrator_account_id, *(stage.account_id for stage in platform.stages)}
    return {account: additional_policies(own, platform, account) for account in sorted(accounts)}
