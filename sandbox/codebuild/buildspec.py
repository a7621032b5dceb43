"""Reads a buildspec, version 0.2, into frozen values; every mistake is named the way CodeBuild names it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

PHASES = ("install", "pre_build", "build", "post_build")


class BuildspecError(Exception):
    """The buildspec cannot be used; the text is the message of the phase context YAML_FILE_ERROR."""


@dataclass(frozen=True, slots=True)
class Phase:
    """The commands of one phase, and those that follow them whatever happened."""

    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    on_failure: Literal["ABORT", "CONTINUE"] | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """What to upload: patterns of files below a base directory."""

    files: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    base_directory: str | None = None
    discard_paths: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Buildspec:
    """A whole buildspec. `parameters` and `secrets` map a variable to where its value is kept."""

    shell: str = "bash"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    exported: tuple[str, ...] = ()
    phases: Mapping[str, Phase] = field(default_factory=dict)
    artifact: Artifact | None = None
    secondary_artifacts: Mapping[str, Artifact] = field(default_factory=dict)


def is_inline(text: str) -> bool:
    """True if a project's `buildspec` is a buildspec and not the path or ARN of one. Pure."""
    return "\n" in text.strip() or bool(re.match(r"\s*(version\s*:|[{])", text))


def parse(text: str) -> Buildspec:
    """A buildspec from YAML or JSON text. Pure.

    Raises:
        BuildspecError: It is not a buildspec of version 0.2, or names something that does not exist.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"Error parsing YAML: {error}") from None
    if not isinstance(document, dict):
        raise BuildspecError("buildspec is not a mapping")
    if str(document.get("version")) != "0.2":
        raise BuildspecError(f"invalid buildspec version: {document.get('version')} (the local AWS runs version 0.2)")
    environment = _mapping(document, "env")
    phases = _mapping(document, "phases")
    unknown = set(phases) - set(PHASES)
    if unknown:
        raise BuildspecError(f"unknown phase: {', '.join(sorted(unknown))}")
    if not any(_mapping(phases, name) for name in phases) and not document.get("artifacts"):
        raise BuildspecError("At least one phase must be specified")
    artifacts = _mapping(document, "artifacts")
    shell = str(environment.get("shell", "bash"))
    if shell not in ("bash", "/bin/sh", "sh"):
        raise BuildspecError(f"invalid shell: {shell}")
    return Buildspec(
        shell=shell,
        variables=_texts(environment, "variables"),
        parameters=_texts(environment, "parameter-store"),
        secrets=_texts(environment, "secrets-manager"),
        exported=tuple(str(name) for name in _items(environment, "exported-variables")),
        phases={name: _phase(_mapping(phases, name), name) for name in phases},
        artifact=_artifact(artifacts) if artifacts.get("files") else None,
        secondary_artifacts={
            str(name): _artifact(value) for name, value in _mapping(artifacts, "secondary-artifacts").items()
        },
    )


def _phase(value: Mapping[str, Any], name: str) -> Phase:
    on_failure = value.get("on-failure")
    if on_failure not in (None, "ABORT", "CONTINUE"):
        raise BuildspecError(f"phase {name}: on-failure {on_failure} (the local AWS knows ABORT and CONTINUE)")
    if not _items(value, "commands") and not value.get("runtime-versions"):
        raise BuildspecError(f"phase {name}: at least one command must be specified")
    return Phase(
        commands=tuple(_command(item, name) for item in _items(value, "commands")),
        finally_=tuple(_command(item, name) for item in _items(value, "finally")),
        on_failure=on_failure,
    )


def _command(value: Any, phase: str) -> str:
    if isinstance(value, (dict, list)) or value is None:
        # A colon and a space make YAML read a mapping: everybody's first mistake.
        raise BuildspecError(f"Expected Commands[] to be of string type in phase {phase}: found {value!r}")
    return str(value)


def _artifact(value: Any) -> Artifact:
    if not isinstance(value, dict) or not value.get("files"):
        raise BuildspecError("artifacts: files must be specified")
    return Artifact(
        files=tuple(str(pattern) for pattern in _items(value, "files")),
        exclude=tuple(str(pattern) for pattern in _items(value, "exclude-paths")),
        base_directory=str(value["base-directory"]) if value.get("base-directory") else None,
        discard_paths=str(value.get("discard-paths", "no")).lower() in ("yes", "true"),
        name=str(value["name"]) if value.get("name") else None,
    )


def _mapping(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BuildspecError(f"{key} must be a mapping")
    return found


def _items(value: Mapping[str, Any], key: str) -> list[Any]:
    found = value.get(key)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _texts(value: Mapping[str, Any], key: str) -> dict[str, str]:
    return {str(name): _text(item) for name, item in _mapping(value, key).items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
