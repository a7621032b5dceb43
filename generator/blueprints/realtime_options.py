"""The optional keys of realtime endpoints that the AWS solution did not have: how many, how updated, how watched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..blueprint import StageContext
from ..contract.check import Rule, View
from ..contract.field import Field
from ..contract.kinds import Whole
from . import common  # noqa: F401

OPTION_FIELDS: tuple[Field, ...] = (
    Field("instance_count", Whole(1, 100), "Number of instances.", default=1, per_stage=True, ours=True),
)
OPTION_RULES: tuple[Rule, ...] = ()


def option_variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables that the optional keys decide. Pure."""
    return {
        "variants": {
            "AllTraffic": {
                "instance_type": config["inference_instance"],
                "instance_count": config.get("instance_count", 1),
            }
        }
    }


__all__ = ["OPTION_FIELDS", "OPTION_RULES", "View", "option_variables"]
