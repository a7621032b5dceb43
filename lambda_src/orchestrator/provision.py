"""A config becomes a bundle, and the bundle a delivery: every check first, then two calls that change something.

parse ─► validate ─► look at what it points to ─► render, bundle ─► store the bundle ─► start the provisioner
                                                                      └─ stored before: is it being delivered?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from generator import names
from generator.bundle import Bundle, build_bundle
from generator.delivery.executions import (
    Execution,
    execution_mode,
    execution_of,
    is_delivering,
    newest_execution,
)
from generator.request import Request, StagePlan, judge, resolve
from generator.workspaces import bundle_tree

from .bodies import one_config
from .clients import error_code, error_status
from .references import findings, lookups
from .replies import CREATED, BadRequest

if TYPE_CHECKING:
    from .core import Core

MODES = ("apply", "destroy")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that passed every check; nothing has been started yet.

    Attributes:
        request: The request.
        bundle: Its bundle.
        newest: The newest execution of its delivery pipeline, if there is one.
        provisioned: Whether its delivery pipeline exists.
        notes: What the requester should know.
    """

    request: Request
    bundle: Bundle
    newest: Execution | None
    provisioned: bool
    notes: tuple[str, ...]


def provision_body(body: bytes, core: Core) -> dict[str, Any]:
    """Answer ``POST /provisionpipeline``: a pipeline's config or a model-card operation.

    Raises:
        BadRequest: Something is wrong with it; nothing was started.
    """
    loaded = one_config(body)
    requests, problems = judge(loaded, core.platform, core.registry, operations=True)
    if problems:
        raise BadRequest(problems)
    if not requests:
        from .cards import run_operation

        return run_operation(loaded.documents[0].value, core)
    return deliver(prepare(requests[0][1], core), core)


def prepare(request: Request, core: Core, approved: str = "") -> Prepared:
    """Check what a request points to and make its bundle. Reads from AWS; changes nothing.

    Args:
        request: The request.
        core: The function's means.
        approved: A model version that is known to be approved.

    Raises:
        BadRequest: Something that it points to is missing or may not be used.
    """
    plans = resolve(request, core.platform)
    calls = lookups(plans, core, approved)
    pipeline = names.delivery_pipeline_name(core.platform, request.pipeline)
    *found, (newest, provisioned) = core.clients.at_once([*calls.values(), lambda: _newest(pipeline, core)])
    outcome = findings(plans, dict(zip(calls, found, strict=True)))
    if outcome.problems:
        raise BadRequest(outcome.problems)
    return Prepared(request, _bundle(request, plans, outcome.pins, core), newest, provisioned, outcome.notes)


def deliver(prepared: Prepared, core: Core, *, once: bool = False) -> dict[str, Any]:
    """Store the bundle and start its delivery, unless it is on its way or delivered already; return the answer.

    Args:
        prepared: The request.
        core: The function's means.
        once: Start nothing either if an earlier execution took this bundle, whatever became of it.
    """
    request, bundle = prepared.request, prepared.bundle
    key = names.bundle_key(request.pipeline, bundle.digest)
    answer: dict[str, Any] = {
        "pipeline_id": names.delivery_pipeline_arn(core.platform, request.pipeline),
        "pipeline": request.pipeline,
        "digest": bundle.digest,
        **({"notes": list(prepared.notes)} if prepared.notes else {}),
    }
    again = not _store(key, bundle.data, core)
    name = names.delivery_pipeline_name(core.platform, request.pipeline)
    if again and prepared.newest is not None:
        newest = prepared.newest
        version, mode = core.clients.at_once(
            [lambda: _bundle_version(key, core), lambda: execution_mode(core.client("codepipeline"), name, newest.id)]
        )
        delivery = newest if is_delivering(newest, mode, version) else None
        if once and delivery is None:
            delivery = execution_of(core.client("codepipeline"), name, version)
        if delivery is not None:
            core.log.info("nothing started", pipeline=request.pipeline, digest=bundle.digest, execution=delivery.id)
            state = "is being delivered" if delivery.status == "InProgress" else "was delivered"
            return {
                "message": f"pipeline {name} already provisioned, no updates: this very release {state}",
                **answer,
                "started": False,
                "execution_id": delivery.id,
                "status": delivery.status,
            }
    build = start_provisioner("apply", request.pipeline, key, core, prepared.newest)
    core.log.info("provisioner started", pipeline=request.pipeline, digest=bundle.digest, build=build)
    message = CREATED
    if prepared.provisioned:
        message = f"pipeline {name} already provisioned, template parameters being updated"
        if again:
            message = f"pipeline {name} already provisioned, its release is started again"
    if prepared.newest is not None:
        answer["previous_execution_id"] = prepared.newest.id
    return {"message": message, **answer, "started": True, "build_id": build}


def start_provisioner(mode: str, pipeline: str, key: str, core: Core, after: Execution | None) -> str:
    """Start the provisioner on a bundle; return the build's id.

    Two starts for the same reason within five minutes are one build, by its token; a build that failed is
    followed by a new one.

    Args:
        mode: ``apply`` or ``destroy``.
        pipeline: The pipeline's name.
        key: Key of the bundle in the artifacts bucket.
        core: The function's means.
        after: The newest execution when this was decided, if any.
    """
    reason = f"{mode}\n{key}\n{after.id if after else ''}\n{after.status if after else ''}"
    build = _start_build(mode, pipeline, key, core, sha256(reason.encode()).hexdigest())
    if build.get("buildStatus", "IN_PROGRESS") not in ("IN_PROGRESS", "SUCCEEDED"):
        build = _start_build(mode, pipeline, key, core, sha256(f"{reason}\n{build['id']}".encode()).hexdigest())
    return str(build["id"])


def _start_build(mode: str, pipeline: str, key: str, core: Core, token: str) -> dict[str, Any]:
    variables = {"MODE": mode, "BUNDLE_KEY": key, "PIPELINE": pipeline}
    answer: dict[str, Any] = core.client("codebuild").start_build(
        projectName=core.provisioner,
        sourceLocationOverride=f"{core.artifacts_bucket}/{key}",
        environmentVariablesOverride=[
            {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in variables.items()
        ],
        idempotencyToken=token,
    )["build"]
    return answer


def _newest(pipeline: str, core: Core) -> tuple[Execution | None, bool]:
    """Return the newest execution of a delivery pipeline, and whether there is such a pipeline."""
    try:
        return newest_execution(core.client("codepipeline"), pipeline), True
    except Exception as error:
        if error_code(error) == "PipelineNotFoundException":
            return None, False
        raise


def _bundle(request: Request, plans: Sequence[StagePlan], pins: Sequence[Any], core: Core) -> Bundle:
    return build_bundle(bundle_tree(core.platform, core.structure, request, plans, pins))


def _store(key: str, data: bytes, core: Core) -> bool:
    """Store a bundle; return False when it was stored before. A key is written once and never again."""
    try:
        core.client("s3").put_object(
            Bucket=core.artifacts_bucket, Key=key, Body=data, ContentType="application/zip", IfNoneMatch="*"
        )
    except Exception as error:
        # 409: another request is storing the same bundle at this moment.
        if error_status(error) in (409, 412):
            return False
        raise
    return True


def _bundle_version(key: str, core: Core) -> str:
    return str(core.client("s3").head_object(Bucket=core.artifacts_bucket, Key=key).get("VersionId") or "")
