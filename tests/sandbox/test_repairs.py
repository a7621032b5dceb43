"""The small repairs, each against the API it mends."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.control import Running

Connect = Callable[..., Any]


def test_a_key_remembers_its_rotation_period(connect: Connect, account: str) -> None:
    kms = connect("kms", account)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 180
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_a_subnet_and_a_security_group_can_have_the_ids_that_they_are_known_by(connect: Connect, account: str) -> None:
    def named(kind: str, name: str) -> dict[str, Any]:
        return {"ResourceType": kind, "Tags": [{"Key": "_custom_id_", "Value": name}]}

    ec2 = connect("ec2", account)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet, group = f"subnet-{account:0>17}", f"sg-{account:0>17}"
    ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24", TagSpecifications=[named("subnet", subnet)])
    ec2.create_security_group(
        GroupName="g", Description="d", VpcId=vpc, TagSpecifications=[named("security-group", group)]
    )
    assert ec2.describe_subnets(SubnetIds=[subnet])["Subnets"][0]["VpcId"] == vpc
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["VpcId"] == vpc
    other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    assert other != subnet


def test_a_key_can_have_the_id_that_it_is_known_by(connect: Connect, account: str) -> None:
    kms, name = connect("kms", account), "1234abcd-12ab-34cd-56ef-1234567890ab"
    key = kms.create_key(Tags=[{"TagKey": "_custom_id_", "TagValue": name}])["KeyMetadata"]
    assert (key["KeyId"], key["Arn"].rsplit("/", 1)[1]) == (name, name)
    kms.create_alias(AliasName="alias/states", TargetKeyId=key["Arn"])
    assert kms.describe_key(KeyId="alias/states")["KeyMetadata"]["KeyId"] == name
    assert kms.create_key()["KeyMetadata"]["KeyId"] != name


def test_composite_alarms_exist(connect: Connect, account: str) -> None:
    cloudwatch = connect("cloudwatch", account)
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("a") OR ALARM("b")', AlarmDescription="d")
    alarm = cloudwatch.describe_alarms(AlarmNames=["both"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"][0]
    assert alarm["AlarmRule"] == 'ALARM("a") OR ALARM("b")'
    assert (alarm["AlarmDescription"], alarm["StateValue"]) == ("d", "INSUFFICIENT_DATA")
    cloudwatch.delete_alarms(AlarmNames=["both"])
    assert cloudwatch.describe_alarms(AlarmNames=["both"])["CompositeAlarms"] == []


def test_an_alarm_that_is_set_tells_its_topic(sandbox: Running, connect: Connect, account: str) -> None:
    sns, cloudwatch = connect("sns", account), connect("cloudwatch", account)
    topic = sns.create_topic(Name="alarms")["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({"Statement": [statement]})
    )
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="you@example.com")
    cloudwatch.put_metric_alarm(
        AlarmName="slow",
        Namespace="n",
        MetricName="m",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Threshold=1,
        Statistic="Sum",
        AlarmActions=[topic],
    )
    for _ in range(2):
        cloudwatch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="rehearsal")
    messages: list[Any] = []
    end = time.monotonic() + 30
    while not messages and time.monotonic() < end:
        messages = sandbox.request(f"inbox?account_id={account}")["messages"]
    assert len(messages) == 1
    told = json.loads(messages[0]["message"])
    assert (told["AlarmName"], told["OldStateValue"], told["NewStateValue"]) == ("slow", "INSUFFICIENT_DATA", "ALARM")


def test_saved_queries(connect: Connect, account: str) -> None:
    logs = connect("logs", account)
    made = logs.put_query_definition(name="errors", queryString="fields @message", logGroupNames=["/a"])
    listed = logs.describe_query_definitions(queryDefinitionNamePrefix="err")["queryDefinitions"]
    assert [(q["queryDefinitionId"], q["logGroupNames"]) for q in listed] == [(made["queryDefinitionId"], ["/a"])]
    assert logs.delete_query_definition(queryDefinitionId=made["queryDefinitionId"])["success"] is True
    assert logs.describe_query_definitions()["queryDefinitions"] == []


def test_aws_managed_policies_can_be_attached_and_count(
    connect: Connect, account: str, make_role: Callable[..., dict[str, str]]
) -> None:
    session = make_role(account, "reader", [])
    with pytest.raises(ClientError):
        connect("sns", session).list_topics()
    arn = "arn:aws:iam::aws:policy/AmazonSNSReadOnlyAccess"
    connect("iam", account).attach_role_policy(RoleName="reader", PolicyArn=arn)
    connect("sns", session).list_topics()
    service_role = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    policy = connect("iam", account).get_policy(PolicyArn=service_role)["Policy"]
    assert policy["PolicyName"] == "AWSLambdaBasicExecutionRole"


def test_connections_to_git_hosts(connect: Connect, account: str) -> None:
    client = connect("codeconnections", account)
    arn = client.create_connection(ConnectionName="git", ProviderType="GitHub", Tags=[{"Key": "a", "Value": "b"}])[
        "ConnectionArn"
    ]
    assert client.get_connection(ConnectionArn=arn)["Connection"]["ConnectionStatus"] == "AVAILABLE"
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    older = connect("codestar-connections", account)
    assert [c["ConnectionArn"] for c in older.list_connections()["Connections"]] == [arn]
    client.delete_connection(ConnectionArn=arn)
    with pytest.raises(ClientError) as error:
        client.get_connection(ConnectionArn=arn)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_keys_and_queues_of_another_account_are_found_and_guarded(
    connect: Connect, account: str, other_account: str
) -> None:
    kms, sqs = connect("kms", account), connect("sqs", account)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    url = sqs.create_queue(QueueName="shared")["QueueUrl"]
    stranger_kms, stranger_sqs = connect("kms", other_account), connect("sqs", other_account)
    with pytest.raises(ClientError, match="no resource-based policy allows the kms:Encrypt"):
        stranger_kms.encrypt(KeyId=key, Plaintext=b"x")
    with pytest.raises(ClientError, match=f"sqs:SendMessage on resource: arn:aws:sqs:eu-central-1:{account}:shared"):
        stranger_sqs.send_message(QueueUrl=url, MessageBody="x")
    owner = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    guest = {"Effect": "Allow", "Principal": {"AWS": other_account}, "Resource": "*"}
    policy = {"Statement": [owner, guest | {"Action": "kms:Encrypt"}]}
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [guest | {"Action": "sqs:SendMessage"}]})}
    )
    assert stranger_kms.encrypt(KeyId=key, Plaintext=b"x")["KeyId"] == key
    stranger_sqs.send_message(QueueUrl=url, MessageBody="x")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "x"


def test_a_log_group_needs_a_key_that_lets_logs_in(connect: Connect, account: str) -> None:
    kms, logs = connect("kms", account), connect("logs", account)
    owner = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    service = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.eu-central-1.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:eu-central-1:{account}:log-group:/mine/*"}
        },
    }
    key = kms.create_key(Policy=json.dumps({"Statement": [owner]}))["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError, match="is not allowed to be used with Arn"):
        logs.create_log_group(logGroupName="/mine/a", kmsKeyId=key)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Statement": [owner, service]}))
    logs.create_log_group(logGroupName="/mine/a", kmsKeyId=key)
    with pytest.raises(ClientError, match="is not allowed to be used with Arn"):
        logs.create_log_group(logGroupName="/yours", kmsKeyId=key)
    logs.disassociate_kms_key(logGroupName="/mine/a")
    logs.associate_kms_key(logGroupName="/mine/a", kmsKeyId=key)
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key
