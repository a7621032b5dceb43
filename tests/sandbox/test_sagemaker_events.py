"""SageMaker's events on EventBridge, in AWS's shape, and Search."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sagemaker_world import EXAMPLE, IMAGE, World, wait


class Listener:
    """A queue that gets every event of aws.sagemaker of some detail types."""

    def __init__(self, world: World, *detail_types: str) -> None:
        events, self.sqs = world.connect("events", world.account), world.connect("sqs", world.account)
        self.queue = self.sqs.create_queue(QueueName="events")["QueueUrl"]
        arn = f"arn:aws:sqs:eu-central-1:{world.account}:events"
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})
        pattern = {"source": ["aws.sagemaker"], "detail-type": list(detail_types)}
        events.put_rule(Name="all", EventPattern=json.dumps(pattern))
        events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
        self.heard: list[dict[str, Any]] = []

    def until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event that fits."""

        def listen() -> dict[str, Any] | None:
            answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                self.heard.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            return next((event for event in self.heard if fits(event)), None)

        event: dict[str, Any] = wait(listen, lambda found: found is not None)
        return event


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> World:
    return World(connect, account)


def train(world: World, name: str, **more: Any) -> None:
    world.sm.create_training_job(
        **{
            "TrainingJobName": name,
            "RoleArn": world.role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"eval_metric": "auc"},
            "OutputDataConfig": {"S3OutputPath": world.uri("out")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **more,
        }
    )


def test_a_training_job_tells_of_its_start_and_its_end(world: World) -> None:
    listener = Listener(world, "SageMaker Training Job State Change")
    train(world, "told", Tags=[{"Key": "a", "Value": "b"}])

    event = listener.until(lambda e: e["detail"]["TrainingJobStatus"] == "Completed")

    assert event["resources"] == [event["detail"]["TrainingJobArn"]]
    assert event["detail"]["TrainingJobName"] == "told"
    assert event["detail"]["Tags"] == {"a": "b"}
    assert isinstance(event["detail"]["CreationTime"], int)
    assert any(e["detail"]["TrainingJobStatus"] == "InProgress" for e in listener.heard)


def test_endpoint_states_are_in_capitals(world: World) -> None:
    listener = Listener(world, "SageMaker Endpoint State Change")
    world.model()
    world.config()
    world.endpoint()

    event = listener.until(lambda e: e["detail"]["EndpointStatus"] == "IN_SERVICE")

    assert event["detail"]["EndpointName"] == "endpoint"
    assert any(e["detail"]["EndpointStatus"] == "CREATING" for e in listener.heard)


def test_the_approval_of_a_model_package_is_told(world: World) -> None:
    listener = Listener(world, "SageMaker Model Package State Change")
    url = world.put("m.tar.gz", (EXAMPLE / "model.tar.gz").read_bytes())
    world.sm.create_model_package_group(ModelPackageGroupName="churn")
    specification = {
        "Containers": [{"Image": IMAGE, "ModelDataUrl": url}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    arn = world.sm.create_model_package(ModelPackageGroupName="churn", InferenceSpecification=specification)[
        "ModelPackageArn"
    ]
    world.sm.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    event = listener.until(lambda e: e["detail"].get("ModelApprovalStatus") == "Approved")

    detail = event["detail"]
    assert (detail["ModelPackageGroupName"], detail["ModelPackageVersion"]) == ("churn", 1)
    assert detail["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == url
    assert detail["UpdatedModelPackageFields"] == ["ModelApprovalStatus"]
    # Unlike in the events of jobs, times are text here.
    assert detail["CreationTime"].endswith("Z")
    assert event["resources"] == [detail["ModelPackageArn"]] == [arn]
    assert all("UpdatedModelPackageFields" not in e["detail"] for e in listener.heard if e != event)


def test_search_finds_by_members_tags_and_metrics(world: World) -> None:
    train(world, "one", Tags=[{"Key": "team", "Value": "a"}])
    train(world, "two", Tags=[{"Key": "team", "Value": "b"}])
    for name in ("one", "two"):
        wait(
            lambda name=name: world.sm.describe_training_job(TrainingJobName=name),
            lambda job: job["TrainingJobStatus"] == "Completed",
        )

    def names(*filters: dict[str, str]) -> list[str]:
        answer = world.sm.search(
            Resource="TrainingJob",
            SearchExpression={"Filters": list(filters)} if filters else {},
            SortBy="TrainingJobName",
        )
        return [item["TrainingJob"]["TrainingJobName"] for item in answer["Results"]]

    assert names() == ["two", "one"]
    assert names({"Name": "Tags.team", "Operator": "Equals", "Value": "a"}) == ["one"]
    assert names({"Name": "TrainingJobName", "Operator": "Contains", "Value": "tw"}) == ["two"]
    assert names({"Name": "Metrics.train:auc", "Operator": "GreaterThan", "Value": "2"}) == []
    assert names({"Name": "FailureReason", "Operator": "NotExists"}) == ["two", "one"]
