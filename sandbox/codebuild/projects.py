"""Build projects as CodeBuild keeps and returns them: checks, defaults, changes. Pure."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.operations import ApiError

_CHANGEABLE = (
    "description", "source", "secondarySources", "sourceVersion", "secondarySourceVersions", "artifacts",
    "secondaryArtifacts", "cache", "environment", "serviceRole", "timeoutInMinutes", "queuedTimeoutInMinutes",
    "encryptionKey", "tags", "vpcConfig", "logsConfig", "fileSystemLocations", "buildBatchConfig",
    "concurrentBuildLimit", "autoRetryLimit",
)  # fmt: skip

_NEEDS_LOCATION = (
    "CODECOMMIT",
    "GITHUB",
    "GITLAB",
    "GITLAB_SELF_MANAGED",
    "S3",
    "BITBUCKET",
    "GITHUB_ENTERPRISE",
)


def invalid(message: str) -> ApiError:
    """The error of a request that CodeBuild understands but refuses."""
    return ApiError("InvalidInputException", message)


def new_project(parameters: Mapping[str, Any], *, arn: str, default_key_arn: str, now: datetime) -> dict[str, Any]:
    """A project from CreateProject's parameters.

    Raises:
        ApiError: InvalidInputException.
    """
    project: dict[str, Any] = {
        "name": parameters["name"],
        "arn": arn,
        "encryptionKey": default_key_arn,
        "cache": {"type": "NO_CACHE"},
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "logsConfig": {
            "cloudWatchLogs": {"status": "ENABLED"},
            "s3Logs": {"status": "DISABLED", "encryptionDisabled": False},
        },
        "secondarySources": [],
        "secondarySourceVersions": [],
        "secondaryArtifacts": [],
        "tags": [],
        "badge": {"badgeEnabled": bool(parameters.get("badgeEnabled"))},
        "projectVisibility": "PRIVATE",
        "created": now,
    }
    return changed_project(project, parameters, now=now)


def changed_project(project: Mapping[str, Any], parameters: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """The project after UpdateProject; the given one stays as it is.

    Raises:
        ApiError: InvalidInputException.
    """
    result = copy.deepcopy(dict(project))
    for key in _CHANGEABLE:
        if parameters.get(key) is not None:
            result[key] = copy.deepcopy(parameters[key])
    if parameters.get("badgeEnabled") is not None:
        result["badge"] = {"badgeEnabled": bool(parameters["badgeEnabled"])}
    for key in ("concurrentBuildLimit", "autoRetryLimit"):
        # -1 takes the limit away; so does 0 for retries.
        if result.get(key) in (-1, None) or (key == "autoRetryLimit" and result[key] == 0):
            result.pop(key, None)
    if not (result.get("vpcConfig") or {}).get("vpcId"):
        result.pop("vpcConfig", None)
    result["lastModified"] = now
    _complete(result)
    check_project(result)
    return result


def _complete(project: dict[str, Any]) -> None:
    for source in (project["source"], *project["secondarySources"]):
        source.setdefault("insecureSsl", False)
    environment = project["environment"]
    environment.setdefault("environmentVariables", [])
    for variable in environment["environmentVariables"]:
        variable.setdefault("type", "PLAINTEXT")
    environment.setdefault("privilegedMode", False)
    environment.setdefault("imagePullCredentialsType", "CODEBUILD")
    for artifacts in (project["artifacts"], *project["secondaryArtifacts"]):
        if artifacts["type"] != "NO_ARTIFACTS":
            artifacts.setdefault("encryptionDisabled", False)
    s3_logs = project["logsConfig"].setdefault("s3Logs", {"status": "DISABLED"})
    s3_logs.setdefault("encryptionDisabled", False)
    project["logsConfig"].setdefault("cloudWatchLogs", {"status": "ENABLED"})


def check_project(project: Mapping[str, Any]) -> None:
    """Hold a complete project against CodeBuild's rules.

    Raises:
        ApiError: InvalidInputException.
    """
    source, artifacts = project["source"], project["artifacts"]
    for one in (source, *project["secondarySources"]):
        check_source(one)
    if ("CODEPIPELINE" in (source["type"], artifacts["type"])) and source["type"] != artifacts["type"]:
        raise invalid("Invalid project: source and artifact types must both be CODEPIPELINE")
    for one in (artifacts, *project["secondaryArtifacts"]):
        if one["type"] == "S3" and not one.get("location"):
            raise invalid("Invalid artifacts: artifact location is required for artifact type S3")
        if one["type"] == "NO_ARTIFACTS" and one.get("location"):
            raise invalid("Invalid artifacts: artifact type NO_ARTIFACTS should have null location")
    account_id = project["arn"].split(":")[4]
    if not re.fullmatch(rf"arn:aws[a-z-]*:iam::{account_id}:role/.+", project["serviceRole"]):
        raise invalid("Invalid service role: Service role account ID does not match caller's account")
    limit = project.get("concurrentBuildLimit")
    if limit is not None and limit < 1:
        raise invalid("Invalid concurrentBuildLimit: it must be at least 1")


def check_source(source: Mapping[str, Any]) -> None:
    """Hold one source against CodeBuild's rules.

    Raises:
        ApiError: InvalidInputException.
    """
    if source["type"] in _NEEDS_LOCATION and not source.get("location"):
        raise invalid("Project source location is required")
    if source["type"] == "NO_SOURCE" and not (source.get("buildspec") or "").strip():
        raise invalid("Invalid project source: buildspec is required for source type NO_SOURCE")
    if source["type"] == "S3" and "/" not in source["location"]:
        raise invalid("Invalid project source: location must be a valid S3 source: <bucket>/<path>")
