"""The realtime module at work: applied with the real provider in a sandbox, asked, updated, rolled back, destroyed.

Roles are enforced there: what a policy forgets shows as an endpoint that fails, or a request that is refused.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from generator.delivery.checks import KINDS, check_gone, check_live
from generator.delivery.scaling import count_options
from tests.terraform.lands import ACCOUNT, Land, wait_for
from tools.fidelity.planning import PIPELINES, REGION, ROOT

pytestmark = [pytest.mark.terraform, pytest.mark.e2e, pytest.mark.xdist_group("endpoint_runs")]

NAME = "acme-ml-dev-churn-realtime"
ARTIFACT = ROOT / "examples/assets/breast-cancer/model.tar.gz"
RECORD = ",".join(["0.5"] * 30)
LEAST: dict[str, Any] = {
    "account_id": ACCOUNT,
    "name": NAME,
    "model": {
        "image_uri": f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-xgboost:1.7-1",
        "artifact_s3_uri": "s3://assets/churn/1/model.tar.gz",
    },
    "variants": {"AllTraffic": {"instance_type": "ml.m5.large"}},
    "data_capture": {"destination_s3_uri": "s3://capture/churn"},
    "tags": {"Team": "churn"},
}
SECOND_MODEL = {"model": LEAST["model"] | {"artifact_s3_uri": "s3://assets/churn/2/model.tar.gz"}}


class Endpoint(Land):
    """An account with two models' artifacts and what the API's access logs need."""

    def __init__(self, home: Path, folder: Path) -> None:
        super().__init__(home, folder)
        self.sagemaker, self.s3 = self.client("sagemaker"), self.client("s3")
        for bucket in ("assets", "capture"):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for version in (1, 2):
            self.s3.put_object(Bucket="assets", Key=f"churn/{version}/model.tar.gz", Body=ARTIFACT.read_bytes())
        self.key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.topic = self.client("sns").create_topic(Name="notifications")["TopicArn"]
        self._let_api_gateway_log()

    def _let_api_gateway_log(self) -> None:
        iam, service = self.client("iam"), {"Service": "apigateway.amazonaws.com"}
        trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
        logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        role = iam.create_role(RoleName="api", AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="api", PolicyName="logs", PolicyDocument=document(logs))
        patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
        self.client("apigateway").update_account(patchOperations=[patch])

    def has(self, expected: int = 0, **variables: Any) -> str:
        """Apply the module with these variables beside the least."""
        return self.apply({"churn": ("realtime_inference", LEAST | variables)}, expected)

    @property
    def described(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=NAME)
        return answer

    def left(self) -> tuple[list[str], list[str], list[str]]:
        """Names of configurations, models, and policies of the execution role."""
        return (
            [item["EndpointConfigName"] for item in self.sagemaker.list_endpoint_configs()["EndpointConfigs"]],
            [item["ModelName"] for item in self.sagemaker.list_models()["Models"]],
            self.client("iam").list_role_policies(RoleName=f"{NAME}-execution")["PolicyNames"],
        )

    def ask(self, body: Any) -> tuple[int, str]:
        """Send a signed request to the inference API."""
        api = self.outputs["churn"]["inference_api_url"].split("//")[1].split(".")[0]
        url, data = f"{self.sandbox.url}/_aws/execute-api/{api}/prod/inference", json.dumps(body).encode()
        request = AWSRequest("POST", url, data=data, headers={"Content-Type": "application/json"})
        SigV4Auth(Credentials(ACCOUNT, "test"), "execute-api", REGION).add_auth(request)
        sent = urllib.request.Request(url, data=data, method="POST", headers=dict(request.headers.items()))
        try:
            with urllib.request.urlopen(sent, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def differences(self) -> list[str]:
        """What Verify would find wrong."""
        return check_live(self.outputs["churn"]["live"], KINDS, self.site("a1" * 32))[1]


@pytest.fixture(scope="module")
def land(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    found = Endpoint(tmp_path_factory.mktemp("sandbox"), tmp_path_factory.mktemp("workspace"))
    try:
        found.has()
        yield found
    finally:
        found.stop()


def test_what_was_applied_plans_empty_and_is_live(land: Endpoint) -> None:
    land.plans_empty()
    assert land.differences() == []


def test_inference_api_answers_with_the_models_score_and_captures_both(land: Endpoint) -> None:
    status, text = land.ask({"payload": RECORD, "content_type": "text/csv"})
    assert (status, 0 < float(text) < 1) == (200, True)
    wait_for(lambda: land.s3.list_objects_v2(Bucket="capture", Prefix="churn/").get("Contents"))
    key = land.s3.list_objects_v2(Bucket="capture", Prefix="churn/")["Contents"][0]["Key"]
    line = json.loads(land.s3.get_object(Bucket="capture", Key=key)["Body"].read().splitlines()[0])
    assert line["captureData"]["endpointInput"]["data"] == RECORD
    assert float(line["captureData"]["endpointOutput"]["data"]) == float(text)


def test_inference_api_says_what_is_wrong_with_a_request(land: Endpoint) -> None:
    status, text = land.ask({"content_type": "text/csv"})
    assert status == 400
    assert "payload" in text


def test_another_instance_type_is_another_configuration_of_the_same_endpoint(land: Endpoint) -> None:
    land.has()
    created, before = land.described["CreationTime"], land.left()
    land.has(variants={"AllTraffic": {"instance_type": "ml.c5.large"}})
    configurations, models, policies = land.left()
    assert land.described["CreationTime"] == created
    assert configurations == [land.described["EndpointConfigName"]]
    assert configurations != before[0]
    assert (models, policies) == before[1:]
    assert land.differences() == []


def test_an_update_that_is_taken_back_in_silence_fails_the_apply_and_can_be_tried_again(land: Endpoint) -> None:
    land.has()
    served = land.described["EndpointConfigName"]
    land.plant("sagemaker.endpoint", rollback=True)
    said = land.has(expected=1, **SECOND_MODEL)
    assert "SageMaker rolled the update back" in " ".join(said.split())
    assert land.described["EndpointConfigName"] == served
    land.has(**SECOND_MODEL)
    assert land.described["EndpointConfigName"] != served
    assert [len(names) for names in land.left()] == [1, 1, 1]
    assert land.differences() == []


def test_an_update_that_is_taken_back_can_be_withdrawn(land: Endpoint) -> None:
    land.has()
    before = land.left()
    land.plant("sagemaker.endpoint", rollback=True, reason="alarm churn-rollback went off")
    land.has(expected=1, **SECOND_MODEL)
    land.has()
    assert land.left() == before
    land.plans_empty()


def test_an_update_keeps_as_many_instances_as_there_are(land: Endpoint) -> None:
    scaling = {"min_count": 1, "max_count": 6}
    land.has(variants={"AllTraffic": {"instance_type": "ml.m5.large", "autoscaling": scaling}})
    more = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 4}]
    land.sagemaker.update_endpoint_weights_and_capacities(EndpointName=NAME, DesiredWeightsAndCapacities=more)
    wait_for(lambda: land.described["EndpointStatus"] == "InService")
    land.plans_empty()
    workspace = PIPELINES / "realtime_inference"
    (told,) = count_options(land.outputs["churn"]["live"], workspace, land.site("a1" * 32))
    counts = json.loads(told.removeprefix("-var=live_instance_counts="))
    variants = {"AllTraffic": {"instance_type": "ml.c5.xlarge", "autoscaling": scaling}}
    land.has(variants=variants, live_instance_counts=counts)
    assert land.described["ProductionVariants"][0]["CurrentInstanceCount"] == counts["AllTraffic"] == 4
    targets = land.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    assert [target["MaxCapacity"] for target in targets["ScalableTargets"]] == [6]
    assert land.differences() == []
    land.has(variants=variants)
    land.plans_empty()


FORMS: dict[str, dict[str, Any]] = {
    "canary": {"rollout": {"strategy": "canary", "step_percent": 20, "latency_milliseconds": 500}},
    "linear": {"rollout": {"strategy": "linear", "step_percent": 25}},
    "rolling": {
        "rollout": {"strategy": "rolling", "step_percent": 50},
        "variants": {"AllTraffic": {"instance_type": "ml.m5.large", "instance_count": 2}},
    },
    "shadow": {"shadow": {"instance_type": "ml.c5.large", "sampling_percent": 20}},
    "two variants": {
        "variants": {
            "Champion": {"instance_type": "ml.m5.large", "weight": 9},
            "Challenger": {"instance_type": "ml.c5.large", "weight": 1},
        }
    },
    "async": {
        "async_inference": {
            "input_s3_uri": "s3://capture/in",
            "output_s3_uri": "s3://capture/out",
            "failure_s3_uri": "s3://capture/failed",
        },
        "variants": {"AllTraffic": {"instance_type": "ml.m5.large", "autoscaling": {"min_count": 0, "max_count": 3}}},
    },
    "serverless": {"data_capture": None, "variants": {"AllTraffic": {"serverless": {"memory_mb": 2048}}}},
    "no API": {"inference_api": None},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_follows_every_other_plans_empty_and_is_live(land: Endpoint, form: str) -> None:
    land.has(**FORMS[form])
    land.plans_empty()
    assert land.differences() == []


def test_keys_and_alarms_go_with_an_endpoint(land: Endpoint) -> None:
    land.has(
        kms_key_arn=land.key, alarms={"topic_arn": land.topic, "no_request_minutes": 30}, rollout={"strategy": "canary"}
    )
    land.plans_empty()
    assert land.differences() == []
    configuration = land.sagemaker.describe_endpoint_config(EndpointConfigName=land.described["EndpointConfigName"])
    assert configuration["KmsKeyId"] == configuration["DataCaptureConfig"]["KmsKeyId"] == land.key
    alarms = land.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms if land.topic in alarm["AlarmActions"]} != set()


def test_everything_goes_when_it_is_destroyed(land: Endpoint) -> None:
    live = land.outputs["churn"]["live"]
    land.destroy()
    assert check_gone(live, KINDS, land.site("a1" * 32))[1] == []
    assert land.sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert land.sagemaker.list_models()["Models"] == []
    assert land.client("apigateway").get_rest_apis()["items"] == []
    assert land.client("lambda").list_functions()["Functions"] == []
    assert [role["RoleName"] for role in land.client("iam").list_roles()["Roles"] if NAME in role["RoleName"]] == []


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
