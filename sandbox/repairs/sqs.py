"""SQS: a queue can be used from another account, by its URL; moto looks for it only in the caller's
account.
"""

from __future__ import annotations

from typing import Any

from moto.sqs.models import sqs_backends
from moto.sqs.responses import SQSResponse

from sandbox.context import Context


def install(context: Context) -> None:
    """Find the queue in the account that its URL names."""

    def sqs_backend(self: Any) -> Any:
        parts = str(self._get_param("QueueUrl") or "").rstrip("/").split("/")
        owner = parts[-2] if len(parts) > 3 and parts[-2].isdigit() else self.current_account
        return sqs_backends[owner][self.region]

    SQSResponse.sqs_backend = property(sqs_backend)
