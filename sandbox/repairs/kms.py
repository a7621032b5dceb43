"""KMS: the rotation period of a key, which moto forgets, so that Terraform sees a change at every plan."""

from __future__ import annotations

import json
from typing import Any

from moto.kms.responses import KmsResponse

from sandbox.context import Context

DEFAULT_DAYS = 365


def install(context: Context) -> None:
    """Remember the period, and show it with the status."""
    enable, status = KmsResponse.enable_key_rotation, KmsResponse.get_key_rotation_status

    def enable_key_rotation(self: Any) -> Any:
        answer = enable(self)
        _key(self).rotation_days = int(self._get_param("RotationPeriodInDays") or DEFAULT_DAYS)
        return answer

    def get_key_rotation_status(self: Any) -> str:
        value = json.loads(status(self))
        if value["KeyRotationEnabled"]:
            key = _key(self)
            value |= {"KeyId": key.arn, "RotationPeriodInDays": getattr(key, "rotation_days", DEFAULT_DAYS)}
        return json.dumps(value)

    KmsResponse.enable_key_rotation = enable_key_rotation
    KmsResponse.get_key_rotation_status = get_key_rotation_status


def _key(response: Any) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]
