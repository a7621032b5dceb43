"""The release record: who let which bytes into which stage, when, by which plan, and what was seen live.

One JSON document for each stage of each execution, at ``releases/<pipeline>/<stage>/<execution id>.json`` in
the artifacts bucket. It is evidence: written once, never changed by later releases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .aws import Aws, error_text
from .manifest import Manifest, Stage
from .settings import Settings


def release_key(pipeline: str, stage: str, execution_id: str) -> str:
    """Return the record's key in the artifacts bucket. Pure."""
    return f"releases/{pipeline}/{stage}/{execution_id}.json"


def write_release(
    settings: Settings,
    manifest: Manifest,
    stage: Stage,
    own: Aws,
    plan: Mapping[str, Any],
    checked: Sequence[str],
) -> str:
    """Write the record and return its key.

    Args:
        settings: The build's orders.
        manifest: The bundle's manifest.
        stage: The stage that was delivered.
        own: The build's own identity, in the orchestrator account.
        plan: ``summary.json`` of the plan that was applied.
        checked: What Verify saw, in sentences.
    """
    approval = _approval(settings, manifest, stage, own)
    record = {
        "format": 1,
        "pipeline": manifest.pipeline,
        "pipeline_type": manifest.pipeline_type,
        "stage": stage.name,
        "account_id": stage.account_id,
        "region": manifest.region,
        "mode": settings.mode,
        "digest": settings.digest,
        "bundle_key": settings.bundle_key,
        "execution_id": settings.execution_id,
        "delivery_pipeline": manifest.delivery_pipeline,
        "plan_sha256": plan.get("plan_sha256", ""),
        "plan": {key: plan.get(key) for key in ("add", "change", "destroy", "replace", "changes", "text")},
        "approved_by": approval.get("by"),
        "approved_at": approval.get("at"),
        "approval": approval,
        "pins": [dict(pin) for pin in manifest.pins],
        "checked": list(checked),
        "verified_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    key = release_key(manifest.pipeline, stage.name, settings.execution_id or settings.digest)
    own.client("s3").put_object(
        Bucket=manifest.artifacts_bucket,
        Key=key,
        Body=(json.dumps(record, indent=2, sort_keys=True) + "\n").encode(),
        ContentType="application/json",
    )
    return key


def _approval(settings: Settings, manifest: Manifest, stage: Stage, own: Aws) -> dict[str, Any]:
    """Return who approved the stage and when, or why there was no approval."""
    if stage.approval != "manual":
        return {"needed": False, "reason": "the stage has no approval"}
    if not settings.execution_id:
        return {"needed": True, "by": None, "reason": "delivered outside a pipeline execution"}
    try:
        actions = (
            own.client("codepipeline")
            .get_paginator("list_action_executions")
            .paginate(pipelineName=manifest.delivery_pipeline, filter={"pipelineExecutionId": settings.execution_id})
        )
        found = [
            action
            for page in actions
            for action in page["actionExecutionDetails"]
            if action["stageName"] == f"{stage.name}-approve" and action.get("status") == "Succeeded"
        ]
    except Exception as error:
        return {"needed": True, "by": None, "reason": f"cannot be read: {error_text(error)}"}
    if not found:
        return {"needed": False, "reason": "the plan was empty, so the approval was skipped"}
    newest = max(found, key=lambda action: action["lastUpdateTime"])
    result = newest.get("output", {}).get("executionResult", {})
    return {
        "needed": True,
        "by": newest.get("updatedBy") or None,
        "at": newest["lastUpdateTime"].isoformat(),
        "comment": result.get("externalExecutionSummary", ""),
    }
