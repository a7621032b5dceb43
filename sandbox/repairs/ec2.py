"""EC2: a subnet or security group takes its id from the tag `_custom_id_`, as moto's keys and APIs do.

Without it a rehearsal could not make the very subnets that a platform file names.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from moto.ec2.models import security_groups, subnets

from sandbox.context import Context

TAG = "_custom_id_"
_wanted: ContextVar[str | None] = ContextVar("wanted", default=None)


def install(context: Context) -> None:
    """Give what is made the id that its tags ask for."""
    subnets.random_subnet_id = _chosen(subnets.random_subnet_id)
    security_groups.random_security_group_id = _chosen(security_groups.random_security_group_id)
    subnets.SubnetBackend.create_subnet = _asking(subnets.SubnetBackend.create_subnet)
    backend = security_groups.SecurityGroupBackend
    backend.create_security_group = _asking(backend.create_security_group)


def _chosen(random_id: Callable[[], str]) -> Callable[[], str]:
    return lambda: _wanted.get() or random_id()


def _asking(create: Callable[..., Any]) -> Callable[..., Any]:
    def create_with_id(self: Any, *args: Any, tags: Any = None, **kwargs: Any) -> Any:
        # Subnets get their tags by kind of resource, security groups as they are.
        given = tags or {}
        token = _wanted.set(given.get("subnet", given).get(TAG))
        try:
            return create(self, *args, tags=tags, **kwargs)
        finally:
            _wanted.reset(token)

    return create_with_id
