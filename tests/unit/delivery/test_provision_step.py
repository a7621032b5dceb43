"""Step provision: the delivery pipeline made or removed, and exactly one execution started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.executions import Execution, is_delivering, read_execution, request_token
from generator.delivery.manifest import Manifest
from generator.delivery.provision import provision, unprovision
from generator.delivery.settings import Settings
from generator.delivery.terraform import Completed
from tests.fakes_aws import E1, E9, FakeAws, FakeClock, RecordingTerraform, aws_error

Orders = Callable[..., Settings]
NO_PIPELINE = aws_error("PipelineNotFoundException")
VERSION = "bundle-version"
KEY = f"bundles/churn-realtime-builtin/{'ab' * 32}.zip"


def executions(*found: dict[str, Any]) -> dict[str, Any]:
    """Return an answer of ListPipelineExecutions."""
    return {"pipelineExecutionSummaries": list(found)}


def execution(status: str, revision: str = VERSION, number: int = 1) -> dict[str, Any]:
    """Return an entry of ListPipelineExecutions."""
    revisions = [{"actionName": "Bundle", "revisionId": revision}] if revision else []
    return {"pipelineExecutionId": {1: E1, 9: E9}[number], "status": status, "sourceRevisions": revisions}


def own_aws(*listed: Any, mode: str = "apply") -> FakeAws:
    """Return the build's account, with one answer for each look at the executions."""
    return FakeAws(
        s3={"head_object": {"VersionId": VERSION}},
        codepipeline={
            "list_pipeline_executions": list(listed),
            "get_pipeline_execution": {"pipelineExecution": {"variables": [{"name": "mode", "resolvedValue": mode}]}},
            "start_pipeline_execution": {"pipelineExecutionId": "new"},
        },
    )


def started(own: FakeAws) -> list[dict[str, Any]]:
    """Return the starts."""
    return own.client("codepipeline").called("start_pipeline_execution")


def run(orders: Orders, manifest: Manifest, own: FakeAws, terraform: RecordingTerraform | None = None) -> str:
    """Provision with a fake clock."""
    return provision(orders(), manifest, terraform or RecordingTerraform(), own, FakeClock())


def test_new_pipeline_starts_by_itself_and_is_not_started_twice(orders: Orders, manifest: Manifest) -> None:
    own = own_aws(NO_PIPELINE, executions(), executions(execution("InProgress", "")))
    terraform = RecordingTerraform()
    assert run(orders, manifest, own, terraform) == (
        f"execution {E1} started with the new pipeline acme-ml-churn-realtime-builtin"
    )
    assert started(own) == []
    assert terraform.names == ["init", "apply"]
    assert f"-var=bundle_key={KEY}" in terraform.commands[1]


def test_new_pipeline_that_does_not_start_by_itself_is_started(orders: Orders, manifest: Manifest) -> None:
    own = own_aws(NO_PIPELINE, executions())
    assert run(orders, manifest, own) == "execution new started on acme-ml-churn-realtime-builtin"
    assert started(own) == [
        {
            "name": "acme-ml-churn-realtime-builtin",
            "clientRequestToken": f"{'ab' * 20}-first",
            "sourceRevisions": [
                {"actionName": "Bundle", "revisionType": "S3_OBJECT_KEY", "revisionValue": KEY},
            ],
        }
    ]


@pytest.mark.parametrize("status", ["InProgress", "Succeeded"])
def test_bundle_that_is_delivered_already_is_not_started_again(orders: Orders, manifest: Manifest, status: str) -> None:
    own = own_aws(executions(execution(status)))
    assert run(orders, manifest, own) == f"nothing started: execution {E1} of this very bundle is {status}"
    assert started(own) == []


@pytest.mark.parametrize(
    ("newest", "mode"),
    [
        (execution("Failed"), "apply"),
        (execution("Stopped"), "apply"),
        (execution("Succeeded", "another-version"), "apply"),
        (execution("InProgress", "another-version"), "apply"),
        (execution("Succeeded"), "destroy"),
        (execution("InProgress"), "destroy"),
    ],
)
def test_bundle_that_is_not_being_delivered_is_started(
    orders: Orders, manifest: Manifest, newest: dict[str, Any], mode: str
) -> None:
    own = own_aws(executions(newest), mode=mode)
    assert run(orders, manifest, own).startswith("execution new started")
    assert started(own)[0]["clientRequestToken"] == f"{'ab' * 20}-{E1}"


def test_execution_that_has_not_fetched_its_bundle_is_waited_for(orders: Orders, manifest: Manifest) -> None:
    unknown = executions(execution("InProgress", ""))
    own = own_aws(unknown, unknown, unknown, executions(execution("InProgress")))
    assert run(orders, manifest, own).startswith("nothing started")


def test_pins_are_copied_before_anything_else(orders: Orders, manifest: Manifest) -> None:
    from dataclasses import replace

    pin = {"kind": "s3_object", "source": "s3://a/k", "target": "s3://b/objects/0/k", "version_id": "v"}
    own = own_aws(executions())
    own.client("s3").answers.update(head_object=aws_error("404"), copy_object=aws_error("NoSuchVersion"))
    terraform = RecordingTerraform()
    with pytest.raises(DeliveryError, match="is gone since the request"):
        run(orders, replace(manifest, pins=(pin,)), own, terraform)
    assert terraform.commands == []


def test_failed_apply_of_the_delivery_pipeline_starts_nothing(orders: Orders, manifest: Manifest) -> None:
    own = own_aws(executions())
    with pytest.raises(DeliveryError, match="the delivery pipeline cannot be applied: no such role"):
        run(orders, manifest, own, RecordingTerraform({"apply": Completed(1, "Error: no such role\n")}))
    assert started(own) == []


def test_refused_start_says_so(orders: Orders, manifest: Manifest) -> None:
    own = own_aws(executions())
    own.client("codepipeline").answers["start_pipeline_execution"] = aws_error("ValidationException", "bad key")
    with pytest.raises(DeliveryError, match="cannot be started: ValidationException: bad key"):
        run(orders, manifest, own)


def test_provision_without_a_bundle_is_refused(orders: Orders, manifest: Manifest) -> None:
    with pytest.raises(DeliveryError, match="BUNDLE_KEY is empty"):
        provision(orders(BUNDLE_KEY=""), manifest, RecordingTerraform(), FakeAws(), FakeClock())


def test_unprovision_destroys_the_delivery_workspace_and_nothing_else(orders: Orders, manifest: Manifest) -> None:
    own, terraform = own_aws(executions(execution("Succeeded")), mode="destroy"), RecordingTerraform()
    assert unprovision(orders(MODE="destroy"), manifest, terraform, own) == "removed acme-ml-churn-realtime-builtin"
    assert terraform.names == ["init", "destroy"]
    assert own.client("s3").calls == []


def test_unprovision_works_without_a_pipeline(orders: Orders, manifest: Manifest) -> None:
    terraform = RecordingTerraform()
    unprovision(orders(MODE="destroy"), manifest, terraform, own_aws(NO_PIPELINE))
    assert terraform.names == ["init", "destroy"]


def test_unprovision_keeps_a_pipeline_that_delivers_a_newer_release(orders: Orders, manifest: Manifest) -> None:
    terraform = RecordingTerraform()
    own = own_aws(executions(execution("InProgress", number=9)))
    assert f"execution {E9} delivers a newer release" in unprovision(orders(MODE="destroy"), manifest, terraform, own)
    assert terraform.commands == []


def test_execution_is_read_from_its_source_action() -> None:
    summary = {
        "pipelineExecutionId": E1,
        "status": "InProgress",
        "sourceRevisions": [{"actionName": "Other", "revisionId": "x"}, {"actionName": "Bundle", "revisionId": "v"}],
        "trigger": {"triggerType": "CreatePipeline"},
    }
    assert read_execution(summary) == Execution(E1, "InProgress", "v", "CreatePipeline")


def test_execution_without_a_revision_delivers_no_bundle() -> None:
    assert not is_delivering(Execution("e", "Succeeded", "", ""), "apply", "")
    assert not is_delivering(None, "apply", "v")


def test_request_token_fits_codepipeline() -> None:
    token = request_token("ab" * 32, Execution("11111111-2222-3333-4444-555555555555", "Failed", "v", ""))
    assert len(token) <= 128
    assert token.replace("-", "").isalnum()
