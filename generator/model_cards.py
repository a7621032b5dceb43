"""The six model-card operations of the API: what each takes, and what is wrong with a body. Pure.

The AWS solution dropped unknown members of a section without a word and failed with a server error on deeper ones;
here every unknown member is a problem, as everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .contract.composite import AnyJson, Items, OneOf, Record
from .contract.field import Field
from .contract.kinds import Choice, Kind, Number, Text, Whole, show, type_name
from .contract.report import INVALID, Report
from .contract.s3 import S3Location
from .contract.scalars import sagemaker_name
from .problems import Problem, listed

_LONG = Text("text", r"[\S\s]{1,4096}", longest=4096)
_SHORT = Text("text of at most 1,024 characters", longest=1024)
_URIS = Items(_SHORT, most=15)
_PERSON = OneOf("text or an object", text=_SHORT, object=AnyJson("object"))
_STATUS = Choice("Draft", "PendingReview", "Approved", "Archived")


def _field(
    name: str, kind: Kind, meaning: str, *, required: bool = False, default: Any = None, example: Any = None
) -> Field:
    return Field(name, kind, meaning, required=required, default=default, example=example)


_PIPELINE_TYPE = _field("pipeline_type", Text("a model-card operation", lower=True), "The operation.", required=True)
_NAME = _field(
    "name", sagemaker_name("the name of a model card", 63), "Name of the card.", required=True, example="churn"
)


class _Overview(Record):
    """Facts about the model; what a lookup by ``model_name`` fills is not given beside it."""

    __slots__ = ()
    _LOOKED_UP = ("model_id", "model_artifact", "inference_environment")

    def check(self, value: Any, report: Report) -> Any:
        before = len(report.problems)
        checked = super().check(value, report)
        if isinstance(value, dict) and value.get("model_name"):
            for name in self._LOOKED_UP:
                if value.get(name):
                    report.add_at(
                        f"{report.key}.{name}",
                        "cannot-combine",
                        "is looked up from the SageMaker model that model_name names",
                        f"remove {name} or model_name",
                    )
        return checked if len(report.problems) == before else INVALID


class _Metric(Record):
    """One metric, whose value fits its type."""

    __slots__ = ()
    _TYPES: Mapping[str, tuple[str, ...]] = {
        "number": ("a number",),
        "string": ("text",),
        "boolean": ("a boolean",),
        "bar_chart": ("a list",),
        "linear_graph": ("a list",),
        "matrix": ("a list",),
    }

    def check(self, value: Any, report: Report) -> Any:
        checked = super().check(value, report)
        if checked is not INVALID and type_name(checked["value"]) not in self._TYPES[checked["type"]]:
            return report.add_at(
                f"{report.key}.value",
                "wrong-type",
                f"must be {self._TYPES[checked['type']][0]} for type {checked['type']}, "
                f"but is {type_name(checked['value'])}: {show(checked['value'])}",
            )
        return checked


class _Evaluation(Record):
    """One evaluation: its metrics, or the file that holds them together with the file's schema."""

    __slots__ = ()

    def check(self, value: Any, report: Report) -> Any:
        checked = super().check(value, report)
        if checked is INVALID:
            return INVALID
        url, kind = "metric_file_s3_url" in checked, "metric_type" in checked
        if url == kind:
            return checked
        missing, given = ("metric_type", "metric_file_s3_url") if url else ("metric_file_s3_url", "metric_type")
        return report.add_at(
            f"{report.key}.{missing}", "needs-key", f"is missing: it goes together with {given}", f"add {missing}"
        )


class _MetricFile(S3Location):
    """The s3:// URL of a file; the normal form keeps s3://."""

    __slots__ = ()

    def check(self, value: Any, report: Report) -> Any:
        checked = super().check(value, report)
        return checked if checked is INVALID else f"s3://{checked}"


_OVERVIEW = _Overview(
    (
        _field("model_id", _SHORT, "ARN of a SageMaker model, or an id from elsewhere."),
        _field("model_name", sagemaker_name("the name of a SageMaker model", 63), "SageMaker model to look up."),
        _field("model_description", _LONG, "Description."),
        _field("model_version", Number(), "Version."),
        _field("problem_type", _SHORT, "Kind of problem."),
        _field("algorithm_type", _SHORT, "Algorithm."),
        _field("model_creator", _SHORT, "Who made it."),
        _field("model_owner", _SHORT, "Who owns it."),
        _field("model_artifact", _URIS, "Where the artifacts are."),
        _field("inference_environment", _URIS, "Images that serve it."),
    )
)
_USES = Record(
    (
        _field("purpose_of_model", _LONG, "Purpose."),
        _field("intended_uses", _LONG, "Intended uses."),
        _field("factors_affecting_model_efficiency", _LONG, "What limits it."),
        _field("risk_rating", Choice("High", "Medium", "Low", "Unknown"), "Risk.", default="Unknown"),
        _field("explanations_for_risk_rating", _LONG, "Why this risk."),
    )
)
_TRAINING_METRICS = Items(
    Record(
        (
            _field("name", _SHORT, "Name.", required=True),
            _field("value", Number(), "Value.", required=True),
            _field("notes", _LONG, "Remarks."),
        )
    ),
    most=50,
)
_TRAINING = Record(
    (
        _field("model_name", sagemaker_name("the name of a SageMaker model", 63), "Model whose training is looked up."),
        _field("training_job_name", sagemaker_name("the name of a training job", 63), "Job that is looked up."),
        _field(
            "objective_function",
            Record(
                (
                    _field("function", Choice("Maximize", "Minimize"), "Direction."),
                    _field("facet", Choice("Accuracy", "AUC", "Loss", "MAE", "RMSE"), "Metric."),
                    _field("condition", _LONG, "Condition."),
                    _field("notes", _LONG, "Remarks."),
                )
            ),
            "What training optimises.",
        ),
        _field("training_observations", _LONG, "Observations."),
        _field(
            "training_job_details",
            Record(
                (
                    _field("training_arn", _SHORT, "ARN of the job."),
                    _field("training_datasets", _URIS, "Data sets."),
                    _field("training_environment", _URIS, "Images."),
                    _field("training_metrics", _TRAINING_METRICS, "Metrics of SageMaker."),
                    _field("user_provided_training_metrics", _TRAINING_METRICS, "Own metrics."),
                )
            ),
            "Facts about the job.",
        ),
    )
)
_AXIS = OneOf("text or a list of texts", text=_SHORT, list=Items(_SHORT, most=100))
_METRIC = _Metric(
    (
        _field("name", _SHORT, "Name.", required=True),
        _field("type", Choice(*_Metric._TYPES), "Kind.", required=True),
        _field("value", AnyJson("number", "text", "boolean", "list"), "Value.", required=True),
        _field("notes", _LONG, "Remarks."),
        _field("x_axis_name", _AXIS, "Label of the x axis."),
        _field("y_axis_name", _AXIS, "Label of the y axis."),
    )
)
_EVALUATIONS = Items(
    _Evaluation(
        (
            _field("name", _SHORT, "Name of the evaluation.", required=True),
            _field("metric_file_s3_url", _MetricFile(needs_key=True), "File of metrics to load."),
            _field(
                "metric_type",
                Choice(
                    "model_card_metric_schema",
                    "clarify_bias",
                    "clarify_explainability",
                    "regression",
                    "binary_classification",
                    "multiclass_classification",
                ),
                "Schema of that file.",
            ),
            _field("evaluation_observation", _LONG, "Observations."),
            _field("evaluation_job_arn", _SHORT, "ARN of the job."),
            _field("datasets", Items(_SHORT, most=10), "Data sets."),
            _field("metadata", AnyJson("object"), "Free attributes."),
            _field(
                "metric_groups",
                Items(
                    Record(
                        (
                            _field("name", _SHORT, "Name.", required=True),
                            _field("metric_data", Items(_METRIC, most=1000), "Metrics."),
                        )
                    ),
                    most=100,
                ),
                "Groups of metrics.",
            ),
        )
    ),
    most=100,
)
_ADDITIONAL = Record(
    (
        _field("ethical_considerations", _LONG, "Ethics."),
        _field("caveats_and_recommendations", _LONG, "Caveats."),
        _field("custom_details", AnyJson("object"), "Free details."),
    )
)
_CARD = (
    _PIPELINE_TYPE,
    _NAME,
    _field("status", _STATUS, "Approval status.", default="Draft"),
    _field("arn", _SHORT, "ARN of the card; not for a card that is created."),
    _field("version", Whole(1), "Version whose content an update starts from."),
    _field("created_by", _PERSON, "Who created it."),
    _field("last_modified_by", _PERSON, "Who changed it."),
    _field("model_overview", _OVERVIEW, "Facts about the model."),
    _field("intended_uses", _USES, "Use and risk."),
    _field("training_details", _TRAINING, "Facts about its training."),
    _field("evaluation_details", _EVALUATIONS, "Evaluations."),
    _field("additional_information", _ADDITIONAL, "Other facts."),
)
_RECORDS: Mapping[str, Record] = {
    "create_model_card": Record(_CARD),
    "update_model_card": Record(_CARD),
    "describe_model_card": Record((_PIPELINE_TYPE, _NAME)),
    "delete_model_card": Record((_PIPELINE_TYPE, _NAME)),
    "export_model_card": Record(
        (
            _PIPELINE_TYPE,
            _NAME,
            _field("export_job_name", sagemaker_name("the name of an export job", 63), "Name of the job."),
            _field("model_card_version", Whole(1), "Version to export."),
        )
    ),
    "list_model_cards": Record((_PIPELINE_TYPE,)),
}
OPERATIONS = tuple(_RECORDS)


@dataclass(frozen=True, slots=True)
class CardOperation:
    """A valid model-card operation.

    Attributes:
        operation: One of ``OPERATIONS``.
        config: Its normal form, without ``pipeline_type``; sections that are null are left out.
    """

    operation: str
    config: dict[str, Any]


def operation_record(operation: str) -> Record:
    """Return what an operation takes."""
    return _RECORDS[operation]


def validate_operation(config: Mapping[str, Any]) -> tuple[CardOperation | None, list[Problem]]:
    """Return the operation that a body describes, or None and every problem with it."""
    given = config.get("pipeline_type")
    operation = given.strip().lower() if isinstance(given, str) else ""
    record = _RECORDS.get(operation)
    if record is None:
        return None, [
            Problem(
                "unknown-pipeline-type",
                "pipeline_type",
                f"{show(given)} is not a model-card operation",
                f"use one of {listed(OPERATIONS)}",
            )
        ]
    report = Report()
    checked = record.check({key: value for key, value in config.items() if key != "$schema"}, report)
    if operation == "create_model_card" and config.get("arn"):
        report.add_at("arn", "cannot-combine", "belongs to a card that exists already", "remove it, or update the card")
    if checked is INVALID or report.problems:
        return None, report.problems
    del checked["pipeline_type"]
    return CardOperation(operation, checked), []
