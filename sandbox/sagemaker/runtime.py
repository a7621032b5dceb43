"""InvokeEndpoint and InvokeEndpointAsync: the endpoint's model answers, and data capture keeps the pair.

moto answers for endpoints that do not exist, always with the word `body`. Answers queued through moto's own
`/moto-api/static/sagemaker/endpoint-results` still go first.

Fault `sagemaker.invocation` (matched by `name`, `variant`): `{"status": 500, "message": text}` becomes a
ModelError.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from sandbox.apis.operations import Call
from sandbox.context import Context
from sandbox.errors import SandboxFault
from sandbox.sagemaker import capture, endpoint_configs, endpoints, models
from sandbox.sagemaker.access import AccessFailed, Role, join_uri
from sandbox.sagemaker.inference import ModelFailed, load_model
from sandbox.sagemaker.store import Resource, store_of

_MAX_BODY = 6291456
_moto_invoke = SageMakerRuntimeResponse.invoke_endpoint


class ModelError(SandboxFault):
    """The model's container failed; carries its status and text as AWS does."""

    code = "ModelError"

    def __init__(self, status: int, text: str, where: str) -> None:
        side = "client" if status < 500 else "server"
        super().__init__(f'Received {side} error ({status}) from primary with message "{text}". See {where}.')
        self.OriginalStatusCode = status
        self.OriginalMessage = text


def install(context: Context) -> None:
    """Answer the runtime's two operations."""

    def invoke(response: Any) -> Any:
        if response.sagemakerruntime_backend.results_queue:
            return _moto_invoke(response)
        return _invoke(_call(context, response, "InvokeEndpoint"), response.headers, _body(response))

    def invoke_async(response: Any) -> Any:
        return _invoke_async(_call(context, response, "InvokeEndpointAsync"), response.headers)

    SageMakerRuntimeResponse.invoke_endpoint = invoke
    SageMakerRuntimeResponse.invoke_endpoint_async = invoke_async


def _call(context: Context, response: Any, operation: str) -> Call:
    name = unquote(response.path.split("/")[2])
    return Call(context, response.current_account, response.region, operation, {"EndpointName": name})


def _body(response: Any) -> bytes:
    body = response.body
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _invoke(call: Call, headers: Any, body: bytes) -> tuple[int, dict[str, str], bytes]:
    endpoint = _endpoint(call)
    if len(body) > _MAX_BODY:
        raise _refused(f"Request {len(body)} bytes exceeded limit of {_MAX_BODY} bytes.")
    config = store_of(call).get(endpoint_configs.KIND, endpoint.document["EndpointConfigName"])
    variant = _choose(endpoint, headers.get("X-Amzn-SageMaker-Target-Variant"))
    content_type = headers.get("Content-Type") or "text/csv"
    moment = datetime.now(UTC)
    answer, kind = _answer(call, endpoint, config, variant, body, content_type, headers.get("Accept") or "")
    settings = config.document.get("DataCaptureConfig", {}) if config else {}
    if config and settings.get("EnableCapture") and _sampled(endpoint, settings["InitialSamplingPercentage"]):
        line = capture.record(
            settings,
            (body, content_type),
            (answer, kind),
            str(uuid.uuid4()),
            moment,
            headers.get("X-Amzn-SageMaker-Inference-Id"),
        )
        key = capture.key_of(endpoint.name, variant, moment)
        role = _role(call, config, variant)
        call.context.run_thread("data capture", capture.write, settings, key, line, role)
    more = {"Content-Type": kind, "x-Amzn-Invoked-Production-Variant": variant}
    if headers.get("X-Amzn-SageMaker-Custom-Attributes"):
        more["X-Amzn-SageMaker-Custom-Attributes"] = headers["X-Amzn-SageMaker-Custom-Attributes"]
    return 200, more, answer


def _invoke_async(call: Call, headers: Any) -> tuple[int, dict[str, str], str]:
    endpoint = _endpoint(call)
    config = store_of(call).get(endpoint_configs.KIND, endpoint.document["EndpointConfigName"])
    settings = config.document.get("AsyncInferenceConfig") if config else None
    if config is None or settings is None:
        raise _refused(f"Endpoint {endpoint.name} is not an asynchronous endpoint.")
    location = headers.get("X-Amzn-SageMaker-InputLocation")
    if not location:
        raise _refused("InputLocation must be specified.")
    inference_id = headers.get("X-Amzn-SageMaker-Inference-Id") or str(uuid.uuid4())
    output = settings["OutputConfig"]
    base = output.get("S3OutputPath") or location.rsplit("/", 1)[0]
    out = join_uri(base, f"{uuid.uuid4()}.out")
    failure = join_uri(output.get("S3FailurePath") or base, f"{uuid.uuid4()}-error.out")
    variant = _choose(endpoint, None)
    kind = headers.get("X-Amzn-SageMaker-Content-Type") or "text/csv"
    role = _role(call, config, variant)

    def work() -> None:
        topics = output.get("NotificationConfig", {})
        try:
            body = role.read(location)
            answer, _ = _answer(call, endpoint, config, variant, body, kind, "")
            role.write(out, answer, output.get("KmsKeyId"))
            topic, status, where = topics.get("SuccessTopic"), "Completed", {"outputLocation": out}
        except (AccessFailed, SandboxFault) as error:
            role.write(failure, str(error).encode(), output.get("KmsKeyId"))
            topic, status, where = topics.get("ErrorTopic"), "Failed", {"failureLocation": failure}
        if topic:
            message = {
                "awsRegion": call.region,
                "eventTime": datetime.now(UTC).isoformat(),
                "receivedTime": datetime.now(UTC).isoformat(),
                "invocationStatus": status,
                "requestParameters": {"endpointName": endpoint.name, "inputLocation": location},
                "responseParameters": {"contentType": kind, **where},
                "inferenceId": inference_id,
                "eventVersion": "1.0",
                "eventSource": "aws:sagemaker",
                "eventName": "InferenceResult",
            }
            role.client("sns").publish(TopicArn=topic, Message=json.dumps(message))

    call.context.run_thread("asynchronous inference", work)
    more = {"X-Amzn-SageMaker-OutputLocation": out, "X-Amzn-SageMaker-FailureLocation": failure}
    return 202, {**more, "status": "202"}, json.dumps({"InferenceId": inference_id})


def _endpoint(call: Call) -> Resource:
    endpoint = store_of(call).get(endpoints.KIND, call["EndpointName"])
    if endpoint is None or endpoint.document["EndpointStatus"] not in ("InService", "Updating"):
        raise _refused(f"Endpoint {call['EndpointName']} of account {call.account_id} not found.")
    return endpoint


def _answer(
    call: Call, endpoint: Resource, config: Resource | None, variant: str, body: bytes, kind: str, accept: str
) -> tuple[bytes, str]:
    """The model's answer and its content type.

    Raises:
        ModelError: The model cannot be loaded, cannot read the payload, or fails on purpose.
    """
    where = (
        f"https://{call.region}.console.aws.amazon.com/cloudwatch/home?region={call.region}#logEventViewer:"
        f"group=/aws/sagemaker/Endpoints/{endpoint.name} in account {call.account_id} for more information"
    )
    fault = call.context.faults.take("sagemaker.invocation", name=endpoint.name, variant=variant)
    if fault is not None:
        raise ModelError(int(fault.error.get("status", 500)), fault.error.get("message", "failed on purpose"), where)
    model = _model(call, config, variant)
    if model is None:
        raise ModelError(500, f"variant {variant} has no model", where)
    role = Role(call.context, model.document["ExecutionRoleArn"], call.account_id, call.region, model.arn)
    try:
        loaded = load_model(model, models.inference_containers(call, model.document), role)
        return loaded.answer(body, kind, accept)
    except ModelFailed as error:
        raise ModelError(error.status, str(error), where) from None
    except AccessFailed as error:
        raise ModelError(500, str(error), where) from None


def _model(call: Call, config: Resource | None, variant: str) -> Resource | None:
    for known in endpoint_configs.variants(config.document) if config else ():
        if known["VariantName"] == variant:
            return store_of(call).get(models.KIND, known.get("ModelName", ""))
    return None


def _role(call: Call, config: Resource, variant: str) -> Role:
    model = _model(call, config, variant)
    arn = model.document["ExecutionRoleArn"] if model else config.document["ExecutionRoleArn"]
    return Role(call.context, arn, call.account_id, call.region, config.arn)


def _choose(endpoint: Resource, wanted: str | None) -> str:
    """The variant that serves: the one asked for, else each in turn by weight.

    Raises:
        SandboxFault: ValidationError if there is no such variant.
    """
    shown = endpoint.document["ProductionVariants"]
    if wanted:
        if all(variant["VariantName"] != wanted for variant in shown):
            raise _refused(f"Variant {wanted} not found for Endpoint {endpoint.name}.")
        return wanted
    credit = endpoint.extra.setdefault("credit", {})
    for variant in shown:
        name = variant["VariantName"]
        credit[name] = credit.get(name, 0.0) + variant.get("CurrentWeight", 1.0)
    best = max(shown, key=lambda variant: credit[variant["VariantName"]])
    credit[best["VariantName"]] -= sum(variant.get("CurrentWeight", 1.0) for variant in shown)
    return str(best["VariantName"])


def _sampled(endpoint: Resource, percentage: int) -> bool:
    """True for `percentage` of 100 invocations, evenly spread."""
    debt = endpoint.extra.get("capture", 0) + percentage
    endpoint.extra["capture"] = debt % 100 if debt >= 100 else debt
    return bool(debt >= 100)


def _refused(text: str) -> SandboxFault:
    return SandboxFault("ValidationError", text)
