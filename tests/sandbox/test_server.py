"""The server: readable refusals, control routes, faults on purpose."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from werkzeug.test import Client

from sandbox import control
from sandbox.context import Context
from sandbox.control import Running, SandboxError
from sandbox.server import Sandbox

Connect = Callable[..., Any]


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("xray", "get_sampling_rules", {}),
        ("ram", "list_resource_share_permissions", {"resourceShareArn": "arn:aws:ram:eu-central-1:1:resource-share/x"}),
        ("iam", "generate_service_last_accessed_details", {"Arn": "arn:aws:iam::111111111111:role/aaaaaaaaaaa"}),
        ("ec2", "describe_fast_launch_images", {}),
    ],
)
def test_a_call_that_is_not_simulated_is_refused_readably_and_at_once(
    connect: Connect, account: str, service: str, call: str, arguments: dict[str, Any]
) -> None:
    began = time.monotonic()
    with pytest.raises(ClientError) as error:
        getattr(connect(service, account), call)(**arguments)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 501)
    if error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501:
        assert "does not simulate it" in error.value.response["Error"]["Message"]
    assert time.monotonic() - began < 10


def test_calls_fail_on_purpose(sandbox: Running, connect: Connect, account: str) -> None:
    error = {"code": "ThrottlingException", "message": "slow down", "status": 400}
    match = {"service": "ssm", "operation": "Describe*", "account_id": account}
    sandbox.request("faults", {"kind": "api", "match": match, "error": error, "times": 2})
    ssm = connect("ssm", account)
    for _ in range(2):
        with pytest.raises(ClientError, match="slow down") as raised:
            ssm.describe_parameters()
        assert raised.value.response["Error"]["Code"] == "ThrottlingException"
    ssm.describe_parameters()
    sandbox.request("faults", {"kind": "api", "match": match, "error": error, "times": None})
    assert len(sandbox.request("faults")["faults"]) == 1
    sandbox.request("faults", method="DELETE")
    ssm.describe_parameters()


def test_health_names_what_is_installed(sandbox: Running) -> None:
    health = sandbox.request("health")
    assert health["ok"] is True
    assert health["pid"] == sandbox.pid
    assert "sandbox.iam.enforcement" in health["extensions"]


def test_routes_of_services_that_were_not_called_yet_are_there(tmp_path: Path) -> None:
    running = control.start(home=tmp_path)
    try:
        assert running.request("sagemaker/settings")
        assert running.request("stepfunctions/settings")
    finally:
        running.stop()


def test_unknown_control_routes_say_so(sandbox: Running) -> None:
    with pytest.raises(SandboxError, match="Not Found"):
        sandbox.request("nothing-here")
    with pytest.raises(SandboxError, match="a fault is an object"):
        sandbox.request("faults", ["wrong"])


def test_a_key_that_nobody_gave_out_is_root_of_the_default_account(connect: Connect) -> None:
    assert connect("sts", "test").get_caller_identity()["Account"] == "123456789012"


def test_two_requests_that_meet_in_a_collection_are_told_to_try_again(tmp_path: Path) -> None:
    class Extensions:
        def make_ready(self, service: str) -> None:
            """Nothing waits."""

    def colliding(environ: dict[str, Any], start_response: Any) -> Any:
        names = {"a": 1}
        for _ in names:
            names["b"] = 2

    context = Context(base_url="http://127.0.0.1:1", region="eu-central-1", state_dir=tmp_path)
    context.front.append(lambda environ: colliding)
    response = Client(Sandbox(context, Extensions())).get("/")  # type: ignore[arg-type]
    assert response.status_code == 503
    assert "ServiceUnavailable" in response.text
