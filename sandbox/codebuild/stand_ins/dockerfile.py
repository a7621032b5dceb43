"""Dockerfiles, as far as a build that runs nothing must understand them. Pure.

Source: the Dockerfile reference (docs.docker.com/reference/dockerfile).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_KNOWN = frozenset(
    (
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    )
)
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
_HEREDOC = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?")


class DockerfileError(Exception):
    """The file cannot be built; the text is BuildKit's."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction with its arguments as written, continuation lines joined."""

    line: int
    name: str
    text: str


@dataclass(slots=True)
class Stage:
    """A stage: the image or stage that it starts from, its name ("" for none), its instructions after FROM."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)


def parse(text: str, arguments: Mapping[str, str]) -> list[Stage]:
    """Return the stages of a Dockerfile, build arguments filled into their FROM lines.

    Raises:
        DockerfileError: It is no Dockerfile.
    """
    stages: list[Stage] = []
    values: dict[str, str] = {}
    for instruction in _instructions(text):
        if instruction.name not in _KNOWN:
            raise DockerfileError(
                f"dockerfile parse error on line {instruction.line}: unknown instruction: {instruction.name}"
            )
        if instruction.name == "FROM":
            stages.append(_stage(instruction, values))
        elif stages:
            stages[-1].instructions.append(instruction)
        elif instruction.name == "ARG":
            name, _, default = instruction.text.partition("=")
            values[name.strip()] = arguments.get(name.strip(), default.strip("\"'"))
        else:
            raise DockerfileError(
                f"dockerfile parse error on line {instruction.line}: no build stage in current context"
            )
    if not stages:
        raise DockerfileError("the Dockerfile has no FROM instruction")
    return stages


def sources(instruction: Instruction) -> list[str]:
    """Return the files of the build context that a COPY or ADD takes; none for one that copies from elsewhere."""
    words = instruction.text.split()
    flags = [word for word in words if word.startswith("--")]
    if any(flag.startswith("--from=") for flag in flags) or _HEREDOC.search(instruction.text):
        return []
    rest = instruction.text[sum(len(flag) + 1 for flag in flags) :].strip() if flags else instruction.text
    names = json.loads(rest) if rest.startswith("[") else rest.split()
    return [name for name in names[:-1] if not re.match(r"(https?|git)://|git@", name)]


def _stage(instruction: Instruction, values: Mapping[str, str]) -> Stage:
    words = [word for word in instruction.text.split() if not word.startswith("--")]
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise DockerfileError(
            f"dockerfile parse error on line {instruction.line}: FROM requires either one or three arguments"
        )
    base = _VARIABLE.sub(lambda found: values.get(found[1] or found[3], "") or found[2] or "", words[0])
    if not base:
        raise DockerfileError(f"base name ({words[0]}) should not be blank")
    return Stage(base, words[2] if len(words) == 3 else "")


def _instructions(text: str) -> list[Instruction]:
    found: list[Instruction] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        start, joined = at + 1, ""
        while at < len(lines):
            line = lines[at].strip()
            at += 1
            if line.startswith("#") or (not line and joined):
                continue
            joined += line.removesuffix("\\") if line.endswith("\\") else line
            if not line.endswith("\\"):
                break
        if not joined.strip():
            continue
        name, _, rest = joined.strip().partition(" ")
        heredoc = _HEREDOC.search(rest) if name.upper() in ("RUN", "COPY", "ADD") else None
        if heredoc:
            while at < len(lines) and lines[at].strip() != heredoc[1]:
                rest += "\n" + lines[at]
                at += 1
            at += 1
        found.append(Instruction(start, name.upper(), rest.strip()))
    return found
