"""Plans in another partition held against its ARNs and addresses: what names those of another was fixed in a source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from tools.fidelity.findings import Finding
from tools.fidelity.planning import Planned
from tools.fidelity.plans import POLICIES

KIND = "partition"
# https://docs.amazonaws.cn/en_us/aws/latest/userguide/ARNs.html and endpoints-arns.html
_ADDRESS = re.compile(r"[\w.-]*cn-\w+-\d\.amazonaws\.com(?!\.cn)")
_FOREIGN = {re.compile(r"arn:aws:[^\"\s]*"): "an ARN of the partition aws", _ADDRESS: "an address without .cn"}


def is_policy(kind: str, attribute: str) -> bool:
    """Whether an attribute holds a policy, whose services are names and no addresses: they have no .cn."""
    return any(attribute == policy[0] for policy in POLICIES.get(kind, ()))


def check(planned: Mapping[str, Planned]) -> Iterator[Finding]:
    """Yield what of plans in the partition aws-cn is of another."""
    for case, plan in planned.items():
        for address, values in plan.resources.items():
            for attribute, value in values.items():
                text = value if isinstance(value, str) else json.dumps(value, default=str)
                for pattern, what in _FOREIGN.items():
                    if pattern is _ADDRESS and is_policy(plan.kinds[address], attribute):
                        continue
                    for found in sorted(set(pattern.findall(text))):
                        yield Finding(f"{case}: {address}.{attribute}", f"{found} is {what}", KIND)
