"""What SageMaker knows about instance types and the sandbox needs: which have storage of their own."""

from __future__ import annotations

import re

# Families whose name does not end in a `d` and that have NVMe storage all the same.
_LOCAL = frozenset({"g5", "g6", "g6e", "gr6", "p5", "p5e", "p5en", "p6-b200", "trn1", "trn1n", "trn2"})
_D_SUFFIX = re.compile(r"[a-z]+[0-9]+[a-z]*d[a-z]*")


def has_local_storage(instance_type: str) -> bool:
    """True if the type brings storage encrypted in hardware, for which SageMaker refuses a KMS key. Pure."""
    family = instance_type.split(".")[1] if instance_type.count(".") > 1 else ""
    return family in _LOCAL or _D_SUFFIX.fullmatch(family) is not None
