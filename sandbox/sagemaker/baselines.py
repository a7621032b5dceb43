"""Statistics and constraints of a data set, in the files' formats of SageMaker Model Monitor. Pure.

Counted from the data itself: `statistics.json` holds each column's figures, `constraints.json` what later
data is held against. `violations` compares a data set with constraints as the monitor's executions do.
"""

from __future__ import annotations

import csv
import io
import math
import statistics
from typing import Any

_VERSION = 0.0
_DISTANCE_THRESHOLD = 0.1
_COMPLETENESS = "completeness_check"
_TYPES = "data_type_check"
_MISSING = "missing_column_check"
_EXTRA = "extra_column_check"

Columns = dict[str, list[str]]


def columns_of(text: str, *, header: bool) -> Columns:
    """A CSV text as columns; without a header they are named `_c0`, `_c1` and so on, as Spark does."""
    rows = [row for row in csv.reader(io.StringIO(text)) if row]
    if not rows:
        return {}
    names = [name.strip() for name in rows[0]] if header else [f"_c{index}" for index in range(len(rows[0]))]
    body = rows[1:] if header else rows
    return {name: [row[index] if index < len(row) else "" for row in body] for index, name in enumerate(names)}


def statistics_of(columns: Columns) -> dict[str, Any]:
    """The content of statistics.json."""
    count = max((len(values) for values in columns.values()), default=0)
    return {
        "version": _VERSION,
        "dataset": {"item_count": count},
        "features": [_feature(name, values) for name, values in columns.items()],
    }


def constraints_of(columns: Columns) -> dict[str, Any]:
    """The content of constraints.json for data quality."""
    features = []
    for name, values in columns.items():
        kind = _type_of(values)
        present = [value for value in values if value.strip()]
        feature: dict[str, Any] = {
            "name": name,
            "inferred_type": kind,
            "completeness": round(len(present) / len(values), 4) if values else 0.0,
        }
        if kind in ("Integral", "Fractional"):
            feature["num_constraints"] = {"is_non_negative": all(float(value) >= 0 for value in present)}
        features.append(feature)
    return {
        "version": _VERSION,
        "features": features,
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": _DISTANCE_THRESHOLD,
                "comparison_method": "Robust",
                "categorical_comparison_threshold": _DISTANCE_THRESHOLD,
                "categorical_drift_method": "LInfinity",
            },
        },
    }


def violations(columns: Columns, constraints: dict[str, Any]) -> list[dict[str, str]]:
    """The entries of constraint_violations.json: what a data set breaks of its baseline's constraints."""
    found = []
    known = {feature["name"]: feature for feature in constraints.get("features", [])}
    for name in known:
        if name not in columns:
            found.append(_violation(name, _MISSING, f"The column {name} of the baseline is missing"))
    for name, values in columns.items():
        feature = known.get(name)
        if feature is None:
            found.append(_violation(name, _EXTRA, f"The column {name} is not in the baseline"))
            continue
        present = [value for value in values if value.strip()]
        share = len(present) / len(values) if values else 1.0
        if share < feature.get("completeness", 0.0):
            text = f"Value: {share:.4f} does not meet the constraint requirement: {feature['completeness']}"
            found.append(_violation(name, _COMPLETENESS, text))
        kind = _type_of(values)
        expected = feature.get("inferred_type", kind)
        widened = expected == "Fractional" and kind == "Integral"
        if present and kind != expected and not widened:
            text = f"Data type match requirement is not met. Expected data type: {expected}, found {kind}"
            found.append(_violation(name, _TYPES, text))
    return found


def model_quality(truth: list[float], predicted: list[float], problem: str) -> dict[str, Any]:
    """Metrics of predictions against labels, as in statistics.json of a model quality baseline.

    Args:
        truth: The labels.
        predicted: As many predictions; for binary problems scores above 0.5 count as 1.
        problem: Regression, BinaryClassification or MulticlassClassification.
    """
    pairs = list(zip(truth, predicted, strict=True))
    if problem == "Regression":
        errors = [guess - label for label, guess in pairs]
        squares = statistics.fmean(error * error for error in errors) if errors else 0.0
        variance = statistics.pvariance(truth) if truth else 0.0
        metrics = {
            "mae": statistics.fmean(abs(error) for error in errors) if errors else 0.0,
            "mse": squares,
            "rmse": math.sqrt(squares),
            "r2": 1 - squares / variance if variance else 0.0,
        }
        name = "regression_metrics"
    else:
        binary = problem == "BinaryClassification"
        hits = [(label, float(guess > 0.5) if binary else guess) for label, guess in pairs]
        metrics = {"accuracy": sum(label == guess for label, guess in hits) / len(hits) if hits else 0.0}
        name = "multiclass_classification_metrics"
        if binary:
            name = "binary_classification_metrics"
            positives = sum(label == 1 for label, _ in hits)
            claimed = sum(guess == 1 for _, guess in hits)
            right = sum(label == guess == 1 for label, guess in hits)
            metrics["recall"] = right / positives if positives else 0.0
            metrics["precision"] = right / claimed if claimed else 0.0
    return {
        "version": _VERSION,
        "dataset": {"item_count": len(pairs)},
        name: {key: {"value": round(value, 6), "standard_deviation": "NaN"} for key, value in metrics.items()},
    }


def model_quality_constraints(quality: dict[str, Any]) -> dict[str, Any]:
    """The content of constraints.json for the metrics of `model_quality`: each may not get worse."""
    [(name, metrics)] = [(key, value) for key, value in quality.items() if key.endswith("_metrics")]
    lower_is_better = ("mae", "mse", "rmse")
    return {
        "version": _VERSION,
        name.replace("_metrics", "_constraints"): {
            key: {
                "threshold": metric["value"],
                "comparison_operator": "GreaterThanThreshold" if key in lower_is_better else "LessThanThreshold",
            }
            for key, metric in metrics.items()
        },
    }


def _feature(name: str, values: list[str]) -> dict[str, Any]:
    kind = _type_of(values)
    present = [value for value in values if value.strip()]
    common = {"num_present": len(present), "num_missing": len(values) - len(present)}
    feature: dict[str, Any] = {"name": name, "inferred_type": kind}
    if kind in ("Integral", "Fractional"):
        numbers = [float(value) for value in present]
        feature["numerical_statistics"] = {
            "common": common,
            "mean": statistics.fmean(numbers),
            "sum": math.fsum(numbers),
            "std_dev": statistics.pstdev(numbers),
            "min": min(numbers),
            "max": max(numbers),
            "distribution": {"kll": {"buckets": _buckets(numbers)}},
        }
    else:
        feature["string_statistics"] = {"common": common, "distinct_count": float(len(set(present)))}
    return feature


def _buckets(numbers: list[float]) -> list[dict[str, float]]:
    low, high = min(numbers), max(numbers)
    width = (high - low) / 10 or 1.0
    counts = [0] * 10
    for number in numbers:
        counts[min(int((number - low) / width), 9)] += 1
    return [
        {"lower_bound": low + width * index, "upper_bound": low + width * (index + 1), "count": float(count)}
        for index, count in enumerate(counts)
    ]


def _type_of(values: list[str]) -> str:
    present = [value for value in values if value.strip()]
    if not present:
        return "Unknown"
    try:
        numbers = [float(value) for value in present]
    except ValueError:
        return "String"
    if not all(math.isfinite(number) for number in numbers):
        return "String"
    whole = all(number.is_integer() and "." not in value for number, value in zip(numbers, present, strict=True))
    return "Integral" if whole else "Fractional"


def _violation(feature: str, check: str, description: str) -> dict[str, str]:
    return {"feature_name": feature, "constraint_check_type": check, "description": description}
