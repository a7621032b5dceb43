"""The stage's role: the profile that everything acts through, and the early check of it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from generator.delivery.aws import Account
from generator.delivery.errors import DeliveryError
from generator.delivery.manifest import Manifest
from generator.delivery.profile import check_role, profile_text, session_name, stage_environment
from tests.fakes_aws import FakeAws, aws_error

ROLE = "arn:aws:iam::222222222222:role/acme-ml-plan"


def test_profile_uses_the_containers_credentials_on_codebuild() -> None:
    environ = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"}
    text = profile_text(environ, ROLE, "acme-external", "mlops-1", "eu-central-1")
    assert text.splitlines() == [
        "[profile mlops-stage]",
        f"role_arn = {ROLE}",
        "role_session_name = mlops-1",
        "region = eu-central-1",
        "external_id = acme-external",
        "credential_source = EcsContainer",
    ]


def test_profile_keeps_environment_keys_in_a_profile_of_their_own() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "ASIAX", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_SESSION_TOKEN": "token"}
    text = profile_text(environ, ROLE, None, "mlops-1", "eu-central-1")
    assert "external_id" not in text
    assert text.index("source_profile = mlops-build") < text.index("[profile mlops-build]")
    assert "aws_session_token = token" in text


def test_stage_environment_takes_the_builds_own_keys_away(tmp_path: Path) -> None:
    environ = {"AWS_ACCESS_KEY_ID": "ASIAX", "AWS_SECRET_ACCESS_KEY": "s3cret", "PATH": "/bin", "AWS_ENDPOINT_URL": "x"}
    found = stage_environment(environ, tmp_path, ROLE, None, "mlops-1", "eu-central-1")
    assert "AWS_ACCESS_KEY_ID" not in found
    assert "s3cret" not in found.values()
    assert found["AWS_PROFILE"] == "mlops-stage"
    assert (found["PATH"], found["AWS_ENDPOINT_URL"]) == ("/bin", "x")
    assert stat.S_IMODE(Path(found["AWS_CONFIG_FILE"]).stat().st_mode) == 0o600


def test_boto3_reads_the_role_from_the_profile_and_not_from_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAOWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own")
    own = {"AWS_ACCESS_KEY_ID": "ASIAOWN", "AWS_SECRET_ACCESS_KEY": "own"}
    environ = stage_environment(own, tmp_path, ROLE, None, "mlops-1", "eu-central-1")
    credentials = Account("eu-central-1", environ).client("s3")._request_signer._credentials
    assert credentials.method == "assume-role"


@pytest.mark.parametrize(
    ("execution", "expected"),
    [("0a1b-2c", "mlops-0a1b-2c"), ("", "mlops-churn-realtime"), ("x" * 90, f"mlops-{'x' * 58}")],
)
def test_session_name_leads_back_to_the_execution(execution: str, expected: str) -> None:
    assert session_name(execution, "churn-realtime") == expected


def test_role_is_assumed_once_with_the_external_id(manifest: Manifest) -> None:
    from dataclasses import replace

    own = FakeAws(sts={"assume_role": {"Credentials": {}}})
    check_role(own, replace(manifest, external_id="acme-x"), manifest.stage("dev"), "plan", "mlops-1")
    assert own.client("sts").called("assume_role") == [
        {"RoleArn": ROLE, "RoleSessionName": "mlops-1", "ExternalId": "acme-x"}
    ]


def test_role_that_cannot_be_assumed_names_who_which_and_what_to_check(manifest: Manifest) -> None:
    own = FakeAws(
        sts={
            "assume_role": aws_error("AccessDenied", "is not authorized to perform: sts:AssumeRole"),
            "get_caller_identity": {"Arn": "arn:aws:sts::111111111111:assumed-role/acme-ml-build-apply/b"},
        }
    )
    with pytest.raises(DeliveryError) as caught:
        check_role(own, manifest, manifest.stage("prod"), "deploy", "mlops-1")
    text = str(caught.value)
    assert "stage prod: arn:aws:sts::111111111111:assumed-role/acme-ml-build-apply/b cannot assume" in text
    assert "arn:aws:iam::444444444444:role/acme-ml-deploy" in text
    assert "AccessDenied: is not authorized" in text
    assert "trust role acme-ml-build-apply of account 111111111111" in text
    assert "no external id" in text


def test_missing_own_credentials_are_said(manifest: Manifest) -> None:
    own = FakeAws(
        sts={"assume_role": aws_error("InvalidClientTokenId"), "get_caller_identity": aws_error("InvalidClientTokenId")}
    )
    with pytest.raises(DeliveryError, match="its own credentials do not work"):
        check_role(own, manifest, manifest.stage("dev"), "plan", "mlops-1")
