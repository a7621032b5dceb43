"""The declared check: one read of an AWS API, held against what was planned."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from generator.delivery.checks import KINDS, check_gone, check_live
from generator.delivery.waiting import Site
from tests.fakes_aws import FakeAws, FakeClock, aws_error

MakeSite = Callable[..., Site]
TABLE: dict[str, Any] = {
    "kind": "aws_api",
    "name": "table users",
    "service": "dynamodb",
    "operation": "describe_table",
    "parameters": {"TableName": "users"},
    "expect": {"Table.TableStatus": "ACTIVE", "Table.KeySchema[].AttributeName": ["id"]},
    "wait_while": {"Table.TableStatus": ["CREATING", "UPDATING"]},
}


def table(status: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    return {
        "Table": {"TableStatus": status, "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], **more}
    }


def test_what_is_as_planned_passes_and_is_described(site: MakeSite) -> None:
    place = site(FakeAws(dynamodb={"describe_table": table()}))
    assert check_live([TABLE], KINDS, place) == (
        ["table users is there with Table.TableStatus ACTIVE, Table.KeySchema[].AttributeName ['id']"],
        [],
    )


def test_what_is_not_ready_is_waited_for(site: MakeSite) -> None:
    place = site(FakeAws(dynamodb={"describe_table": [table("CREATING"), table("UPDATING"), table()]}))
    assert check_live([TABLE], KINDS, place)[1] == []
    assert isinstance(place.clock, FakeClock)
    assert len(place.clock.sleeps) == 2


def test_every_difference_is_told(site: MakeSite) -> None:
    item = {**TABLE, "expect": {"Table.TableStatus": "ACTIVE", "Table.SSEDescription.Status": "ENABLED"}}
    place = site(FakeAws(dynamodb={"describe_table": table("ARCHIVED")}))
    assert check_live([item], KINDS, place)[1] == [
        "table users: Table.TableStatus is ARCHIVED, planned was ACTIVE; "
        "Table.SSEDescription.Status is nothing, planned was ENABLED"
    ]


def test_times_are_compared_as_text(site: MakeSite) -> None:
    then = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    place = site(FakeAws(dynamodb={"describe_table": table(CreationDateTime=then)}))
    assert check_live([{**TABLE, "expect": {"Table.CreationDateTime": then.isoformat()}}], KINDS, place)[1] == []


def test_only_calls_that_read_are_made(site: MakeSite) -> None:
    place = site(FakeAws(dynamodb={"delete_table": {}}))
    (wrong,) = check_live([{**TABLE, "operation": "delete_table"}], KINDS, place)[1]
    assert "delete_table is not a call that reads" in wrong


def test_a_call_that_is_refused_is_told(site: MakeSite) -> None:
    place = site(FakeAws(dynamodb={"describe_table": aws_error("AccessDeniedException", "no")}))
    assert check_live([TABLE], KINDS, place)[1] == ["aws_api table users: AccessDeniedException: no"]


@pytest.mark.parametrize(
    "error",
    [
        aws_error("ResourceNotFoundException"),
        aws_error("TableNotFoundException"),
        aws_error("AWS.SimpleQueueService.NonExistentQueue"),
        aws_error("NoSuchBucket"),
        aws_error("404", status=404),
    ],
    ids=lambda error: error.response["Error"]["Code"],
)
def test_a_service_s_own_word_for_missing_means_gone(site: MakeSite, error: Exception) -> None:
    place = site(FakeAws(dynamodb={"describe_table": error}))
    assert check_gone([TABLE], KINDS, place) == (["aws_api table users is gone"], [])


def test_what_is_still_there_is_told(site: MakeSite) -> None:
    place = site(FakeAws(dynamodb={"describe_table": table()}))
    assert check_gone([TABLE], KINDS, place)[1] == ["table users still exists"]


def test_a_list_of_nothing_means_gone(site: MakeSite) -> None:
    item = {
        "kind": "aws_api",
        "service": "events",
        "operation": "list_rules",
        "parameters": {"NamePrefix": "users"},
        "expect": {"Rules[0].Name": "users"},
    }
    assert check_gone([item], KINDS, site(FakeAws(events={"list_rules": {"Rules": []}})))[1] == []
    left = check_gone([item], KINDS, site(FakeAws(events={"list_rules": {"Rules": [{"Name": "users"}]}})))[1]
    assert left == ["events list_rules still exists"]
