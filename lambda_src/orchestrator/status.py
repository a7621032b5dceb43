"""Where a pipeline stands, and which pipelines there are."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from generator import names
from generator.delivery.executions import Execution, newest_execution

from .bodies import one_object
from .clients import error_code
from .pipelines import unknown_pipeline, wanted

if TYPE_CHECKING:
    from .core import Core

_BUILDS_LOOKED_AT = 100
_NOT_PROVISIONED = "has not provisioned its delivery pipeline yet"


def pipeline_status(body: bytes, core: Core) -> dict[str, Any]:
    """Answer ``POST /pipelinestatus``: CodePipeline's GetPipelineState, or that it is not there yet and why.

    Raises:
        BadRequest: ``pipeline_id`` is missing, or nothing was ever requested under that name.
    """
    name, pipeline = wanted(one_object(body), core.platform)
    try:
        state: dict[str, Any] = core.client("codepipeline").get_pipeline_state(name=name)
        return state
    except Exception as error:
        if error_code(error) != "PipelineNotFoundException":
            raise
    if not pipeline or newest_bundle(pipeline, core) is None:
        raise unknown_pipeline(name)
    answer: dict[str, Any] = {"pipelineName": name, "pipeline": pipeline, "status": "NotProvisioned"}
    build = _newest_build(pipeline, core)
    if build is None:
        return {"message": f"{pipeline} {_NOT_PROVISIONED}", **answer}
    variables = {item["name"]: item["value"] for item in build["environment"]["environmentVariables"]}
    answer |= {
        "build_id": build["id"],
        "build_status": build["buildStatus"],
        "build_log": build.get("logs", {}).get("deepLink", ""),
    }
    if variables.get("MODE") == "destroy":
        running = build["buildStatus"] == "IN_PROGRESS"
        return {
            "message": f"{pipeline} {'is being removed' if running else 'was removed'}",
            **answer,
            "status": "Removing" if running else "Removed",
        }
    if build["buildStatus"] == "IN_PROGRESS":
        return {"message": f"{pipeline} {_NOT_PROVISIONED}", **answer, "status": "Provisioning"}
    failed = build["buildStatus"] != "SUCCEEDED"
    message = f"{pipeline} {_NOT_PROVISIONED}" + (f": the provisioner ended {build['buildStatus']}" if failed else "")
    return {"message": message, **answer, "status": "ProvisioningFailed" if failed else "NotProvisioned"}


def list_pipelines(query: Mapping[str, str], core: Core) -> dict[str, Any]:
    """Answer ``GET /pipelines``: every pipeline that has a delivery pipeline, by name, with its newest execution.

    Args:
        query: ``next`` continues a listing where an earlier answer's ``next`` left off.
        core: The function's means.
    """
    page: dict[str, Any] = {}
    if query.get("next"):
        page["ContinuationToken"] = query["next"]
    listed, live = core.clients.at_once(
        [
            lambda: core.client("s3").list_objects_v2(
                Bucket=core.artifacts_bucket, Prefix="bundles/", Delimiter="/", MaxKeys=200, **page
            ),
            lambda: _live_pipelines(core),
        ]
    )
    known = [entry["Prefix"].split("/")[1] for entry in listed.get("CommonPrefixes", ())]
    there = [(pipeline, names.delivery_pipeline_name(core.platform, pipeline)) for pipeline in known]
    there = [(pipeline, name) for pipeline, name in there if name in live]
    newest = core.clients.at_once([partial(_newest, name, core) for _, name in there]) if there else []
    answer: dict[str, Any] = {
        "pipelines": [
            {
                "pipeline": pipeline,
                "pipeline_id": names.delivery_pipeline_arn(core.platform, pipeline),
                "status": execution.status if execution else None,
                "execution_id": execution.id if execution else None,
                "created": live[name]["created"],
                "updated": live[name]["updated"],
            }
            for (pipeline, name), execution in zip(there, newest, strict=True)
        ]
    }
    if listed.get("NextContinuationToken"):
        answer["next"] = listed["NextContinuationToken"]
    return answer


def newest_bundle(pipeline: str, core: Core) -> str | None:
    """Return the key of the bundle that was stored last for a pipeline, or None."""
    newest: tuple[Any, str] | None = None
    token: dict[str, str] = {}
    while True:
        page = core.client("s3").list_objects_v2(Bucket=core.artifacts_bucket, Prefix=f"bundles/{pipeline}/", **token)
        for item in page.get("Contents", ()):
            entry = (item["LastModified"], item["Key"])
            newest = entry if newest is None else max(newest, entry)
        if not page.get("NextContinuationToken"):
            return newest[1] if newest else None
        token = {"ContinuationToken": page["NextContinuationToken"]}


def _live_pipelines(core: Core) -> dict[str, Any]:
    """Return {name: {created, updated}} of every CodePipeline of the account."""
    found: dict[str, Any] = {}
    token: dict[str, str] = {}
    while True:
        page = core.client("codepipeline").list_pipelines(**token)
        for pipeline in page["pipelines"]:
            found[pipeline["name"]] = {key: pipeline.get(key) for key in ("created", "updated")}
        if not page.get("nextToken"):
            return found
        token = {"nextToken": page["nextToken"]}


def _newest(name: str, core: Core) -> Execution | None:
    try:
        return newest_execution(core.client("codepipeline"), name)
    except Exception as error:
        if error_code(error) == "PipelineNotFoundException":
            return None
        raise


def _newest_build(pipeline: str, core: Core) -> dict[str, Any] | None:
    """Return the provisioner's newest build for a pipeline, looking at its last hundred builds."""
    client = core.client("codebuild")
    ids = client.list_builds_for_project(projectName=core.provisioner, sortOrder="DESCENDING")["ids"]
    if not ids:
        return None
    builds = client.batch_get_builds(ids=ids[:_BUILDS_LOOKED_AT])["builds"]
    by_id = {build["id"]: build for build in builds}
    for build_id in ids[:_BUILDS_LOOKED_AT]:
        build: dict[str, Any] | None = by_id.get(build_id)
        if build is not None and any(
            item["name"] == "PIPELINE" and item["value"] == pipeline
            for item in build.get("environment", {}).get("environmentVariables", ())
        ):
            return build
    return None
