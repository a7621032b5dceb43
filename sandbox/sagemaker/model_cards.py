"""Model cards: versions, content held against the model card's JSON schema, and export to a PDF in S3.

moto takes any text for content, keeps no security configuration and cannot export. The schema of the content
is the CloudFormation type's, with the API's snake_case names.
"""

from __future__ import annotations

import copy
import json
from functools import lru_cache
from typing import Any

from botocore.exceptions import ClientError

from sandbox.apis.callers import client_of_caller
from sandbox.apis.operations import Call, Operations
from sandbox.cloudcontrol.handlers import snake
from sandbox.cloudcontrol.schemas import schema, violations
from sandbox.errors import SandboxFault
from sandbox.sagemaker import events
from sandbox.sagemaker.access import join_uri, split_uri
from sandbox.sagemaker.lifecycle import later, settle
from sandbox.sagemaker.pdf import document_of
from sandbox.sagemaker.settings import SETTINGS
from sandbox.sagemaker.store import Resource, arn_of, invalid, now, page, store_of

KIND = "model-card"
EXPORT = "model-card-export-job"

operations = Operations("sagemaker")


@operations("CreateModelCard")
def create_model_card(call: Call) -> dict[str, Any]:
    name = call["ModelCardName"]
    arn = arn_of(call, KIND, name)
    if store_of(call).get(KIND, name):
        raise SandboxFault("ConflictException", f"Modelcard with name {name} already exists")
    _check_content(call)
    moment = now()
    document = {
        **{key: value for key, value in call.params.items() if key != "Tags"},
        "ModelCardArn": arn,
        "ModelCardVersion": 1,
        "CreationTime": moment,
        "CreatedBy": {},
        "LastModifiedTime": moment,
        "LastModifiedBy": {},
    }
    card = store_of(call).add(Resource(KIND, name, arn, document, {"versions": [document]}), call.get("Tags", []))
    events.publish(call.context, card, "Model Card")
    return {"ModelCardArn": arn}


@operations("UpdateModelCard")
def update_model_card(call: Call) -> dict[str, Any]:
    card = _find(call)
    if "Content" in call.params and "ModelCardStatus" in call.params:
        raise invalid("You cannot update both model card content and model card status in a single call.")
    if "Content" in call.params and card.document["ModelCardStatus"] == "Archived":
        raise SandboxFault("ConflictException", f"Modelcard {card.name} is Archived; its content cannot change")
    _check_content(call)
    changed: dict[str, Any] = {key: call[key] for key in ("Content", "ModelCardStatus") if key in call.params}
    document = {**card.document, **changed, "LastModifiedTime": now(), "LastModifiedBy": {}}
    if "Content" in changed:
        # A change of content is a new version; a change of status alone is not.
        document["ModelCardVersion"] = card.document["ModelCardVersion"] + 1
        card.extra["versions"].append(document)
    else:
        card.extra["versions"][-1] = document
    card.document = document
    events.publish(call.context, card, "Model Card")
    return {"ModelCardArn": card.arn}


@operations("DescribeModelCard")
def describe_model_card(call: Call) -> dict[str, Any]:
    return _version(call, _find(call))


@operations("ListModelCards")
def list_model_cards(call: Call) -> dict[str, Any]:
    wanted = call.get("ModelCardStatus")
    cards = [c for c in store_of(call).all(KIND) if wanted in (None, c.document["ModelCardStatus"])]
    return page(call, cards, "ModelCardSummaries")


@operations("ListModelCardVersions")
def list_model_card_versions(call: Call) -> dict[str, Any]:
    card, wanted = _find(call), call.get("ModelCardStatus")
    versions = [
        Resource(KIND, card.name, card.arn, document)
        for document in card.extra["versions"]
        if wanted in (None, document["ModelCardStatus"])
    ]
    answer = page(call, versions, "ModelCardVersionSummaryList")
    answer["ModelCardVersionSummaryList"].sort(
        key=lambda item: item["ModelCardVersion"], reverse=call.get("SortOrder", "Descending") == "Descending"
    )
    return answer


@operations("DeleteModelCard")
def delete_model_card(call: Call) -> None:
    card = _find(call)
    for export in store_of(call).all(EXPORT):
        if export.document["ModelCardName"] == card.name:
            store_of(call).remove(export)
    store_of(call).remove(card)


@operations("CreateModelCardExportJob")
def create_export_job(call: Call) -> dict[str, Any]:
    card = _find(call)
    version = _version(call, card)
    name = call["ModelCardExportJobName"]
    key = f"{card.name}/{name}"
    arn = f"{card.arn}/export-job/{name}"
    if store_of(call).get(EXPORT, key):
        raise SandboxFault("ConflictException", f"Model card export job with name {name} already exists")
    moment = now()
    document = {
        "ModelCardExportJobName": name,
        "ModelCardExportJobArn": arn,
        "Status": "InProgress",
        "ModelCardName": card.name,
        "ModelCardVersion": version["ModelCardVersion"],
        "OutputConfig": call["OutputConfig"],
        "CreatedAt": moment,
        "LastModifiedAt": moment,
        "CreationTime": moment,
    }
    export = store_of(call).add(Resource(EXPORT, key, arn, document))
    client = client_of_caller(call, "s3")

    def finish() -> None:
        title = f"{card.name}-{version['ModelCardVersion']}"
        uri = join_uri(call["OutputConfig"]["S3OutputPath"], f"{name}.pdf")
        bucket, path = split_uri(uri)
        try:
            body = document_of(title, json.dumps(json.loads(version["Content"]), indent=2).splitlines())
            client.put_object(Bucket=bucket, Key=path, Body=body, ContentType="application/pdf")
            result: dict[str, Any] = {"Status": "Completed", "ExportArtifacts": {"S3ExportArtifacts": uri}}
        except ClientError as error:
            result = {"Status": "Failed", "FailureReason": str(error)}
        export.document = {**export.document, **result, "LastModifiedAt": now()}
        events.publish(call.context, export, "Model Card Export Job")

    later(call.context, export, SETTINGS.job_seconds, finish)
    return {"ModelCardExportJobArn": arn}


@operations("DescribeModelCardExportJob")
def describe_export_job(call: Call) -> dict[str, Any]:
    for export in store_of(call).all(EXPORT):
        if export.arn == call["ModelCardExportJobArn"]:
            settle(export)
            return export.document
    raise SandboxFault("ResourceNotFound", f"Model card export job {call['ModelCardExportJobArn']} does not exist")


@operations("ListModelCardExportJobs")
def list_export_jobs(call: Call) -> dict[str, Any]:
    part, version = call.get("ModelCardExportJobNameContains", ""), call.get("ModelCardVersion")
    chosen = [
        export
        for export in store_of(call).all(EXPORT)
        if export.document["ModelCardName"] == call["ModelCardName"]
        and part in export.document["ModelCardExportJobName"]
        and version in (None, export.document["ModelCardVersion"])
    ]
    return page(call, chosen, "ModelCardExportJobSummaries")


def _find(call: Call) -> Resource:
    name = call["ModelCardName"].rsplit("/", 1)[-1]
    card = store_of(call).get(KIND, name)
    if card is None:
        raise SandboxFault("ResourceNotFound", f"Modelcard with name {name} does not exist")
    return card


def _version(call: Call, card: Resource) -> dict[str, Any]:
    number = call.get("ModelCardVersion")
    for document in card.extra["versions"]:
        if number in (None, document["ModelCardVersion"]) and (
            number is not None or document is card.extra["versions"][-1]
        ):
            found: dict[str, Any] = document
            return found
    raise SandboxFault("ResourceNotFound", f"Modelcard {card.name} has no version {number}")


def _check_content(call: Call) -> None:
    """Hold the content against the schema.

    Raises:
        SandboxFault: ValidationException with every problem.
    """
    if "Content" not in call.params:
        return
    try:
        content = json.loads(call["Content"])
    except ValueError as error:
        raise invalid(f"Content is no valid JSON: {error}") from None
    found = violations(content_schema(call.region), content)
    if found:
        raise invalid(f"Content does not match the model card schema: {'; '.join(found)}")


@lru_cache
def content_schema(region: str) -> dict[str, Any]:
    """The JSON schema of a card's content: the CloudFormation type's with snake_case member names."""
    source = schema("AWS::SageMaker::ModelCard", region)
    converted: dict[str, Any] = _snake_names({"definitions": source["definitions"], **source["definitions"]["Content"]})
    # The CloudFormation schema limits the text of the content, not the object.
    for key in ("minLength", "maxLength"):
        converted.pop(key, None)
    return converted


def _snake_names(value: Any) -> Any:
    if isinstance(value, list):
        return [_snake_names(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for key, item in value.items():
        converted = _snake_names(item)
        if key == "properties" and isinstance(item, dict):
            converted = {snake(name): member for name, member in copy.copy(converted).items()}
        elif key == "required" and isinstance(item, list):
            converted = [snake(name) for name in item]
        result[key] = converted
    return result
