"""One sandbox for all tests of the folder; tests keep apart by account."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox import control

_accounts = itertools.count(200000000001)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.Running]:
    running = control.start("tests", home=tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
def account() -> str:
    """An account that no other test uses."""
    return str(next(_accounts))


@pytest.fixture
def other_account() -> str:
    return str(next(_accounts))


@pytest.fixture
def connect(sandbox: control.Running) -> Callable[..., Any]:
    """connect(service, account or credentials) -> boto3 client on the sandbox."""

    def make(service: str, who: str | dict[str, str], **options: Any) -> Any:
        if isinstance(who, str):
            keys = {"aws_access_key_id": who, "aws_secret_access_key": "test"}
        else:
            keys = {
                "aws_access_key_id": who["AccessKeyId"],
                "aws_secret_access_key": who["SecretAccessKey"],
                "aws_session_token": who["SessionToken"],
            }
        settings = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(
            service, endpoint_url=sandbox.url, region_name="eu-central-1", config=settings, **keys, **options
        )

    return make


@pytest.fixture
def make_role(connect: Callable[..., Any]) -> Callable[..., dict[str, str]]:
    """make_role(account, name, policy, trust=, boundary=) -> credentials of a session of a new role."""
    import json

    def make(
        account_id: str,
        name: str,
        statements: list[dict[str, Any]],
        *,
        trust: list[dict[str, Any]] | None = None,
        **role: Any,
    ) -> dict[str, str]:
        iam = connect("iam", account_id)
        trusted = trust or [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
            }
        ]
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trusted), **role)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=_policy(statements))
        session = connect("sts", account_id).assume_role(RoleArn=arn, RoleSessionName="test")
        credentials: dict[str, str] = session["Credentials"]
        return credentials

    def _policy(statements: list[dict[str, Any]]) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
