"""POST /provisionpipeline: every check before the first change, one bundle, one start."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.fakes_aws import E1, aws_error

from .conftest import ARTIFACT, ARTIFACTS, CONFIG, DELIVERY, PIPELINE, PIPELINE_ID, Orchestrator


def executions(status: str, revision: str = "b1", execution_id: str = E1) -> dict[str, Any]:
    """Return an answer of ListPipelineExecutions with one execution."""
    revisions = [{"actionName": "Bundle", "revisionId": revision}] if revision else []
    found = {"pipelineExecutionId": execution_id, "status": status, "sourceRevisions": revisions}
    return {"pipelineExecutionSummaries": [found]}


def mode(value: str) -> dict[str, Any]:
    """Return an answer of GetPipelineExecution."""
    return {"pipelineExecution": {"variables": [{"name": "mode", "resolvedValue": value}]}}


def stored_before(orchestrator: Orchestrator, version: str = "b1") -> None:
    """Let the bundle be there already; its version is that of HeadObject on it."""

    def head(Key: str, **rest: Any) -> dict[str, Any]:
        return {"VersionId": version} if Key.startswith("bundles/") else ARTIFACT

    orchestrator.world.answers("s3", put_object=aws_error("PreconditionFailed", status=412), head_object=head)


def test_new_request_is_bundled_stored_and_started(orchestrator: Orchestrator) -> None:
    status, body = orchestrator.post("/provisionpipeline", CONFIG)
    assert status == 200
    (put,) = orchestrator.world.client("s3").called("put_object")
    digest = hashlib.sha256(put["Body"]).hexdigest()
    assert body == {
        "message": "success: stack creation started",
        "pipeline_id": PIPELINE_ID,
        "pipeline": PIPELINE,
        "digest": digest,
        "started": True,
        "build_id": "acme-ml-provision:1",
    }
    assert (put["Bucket"], put["Key"]) == (ARTIFACTS, f"bundles/{PIPELINE}/{digest}.zip")
    assert put["IfNoneMatch"] == "*"
    (start,) = orchestrator.world.client("codebuild").called("start_build")
    assert start["projectName"] == "acme-ml-provision"
    assert start["sourceLocationOverride"] == f"{ARTIFACTS}/bundles/{PIPELINE}/{digest}.zip"
    variables = {item["name"]: item["value"] for item in start["environmentVariablesOverride"]}
    assert variables == {"MODE": "apply", "BUNDLE_KEY": put["Key"], "PIPELINE": PIPELINE}


def test_new_request_takes_four_calls(orchestrator: Orchestrator) -> None:
    orchestrator.post("/provisionpipeline", CONFIG)
    assert sorted(orchestrator.world.calls) == [
        "codebuild.start_build",
        "codepipeline.list_pipeline_executions",
        "s3.head_object",
        "s3.put_object",
    ]


def test_bundle_pins_the_object_that_the_config_points_to(orchestrator: Orchestrator) -> None:
    orchestrator.post("/provisionpipeline", CONFIG)
    head = orchestrator.world.client("s3").called("head_object")[0]
    assert head == {
        "Bucket": "acme-ml-assets-111111111111-eu-central-1",
        "Key": "churn/model.tar.gz",
        "ChecksumMode": "ENABLED",
    }
    with orchestrator.world.stored_bundle() as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        variables = json.loads(bundle.read(f"environments/prod/{PIPELINE}/release.auto.tfvars.json"))
    pin = next(pin for pin in manifest["pins"] if pin["stage"] == "prod" and pin["kind"] == "s3_object")
    assert pin["source"] == "s3://acme-ml-assets-111111111111-eu-central-1/churn/model.tar.gz"
    assert pin["target"].startswith(f"s3://{ARTIFACTS}/objects/")
    assert pin["target"].endswith("/model.tar.gz")
    assert (pin["version_id"], pin["size"], pin["checksum"]) == ("v1", 10, {"SHA256": "abc="})
    assert variables["model"]["artifact_s3_uri"] == pin["target"]
    assert variables["model"]["artifact_kms_key_arns"] == ["arn:aws:kms:eu-central-1:111111111111:alias/acme-ml"]
    assert variables["assume_role"] is None


def test_same_request_gives_the_same_digest_whatever_its_spelling(orchestrator: Orchestrator) -> None:
    first = orchestrator.post("/provisionpipeline", CONFIG)[1]["digest"]
    respelt = json.dumps(dict(reversed(CONFIG.items())), indent=8)
    assert orchestrator.post("/provisionpipeline", respelt)[1]["digest"] == first


def test_new_bytes_under_the_old_key_are_a_new_release(orchestrator: Orchestrator) -> None:
    first = orchestrator.post("/provisionpipeline", CONFIG)[1]["digest"]
    orchestrator.world.answers("s3", head_object={**ARTIFACT, "VersionId": "v2"})
    assert orchestrator.post("/provisionpipeline", CONFIG)[1]["digest"] != first


def test_object_in_a_bucket_without_versions_is_known_by_its_etag(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("s3", head_object={**ARTIFACT, "VersionId": "null"})
    first = orchestrator.post("/provisionpipeline", CONFIG)[1]["digest"]
    orchestrator.world.answers("s3", head_object={**ARTIFACT, "VersionId": "null", "ETag": '"e2"'})
    assert orchestrator.post("/provisionpipeline", CONFIG)[1]["digest"] != first


@pytest.mark.parametrize("status", ["InProgress", "Succeeded"])
def test_unchanged_request_starts_nothing_and_says_so(orchestrator: Orchestrator, status: str) -> None:
    stored_before(orchestrator)
    orchestrator.world.answers(
        "codepipeline", list_pipeline_executions=executions(status), get_pipeline_execution=mode("apply")
    )
    code, body = orchestrator.post("/provisionpipeline", CONFIG)
    assert code == 200
    assert body["started"] is False
    assert body["execution_id"] == E1
    assert "already provisioned, no updates" in body["message"]
    assert orchestrator.world.client("codebuild").calls == []


@pytest.mark.parametrize(
    ("listed", "execution_mode"),
    [
        (executions("Failed"), "apply"),
        (executions("Stopped"), "apply"),
        (executions("Succeeded", "b0"), "apply"),
        (executions("Succeeded"), "destroy"),
        (executions("InProgress", ""), "apply"),
    ],
)
def test_known_bundle_that_is_not_on_its_way_is_started_again(
    orchestrator: Orchestrator, listed: dict[str, Any], execution_mode: str
) -> None:
    stored_before(orchestrator)
    orchestrator.world.answers(
        "codepipeline", list_pipeline_executions=listed, get_pipeline_execution=mode(execution_mode)
    )
    body = orchestrator.post("/provisionpipeline", CONFIG)[1]
    assert body["started"] is True
    assert body["message"].endswith("its release is started again")


def test_known_bundle_without_a_pipeline_is_started_again(orchestrator: Orchestrator) -> None:
    stored_before(orchestrator)
    assert orchestrator.post("/provisionpipeline", CONFIG)[1]["started"] is True


def test_changed_request_of_a_known_pipeline_says_that_it_is_an_update(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("codepipeline", list_pipeline_executions=executions("Succeeded", "b0"))
    body = orchestrator.post("/provisionpipeline", CONFIG)[1]
    assert body["message"] == f"pipeline {DELIVERY} already provisioned, template parameters being updated"
    assert body["previous_execution_id"] == E1


def test_two_requests_at_once_have_one_token_and_a_later_one_another(orchestrator: Orchestrator) -> None:
    starts = orchestrator.world.client("codebuild")
    orchestrator.post("/provisionpipeline", CONFIG)
    orchestrator.post("/provisionpipeline", CONFIG)
    orchestrator.world.answers("codepipeline", list_pipeline_executions=executions("Failed", "b0"))
    orchestrator.post("/provisionpipeline", CONFIG)
    first, second, third = [call["idempotencyToken"] for call in starts.called("start_build")]
    assert first == second != third
    assert len(first) == 64


def test_build_that_failed_a_moment_ago_is_followed_by_a_new_one(orchestrator: Orchestrator) -> None:
    builds = [
        {"build": {"id": f"p:{number}", "buildStatus": status}}
        for number, status in enumerate(["FAILED", "IN_PROGRESS"])
    ]
    orchestrator.world.answers("codebuild", start_build=builds)
    assert orchestrator.post("/provisionpipeline", CONFIG)[1]["build_id"] == "p:1"
    tokens = {call["idempotencyToken"] for call in orchestrator.world.client("codebuild").called("start_build")}
    assert len(tokens) == 2


def test_every_problem_is_answered_and_aws_is_not_asked(orchestrator: Orchestrator) -> None:
    wrong = {**CONFIG, "model_name": None, "bogus": 1, "inference_instance": {"dev": "ml.m5.large", "prod": "m5"}}
    status, body = orchestrator.post("/provisionpipeline", wrong)
    assert status == 400
    assert body["message"] == "A BadRequest exception occurred"
    keys = {problem["key"] for problem in body["problems"]}
    assert {"model_name", "bogus"} <= keys
    assert any(key.startswith("inference_instance") for key in keys)
    assert all(problem["line"] == 1 for problem in body["problems"])
    assert "bogus" in body["detailedMessage"]
    assert orchestrator.world.calls == []


def test_problems_of_the_text_are_told_with_those_of_the_config(orchestrator: Orchestrator) -> None:
    text = json.dumps({**CONFIG, "bogus": 1})
    status, body = orchestrator.post("/provisionpipeline", text[:-1] + ', "bogus": 2}')
    assert status == 400
    assert sorted(problem["code"] for problem in body["problems"]) == ["repeated-key", "unknown-key"]
    assert orchestrator.world.calls == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "empty-file"),
        ("{", "bad-json"),
        ("null", "not-an-object"),
        ('["x"]', "not-an-object"),
        (f"[{json.dumps(CONFIG)}, {json.dumps(CONFIG)}]", "several-requests"),
        ('{"pipeline_type": "byom_realtime_built"}', "unknown-pipeline-type"),
        ('{"model_name": "a", "model_name": "b"}', "repeated-key"),
    ],
)
def test_body_that_is_no_request_is_a_400(orchestrator: Orchestrator, body: str, code: str) -> None:
    status, answer = orchestrator.post("/provisionpipeline", body)
    assert status == 400
    assert code in [problem["code"] for problem in answer["problems"]]


def test_bundle_pins_a_folder_and_the_models_of_variants_and_shadows(orchestrator: Orchestrator) -> None:
    listing = {"Contents": [{"Key": "churn/model/weights.bin", "ETag": '"e"', "Size": 10}]}
    orchestrator.world.answers("s3", list_objects_v2=listing)
    config = {
        **CONFIG,
        "model_artifact_location": "churn/model/",
        "variants": {"A": {}, "B": {"model_artifact_location": "churn/other.tar.gz"}},
    }
    orchestrator.post("/provisionpipeline", config)
    with orchestrator.world.stored_bundle() as bundle:
        pinned = json.loads(bundle.read(f"environments/prod/{PIPELINE}/release.auto.tfvars.json"))
    assert pinned["model"]["artifact_s3_uri"].startswith(f"s3://{ARTIFACTS}/objects/")
    assert pinned["model"]["artifact_s3_uri"].endswith("/")
    assert pinned["variants"]["B"]["model"]["artifact_s3_uri"].endswith("/other.tar.gz")
    assert ARTIFACTS in pinned["variants"]["B"]["model"]["artifact_s3_uri"]
    assert "model" not in pinned["variants"]["A"]


def test_missing_model_of_a_shadow_is_a_problem_of_its_key(orchestrator: Orchestrator) -> None:
    def head_object(**call: Any) -> Any:
        return aws_error("404", status=404) if "absent" in call["Key"] else ARTIFACT

    orchestrator.world.answers("s3", head_object=head_object)
    shadow = {"inference_instance": "ml.m5.large", "model_artifact_location": "churn/absent.tar.gz"}
    status, body = orchestrator.post("/provisionpipeline", {**CONFIG, "shadow": shadow})
    assert status == 400
    (problem,) = body["problems"]
    assert (problem["key"], problem["code"]) == ("shadow.model_artifact_location", "missing-object")
    assert orchestrator.world.changes == []


def test_missing_artifact_is_a_problem_of_its_key_and_starts_nothing(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("s3", head_object=aws_error("404", "Not Found", status=404))
    status, body = orchestrator.post("/provisionpipeline", CONFIG)
    assert status == 400
    (problem,) = body["problems"]
    assert (problem["key"], problem["code"]) == ("model_artifact_location", "missing-object")
    assert "s3://acme-ml-assets-111111111111-eu-central-1/churn/model.tar.gz" in problem["message"]
    assert orchestrator.world.changes == []


def test_unreadable_artifact_says_what_to_grant(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("s3", head_object=aws_error("403", "Forbidden", status=403))
    problem = orchestrator.post("/provisionpipeline", CONFIG)[1]["problems"][0]
    assert problem["code"] == "unreadable-reference"
    assert "KMS key" in problem["fix"]


def test_error_of_aws_keeps_its_status(orchestrator: Orchestrator) -> None:
    error = aws_error("AccountLimitExceededException", "too many builds", status=400)
    orchestrator.world.answers("codebuild", start_build=error)
    status, body = orchestrator.post("/provisionpipeline", CONFIG)
    assert status == 400
    assert body["message"] == "A boto3 ClientError occurred"
    assert "too many builds" in body["detailedMessage"]


def test_anything_else_is_a_500_with_its_stack_in_the_log(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("s3", head_object=RuntimeError("boom"))
    status, body = orchestrator.post("/provisionpipeline", CONFIG)
    assert (status, body["message"]) == (500, "An Unexpected Server side exception occurred")
    line = orchestrator.log_lines[-1]
    assert (line["level"], line["request_id"], line["error"]) == ("ERROR", "request-1", "RuntimeError: boom")
    assert any("references.py" in entry for entry in line["stack"])


def test_terse_platform_keeps_the_keys_but_not_the_words(registry_orchestrator: Orchestrator) -> None:
    status, body = registry_orchestrator.post("/provisionpipeline", {"pipeline_type": "byom_realtime_builtin"})
    assert status == 400
    assert set(body) == {"message", "problems"}
    assert {"key": "model_name", "code": "missing-key"} in body["problems"]
    assert all(set(problem) == {"key", "code"} for problem in body["problems"])


def test_log_is_one_object_a_line_and_holds_nothing_of_the_body(orchestrator: Orchestrator) -> None:
    secret = {**CONFIG, "environment": {"PASSWORD": "hunter2"}}
    assert orchestrator.post("/provisionpipeline", secret)[0] == 200
    assert [line["event"] for line in orchestrator.log_lines] == ["provisioner started", "request answered"]
    assert all(line["request_id"] == "request-1" for line in orchestrator.log_lines)
    assert "hunter2" not in orchestrator.log.getvalue()


CUSTOM = {
    **{key: value for key, value in CONFIG.items() if not key.startswith("model_framework")},
    "pipeline_type": "byom_realtime_custom",
    "custom_image_uri": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/algorithms:churn-1",
}
DIGEST = "sha256:" + "0a" * 32


def test_image_tag_becomes_the_digest_that_it_stands_for(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("ecr", describe_images={"imageDetails": [{"imageDigest": DIGEST}]})
    assert orchestrator.post("/provisionpipeline", CUSTOM)[0] == 200
    with orchestrator.world.stored_bundle() as bundle:
        variables = json.loads(bundle.read("environments/dev/churn-realtime-custom/release.auto.tfvars.json"))
    assert variables["model"]["image_uri"] == f"111111111111.dkr.ecr.eu-central-1.amazonaws.com/algorithms@{DIGEST}"
    assert orchestrator.world.client("ecr").called("describe_images") == [
        {"registryId": "111111111111", "repositoryName": "algorithms", "imageIds": [{"imageTag": "churn-1"}]}
    ]


@pytest.mark.parametrize("code", ["ImageNotFoundException", "RepositoryNotFoundException"])
def test_missing_image_and_missing_artifact_are_answered_together(orchestrator: Orchestrator, code: str) -> None:
    orchestrator.world.answers("ecr", describe_images=aws_error(code))
    orchestrator.world.answers("s3", head_object=aws_error("404", status=404))
    status, body = orchestrator.post("/provisionpipeline", CUSTOM)
    assert status == 400
    assert {(problem["key"], problem["code"]) for problem in body["problems"]} == {
        ("custom_image_uri", "missing-image"),
        ("model_artifact_location", "missing-object"),
    }


def test_image_that_another_account_does_not_show_is_used_as_it_is(orchestrator: Orchestrator) -> None:
    orchestrator.world.answers("ecr", describe_images=aws_error("AccessDeniedException", status=400))
    image = "999999999999.dkr.ecr.eu-central-1.amazonaws.com/shared/algorithms:1"
    status, body = orchestrator.post("/provisionpipeline", {**CUSTOM, "custom_image_uri": image})
    assert status == 200
    assert body["notes"] == [f"{image} is used as it is: account 999999999999 does not show it"]


PACKAGE = "arn:aws:sagemaker:eu-central-1:111111111111:model-package/churn/3"
FROM_REGISTRY = {
    "pipeline_type": "byom_realtime_builtin",
    "model_name": "churn",
    "model_package_name": PACKAGE,
    "inference_instance": "ml.m5.large",
    "data_capture_location": "capture-bucket/churn",
}
DESCRIBED = {
    "ModelPackageStatus": "Completed",
    "ModelApprovalStatus": "Approved",
    "InferenceSpecification": {
        "Containers": [
            {
                "Image": "111111111111.dkr.ecr.eu-central-1.amazonaws.com/algorithms:1",
                "ModelDataUrl": "s3://acme-ml-assets-111111111111-eu-central-1/churn/model.tar.gz",
            }
        ]
    },
}


def test_model_package_names_what_its_role_may_read(registry_orchestrator: Orchestrator) -> None:
    key = "arn:aws:kms:eu-central-1:111111111111:key/aaaa"
    registry_orchestrator.world.answers("sagemaker", describe_model_package=DESCRIBED)
    registry_orchestrator.world.answers("s3", head_object={**ARTIFACT, "SSEKMSKeyId": key})
    assert registry_orchestrator.post("/provisionpipeline", FROM_REGISTRY)[0] == 200
    with registry_orchestrator.world.stored_bundle() as bundle:
        variables = json.loads(bundle.read(f"environments/only/{PIPELINE}/release.auto.tfvars.json"))
    assert variables["model"] == {
        "model_package_arn": PACKAGE,
        "package_image_uris": ["111111111111.dkr.ecr.eu-central-1.amazonaws.com/algorithms:1"],
        "package_artifact_s3_uris": ["s3://acme-ml-assets-111111111111-eu-central-1/churn/model.tar.gz"],
        "artifact_kms_key_arns": [key],
    }


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({**DESCRIBED, "ModelApprovalStatus": "PendingManualApproval"}, "model-package-not-approved"),
        ({**DESCRIBED, "ModelApprovalStatus": "Rejected"}, "model-package-not-approved"),
        ({**DESCRIBED, "ModelPackageStatus": "InProgress"}, "model-package-not-ready"),
        (aws_error("ValidationException", "ModelPackage churn/3 does not exist."), "missing-model-package"),
    ],
)
def test_model_package_that_may_not_be_deployed_is_refused(
    registry_orchestrator: Orchestrator, answer: Any, code: str
) -> None:
    registry_orchestrator.world.answers("sagemaker", describe_model_package=answer)
    status, body = registry_orchestrator.post("/provisionpipeline", FROM_REGISTRY)
    assert (status, body["problems"]) == (400, [{"key": "model_package_name", "code": code}])
    assert registry_orchestrator.world.changes == []


def test_unknown_path_is_a_400_that_names_it(orchestrator: Orchestrator) -> None:
    status, body = orchestrator.request("GET", "/provisionpipeline")
    assert status == 400
    assert body["problems"][0]["code"] == "unknown-path"
    assert orchestrator.world.calls == []
