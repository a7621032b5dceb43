"""What tests of SageMaker presume: a bucket, an execution role, an image, a model, and waiting for states."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REGION = "eu-central-1"
IMAGE = "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "assets" / "breast-cancer"


class World:
    """One account with a bucket and an execution role that may read and write it.

    `sm`, `s3` and the like are clients of the account's root; the role is what SageMaker works with.
    """

    def __init__(self, connect: Callable[..., Any], account: str) -> None:
        self.connect = connect
        self.account = account
        self.sm = connect("sagemaker", account)
        self.s3 = connect("s3", account)
        self.iam = connect("iam", account)
        self.bucket = f"data-{account}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.role = self.make_role("execution")
        self.allow("execution", ["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{self.bucket}/*")
        self.allow("execution", ["s3:ListBucket"], f"arn:aws:s3:::{self.bucket}")

    def make_role(self, name: str, service: str = "sagemaker.amazonaws.com") -> str:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))
        return str(role["Role"]["Arn"])

    def allow(self, role: str, actions: list[str], resource: str | list[str], **more: Any) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": resource, **more}
        name = "-".join(actions).replace(":", "-").replace("*", "all")[:100]
        self.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=_policy(statement))

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def put(self, key: str, body: bytes | str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return self.uri(key)

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def keys(self, prefix: str = "") -> list[str]:
        listing = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for item in listing.get("Contents", [])]

    def model(self, name: str = "model", key: str = "models/model.tar.gz", **more: Any) -> str:
        """A model of the example's artifact; returns its name."""
        self.put(key, (EXAMPLE / "model.tar.gz").read_bytes())
        container = {"Image": IMAGE, "ModelDataUrl": self.uri(key)}
        self.sm.create_model(ModelName=name, ExecutionRoleArn=self.role, **{"PrimaryContainer": container, **more})
        return name

    def config(self, name: str = "config", model: str = "model", **more: Any) -> str:
        """An endpoint configuration of one variant; returns its name."""
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m7i.large",
        }
        self.sm.create_endpoint_config(EndpointConfigName=name, **{"ProductionVariants": [variant], **more})
        return name

    def endpoint(self, name: str = "endpoint", config: str = "config", **more: Any) -> dict[str, Any]:
        """An endpoint, once it has settled; returns its description."""
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        return self.settled(name)

    def settled(self, name: str = "endpoint") -> dict[str, Any]:
        busy = ("Creating", "Updating", "Deleting", "RollingBack")
        return wait(lambda: self.sm.describe_endpoint(EndpointName=name), lambda d: d["EndpointStatus"] not in busy)


def wait(ask: Callable[[], Any], done: Callable[[Any], object], seconds: float = 20) -> Any:
    """The first answer of `ask` that is `done`; fails after `seconds`."""
    limit = time.monotonic() + seconds
    while True:
        answer = ask()
        if done(answer):
            return answer
        assert time.monotonic() < limit, f"still {answer}"
        time.sleep(0.05)


def archive(name: str, content: bytes) -> bytes:
    """A tar.gz with one file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
