"""What happens by itself afterwards: notifications, rules, schedules, messages to people."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.control import Running
from sandbox.events.transform import fill, input_of

Connect = Callable[..., Any]
REGION = "eu-central-1"

CODE = """
import json, boto3
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl="QUEUE", MessageBody=json.dumps(event))
"""


def until(look: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value that `look` gives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("nothing arrived")


@pytest.fixture
def received(connect: Connect, account: str) -> Any:
    """A queue that everybody may send to; received() waits for the next message and returns its JSON."""
    sqs = connect("sqs", account)
    arn = f"arn:aws:sqs:{REGION}:{account}:inbox"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    url = sqs.create_queue(QueueName="inbox", Attributes={"Policy": json.dumps({"Statement": [statement]})})["QueueUrl"]

    def wait() -> Any:
        message = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))[0]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        try:
            return json.loads(message["Body"])
        except ValueError:
            return message["Body"]

    wait.arn, wait.url, wait.sqs = arn, url, sqs  # type: ignore[attr-defined]
    return wait


@pytest.fixture
def function(connect: Connect, account: str, received: Any) -> str:
    """ARN of a function that sends each event on to the queue."""
    iam, lambdas = connect("iam", account), connect("lambda", account)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="fn", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", CODE.replace("QUEUE", received.url))
    made = lambdas.create_function(
        FunctionName="fn", Role=role, Runtime="python3.12", Handler="app.handler", Code={"ZipFile": data.getvalue()}
    )
    return str(made["FunctionArn"])


def permit(connect: Connect, account: str, service: str, source: str) -> None:
    connect("lambda", account).add_permission(
        FunctionName="fn", StatementId="x", Action="lambda:InvokeFunction", Principal=service, SourceArn=source
    )


def bucket_of(connect: Connect, account: str) -> tuple[Any, str]:
    s3 = connect("s3", account)
    name = f"events-{account}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3, name


def test_s3_invokes_a_function_after_the_request(connect: Connect, account: str, function: str, received: Any) -> None:
    s3, bucket = bucket_of(connect, account)
    config = {
        "LambdaFunctionConfigurations": [
            {
                "LambdaFunctionArn": function,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
            }
        ]
    }
    with pytest.raises(ClientError, match="Unable to validate the following destination configurations"):
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=config)
    permit(connect, account, "s3.amazonaws.com", f"arn:aws:s3:::{bucket}")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=config)
    s3.put_object(Bucket=bucket, Key="out/a", Body=b"1")
    s3.put_object(Bucket=bucket, Key="in/a b", Body=b"12")
    record = received()["Records"][0]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["bucket"]["name"] == bucket
    assert record["s3"]["object"]["key"] == "in/a+b"
    assert record["s3"]["object"]["size"] == 2


def test_s3_tells_event_bridge_and_remembers_that_it_should(connect: Connect, account: str, received: Any) -> None:
    s3, bucket = bucket_of(connect, account)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["EventBridgeConfiguration"] == {}
    events = connect("events", account)
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": received.arn}])
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    event = received()
    assert event["resources"] == [f"arn:aws:s3:::{bucket}"]
    assert (event["detail"]["object"]["key"], event["detail"]["reason"]) == ("k", "PutObject")
    assert event["account"] == account


def test_rules_reach_functions_and_transform_their_input(
    connect: Connect, account: str, function: str, received: Any
) -> None:
    events = connect("events", account)
    rule = events.put_rule(Name="r", EventPattern=json.dumps({"source": ["mine"]}))["RuleArn"]
    permit(connect, account, "events.amazonaws.com", rule)
    transformer = {
        "InputPathsMap": {"who": "$.detail.who", "all": "$.detail"},
        "InputTemplate": '{"text": "hello <who>", "all": <all>, "rule": <aws.events.rule-name>}',
    }
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": function, "InputTransformer": transformer}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": '{"who": "you"}'}])
    assert received() == {"text": "hello you", "all": {"who": "you"}, "rule": "r"}


def test_a_disabled_rule_and_one_without_a_pattern_get_nothing(connect: Connect, account: str, received: Any) -> None:
    events = connect("events", account)
    events.put_rule(Name="off", EventPattern=json.dumps({"source": ["mine"]}), State="DISABLED")
    events.put_rule(Name="clock", ScheduleExpression="rate(1 day)")
    events.put_rule(Name="on", EventPattern=json.dumps({"source": ["mine"]}))
    for name in ("off", "clock", "on"):
        target = {"Id": "1", "Arn": received.arn, "Input": json.dumps({"rule": name})}
        events.put_targets(Rule=name, Targets=[target])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])
    assert received() == {"rule": "on"}
    assert "Messages" not in received.sqs.receive_message(QueueUrl=received.url)


def test_what_may_not_be_delivered_is_listed(sandbox: Running, connect: Connect, account: str, function: str) -> None:
    events = connect("events", account)
    rule = events.put_rule(Name="r", EventPattern=json.dumps({"source": ["mine"]}))["RuleArn"]
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": function}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])

    def look() -> list[Any]:
        return [i for i in sandbox.request("undelivered")["undelivered"] if i["source_arn"] == rule]

    assert "does not let events.amazonaws.com invoke it" in until(look)[0]["reason"]


def test_people_are_told_through_topics(sandbox: Running, connect: Connect, account: str) -> None:
    sns, events = connect("sns", account), connect("events", account)
    topic = sns.create_topic(Name="news")["TopicArn"]
    subscribed = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@example.com", ReturnSubscriptionArn=True)
    attributes = sns.get_subscription_attributes(SubscriptionArn=subscribed["SubscriptionArn"])["Attributes"]
    assert attributes["PendingConfirmation"] == "false"
    rule = events.put_rule(Name="r", EventPattern=json.dumps({"source": ["mine"]}))["RuleArn"]
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '"model <n> failed"\n"see the log"'}
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": topic, "InputTransformer": transformer}])
    let_in = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [let_in]}))
    sns.publish(TopicArn=topic, Message="by hand", Subject="hello")
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": '{"n": 7}'}])

    def look() -> list[Any]:
        messages: list[Any] = sandbox.request(f"inbox?account_id={account}")["messages"]
        return messages if len(messages) == 2 else []

    first, second = until(look)
    assert (first["subject"], first["message"], first["to"]) == ("hello", "by hand", "you@example.com")
    assert second["message"] == "model 7 failed\nsee the log"


def test_an_encrypted_topic_must_let_the_service_use_its_key(sandbox: Running, connect: Connect, account: str) -> None:
    sns, events, kms = connect("sns", account), connect("events", account), connect("kms", account)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    topic = sns.create_topic(Name="sealed", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    let_in = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [let_in]}))
    rule = events.put_rule(Name="r", EventPattern=json.dumps({"source": ["mine"]}))["RuleArn"]
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": topic}])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])

    def look() -> list[Any]:
        return [i for i in sandbox.request("undelivered")["undelivered"] if i["source_arn"] == rule]

    assert "kms:GenerateDataKey" in until(look)[0]["reason"]


def test_a_rule_reaches_the_topic_of_another_account_with_its_role(
    sandbox: Running, connect: Connect, account: str, other_account: str
) -> None:
    """The topic lets the other account's roles in; EventBridge acts as the role that the target names."""
    sns, events, iam = connect("sns", account), connect("events", other_account), connect("iam", other_account)
    topic = sns.create_topic(Name="shared")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@example.com")
    stranger = {"AWS": f"arn:aws:iam::{other_account}:root"}
    let_in = {"Effect": "Allow", "Principal": stranger, "Action": "sns:Publish", "Resource": topic}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [let_in]}))
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "events.amazonaws.com"}}
    role = iam.create_role(RoleName="tell", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["mine"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": topic, "RoleArn": role, "Input": '"told"'}])
    tell = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}

    def refused() -> list[Any]:
        return [i for i in sandbox.request("undelivered")["undelivered"] if i["target_arn"] == topic]

    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])
    assert "no identity-based policy allows the sns:Publish action" in until(refused)[0]["reason"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [tell]})
    iam.put_role_policy(RoleName="tell", PolicyName="p", PolicyDocument=policy)
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])
    (message,) = until(lambda: [m for m in sandbox.inbox() if m["topic_arn"] == topic])
    assert message["message"] == "told"


def test_topics_reach_functions_and_queues_of_other_accounts(
    connect: Connect, account: str, other_account: str, function: str, received: Any
) -> None:
    sns = connect("sns", other_account)
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    permit(connect, account, "sns.amazonaws.com", topic)
    sns.publish(TopicArn=topic, Message="one")
    record = received()["Records"][0]
    assert (record["EventSource"], record["Sns"]["Message"]) == ("aws:sns", "one")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=received.arn, Attributes={"RawMessageDelivery": "true"})
    connect("lambda", account).remove_permission(FunctionName="fn", StatementId="x")
    sns.publish(TopicArn=topic, Message="two")
    assert received() == "two"


def test_schedules_fire_when_asked(sandbox: Running, connect: Connect, account: str, received: Any) -> None:
    events, scheduler, iam = connect("events", account), connect("scheduler", account), connect("iam", account)
    rule = events.put_rule(Name="daily", ScheduleExpression="rate(1 day)")["RuleArn"]
    events.put_targets(Rule="daily", Targets=[{"Id": "1", "Arn": received.arn}])
    fired = sandbox.request("schedules/fire", {"account_id": account})["fired"]
    assert fired == [rule]
    assert received()["detail-type"] == "Scheduled Event"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "scheduler.amazonaws.com"}}
    role = iam.create_role(RoleName="clock", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    may = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": received.arn}
    iam.put_role_policy(
        RoleName="clock", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]})
    )
    scheduler.create_schedule(
        Name="weekly",
        ScheduleExpression="rate(7 days)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
            "RoleArn": role,
            "Input": json.dumps({"QueueUrl": received.url, "MessageBody": "tick"}),
        },
    )
    assert len(sandbox.request("schedules/fire", {"account_id": account, "name": "week*"})["fired"]) == 1
    assert received() == "tick"


def test_a_rule_starts_a_build_with_its_role(sandbox: Running, connect: Connect, account: str) -> None:
    events, iam, builds = connect("events", account), connect("iam", account), connect("codebuild", account)

    def role(name: str, service: str, statements: list[dict[str, Any]]) -> str:
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        return str(made["Role"]["Arn"])

    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    project = builds.create_project(
        name="echo",
        source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {build: {commands: [echo $WHO]}}"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole=role("build", "codebuild.amazonaws.com", everything),
    )["project"]["arn"]
    start = [{"Effect": "Allow", "Action": "codebuild:StartBuild", "Resource": project}]
    starter = role("starter", "events.amazonaws.com", start)
    idle = role("idle", "events.amazonaws.com", [{"Effect": "Deny", "Action": "*", "Resource": "*"}])
    for name, arn in (("allowed", starter), ("refused", idle)):
        events.put_rule(Name=name, EventPattern=json.dumps({"source": ["mine"]}))
        override = {"environmentVariablesOverride": [{"name": "WHO", "value": name}]}
        target = {"Id": "1", "Arn": project, "RoleArn": arn, "Input": json.dumps(override)}
        events.put_targets(Rule=name, Targets=[target])
    events.put_events(Entries=[{"Source": "mine", "DetailType": "d", "Detail": "{}"}])
    started = until(lambda: builds.list_builds_for_project(projectName="echo")["ids"])
    build = builds.batch_get_builds(ids=started)["builds"][0]
    assert {"name": "WHO", "value": "allowed", "type": "PLAINTEXT"} in build["environment"]["environmentVariables"]

    def look() -> list[Any]:
        found = sandbox.request("undelivered")["undelivered"]
        return [i for i in found if i["source_arn"].endswith(f":{account}:rule/refused")]

    assert "codebuild:StartBuild" in until(look)[0]["reason"]
    assert len(builds.list_builds_for_project(projectName="echo")["ids"]) == 1


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ('{"a": "<x>", "b": <x>}', {"x": "t"}, {"a": "t", "b": "t"}),
        ('{"a": <x>}', {"x": {"y": 1}}, {"a": {"y": 1}}),
        ('"<x> is <y>"', {"x": "a", "y": 2}, "a is 2"),
        ("<x> came", {"x": "word"}, "word came"),
        ('{"a": "<none>"}', {}, {"a": "<none>"}),
    ],
)
def test_templates_fill_in_as_event_bridge_does(template: str, values: dict[str, Any], expected: Any) -> None:
    assert fill(template, values) == expected


def test_a_constant_or_a_part_can_be_the_input() -> None:
    event = {"detail": {"a": [1, 2]}, "time": "now"}
    named = {"rule_arn": "arn", "rule_name": "r"}
    assert input_of({"Input": '{"b": 1}'}, event, **named) == {"b": 1}
    assert input_of({"InputPath": "$.detail.a[1]"}, event, **named) == 2
    assert input_of({}, event, **named) == event
