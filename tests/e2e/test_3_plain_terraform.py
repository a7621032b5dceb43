"""The way without an API: generate, then plain terraform with nothing but the sandbox's environment."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.e2e.installation import Installation

PIPELINE = "plain-realtime-builtin"


def test_a_generated_workspace_is_applied_with_plain_terraform(installed: Installation) -> None:
    workspace = installed.folder / "environments/dev" / PIPELINE
    installed.terraform(workspace, "init", "-input=false", "-lockfile=readonly")
    installed.terraform(workspace, "apply", "-input=false", "-auto-approve")
    assert installed.endpoint("dev", PIPELINE)["EndpointStatus"] == "InService"
    live = json.loads(installed.terraform(workspace, "output", "-json").out)["pipeline"]["value"]["live"]
    assert live[0]["endpoint_config_name"] == installed.endpoint("dev", PIPELINE)["EndpointConfigName"]
    # 0: nothing to change; 2 would be a difference.
    installed.terraform(workspace, "plan", "-input=false", "-detailed-exitcode")
    assert installed.mlops("generate", "--json").json["changes"] == []
    installed.terraform(workspace, "destroy", "-input=false", "-auto-approve")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        installed.endpoint("dev", PIPELINE)
