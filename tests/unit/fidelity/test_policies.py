"""A fault of each kind, planted in a policy that has none, is found and named."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tools.fidelity import iam_list, policies

ACCOUNT = "111111111111"
JOBS = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:training-job/churn-*"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"
IDENTITY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "RunJobs",
            "Effect": "Allow",
            "Action": ["sagemaker:CreateTrainingJob", "sagemaker:Describe*"],
            "Resource": JOBS,
        },
        {
            "Sid": "UseKeyThroughS3",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": KEY,
            "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
        },
        {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Sid": "Own", "Effect": "Deny", "Action": "s3:DeleteObject*", "Resource": "arn:aws:s3:::states/*/account/*"},
    ],
}
TRUST: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "LetJobsRun",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ],
}
BUCKET: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Encrypted",
            "Effect": "Deny",
            "Action": "s3:*",
            "Principal": "*",
            "Resource": ["arn:aws:s3:::states", "arn:aws:s3:::states/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


def findings(document: dict[str, Any], sort: policies.Sort, *reasons: str) -> list[str]:
    return [str(finding) for finding in policies.check(document, "here", sort, reasons)]


def changed(document: dict[str, Any], number: int, **members: Any) -> dict[str, Any]:
    found = copy.deepcopy(document)
    for name, value in members.items():
        if value is None:
            del found["Statement"][number][name]
        else:
            found["Statement"][number][name] = value
    return found


@pytest.mark.parametrize(("document", "sort"), [(IDENTITY, "identity"), (TRUST, "trust"), (BUCKET, "resource")])
def test_policy_without_faults_has_none(document: dict[str, Any], sort: policies.Sort) -> None:
    assert findings(document, sort) == []


@pytest.mark.parametrize(
    ("number", "members", "finding"),
    [
        (0, {"Action": "sagemaker:CreateTrainingJobs"}, "RunJobs: there is no action sagemaker:CreateTrainingJobs"),
        (0, {"Action": "sagemaker:Frobnicate*"}, "there is no action sagemaker:Frobnicate*"),
        (0, {"Resource": JOBS.replace("training-job", "endpoint")}, "CreateTrainingJob is never asked of arn:aws"),
        (0, {"Resource": [JOBS, "arn:aws:s3:::bucket"]}, "none of its actions is ever asked of arn:aws:s3:::bucket"),
        (0, {"Resource": "*"}, "can be allowed on an ARN; say beside the * why it is not"),
        (2, {"Resource": JOBS}, "ecr:GetAuthorizationToken has no resource level: it needs *"),
        (3, {"Action": "s3:ListBucket"}, "s3:ListBucket is never asked of arn:aws:s3:::states/*/account/*"),
        (1, {"Condition": {"StringEquals": {"kms:ViaServices": "s3"}}}, "never carries kms:ViaServices"),
        (1, {"Condition": {"StringEquals": {"s3:prefix": "a"}}}, "kms:Decrypt never carries s3:prefix"),
        (1, {"Condition": {"ArnLike": {"aws:PrincipalArn": "role/x"}}}, "ArnLike never matches 'role/x'"),
        (1, {"Condition": {"Bool": {"aws:SecureTransport": "yes"}}}, "Bool never matches 'yes'"),
        (1, {"Condition": {"StringEqual": {"kms:ViaService": "s3"}}}, "'StringEqual' does not match any"),
        (0, {"Effect": "Permit"}, "'Permit' is not one of"),
        (0, {"Sid": "Run-Jobs"}, "'Run-Jobs' does not match"),
        (0, {"Sid": "LogIn"}, "LogIn is there twice"),
        (0, {"Resource": None}, "exactly one of Resource, NotResource is needed"),
        (0, {"Principal": {"AWS": ACCOUNT}}, "'Principal' was unexpected"),
    ],
)
def test_fault_of_an_identity_policy_is_found(number: int, members: dict[str, Any], finding: str) -> None:
    found = findings(changed(IDENTITY, number, **members), "identity")
    assert any(finding in text for text in found), found
    assert all(text.startswith("here/") and text.endswith("[iam]") for text in found)


@pytest.mark.parametrize(
    ("document", "sort", "members", "finding"),
    [
        (TRUST, "trust", {"Principal": {"Service": "sagemakers.amazonaws.com"}}, "is the principal of no service"),
        (TRUST, "trust", {"Principal": {"AWS": "*"}, "Condition": None}, "everybody in the world is allowed this"),
        (TRUST, "trust", {"Resource": "*"}, "'Resource' was unexpected"),
        (TRUST, "trust", {"Action": "sts:AssumeRoles"}, "there is no action sts:AssumeRoles"),
        (BUCKET, "resource", {"Principal": None}, "exactly one of Principal, NotPrincipal is needed"),
        (BUCKET, "resource", {"Principal": {"AWS": "role/x"}}, "is not valid under any"),
    ],
)
def test_fault_of_a_trust_or_resource_policy_is_found(
    document: dict[str, Any], sort: policies.Sort, members: dict[str, Any], finding: str
) -> None:
    found = findings(changed(document, 0, **members), sort)
    assert any(finding in text for text in found), found


def test_wildcard_with_its_reason_beside_it_is_none() -> None:
    assert findings(changed(IDENTITY, 0, Resource="*"), "identity", "RunJobs") == []


def test_version_that_reads_no_variables_is_found() -> None:
    old = {**IDENTITY, "Version": "2008-10-17"}
    assert findings(old, "identity") == ["here: a policy's version is 2012-10-17 [iam]"]


def test_policies_that_are_too_large_are_found() -> None:
    text = json.dumps({"Sid": "x" * 6144})
    (finding,) = policies.too_long(text, "managed policy", "here")
    assert "of managed policy are more than 6144" in finding.text
    assert list(policies.too_long(text, "inline policies of a role", "here")) == []
    assert list(policies.too_long(text, "inline policies of a role", "here", [text])) != []
    # White space does not count.
    assert list(policies.too_long(" " * 6144, "managed policy", "here")) == []


@pytest.mark.parametrize(
    ("resource", "action", "fits"),
    [
        ("arn:aws:s3:::bucket/*", "s3:GetObject", True),
        ("arn:aws:s3:::bucket", "s3:GetObject", False),
        ("arn:aws:s3:::bucket", "s3:ListBucket", True),
        ("arn:aws:s3:::bucket/*", "s3:ListBucket", False),
        ("arn:aws:s3:::*", "s3:ListBucket", True),
        ("arn:*:logs:*:*:log-group:/aws/x:*", "logs:PutLogEvents", True),
        ("arn:aws:apigateway:eu-west-1::/restapis/*", "apigateway:POST", True),
        ("arn:aws:iam::111111111111:role/acme-*", "iam:PassRole", True),
        ("arn:aws:iam::111111111111:policy/acme-*", "iam:PassRole", False),
        ("arn:aws:states:eu-west-1:111111111111:*:acme-?", "states:StartExecution", True),
    ],
)
def test_resource_fits_its_action(resource: str, action: str, fits: bool) -> None:
    (known,) = iam_list.actions(action)
    assert known.takes(resource) is fits
