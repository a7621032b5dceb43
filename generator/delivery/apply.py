"""Step ``apply``: apply the approved plan, nothing else; then run the pipeline's jobs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .console import say
from .errors import DeliveryError
from .jobs import run_jobs, stop_jobs
from .manifest import Stage
from .plan import PLAN_FILE
from .settings import Settings, plan_folder
from .state import read_state
from .terraform import Terraform, errors_in, initialise
from .waiting import NotLive, Site

_AGAIN = "submit the same request again (`mlops submit`): the stage is planned anew from the state as it is now"


def approved_plan(settings: Settings) -> Path:
    """Return the path of the saved plan after checking that it is the one that was approved.

    Raises:
        DeliveryError: There is no plan, no hash to check it by, or it is another plan.
    """
    if not settings.plan_sha256:
        raise DeliveryError(
            "PLAN_SHA256 is empty: which plan was approved is unknown",
            "start the pipeline from its first stage",
        )
    file = plan_folder(settings) / PLAN_FILE
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != settings.plan_sha256:
        raise DeliveryError(
            f"the saved plan has SHA-256 {found}, approved was {settings.plan_sha256}; nothing was applied",
            _AGAIN,
        )
    return file


def apply(settings: Settings, stage: Stage, terraform: Terraform, site: Site) -> list[str]:
    """Apply the approved plan and run the jobs; return a sentence about each job.

    Raises:
        DeliveryError: The plan is not the approved one or is stale, the apply failed (what was done stays
            in the state), or a job failed.
    """
    file = approved_plan(settings)
    initialise(terraform)
    workspace = settings.root / stage.workspace
    destroy = settings.mode == "destroy"
    if destroy:
        _stop(workspace, site)
    done = terraform.run("apply", "-input=false", "-no-color", "-lock-timeout=300s", str(file))
    if done.code:
        raise _apply_error(stage, errors_in(done.output), done.code)
    if destroy:
        return []
    jobs = read_state(workspace, site.aws).outputs.get("jobs") or []
    try:
        return run_jobs(jobs, site)
    except NotLive as error:
        raise DeliveryError(f"stage {stage.name}: {error}", _AGAIN) from error


def _stop(workspace: Path, site: Site) -> None:
    try:
        for execution in stop_jobs(read_state(workspace, site.aws).outputs.get("jobs") or [], site):
            say(f"stopped {execution}")
    except NotLive as error:
        raise DeliveryError(f"a running job does not stop: {error}", _AGAIN) from error


def _apply_error(stage: Stage, reasons: list[str], code: int) -> DeliveryError:
    text = "; ".join(reasons) or f"exit code {code}"
    if "Saved plan is stale" in text:
        return DeliveryError(
            f"stage {stage.name}: the plan is stale: the stage changed since; nothing was applied",
            _AGAIN,
        )
    if "Error acquiring the state lock" in text:
        return DeliveryError(
            f"stage {stage.name}: another build or person holds the state's lock; nothing was applied",
            f"when it is done, {_AGAIN}",
        )
    return DeliveryError(
        f"stage {stage.name}: the apply failed: {text}. What was done before that is kept in the state",
        f"mend the cause, then {_AGAIN}",
    )
