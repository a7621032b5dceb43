"""Model versions that are approved: one release each, by the config that was provisioned last, and word of it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from tests.fakes_aws import E9, aws_error

from .conftest import ARTIFACT, PIPELINE, Orchestrator
from .test_objects import messages
from .test_provision import DESCRIBED, executions, mode

PACKAGE = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn"
CONFIG = {
    "pipeline_type": "byom_realtime_builtin",
    "model_name": "churn",
    "model_package_group_name": "churn",
    "deploy_on_approval": True,
    "inference_instance": {"dev": "ml.m5.large", "staging": "ml.m5.large", "prod": "ml.m5.xlarge"},
    "data_capture_location": "capture-bucket/churn",
}
BEFORE = f"bundles/{PIPELINE}/{'ab' * 32}.zip"


def summary(version: int) -> dict[str, Any]:
    """Return a version as ListModelPackages shows it."""
    return {"ModelPackageArn": f"{PACKAGE}/{version}", "ModelPackageVersion": version}


def registry(
    orchestrator: Orchestrator, *listed: int, described: Mapping[str, Any] = DESCRIBED, config: Any = None
) -> None:
    """Let a bundle of a config be there, and the registry list versions as approved, newest first."""
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("config.json", json.dumps(CONFIG if config is None else config))

    def read(Bucket: str, Key: str, **rest: Any) -> Any:
        assert Key == BEFORE
        return {"Body": io.BytesIO(bundle.getvalue())}

    orchestrator.world.answers("s3", get_object=read)
    orchestrator.world.answers(
        "sagemaker",
        list_model_packages={"ModelPackageSummaryList": [summary(version) for version in listed]},
        describe_model_package=described,
    )


def approve(orchestrator: Orchestrator, version: int) -> Any:
    """Send what the rule of the delivery pipeline sends; return what was done."""
    approved = {"bundle_key": BEFORE, "model_package_arn": f"{PACKAGE}/{version}", "pipeline": PIPELINE}
    return orchestrator.app.handle({"approved": approved}, "request-1")["done"]


def released(orchestrator: Orchestrator) -> list[str]:
    """Return the versions that the stages of the stored bundle get."""
    with orchestrator.world.stored_bundle() as bundle:
        names = [name for name in bundle.namelist() if name.endswith("release.auto.tfvars.json")]
        return [json.loads(bundle.read(name))["model"]["model_package_arn"] for name in names]


def test_a_submitted_group_becomes_its_newest_approved_version(orchestrator: Orchestrator) -> None:
    registry(orchestrator, 5)
    status, body = orchestrator.post("/provisionpipeline", CONFIG)
    assert (status, body["notes"]) == (200, ["version 5 of churn is the newest that is approved"])
    assert released(orchestrator) == [f"{PACKAGE}/5"] * 3
    with orchestrator.world.stored_bundle() as bundle:
        assert json.loads(bundle.read("config.json")) == CONFIG
        pins = json.loads(bundle.read("manifest.json"))["pins"]
    assert {(pin["kind"], pin["version_id"]) for pin in pins} == {("model_package_group", "5")}


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        ({"ModelPackageSummaryList": []}, "no-approved-model-package"),
        (aws_error("ValidationException", "ModelPackageGroup x does not exist."), "missing-model-package-group"),
    ],
)
def test_a_group_with_nothing_to_deploy_is_refused(orchestrator: Orchestrator, listed: Any, code: str) -> None:
    orchestrator.world.answers("sagemaker", list_model_packages=listed)
    status, body = orchestrator.post("/provisionpipeline", CONFIG)
    assert status == 400
    assert [(problem["key"], problem["code"]) for problem in body["problems"]] == [("model_package_group_name", code)]
    assert orchestrator.world.changes == []


def test_an_approved_version_is_released_with_the_config_of_the_last_release(orchestrator: Orchestrator) -> None:
    registry(orchestrator, 6)
    orchestrator.world.answers(
        "codepipeline",
        list_pipeline_executions=executions("Succeeded"),
        get_pipeline_execution=mode("apply"),
    )
    assert "template parameters being updated" in approve(orchestrator, 6)
    assert released(orchestrator) == [f"{PACKAGE}/6"] * 3
    assert len(orchestrator.world.client("codebuild").called("start_build")) == 1
    (message,) = messages(orchestrator)
    assert message["Subject"] == "Released: churn/6"
    assert PIPELINE in message["Message"]


def test_a_version_counts_although_the_list_does_not_show_it_yet(orchestrator: Orchestrator) -> None:
    registry(orchestrator, 5)
    approve(orchestrator, 6)
    assert released(orchestrator) == [f"{PACKAGE}/6"] * 3


def test_an_older_version_that_is_approved_late_does_not_take_the_place_of_a_newer(orchestrator: Orchestrator) -> None:
    registry(orchestrator, 6)
    approve(orchestrator, 4)
    assert released(orchestrator) == [f"{PACKAGE}/6"] * 3


@pytest.mark.parametrize("became", ["InProgress", "Succeeded", "Failed"])
def test_a_version_is_released_once_whatever_became_of_it(orchestrator: Orchestrator, became: str) -> None:
    """The bundle is stored already, and an execution before the newest one took it."""
    registry(orchestrator, 6)
    taken = executions(became)["pipelineExecutionSummaries"][0]
    [revision] = taken["sourceRevisions"]
    newer = {**taken, "pipelineExecutionId": E9, "status": "Succeeded"}
    newer["sourceRevisions"] = [{**revision, "revisionId": "another bundle"}]
    orchestrator.world.answers("s3", put_object=aws_error("PreconditionFailed", status=412))
    orchestrator.world.answers("s3", head_object={**ARTIFACT, "VersionId": revision["revisionId"]})
    orchestrator.world.answers(
        "codepipeline",
        list_pipeline_executions={"pipelineExecutionSummaries": [newer, taken]},
        get_pipeline_execution=mode("apply"),
    )
    assert "no updates" in approve(orchestrator, 6)
    assert orchestrator.world.client("codebuild").called("start_build") == []
    assert messages(orchestrator) == []


def test_an_approval_does_not_bring_back_what_is_being_deprovisioned(orchestrator: Orchestrator) -> None:
    registry(orchestrator, 6)
    orchestrator.world.answers(
        "codepipeline",
        list_pipeline_executions=executions("InProgress"),
        get_pipeline_execution=mode("destroy"),
    )
    assert approve(orchestrator, 6) == "nothing: the pipeline is being deprovisioned"
    assert orchestrator.world.changes == []


@pytest.mark.parametrize(
    ("described", "config", "reason"),
    [
        ({**DESCRIBED, "ModelApprovalStatus": "Rejected"}, CONFIG, "is Rejected"),
        (DESCRIBED, {**CONFIG, "inference_instance": {"dev": "ml.m5.large"}}, "has no value for stages staging, prod"),
    ],
)
def test_a_refusal_is_told_with_its_reasons(
    orchestrator: Orchestrator, described: Any, config: Any, reason: str
) -> None:
    registry(orchestrator, 6, described=described, config=config)
    assert approve(orchestrator, 6) == "refused"
    (message,) = messages(orchestrator)
    assert message["Subject"] == "Not released: churn/6"
    assert reason in message["Message"]
    assert orchestrator.world.client("codebuild").called("start_build") == []


def test_what_a_later_try_may_mend_is_raised_for_lambda(orchestrator: Orchestrator) -> None:
    registry(orchestrator, 6)
    orchestrator.world.answers("sagemaker", list_model_packages=aws_error("ThrottlingException", status=429))
    with pytest.raises(Exception, match="ThrottlingException"):
        approve(orchestrator, 6)
    assert messages(orchestrator) == []
