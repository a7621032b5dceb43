"""ML instance types: which exist for a kind of job, and what hardware they have. Reads its table once, on first use.

The table (``data/instances.json``) is made by ``tools/instance_table.py`` from botocore's SageMaker model.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

JOB_KINDS = ("endpoint", "transform", "training", "processing")
_Table = dict[str, tuple[int, str, int]]


@cache
def _table() -> _Table:
    with open(Path(__file__).parent / "data" / "instances.json", encoding="utf-8") as file:
        types: _Table = json.load(file)["types"]
    return types


@cache
def types_for(job: str) -> frozenset[str]:
    """Return every ML instance type, e.g. ``ml.m5.large``, that a kind of job (see ``JOB_KINDS``) takes."""
    bit = 1 << JOB_KINDS.index(job)
    return frozenset(f"ml.{name}" for name, row in _table().items() if row[0] & bit)


def is_known(instance_type: str) -> bool:
    """Tell whether any kind of job takes the instance type."""
    return instance_type.removeprefix("ml.") in _table()


def processor(instance_type: str) -> str:
    """Return ``cpu``, ``arm``, ``gpu``, ``neuron`` or ``gaudi``; an unknown type counts as ``cpu``."""
    row = _table().get(instance_type.removeprefix("ml."))
    return row[1] if row else "cpu"


def local_storage_gb(instance_type: str) -> int:
    """Return the size in GB of local storage that hardware encrypts, for which AWS refuses a KMS key; 0 for none."""
    row = _table().get(instance_type.removeprefix("ml."))
    return row[2] if row else 0
