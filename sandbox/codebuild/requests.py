"""From a project and StartBuild's overrides to the record of a new build. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.accounts import Principal
from sandbox.codebuild.build import Build, PipelineOrder
from sandbox.codebuild.projects import check_source, invalid

_SOURCE_OVERRIDES = {
    "sourceTypeOverride": "type",
    "sourceLocationOverride": "location",
    "sourceAuthOverride": "auth",
    "gitCloneDepthOverride": "gitCloneDepth",
    "gitSubmodulesConfigOverride": "gitSubmodulesConfig",
    "buildspecOverride": "buildspec",
    "insecureSslOverride": "insecureSsl",
    "reportBuildStatusOverride": "reportBuildStatus",
    "buildStatusConfigOverride": "buildStatusConfig",
}
_ENVIRONMENT_OVERRIDES = {
    "environmentTypeOverride": "type",
    "imageOverride": "image",
    "computeTypeOverride": "computeType",
    "certificateOverride": "certificate",
    "privilegedModeOverride": "privilegedMode",
    "registryCredentialOverride": "registryCredential",
    "imagePullCredentialsTypeOverride": "imagePullCredentialsType",
    "fleetOverride": "fleet",
}


def new_build(
    project: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    build_uuid: str,
    number: int,
    initiator: str,
    order: PipelineOrder | None = None,
) -> Build:
    """A queued build of a project.

    Raises:
        ApiError: InvalidInputException, for overrides that do not go together.
    """
    source = _overridden(project["source"], parameters, _SOURCE_OVERRIDES)
    if order is None:
        if source["type"] == "CODEPIPELINE":
            raise invalid("Cannot start build: a project with source type CODEPIPELINE is built by CodePipeline only")
        check_source(source)
    else:
        source = {"type": "CODEPIPELINE", "insecureSsl": False} | (
            {"buildspec": source["buildspec"]} if source.get("buildspec") else {}
        )
    environment = _overridden(project["environment"], parameters, _ENVIRONMENT_OVERRIDES)
    environment["environmentVariables"] = _merged_variables(
        environment["environmentVariables"], parameters.get("environmentVariablesOverride") or []
    )
    arn = project["arn"].replace(f":project/{project['name']}", f":build/{project['name']}:{build_uuid}")
    version = parameters.get("sourceVersion") or project.get("sourceVersion")
    now = datetime.now(UTC)
    record: dict[str, Any] = {
        "id": f"{project['name']}:{build_uuid}",
        "arn": arn,
        "buildNumber": number,
        "startTime": now,
        "currentPhase": "QUEUED",
        "buildStatus": "IN_PROGRESS",
        "projectName": project["name"],
        "phases": [
            {
                "phaseType": "SUBMITTED",
                "phaseStatus": "SUCCEEDED",
                "startTime": now,
                "endTime": now,
                "durationInSeconds": 0,
            },
            {"phaseType": "QUEUED", "startTime": now},
        ],
        "source": source,
        "secondarySources": copy.deepcopy(parameters.get("secondarySourcesOverride") or project["secondarySources"]),
        "secondarySourceVersions": copy.deepcopy(
            parameters.get("secondarySourcesVersionOverride") or project["secondarySourceVersions"]
        ),
        "artifacts": {"location": ""},
        "secondaryArtifacts": [],
        "cache": copy.deepcopy(parameters.get("cacheOverride") or project["cache"]),
        "environment": environment,
        "serviceRole": parameters.get("serviceRoleOverride") or project["serviceRole"],
        "logs": _logs(project, parameters, arn, build_uuid),
        "timeoutInMinutes": parameters.get("timeoutInMinutesOverride") or project["timeoutInMinutes"],
        "queuedTimeoutInMinutes": parameters.get("queuedTimeoutInMinutesOverride") or project["queuedTimeoutInMinutes"],
        "buildComplete": False,
        "initiator": initiator,
        "encryptionKey": parameters.get("encryptionKeyOverride") or project["encryptionKey"],
        "exportedEnvironmentVariables": [],
        "reportArns": [],
    }
    if order is not None:
        record["sourceVersion"] = order.inputs[order.primary].arn
        if order.revision:
            record["resolvedSourceVersion"] = order.revision
    elif version:
        record["sourceVersion"] = version
    if project.get("vpcConfig"):
        record["vpcConfig"] = copy.deepcopy(project["vpcConfig"])
    primary = parameters.get("artifactsOverride") or project["artifacts"]
    secondary = parameters.get("secondaryArtifactsOverride") or project["secondaryArtifacts"]
    targets = copy.deepcopy([primary, *secondary])
    return Build(record, project_arn=str(project["arn"]), targets=targets, order=order)


def initiator_of(caller: Principal) -> str:
    """Who started a build, as CodeBuild writes it. Pure."""
    name = caller.arn.split(":", 5)[5]
    return name.removeprefix("user/")


def _overridden(value: Mapping[str, Any], parameters: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    result = copy.deepcopy(dict(value))
    for parameter, key in keys.items():
        if parameters.get(parameter) is not None:
            result[key] = copy.deepcopy(parameters[parameter])
    return result


def _merged_variables(variables: list[dict[str, str]], overrides: list[dict[str, str]]) -> list[dict[str, str]]:
    merged = {item["name"]: item for item in variables}
    merged |= {item["name"]: {"type": "PLAINTEXT", **item} for item in overrides}
    return list(merged.values())


def _logs(project: Mapping[str, Any], parameters: Mapping[str, Any], arn: str, build_uuid: str) -> dict[str, Any]:
    config = copy.deepcopy(dict(parameters.get("logsConfigOverride") or project["logsConfig"]))
    cloudwatch = config.get("cloudWatchLogs", {"status": "ENABLED"})
    s3_logs = config.get("s3Logs", {"status": "DISABLED", "encryptionDisabled": False})
    logs: dict[str, Any] = {"cloudWatchLogs": cloudwatch, "s3Logs": s3_logs}
    region, account_id = arn.split(":")[3:5]
    if cloudwatch["status"] == "ENABLED":
        group = cloudwatch.get("groupName") or f"/aws/codebuild/{project['name']}"
        prefix = cloudwatch.get("streamName")
        stream = f"{prefix}/{build_uuid}" if prefix else build_uuid
        escaped = group.replace("/", "$252F")
        logs |= {
            "groupName": group,
            "streamName": stream,
            "deepLink": f"https://console.aws.amazon.com/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
            f"{escaped}/log-events/{stream.replace('/', '$252F')}",
            "cloudWatchLogsArn": f"{arn.split(':')[0]}:{arn.split(':')[1]}:logs:{region}:{account_id}"
            f":log-group:{group}:log-stream:{stream}",
        }
    if s3_logs.get("status") == "ENABLED":
        location = s3_logs["location"].removeprefix("arn:aws:s3:::")
        logs["s3LogsArn"] = f"arn:aws:s3:::{location}/{build_uuid}.gz"
    return logs
