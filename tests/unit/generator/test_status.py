"""Reading where a delivery stands while it changes."""

from __future__ import annotations

from typing import Any

import pytest

from generator.aws import Aws, AwsError
from generator.platform import default_platform
from generator.status import NoSuchPipeline, read_status


class _Going(Aws):
    """A pipeline that is listed and gone at the next look."""

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        raise AwsError(f"{service} {operation}: gone", code="PipelineNotFoundException")

    def pages(self, service: str, operation: str, **parameters: Any) -> Any:
        yield {"pipelineExecutionSummaries": [{"pipelineExecutionId": "one", "status": "Succeeded"}]}


def test_a_pipeline_that_goes_while_it_is_looked_at_is_no_pipeline() -> None:
    with pytest.raises(NoSuchPipeline, match="no delivery pipeline for churn"):
        read_status(_Going("eu-west-1"), default_platform(), "churn")
