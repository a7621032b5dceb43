"""KMS: rotation periods are remembered, a key can be used from another account, and be given an id by a tag.

moto forgets the period, so that Terraform sees a change at every plan, and looks for a key only in the
caller's account even if its ARN names another one (whose key policy then decides).
"""

from __future__ import annotations

import json
from typing import Any

from moto.kms import models
from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse

from sandbox.context import Context
from sandbox.repairs.chosen_ids import asking, choosing

DEFAULT_DAYS = 365


def install(context: Context) -> None:
    """Mend what the first lines name."""
    models.generate_key_id = choosing(models.generate_key_id)
    models.KmsBackend.create_key = asking(
        models.KmsBackend.create_key, lambda tags: {tag["TagKey"]: tag["TagValue"] for tag in tags}
    )
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

    def kms_backend(self: Any) -> Any:
        key_id = str(self._get_param("KeyId") or "")
        if key_id.startswith("arn:"):
            _, _, _, region, account_id, _ = key_id.split(":", 5)
            return kms_backends[account_id][region]
        return kms_backends[self.current_account][self.region]

    KmsResponse.kms_backend = property(kms_backend)
    KmsResponse.enable_key_rotation = enable_key_rotation
    KmsResponse.get_key_rotation_status = get_key_rotation_status


def _key(response: Any) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]
