"""Functions run from their zip, with their role, as on AWS."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Connect = Callable[..., Any]

LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}

CODE = """
import json, logging, os, sys, time
import boto3
log = logging.getLogger(__name__)
count = 0

def handler(event, context):
    global count
    count += 1
    print("printed", event)
    log.error("logged")
    what = event.get("do")
    if what == "raise":
        raise ValueError("no such thing")
    if what == "sleep":
        time.sleep(30)
    if what == "exit":
        os._exit(3)
    if what == "object":
        return object()
    if what == "import":
        __import__(event["module"])
    if what == "parameter":
        return boto3.client("ssm").get_parameter(Name=event["name"])["Parameter"]["Value"]
    return {
        "count": count, "env": dict(os.environ), "name": context.function_name, "arn": context.invoked_function_arn,
        "left": context.get_remaining_time_in_millis(), "pid": os.getpid(), "path": sys.path,
    }
"""


def package(code: str = CODE, name: str = "app.py") -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, code)
    return data.getvalue()


@pytest.fixture
def function(connect: Connect, account: str) -> Callable[..., Any]:
    """function(statements, **settings) -> a call with an event: (payload, response)."""

    def make(statements: list[dict[str, Any]] | None = None, **settings: Any) -> Any:
        iam, lambdas = connect("iam", account), connect("lambda", account)
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        role = iam.create_role(RoleName="runner", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        document = json.dumps({"Version": "2012-10-17", "Statement": statements or [LOGS]})
        iam.put_role_policy(RoleName="runner", PolicyName="p", PolicyDocument=document)
        options = {
            "Runtime": "python3.12",
            "Handler": "app.handler",
            "Code": {"ZipFile": package()},
            "Timeout": 5,
        } | settings
        lambdas.create_function(FunctionName="app", Role=role["Role"]["Arn"], **options)

        def call(event: Any = None, **more: Any) -> tuple[Any, Any]:
            response = lambdas.invoke(FunctionName="app", Payload=json.dumps(event or {}), **more)
            text = response["Payload"].read()
            return (json.loads(text) if text else None), response

        call.lambdas = lambdas  # type: ignore[attr-defined]
        return call

    return make


def test_a_function_runs_and_stays_warm(function: Callable[..., Any], account: str) -> None:
    call = function(Environment={"Variables": {"COLOUR": "blue"}})
    first, response = call({"a": 1}, LogType="Tail")
    second, _ = call({})
    assert "FunctionError" not in response
    assert response["ExecutedVersion"] == "$LATEST"
    assert (first["count"], second["count"]) == (1, 2)
    assert first["pid"] == second["pid"]
    assert first["name"] == "app"
    assert first["arn"] == f"arn:aws:lambda:eu-central-1:{account}:function:app"
    assert 0 < first["left"] <= 5000
    assert first["env"]["COLOUR"] == "blue"
    assert first["env"]["AWS_LAMBDA_FUNCTION_NAME"] == "app"
    assert first["env"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not {"HOME", "USER", "VIRTUAL_ENV", "PYTHONPATH"} & set(first["env"])
    log = base64.b64decode(response["LogResult"]).decode()
    assert "START RequestId: " in log
    assert "printed {'a': 1}" in log
    assert "[ERROR]\t" in log
    assert "\tlogged" in log
    assert "REPORT RequestId: " in log
    assert "Init Duration" in log


def test_logs_arrive_in_cloudwatch(function: Callable[..., Any], connect: Connect, account: str) -> None:
    function()({})
    events = connect("logs", account).filter_log_events(logGroupName="/aws/lambda/app")["events"]
    messages = [event["message"] for event in events]
    assert any(message.startswith("START RequestId") for message in messages)
    assert "printed {}" in messages


def test_a_role_that_may_not_log_leaves_no_log(function: Callable[..., Any], connect: Connect, account: str) -> None:
    function([{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}])({})
    assert connect("logs", account).describe_log_groups()["logGroups"] == []


def test_a_function_acts_with_its_role(function: Callable[..., Any], connect: Connect, account: str) -> None:
    ssm = connect("ssm", account)
    for name in ("/app/open", "/app/closed"):
        ssm.put_parameter(Name=name, Value="42", Type="String")
    arn = f"arn:aws:ssm:eu-central-1:{account}:parameter/app/open"
    call = function([{"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": arn}])
    assert call({"do": "parameter", "name": "/app/open"})[0] == "42"
    payload, response = call({"do": "parameter", "name": "/app/closed"})
    assert response["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "AccessDeniedException"
    assert "assumed-role/runner/app is not authorized to perform: ssm:GetParameter" in payload["errorMessage"]


@pytest.mark.parametrize(
    ("event", "kind", "message"),
    [
        ({"do": "raise"}, "ValueError", "no such thing"),
        ({"do": "exit"}, "Runtime.ExitError", "exit status 3"),
        ({"do": "object"}, "Runtime.MarshalError", "Unable to marshal response"),
        ({"do": "import", "module": "click"}, "ModuleNotFoundError", "No module named 'click'"),
        ({"do": "import", "module": "moto"}, "ModuleNotFoundError", "No module named 'moto'"),
        ({"do": "import", "module": "yaml"}, "ModuleNotFoundError", "No module named 'yaml'"),
    ],
)
def test_errors_read_as_on_aws(function: Callable[..., Any], event: Any, kind: str, message: str) -> None:
    call = function()
    payload, response = call(event)
    assert response["StatusCode"] == 200
    assert response["FunctionError"] == "Unhandled"
    assert payload["errorType"] == kind
    assert message in payload["errorMessage"]
    assert "FunctionError" not in call({})[1]


def test_a_stack_trace_shows_the_function_only(function: Callable[..., Any]) -> None:
    payload, _ = function()({"do": "raise"})
    assert len(payload["stackTrace"]) == 1
    assert "app.py" in payload["stackTrace"][0]
    assert "no such thing" in payload["stackTrace"][0]


def test_a_slow_function_times_out(function: Callable[..., Any]) -> None:
    call = function(Timeout=1)
    payload, response = call({"do": "sleep"})
    assert response["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]
    assert call({})[0]["count"] == 1


@pytest.mark.parametrize(
    ("handler", "kind"),
    [("none.handler", "Runtime.ImportModuleError"), ("app.none", "Runtime.HandlerNotFound")],
)
def test_a_wrong_handler_is_reported(function: Callable[..., Any], handler: str, kind: str) -> None:
    payload, response = function(Handler=handler)({})
    assert (response["FunctionError"], payload["errorType"]) == ("Unhandled", kind)


def test_new_code_and_settings_take_effect_at_once(function: Callable[..., Any]) -> None:
    call = function()
    assert call({})[0]["count"] == 1
    call.lambdas.update_function_code(FunctionName="app", ZipFile=package("def handler(e, c): return 'new'"))
    assert call({})[0] == "new"
    code = "import os\ndef handler(e, c): return os.environ['X']"
    call.lambdas.update_function_code(FunctionName="app", ZipFile=package(code))
    call.lambdas.update_function_configuration(FunctionName="app", Environment={"Variables": {"X": "1"}})
    assert call({})[0] == "1"


def test_the_zip_comes_before_the_runtime(function: Callable[..., Any]) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("six.py", "mine = True")
        archive.writestr("app.py", "import six\ndef handler(e, c): return six.mine")
    assert function(Code={"ZipFile": data.getvalue()})({})[0] is True


def test_events_are_retried_and_end_at_the_destination(
    function: Callable[..., Any], connect: Connect, account: str
) -> None:
    sqs = connect("sqs", account)
    url = sqs.create_queue(QueueName="failed")["QueueUrl"]
    call = function([LOGS, {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}])
    call.lambdas.put_function_event_invoke_config(
        FunctionName="app",
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:eu-central-1:{account}:failed"}},
    )
    _, response = call({"do": "raise"}, InvocationType="Event")
    assert response["StatusCode"] == 202
    messages: list[Any] = []
    end = time.monotonic() + 30
    while not messages and time.monotonic() < end:
        messages = sqs.receive_message(QueueUrl=url).get("Messages", [])
        time.sleep(0.1)
    record = json.loads(messages[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"do": "raise"}
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_a_role_that_does_not_trust_lambda_is_refused(connect: Connect, account: str) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    role = connect("iam", account).create_role(
        RoleName="wrong", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        connect("lambda", account).create_function(
            FunctionName="f", Role=role["Role"]["Arn"], Runtime="python3.12", Handler="a.b", Code={"ZipFile": package()}
        )


def test_settings_are_remembered(function: Callable[..., Any], account: str) -> None:
    queue = f"arn:aws:sqs:eu-central-1:{account}:dead"
    call = function(DeadLetterConfig={"TargetArn": queue}, LoggingConfig={"LogFormat": "JSON", "LogGroup": "/mine"})
    settings = call.lambdas.get_function_configuration(FunctionName="app")
    assert settings["DeadLetterConfig"] == {"TargetArn": queue}
    assert settings["LoggingConfig"]["LogFormat"] == "JSON"
    assert settings["LoggingConfig"]["LogGroup"] == "/mine"
    call.lambdas.update_function_configuration(FunctionName="app", TracingConfig={"Mode": "Active"})
    assert call.lambdas.get_function_configuration(FunctionName="app")["TracingConfig"] == {"Mode": "Active"}


def test_provisioned_concurrency_is_ready(function: Callable[..., Any]) -> None:
    lambdas = function().lambdas
    version = lambdas.publish_version(FunctionName="app")["Version"]
    lambdas.put_provisioned_concurrency_config(FunctionName="app", Qualifier=version, ProvisionedConcurrentExecutions=2)
    config = lambdas.get_provisioned_concurrency_config(FunctionName="app", Qualifier=version)
    assert (config["Status"], config["AvailableProvisionedConcurrentExecutions"]) == ("READY", 2)
    lambdas.delete_provisioned_concurrency_config(FunctionName="app", Qualifier=version)
    with pytest.raises(ClientError) as error:
        lambdas.get_provisioned_concurrency_config(FunctionName="app", Qualifier=version)
    assert error.value.response["Error"]["Code"] == "ProvisionedConcurrencyConfigNotFoundException"
