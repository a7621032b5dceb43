"""AWS's own managed policies, loaded when one is asked for.

moto leaves them out unless told otherwise, and then loads all of them for every account; without them no
`arn:aws:iam::aws:policy/...` can be attached.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.iam.models import AWSManagedPolicy, IAMBackend

from sandbox.context import Context

_PREFIX = ":iam::aws:policy/"


def install(context: Context) -> None:
    """Load a policy before any call that names it."""
    for name in (
        "attach_role_policy",
        "attach_group_policy",
        "attach_user_policy",
        "get_policy",
        "get_policy_version",
        "list_policy_versions",
        "create_role",
        "put_role_permissions_boundary",
    ):
        setattr(IAMBackend, name, _loading(getattr(IAMBackend, name)))

    list_policies = IAMBackend.list_policies

    def list_all(self: Any, *rest: Any, **named: Any) -> Any:
        for arn_end in _documents():
            _load(self, f"arn:{self.partition}{_PREFIX}{arn_end}")
        self.aws_managed_policies = [p for p in self.managed_policies.values() if isinstance(p, AWSManagedPolicy)]
        return list_policies(self, *rest, **named)

    IAMBackend.list_policies = list_all


def _loading(method: Any) -> Any:
    def call(self: Any, *rest: Any, **named: Any) -> Any:
        for value in (*rest, *named.values()):
            if isinstance(value, str) and _PREFIX in value:
                _load(self, value)
        return method(self, *rest, **named)

    return call


def _load(backend: Any, arn: str) -> None:
    if arn in backend.managed_policies:
        return
    found = _documents().get(arn.partition(_PREFIX)[2])
    if found is not None:
        name, data = found
        policy = AWSManagedPolicy.from_data(name, backend.account_id, backend.region_name, data)
        backend.managed_policies[policy.arn] = policy


@cache
def _documents() -> dict[str, tuple[str, dict[str, Any]]]:
    """AWS's policies by the end of their ARN (path and name): name and moto's record."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    parsed = json.loads(aws_managed_policies_data)
    return {f"{data['Path'].lstrip('/')}{name}": (name, data) for name, data in parsed.items()}
