"""EventBridge patterns, input transformers and schedules held against the documented events and syntax.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html,
.../eb-transform-target-input.html, .../eb-service-event.html and each service's page of its events
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.fidelity import shapes
from tools.fidelity.findings import Finding

KIND = "events"
MEMBERS = frozenset(
    {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "$or", "replay-name"}
)
OPERATORS = frozenset(
    {"prefix", "suffix", "anything-but", "numeric", "exists", "cidr", "equals-ignore-case", "wildcard"}
)
# Event (source, detail-type) to the values that a member of its detail takes: a list, or a shape of botocore.
EVENTS: Mapping[tuple[str, str], Mapping[str, tuple[str, ...] | tuple[str, str, str]]] = {
    ("aws.codebuild", "CodeBuild Build State Change"): {"build-status": ("shape", "codebuild", "StatusType")},
    ("aws.codecommit", "CodeCommit Repository State Change"): {
        "event": ("referenceCreated", "referenceDeleted", "referenceUpdated"),
        "referenceType": ("branch", "tag"),
    },
    ("aws.codepipeline", "CodePipeline Action Execution State Change"): {
        "state": ("ABANDONED", "CANCELED", "FAILED", "STARTED", "SUCCEEDED"),
    },
    ("aws.codepipeline", "CodePipeline Stage Execution State Change"): {
        "state": ("CANCELED", "FAILED", "RESUMED", "STARTED", "STOPPED", "STOPPING", "SUCCEEDED"),
    },
    ("aws.codepipeline", "CodePipeline Pipeline Execution State Change"): {
        "state": ("CANCELED", "FAILED", "RESUMED", "STARTED", "STOPPED", "STOPPING", "SUCCEEDED", "SUPERSEDED"),
    },
    ("aws.s3", "Object Created"): {
        "reason": ("PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"),
    },
    ("aws.sagemaker", "SageMaker Endpoint State Change"): {
        # The documentation spells it as the API does, its example as no API does.
        "EndpointStatus": (
            "Creating", "Deleting", "Failed", "IN_SERVICE", "InService", "OutOfService", "RollingBack",
            "SystemUpdating", "UpdateRollbackFailed", "Updating",
        ),
    },
    ("aws.sagemaker", "SageMaker Model Package State Change"): {
        "ModelApprovalStatus": ("shape", "sagemaker", "ModelApprovalStatus"),
        "ModelPackageStatus": ("shape", "sagemaker", "ModelPackageStatus"),
    },
    ("aws.sagemaker", "SageMaker Processing Job State Change"): {
        "ProcessingJobStatus": ("shape", "sagemaker", "ProcessingJobStatus"),
    },
    ("aws.sagemaker", "SageMaker Training Job State Change"): {
        "TrainingJobStatus": ("shape", "sagemaker", "TrainingJobStatus"),
    },
    ("aws.sagemaker", "SageMaker Transform Job State Change"): {
        "TransformJobStatus": ("shape", "sagemaker", "TransformJobStatus"),
    },
    ("aws.states", "Step Functions Execution Status Change"): {
        "status": ("shape", "stepfunctions", "ExecutionStatus"),
    },
}  # fmt: skip
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_-]+)>")


def check_pattern(text: str, place: str) -> Iterator[Finding]:
    """Yield what is wrong with an event pattern."""
    pattern = json.loads(text)
    for member in sorted(set(pattern) - MEMBERS):
        yield Finding(place, f"an event has no member {member}", KIND)
    yield from _members(pattern, place)
    for source in _texts(pattern.get("source", [])):
        for kind in _texts(pattern.get("detail-type", [])):
            known = EVENTS.get((source, kind))
            if known is None:
                yield Finding(place, f"{source} has no event {kind!r} in tools/fidelity/events.py", KIND)
                continue
            for member, choices in known.items():
                for value in _texts(pattern.get("detail", {}).get(member, [])):
                    if value not in _choices(choices):
                        yield Finding(place, f"{member} is never {value!r}", KIND)


def check_target(values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """Yield what is wrong with a planned target beyond its shape."""
    for transformer in values.get("input_transformer") or []:
        paths = transformer["input_paths"] or {}
        for name, path in paths.items():
            if name.startswith("AWS"):
                yield Finding(place, f"{name}: keys of input paths do not begin with AWS", KIND)
            if not re.fullmatch(r"\$(\.[A-Za-z0-9_-]+|\[\d+\])*", path):
                yield Finding(place, f"{path} is no path of an event", KIND)
        used = set(_PLACEHOLDER.findall(transformer["input_template"]))
        for name in sorted(used - set(paths) - {"aws.events.event"}):
            yield Finding(place, f"<{name}> is in the template and has no path", KIND)
        for name in sorted(set(paths) - used):
            yield Finding(place, f"{name} has a path and is not in the template", KIND)


def check_schedule(expression: str, place: str) -> Iterator[Finding]:
    """Yield what is wrong with an expression of EventBridge Scheduler."""
    found = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression)
    fault = "is neither cron(...), rate(...) nor at(...)" if found is None else _SCHEDULES[found[1]](found[2])
    if fault:
        yield Finding(place, f"{expression} {fault}", KIND)


def _rate(text: str) -> str:
    found = re.fullmatch(r"([1-9]\d*) (minute|hour|day)(s?)", text)
    if found is None:
        return "is no number of minutes, hours or days"
    return "takes the unit in the singular for 1 only" if (found[1] == "1") == bool(found[3]) else ""


def _at(text: str) -> str:
    return "" if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", text) else "is no time like 2030-01-31T09:00:00"


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"has {len(fields)} fields, not six"
    if (fields[2] == "?") == (fields[4] == "?"):
        return "needs a ? for either the day of the month or the day of the week"
    for value, (name, form) in zip(fields, _FIELDS.items(), strict=True):
        part = rf"(?:\*|\?|(?:{form})(?:-(?:{form}))?)(?:/\d+)?"
        if not re.fullmatch(rf"{part}(?:,{part})*", value):
            return f"has {value} for the {name}"
    return ""


_FIELDS = {
    "minute": r"[0-5]?\d",
    "hour": r"[01]?\d|2[0-3]",
    "day of the month": r"0?[1-9]|[12]\d|3[01]|L|LW|(?:[12]?\d|3[01])W",
    "month": r"0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC",
    "day of the week": r"(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(?:L|#[1-5])?",
    "year": r"19[7-9]\d|2[01]\d\d",
}
_SCHEDULES = {"rate": _rate, "at": _at, "cron": _cron}


def _members(pattern: Any, place: str) -> Iterator[Finding]:
    for member, value in pattern.items():
        where = f"{place}/{member}"
        if isinstance(value, dict):
            yield from _members(value, where)
        elif not isinstance(value, list) or not value:
            yield Finding(where, f"{value!r} is not a list of what matches", KIND)
        elif member == "$or":
            for choice in value:
                yield from _members(choice, where)
        else:
            for item in value:
                if isinstance(item, dict) and (len(item) != 1 or not set(item) <= OPERATORS):
                    yield Finding(where, f"{', '.join(item)} is no operator", KIND)


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _choices(known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(shapes.service(known[1]).shape_for(known[2]).enum) if known[0] == "shape" else known
