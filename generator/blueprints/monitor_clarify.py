"""What Clarify is told: labels and facets for bias, how to read predictions, how to explain them."""

from __future__ import annotations

from typing import Any

from ..contract.check import Rule, View
from ..contract.composite import AnyJson, Items, OneOf, Record
from ..contract.field import Field, for_problem_types
from ..contract.kinds import Choice, Flag, Kind, Number, Schema, Text, Whole
from ..contract.report import INVALID, Report
from ..contract.s3 import S3Key, S3Location

_VALUE = OneOf("text or a number", text=Text("text", longest=256), number=Number(), boolean=Flag())
_VALUES = Items(_VALUE, fewest=1, most=1000, lone=True, expects="a list of values, or one threshold")
_COLUMN = Text("a column", longest=256, numbers=True)

BIAS_CONFIG = Field(
    "bias_config",
    Record(
        (
            Field(
                "label_values_or_threshold",
                _VALUES,
                "Labels that count as positive, or a threshold.",
                required=True,
                example=[1],
            ),
            Field(
                "facet_name",
                OneOf(
                    "a column, or a list of columns",
                    text=_COLUMN,
                    number=_COLUMN,
                    list=Items(_COLUMN, fewest=1, most=100, unique=True),
                ),
                "Sensitive column or columns.",
                required=True,
                example="age",
            ),
            Field(
                "facet_values_or_threshold",
                Items(
                    OneOf(
                        "a value, or a list of values for each facet",
                        text=Text("text", longest=256),
                        number=Number(),
                        boolean=Flag(),
                        list=Items(_VALUE, fewest=1, most=1000),
                    ),
                    fewest=1,
                    most=1000,
                    lone=True,
                    expects="a list of values, or one threshold",
                ),
                "Values of the sensitive group, or a threshold; one list for each column when there are several.",
                example=[40],
            ),
            Field("group_name", _COLUMN, "Column that groups records."),
        ),
        text=True,
        expects="an object with label_values_or_threshold and facet_name",
    ),
    "What bias is measured by: labels and facets.",
    required=True,
    example={"label_values_or_threshold": [1], "facet_name": "age", "facet_values_or_threshold": [40]},
)
PREDICTED_LABEL = Field(
    "model_predicted_label_config",
    Record(
        (
            Field("label", _COLUMN, "Index or JSONPath of the predicted label."),
            Field("probability", _COLUMN, "Index or JSONPath of the probability."),
            Field("probability_threshold", Number(0, 1), "Probability from which on a prediction is positive."),
            Field("label_headers", Items(_COLUMN, fewest=1, most=1000, lone=True), "Names of the labels."),
        ),
        text=True,
        expects="an object with label or probability",
    ),
    "How a prediction is read from the model's answer.",
    required=for_problem_types("BinaryClassification", "MulticlassClassification"),
    example={"probability": 0},
)


class _ShapBaseline(Kind):
    """The key of a CSV file in the assets bucket, its S3 location, or rows of features."""

    __slots__ = ()
    _KEY = S3Key("the key of a CSV file")
    _LOCATION = S3Location(needs_key=True)
    _ROWS = Items(
        OneOf(
            "a row: a list of values, or an object",
            list=Items(AnyJson("text", "number", "boolean", "null"), fewest=1, most=10000),
            object=AnyJson("object"),
        ),
        fewest=1,
        most=100,
    )

    def __init__(self) -> None:
        super().__init__("the key of a CSV file in the assets bucket, or a list of rows")

    def check(self, value: Any, report: Report) -> Any:
        if isinstance(value, str):
            if value.strip()[:5].lower() == "s3://":
                found = self._LOCATION.check(value, report)
                return found if found is INVALID else f"s3://{found}"
            return self._KEY.check(value, report)
        return self._ROWS.check(value, report) if isinstance(value, list) else self.wrong_type(value, report)

    def schema(self) -> Schema:
        return {"anyOf": [{"type": "string", "minLength": 1}, self._ROWS.schema()]}


SHAP_CONFIG = Field(
    "shap_config",
    Record(
        (
            Field("baseline", _ShapBaseline(), "Typical records to compare with.", example="baselines/shap.csv"),
            Field("num_samples", Whole(1, 10_000_000), "Samples for each explanation.", example=100),
            Field(
                "agg_method",
                Choice("mean_abs", "median", "mean_sq"),
                "How explanations are put together.",
                example="mean_abs",
            ),
            Field("use_logit", Flag(), "Whether predictions are turned into log-odds.", default=False),
            Field("save_local_shap_values", Flag(), "Whether each explanation is kept.", default=True),
            Field("seed", Whole(-(2**31), 2**31 - 1), "Seed."),
            Field("num_clusters", Whole(1, 10000), "Records of a computed baseline."),
            Field(
                "features_to_explain", Items(_COLUMN, fewest=1, most=1000, lone=True), "Features that are explained."
            ),
        ),
        text=True,
        expects="an object such as {baseline, num_samples, agg_method}",
    ),
    "How predictions are explained (SHAP).",
    required=True,
    example={"baseline": "baselines/shap.csv", "num_samples": 100, "agg_method": "mean_abs"},
)
MODEL_SCORES = Field(
    "model_scores",
    Text("an index or JSONPath", longest=256, numbers=True),
    "Index or JSONPath of the scores in the model's answer; 0 is an index too.",
    example=0,
)


def _check_facets(view: View) -> None:
    bias = view.get("bias_config")
    names, values = bias["facet_name"], bias.get("facet_values_or_threshold")
    if values is None:
        return
    place = "bias_config.facet_values_or_threshold"
    nested = [isinstance(value, list) for value in values]
    if isinstance(names, list) and len(names) > 1:
        if not all(nested) or len(values) != len(names):
            view.report.add_at(
                place,
                "facets-do-not-fit",
                f"needs one list for each of the {len(names)} facets in facet_name",
                "write [[...], [...]] in the order of facet_name",
            )
    elif any(nested) and not (isinstance(names, list) and len(values) == 1):
        view.report.add_at(
            place, "facets-do-not-fit", "has lists of values, but facet_name is one column", "write a list of values"
        )


FACETS_RULE = Rule(
    ("bias_config",),
    "Every facet has its values.",
    ("facets-do-not-fit",),
    _check_facets,
)


def _check_labels(view: View) -> None:
    labels = view.get("bias_config")["label_values_or_threshold"]
    if view.get("problem_type") == "Regression" and (len(labels) != 1 or isinstance(labels[0], str | bool)):
        view.report.add_at(
            "bias_config.label_values_or_threshold",
            "labels-do-not-fit",
            "must be one number for Regression: the threshold from which on an outcome is positive",
            "write one number in a list, for example [0.5]",
        )


LABELS_RULE = Rule(
    ("bias_config", "problem_type"),
    "For regression, the label is one threshold.",
    ("labels-do-not-fit",),
    _check_labels,
)


def _check_shap(view: View) -> None:
    shap = view.get("shap_config")
    if "baseline" in shap and "num_clusters" in shap:
        view.report.add_at(
            "shap_config.num_clusters",
            "cannot-combine",
            "cannot be combined with baseline: Clarify computes one from clusters, or takes yours",
            "remove one of them",
        )


SHAP_RULE = Rule(("shap_config",), "The baseline is given or computed, not both.", ("cannot-combine",), _check_shap)
