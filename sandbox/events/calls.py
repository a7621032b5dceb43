"""Targets that are an API call with a role: pipelines, builds, state machines, buses, and Scheduler's
universal ones.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.context import Context

if TYPE_CHECKING:
    from sandbox.events.delivery import Target

_UNIVERSAL = re.compile(r"arn:aws:scheduler:::aws-sdk:(?P<service>[^:]+):(?P<action>\w+)")

# Service names of Scheduler's universal targets that boto3 spells otherwise.
_SDK_NAMES = {"sfn": "stepfunctions", "sagemakerruntime": "sagemaker-runtime"}


def call_target(context: Context, service: str, source_arn: str, target: Target, body: Any) -> None:
    """Call the target's API with the target's role, which must trust `service`.

    Raises:
        AssumeRoleRefused: It does not.
        NotImplementedError: A kind of target that is not simulated.
        ClientError: The call was refused.
    """

    def client(name: str, account_id: str = "", region: str = "") -> Any:
        return context.client(
            name, account_id, region or context.region, target.role_arn, principal=service, source_arn=source_arn
        )

    universal = _UNIVERSAL.fullmatch(target.arn)
    if universal is not None:
        name = universal["service"].lower()
        region = source_arn.split(":")[3]
        operation = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", universal["action"]).lower()
        getattr(client(_SDK_NAMES.get(name, name), region=region), operation)(**_object(body))
        return
    _, _, kind, region, account_id, rest = target.arn.split(":", 5)
    call = _CALLS.get((kind, rest.split("/")[0].split(":")[0])) or _CALLS.get((kind, ""))
    if call is None:
        raise NotImplementedError(f"targets like {target.arn}")
    call(lambda name: client(name, account_id, region), target, rest, body)


def _pipeline(client: Callable[[str], Any], target: Target, rest: str, body: Any) -> None:
    value = _object(body)
    options = {key: value[key] for key in ("variables", "sourceRevisions", "clientRequestToken") if key in value}
    client("codepipeline").start_pipeline_execution(name=rest, **options)


def _build(client: Callable[[str], Any], target: Target, rest: str, body: Any) -> None:
    value = _object(body)
    # An event that was not transformed is not meant as the build's parameters.
    options = {} if "detail-type" in value else value
    client("codebuild").start_build(projectName=rest.split("/", 1)[1], **options)


def _state_machine(client: Callable[[str], Any], target: Target, rest: str, body: Any) -> None:
    client("stepfunctions").start_execution(stateMachineArn=target.arn, input=_text(body))


def _sagemaker(client: Callable[[str], Any], target: Target, rest: str, body: Any) -> None:
    given = target.options.get("SageMakerPipelineParameters") or {}
    parameters = given.get("PipelineParameterList", [])
    client("sagemaker").start_pipeline_execution(
        PipelineName=rest.split("/", 1)[1],
        PipelineParameters=parameters,
        ClientRequestToken=uuid.uuid4().hex,
    )


def _bus(client: Callable[[str], Any], target: Target, rest: str, body: Any) -> None:
    value = _object(body)
    given = target.options.get("EventBridgeParameters") or {}
    entry = {
        "Source": given.get("Source") or value.get("source", "aws.events"),
        "DetailType": given.get("DetailType") or value.get("detail-type", ""),
        "Detail": json.dumps(value.get("detail", value)),
        "Resources": value.get("resources", []),
        "EventBusName": target.arn,
    }
    client("events").put_events(Entries=[entry])


def _function(client: Callable[[str], Any], target: Target, rest: str, body: Any) -> None:
    client("lambda").invoke(FunctionName=target.arn, InvocationType="Event", Payload=_text(body).encode())


def _topic(client: Callable[[str], Any], target: Target, rest: str, body: Any) -> None:
    client("sns").publish(TopicArn=target.arn, Message=_text(body))


def _queue(client: Callable[[str], Any], target: Target, rest: str, body: Any) -> None:
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=rest, QueueOwnerAWSAccountId=target.arn.split(":")[4])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=_text(body))


_CALLS: dict[tuple[str, str], Callable[[Callable[[str], Any], Any, str, Any], None]] = {
    ("codepipeline", ""): _pipeline,
    ("lambda", "function"): _function,
    ("sns", ""): _topic,
    ("sqs", ""): _queue,
    ("codebuild", "project"): _build,
    ("states", "stateMachine"): _state_machine,
    ("sagemaker", "pipeline"): _sagemaker,
    ("events", "event-bus"): _bus,
}


def _object(body: Any) -> dict[str, Any]:
    value = json.loads(body) if isinstance(body, str) and body.strip() else body
    return value if isinstance(value, dict) else {}


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)
