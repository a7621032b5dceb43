"""What was planned, held against everything that there is to hold it against."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tools.fidelity import (
    builds,
    cloudformation,
    events,
    hcl,
    limits,
    permissions,
    pipelines,
    policies,
    resources,
    states_language,
)
from tools.fidelity.findings import Finding
from tools.fidelity.planning import REGION, ROOT, UNKNOWN, Planned
from tools.fidelity.policies import Sort

_INDEX = re.compile(r"\[[^]]*\]")
# Resource type to its attributes that are policies: the attribute, the sort, and what the size counts for.
POLICIES: Mapping[str, tuple[tuple[str, Sort, str | None], ...]] = {
    "aws_ecr_repository_policy": (("policy", "resource_ecr", "repository policy"),),
    "aws_iam_policy": (("policy", "identity", "managed policy"),),
    "aws_iam_role": (("assume_role_policy", "trust", "trust policy"),),
    # Their sizes count together, role by role.
    "aws_iam_role_policy": (("policy", "identity", None),),
    "aws_kms_key": (("policy", "resource", "key policy"),),
    "aws_s3_bucket_policy": (("policy", "resource", "bucket policy"),),
    "aws_sagemaker_model_package_group_policy": (("resource_policy", "resource", "model package group policy"),),
    "aws_sns_topic_policy": (("policy", "resource", "topic policy"),),
}


def check(planned: Mapping[str, Planned], region: str = REGION) -> Iterator[Finding]:
    """Yield what is wrong with any of the plans, by their names."""
    exported = _exported(planned.values())
    for case, plan in planned.items():
        found = {address: (plan.kinds[address], values) for address, values in plan.resources.items()}
        for address, (kind, values) in found.items():
            yield from _resource(kind, values, f"{case}: {address}", plan.module, region, exported)
        yield from limits.check_together(found, case)
        yield from _inline_policies(found, case)
        yield from permissions.check(case, plan, region)
        yield from permissions.check_least(case, plan)


def _resource(
    kind: str, values: Mapping[str, Any], place: str, module: str, region: str, exported: Mapping[str, set[str]]
) -> Iterator[Finding]:
    yield from resources.check(kind, values, place)
    yield from limits.check(kind, values, place)
    for attribute, sort, what in POLICIES.get(kind, ()):
        text = values[attribute]
        if isinstance(text, str):
            yield from policies.check(json.loads(text), f"{place}.{attribute}", sort, explained(module))
            if what:
                yield from policies.too_long(text, what, f"{place}.{attribute}")
    if kind == "aws_sfn_state_machine" and isinstance(values["definition"], str):
        yield from states_language.check(json.loads(values["definition"]), place)
    elif kind == "aws_cloudcontrolapi_resource" and isinstance(values["desired_state"], str):
        yield from cloudformation.check(values["type_name"], json.loads(values["desired_state"]), region, place)
    elif kind == "aws_codepipeline":
        yield from pipelines.check(pipelines.declaration(values), place, exported)
    elif kind == "aws_codebuild_project":
        yield from builds.check_project(values, place)
    elif kind == "aws_cloudwatch_event_rule" and isinstance(values["event_pattern"], str):
        yield from events.check_pattern(values["event_pattern"], place)
    elif kind == "aws_cloudwatch_event_target":
        yield from events.check_target(values, place)
    elif kind == "aws_scheduler_schedule":
        yield from events.check_schedule(values["schedule_expression"], place)


def _inline_policies(found: Mapping[str, tuple[str, Mapping[str, Any]]], case: str) -> Iterator[Finding]:
    by_role: dict[Any, list[str]] = defaultdict(list)
    for kind, values in found.values():
        if kind == "aws_iam_role_policy" and isinstance(values["policy"], str):
            by_role[values["role"]].append(values["policy"])
    for role, texts in by_role.items():
        if role is not UNKNOWN:
            yield from policies.too_long("", "inline policies of a role", f"{case}: role {role}", texts)


def _exported(planned: Iterable[Planned]) -> dict[str, set[str]]:
    """Return the variables that the planned CodeBuild projects export, by the project's name."""
    found: dict[str, set[str]] = {}
    for plan in planned:
        for address, values in plan.resources.items():
            if plan.kinds[address] == "aws_codebuild_project":
                text = _buildspec(values["source"][0].get("buildspec"))
                if text:
                    found[values["name"]] = builds.exported(text)
    return found


def _buildspec(given: Any) -> str:
    """A buildspec's text: what is given, or the file that it names within a bundle, where it is our runner's."""
    if not isinstance(given, str):
        return ""
    file = ROOT / "generator" / given if given.startswith("delivery/") else None
    return file.read_text(encoding="utf-8") if file is not None else given


def never_seen(planned: Iterable[Planned]) -> Iterator[Finding]:
    """Yield every policy that no configuration makes known while planning: the spread lacks one that would."""
    known: dict[str, bool] = defaultdict(bool)
    for plan in planned:
        for address, values in plan.resources.items():
            for attribute, *_ in POLICIES.get(plan.kinds[address], ()):
                place = f"{_source(plan.module, _INDEX.sub('', address))}.{attribute}"
                known[place] |= isinstance(values[attribute], str)
    for place in sorted(place for place, is_known in known.items() if not is_known):
        yield Finding(place, "no configuration of the spread shows it: add one to tools/fidelity/spread.py", "spread")


def _source(module: str, address: str) -> str:
    """Where a resource is declared: the root module's calls are named after the modules' folders."""
    called = re.match(r"module\.(\w+)\.(.*)", address) if module == "." else None
    return f"modules/{called[1]}: {called[2]}" if called else f"{module}: {address}"


@cache
def explained(module: str) -> frozenset[str]:
    """Return the sids of a module's statements whose wildcard has its reason beside it. Reads the sources."""
    folders = [ROOT / module] if module != "." else [path.parent for path in ROOT.glob("modules/*/main.tf")]
    return frozenset(sid for folder in folders for path in folder.glob("*.tf") for sid in _explained(path))


def _explained(path: Path) -> Iterator[str]:
    for block in hcl.blocks(path.read_text(encoding="utf-8")):
        for statement in hcl.statements(block):
            if "# wildcard:" in statement:
                yield from re.findall(r'^\s+sid\s+= "(\w+)"', statement, re.MULTILINE)
