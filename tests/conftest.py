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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the end-to-end tests first, in one group."""
    end_to_end = [item for item in items if "/e2e/" in item.nodeid or item.nodeid.startswith("tests/e2e/")]
    for item in end_to_end:
        item.add_marker(pytest.mark.xdist_group("e2e"))
    chosen = {id(item) for item in end_to_end}
    items[:] = end_to_end + [item for item in items if id(item) not in chosen]
