"""Counts of scaled variants: an update keeps as many instances as an endpoint has scaled to.

SageMaker starts a new endpoint configuration with the counts that it names, and Terraform cannot read those that are
live. So the plan is told them, as ``live_instance_counts``; the module uses them only in a configuration that is new
anyway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .aws import error_text
from .checks import is_missing
from .errors import DeliveryError
from .waiting import Site

_VARIABLE = "live_instance_counts"
_DECLARED = re.compile(rf'^variable "{_VARIABLE}"', re.MULTILINE)


def count_options(live: Sequence[Mapping[str, Any]], workspace: Path, site: Site) -> list[str]:
    """Return the options of ``terraform plan`` that tell it the counts of scaled variants; none if there are none.

    Args:
        live: Output ``live`` of the workspace's state.
        workspace: Its folder; a module that has no use for the counts does not declare the variable.
        site: The stage's account.

    Raises:
        DeliveryError: The endpoint cannot be looked at: its counts would be lost.
    """
    counts = {
        name: count
        for item in live
        if item.get("kind") == "sagemaker_endpoint" and item.get("autoscaled")
        for name, count in _counts(item, site).items()
    }
    declared = any(_DECLARED.search(path.read_text(encoding="utf-8")) for path in sorted(workspace.glob("*.tf")))
    return [f"-var={_VARIABLE}={json.dumps(counts, sort_keys=True)}"] if counts and declared else []


def _counts(item: Mapping[str, Any], site: Site) -> dict[str, int]:
    try:
        endpoint = site.client("sagemaker").describe_endpoint(EndpointName=item["name"])
    except Exception as error:
        if is_missing(error):
            return {}
        raise DeliveryError(
            f"the instances of endpoint {item['name']} cannot be counted: {error_text(error)}",
            "the stage's plan role must be allowed sagemaker:DescribeEndpoint; apply the account's workspace again",
        ) from error
    return {
        variant["VariantName"]: variant["CurrentInstanceCount"]
        for variant in endpoint.get("ProductionVariants", [])
        if variant["VariantName"] in item["autoscaled"] and variant.get("CurrentInstanceCount")
    }
