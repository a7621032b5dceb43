"""The field library: keys declared once give validation, JSON Schema, documentation and error texts.

Pure standard library and cheap to import, because the very same code runs in the CLI and in the Lambda.

    kinds.py     what a single value may be, its normal form, its schema
    composite.py lists, objects and alternatives of them
    scalars.py   ARNs, images, names, regions, instance types
    s3.py        buckets, keys, locations
    schedule.py  when a monitor runs
    field.py     a key: kind, requirement, per-stage, meaning, default
    check.py     one config against its keys and rules: every problem at once
    report.py    where problems are collected
"""

from __future__ import annotations

from .check import Context, Rule, View, check_config
from .composite import AnyJson, Items, Mapped, OneOf, Record
from .field import WITH_REGISTRY, WITHOUT_REGISTRY, Field, When, for_problem_types
from .kinds import Choice, Flag, Kind, Number, Numbered, Text, Whole
from .report import INVALID, Report

__all__ = [
    "INVALID",
    "WITHOUT_REGISTRY",
    "WITH_REGISTRY",
    "AnyJson",
    "Choice",
    "Context",
    "Field",
    "Flag",
    "Items",
    "Kind",
    "Mapped",
    "Number",
    "Numbered",
    "OneOf",
    "Record",
    "Report",
    "Rule",
    "Text",
    "View",
    "When",
    "Whole",
    "check_config",
    "for_problem_types",
]
