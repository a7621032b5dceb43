"""EC2: a subnet or security group takes the id that its tag `_custom_id_` asks for; moto only makes up ids."""

from __future__ import annotations

from moto.ec2.models import security_groups, subnets

from sandbox.context import Context
from sandbox.repairs.chosen_ids import asking, choosing


def install(context: Context) -> None:
    """Give what is made the id that its tags ask for."""
    subnets.random_subnet_id = choosing(subnets.random_subnet_id)
    security_groups.random_security_group_id = choosing(security_groups.random_security_group_id)
    # Subnets get their tags by kind of resource, security groups as they are.
    subnet, group = subnets.SubnetBackend, security_groups.SecurityGroupBackend
    subnet.create_subnet = asking(subnet.create_subnet, lambda tags: tags.get("subnet", {}))
    group.create_security_group = asking(group.create_security_group, lambda tags: tags)
