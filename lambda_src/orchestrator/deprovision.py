"""The way back: destroy plans through the same gates, stage by stage, then the delivery pipeline itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator import names
from generator.delivery.executions import Execution, execution_mode, newest_execution
from generator.problems import Problem

from .bodies import one_object
from .clients import error_code
from .events import DeliverySucceeded
from .pipelines import unknown_pipeline, wanted
from .provision import start_provisioner
from .replies import BadRequest
from .status import newest_bundle

if TYPE_CHECKING:
    from .core import Core


def deprovision(body: bytes, core: Core) -> dict[str, Any]:
    """Answer ``POST /deprovisionpipeline``: start an execution that destroys every stage, each with its approval.

    Raises:
        BadRequest: No such pipeline, or its stages hold resources that no delivery pipeline could destroy.
    """
    name, pipeline = wanted(one_object(body), core.platform)
    client = core.client("codepipeline")
    answer: dict[str, Any] = {"pipeline": pipeline, "pipeline_id": _arn(name, core)}
    try:
        newest = newest_execution(client, name)
    except Exception as error:
        if error_code(error) != "PipelineNotFoundException":
            raise
        return {**_remove_unprovisioned(name, pipeline, core), **answer}
    if newest is not None and newest.status == "InProgress" and execution_mode(client, name, newest.id) == "destroy":
        message = f"{name} is being deprovisioned already"
        return {"message": message, **answer, "started": False, "execution_id": newest.id}
    started = client.start_pipeline_execution(
        name=name,
        variables=[{"name": "mode", "value": "destroy"}],
        clientRequestToken=f"destroy-{newest.id if newest else 'first'}",
    )["pipelineExecutionId"]
    core.log.info("deprovisioning started", pipeline=name, execution=started)
    message = f"{name} is being deprovisioned: each stage plans its destruction, is approved, and is destroyed"
    return {"message": message, **answer, "started": True, "execution_id": started}


def finish(event: DeliverySucceeded, core: Core) -> dict[str, Any]:
    """After an execution that destroyed every stage, have the delivery pipeline itself removed."""
    if not event.pipeline.startswith(f"{core.platform.name}-"):
        return {"done": "another platform's pipeline"}
    client = core.client("codepipeline")
    try:
        if execution_mode(client, event.pipeline, event.execution_id) != "destroy":
            return {"done": "nothing: stages were delivered, not destroyed"}
        definition = client.get_pipeline(name=event.pipeline)["pipeline"]
    except Exception as error:
        if error_code(error) in ("PipelineNotFoundException", "PipelineExecutionNotFoundException"):
            return {"done": "nothing: the delivery pipeline is gone"}
        raise
    key = definition["stages"][0]["actions"][0]["configuration"]["S3ObjectKey"]
    execution = Execution(event.execution_id, "Succeeded", "", "")
    build = start_provisioner("destroy", key.split("/")[1], key, core, execution)
    core.log.info("delivery pipeline is being removed", pipeline=event.pipeline, build=build)
    return {"done": "provisioner started", "build_id": build}


def _remove_unprovisioned(name: str, pipeline: str, core: Core) -> dict[str, Any]:
    """Deprovision a request whose delivery pipeline was never made, or is gone."""
    key = newest_bundle(pipeline, core) if pipeline else None
    if key is None:
        raise unknown_pipeline(name)
    delivered = _delivered_stages(pipeline, core)
    if delivered:
        raise BadRequest(
            [
                Problem(
                    "delivery-pipeline-missing",
                    "pipeline_id",
                    f"{name} does not exist any more, but {', '.join(delivered)} still hold what it delivered",
                    "submit its config again, which makes the delivery pipeline anew, then deprovision",
                )
            ]
        )
    build = start_provisioner("destroy", pipeline, key, core, None)
    message = f"{name} was never provisioned in full; what there is of its delivery pipeline is being removed"
    return {"message": message, "started": True, "build_id": build}


def _delivered_stages(pipeline: str, core: Core) -> list[str]:
    """Return the stages whose newest release record is not that of a destruction."""
    newest: dict[str, tuple[Any, str]] = {}
    token: dict[str, str] = {}
    client = core.client("s3")
    while True:
        page = client.list_objects_v2(Bucket=core.artifacts_bucket, Prefix=f"releases/{pipeline}/", **token)
        for item in page.get("Contents", ()):
            stage = item["Key"].split("/")[2]
            entry = (item["LastModified"], item["Key"])
            newest[stage] = max(newest.get(stage, entry), entry)
        if not page.get("NextContinuationToken"):
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    records = {
        stage: json.loads(client.get_object(Bucket=core.artifacts_bucket, Key=key)["Body"].read())
        for stage, (_, key) in newest.items()
    }
    return sorted(stage for stage, record in records.items() if record.get("mode") != "destroy")


def _arn(name: str, core: Core) -> str:
    return f"{names.delivery_pipeline_arn(core.platform, 'x').rpartition(':')[0]}:{name}"
