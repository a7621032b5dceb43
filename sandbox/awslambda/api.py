"""The Lambda API mended: Invoke that runs the function, and settings that moto forgets.

- moto runs functions in Docker, or not at all.
- Settings that moto drops come back: DeadLetterConfig, LoggingConfig; others can be changed, not only set
  once.
- A role that Lambda may not assume is refused at creation, as on AWS.
- An event-invoke configuration that is put twice replaces the first.
- Provisioned concurrency exists, and is ready at once.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, unquote

from moto.awslambda import models, responses
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.core.exceptions import JsonRESTError

from sandbox.awslambda.asynchronous import invoke_later
from sandbox.awslambda.invoke import SERVICE, Invoker
from sandbox.awslambda.provisioned import install as install_provisioned
from sandbox.context import Context
from sandbox.iam.sessions import trusts_service

# Settings that moto does not take up when they change, and its attributes for them.
_KEPT = {
    "DeadLetterConfig": "dead_letter_config",
    "KMSKeyArn": "kms_key_arn",
    "TracingConfig": "tracing_config",
}


class _Throttled(JsonRESTError):  # type: ignore[misc]
    code = 429


def install(context: Context) -> None:
    """Replace invocation and mend the rest."""
    invoker = context.parts["lambda"] = Invoker(context)
    _install_invoke(invoker)
    _install_internal_invocations(invoker)
    _install_kept_settings(invoker)
    _install_checks()
    install_provisioned()


def _install_invoke(invoker: Invoker) -> None:
    def invoke(self: Any) -> tuple[int, dict[str, Any], Any]:
        name = unquote(self.path.rsplit("/", 2)[-2])
        # Not moto's own reading, which would also look for a qualifier in the event.
        qualifier = dict(parse_qsl(self.parsed_url.query)).get("Qualifier")
        function = self.backend.get_function(name, qualifier)
        try:
            event = json.loads(self.body) if self.body else {}
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            raise JsonRESTError("InvalidRequestContentException", message) from error
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return 204, {"status": "204"}, ""
        if str(function.reserved_concurrency) == "0":
            raise _Throttled("TooManyRequestsException", "Rate Exceeded.")
        if kind == "Event":
            request_id = invoke_later(invoker, function, event)
            return 202, {"status": "202", "x-amzn-RequestId": request_id}, ""
        result = invoker.invoke(function, event)
        headers = {
            "Content-Type": "application/json",
            "X-Amz-Executed-Version": result.version,
            "x-amzn-RequestId": result.request_id,
        }
        if result.error is not None:
            headers["X-Amz-Function-Error"] = result.error
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            headers["X-Amz-Log-Result"] = base64.b64encode(result.log.encode()).decode()
        return 200, headers, result.payload.encode()

    responses.LambdaResponse.invoke = invoke


def _install_internal_invocations(invoker: Invoker) -> None:
    """What moto's other services invoke by themselves: SQS and stream mappings wait, notifications do not."""

    def _invoke_lambda(self: Any, event: Any = None) -> tuple[str, bool, str]:
        value = json.loads(event) if isinstance(event, str) else event
        result = invoker.invoke(self, value)
        return result.payload, result.error is not None, result.log

    models.LambdaFunction._invoke_lambda = _invoke_lambda


def _install_kept_settings(invoker: Invoker) -> None:
    function_class, backend_class = models.LambdaFunction, models.LambdaBackend
    init, update = function_class.__init__, function_class.update_configuration
    configuration, delete = function_class.get_configuration, backend_class.delete_function

    def __init__(self: Any, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any) -> None:
        init(self, account_id, spec, *rest, **named)
        _keep(self, spec)
        self.logging_config = _logging_config(self, spec.get("LoggingConfig"))

    def update_configuration(self: Any, updates: dict[str, Any]) -> Any:
        _keep(self, updates)
        if "EphemeralStorage" in updates:
            self.ephemeral_storage = updates["EphemeralStorage"]["Size"]
        if "LoggingConfig" in updates:
            self.logging_config = _logging_config(self, updates["LoggingConfig"])
        answer = update(self, updates)
        return self.get_configuration() if isinstance(answer, dict) else answer

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        value: dict[str, Any] = configuration(self, on_create)
        dead_letter = getattr(self, "dead_letter_config", None)
        if dead_letter and dead_letter.get("TargetArn"):
            value["DeadLetterConfig"] = dead_letter
        value["LoggingConfig"] = getattr(self, "logging_config", None) or _logging_config(self, None)
        return value

    def delete_function(self: Any, function_name: str, qualifier: str | None = None) -> None:
        try:
            invoker.workers.drop(self.get_function(function_name).function_arn)
        finally:
            delete(self, function_name, qualifier)

    def put_function_event_invoke_config(self: Any, function_name: str, config: dict[str, Any]) -> Any:
        function = self.get_function(function_name)
        made = models.EventInvokeConfig(function.function_arn, function.last_modified, config)
        function.event_invoke_config = [made]
        return made.response()

    function_class.__init__ = __init__
    function_class.update_configuration = update_configuration
    function_class.get_configuration = get_configuration
    backend_class.delete_function = delete_function
    backend_class.put_function_event_invoke_config = put_function_event_invoke_config


def _install_checks() -> None:
    create = models.LambdaBackend.create_function

    def create_function(self: Any, spec: dict[str, Any]) -> Any:
        role = str(spec.get("Role", ""))
        if ":role/" in role and not trusts_service(role, SERVICE):
            raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")
        return create(self, spec)

    models.LambdaBackend.create_function = create_function


def _keep(function: Any, spec: dict[str, Any]) -> None:
    for name, attribute in _KEPT.items():
        if name in spec:
            setattr(function, attribute, spec[name])


def _logging_config(function: Any, given: dict[str, Any] | None) -> dict[str, Any]:
    default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}"}
    value = default | (given or {})
    if value["LogFormat"] == "JSON":
        value = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} | value
    return value
