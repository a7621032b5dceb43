"""What a rehearsal counts as left over: the platform's own, and nothing that was there before it."""

from __future__ import annotations

from typing import Any

from generator.demo.leftovers import find_leftovers


class _Account:
    """Answers every listing with nothing, but for buckets."""

    def __init__(self, buckets: list[str], tagged: list[str] | None = None) -> None:
        self._buckets = buckets
        self._tagged = tagged or []

    def list_buckets(self) -> dict[str, Any]:
        return {"Buckets": [{"Name": name} for name in self._buckets]}

    def get_resources(self, TagFilters: list[dict[str, Any]]) -> dict[str, Any]:
        assert TagFilters == [{"Key": "Project", "Values": ["acme-ml"]}]
        return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in self._tagged]}

    def __getattr__(self, name: str) -> Any:
        return dict


def test_what_was_prepared_is_not_left_over() -> None:
    accounts = {
        "111111111111": _Account(["acme-ml-state", "acme-mlops", "other"]),
        "222222222222": _Account(["acme-ml-capture", "acme-ml-state"]),
    }
    prepared = [{"kind": "bucket", "name": "acme-ml-capture", "account_id": "222222222222"}]
    found = find_leftovers(lambda account, service: accounts[account], accounts, "acme-ml", prepared)
    assert found == ["111111111111 s3 acme-ml-state", "222222222222 s3 acme-ml-state"]
    assert "222222222222 s3 acme-ml-capture" in find_leftovers(lambda a, s: accounts[a], accounts, "acme-ml")


def test_what_a_team_s_own_blueprint_left_is_found_by_its_tag() -> None:
    table = "arn:aws:dynamodb:eu-central-1:222222222222:table/acme-ml-dev-users"
    key = "arn:aws:kms:eu-central-1:222222222222:key/waits-for-its-deletion"
    account = _Account([], [table, key])
    assert find_leftovers(lambda a, s: account, ["222222222222"], "acme-ml") == [f"222222222222 {table}"]
