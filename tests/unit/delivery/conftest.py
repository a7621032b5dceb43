"""A small unpacked bundle and the orders of a build, for the runner's tests."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.delivery.manifest import Manifest, load_manifest
from generator.delivery.settings import Settings, read_settings
from generator.delivery.waiting import Site
from tests.fakes_aws import FakeAws, FakeClock

DIGEST = "ab" * 32


def manifest_document(**changes: Any) -> dict[str, Any]:
    """Return a manifest as a bundle holds it."""
    return {
        "format": 1,
        "pipeline": "churn-realtime-builtin",
        "pipeline_type": "byom_realtime_builtin",
        "blueprint": "realtime_inference",
        "prefix": "acme-ml",
        "region": "eu-central-1",
        "orchestrator_account_id": "111111111111",
        "artifacts_bucket": "acme-ml-artifacts-111111111111-eu-central-1",
        "delivery_pipeline": "acme-ml-churn-realtime-builtin",
        "delivery_workspace": "environments/delivery/churn-realtime-builtin",
        "external_id": None,
        "stages": [
            {
                "name": "dev",
                "account_id": "222222222222",
                "approval": "none",
                "workspace": "environments/dev/churn-realtime-builtin",
            },
            {
                "name": "prod",
                "account_id": "444444444444",
                "approval": "manual",
                "workspace": "environments/prod/churn-realtime-builtin",
            },
        ],
        "pins": [],
        "files": {},
        **changes,
    }


def backend(place: str) -> bytes:
    """Return a workspace's ``backend.tf.json``."""
    key = f"acme-ml/{place}/churn-realtime-builtin/terraform.tfstate"
    return json.dumps({"terraform": {"backend": {"s3": {"bucket": "states", "key": key}}}}).encode()


def state_answers(*resources: str, **outputs: Any) -> dict[str, Any]:
    """Return answers of S3 that hold a state with resources (``type.name``) and outputs of the module."""
    document = {
        "version": 4,
        "outputs": {"pipeline": {"value": outputs}} if outputs else {},
        "resources": [
            {
                "mode": "managed",
                "module": "module.pipeline",
                "type": address.split(".")[0],
                "name": address.split(".")[1],
                "instances": [{}],
            }
            for address in resources
        ],
    }
    return {"get_object": lambda **_: {"Body": io.BytesIO(json.dumps(document).encode())}}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Return the folder of an unpacked bundle."""
    root = tmp_path / "bundle"
    files = {
        f"environments/{place}/churn-realtime-builtin/backend.tf.json": backend(place)
        for place in ("dev", "prod", "delivery")
    }
    for folder in [path.rsplit("/", 1)[0] for path in files]:
        files |= {f"{folder}/versions.tf": b"terraform {}\n", f"{folder}/.terraform.lock.hcl": b"# lock\n"}
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    (root / "modules/pipelines/realtime_inference").mkdir(parents=True)
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    (root / "manifest.json").write_text(json.dumps(manifest_document(files=digests)))
    return root


@pytest.fixture
def manifest(bundle: Path) -> Manifest:
    """Return the bundle's manifest."""
    return load_manifest(bundle)


@pytest.fixture
def orders(bundle: Path) -> Callable[..., Settings]:
    """Return a function from environment variables to the orders of a build in that bundle."""

    def read(**environ: str) -> Settings:
        defaults = {
            "STAGE": "dev",
            "MODE": "apply",
            "BUNDLE_KEY": f"bundles/churn-realtime-builtin/{DIGEST}.zip",
            "EXECUTION_ID": "11111111-2222-3333-4444-555555555555",
        }
        return read_settings({**defaults, **environ}, bundle)

    return read


@pytest.fixture
def saved_plan(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Return a function that writes a plan artifact and returns the environment of a build that gets it."""

    def write(stage: str = "dev", content: bytes = b"a plan", **summary: Any) -> dict[str, str]:
        folder = tmp_path / f"{stage}_plan"
        folder.mkdir()
        (folder / "tfplan").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        document = {"add": 2, "change": 1, "destroy": 0, "replace": 0, "changes": 3, "text": "words"}
        (folder / "summary.json").write_text(json.dumps({**document, "plan_sha256": digest, **summary}))
        return {"STAGE": stage, "PLAN_SHA256": digest, f"CODEBUILD_SRC_DIR_{stage}_plan": str(folder)}

    return write


@pytest.fixture
def site() -> Callable[..., Site]:
    """Return a function from scripted services to a stage's account."""

    def make(aws: FakeAws | None = None, **services: Any) -> Site:
        return Site(aws=aws or FakeAws(**services), release=DIGEST, clock=FakeClock(), say=lambda text: None)

    return make
