"""A platform installed in a sandbox, and the means a person has to work with it: commands, terraform, boto3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.httpsession import URLLib3Session

from generator.provider_mirror import find_terraform
from sandbox import control

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"
ORCHESTRATOR = "111111111111"
ACCOUNTS = {"dev": "222222222222", "prod": "333333333333"}
PREFIX = "tiny-ml"
PLATFORM = {
    "name": PREFIX,
    "region": REGION,
    "orchestrator_account_id": ORCHESTRATOR,
    "stages": [
        {"name": "dev", "account_id": ACCOUNTS["dev"]},
        {"name": "prod", "account_id": ACCOUNTS["prod"], "approval": "manual"},
    ],
    "options": {"notification_emails": ["approvers@example.com"], "create_model_package_group": True},
}
ARTIFACT = "breast-cancer/model.tar.gz"


@dataclass(frozen=True)
class Ran:
    """A finished command: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Installation:
    """One platform in one sandbox; ``folder`` is the working directory of its commands."""

    def __init__(self, folder: Path, sandbox: control.Running) -> None:
        self.folder = folder
        self.sandbox = sandbox
        (folder / "platform.yaml").write_text(json.dumps(PLATFORM, indent=2))

    @cached_property
    def environment(self) -> dict[str, str]:
        """What `mlops sandbox env` tells a person to export, on top of a clean environment."""
        told = self.mlops("sandbox", "env", "--json", environment=clean_environment()).json
        return {**clean_environment(), **told, "TF_VAR_force_destroy": "true"}

    def mlops(
        self, *arguments: str, code: int = 0, environment: Mapping[str, str] | None = None, timeout: float = 300
    ) -> Ran:
        """Run a command of ours in the folder; any other exit code than ``code`` fails the test."""
        return self.run(
            [sys.executable, "-m", "generator", *arguments], code=code, environment=environment, timeout=timeout
        )

    def terraform(self, workspace: Path, *arguments: str, code: int = 0) -> Ran:
        """Run plain terraform in a workspace."""
        return self.run(["terraform", f"-chdir={workspace}", *arguments, "-no-color"], code=code)

    def run(
        self,
        command: list[str],
        *,
        code: int = 0,
        environment: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> Ran:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=dict(environment if environment is not None else self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == code, (
            f"{' '.join(command[1:])} ended with {done.returncode}, not {code}\n{done.stdout}\n{done.stderr}"
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def client(self, service: str, account_id: str) -> Any:
        """Return a boto3 client that acts as root of an account."""
        return boto3.client(
            service,
            endpoint_url=self.sandbox.url,
            region_name=REGION,
            aws_access_key_id=account_id,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def write_config(self, file: str, **keys: Any) -> Path:
        """Write a mlops-config of a realtime endpoint; return its path."""
        document = {
            "pipeline_type": "byom_realtime_builtin",
            "model_framework": "xgboost",
            "model_framework_version": "1.7-1",
            "model_artifact_location": ARTIFACT,
            "inference_instance": {"dev": "ml.t2.medium", "prod": "ml.m5.large"},
            "data_capture_location": {"dev": "tiny-capture-dev/x", "prod": "tiny-capture-prod/x"},
            **keys,
        }
        path = self.folder / file
        path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}, indent=2))
        return path

    def post(self, url: str, body: Any, account_id: str = ORCHESTRATOR) -> tuple[int, Any]:
        """POST JSON, or bytes as they are, signed for API Gateway; return status and the JSON answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = AWSRequest("POST", url, data=data, headers={"Content-Type": "application/json"})
        credentials = boto3.Session(account_id, "test").get_credentials()
        SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        answer = URLLib3Session(timeout=60).send(request.prepare())
        return answer.status_code, json.loads(answer.text)

    def api(self, name: str, path: str, account_id: str = ORCHESTRATOR) -> str:
        """Return the sandbox's URL of a path of the REST API of that name."""
        items = self.client("apigateway", account_id).get_rest_apis(limit=500)["items"]
        [found] = [item["id"] for item in items if item["name"] == name]
        return f"{self.sandbox.url}/_aws/execute-api/{found}/prod{path}"

    def builds(self) -> list[str]:
        """Return the ids of every build there has been."""
        codebuild = self.client("codebuild", ORCHESTRATOR)
        return sorted(
            build
            for project in ("plan", "apply", "verify", "provision")
            for build in codebuild.list_builds_for_project(projectName=f"{PREFIX}-{project}")["ids"]
        )

    def executions(self, pipeline: str) -> list[dict[str, Any]]:
        """Return the executions of a pipeline, newest first."""
        client = self.client("codepipeline", ORCHESTRATOR)
        found: list[dict[str, Any]] = client.list_pipeline_executions(pipelineName=f"{PREFIX}-{pipeline}")[
            "pipelineExecutionSummaries"
        ]
        return found

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Return the keys of a bucket of the platform, by its role."""
        listed = self.client("s3", ORCHESTRATOR).list_objects_v2(
            Bucket=f"{PREFIX}-{bucket}-{ORCHESTRATOR}-{REGION}", Prefix=prefix
        )
        return [item["Key"] for item in listed.get("Contents", ())]

    def endpoint(self, stage: str, pipeline: str) -> dict[str, Any]:
        """Return DescribeEndpoint of a pipeline's endpoint."""
        found: dict[str, Any] = self.client("sagemaker", ACCOUNTS[stage]).describe_endpoint(
            EndpointName=f"{PREFIX}-{stage}-{pipeline}"
        )
        return found

    def instance_type(self, stage: str, pipeline: str) -> str:
        """Return the instance type that a pipeline's endpoint runs on."""
        config = self.client("sagemaker", ACCOUNTS[stage]).describe_endpoint_config(
            EndpointConfigName=self.endpoint(stage, pipeline)["EndpointConfigName"]
        )
        return str(config["ProductionVariants"][0]["InstanceType"])


def stage(delivery: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return one stage of the JSON of `mlops status`."""
    [found] = [item for item in delivery["stages"] if item["name"] == name]
    return dict(found)


def until(look: Callable[[], bool], seconds: float = 60) -> bool:
    """Ask until the answer is yes, or the time is over; return the last answer."""
    end = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.2)
    return seen


def clean_environment() -> dict[str, str]:
    found = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "TF_", "MLOPS_")) or name in ("TF_CLI_CONFIG_FILE", "MLOPS_PROVIDER_MIRROR")
    }
    return {**found, "PYTHONPATH": str(ROOT)}


def build_environment() -> dict[str, str | None]:
    """Return what has to be set (or, if None, unset) in this process so that builds find Terraform's provider."""
    return dict(find_terraform(os.environ).environment)
