"""Event invocations: queued, retried twice, and on final failure or success sent where the function says.

The waits between attempts are seconds here, not the minutes of AWS.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.awslambda.invoke import SERVICE, Invoker, Result

RETRY_SECONDS = (0.5, 1.0)


def invoke_later(invoker: Invoker, function: Any, event: Any) -> str:
    """Queue an event for a function; returns the request id at once."""
    request_id = str(uuid.uuid4())
    name = f"lambda {function.function_name}"
    invoker.context.run_thread(name, _attempt_all, invoker, function, event, request_id)
    return request_id


def _attempt_all(invoker: Invoker, function: Any, event: Any, request_id: str) -> None:
    config = function.event_invoke_config[0].config if function.event_invoke_config else {}
    retries = int(config.get("MaximumRetryAttempts", 2))
    attempts = 0
    while True:
        result = invoker.invoke(function, event, request_id=request_id)
        attempts += 1
        if result.error is None or attempts > retries:
            break
        if invoker.context.stopping.wait(RETRY_SECONDS[attempts - 1]):
            return
    kind = "OnSuccess" if result.error is None else "OnFailure"
    destination = (config.get("DestinationConfig") or {}).get(kind, {}).get("Destination")
    if destination:
        record = _record(function, event, result, attempts)
        _send(invoker, function, destination, json.dumps(record), record)
    dead_letter = (getattr(function, "dead_letter_config", None) or {}).get("TargetArn")
    if result.error is not None and dead_letter:
        _send(invoker, function, dead_letter, json.dumps(event), None)


def _record(function: Any, event: Any, result: Result, attempts: int) -> dict[str, Any]:
    """What a destination is sent: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-
    records.html
    """
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": result.version}
    if result.error is not None:
        response["functionError"] = result.error
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": result.request_id,
            "functionArn": f"{function.function_arn}:{result.version}",
            "condition": "Success" if result.error is None else "RetriesExhausted",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
        "responseContext": response,
        "responsePayload": json.loads(result.payload),
    }


def _send(invoker: Invoker, function: Any, arn: str, text: str, record: dict[str, Any] | None) -> None:
    """Deliver with the function's own role, which must be allowed to."""
    service, region, account_id, name = arn.split(":")[2:6]

    def client(of: str) -> Any:
        return invoker.context.client(
            of, account_id, region, function.role, principal=SERVICE, source_arn=function.function_arn
        )

    if service == "sqs":
        client("sqs").send_message(QueueUrl=f"{invoker.context.base_url}/{account_id}/{name}", MessageBody=text)
    elif service == "sns":
        client("sns").publish(TopicArn=arn, Message=text)
    elif service == "lambda":
        client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=text.encode())
    elif service == "events" and record is not None:
        ending = "Success" if record["requestContext"]["condition"] == "Success" else "Failure"
        entry = {
            "Source": "lambda",
            "DetailType": f"Lambda Function Invocation Result - {ending}",
            "Detail": text,
            "EventBusName": arn,
        }
        client("events").put_events(Entries=[entry])
