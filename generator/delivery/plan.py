"""Step ``plan``: save the stage's plan, its hash and its summary. Changes nothing."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .errors import DeliveryError
from .jobs import pending_jobs
from .manifest import Manifest, Stage
from .scaling import count_options
from .settings import Settings
from .state import read_state
from .summary import EMPTY, TEXT_LIMIT, summarise, summarise_text, summary_text
from .terraform import Terraform, errors_in, initialise
from .waiting import Site

PLAN_FOLDER = "plan-output"
PLAN_FILE = "tfplan"
SUMMARY_FILE = "summary.json"
VARIABLES_FILE = "plan-variables.sh"


def plan(settings: Settings, manifest: Manifest, stage: Stage, terraform: Terraform, site: Site) -> str:
    """Plan the stage's workspace; return the summary's text. Writes under the bundle's root.

    ``plan-output/`` becomes the plan artifact: ``tfplan`` and ``summary.json``, which holds the counts, the
    addresses, and when destroying, what is live now (so that Verify can see that it went).
    ``plan-variables.sh`` is sourced by the buildspec, because CodeBuild exports variables from its shell.

    Raises:
        DeliveryError: Terraform failed, or the state cannot be read; carries the reasons.
    """
    folder = settings.root / PLAN_FOLDER
    folder.mkdir(exist_ok=True)
    file = folder / PLAN_FILE
    initialise(terraform)
    destroy = settings.mode == "destroy"
    workspace = settings.root / stage.workspace
    now = read_state(workspace, site.aws).outputs.get("live") or []
    live = now if destroy else []
    options = ["-destroy"] if destroy else count_options(now, workspace, site)
    done = terraform.run(
        "plan",
        "-input=false",
        "-no-color",
        "-detailed-exitcode",
        "-lock-timeout=300s",
        f"-out={file}",
        *options,
    )
    if done.code not in (0, 2):
        reasons = "; ".join(errors_in(done.output)) or f"exit code {done.code}"
        raise DeliveryError(f"stage {stage.name}: terraform plan failed: {reasons}", _plan_fix(reasons))
    summary = EMPTY if done.code == 0 else summarise_text(done.output)
    if summary is None:
        document = json.loads(terraform.read("show", "-json", "-no-color", str(file)))
        summary = summarise(document, manifest.summary_attributes)
    text = summary_text(summary, stage.name, destroy=destroy)
    if done.code == 0 and not destroy:
        # Nothing changes, but a job that this release has not run yet costs money: that takes an approval too.
        pending = pending_jobs(read_state(workspace, site.aws).outputs.get("jobs") or [], site)
        if pending:
            summary = replace(summary, changes=len(pending))
            text = f"{text} Runs: {', '.join(pending)}."[:TEXT_LIMIT]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    record = {
        "format": 1,
        "pipeline": manifest.pipeline,
        "stage": stage.name,
        "mode": settings.mode,
        "bundle": settings.digest,
        "plan_sha256": digest,
        "text": text,
        "live_before": live,
        **summary.to_json(),
    }
    (folder / SUMMARY_FILE).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    write_variables(
        settings.root / VARIABLES_FILE,
        {
            "PLAN_SHA256": digest,
            "PLAN_CHANGES": str(summary.changes),
            "PLAN_ADD": str(summary.add),
            "PLAN_CHANGE": str(summary.change),
            "PLAN_DESTROY": str(summary.destroy),
            "PLAN_SUMMARY": text,
        },
    )
    return text


def read_plan_summary(folder: Path) -> dict[str, Any]:
    """Return ``summary.json`` of a plan artifact.

    Raises:
        DeliveryError: It is missing or not JSON.
    """
    try:
        document = json.loads((folder / SUMMARY_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise DeliveryError(f"the plan artifact has no readable {SUMMARY_FILE}: {error}") from error
    if not isinstance(document, dict):
        raise DeliveryError(f"the plan artifact's {SUMMARY_FILE} is not an object")
    return document


def write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """Write shell exports that mean exactly these values."""
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))


def _plan_fix(reasons: str) -> str:
    if "Error acquiring the state lock" in reasons:
        return "another build or person works on this stage; when it is done, submit the request again"
    if "AccessDenied" in reasons or "not authorized" in reasons:
        return "the stage's plan role may not read what the plan needs: apply the account's workspace again"
    return "mend the cause and submit the request again; nothing was changed"
