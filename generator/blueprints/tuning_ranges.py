"""The range of a hyperparameter: ``[kind, values]``, as the AWS solution writes it."""

from __future__ import annotations

from typing import Any

from ..contract.composite import Items
from ..contract.kinds import Choice, Kind, Number, Schema, show, type_name
from ..contract.report import INVALID, Report

_KIND = Choice("continuous", "integer", "categorical")
_SCALING = Choice("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")
_NUMBER = Number()

# Kinds of the hyperparameters that AWS tunes, for algorithms whose image refuses another kind.
# Source: SageMaker Developer Guide, "Tune an XGBoost Model", "Tune a linear learner model", "Tune a K-Means model".
TUNABLE = {
    "xgboost": {
        "alpha": "continuous",
        "colsample_bylevel": "continuous",
        "colsample_bynode": "continuous",
        "colsample_bytree": "continuous",
        "eta": "continuous",
        "gamma": "continuous",
        "lambda": "continuous",
        "max_delta_step": "integer",
        "max_depth": "integer",
        "min_child_weight": "continuous",
        "num_round": "integer",
        "subsample": "continuous",
    },
    "linear-learner": {
        "l1": "continuous",
        "learning_rate": "continuous",
        "mini_batch_size": "integer",
        "positive_example_weight_mult": "continuous",
        "wd": "continuous",
    },
    "kmeans": {"epochs": "integer", "extra_center_factor": "integer", "mini_batch_size": "integer"},
}


class _Range(Kind):
    """``["continuous" | "integer", [min, max, scaling]]`` or ``["categorical", [value, ...]]``."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(
            'a range such as ["continuous", [0.1, 0.5]], ["integer", [1, 15]] or ["categorical", ["a", "b"]]'
        )

    def check(self, value: Any, report: Report) -> Any:
        if not isinstance(value, list):
            return self.wrong_type(value, report)
        if len(value) != 2:
            return report.add("bad-range", f"{show(value)} is not {self.expects}", "write [kind, [values]]")
        outer = report.key
        report.key = f"{outer}[0]"
        kind = _KIND.check(value[0], report)
        report.key = f"{outer}[1]"
        values = value[1]
        if not isinstance(values, list):
            report.add("wrong-type", f"must be a list of values, but is {type_name(values)}: {show(values)}")
            checked: Any = INVALID
        elif kind is INVALID:
            checked = INVALID
        elif kind == "categorical":
            checked = _CATEGORIES.check(values, report)
        else:
            checked = _bounds(values, kind, report)
        report.key = outer
        return INVALID if kind is INVALID or checked is INVALID else [kind, checked]

    def schema(self) -> Schema:
        number = _NUMBER.schema()
        return {
            "oneOf": [
                {
                    "type": "array",
                    "prefixItems": [
                        {"enum": ["continuous", "integer"]},
                        {
                            "type": "array",
                            "prefixItems": [number, number, _SCALING.schema()],
                            "minItems": 2,
                            "maxItems": 3,
                        },
                    ],
                    "minItems": 2,
                    "maxItems": 2,
                },
                {
                    "type": "array",
                    "prefixItems": [{"const": "categorical"}, _CATEGORIES.schema()],
                    "minItems": 2,
                    "maxItems": 2,
                },
            ]
        }


class _Category(Kind):
    """One choice of a categorical range; becomes text of at most 256 characters."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("text, a number or a boolean")

    def check(self, value: Any, report: Report) -> Any:
        if not isinstance(value, str | int | float):
            return self.wrong_type(value, report)
        if isinstance(value, str) and not value.isprintable():
            return report.add("control-character", f"{show(value)} holds a control character", "remove it")
        if len(str(value)) > 256:
            return report.add("too-long", f"has {len(str(value))} characters, at most 256 are allowed")
        return value

    def schema(self) -> Schema:
        return {"type": ["string", "number", "boolean"], "maxLength": 256}


_CATEGORIES = Items(_Category(), fewest=1, most=30)


def _bounds(values: list[Any], kind: str, report: Report) -> Any:
    """Return [min, max] or [min, max, scaling], or report what is wrong with them."""
    outer = report.key
    if not 2 <= len(values) <= 3:
        return report.add("bad-range", f"{show(values)} is not [min, max] or [min, max, scaling]", "write [min, max]")
    checked: list[Any] = []
    for index, bound in enumerate(values[:2]):
        report.key = f"{outer}[{index}]"
        number = _NUMBER.check(bound, report)
        if number is not INVALID and kind == "integer" and not isinstance(number, int):
            number = report.add("bad-range", f"{show(bound)} is not a whole number, but the range is integer")
        checked.append(number)
    if len(values) == 3:
        report.key = f"{outer}[2]"
        checked.append(_SCALING.check(values[2], report))
    report.key = outer
    if any(part is INVALID for part in checked):
        return INVALID
    least, greatest, *scaling = checked
    if least >= greatest:
        return report.add("min-above-max", f"min {show(values[0])} is not below max {show(values[1])}", "swap them")
    if scaling == ["Logarithmic"] and least <= 0:
        return report.add("bad-range", "has scaling Logarithmic, which needs a range above 0", "use Linear or Auto")
    if scaling == ["ReverseLogarithmic"] and (kind != "continuous" or least < 0 or greatest >= 1):
        return report.add(
            "bad-range",
            "has scaling ReverseLogarithmic, which needs a continuous range within 0 <= x < 1",
            "use Linear",
        )
    return checked


RANGES = _Range()
