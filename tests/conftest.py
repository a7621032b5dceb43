"""For every test: no AWS or Terraform settings of the person's own, and one worker for the end-to-end tests.

The end-to-end tests share one installed platform, so they stay on one worker; they come first, because they
wait a lot, while the other worker goes through the rest.
"""

from __future__ import annotations

import os

import pytest

_KEPT = frozenset({"TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "AWS_CA_BUNDLE"})
for _name in [name for name in os.environ if name.startswith(("AWS_", "TF_", "MLOPS_")) and name not in _KEPT]:
    if _name != "MLOPS_PROVIDER_MIRROR":
        del os.environ[_name]


def _is_end_to_end(item: pytest.Item) -> bool:
    return item.nodeid.startswith("tests/e2e/")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Put the end-to-end tests into one group; later hooks would be too late for the distribution."""
    if _is_end_to_end(item):
        item.add_marker(pytest.mark.xdist_group("e2e"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the end-to-end tests."""
    items.sort(key=lambda item: not _is_end_to_end(item))
