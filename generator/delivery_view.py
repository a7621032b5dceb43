"""A delivery's status as text for people."""

from __future__ import annotations

from generator.aws import Aws, AwsError
from generator.status import STEPS, DeliveryStatus, StageStatus

_MARKS = {"Succeeded": "✓", "InProgress": "…", "Failed": "✗", "Skipped": "–", "Abandoned": "✗"}


def status_line(status: DeliveryStatus) -> str:
    """Return the whole delivery on one line: each stage with a mark for each step. Pure."""
    parts = []
    for stage in status.stages:
        steps = " ".join(
            f"{step}{_MARKS.get(stage.steps[step], stage.steps[step])}" for step in STEPS if step in stage.steps
        )
        if stage.token:
            steps += " (waits for approval)"
        if steps:
            parts.append(f"{stage.name}: {steps}")
    return f"{status.status}  " + " | ".join(parts)


def describe_status(status: DeliveryStatus, aws: Aws | None = None) -> str:
    """Return the delivery with each stage's plan, gate and reason of failure.

    Args:
        status: The delivery.
        aws: If given, the end of a failed build's log is added.
    """
    what = "" if status.mode == "apply" else f" ({status.mode})"
    release = status.digest[:12] or "no source yet"
    lines = [f"{status.pipeline}{what}: {status.status}, release {release}, execution {status.execution_id}"]
    for stage in status.stages:
        lines += _stage_lines(stage, status, aws)
    return "\n".join(lines)


def _stage_lines(stage: StageStatus, status: DeliveryStatus, aws: Aws | None) -> list[str]:
    steps = "  ".join(f"{step} {stage.steps[step]}" for step in STEPS if step in stage.steps) or "not reached"
    lines = [f"  {stage.name:12} {steps}"]
    if stage.summary:
        lines += [f"    {line}" for line in stage.summary.splitlines()]
    if stage.approved_by:
        lines.append(f"    answered by {stage.approved_by}")
    if stage.token:
        lines.append(f"    waiting: mlops approve {status.pipeline} --stage {stage.name}   (or mlops reject)")
    if stage.error:
        lines.append(f"    failed: {stage.error}")
        failed = next((step for step in reversed(STEPS) if stage.steps.get(step) == "Failed"), None)
        if aws is not None and failed in stage.build_ids:
            lines += [f"    | {line}" for line in _log_tail(aws, stage.build_ids[str(failed)])]
    return lines


def _log_tail(aws: Aws, build_id: str) -> list[str]:
    try:
        return aws.build_log(build_id, lines=15)
    except AwsError as error:
        return [f"(the build's log could not be read: {error})"]
