"""The Cloud Control API's operations and the requests that they track.

A request is checked at once (type, schema, patch), accepted as IN_PROGRESS, and carried out in a thread with
the caller's credentials; `GetResourceRequestStatus` tells how it went.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.sagemaker.models import sagemaker_backends

from sandbox.apis.callers import client_of_caller
from sandbox.apis.operations import Call, Operations
from sandbox.cloudcontrol.handlers import Handler, NotStabilized, error_code, handler
from sandbox.cloudcontrol.patches import BadPatch, apply
from sandbox.cloudcontrol.schemas import pointers, schema, violations
from sandbox.errors import SandboxFault

operations = Operations("cloudcontrol")

Event = dict[str, Any]

_PAGE = 100


@dataclass(slots=True)
class Requests:
    """The requests of one account and region: token to progress event, and what each client token asked for."""

    events: dict[str, Event] = field(default_factory=dict)
    tokens: dict[str, tuple[Any, str]] = field(default_factory=dict)


def _requests(call: Call) -> Requests:
    backend = sagemaker_backends[call.account_id][call.region]
    found: Requests = backend.__dict__.setdefault("sandbox_cloudcontrol", Requests())
    return found


def _handler(call: Call) -> Handler:
    try:
        return handler(schema(call["TypeName"], call.region))
    except KeyError:
        raise SandboxFault("TypeNotFoundException", f"The type '{call['TypeName']}' cannot be found.") from None


@operations("CreateResource")
def create_resource(call: Call) -> dict[str, Any]:
    known = _handler(call)
    model = _json(call["DesiredState"], "DesiredState")
    _check(known, model)
    for path in pointers(known.schema, "readOnlyProperties"):
        if _at(model, path) is not None:
            raise _invalid(f"#: readOnly property [/properties/{'/'.join(path)}] cannot be specified")

    def work(client: Any, event: Event) -> None:
        event["Identifier"] = known.create(client, model)

    return _start(call, "CREATE", work, model)


@operations("UpdateResource")
def update_resource(call: Call) -> dict[str, Any]:
    known = _handler(call)
    if not known.is_updatable:
        raise SandboxFault(
            "UnsupportedActionException", f"Resource type {call['TypeName']} does not support UPDATE action"
        )
    before = _read(call, known)
    try:
        model = apply(before, _json(call["PatchDocument"], "PatchDocument"))
    except BadPatch as error:
        raise SandboxFault("InvalidRequestException", f"Invalid patch document: {error}") from None
    fixed = [path for path in pointers(known.schema, "createOnlyProperties") if _at(model, path) != _at(before, path)]
    if fixed:
        names = ", ".join(f"/properties/{'/'.join(path)}" for path in fixed)
        raise SandboxFault(
            "NotUpdatableException", f"Invalid patch update: createOnlyProperties [{names}] cannot be updated"
        )
    for path in pointers(known.schema, "readOnlyProperties"):
        if _at(model, path) != _at(before, path):
            raise SandboxFault(
                "InvalidRequestException",
                f"Invalid patch update: readOnlyProperties [/properties/{'/'.join(path)}] cannot be updated",
            )
    _check(known, model)
    identifier = call["Identifier"]

    def work(client: Any, event: Event) -> None:
        known.update(client, identifier, model)

    return _start(call, "UPDATE", work, model)


@operations("DeleteResource")
def delete_resource(call: Call) -> dict[str, Any]:
    known = _handler(call)
    identifier = call["Identifier"]

    def work(client: Any, event: Event) -> None:
        known.delete(client, identifier)

    return _start(call, "DELETE", work, None)


@operations("GetResource")
def get_resource(call: Call) -> dict[str, Any]:
    model = _read(call, _handler(call))
    return {
        "TypeName": call["TypeName"],
        "ResourceDescription": {"Identifier": call["Identifier"], "Properties": json.dumps(model)},
    }


@operations("ListResources")
def list_resources(call: Call) -> dict[str, Any]:
    known = _handler(call)
    client = client_of_caller(call, "sagemaker")
    key = known.schema["primaryIdentifier"][0].rsplit("/", 1)[-1]
    try:
        found = sorted(known.identifiers(client))
    except ClientError as error:
        raise _handler_fault(error, call) from None
    start = int(base64.b64decode(call["NextToken"])) if "NextToken" in call.params else 0
    size = call.get("MaxResults", _PAGE)
    answer: dict[str, Any] = {
        "TypeName": call["TypeName"],
        "ResourceDescriptions": [
            {"Identifier": item, "Properties": json.dumps({key: item})} for item in found[start : start + size]
        ],
    }
    if start + size < len(found):
        answer["NextToken"] = base64.b64encode(str(start + size).encode()).decode()
    return answer


@operations("GetResourceRequestStatus")
def get_request_status(call: Call) -> dict[str, Any]:
    return {"ProgressEvent": _event(call)}


@operations("ListResourceRequests")
def list_requests(call: Call) -> dict[str, Any]:
    wanted = call.get("ResourceRequestStatusFilter", {})
    found = [
        event
        for event in _requests(call).events.values()
        if event["Operation"] in (wanted.get("Operations") or [event["Operation"]])
        and event["OperationStatus"] in (wanted.get("OperationStatuses") or [event["OperationStatus"]])
    ]
    return {"ResourceRequestStatusSummaries": found}


@operations("CancelResourceRequest")
def cancel_request(call: Call) -> dict[str, Any]:
    event = _event(call)
    raise SandboxFault(
        "ConcurrentModificationException",
        f"The request {event['RequestToken']} is {event['OperationStatus']} and can no longer be cancelled.",
    )


def _event(call: Call) -> Event:
    event = _requests(call).events.get(call["RequestToken"])
    if event is None:
        raise SandboxFault("RequestTokenNotFoundException", f"Request with token {call['RequestToken']} was not found")
    return event


def _start(call: Call, kind: str, work: Callable[[Any, Event], None], model: Any) -> dict[str, Any]:
    """Accept a request, or find the one that the same client token started before."""
    requests, asked = _requests(call), {k: v for k, v in call.params.items() if k != "ClientToken"}
    client_token = call.get("ClientToken")
    if client_token in requests.tokens:
        before, token = requests.tokens[client_token]
        if before != asked:
            raise SandboxFault("ClientTokenConflictException", f"Client token {client_token} was used before")
        return {"ProgressEvent": requests.events[token]}
    token = str(uuid.uuid4())
    event: Event = {
        "TypeName": call["TypeName"],
        "RequestToken": token,
        "Operation": kind,
        "OperationStatus": "IN_PROGRESS",
        "EventTime": datetime.now(UTC),
    }
    if "Identifier" in call.params:
        event["Identifier"] = call["Identifier"]
    requests.events[token] = event
    if client_token is not None:
        requests.tokens[client_token] = (asked, token)
    accepted = dict(event)
    fault = call.context.faults.take("cloudcontrol.request", type_name=call["TypeName"], operation=kind)

    def run() -> None:
        done: Event = {"OperationStatus": "SUCCESS"}
        try:
            if fault is not None:
                raise NotStabilized(fault.error.get("message", "failed on purpose"))
            work(client_of_caller(call, "sagemaker"), done)
            if model is not None:
                done["ResourceModel"] = json.dumps(model)
        except Exception as error:
            done = {"OperationStatus": "FAILED", "ErrorCode": error_code(error), "StatusMessage": str(error)[:2048]}
        requests.events[token] = {**event, **done, "EventTime": datetime.now(UTC)}

    call.context.run_thread(f"cloud control {token}", run)
    return {"ProgressEvent": accepted}


def _read(call: Call, known: Handler) -> dict[str, Any]:
    try:
        return known.read(client_of_caller(call, "sagemaker"), call["Identifier"])
    except ClientError as error:
        raise _handler_fault(error, call) from None


def _handler_fault(error: ClientError, call: Call) -> SandboxFault:
    code = error_code(error)
    if code == "NotFound":
        identifier = call.get("Identifier", "")
        return SandboxFault(
            "ResourceNotFoundException",
            f"Resource of type '{call['TypeName']}' with identifier '{identifier}' was not found.",
        )
    if code == "InvalidRequest":
        return SandboxFault("InvalidRequestException", str(error))
    if code == "AccessDenied":
        return SandboxFault("GeneralServiceException", f"AccessDenied: {error}")
    return SandboxFault("GeneralServiceException", str(error))


def _check(known: Handler, model: Any) -> None:
    found = violations(known.schema, model)
    if found:
        raise _invalid("\n".join(found))


def _json(text: str, member: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SandboxFault("InvalidRequestException", f"{member} is no JSON: {error}") from None


def _at(model: Any, path: list[str]) -> Any:
    for name in path:
        model = model.get(name) if isinstance(model, dict) else None
    return model


def _invalid(text: str) -> SandboxFault:
    return SandboxFault("ValidationException", f"Model validation failed ({text})")
