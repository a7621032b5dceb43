"""Model cards: the six operations of ``POST /provisionpipeline`` that provision no pipeline.

A card is checked in full, and everything that it points to is found, before SageMaker is told to keep it. An
update keeps what it does not name: sections, members of sections, evaluations of other names, and the status.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from generator import names
from generator.model_cards import validate_operation
from generator.workspaces import assets_bucket

from .card_content import merged
from .card_discovery import discovered
from .clients import error_code
from .replies import BadRequest

if TYPE_CHECKING:
    from .core import Core

EXPORT_FOLDER = "model_card_exports"
# API Gateway gives up after 29 seconds.
_EXPORT_PATIENCE_SECONDS = 20.0
_EXPORT_PAUSE_SECONDS = 0.5
_LONGEST_NAME = 63


def run_operation(body: Mapping[str, Any], core: Core) -> dict[str, Any]:
    """Carry out a model-card operation and return its answer.

    Raises:
        BadRequest: Something is wrong with it; nothing was changed.
    """
    operation, problems = validate_operation(body)
    if operation is None:
        raise BadRequest(problems)
    core.log.info("model card", operation=operation.operation, card=operation.config.get("name"))
    return _OPERATIONS[operation.operation](operation.config, core)


def _create(config: Mapping[str, Any], core: Core) -> dict[str, Any]:
    content, notes = discovered(config, core)
    if "intended_uses" in content:
        content["intended_uses"].setdefault("risk_rating", "Unknown")
    core.client("sagemaker").create_model_card(
        ModelCardName=config["name"],
        Content=json.dumps(content),
        ModelCardStatus=config.get("status", "Draft"),
    )
    return _described(config["name"], core, notes)


def _update(config: Mapping[str, Any], core: Core) -> dict[str, Any]:
    client = core.client("sagemaker")
    version = {"ModelCardVersion": config["version"]} if "version" in config else {}
    card = client.describe_model_card(ModelCardName=config["name"], **version)
    changes, notes = discovered(config, core)
    content = merged(json.loads(card["Content"]), changes)
    updates: list[dict[str, Any]] = []
    if changes or version:
        updates.append({"Content": json.dumps(content)})
    if config.get("status", card["ModelCardStatus"]) != card["ModelCardStatus"]:
        # SageMaker takes content or status in one call, and no content for a card that is archived.
        first = 0 if card["ModelCardStatus"] == "Archived" else len(updates)
        updates.insert(first, {"ModelCardStatus": config["status"]})
    for update in updates:
        client.update_model_card(ModelCardName=config["name"], **update)
    return _described(config["name"], core, notes)


def _describe(config: Mapping[str, Any], core: Core) -> dict[str, Any]:
    return _described(config["name"], core, [])


def _delete(config: Mapping[str, Any], core: Core) -> dict[str, Any]:
    core.client("sagemaker").delete_model_card(ModelCardName=config["name"])
    return {"message": f"model card {config['name']} was deleted"}


def _list(config: Mapping[str, Any], core: Core) -> dict[str, Any]:
    client = core.client("sagemaker")
    found: list[Any] = []
    token: dict[str, str] = {}
    while True:
        page = client.list_model_cards(MaxResults=100, **token)
        found += page["ModelCardSummaries"]
        if not page.get("NextToken"):
            return {"message": {"ModelCardSummaries": found}}
        token = {"NextToken": page["NextToken"]}


def _export(config: Mapping[str, Any], core: Core) -> dict[str, Any]:
    """Export a version as a PDF: one export job for each state of a card, however often it is asked for."""
    client = core.client("sagemaker")
    wanted = {"ModelCardVersion": config["model_card_version"]} if "model_card_version" in config else {}
    card = client.describe_model_card(ModelCardName=config["name"], **wanted)
    place = f"s3://{assets_bucket(core.platform)}/{EXPORT_FOLDER}"
    state = f"{card['ModelCardVersion']} {card['ModelCardStatus']} {card['LastModifiedTime']}"
    suffix = f"-{sha256(state.encode()).hexdigest()[:10]}"
    job = config.get("export_job_name") or config["name"][: _LONGEST_NAME - len(suffix)].rstrip("-") + suffix
    try:
        arn = client.create_model_card_export_job(
            ModelCardName=config["name"],
            ModelCardVersion=card["ModelCardVersion"],
            ModelCardExportJobName=job,
            OutputConfig={"S3OutputPath": place},
        )["ModelCardExportJobArn"]
    except Exception as error:
        if error_code(error) != "ConflictException" or config.get("export_job_name"):
            raise
        arn = _export_job_arn(config["name"], job, core)
    start = time.monotonic()
    while True:
        found = client.describe_model_card_export_job(ModelCardExportJobArn=arn)
        if found["Status"] != "InProgress" or time.monotonic() - start > _EXPORT_PATIENCE_SECONDS:
            break
        time.sleep(_EXPORT_PAUSE_SECONDS)
    if found["Status"] == "Failed":
        raise RuntimeError(f"export job {job} failed: {found.get('FailureReason', 'no reason given')}")
    done = found["Status"] == "Completed"
    return {
        "message": f"model card {config['name']} {'was' if done else 'is being'} exported to {place}",
        "export_job_arn": arn,
        "status": found["Status"],
        "artifact": found.get("ExportArtifacts", {}).get("S3ExportArtifacts"),
    }


def _described(name: str, core: Core, notes: list[str]) -> dict[str, Any]:
    card = core.client("sagemaker").describe_model_card(ModelCardName=name)
    card.pop("ResponseMetadata", None)
    return {"message": card, **({"notes": notes} if notes else {})}


def _export_job_arn(card: str, job: str, core: Core) -> str:
    platform = core.platform
    place = f"{names.partition(platform.region)}:sagemaker:{platform.region}:{platform.orchestrator_account_id}"
    return f"arn:{place}:model-card/{card}/export-job/{job}"


_OPERATIONS: dict[str, Callable[[Mapping[str, Any], Any], dict[str, Any]]] = {
    "create_model_card": _create,
    "delete_model_card": _delete,
    "describe_model_card": _describe,
    "export_model_card": _export,
    "list_model_cards": _list,
    "update_model_card": _update,
}
