"""What a rehearsal counts as left over: the platform's own, and nothing that was there before it."""

from __future__ import annotations

from typing import Any

from generator.demo.leftovers import find_leftovers


class _Account:
    """Answers every listing with nothing, but for buckets."""

    def __init__(self, buckets: list[str]) -> None:
        self._buckets = buckets

    def list_buckets(self) -> dict[str, Any]:
        return {"Buckets": [{"Name": name} for name in self._buckets]}

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
