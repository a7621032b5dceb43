"""A team's own blueprints as a whole: do module, permissions and definition fit together? Reads the modules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .blueprint import PipelineType, Registry
from .contract.report import Report
from .errors import ConfigError
from .permissions import parse_permissions
from .problems import Problem, listed

_BLOCK = re.compile(r'^variable "(\w+)" \{$(.*?)^\}$', re.MULTILINE | re.DOTALL)
# What every workspace passes to the module of its pipeline.
_ALWAYS_PASSED = frozenset({"name", "permissions_boundary_arn"})


def check_blueprints(registry: Registry) -> None:
    """Check every own blueprint of a platform.

    Raises:
        ConfigError: A module is missing or does not fit its definition, or permissions reach too far; all is told.
    """
    problems = [
        Problem(problem.code, f"blueprint {found.blueprint}: {problem.key}", problem.message, problem.fix)
        for found in registry.own()
        for problem in blueprint_problems(found)
    ]
    if problems:
        raise ConfigError(problems, where="platform file")


def blueprint_problems(found: PipelineType) -> list[Problem]:
    """Return everything that is wrong with a blueprint beyond its definition's own form."""
    report = Report()
    parse_permissions(found.permissions, report)
    module = [
        Problem("bad-blueprint", "module", message, fix) for message, fix in _module_faults(found, Path(found.folder))
    ]
    return [*report.problems, *module]


def _module_faults(found: PipelineType, folder: Path) -> Iterator[tuple[str, str]]:
    missing = [name for name in ("main.tf", "outputs.tf", "variables.tf") if not (folder / name).is_file()]
    if missing:
        yield f"has no {listed(missing)}", f"put the Terraform module into {folder}"
        return
    declared = dict(_BLOCK.findall((folder / "variables.tf").read_text()))
    always = {name for name, is_always in found.passes.items() if is_always} | _ALWAYS_PASSED
    for name in sorted({*found.passes, *_ALWAYS_PASSED} - declared.keys()):
        yield f"does not declare {name}, which every workspace passes", f'declare variable "{name}" in variables.tf'
    for name, body in sorted(declared.items()):
        if name not in always and not re.search(r"^\s*default\s*=", body, re.MULTILINE):
            yield f"has no default for {name}, which a config may leave out", "give it one, or require its key"
    if not re.search(r'^output "live" \{', (folder / "outputs.tf").read_text(), re.MULTILINE):
        yield "has no output live", "list there what must be live after an apply; [] if nothing can be checked"
