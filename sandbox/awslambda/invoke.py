"""One invocation of a function: worker, time limit, log lines, and the answer as Lambda words it."""

from __future__ import annotations

import json
import math
import time
import uuid
from dataclasses import dataclass
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends

from sandbox.accounts import Principal
from sandbox.awslambda.workers import Setup, Worker, WorkerGone, Workers, digest_of
from sandbox.context import Context
from sandbox.iam.decide import Guard, refusal
from sandbox.iam.identities import identity_of
from sandbox.iam.policy import Question
from sandbox.iam.sessions import AssumeRoleRefused

LOG_TAIL_BYTES = 4096
SERVICE = "lambda.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Result:
    """What an invocation came to: `error` is "Unhandled" or None, `log` the last lines, `payload` JSON
    text.
    """

    payload: str
    error: str | None
    log: str
    request_id: str
    version: str


class Invoker:
    """Invokes functions of one sandbox; thread-safe."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.workers = Workers(context)

    def invoke(self, function: Any, event: Any, *, request_id: str | None = None) -> Result:
        """Run a function (moto's) on an event and wait for its answer.

        Args:
            function: moto's LambdaFunction, a certain version of it.
            event: A JSON value.
            request_id: Kept over the retries of one event.
        """
        request_id = request_id or str(uuid.uuid4())
        fault = self.context.faults.take("lambda", function=function.function_name, account_id=function.account_id)
        if fault is not None:
            error = {"errorType": "InjectedFault", "errorMessage": "made to fail on purpose"} | fault.error
            return Result(json.dumps(error), "Unhandled", "", request_id, str(function.version))
        started = time.monotonic()
        try:
            worker = self._worker(function)
        except AssumeRoleRefused:
            message = "The role defined for the function cannot be assumed by Lambda."
            error = {"errorType": "AccessDeniedException", "errorMessage": message}
            return Result(json.dumps(error), "Unhandled", "", request_id, str(function.version))
        return self._run(function, worker, event, request_id, started)

    def _run(self, function: Any, worker: Worker, event: Any, request_id: str, started: float) -> Result:
        lines: list[str] = []
        init_ms = None
        answer: dict[str, Any] | None = None
        if not worker.has_initialised:
            lines.append(f"INIT_START Runtime Version: {function.run_time}")
            try:
                answer, printed = worker.initialise()
                lines += printed
            except (TimeoutError, WorkerGone) as gone:
                lines += worker.printed_so_far()
                answer = {"error": _broken(gone, request_id, 10)}
            init_ms = (time.monotonic() - started) * 1000
        if answer is not None and "init_error" in answer:
            answer = {"error": answer["init_error"]}
        lines.append(f"START RequestId: {request_id} Version: {function.version}")
        began = time.monotonic()
        is_healthy = answer is None or "ready" in answer
        if answer is None or "ready" in answer:
            worker.has_initialised = True
            try:
                answer, printed = worker.invoke(self._invocation(function, event, request_id), float(function.timeout))
                lines += printed
            except (TimeoutError, WorkerGone) as gone:
                is_healthy = False
                worker.close()
                lines += worker.printed_so_far()
                answer = {"error": _broken(gone, request_id, function.timeout)}
                lines.append(f"{request_id} {answer['error']['errorMessage']}")
        took_ms = (time.monotonic() - began) * 1000
        lines += [f"END RequestId: {request_id}", _report(request_id, function, took_ms, init_ms)]
        if is_healthy:
            self.workers.give_back(worker)
        else:
            worker.close()
        self._log(function, worker.log_stream, lines)
        tail = "\n".join(lines)[-LOG_TAIL_BYTES:] + "\n"
        if "error" in answer:
            return Result(json.dumps(answer["error"]), "Unhandled", tail, request_id, str(function.version))
        return Result(answer["payload"], None, tail, request_id, str(function.version))

    def _invocation(self, function: Any, event: Any, request_id: str) -> dict[str, Any]:
        return {
            "event": event,
            "request_id": request_id,
            "function_arn": function.function_arn,
            "deadline": time.time() + float(function.timeout),
        }

    def _worker(self, function: Any) -> Worker:
        packages = {digest_of(function.code_bytes): function.code_bytes}
        code = next(iter(packages))
        layers = []
        for layer in function.layers:
            found = lambda_backends[function.account_id][function.region].layers_versions_by_arn(layer["Arn"])
            digest = digest_of(found.code_bytes)
            packages[digest] = found.code_bytes
            layers.append(digest)
        logging_config = getattr(function, "logging_config", None) or {}
        log_group = logging_config.get("LogGroup") or f"/aws/lambda/{function.function_name}"
        setup = Setup(
            arn=function.function_arn,
            name=function.function_name,
            version=str(function.version),
            handler=function.handler or "",
            memory_mb=int(function.memory_size),
            code=code,
            layers=tuple(layers),
            environment=tuple(sorted(self._environment(function, log_group).items())),
            log_group=log_group,
            log_format=str(logging_config.get("LogFormat", "Text")).upper(),
            log_level=str(logging_config.get("ApplicationLogLevel", "")),
        )
        return self.workers.take(setup, packages, lambda: self._credentials(function))

    def _credentials(self, function: Any) -> dict[str, str]:
        return self.context.credentials(
            function.role,
            principal=SERVICE,
            source_arn=function.function_arn,
            session_name=function.function_name,
            region=function.region,
        )

    def _environment(self, function: Any, log_group: str) -> dict[str, str]:
        """The worker's whole environment but for credentials:

        AWS's variables, ours to reach the sandbox, its own.
        """
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": function.handler or "",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": log_group,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            # The user's own AWS files are none of the function's business.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "NO_PROXY": "127.0.0.1,localhost",
            **self.context.environment(function.region),
            **{key: str(value) for key, value in function.environment_vars.items()},
        }

    def _log(self, function: Any, stream: str, lines: list[str]) -> None:
        """To CloudWatch Logs, as far as the function's role may write there."""
        backend = logs_backends[function.account_id][function.region]
        logging_config = getattr(function, "logging_config", None) or {}
        group = logging_config.get("LogGroup") or f"/aws/lambda/{function.function_name}"
        arn = f"arn:{function.partition}:logs:{function.region}:{function.account_id}:log-group:{group}"
        names = (arn, f"{arn}:*", f"{arn}:log-stream:", f"{arn}:log-stream:{stream}")
        if group not in backend.groups:
            if not self._role_may(function, "logs:CreateLogGroup", names):
                return
            backend.ensure_log_group(group)
        if stream not in backend.groups[group].streams:
            if not self._role_may(function, "logs:CreateLogStream", names):
                return
            backend.create_log_stream(group, stream)
        if not self._role_may(function, "logs:PutLogEvents", names):
            return
        now = int(unix_time_millis())
        events = [{"timestamp": now, "message": line} for line in lines if line]
        backend.put_log_events(group, stream, events)

    def _role_may(self, function: Any, action: str, names: tuple[str, ...]) -> bool:
        if not self.context.enforce_iam:
            return True
        account_id = function.account_id
        principal = Principal("role", account_id, function.role, "", "", role_arn=function.role)
        values = {"aws:principalarn": function.role, "aws:securetransport": "true"}
        question = Question(action, (names,), values)
        return refusal(principal, identity_of(principal), question, Guard(account_id)) is None


def _broken(gone: TimeoutError | WorkerGone, request_id: str, seconds: Any) -> dict[str, Any]:
    if isinstance(gone, TimeoutError):
        text = f"Task timed out after {float(seconds):.2f} seconds"
        return {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request_id} Error: {text}"}
    text = f"Runtime exited with error: exit status {gone.code}"
    return {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: {text}"}


def _report(request_id: str, function: Any, took_ms: float, init_ms: float | None) -> str:
    billed = math.ceil(took_ms + (init_ms or 0))
    text = (
        f"REPORT RequestId: {request_id}\tDuration: {took_ms:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {function.memory_size} MB\tMax Memory Used: {min(128, int(function.memory_size))} MB\t"
    )
    return text + (f"Init Duration: {init_ms:.2f} ms\t" if init_ms is not None else "")
