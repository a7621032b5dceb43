"""CodeBuild: projects keep their shape, builds really run, and fail where they would on AWS."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from build_world import REGION, Builder, Json, Pipelines, spec, trust, until

from sandbox import control


def exported(build: Json) -> dict[str, str]:
    return {item["name"]: item["value"] for item in build["exportedEnvironmentVariables"]}


def phase(build: Json, name: str) -> Json:
    return next(item for item in build["phases"] if item["phaseType"] == name)


def statuses(build: Json) -> dict[str, str]:
    return {item["phaseType"]: item.get("phaseStatus", "") for item in build["phases"]}


@pytest.fixture
def builder(connect: Callable[..., Any], account: str) -> Builder:
    return Builder(connect, account)


@pytest.fixture
def left_over(sandbox: control.Running) -> Iterator[None]:
    """Afterwards no scratch folder is left in the sandbox's state folder."""
    yield
    assert list(sandbox.state_dir.glob("builds/*")) == []


# Projects


def test_project_is_returned_with_what_was_given_and_the_defaults_of_aws(builder: Builder) -> None:
    builder.project(
        "p1",
        source={"type": "CODEPIPELINE", "buildspec": "delivery/plan.yml"},
        artifacts={"type": "CODEPIPELINE"},
        encryptionKey="arn:aws:kms:eu-central-1:111111111111:key/k",
        concurrentBuildLimit=2,
        tags=[{"key": "a", "value": "b"}],
    )
    answer = builder.codebuild.batch_get_projects(names=["p1", "missing"])
    project = answer["projects"][0]
    assert answer["projectsNotFound"] == ["missing"]
    assert project["source"] == {
        "type": "CODEPIPELINE",
        "buildspec": "delivery/plan.yml",
        "insecureSsl": False,
    }
    assert project["encryptionKey"].endswith("key/k")
    assert (project["concurrentBuildLimit"], project["timeoutInMinutes"]) == (2, 60)
    assert project["queuedTimeoutInMinutes"] == 480
    assert project["tags"] == [{"key": "a", "value": "b"}]
    assert project["cache"] == {"type": "NO_CACHE"}


def test_update_changes_only_what_is_given(builder: Builder) -> None:
    builder.project("p1", description="old", concurrentBuildLimit=1)
    builder.codebuild.update_project(name="p1", timeoutInMinutes=7, concurrentBuildLimit=-1)
    project = builder.codebuild.batch_get_projects(names=["p1"])["projects"][0]
    assert (project["description"], project["timeoutInMinutes"]) == ("old", 7)
    assert "concurrentBuildLimit" not in project
    builder.codebuild.delete_project(name="p1")
    builder.codebuild.delete_project(name="p1")
    assert builder.codebuild.list_projects()["projects"] == []


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"source": {"type": "S3"}}, "InvalidInputException", "source location is required"),
        ({"source": {"type": "NO_SOURCE"}}, "InvalidInputException", "buildspec is required"),
        ({"artifacts": {"type": "S3"}}, "InvalidInputException", "artifact location is required"),
        ({"artifacts": {"type": "CODEPIPELINE"}}, "InvalidInputException", "must both be CODEPIPELINE"),
        ({"serviceRole": "arn:aws:iam::999999999999:role/x"}, "InvalidInputException", "account ID does not"),
        ({"description": "x" * 256}, "ValidationException", "length less than or equal to 255"),
    ],
)
def test_project_is_refused_when_aws_would(builder: Builder, changes: Json, code: str, text: str) -> None:
    with pytest.raises(ClientError, match=text) as refused:
        builder.project(**({"name": "project"} | changes))
    assert refused.value.response["Error"]["Code"] == code


def test_project_is_refused_when_its_role_does_not_trust_codebuild(builder: Builder) -> None:
    builder.iam.update_assume_role_policy(RoleName="build", PolicyDocument=trust("lambda.amazonaws.com"))
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole"):
        builder.project("p1")


# Builds


def test_event_tells_that_a_build_began_and_ended(connect: Callable[..., Any], account: str) -> None:
    world = Pipelines(connect, account)
    queue, arn = world.queue("events")
    world.events.put_rule(Name="builds", EventPattern=json.dumps({"source": ["aws.codebuild"]}))
    world.events.put_targets(Rule="builds", Targets=[{"Id": "1", "Arn": arn}])
    world.project("p1", spec("export A=1", env={"exported-variables": ["A"]}))
    build = world.run("p1")
    seen: dict[str, Json] = {}

    def collect() -> dict[str, Json]:
        for message in world.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", []):
            event = json.loads(message["Body"])
            seen[event["detail"]["build-status"]] = event
        return seen

    until(collect, lambda one: len(one) == 2)
    event = seen["SUCCEEDED"]
    assert event["detail-type"] == "CodeBuild Build State Change"
    assert (event["resources"], event["detail"]["project-name"]) == ([build["arn"]], "p1")
    information = event["detail"]["additional-information"]
    assert information["exported-environment-variables"] == [{"name": "A", "value": "1"}]
    assert [one["phase-type"] for one in information["phases"]][-1] == "COMPLETED"
    assert seen["IN_PROGRESS"]["detail"]["additional-information"]["build-complete"] is False


def test_phase_fails_on_purpose_when_a_fault_is_planned(builder: Builder, sandbox: control.Running) -> None:
    builder.project("p1")
    fault = {
        "kind": "build",
        "match": {"account_id": builder.account, "phase": "BUILD"},
        "error": {"message": "as planned"},
    }
    sandbox.request("faults", fault)
    build = builder.run("p1")
    assert phase(build, "BUILD")["contexts"] == [{"statusCode": "CLIENT_ERROR", "message": "as planned"}]
    assert builder.run("p1")["buildStatus"] == "SUCCEEDED"


@pytest.mark.usefixtures("left_over")
def test_commands_share_one_shell_and_export_variables(builder: Builder) -> None:
    builder.project(
        "p1",
        json.dumps(
            {
                "version": 0.2,
                "env": {
                    "variables": {"FROM_SPEC": "spec"},
                    "exported-variables": ["RESULT", "UNSET", "PLACE"],
                },
                "phases": {
                    "install": {"commands": ["mkdir deep", "cd deep", "greet() { echo hello $1; }"]},
                    "build": {"commands": ['export RESULT="$(greet you) $FROM_SPEC"']},
                    "post_build": {"commands": ["export PLACE=$(basename $PWD)", "echo done"]},
                },
            }
        ),
    )
    build = builder.run("p1")
    assert build["buildStatus"] == "SUCCEEDED"
    assert exported(build) == {"RESULT": "hello you spec", "PLACE": "deep"}
    assert set(statuses(build).values()) == {"SUCCEEDED", ""}
    assert build["logs"]["groupName"] == "/aws/codebuild/p1"
    assert "\ndone\n" in builder.log(build)


@pytest.mark.usefixtures("left_over")
def test_build_acts_with_its_service_role_in_its_account(builder: Builder) -> None:
    python = (
        "import boto3,os; a=boto3.client('sts').get_caller_identity()['Arn'];"
        "print(a); open(os.environ['OUT'],'w').write(a)"
    )
    builder.project(
        "p1",
        spec(
            f'OUT=arn.txt python -c "{python}"',
            "export ARN=$(cat arn.txt) REGION=$AWS_REGION$AWS_DEFAULT_REGION",
            "export ALSO=$HOME:$TMPDIR:$CODEBUILD_SRC_DIR:$CODEBUILD_INITIATOR:$CODEBUILD_BUILD_SUCCEEDING",
            env={"exported-variables": ["ARN", "REGION", "ALSO", "CODEBUILD_BUILD_ID", "CODEBUILD_BUILD_ARN"]},
        ),
    )
    build = builder.run("p1")
    values = exported(build)
    uuid = build["id"].split(":")[1]
    assert values["ARN"] == f"arn:aws:sts::{builder.account}:assumed-role/build/AWSCodeBuild-{uuid}"
    assert values["REGION"] == REGION * 2
    assert (values["CODEBUILD_BUILD_ID"], values["CODEBUILD_BUILD_ARN"]) == (build["id"], build["arn"])
    home, temporary, source, initiator, succeeding = values["ALSO"].split(":")
    assert (initiator, succeeding) == ("root", "1")
    assert not any(Path(folder).exists() for folder in (home, temporary, source))


def test_variables_of_the_request_win_over_the_project_and_those_over_the_buildspec(builder: Builder) -> None:
    names = ["A", "B", "C"]
    builder.project(
        "p1",
        spec("true", env={"variables": dict.fromkeys(names, "spec"), "exported-variables": names}),
        environment={
            "type": "LINUX_CONTAINER",
            "image": "i",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [{"name": "B", "value": "project"}, {"name": "C", "value": "project"}],
        },
    )
    build = builder.run("p1", environmentVariablesOverride=[{"name": "C", "value": "request"}])
    assert exported(build) == {"A": "spec", "B": "project", "C": "request"}


def test_parameters_and_secrets_are_read_and_never_shown(builder: Builder) -> None:
    builder.ssm.put_parameter(Name="/p", Value="from-parameter", Type="SecureString")
    builder.secrets.create_secret(Name="s", SecretString='{"key": "from-secret"}')
    environment = {"parameter-store": {"P": "/p"}, "secrets-manager": {"S": "s:key"}}
    builder.project("p1", spec('echo "see $P $S"', 'test "$P-$S" = from-parameter-from-secret', env=environment))
    build = builder.run("p1")
    assert build["buildStatus"] == "SUCCEEDED"
    assert "see *** ***" in builder.log(build)
    builder.allow("logs:*", "s3:*")
    build = builder.run("p1")
    assert statuses(build)["DOWNLOAD_SOURCE"] == "FAILED"
    assert "PARAMETER_STORE_ERROR: P" in phase(build, "DOWNLOAD_SOURCE")["contexts"][0]["message"]


@pytest.mark.usefixtures("left_over")
def test_failed_command_fails_the_build_and_post_build_still_runs(builder: Builder) -> None:
    builder.project(
        "p1",
        json.dumps(
            {
                "version": 0.2,
                "env": {"exported-variables": ["SUCCEEDING"]},
                "phases": {
                    "build": {"commands": ["exit 7", "echo never"], "finally": ["echo finally $PWD"]},
                    "post_build": {"commands": ["export SUCCEEDING=$CODEBUILD_BUILD_SUCCEEDING"]},
                },
            }
        ),
    )
    build = builder.run("p1")
    assert build["buildStatus"] == "FAILED"
    assert phase(build, "BUILD")["contexts"] == [
        {
            "statusCode": "COMMAND_EXECUTION_ERROR",
            "message": "Error while executing command: exit 7. Reason: exit status 7",
        }
    ]
    assert exported(build) == {"SUCCEEDING": "0"}
    text = builder.log(build)
    assert "\nfinally /" in text
    assert "\nnever" not in text


@pytest.mark.parametrize(
    ("failing", "on_failure", "expected"),
    [
        ("install", None, ["INSTALL"]),
        ("pre_build", None, ["INSTALL", "PRE_BUILD"]),
        ("pre_build", "CONTINUE", ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS"]),
        ("build", None, ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD", "UPLOAD_ARTIFACTS"]),
        ("build", "ABORT", ["INSTALL", "PRE_BUILD", "BUILD"]),
    ],
)
def test_phases_follow_as_on_aws_when_one_fails(
    builder: Builder, failing: str, on_failure: str | None, expected: list[str]
) -> None:
    settings: Json = {"commands": ["false"]} | ({"on-failure": on_failure} if on_failure else {})
    builder.project("p1", json.dumps({"version": 0.2, "phases": {failing: settings}}))
    build = builder.run("p1")
    ran = [name for name in statuses(build) if name not in ("SUBMITTED", "QUEUED", "PROVISIONING")]
    assert ran == ["DOWNLOAD_SOURCE", *expected, "FINALIZING", "COMPLETED"]
    assert (build["buildStatus"], statuses(build)[failing.upper()]) == ("FAILED", "FAILED")


@pytest.mark.usefixtures("left_over")
def test_source_of_a_request_is_fetched_by_version_with_its_buildspec(builder: Builder) -> None:
    files = {"delivery/p.yml": spec("export WHAT=$(cat data/a.txt)", env={"exported-variables": ["WHAT"]})}
    old = builder.upload("b/1.zip", files | {"data/a.txt": "old"})
    builder.upload("b/1.zip", files | {"data/a.txt": "new"})
    builder.project("p1")
    source = {"sourceTypeOverride": "S3", "sourceLocationOverride": f"{builder.bucket}/b/1.zip"}
    build = builder.run("p1", buildspecOverride="delivery/p.yml", **source)
    assert exported(build) == {"WHAT": "new"}
    build = builder.run("p1", buildspecOverride="delivery/p.yml", sourceVersion=old, **source)
    assert (exported(build), build["resolvedSourceVersion"]) == ({"WHAT": "old"}, old)


@pytest.mark.parametrize(
    ("source", "code", "text"),
    [
        ("missing.zip", "CLIENT_ERROR", "NoSuchKey"),
        ("none.zip", "YAML_FILE_ERROR", "buildspec.yml: no such file or directory"),
        ("bad.zip", "YAML_FILE_ERROR", "Expected Commands"),
    ],
)
def test_source_that_cannot_be_used_fails_its_phase(builder: Builder, source: str, code: str, text: str) -> None:
    builder.upload("none.zip", {"x": ""})
    builder.upload("bad.zip", {"buildspec.yml": "version: 0.2\nphases: {build: {commands: [{echo: note}]}}\n"})
    builder.project("p1", source={"type": "S3", "location": f"{builder.bucket}/{source}"})
    build = builder.run("p1")
    context = phase(build, "DOWNLOAD_SOURCE")["contexts"][0]
    assert (build["buildStatus"], context["statusCode"]) == ("FAILED", code)
    assert text in context["message"]


def test_role_without_permissions_fails_where_it_would_on_aws(builder: Builder) -> None:
    builder.upload("s.zip", {"buildspec.yml": spec("true")})
    builder.project("p1", source={"type": "S3", "location": f"{builder.bucket}/s.zip"})
    builder.allow("logs:*")
    build = builder.run("p1")
    assert "AccessDenied" in phase(build, "DOWNLOAD_SOURCE")["contexts"][0]["message"]
    builder.allow("s3:*")
    build = builder.run("p1")
    context = phase(build, "PROVISIONING")["contexts"][0]
    assert (build["buildStatus"], context["statusCode"]) == ("FAILED", "ACCESS_DENIED")
    assert "does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams" in context["message"]


def test_artifacts_are_zipped_from_the_base_directory(builder: Builder) -> None:
    artifacts = {"files": ["**/*"], "base-directory": "out", "exclude-paths": ["**/*.tmp"]}
    builder.project(
        "p1",
        spec("mkdir -p out/deep", "echo a > out/a", "echo b > out/deep/b; touch out/c.tmp", artifacts=artifacts),
        artifacts={
            "type": "S3",
            "location": builder.bucket,
            "path": "x",
            "name": "o.zip",
            "packaging": "ZIP",
        },
    )
    build = builder.run("p1")
    assert build["buildStatus"] == "SUCCEEDED"
    assert build["artifacts"]["location"] == f"arn:aws:s3:::{builder.bucket}/x/o.zip"
    body = builder.s3.get_object(Bucket=builder.bucket, Key="x/o.zip")
    assert body["ServerSideEncryption"] == "aws:kms"
    assert zipfile.ZipFile(io.BytesIO(body["Body"].read())).namelist() == ["a", "deep/b"]
    build = builder.run("p1", buildspecOverride=spec("true", artifacts=artifacts))
    assert "no matching base directory" in phase(build, "UPLOAD_ARTIFACTS")["contexts"][0]["message"]


def test_token_starts_one_build_and_refuses_other_parameters(builder: Builder) -> None:
    builder.project("p1")
    first = builder.codebuild.start_build(projectName="p1", idempotencyToken="t")["build"]["id"]
    again = builder.codebuild.start_build(projectName="p1", idempotencyToken="t")["build"]["id"]
    assert first == again
    with pytest.raises(ClientError, match="differ"):
        builder.codebuild.start_build(projectName="p1", idempotencyToken="t", timeoutInMinutesOverride=9)
    assert builder.codebuild.list_builds_for_project(projectName="p1")["ids"] == [first]
    retried = builder.codebuild.retry_build(id=builder.wait(first)["id"])["build"]
    assert (retried["buildNumber"], builder.wait(retried["id"])["buildStatus"]) == (2, "SUCCEEDED")
    assert builder.codebuild.list_builds_for_project(projectName="p1")["ids"] == [retried["id"], first]


@pytest.mark.usefixtures("left_over")
def test_stopped_build_leaves_no_process(builder: Builder, sandbox: control.Running) -> None:
    builder.project("p1", spec("echo pid=$$", "sleep 60 & sleep 60"), concurrentBuildLimit=1)
    build_id = builder.codebuild.start_build(projectName="p1")["build"]["id"]
    url = f"{sandbox.url}/_sandbox/builds/{build_id}/log"
    text, until = "", time.monotonic() + 10
    while "Running command sleep" not in text and time.monotonic() < until:
        text = urllib.request.urlopen(url).read().decode()
        time.sleep(0.02)
    with pytest.raises(ClientError, match="concurrent build limit"):
        builder.codebuild.start_build(projectName="p1")
    group = int(text.partition("\npid=")[2].split()[0])
    build = builder.codebuild.stop_build(id=build_id)["build"]
    assert (build["buildStatus"], phase(build, "BUILD")["phaseStatus"]) == ("STOPPED", "STOPPED")
    assert "POST_BUILD" not in statuses(build)
    assert not is_alive(group)


def test_build_that_takes_too_long_times_out(builder: Builder, sandbox: control.Running) -> None:
    builder.project("p1", spec("sleep 60"))
    fault = {"kind": "build.timeout", "match": {"account_id": builder.account}, "error": {"seconds": 1}}
    sandbox.request("faults", fault)
    build = builder.run("p1")
    assert build["buildStatus"] == "TIMED_OUT"
    [late] = [item for item in build["phases"] if item.get("phaseStatus") == "TIMED_OUT"]
    assert late["contexts"][0]["statusCode"] == "BUILD_TIMED_OUT"
    assert "UPLOAD_ARTIFACTS" not in statuses(build)


def test_project_of_a_pipeline_cannot_be_built_directly(builder: Builder) -> None:
    builder.project("p1", source={"type": "CODEPIPELINE"}, artifacts={"type": "CODEPIPELINE"})
    with pytest.raises(ClientError, match="CODEPIPELINE"):
        builder.codebuild.start_build(projectName="p1")
    with pytest.raises(ClientError, match="Project cannot be found"):
        builder.codebuild.start_build(projectName="nobody")


def test_temporary_folder_has_room_for_a_socket_however_deep_the_state_folder_is(folder: Path) -> None:
    running = control.start("alone", home=folder / ("deep-" * 20) / ("down-" * 20))
    try:

        def connect(service: str, account: str) -> Any:
            keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
            return boto3.client(service, endpoint_url=running.url, region_name=REGION, **keys)

        builder = Builder(connect, "111111111111")
        listen = "import os, socket; socket.socket(socket.AF_UNIX).bind(os.environ['TMPDIR'] + '/plugin1234567890')"
        builder.project("p1", spec(f'python3 -c "{listen}"', "echo $TMPDIR >> $HOME/../../../told"))
        build = builder.run("p1")
        assert build["buildStatus"] == "SUCCEEDED", builder.log(build)
        assert not os.path.lexists((running.state_dir / "told").read_text().strip())
    finally:
        running.stop()


@pytest.mark.parametrize("how", ["kill", "stop", "reset"])
def test_no_build_outlives_the_server_or_its_memory(folder: Path, how: str) -> None:
    running = control.start("alone", home=folder)
    try:

        def connect(service: str, account: str) -> Any:
            keys = {"aws_access_key_id": account, "aws_secret_access_key": "test"}
            return boto3.client(service, endpoint_url=running.url, region_name=REGION, **keys)

        builder = Builder(connect, "111111111111")
        builder.project("p1", spec("echo $$ > $HOME/../../pid", "sleep 60 & sleep 60"))
        builder.codebuild.start_build(projectName="p1")
        pid = running.state_dir / "builds" / "pid"
        until(lambda: {"there": pid.exists() and bool(pid.read_text())}, lambda seen: bool(seen["there"]))
        group = int(pid.read_text())
        if how == "kill":
            os.kill(running.pid, signal.SIGKILL)
        elif how == "stop":
            running.stop()
        else:
            urllib.request.urlopen(f"{running.url}/moto-api/reset", b"").close()
        until(lambda: {"alive": is_alive(group)}, lambda seen: not seen["alive"], seconds=10)
        if how == "reset":
            assert connect("codebuild", "111111111111").list_projects()["projects"] == []
    finally:
        running.stop()


def is_alive(group: int) -> bool:
    """True if a process of the group runs; dead ones that nobody has waited for do not count."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, process_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(process_group) == group and state != "Z":
                return True
    return False
