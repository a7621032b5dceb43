"""Container images in the sandbox: the docker and aws that builds find, and what ECR makes of what they push."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.codebuild import stand_ins
from sandbox.codebuild.stand_ins.dockerfile import DockerfileError, parse, sources

REGION = "eu-central-1"
# A real AWS CLI may be installed; it is the stand-in that is tested.
AWS_STAND_IN = f"{sys.executable} {Path(stand_ins.__file__).parent / 'aws_command.py'}"
DOCKERFILE = """# An image for SageMaker.
ARG PYTHON=3.11
FROM public.ecr.aws/docker/library/python:${PYTHON}-slim AS base
RUN pip install \\
    # a comment in between
    flask
FROM base
COPY --chown=root serve model/ /opt/program/
RUN <<END
FROM nowhere
END
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "model").mkdir(parents=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "serve").write_text("#!/bin/sh\n")
    (folder / "model" / "weights").write_text("1 2 3")
    return folder


@pytest.fixture
def shell(sandbox: Any, account: str, tmp_path: Path, project: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """shell(command) -> what bash made of it, in the project's folder, as a build would run it."""
    tools = stand_ins.install(tmp_path / "bin")
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": sandbox.url,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command], cwd=project, env=environment | more, capture_output=True, text=True, check=False
        )

    return run


def registry(account: str) -> str:
    return f"{account}.dkr.ecr.{REGION}.amazonaws.com"


def log_in(account: str) -> str:
    ask = f"{AWS_STAND_IN} ecr get-login-password --region {REGION}"
    return f"{ask} | docker login --username AWS --password-stdin {registry(account)}"


def test_a_dockerfile_is_read_stage_by_stage() -> None:
    base, last = parse(DOCKERFILE, {"PYTHON": "3.12"})
    assert (base.base, base.name) == ("public.ecr.aws/docker/library/python:3.12-slim", "base")
    assert base.instructions[0].text == "pip install flask"
    assert [step.name for step in last.instructions] == ["COPY", "RUN"]
    assert sources(last.instructions[0]) == ["serve", "model/"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("FORM python", "unknown instruction: FORM"),
        ("RUN true", "no build stage in current context"),
        ("FROM a b", "one or three arguments"),
        ("ARG A\nFROM ${A}", "should not be blank"),
        ("# nothing", "no FROM instruction"),
    ],
)
def test_what_is_no_dockerfile_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DockerfileError, match=reason):
        parse(text, {})


def test_an_image_is_built_pushed_and_found_by_its_digest(
    shell: Any, connect: Any, account: str, project: Path
) -> None:
    ecr = connect("ecr", account)
    ecr.create_repository(repositoryName="algos")
    image = f"{registry(account)}/algos:one"
    done = shell(f"set -e; {log_in(account)}; docker build --pull --tag {image} .; docker push {image}")
    assert done.returncode == 0, done.stdout + done.stderr
    detail = ecr.describe_images(repositoryName="algos", imageIds=[{"imageTag": "one"}])["imageDetails"][0]
    manifest = ecr.batch_get_image(repositoryName="algos", imageIds=[{"imageTag": "one"}])["images"][0]["imageManifest"]
    assert detail["imageDigest"] == "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
    assert f"one: digest: {detail['imageDigest']}" in done.stdout

    again = shell(f"docker build -t {registry(account)}/algos:two . && docker push {registry(account)}/algos:two")
    assert again.returncode == 0, again.stderr
    (project / "model" / "weights").write_text("4 5 6")
    other = shell(f"docker build -t {registry(account)}/algos:three . && docker push {registry(account)}/algos:three")
    assert other.returncode == 0, other.stderr
    digests = {
        tag: ecr.describe_images(repositoryName="algos", imageIds=[{"imageTag": tag}])["imageDetails"][0]["imageDigest"]
        for tag in ("one", "two", "three")
    }
    assert digests["one"] == digests["two"] != digests["three"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("docker build -f Missing .", "failed to read dockerfile"),
        ("rm serve; docker build .", '"/serve": not found'),
        ("docker build --target test .", 'target stage "test" could not be found'),
        ("docker push {registry}/algos:never", "does not exist locally"),
        ("docker build -t {registry}/algos:x . && docker push {registry}/algos:x", "no basic auth credentials"),
        ("echo FROM {registry}/algos:base > Dockerfile; docker build .", "no basic auth credentials"),
        ("{login}; echo FROM {registry}/algos:base > Dockerfile; docker build .", "not found"),
        ("{login}; docker build -t {registry}/nowhere:x . && docker push {registry}/nowhere:x", "denied:"),
        ("docker run x", "is not a command"),
        ("echo | docker login -u AWS --password-stdin x", "Password Required"),
        ("{aws} s3 ls", "stand-in knows"),
    ],
)
def test_what_would_fail_a_build_fails_it(shell: Any, connect: Any, account: str, command: str, reason: str) -> None:
    connect("ecr", account).create_repository(repositoryName="algos")
    text = command.replace("{login}", log_in(account)).replace("{registry}", registry(account))
    done = shell(text.replace("{aws}", AWS_STAND_IN))
    assert done.returncode != 0
    assert reason in done.stderr


def test_a_role_without_the_right_to_push_is_denied(shell: Any, connect: Any, account: str, make_role: Any) -> None:
    connect("ecr", account).create_repository(repositoryName="algos")
    role = make_role(account, "puller", [{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}])
    keys = {
        "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
        "AWS_SESSION_TOKEN": role["SessionToken"],
    }
    image = f"{registry(account)}/algos:one"
    done = shell(f"set -e; {log_in(account)}; docker build -t {image} .; docker push {image}", **keys)
    assert done.returncode != 0
    assert "denied:" in done.stderr
    assert "not authorized to perform: ecr:" in done.stderr


def test_a_tag_that_another_image_has_is_refused_where_tags_are_immutable(connect: Any, account: str) -> None:
    ecr = connect("ecr", account)
    ecr.create_repository(repositoryName="fixed", imageTagMutability="IMMUTABLE")
    ecr.put_image(repositoryName="fixed", imageManifest=manifest("a"), imageTag="one")
    with pytest.raises(ClientError) as same:
        ecr.put_image(repositoryName="fixed", imageManifest=manifest("a"), imageTag="one")
    assert same.value.response["Error"]["Code"] == "ImageAlreadyExistsException"
    with pytest.raises(ClientError) as other:
        ecr.put_image(repositoryName="fixed", imageManifest=manifest("b"), imageTag="one")
    assert other.value.response["Error"]["Code"] == "ImageTagAlreadyExistsException"


def test_a_scan_on_push_finds_what_was_planted_and_else_nothing(connect: Any, account: str, sandbox: Any) -> None:
    ecr = connect("ecr", account)
    ecr.create_repository(repositoryName="scanned", imageScanningConfiguration={"scanOnPush": True})
    ecr.put_image(repositoryName="scanned", imageManifest=manifest("a"), imageTag="clean")
    plant(sandbox, account, '{"findings": {"CRITICAL": 2, "LOW": 1}}')
    ecr.put_image(repositoryName="scanned", imageManifest=manifest("b"), imageTag="bad")
    clean = ecr.describe_image_scan_findings(repositoryName="scanned", imageId={"imageTag": "clean"})
    bad = ecr.describe_image_scan_findings(repositoryName="scanned", imageId={"imageTag": "bad"})
    assert clean["imageScanStatus"]["status"] == bad["imageScanStatus"]["status"] == "COMPLETE"
    assert clean["imageScanFindings"]["findingSeverityCounts"] == {}
    assert bad["imageScanFindings"]["findingSeverityCounts"] == {"CRITICAL": 2, "LOW": 1}
    assert len(bad["imageScanFindings"]["findings"]) == 3


def test_a_scan_that_nobody_asked_for_does_not_exist(connect: Any, account: str, sandbox: Any) -> None:
    ecr = connect("ecr", account)
    ecr.create_repository(repositoryName="plain")
    ecr.put_image(repositoryName="plain", imageManifest=manifest("a"), imageTag="one")
    with pytest.raises(ecr.exceptions.ScanNotFoundException):
        ecr.describe_image_scan_findings(repositoryName="plain", imageId={"imageTag": "one"})
    plant(sandbox, account, '{"status": "FAILED"}')
    ecr.start_image_scan(repositoryName="plain", imageId={"imageTag": "one"})
    found = ecr.describe_image_scan_findings(repositoryName="plain", imageId={"imageTag": "one"})
    assert found["imageScanStatus"]["status"] == "FAILED"


def manifest(content: str) -> str:
    digest = "sha256:" + hashlib.sha256(content.encode()).hexdigest()
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    return (
        f'{{"schemaVersion": 2, "mediaType": "{kind}", "config": {{"size": 1, "digest": "{digest}"}}, '
        f'"layers": [{{"size": 1, "digest": "{digest}"}}]}}'
    )


def plant(sandbox: Any, account: str, error: str) -> None:
    body = f'{{"kind": "ecr.scan", "match": {{"account_id": "{account}"}}, "error": {error}}}'
    request = urllib.request.Request(
        f"{sandbox.url}/_sandbox/faults", data=body.encode(), headers={"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request).close()
