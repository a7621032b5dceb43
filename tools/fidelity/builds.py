"""CodeBuild's buildspecs and environments held against the buildspec reference and the quotas.

https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import yaml

from sandbox.codebuild.buildspec import Buildspec, BuildspecError, parse
from tools.fidelity.findings import Finding

KIND = "codebuild"
# The names that CodeBuild gives its own variables begin so; one of ours would be passed over.
RESERVED = "CODEBUILD_"
# Of all variables of a build together, names and values.
LONGEST_ENVIRONMENT = 5500

_texts = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_commands = {"type": "array", "minItems": 1, "items": {"type": "string"}}
_phase = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "run-as": {"type": "string"},
        "on-failure": {"enum": ["ABORT", "CONTINUE", "RETRY"]},
        "runtime-versions": _texts,
        "commands": _commands,
        "finally": _commands,
    },
}
_artifact = {
    "type": "object",
    "additionalProperties": False,
    "required": ["files"],
    "properties": {
        "files": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "name": {"type": "string"},
        "discard-paths": {"enum": ["yes", "no", True, False]},
        "base-directory": {"type": "string"},
        "exclude-paths": {"type": ["string", "array"]},
        "enable-symlinks": {"enum": ["yes", "no", True, False]},
        "s3-prefix": {"type": "string"},
    },
}
BUILDSPEC = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "phases"],
    "properties": {
        "version": {"enum": [0.2, "0.2"]},
        "run-as": {"type": "string"},
        "env": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "shell": {"enum": ["bash", "/bin/sh", "powershell.exe", "pwsh"]},
                "variables": _texts,
                "parameter-store": _texts,
                "secrets-manager": _texts,
                "exported-variables": {"type": "array", "items": {"type": "string"}},
                "git-credential-helper": {"enum": ["yes", "no", True, False]},
            },
        },
        "proxy": {"type": "object"},
        "batch": {"type": "object"},
        "phases": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "properties": dict.fromkeys(("install", "pre_build", "build", "post_build"), _phase),
        },
        "reports": {"type": "object"},
        "artifacts": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                **_artifact["properties"],  # type: ignore[dict-item]
                "secondary-artifacts": {"type": "object", "additionalProperties": _artifact},
            },
        },
        "cache": {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: {} for name in ("key", "fallback-keys", "action", "paths")},
        },
    },
}
"""The buildspec reference as a JSON Schema."""


def check(text: str, place: str) -> Iterator[Finding]:
    """Yield what is wrong with a buildspec, YAML or JSON."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        yield Finding(place, f"is no YAML: {error}", KIND)
        return
    faults = list(jsonschema.Draft7Validator(BUILDSPEC).iter_errors(document))
    for fault in faults:
        yield Finding(f"{place}/{'/'.join(map(str, fault.absolute_path))}", fault.message[:300], KIND)
    if not faults:
        try:
            buildspec = parse(text)
        except BuildspecError as error:
            yield Finding(place, str(error), KIND)
            return
        yield from _names(buildspec, place)


def exported(text: str) -> set[str]:
    """Return the variables that a buildspec exports; none if it is no buildspec."""
    try:
        return set(parse(text).exported)
    except BuildspecError:
        return set()


def check_project(values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """Yield what is wrong with a planned project beyond its shape."""
    environment = values["environment"][0]
    variables = environment.get("environment_variable") or []
    for variable in variables:
        if variable["name"].startswith(RESERVED):
            yield Finding(place, f"{variable['name']}: names that begin with {RESERVED} are CodeBuild's own", KIND)
    size = sum(len(variable["name"]) + len(str(variable["value"])) for variable in variables)
    if size > LONGEST_ENVIRONMENT:
        yield Finding(place, f"{size} characters of environment are more than {LONGEST_ENVIRONMENT}", KIND)
    source = values["source"][0]
    if isinstance(source.get("buildspec"), str) and source["buildspec"].lstrip().startswith(("{", "version")):
        yield from check(source["buildspec"], f"{place}/buildspec")


def _names(buildspec: Buildspec, place: str) -> Iterator[Finding]:
    for name in (*buildspec.variables, *buildspec.parameters, *buildspec.secrets):
        if name.startswith(RESERVED):
            yield Finding(place, f"{name}: names that begin with {RESERVED} are CodeBuild's own", KIND)
