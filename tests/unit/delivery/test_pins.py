"""Pinned objects: the very bytes of the request, copied once."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.pins import copy_pins
from tests.fakes_aws import FakeClient, aws_error

PIN: dict[str, Any] = {
    "kind": "s3_object",
    "variable": "model.artifact_s3_uri",
    "source": "s3://assets/churn/model v1.tar.gz",
    "target": "s3://artifacts/objects/0a1b/model v1.tar.gz",
    "version_id": "v7",
    "etag": '"e1"',
    "size": 10,
    "checksum": {"SHA256": "abc="},
}
MISSING = aws_error("404", status=404)
THERE = {"ContentLength": 10, "ChecksumSHA256": "abc="}


def s3(head: Any, **answers: Any) -> FakeClient:
    """Return an S3 client whose HeadObject answers are given."""
    return FakeClient("s3", {"head_object": head, "copy_object": {}, **answers})


def test_object_is_copied_by_version_with_a_checksum() -> None:
    client = s3([MISSING, THERE])
    assert copy_pins([PIN], client) == 1
    assert client.called("copy_object") == [
        {
            "Bucket": "artifacts",
            "Key": "objects/0a1b/model v1.tar.gz",
            "CopySource": {"Bucket": "assets", "Key": "churn/model v1.tar.gz", "VersionId": "v7"},
            "ChecksumAlgorithm": "SHA256",
            "TaggingDirective": "REPLACE",
        }
    ]


def test_object_that_is_there_is_left_alone() -> None:
    client = s3(THERE)
    assert copy_pins([PIN], client) == 0
    assert client.called("copy_object") == []


def test_same_object_in_several_stages_is_copied_once() -> None:
    client = s3([MISSING, THERE])
    assert copy_pins([PIN, {**PIN, "stage": "prod"}], client) == 1


def test_object_without_versions_is_held_by_its_etag() -> None:
    client = s3([MISSING, THERE])
    copy_pins([{**PIN, "version_id": None}], client)
    call = client.called("copy_object")[0]
    assert call["CopySourceIfMatch"] == '"e1"'
    assert "VersionId" not in call["CopySource"]


def test_pins_of_what_cannot_change_need_no_copy() -> None:
    assert copy_pins([{"kind": "ecr_image", "source": "x:1", "target": "x@sha256:0"}], s3(THERE)) == 0


def test_large_object_is_copied_in_parts() -> None:
    size = 5 * 1024**3 + 1
    client = s3(
        [MISSING, {"ContentLength": size, "ChecksumSHA256": "xyz=-11"}],
        create_multipart_upload={"UploadId": "u"},
        upload_part_copy=lambda PartNumber, **rest: {
            "CopyPartResult": {"ETag": f"e{PartNumber}", "ChecksumSHA256": f"c{PartNumber}"}
        },
        complete_multipart_upload={},
    )
    copy_pins([{**PIN, "size": size, "checksum": {"SHA256": "abc="}}], client)
    ranges = [call["CopySourceRange"] for call in client.called("upload_part_copy")]
    part = 512 * 1024**2
    assert len(ranges) == 11
    assert sorted(ranges, key=lambda text: int(text[6:].split("-")[0]))[-1] == f"bytes={10 * part}-{size - 1}"
    parts = client.called("complete_multipart_upload")[0]["MultipartUpload"]["Parts"]
    assert [entry["PartNumber"] for entry in parts] == list(range(1, 12))
    assert parts[3] == {"PartNumber": 4, "ETag": "e4", "ChecksumSHA256": "c4"}


def test_failed_part_leaves_no_upload_behind() -> None:
    size = 6 * 1024**3
    client = s3(
        MISSING,
        create_multipart_upload={"UploadId": "u"},
        upload_part_copy=aws_error("InternalError"),
        abort_multipart_upload={},
    )
    with pytest.raises(DeliveryError, match="InternalError"):
        copy_pins([{**PIN, "size": size}], client)
    assert len(client.called("abort_multipart_upload")) == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aws_error("NoSuchVersion"), r"model v1.tar.gz \(version v7\) is gone since the request"),
        (aws_error("PreconditionFailed"), "was overwritten since the request"),
        (aws_error("AccessDenied", "kms"), "cannot be copied to .*: AccessDenied: kms"),
    ],
)
def test_object_that_cannot_be_copied_says_why(error: Exception, words: str) -> None:
    with pytest.raises(DeliveryError, match=words):
        copy_pins([PIN], s3(MISSING, copy_object=error))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"ContentLength": 11}, "has 11 bytes, the request pointed to 10"),
        ({"ContentLength": 10, "ChecksumSHA256": "other="}, "SHA256 checksum other=, the request pointed to abc="),
    ],
)
def test_copy_with_other_bytes_is_refused(found: dict[str, Any], words: str) -> None:
    with pytest.raises(DeliveryError, match=words):
        copy_pins([PIN], s3(found))


def test_checksum_of_parts_is_not_compared_with_a_whole_one() -> None:
    assert copy_pins([PIN], s3({"ContentLength": 10, "ChecksumSHA256": "xyz=-3"})) == 0


def test_target_that_may_not_be_looked_at_is_an_error() -> None:
    with pytest.raises(DeliveryError, match="cannot be looked at: 403"):
        copy_pins([PIN], s3(aws_error("403", "Forbidden")))


NAMES = ("", "config.json", "weights.bin")
OBJECTS = [{"Key": f"churn/model/{name}", "ETag": f'"{name}"', "Size": 10} for name in NAMES]
FOLDER: dict[str, Any] = {
    "kind": "s3_prefix",
    "variable": "model.artifact_s3_uri",
    "source": "s3://assets/churn/model/",
    "target": "s3://artifacts/objects/0a1b/",
    "version_id": None,
    "checksum": {
        "listing": hashlib.sha256(
            "".join(f"{item['Key']} {item['ETag']} {item['Size']}\n" for item in OBJECTS).encode()
        ).hexdigest()
    },
}


def test_folder_is_copied_object_by_object() -> None:
    client = s3([MISSING, THERE, MISSING, THERE], list_objects_v2={"Contents": OBJECTS})
    assert copy_pins([FOLDER, {**FOLDER, "stage": "prod"}], client) == 2
    assert [call["Key"] for call in client.called("copy_object")] == [
        "objects/0a1b/config.json",
        "objects/0a1b/weights.bin",
    ]
    assert [call["CopySourceIfMatch"] for call in client.called("copy_object")] == ['"config.json"', '"weights.bin"']


def test_folder_that_was_changed_since_the_request_is_refused() -> None:
    client = s3(MISSING, list_objects_v2={"Contents": [*OBJECTS[:2], {**OBJECTS[2], "ETag": '"other"'}]})
    with pytest.raises(DeliveryError, match="was changed since the request"):
        copy_pins([FOLDER], client)
    assert client.called("copy_object") == []


def test_folder_that_is_only_looked_at_is_not_copied() -> None:
    assert copy_pins([{**FOLDER, "variable": "", "target": None}], s3(MISSING)) == 0
