"""S3 mended: who may touch an object, and buckets that hold delete markers.

- moto lets a `Deny` of a bucket policy apply whatever its conditions say, so a policy that asks for TLS
  makes every
  object unreadable; and it lets every account into every bucket. Enforcement has decided both before moto
  is asked; what is left to decide here is single keys of DeleteObjects and unsigned reads.
- Emptying a versioned bucket fails where it holds a delete marker (`FakeDeleteMarker` has no `dispose`).
"""

from __future__ import annotations

from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, FakeDeleteMarker

from sandbox.context import Context
from sandbox.iam.enforcement import denied_keys
from sandbox.iam.policy import Caller, Effect, Question, evaluate, parse


def install(context: Context) -> None:
    """Mend moto's buckets."""

    def get_permission(self: Any, action: str, resource: str) -> Any:
        key = resource.partition(":::")[2].partition("/")[2]
        if action == "s3:DeleteObject" and key in getattr(denied_keys, "value", ()):
            return PermissionResult.DENIED
        if self.policy is None:
            return PermissionResult.NEUTRAL
        # Only unsigned requests depend on this answer: allowed if the policy lets everybody in.
        text = self.policy.decode() if isinstance(self.policy, bytes) else self.policy
        question = Question(action, ((resource,),), {"aws:securetransport": "true"})
        allowed = evaluate([parse(text)], question, Caller()) is Effect.ALLOW
        return PermissionResult.PERMITTED if allowed else PermissionResult.NEUTRAL

    def dispose(self: Any, garbage: bool = False) -> None:
        """A delete marker holds no data to let go."""

    FakeBucket.get_permission = get_permission
    FakeDeleteMarker.dispose = dispose
