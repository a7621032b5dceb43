"""Step ``provision``: make or remove the delivery pipeline of one bundle, and start it.

Applying copies the pinned objects, applies the bundle's delivery workspace with the build's own role, and
starts an execution, unless one of this bundle runs or was the last to succeed. A pipeline that is made
starts its first execution by itself, so that one is waited for instead of starting a second.
"""

from __future__ import annotations

from typing import Any

from .aws import Aws, Clock, error_code, error_text
from .console import say
from .errors import DeliveryError
from .executions import (
    SOURCE_ACTION,
    Execution,
    execution_mode,
    is_delivering,
    newest_execution,
    request_token,
)
from .manifest import Manifest
from .pins import copy_pins
from .settings import Settings
from .terraform import Terraform, errors_in, initialise

_PATIENCE_SECONDS = 90.0
_PAUSE_SECONDS = 2.0


def provision(settings: Settings, manifest: Manifest, terraform: Terraform, own: Aws, clock: Clock) -> str:
    """Make the delivery pipeline what the bundle says and start it; return a sentence about the execution.

    Raises:
        DeliveryError: A pinned object cannot be copied, Terraform failed, or the pipeline cannot be started.
    """
    if not settings.bundle_key:
        raise DeliveryError("BUNDLE_KEY is empty: which bundle to provision is unknown", "submit the request again")
    copy_pins(manifest.pins, own.client("s3"))
    client = own.client("codepipeline")
    before = _newest(client, manifest.delivery_pipeline)
    initialise(terraform)
    _terraform(terraform, "apply", settings, "the delivery pipeline cannot be applied")
    if before is _MISSING:
        return _first_execution(client, settings, manifest, own, clock)
    return _next_execution(client, settings, manifest, own, clock)


def unprovision(settings: Settings, manifest: Manifest, terraform: Terraform, own: Aws) -> str:
    """Destroy the delivery pipeline, and nothing else; return a sentence about it.

    Bundles, pinned objects and release records stay: they are the evidence. A pipeline on which a newer
    release is on its way is kept.

    Raises:
        DeliveryError: Terraform failed.
    """
    client = own.client("codepipeline")
    newest = _newest(client, manifest.delivery_pipeline)
    if (
        isinstance(newest, Execution)
        and newest.status in ("InProgress", "Stopping")
        and execution_mode(client, manifest.delivery_pipeline, newest.id) == "apply"
    ):
        return f"kept {manifest.delivery_pipeline}: execution {newest.id} delivers a newer release"
    initialise(terraform)
    _terraform(terraform, "destroy", settings, "the delivery pipeline cannot be destroyed")
    return f"removed {manifest.delivery_pipeline}"


class _Missing:
    """There is no such pipeline."""


_MISSING = _Missing()


def _newest(client: Any, pipeline: str) -> Execution | _Missing | None:
    try:
        return newest_execution(client, pipeline)
    except Exception as error:
        if error_code(error) == "PipelineNotFoundException":
            return _MISSING
        raise DeliveryError(f"the executions of {pipeline} cannot be read: {error_text(error)}") from error


def _terraform(terraform: Terraform, command: str, settings: Settings, problem: str) -> None:
    done = terraform.run(
        command,
        "-auto-approve",
        "-input=false",
        "-no-color",
        "-lock-timeout=300s",
        f"-var=bundle_key={settings.bundle_key}",
    )
    if done.code:
        reasons = "; ".join(errors_in(done.output)) or f"exit code {done.code}"
        raise DeliveryError(f"{problem}: {reasons}", "mend the cause and submit the request again")


def _first_execution(client: Any, settings: Settings, manifest: Manifest, own: Aws, clock: Clock) -> str:
    """Wait for the execution that a new pipeline starts by itself."""
    start = clock.now()
    while clock.now() - start < _PATIENCE_SECONDS:
        newest = _newest(client, manifest.delivery_pipeline)
        if isinstance(newest, Execution):
            return f"execution {newest.id} started with the new pipeline {manifest.delivery_pipeline}"
        clock.sleep(_PAUSE_SECONDS)
    return _next_execution(client, settings, manifest, own, clock)


def _next_execution(client: Any, settings: Settings, manifest: Manifest, own: Aws, clock: Clock) -> str:
    """Start an execution unless the newest one already delivers this bundle."""
    name = manifest.delivery_pipeline
    newest = _known_newest(client, name, clock)
    if newest is not None and newest.status in ("InProgress", "Succeeded"):
        mode = execution_mode(client, name, newest.id)
        if is_delivering(newest, mode, _bundle_version(settings, manifest, own)):
            return f"nothing started: execution {newest.id} of this very bundle is {newest.status}"
    try:
        answer = client.start_pipeline_execution(
            name=name,
            clientRequestToken=request_token(settings.digest, newest),
            sourceRevisions=[
                {
                    "actionName": SOURCE_ACTION,
                    "revisionType": "S3_OBJECT_KEY",
                    "revisionValue": settings.bundle_key,
                }
            ],
        )
    except Exception as error:
        raise DeliveryError(
            f"{name} cannot be started: {error_text(error)}",
            "submit the request again; the pipeline itself is ready",
        ) from error
    return f"execution {answer['pipelineExecutionId']} started on {name}"


def _known_newest(client: Any, pipeline: str, clock: Clock) -> Execution | None:
    """Return the newest execution, once its source has run if it is running."""
    start = clock.now()
    while True:
        newest = _newest(client, pipeline)
        if not isinstance(newest, Execution):
            return None
        if newest.status != "InProgress" or newest.revision or clock.now() - start >= _PATIENCE_SECONDS:
            return newest
        say(f"execution {newest.id} has not fetched its bundle yet, waiting")
        clock.sleep(_PAUSE_SECONDS)


def _bundle_version(settings: Settings, manifest: Manifest, own: Aws) -> str:
    try:
        answer = own.client("s3").head_object(Bucket=manifest.artifacts_bucket, Key=settings.bundle_key)
    except Exception as error:
        raise DeliveryError(f"the bundle {settings.bundle_key} cannot be looked at: {error_text(error)}") from error
    return str(answer.get("VersionId") or "")
