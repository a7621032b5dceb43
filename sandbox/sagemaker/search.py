"""SageMaker Search over what the sandbox holds: training jobs, endpoints, packages and their groups, and more.

moto's Search looks into its own tables, where none of these are. Resources that stay moto's are still searched there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from sandbox.apis.operations import Call, Operations
from sandbox.apis.shapes import timestamp
from sandbox.sagemaker.store import Resource, invalid, store_of

operations = Operations("sagemaker")

_KINDS = {
    "Endpoint": "endpoint",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "Model": "model",
    "ModelCard": "model-card",
    "ModelPackage": "model-package",
    "ModelPackageGroup": "model-package-group",
    "TrainingJob": "training-job",
}
_PAGE = 10


@operations("Search")
def search(call: Call) -> dict[str, Any]:
    kind = _KINDS.get(call["Resource"])
    expression = call.get("SearchExpression", {})
    if kind is None:
        backend = sagemaker_backends[call.account_id][call.region]
        found: dict[str, Any] = backend.search(resource=call["Resource"], search_expression=expression)
        return found
    held = store_of(call)
    chosen = [r for r in held.all(kind) if _fits(expression, _searched(r, held.tags.get(r.arn, {})))]
    order = call.get("SortBy", "LastModifiedTime")
    chosen.sort(
        key=lambda r: str(_value(r.document, order) or r.document["CreationTime"]),
        reverse=call.get("SortOrder", "Descending") == "Descending",
    )
    start, size = int(call.get("NextToken", "0")), call.get("MaxResults", _PAGE)
    answer: dict[str, Any] = {
        "Results": [{call["Resource"]: _searched(r, held.tags.get(r.arn, {}))} for r in chosen[start : start + size]]
    }
    if start + size < len(chosen):
        answer["NextToken"] = str(start + size)
    return answer


def _searched(resource: Resource, tags: dict[str, str]) -> dict[str, Any]:
    return {**resource.document, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _fits(expression: dict[str, Any], document: dict[str, Any]) -> bool:
    parts = [_holds(item, document) for item in expression.get("Filters", [])]
    parts += [_fits(item, document) for item in expression.get("SubExpressions", [])]
    if not parts:
        return True
    return any(parts) if expression.get("Operator") == "Or" else all(parts)


def _holds(condition: dict[str, Any], document: dict[str, Any]) -> bool:
    value = _value(document, condition["Name"])
    operator, wanted = condition.get("Operator", "Equals"), condition.get("Value", "")
    if operator in ("Exists", "NotExists"):
        return bool((value is not None) == (operator == "Exists"))
    if operator == "NotEquals":
        return value is None or str(value) != wanted
    if value is None:
        return False
    if operator == "Equals":
        return bool(str(value) == wanted)
    if operator == "Contains":
        return wanted in str(value)
    if operator == "In":
        return str(value) in [part.strip() for part in wanted.split(",")]
    compare = _ORDER.get(operator)
    if compare is None:
        raise invalid(f"Unsupported operator {operator} for {condition['Name']}.")
    try:
        other: Any = timestamp(wanted) if isinstance(value, datetime) else float(wanted)
        return compare(value if isinstance(value, datetime) else float(value), other)
    except (TypeError, ValueError):
        raise invalid(f"{wanted} cannot be compared with {condition['Name']}.") from None


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": lambda a, b: bool(a > b),
    "GreaterThanOrEqualTo": lambda a, b: bool(a >= b),
    "LessThan": lambda a, b: bool(a < b),
    "LessThanOrEqualTo": lambda a, b: bool(a <= b),
}


def _value(document: Any, name: str) -> Any:
    """The member of a dotted name; `Tags.<key>` and `Metrics.<name>` look into lists by key. Pure."""
    head, _, rest = name.partition(".")
    if head == "Tags" and rest:
        return next((tag["Value"] for tag in document.get("Tags", []) if tag["Key"] == rest), None)
    if head == "Metrics" and rest:
        metrics = document.get("FinalMetricDataList", [])
        return next((metric["Value"] for metric in metrics if metric["MetricName"] == rest), None)
    value = document.get(head) if isinstance(document, dict) else None
    return _value(value, rest) if rest else value
