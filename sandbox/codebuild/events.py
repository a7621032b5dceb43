"""The EventBridge event of a build that begins or ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.codebuild.build import Build
from sandbox.context import Context


def publish_state(context: Context, build: Build) -> None:
    """Publish "CodeBuild Build State Change" for the build's present status."""
    record = build.view()
    context.publish_event(
        build.account_id,
        build.region,
        "aws.codebuild",
        "CodeBuild Build State Change",
        state_detail(record),
        [record["arn"]],
    )


def state_detail(record: Mapping[str, Any]) -> dict[str, Any]:
    """The event's `detail` for a build's record. Pure."""
    environment, artifacts, logs = record["environment"], record.get("artifacts") or {}, record["logs"]
    information: dict[str, Any] = {
        "artifact": {
            "md5sum": artifacts.get("md5sum"),
            "sha256sum": artifacts.get("sha256sum"),
            "location": artifacts.get("location", ""),
        },
        "environment": {
            "image": environment["image"],
            "privileged-mode": environment["privilegedMode"],
            "image-pull-credentials-type": environment["imagePullCredentialsType"],
            "compute-type": environment["computeType"],
            "type": environment["type"],
            "environment-variables": environment["environmentVariables"],
        },
        "timeout-in-minutes": record["timeoutInMinutes"],
        "queued-timeout-in-minutes": record["queuedTimeoutInMinutes"],
        "build-complete": record["buildComplete"],
        "build-number": record["buildNumber"],
        "initiator": record["initiator"],
        "build-start-time": _time(record["startTime"]),
        "source": {key: record["source"][key] for key in ("type", "location", "buildspec") if key in record["source"]},
        "logs": {
            "group-name": logs.get("groupName"),
            "stream-name": logs.get("streamName"),
            "deep-link": logs.get("deepLink"),
        },
        "phases": [_phase(phase) for phase in record["phases"]],
    }
    if record.get("exportedEnvironmentVariables"):
        information["exported-environment-variables"] = record["exportedEnvironmentVariables"]
    return {
        "build-status": record["buildStatus"],
        "project-name": record["projectName"],
        "build-id": record["arn"],
        "additional-information": information,
        "current-phase": record["currentPhase"],
        "current-phase-context": "[]",
        "version": "1",
    }


def _phase(phase: Mapping[str, Any]) -> dict[str, Any]:
    value = {"phase-type": phase["phaseType"], "start-time": _time(phase["startTime"])}
    if "endTime" in phase:
        value |= {
            "phase-context": [
                f"{c['statusCode']}: {c['message']}" for c in phase.get("contexts", []) if c["statusCode"]
            ],
            "end-time": _time(phase["endTime"]),
            "duration-in-seconds": phase["durationInSeconds"],
            "phase-status": phase["phaseStatus"],
        }
    return value


def _time(value: datetime) -> str:
    return f"{value:%b} {value.day}, {value.year} {value.hour % 12 or 12}:{value:%M:%S %p}"
