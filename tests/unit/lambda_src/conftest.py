"""An orchestrator as its package unpacks it, on fake AWS."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from generator.package import build_package
from generator.platform import Options, Platform, Stage
from generator.structure import load_structure
from lambda_src.orchestrator.app import App
from tests.fakes_aws import FakeAws, aws_error

ROOT = Path(__file__).resolve().parents[3]
PLATFORM = Platform(
    "acme-ml",
    "eu-central-1",
    "111111111111",
    (Stage("dev", "222222222222", "none"), Stage("staging", "333333333333"), Stage("prod", "444444444444")),
)
CONFIG = {
    "pipeline_type": "byom_realtime_builtin",
    "model_name": "churn",
    "model_framework": "xgboost",
    "model_framework_version": "1.7-1",
    "model_artifact_location": "churn/model.tar.gz",
    "inference_instance": {"dev": "ml.m5.large", "staging": "ml.m5.large", "prod": "ml.m5.xlarge"},
    "data_capture_location": {"dev": "dev-bucket/c", "staging": "staging-bucket/c", "prod": "prod-bucket/c"},
}
PIPELINE = "churn-realtime-builtin"
DELIVERY = f"acme-ml-{PIPELINE}"
PIPELINE_ID = f"arn:aws:codepipeline:eu-central-1:111111111111:{DELIVERY}"
ARTIFACTS = "acme-ml-artifacts-111111111111-eu-central-1"
NO_PIPELINE = aws_error("PipelineNotFoundException")
ARTIFACT = {"VersionId": "v1", "ETag": '"e1"', "ContentLength": 10, "ChecksumSHA256": "abc="}


class World(FakeAws):
    """AWS that answers as it does when nothing was ever provisioned; tests change the answers."""

    def __init__(self) -> None:
        super().__init__(
            s3={"head_object": ARTIFACT, "put_object": {"VersionId": "b1"}},
            codepipeline={"list_pipeline_executions": NO_PIPELINE},
            codebuild={"start_build": {"build": {"id": "acme-ml-provision:1", "buildStatus": "IN_PROGRESS"}}},
            ecr={},
            sagemaker={},
            sns={"publish": {}},
        )

    def at_once(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """Make the calls one after another."""
        return [call() for call in calls]

    def answers(self, service: str, **answers: Any) -> None:
        """Change answers of a service."""
        self.clients[service].answers.update(answers)

    @property
    def changes(self) -> list[str]:
        """The calls that change something."""
        return [call for call in self.calls if call.split(".")[1].startswith(("put_", "start_", "create_", "delete_"))]

    def stored_bundle(self) -> zipfile.ZipFile:
        """Return the bundle that was stored last."""
        return zipfile.ZipFile(io.BytesIO(self.client("s3").called("put_object")[-1]["Body"]))


class Orchestrator:
    """The function with a world of its own, called as API Gateway and Lambda call it."""

    def __init__(self, root: Path) -> None:
        self.world = World()
        self.log = io.StringIO()
        self.app = App(root, self.log, self.world)

    def request(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> tuple[int, Any]:
        """Return status and JSON body of the answer to a request."""
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        event = {"httpMethod": method, "path": path, "body": text, "queryStringParameters": query}
        answer = self.app.handle(event, "request-1")
        assert answer["headers"] == {"Content-Type": "application/json"}
        assert answer["isBase64Encoded"] is False
        return answer["statusCode"], json.loads(answer["body"])

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Send a POST request."""
        return self.request("POST", path, body)

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        """The log, each line parsed."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def _unpacked(folder: Path, platform: Platform) -> Path:
    structure = load_structure(ROOT, ["modules/pipelines/realtime_inference"])
    with zipfile.ZipFile(io.BytesIO(build_package(platform, structure))) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def package_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an unpacked package of the usual platform."""
    return _unpacked(tmp_path_factory.mktemp("package"), PLATFORM)


@pytest.fixture(scope="session")
def other_package_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an unpacked package of a platform with the model registry on, terse errors and a key of its own."""
    key = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    options = Options(use_model_registry=True, allow_detailed_error_messages=False, kms_key_arn=key)
    platform = Platform("acme-ml", "eu-central-1", "111111111111", (Stage("only", "111111111111", "none"),), options)
    return _unpacked(tmp_path_factory.mktemp("package"), platform)


@pytest.fixture
def orchestrator(package_root: Path) -> Orchestrator:
    """Return an orchestrator of the usual platform in a new world."""
    return Orchestrator(package_root)


@pytest.fixture
def registry_orchestrator(other_package_root: Path) -> Orchestrator:
    """Return an orchestrator with the model registry on, in one account, and terse errors."""
    return Orchestrator(other_package_root)
