"""A small change to a request, so that a rehearsal can show a changed request going through the gates."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from generator.project import Project
from generator.request import Request, validate

_INSTANCES = ("ml.m5.large", "ml.m5.xlarge", "ml.c5.xlarge", "ml.m5.2xlarge")
_KEYS = ("inference_instance", "instance_type")


def changed_config(request: Request, project: Project) -> tuple[dict[str, Any] | None, str]:
    """Return the request with a small change and what changed, or (None, "").

    It is another instance type in every stage, of a team's own type a higher number, or one more tag where there
    is none. The first candidate that the contract accepts is taken. Pure.
    """
    raised = _raised(request.config) if request.pipeline_type.folder else ()
    for key, config in chain(raised, _candidates(request.config)):
        _, problems = validate(config, project.platform, project.registry)
        if not problems:
            return config, f"{key} becomes {config[key]}"
    return None, ""


def _candidates(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in _KEYS:
        current = config.get(key)
        if current is None:
            continue
        used = set(current.values()) if isinstance(current, Mapping) else {current}
        for instance in _INSTANCES:
            if instance not in used:
                yield key, {**copy.deepcopy(dict(config)), key: instance}
    tags = {**config.get("tags", {}), "rehearsal": "changed"}
    yield "tags", {**copy.deepcopy(dict(config)), "tags": tags}


def _raised(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, current in config.items():
        values = current.values() if isinstance(current, Mapping) else [current]
        if values and all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            more = {name: value + 1 for name, value in current.items()} if isinstance(current, Mapping) else current + 1
            yield key, {**copy.deepcopy(dict(config)), key: more}
