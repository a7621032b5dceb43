"""Who may do what: roles, trust, boundaries, other accounts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Connect = Callable[..., Any]
MakeRole = Callable[..., dict[str, str]]

REGION = "eu-central-1"


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_twelve_digits_are_root_of_that_account(connect: Connect, account: str) -> None:
    identity = connect("sts", account).get_caller_identity()
    assert identity["Account"] == account
    assert identity["Arn"] == f"arn:aws:iam::{account}:root"


def test_a_role_session_is_named_as_on_aws(connect: Connect, account: str, make_role: MakeRole) -> None:
    identity = connect("sts", make_role(account, "reader", [])).get_caller_identity()
    assert identity["Account"] == account
    assert identity["Arn"] == f"arn:aws:sts::{account}:assumed-role/reader/test"


def test_role_may_only_what_its_policy_names(connect: Connect, account: str, make_role: MakeRole) -> None:
    arn = f"arn:aws:sagemaker:{REGION}:{account}:model-package-group/mine-*"
    sagemaker = connect("sagemaker", make_role(account, "narrow", [allow("sagemaker:CreateModelPackageGroup", arn)]))
    sagemaker.create_model_package_group(ModelPackageGroupName="mine-1")
    with pytest.raises(ClientError) as error:
        sagemaker.create_model_package_group(ModelPackageGroupName="other")
    assert code_of(error) == "AccessDeniedException"
    message = error.value.response["Error"]["Message"]
    assert f"User: arn:aws:sts::{account}:assumed-role/narrow/test is not authorized to perform" in message
    assert "sagemaker:CreateModelPackageGroup on resource: " in message
    assert "no identity-based policy allows" in message


@pytest.mark.parametrize(
    ("service", "call", "arguments", "statement", "code"),
    [
        (
            "ssm",
            "put_parameter",
            {"Name": "/app/x", "Value": "1", "Type": "String"},
            "parameter/app/*",
            "AccessDeniedException",
        ),
        ("sns", "create_topic", {"Name": "app-x"}, "app-*", "AuthorizationError"),
        ("sqs", "create_queue", {"QueueName": "app-x"}, "app-*", "AccessDenied"),
        (
            "ecr",
            "create_repository",
            {"repositoryName": "app-x"},
            "repository/app-*",
            "AccessDeniedException",
        ),
        ("logs", "create_log_group", {"logGroupName": "/app/x"}, "log-group:/app/*", "AccessDeniedException"),
        (
            "events",
            "put_rule",
            {"Name": "app-x", "ScheduleExpression": "rate(1 day)"},
            "rule/app-*",
            "AccessDeniedException",
        ),
        ("dynamodb", "describe_table", {"TableName": "app-x"}, "table/app-*", "AccessDeniedException"),
        ("lambda", "get_function", {"FunctionName": "app-x"}, "function:app-*", "AccessDeniedException"),
        ("codebuild", "batch_get_builds", {"ids": ["app-x:1"]}, "project/app-*", "AccessDeniedException"),
        ("codepipeline", "get_pipeline", {"name": "app-x"}, "app-*", "AccessDeniedException"),
    ],
)
def test_resources_are_matched_and_refusals_speak_the_service_protocol(
    connect: Connect,
    account: str,
    make_role: MakeRole,
    service: str,
    call: str,
    arguments: dict[str, Any],
    statement: str,
    code: str,
) -> None:
    prefix = f"arn:aws:{service}:{REGION}:{account}:"
    may = connect(service, make_role(account, "may", [allow(f"{service}:*", prefix + statement)]))
    may_not = connect(service, make_role(account, "may-not", [allow(f"{service}:*", prefix + "no-such-thing")]))
    try:
        getattr(may, call)(**arguments)
        answer = "done"
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    assert answer == "done" or "NotFound" in answer
    with pytest.raises(ClientError) as refused:
        getattr(may_not, call)(**arguments)
    assert code_of(refused) == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_conditions_are_looked_at_in_both_directions(connect: Connect, account: str, make_role: MakeRole) -> None:
    elsewhere = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    here = {"StringNotEquals": {"aws:RequestedRegion": REGION}}
    needs_elsewhere = connect("ssm", make_role(account, "elsewhere", [allow("ssm:*", Condition=elsewhere)]))
    with pytest.raises(ClientError):
        needs_elsewhere.describe_parameters()
    denied_elsewhere = connect("ssm", make_role(account, "here", [allow("ssm:*"), deny("ssm:*", Condition=here)]))
    denied_elsewhere.describe_parameters()


def test_explicit_deny_beats_allow(connect: Connect, account: str, make_role: MakeRole) -> None:
    ssm = connect("ssm", make_role(account, "denied", [allow("*"), deny("ssm:DescribeParameters")]))
    with pytest.raises(ClientError, match="explicit deny in an identity-based policy"):
        ssm.describe_parameters()


def test_permissions_boundary_bounds(connect: Connect, account: str, make_role: MakeRole) -> None:
    iam = connect("iam", account)
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=document(allow("sns:*")))["Policy"]["Arn"]
    session = make_role(account, "bounded", [allow("*")], PermissionsBoundary=boundary)
    connect("sns", session).list_topics()
    with pytest.raises(ClientError, match="no permissions boundary allows the ssm:DescribeParameters"):
        connect("ssm", session).describe_parameters()


def test_managed_policies_count(connect: Connect, account: str, make_role: MakeRole) -> None:
    session = make_role(account, "managed", [])
    with pytest.raises(ClientError):
        connect("sns", session).list_topics()
    iam = connect("iam", account)
    arn = iam.create_policy(PolicyName="lists", PolicyDocument=document(allow("sns:ListTopics")))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="managed", PolicyArn=arn)
    connect("sns", session).list_topics()


def trust(principal: dict[str, Any], **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return statement | ({"Condition": condition} if condition else {})


def test_trust_policy_across_accounts(connect: Connect, account: str, other_account: str, make_role: MakeRole) -> None:
    target = f"arn:aws:iam::{other_account}:role/deploy"
    build = make_role(account, "build", [allow("sts:AssumeRole", target)])
    intruder = make_role(account, "intruder", [allow("sts:AssumeRole", "*")])
    no_permission = make_role(account, "plain", [])
    connect("iam", other_account).create_role(
        RoleName="deploy",
        AssumeRolePolicyDocument=document(
            trust({"AWS": [f"arn:aws:iam::{account}:role/build", f"arn:aws:iam::{account}:role/plain"]})
        ),
    )
    session = connect("sts", build).assume_role(RoleArn=target, RoleSessionName="ci")
    assert session["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{other_account}:assumed-role/deploy/ci"
    assert connect("sts", session["Credentials"]).get_caller_identity()["Account"] == other_account
    for refused in (intruder, no_permission, account):
        with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole") as error:
            connect("sts", refused).assume_role(RoleArn=target, RoleSessionName="ci")
        assert code_of(error) == "AccessDenied"


def test_external_id_must_match(connect: Connect, account: str, other_account: str) -> None:
    connect("iam", other_account).create_role(
        RoleName="guarded",
        AssumeRolePolicyDocument=document(trust({"AWS": account}, StringEquals={"sts:ExternalId": "secret-handshake"})),
    )
    sts = connect("sts", account)
    role = {"RoleArn": f"arn:aws:iam::{other_account}:role/guarded", "RoleSessionName": "ci"}
    sts.assume_role(**role, ExternalId="secret-handshake")
    for wrong in ({}, {"ExternalId": "guess"}):
        with pytest.raises(ClientError):
            sts.assume_role(**role, **wrong)


def test_a_role_that_does_not_exist_cannot_be_assumed(connect: Connect, account: str) -> None:
    with pytest.raises(ClientError) as error:
        connect("sts", account).assume_role(RoleArn=f"arn:aws:iam::{account}:role/none", RoleSessionName="ci")
    assert code_of(error) == "AccessDenied"


def test_wrong_session_token_is_refused(connect: Connect, account: str, make_role: MakeRole) -> None:
    session = dict(make_role(account, "token", [allow("*")]), SessionToken="forged")
    with pytest.raises(ClientError) as error:
        connect("sns", session).list_topics()
    assert code_of(error) == "InvalidClientTokenId"


def test_pass_role_is_needed_to_hand_over_a_role(connect: Connect, account: str, make_role: MakeRole) -> None:
    connect("iam", account).create_role(
        RoleName="execution", AssumeRolePolicyDocument=document(trust({"Service": "sagemaker.amazonaws.com"}))
    )
    model = {
        "ModelName": "m",
        "PrimaryContainer": {"Image": "492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1"},
        "ExecutionRoleArn": f"arn:aws:iam::{account}:role/execution",
    }
    without = connect("sagemaker", make_role(account, "without", [allow("sagemaker:*")]))
    with pytest.raises(ClientError, match=r"iam:PassRole on resource: arn:aws:iam::[0-9]+:role/execution"):
        without.create_model(**model)
    passing = allow(
        "iam:PassRole",
        f"arn:aws:iam::{account}:role/execution",
        Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    )
    connect("sagemaker", make_role(account, "with", [allow("sagemaker:*"), passing])).create_model(**model)


def test_kms_key_policy_has_the_last_word(connect: Connect, account: str, make_role: MakeRole) -> None:
    session = make_role(account, "cipher", [allow("kms:*")])
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    make_role(account, "else", [])
    stranger = root | {"Principal": {"AWS": f"arn:aws:iam::{account}:role/else"}}
    kms = connect("kms", account)
    opened = kms.create_key(Policy=document(root))["KeyMetadata"]["KeyId"]
    closed = kms.create_key(Policy=document(stranger), BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
    connect("kms", session).generate_data_key(KeyId=opened, KeySpec="AES_256")
    with pytest.raises(ClientError, match="no resource-based policy allows the kms:GenerateDataKey"):
        connect("kms", session).generate_data_key(KeyId=closed, KeySpec="AES_256")


def test_a_key_can_be_allowed_by_its_alias(connect: Connect, account: str, make_role: MakeRole) -> None:
    kms = connect("kms", account)
    named, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/data", TargetKeyId=named)
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/data"]}}
    session = make_role(account, "alias", [allow("kms:GenerateDataKey*", Condition=condition)])
    connect("kms", session).generate_data_key(KeyId=named, KeySpec="AES_256")
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        connect("kms", session).generate_data_key(KeyId=other, KeySpec="AES_256")


def test_an_encrypted_topic_takes_messages_of_those_who_may_use_its_key(
    connect: Connect, account: str, other_account: str, make_role: MakeRole
) -> None:
    kms, sns = connect("kms", account), connect("sns", account)
    key = kms.create_key()["KeyMetadata"]["Arn"]
    topic = sns.create_topic(Name="sealed", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    stranger = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other_account}:root"}}
    publish = stranger | {"Action": "sns:Publish", "Resource": topic}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(publish))
    through_sns = {"Condition": {"StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}}}
    rights = [allow("sns:Publish", topic), allow(["kms:Decrypt", "kms:GenerateDataKey*"], key, **through_sns)]
    with pytest.raises(ClientError, match="kms:GenerateDataKey") as error:
        connect("sns", make_role(account, "half", rights[:1])).publish(TopicArn=topic, Message="m")
    assert code_of(error) == "KMSAccessDenied"
    connect("sns", make_role(account, "whole", rights)).publish(TopicArn=topic, Message="m")
    other = connect("sns", make_role(other_account, "whole", rights))
    with pytest.raises(ClientError, match="no resource-based policy allows the kms:GenerateDataKey"):
        other.publish(TopicArn=topic, Message="m")
    root = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    use = stranger | {"Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*"} | through_sns
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=document(root, use))
    other.publish(TopicArn=topic, Message="m")


def test_namespaces_and_boundaries_can_be_conditions(connect: Connect, account: str, make_role: MakeRole) -> None:
    iam = connect("iam", account)
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=document(allow("*")))["Policy"]["Arn"]
    session = make_role(
        account,
        "conditional",
        [
            allow("cloudwatch:PutMetricData", Condition={"StringLike": {"cloudwatch:namespace": "mine/*"}}),
            allow("iam:*", Condition={"StringEquals": {"iam:PermissionsBoundary": boundary}}),
        ],
    )
    cloudwatch, bounded = connect("cloudwatch", session), connect("iam", session)
    cloudwatch.put_metric_data(Namespace="mine/x", MetricData=[{"MetricName": "m", "Value": 1}])
    with pytest.raises(ClientError, match="cloudwatch:PutMetricData"):
        cloudwatch.put_metric_data(Namespace="other", MetricData=[{"MetricName": "m", "Value": 1}])
    trusted = document(trust({"AWS": account}))
    bounded.create_role(RoleName="in", AssumeRolePolicyDocument=trusted, PermissionsBoundary=boundary)
    bounded.put_role_policy(RoleName="in", PolicyName="p", PolicyDocument=document(allow("*")))
    with pytest.raises(ClientError, match="iam:CreateRole"):
        bounded.create_role(RoleName="out", AssumeRolePolicyDocument=trusted)
    with pytest.raises(ClientError, match="iam:PutRolePolicy"):
        bounded.put_role_policy(RoleName="conditional", PolicyName="p", PolicyDocument=document(allow("*")))


def test_an_alias_needs_the_alias_and_the_key(connect: Connect, account: str, make_role: MakeRole) -> None:
    key = connect("kms", account).create_key()["KeyMetadata"]["Arn"]
    alias = f"arn:aws:kms:{REGION}:{account}:alias/mine"
    for number, (resources, works) in enumerate((([key], False), ([alias], False), ([key, alias], True))):
        kms = connect("kms", make_role(account, f"r{number}", [allow("kms:CreateAlias", resources)]))
        if works:
            kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
        else:
            with pytest.raises(ClientError, match="kms:CreateAlias on resource"):
                kms.create_alias(AliasName="alias/mine", TargetKeyId=key)


def test_a_policy_cannot_name_a_role_that_does_not_exist(
    connect: Connect, account: str, other_account: str, make_role: MakeRole
) -> None:
    nobody = f"arn:aws:iam::{other_account}:role/nobody"
    iam, s3, kms, sns = (connect(service, account) for service in ("iam", "s3", "kms", "sns"))
    s3.create_bucket(Bucket=f"named-{account}", CreateBucketConfiguration={"LocationConstraint": REGION})
    topic = sns.create_topic(Name="named")["TopicArn"]
    root = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}

    def set_all() -> list[str]:
        let_in = {"Effect": "Allow", "Principal": {"AWS": nobody}, "Resource": "*"}
        bucket = let_in | {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::named-{account}/*"}
        publish = let_in | {"Action": "sns:Publish", "Resource": topic}
        key = let_in | {"Action": "kms:Decrypt"}
        calls = [
            lambda: iam.create_role(RoleName="named", AssumeRolePolicyDocument=document(trust({"AWS": nobody}))),
            lambda: s3.put_bucket_policy(Bucket=f"named-{account}", Policy=document(bucket)),
            lambda: kms.create_key(Policy=document(root, key)),
            lambda: sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(publish)),
        ]
        codes = []
        for call in calls:
            try:
                call()
                codes.append("done")
            except ClientError as error:
                codes.append(str(error.response["Error"]["Code"]))
        return codes

    assert set_all() == [
        "MalformedPolicyDocument",
        "MalformedPolicy",
        "MalformedPolicyDocumentException",
        "InvalidParameter",
    ]
    make_role(other_account, "nobody", [])
    assert set_all() == ["done"] * 4


def test_policies_have_sizes(connect: Connect, account: str) -> None:
    iam = connect("iam", account)
    resources = [f"arn:aws:s3:::a-bucket-with-a-name-that-is-long-{number:04}" for number in range(300)]
    long = document(allow("s3:GetObject", resources))
    with pytest.raises(ClientError, match="Cannot exceed quota for PolicySize: 6144"):
        iam.create_policy(PolicyName="long", PolicyDocument=long)
    iam.create_role(RoleName="long", AssumeRolePolicyDocument=document(trust({"AWS": account})))
    with pytest.raises(ClientError, match="Maximum policy size of 10240 bytes exceeded for role long"):
        iam.put_role_policy(RoleName="long", PolicyName="long", PolicyDocument=long)
    wide = trust({"AWS": account}, StringEquals={"sts:ExternalId": [f"{n:050}" for n in range(60)]})
    with pytest.raises(ClientError, match="Cannot exceed quota for ACLSizePerRole: 2048"):
        iam.create_role(RoleName="wide", AssumeRolePolicyDocument=document(wide))


def test_a_key_policy_must_not_lock_its_author_out(connect: Connect, account: str) -> None:
    only_use = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:Decrypt", "Resource": "*"}
    with pytest.raises(ClientError, match="will not allow you to update the key policy in the future"):
        connect("kms", account).create_key(Policy=document(only_use))
