"""Stages: logging needs the account's CloudWatch role first."""

from __future__ import annotations

from typing import Any

from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.models import APIGatewayBackend

_MESSAGE = "CloudWatch Logs role ARN must be set in account settings to enable logging"


def install() -> None:
    """Refuse logging in an account that API Gateway has no role in."""
    update = APIGatewayBackend.update_stage

    def update_stage(self: Any, function_id: str, stage_name: str, patch_operations: list[dict[str, Any]]) -> Any:
        wants = [op for op in patch_operations if _wants_logs(op)]
        if wants and not self.account.cloudwatch_role_arn:
            raise BadRequestException(_MESSAGE)
        return update(self, function_id, stage_name, patch_operations)

    APIGatewayBackend.update_stage = update_stage


def _wants_logs(operation: dict[str, Any]) -> bool:
    path, value = operation["path"], operation.get("value")
    if path.startswith("/accessLogSettings"):
        return operation["op"] in ("add", "replace") and bool(value)
    return path.endswith("/logging/loglevel") and value not in (None, "", "OFF")
