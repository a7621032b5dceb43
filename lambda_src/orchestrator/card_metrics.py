"""Files of metrics, as SageMaker Clarify and Model Monitor write them, to the metric groups of a model card. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Group = dict[str, Any]

# A model card draws a matrix of at most this many rows and columns.
_MOST_MATRIX = 20
_LONGEST_GROUP_NAME = 63
_CURVES = {
    "receiver_operating_characteristic_curve": ("false_positive_rates", "true_positive_rates"),
    "precision_recall_curve": ("recalls", "precisions"),
}


def metric_groups(document: Any, metric_type: str) -> list[Group]:
    """Return the metric groups of a file.

    Args:
        document: The file's JSON.
        metric_type: Which schema it follows: ``model_card_metric_schema``, ``clarify_bias``,
            ``clarify_explainability``, ``regression``, ``binary_classification`` or ``multiclass_classification``.

    Raises:
        LookupError, TypeError, ValueError: The file does not follow that schema.
    """
    groups = list(_READERS[metric_type](document))
    if not groups:
        raise ValueError("the file holds no metrics of that type")
    return [{**group, "name": group["name"][:_LONGEST_GROUP_NAME]} for group in groups]


def _own(document: Mapping[str, Any]) -> Iterator[Group]:
    groups = document["metric_groups"]
    if not isinstance(groups, list):
        raise TypeError("metric_groups is not a list")
    for group in groups:
        yield {"name": group["name"], "metric_data": list(group["metric_data"])}


def _bias(document: Mapping[str, Any]) -> Iterator[Group]:
    """Read {method: {label, label_value_or_threshold, facets: {name: [{value_or_threshold, metrics}]}}}."""
    for method, analysis in document.items():
        if not isinstance(analysis, Mapping):
            continue
        label = f"label {analysis['label']} = {analysis['label_value_or_threshold']}"
        for facet, results in analysis["facets"].items():
            for result in results:
                numbers = [_number(metric["name"], metric["value"]) for metric in result["metrics"]]
                yield {
                    "name": f"{method} - {label} and facet {facet}={result['value_or_threshold']}",
                    "metric_data": [number for number in numbers if number is not None],
                }


def _explainability(document: Mapping[str, Any]) -> Iterator[Group]:
    explanations = document["explanations"]
    for label, values in explanations.get("kernel_shap", {}).items():
        if "global_shap_values" in values:
            yield {
                "name": f"explanations - global_shap_values, label={label}",
                "metric_data": [_typed(name, value) for name, value in values["global_shap_values"].items()],
            }
        for feature, words in values.get("global_top_shap_text", {}).items():
            yield {
                "name": f"explanations - global_top_shap_text, label={label}, feature={feature}",
                "metric_data": [_typed(name, value) for name, value in words.items()],
            }
    if "pdp" in explanations:
        data = [metric for feature in explanations["pdp"] for metric in _dependence(feature)]
        yield {"name": "explanations - pdp", "metric_data": data}


def _dependence(feature: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the graphs of one feature's partial dependence: its distribution, and the predictions for each label."""
    name, values = feature["feature_name"], feature["feature_values"]
    numerical = feature["data_type"] == "numerical"

    def graph(title: str, heights: Sequence[Any], axis: str) -> dict[str, Any]:
        return {
            "name": title,
            "type": "linear_graph" if numerical else "bar_chart",
            "value": [list(point) for point in zip(values, heights, strict=True)] if numerical else list(heights),
            "x_axis_name": name if numerical else [str(value) for value in values],
            "y_axis_name": axis,
        }

    yield graph(f"data_distribution - feature={name}", feature["data_distribution"], "Data distribution")
    for label, predictions in zip(feature["label_headers"], feature["model_predictions"], strict=True):
        yield graph(f"model_predictions - feature={name}, label={label}", predictions, str(label))


def _quality(kind: str) -> Callable[[Mapping[str, Any]], Iterator[Group]]:
    """Return the reader of Model Monitor's statistics of a kind of problem."""
    wanted = f"{kind}_metrics"

    def read(document: Mapping[str, Any]) -> Iterator[Group]:
        metrics = document[wanted]
        yield {"name": wanted, "metric_data": [metric for name in metrics for metric in _measured(name, metrics[name])]}

    return read


def _measured(name: str, raw: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if name == "confusion_matrix":
        rows = list(raw)[:_MOST_MATRIX]
        columns = list(raw[rows[0]])[:_MOST_MATRIX] if rows else []
        yield {
            "name": name,
            "type": "matrix",
            "value": [[raw[row][column] for column in columns] for row in rows],
            "x_axis_name": rows,
            "y_axis_name": columns,
        }
        return
    if name in _CURVES:
        across, up = _CURVES[name]
        points = [list(point) for point in zip(raw[across], raw[up], strict=True)]
        yield {"name": name, "type": "linear_graph", "value": points, "x_axis_name": across, "y_axis_name": up}
        return
    for title, value in ((name, raw["value"]), (f"{name} - standard_deviation", raw.get("standard_deviation"))):
        number = _number(title, value)
        if number is not None:
            yield number


def _number(name: str, value: Any) -> dict[str, Any] | None:
    """Return a number as a metric; None for what is no number, such as the "NaN" of an undefined one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    return {"name": name, "type": "number", "value": value}


def _typed(name: str, value: Any) -> dict[str, Any]:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string"}
    return {"name": name, "type": kinds[type(value)], "value": value}


_READERS: dict[str, Callable[[Mapping[str, Any]], Iterator[Group]]] = {
    "binary_classification": _quality("binary_classification"),
    "clarify_bias": _bias,
    "clarify_explainability": _explainability,
    "model_card_metric_schema": _own,
    "multiclass_classification": _quality("multiclass_classification"),
    "regression": _quality("regression"),
}
