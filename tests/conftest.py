"""For every test: no AWS or Terraform settings of the person's own, and nothing in the person's cache."""

from __future__ import annotations

import os
import tempfile

_KEPT = frozenset({"TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "AWS_CA_BUNDLE"})
for _name in [name for name in os.environ if name.startswith(("AWS_", "TF_", "MLOPS_")) and name not in _KEPT]:
    if _name != "MLOPS_PROVIDER_MIRROR":
        del os.environ[_name]

_cache = tempfile.TemporaryDirectory(prefix="mlops-test-cache-")
os.environ["XDG_CACHE_HOME"] = _cache.name
