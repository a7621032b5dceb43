"""Buckets: policies with conditions, other accounts, versions, keys behind objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Connect = Callable[..., Any]
MakeRole = Callable[..., dict[str, str]]

TLS_ONLY = {
    "Sid": "tls",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def make_bucket(s3: Any, name: str, *statements: dict[str, Any], **config: Any) -> str:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    if statements:
        arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        full = [{"Resource": arns} | statement for statement in statements]
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": full}))
    return name


def test_a_tls_only_policy_does_not_close_the_bucket(connect: Connect, account: str) -> None:
    s3 = connect("s3", account)
    bucket = make_bucket(s3, f"tls-{account}", TLS_ONLY)
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == 1
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})
    assert [deleted["Key"] for deleted in answer["Deleted"]] == ["k"]


def test_an_explicit_deny_holds_even_for_root(connect: Connect, account: str) -> None:
    s3 = connect("s3", account)
    bucket = make_bucket(s3, f"deny-{account}", {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.delete_object(Bucket=bucket, Key="k")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})
    assert [(error["Key"], error["Code"]) for error in answer["Errors"]] == [("k", "AccessDenied")]


def test_another_account_sees_a_bucket_only_by_its_policy(connect: Connect, account: str, other_account: str) -> None:
    s3 = connect("s3", account)
    closed = make_bucket(s3, f"closed-{account}", TLS_ONLY)
    opened = make_bucket(
        s3,
        f"opened-{account}",
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{other_account}:root"},
            "Action": "s3:GetObject",
        },
    )
    for bucket in (closed, opened):
        s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    stranger = connect("s3", other_account)
    assert stranger.get_object(Bucket=opened, Key="k")["Body"].read() == b"1"
    with pytest.raises(ClientError, match="no resource-based policy allows the s3:GetObject"):
        stranger.get_object(Bucket=closed, Key="k")
    with pytest.raises(ClientError, match="s3:PutObject"):
        stranger.put_object(Bucket=opened, Key="k", Body=b"2")
    assert [bucket["Name"] for bucket in stranger.list_buckets()["Buckets"]] == []


def test_a_role_of_another_account_needs_both_policies(
    connect: Connect, account: str, other_account: str, make_role: MakeRole
) -> None:
    s3 = connect("s3", account)
    role = f"arn:aws:iam::{other_account}:role/reader"
    bucket = f"shared-{account}"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/a/*"}
    able = connect("s3", make_role(other_account, "reader", [statement]))
    unable = connect("s3", make_role(other_account, "reader-unable", []))
    unnamed = connect("s3", make_role(other_account, "someone", [statement]))
    named = {"AWS": [role, f"{role}-unable"]}
    make_bucket(s3, bucket, {"Effect": "Allow", "Principal": named, "Action": ["s3:GetObject", "s3:ListBucket"]})
    s3.put_object(Bucket=bucket, Key="a/k", Body=b"1")
    able.get_object(Bucket=bucket, Key="a/k")
    with pytest.raises(ClientError, match="no identity-based policy"):
        unable.get_object(Bucket=bucket, Key="a/k")
    with pytest.raises(ClientError, match="no resource-based policy"):
        unnamed.get_object(Bucket=bucket, Key="a/k")


def test_prefix_conditions_of_list_are_looked_at(connect: Connect, account: str, make_role: MakeRole) -> None:
    bucket = make_bucket(connect("s3", account), f"prefix-{account}")
    statement = {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{bucket}",
        "Condition": {"StringLike": {"s3:prefix": "mine/*"}},
    }
    s3 = connect("s3", make_role(account, "lister", [statement]))
    s3.list_objects_v2(Bucket=bucket, Prefix="mine/a")
    for prefix in ("", "yours/"):
        with pytest.raises(ClientError, match="s3:ListBucket"):
            s3.list_objects_v2(Bucket=bucket, Prefix=prefix)


def test_a_missing_object_is_hidden_from_who_may_not_list(connect: Connect, account: str, make_role: MakeRole) -> None:
    bucket = make_bucket(connect("s3", account), f"hidden-{account}")
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    look = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    for statements, code in (([read], "403"), ([read, look], "404")):
        s3 = connect("s3", make_role(account, f"reader-{code}", statements))
        with pytest.raises(ClientError) as error:
            s3.head_object(Bucket=bucket, Key="none")
        assert error.value.response["Error"]["Code"] == code


def test_an_object_behind_a_key_needs_the_key(
    connect: Connect, account: str, other_account: str, make_role: MakeRole
) -> None:
    s3, kms = connect("s3", account), connect("kms", account)
    writer = f"arn:aws:iam::{other_account}:role/writer"
    everything = {"Effect": "Allow", "Action": ["s3:*", "kms:*"], "Resource": "*"}
    session = make_role(other_account, "writer", [everything])
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    let_in = {
        "Effect": "Allow",
        "Principal": {"AWS": writer},
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}},
    }
    key = kms.create_key(Policy=json.dumps({"Statement": [root]}))["KeyMetadata"]["Arn"]
    bucket = make_bucket(
        s3,
        f"sealed-{account}",
        {"Effect": "Allow", "Principal": {"AWS": writer}, "Action": ["s3:PutObject", "s3:GetObject"]},
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    with pytest.raises(ClientError, match=f"kms:GenerateDataKey on resource: {key}"):
        connect("s3", session).put_object(Bucket=bucket, Key="k", Body=b"1")
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps({"Statement": [root, let_in]}))
    connect("s3", session).put_object(Bucket=bucket, Key="k", Body=b"1")
    assert connect("s3", session).get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


def test_a_versioned_bucket_with_delete_markers_can_be_emptied(connect: Connect, account: str) -> None:
    s3 = connect("s3", account)
    bucket = make_bucket(s3, f"versions-{account}")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket, Key="k", Body=body)
    s3.delete_object(Bucket=bucket, Key="k")
    listed = s3.list_object_versions(Bucket=bucket)
    doomed = [
        {"Key": item["Key"], "VersionId": item["VersionId"]} for item in listed["Versions"] + listed["DeleteMarkers"]
    ]
    assert len(doomed) == 3
    assert "Errors" not in s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed})
    s3.delete_bucket(Bucket=bucket)


def test_a_presigned_url_carries_its_signer(connect: Connect, account: str) -> None:
    import urllib.request

    s3 = connect("s3", account)
    bucket = make_bucket(s3, f"presigned-{account}", TLS_ONLY)
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"1"


def test_the_default_key_of_s3_is_for_its_own_account(
    connect: Connect, account: str, other_account: str, make_role: MakeRole
) -> None:
    s3 = connect("s3", account)
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    own, foreign = make_role(account, "own", [everything]), make_role(other_account, "foreign", [everything])
    bucket = make_bucket(
        s3,
        f"default-key-{account}",
        {"Effect": "Allow", "Principal": {"AWS": other_account}, "Action": "s3:*"},
    )
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    connect("s3", own).put_object(Bucket=bucket, Key="k", Body=b"1")
    connect("s3", own).get_object(Bucket=bucket, Key="k")
    with pytest.raises(ClientError, match=r"kms:GenerateDataKey on resource: .*alias/aws/s3"):
        connect("s3", foreign).put_object(Bucket=bucket, Key="k", Body=b"1")
