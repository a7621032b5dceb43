"""A fault of each kind, planted in what was planned, is found: attributes, limits, images, partitions, bundles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools.fidelity import bundles, images, limits, live, partitions, plans, resources
from tools.fidelity.__main__ import report
from tools.fidelity.findings import Finding, merged
from tools.fidelity.planning import UNKNOWN, Planned

MODEL: dict[str, Any] = {
    "name": "churn",
    "execution_role_arn": "arn:aws:iam::111111111111:role/churn",
    "primary_container": [{"image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1", "mode": "SingleModel"}],
    "tags": {"team": "growth"},
    "arn": UNKNOWN,
    "id": UNKNOWN,
}
ROLE = {"name": "churn", "assume_role_policy": "{}", "max_session_duration": 3600, "path": "/"}


@pytest.mark.parametrize(
    ("kind", "values", "finding"),
    [
        ("aws_sagemaker_model", MODEL, None),
        ("aws_sagemaker_model", MODEL | {"name": "churn_model"}, "here.ModelName: 'churn_model' does not match"),
        ("aws_sagemaker_model", MODEL | {"name": UNKNOWN}, None),
        ("aws_sagemaker_model", MODEL | {"primary_container": [{"mode": "Single"}]}, "'Single' is none of"),
        ("aws_sagemaker_model", MODEL | {"tags": {"k": "v" * 257}}, "257 characters are more than 256"),
        ("aws_sagemaker_model", MODEL | {"colour": "red"}, "CreateModel has no member for colour"),
        ("aws_iam_role", ROLE, None),
        ("aws_iam_role", ROLE | {"name": "x" * 65}, "65 characters are more than 64"),
        ("aws_iam_role", ROLE | {"max_session_duration": 60}, "60 are fewer than 3600"),
        ("aws_sagemaker_frobnicator", {}, "nobody says which API makes aws_sagemaker_frobnicator"),
    ],
)
def test_fault_of_an_attribute_is_found(kind: str, values: dict[str, Any], finding: str | None) -> None:
    found = [str(one) for one in resources.check(kind, values, "here")]
    assert (found == []) if finding is None else (len(found) == 1 and finding in found[0]), found


@pytest.mark.parametrize(
    ("kind", "values", "finding"),
    [
        ("aws_s3_bucket", {"bucket": "Acme-models"}, "Acme-models is no name of a bucket"),
        ("aws_s3_bucket", {"bucket": "x" * 64}, "is no name of a bucket"),
        ("aws_lambda_function", {"runtime": "python3.8"}, "python3.8 is none of"),
        (
            "aws_lambda_function",
            {"runtime": "python3.12", "environment": [{"variables": {"A": "x" * 4096}}]},
            "4097 bytes of environment are more than 4096",
        ),
        ("aws_api_gateway_integration", {"timeout_milliseconds": 30000}, "30000 ms are not 50 to 29000"),
        ("aws_cloudwatch_log_group", {"retention_in_days": 31}, "keeps nothing for 31 days"),
        ("aws_cloudwatch_event_rule", {"event_pattern": "x" * 2049}, "a pattern of 2049 characters"),
        ("aws_any", {"tags_all": {f"k{number}": "v" for number in range(51)}}, "51 tags are more than 50"),
        ("aws_any", {"tags_all": {"aws:team": "v"}}, "'aws:team' is no key of a tag"),
        ("aws_any", {"tags_all": {"team": "a;b"}}, "'a;b' is no value of a tag"),
    ],
)
def test_what_is_beyond_a_limit_is_found(kind: str, values: dict[str, Any], finding: str) -> None:
    (found,) = limits.check(kind, values, "here")
    assert finding in str(found)


def test_what_resources_share_is_counted() -> None:
    found = {f"attachment[{number}]": ("aws_iam_role_policy_attachment", {"role": "deploy"}) for number in range(11)}
    found |= {f"target[{number}]": ("aws_cloudwatch_event_target", {"rule": "ended"}) for number in range(6)}
    texts = [str(finding) for finding in limits.check_together(found, "case")]
    assert texts == [
        "case: role deploy: 11 policies are more than 10 [limit]",
        "case: rule ended: 6 targets are more than 5 [limit]",
    ]


def planned(**values: Any) -> dict[str, Planned]:
    return {"case": Planned("modules/x", {"aws_iam_policy.this": values}, {"aws_iam_policy.this": "aws_iam_policy"})}


def test_policy_that_no_configuration_shows_is_told() -> None:
    (finding,) = plans.never_seen(planned(policy=UNKNOWN).values())
    assert finding.place == "modules/x: aws_iam_policy.this.policy"
    assert list(plans.never_seen([*planned(policy=UNKNOWN).values(), *planned(policy="{}").values()])) == []


def test_what_is_of_another_partition_is_found() -> None:
    far = planned(arn="arn:aws-cn:iam::1:role/x", host="ecr.cn-north-1.amazonaws.com.cn", service="sns.amazonaws.com")
    assert list(partitions.check(far)) == []
    texts = [
        str(finding)
        for finding in partitions.check(planned(arn=["arn:aws:iam::1:role/x"], host="s3.cn-north-1.amazonaws.com"))
    ]
    assert texts == [
        "case: aws_iam_policy.this.arn: arn:aws:iam::1:role/x is an ARN of the partition aws [partition]",
        "case: aws_iam_policy.this.host: s3.cn-north-1.amazonaws.com is an address without .cn [partition]",
    ]


def test_image_account_that_publishes_nothing_is_found() -> None:
    ours = images.our_table()
    right = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1"
    assert list(images.check_plan("case", planned(image=right)["case"], ours)) == []
    (finding,) = images.check_plan("case", planned(image=right.replace("eu-west-1", "us-east-1"))["case"], ours)
    assert "sagemaker-xgboost in us-east-1 is published by 683313688378, not 141502667606" in finding.text
    wrong = {**ours, "sagemaker-xgboost": {"eu-west-1": frozenset({"1"})}}
    (finding,) = images.check_table(wrong, {"sagemaker-xgboost": {"eu-west-1": frozenset({"141502667606"})}})
    assert finding.place == "generator/data/images.json: sagemaker-xgboost in eu-west-1"


@pytest.fixture(scope="module")
def tree() -> dict[str, bytes]:
    return dict(next(bundles.trees())[1])


def changed_json(tree: dict[str, bytes], name: str, **members: Any) -> dict[str, bytes]:
    path = next(path for path in tree if path.endswith(name))
    return {**tree, path: json.dumps({**json.loads(tree[path]), **members}).encode()}


def test_fault_of_a_bundle_is_found(tree: dict[str, bytes]) -> None:
    assert list(bundles.check(tree, "bundle")) == []
    backend = {
        "bucket": "b",
        "encrypt": True,
        "key": "k" * 1025,
        "region": "eu-west-1",
        "lock": True,
        "use_lockfile": True,
    }
    faulty = changed_json(tree, "/backend.tf.json", terraform={"backend": {"s3": backend}})
    texts = [finding.text for finding in bundles.check(faulty, "bundle")]
    assert texts == [
        "the S3 backend has no setting lock",
        "kms_key_id is missing",
        "the state's key is longer than 1024 bytes",
    ]
    (finding,) = bundles.check(changed_json(tree, "/terraform.tfvars.json", colour="red"), "bundle")
    assert finding.text == "no variable colour is declared: Terraform passes it over"
    lost = {path: content for path, content in tree.items() if not path.endswith("versions.tf")}
    assert any(finding.text == "has no versions.tf" for finding in bundles.check(lost, "bundle"))
    spec = {**tree, "delivery/buildspec-plan.yml": b"version: 0.2\nphases: {plan: {commands: [x]}}\n"}
    assert any("'plan' was unexpected" in finding.text for finding in bundles.check(spec, "bundle"))


def test_findings_are_told_once_and_as_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    same = [Finding(f"{case}: aws_x.this", "is wrong", "api") for case in ("one", "two")]
    found = merged([*same, Finding("a.py:1", "is wrong", "api")])
    assert report(found, as_json=False) == "a.py:1: is wrong [api]\none: aws_x.this: is wrong (and 1 more) [api]"
    assert json.loads(report(found, as_json=True))[0] == {"place": "a.py:1", "text": "is wrong", "kind": "api"}


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({}, None),
        ({"kind": "aws_schedule"}, "no check knows the kind aws_schedule [live]"),
        ({"operation": "get_schedules"}, "scheduler has no operation get_schedules [api]"),
        ({"parameters": {"Nam": "x"}}, "GetScheduleInput has no such member [api]"),
        ({"expect": {"Target.Arns": "x"}}, "get_schedule never answers Target.Arns [live]"),
        ({"wait_while": {"Status": ["CREATING"]}}, "get_schedule never answers Status [live]"),
    ],
)
def test_fault_of_what_is_declared_live_is_found(change: dict[str, Any], finding: str | None) -> None:
    item = {
        "kind": "aws_api",
        "service": "scheduler",
        "operation": "get_schedule",
        "parameters": {"Name": "churn", "GroupName": UNKNOWN},
        "expect": {"State": "ENABLED", "Target.Arn": "arn:x"},
        **change,
    }
    found = [str(one) for one in live.check("case", Planned("modules/x", live=[item]))]
    assert (found == []) if finding is None else any(text.endswith(finding) for text in found), found
