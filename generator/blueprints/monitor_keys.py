"""Keys and rules that the four monitors share, and those of model quality."""

from __future__ import annotations

import re
from typing import Any

from ..contract.check import Rule, View
from ..contract.composite import Items, Mapped, Record
from ..contract.field import Field, When, for_problem_types
from ..contract.kinds import Choice, Flag, Kind, Number, Numbered, Text, Whole
from ..contract.s3 import S3Key
from ..contract.scalars import InstanceType
from ..contract.schedule import Cron
from . import job_keys, keys, rules

PROBLEM_TYPES = ("Regression", "BinaryClassification", "MulticlassClassification")
_ATTRIBUTE = Text("a column, index or JSONPath", longest=256, numbers=True)
_NOT_BINARY = for_problem_types("Regression", "MulticlassClassification")
_BINARY = for_problem_types("BinaryClassification")

COMMON_START = (
    keys.MODEL_NAME,
    keys.endpoint_name(required=True),
    Field(
        "baseline_data",
        S3Key("the key of a CSV file with a header row", "baselines/churn.csv"),
        "Key, inside the assets bucket, of the baseline: a CSV file with a header row.",
        required=True,
        per_stage=True,
        example="baselines/churn.csv",
    ),
    keys.location(
        "baseline_job_output_location",
        "Where baseline results are written: bucket/prefix.",
        example="my-bucket/baseline",
    ),
    keys.location(
        "data_capture_location", "Where the endpoint keeps requests and answers.", example="my-bucket/churn/capture"
    ),
    keys.location(
        "monitoring_output_location", "Where reports are written: bucket/prefix.", example="my-bucket/reports"
    ),
    Field(
        "schedule_expression",
        Cron(),
        "When the monitor runs: hourly, every few hours, daily, or NOW.",
        required=True,
        per_stage=True,
        example="cron(0 * ? * * *)",
    ),
    Field(
        "monitor_max_runtime_seconds",
        Whole(1, 86400, "seconds"),
        "Longest run of one monitoring job.",
        required=True,
        per_stage=True,
        example=1800,
    ),
    Field(
        "baseline_max_runtime_seconds",
        Whole(1, 777600, "seconds"),
        "Longest run of the baseline job.",
        per_stage=True,
        default_text="SageMaker's own limit",
        example=3300,
    ),
    Field(
        "instance_type",
        InstanceType("processing"),
        "Instance type of the baseline and monitoring jobs.",
        required=True,
        per_stage=True,
        example="ml.m5.large",
    ),
    Field(
        "instance_volume_size",
        Whole(1, 16384, "GB"),
        "Volume of each instance.",
        required=True,
        per_stage=True,
        example=20,
    ),
    keys.KMS_KEY,
)


_COMPARISONS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
_STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")


def _ours(name: str, kind: Kind, meaning: str, *, default: Any = None, example: Any = None) -> Field:
    return Field(name, kind, meaning, per_stage=True, default=default, example=example, ours=True)


_OFFSET = Text(
    "a time offset such as -PT1H or -P1D",
    r"-P(?=.)(?:[0-9]{1,3}D)?(?:T(?=.)(?:[0-9]{1,3}H)?(?:[0-9]{1,4}M)?)?",
    longest=15,
    code="bad-offset",
    fix="write an ISO 8601 duration back in time, for example -PT1H for one hour before",
)
_METRIC = Record(
    (
        Field(
            "metric_name", Text("the name of a metric", longest=255), "Metric.", required=True, example="label_drift"
        ),
        Field("threshold", Number(), "Value that raises the alarm.", required=True, example=0.1),
        Field("namespace", Text("a namespace", longest=255), "Namespace.", default_text="that of the monitor's kind"),
        Field("comparison", Choice(*_COMPARISONS), "How it is compared.", default="GreaterThanThreshold"),
        Field("statistic", Choice(*_STATISTICS), "Statistic.", default="Maximum"),
        Field(
            "dimensions",
            Mapped(Text("a dimension", longest=255), Text("a value", longest=255, numbers=True), most=28),
            "Dimensions beside Endpoint and MonitoringSchedule.",
        ),
        Field("period_seconds", Numbered(*range(3600, 86401, 60)), "Period.", default=3600),
    ),
    expects="an object with metric_name and threshold",
)
ALARMS = Record(
    (
        Field("violations", Flag(), "Whether violations and failed executions raise an alarm.", default=True),
        Field("no_execution_hours", Whole(1, 168, "hours"), "Hours without an execution that raise an alarm."),
        Field(
            "metrics",
            Mapped(
                Text(
                    "a name of 1 to 16 lower-case letters, digits and hyphens",
                    r"[a-z0-9](?:-?[a-z0-9]){0,15}",
                    longest=16,
                ),
                _METRIC,
                most=20,
                expects="an object of alarm names and metrics",
            ),
            "Alarms on metrics that the monitor publishes.",
        ),
    )
)
COMMON_END = (
    keys.PIPELINE_NAME,
    _ours("instance_count", Whole(1, 100), "Number of instances of each job.", default=1),
    _ours("alarms", ALARMS, "Alarms that tell the platform's topic.", example={"no_execution_hours": 26}),
    _ours("analysis_start", _OFFSET, "Start of the analysed period, seen from the run.", example="-PT2H"),
    _ours("analysis_end", _OFFSET, "End of the analysed period, seen from the run.", example="-PT1H"),
    _ours("baseline_revision", Text("text", longest=64, numbers=True), "Another text makes the baseline anew."),
    _ours("encrypt_inner_traffic", Flag(), "Whether traffic between a job's containers is encrypted.", default=False),
    keys.VPC_FIELD,
    job_keys.DATA_KMS_KEYS,
    keys.HARDWARE_ENCRYPTION,
    keys.TAGS_FIELD,
)
SCRIPTS = (
    keys.NETWORK_ISOLATION,
    _ours(
        "record_preprocessor",
        S3Key("the key of a script", "scripts/prepare.py"),
        "Key, inside the assets bucket, of a script that transforms each record first.",
        example="scripts/preprocess.py",
    ),
    _ours(
        "post_analytics_processor",
        S3Key("the key of a script", "scripts/prepare.py"),
        "Key, inside the assets bucket, of a script that runs afterwards.",
        example="scripts/postprocess.py",
    ),
)
GROUND_TRUTH = (
    keys.location(
        "monitor_ground_truth_input",
        "Where ground-truth labels are uploaded: bucket/prefix.",
        example="my-bucket/ground-truth",
        writes=False,
    ),
    _ours("start_time_offset", _OFFSET, "Time taken off the start of the captured period.", example="-PT1H"),
    _ours("end_time_offset", _OFFSET, "Time taken off its end.", example="-PT1H"),
)


def attribute(name: str, meaning: str, *, required: bool | When = False, example: str) -> Field:
    """Return a key that names a column, an index or a JSONPath; a number is taken as an index."""
    return Field(name, _ATTRIBUTE, meaning, required=required, example=example)


PROBLEM_TYPE = Field(
    "problem_type",
    Choice(*PROBLEM_TYPES),
    "Kind of problem that the model solves.",
    required=True,
    example="Regression",
)
MONITOR_INFERENCE = attribute(
    "monitor_inference_attribute",
    "Index or JSONPath of the prediction in the captured answer.",
    required=_NOT_BINARY,
    example="0",
)
MONITOR_PROBABILITY = attribute(
    "monitor_probability_attribute",
    "Index or JSONPath of the probability in the captured answer (binary classification).",
    example="0",
)
THRESHOLD = Field(
    "probability_threshold_attribute",
    Number(0, 1),
    "Probability from which on an answer counts as positive (binary classification).",
    example="0.5",
)
FEATURES = attribute(
    "features_attribute", "Index or JSONPath of the features in the captured request.", example="features"
)
BASELINE_ATTRIBUTES = (
    attribute(
        "baseline_inference_attribute",
        "Column of the prediction in the baseline.",
        required=True,
        example="prediction",
    ),
    attribute(
        "baseline_probability_attribute",
        "Column of the probability in the baseline.",
        required=_BINARY,
        example="probability",
    ),
    attribute(
        "baseline_ground_truth_attribute", "Column of the true label in the baseline.", required=True, example="label"
    ),
)
EXCLUDED = Field(
    "exclude_features_attribute",
    Items(_ATTRIBUTE, fewest=1, most=100, lone=True),
    "Features that are left out.",
    per_stage=True,
    example=["customer_id"],
    ours=True,
)


def _check_runtime(view: View, hourly: int) -> None:
    for stage, (schedule, runtime) in view.each("schedule_expression", "monitor_max_runtime_seconds"):
        if not schedule or runtime is None or schedule == "NOW":
            continue
        seconds = period_seconds(schedule)
        most = hourly if seconds == 3600 else seconds
        if runtime > most:
            often = "an hourly schedule" if seconds == 3600 else f"a schedule of every {seconds // 3600} hours"
            view.report.add_at(
                view.place(stage, "monitor_max_runtime_seconds"),
                "runtime-exceeds-schedule",
                f"is {runtime}, but SageMaker allows at most {most} seconds with {often}",
                f"use at most {most}, or a rarer schedule",
            )


def period_seconds(schedule: str) -> int:
    """Return how many seconds lie between two runs of a monitoring schedule. Pure."""
    hour = schedule.split()[1]
    step = re.search(r"/([0-9]+)", hour)
    if step:
        return int(step[1]) * 3600
    return 3600 if hour == "*" else 86400


def runtime_rule(hourly: int) -> Rule:
    """Return the rule that a monitoring job ends before the next begins; ``hourly`` bounds hourly schedules."""
    return Rule(
        ("monitor_max_runtime_seconds", "schedule_expression"),
        f"A monitoring job ends before the next begins; with an hourly schedule after at most {hourly} seconds.",
        ("runtime-exceeds-schedule",),
        lambda view: _check_runtime(view, hourly),
    )


def _check_threshold(view: View) -> None:
    if view.get("problem_type") != "BinaryClassification":
        return
    needed = "probability_threshold_attribute"
    if needed not in view.values and "monitor_inference_attribute" not in view.values:
        view.report.add_at(
            needed,
            "needs-key",
            "is missing: with monitor_probability_attribute alone nothing says which probabilities are positive",
            'add it, for example "probability_threshold_attribute": "0.5", or add monitor_inference_attribute',
        )


THRESHOLD_RULE = Rule(
    ("monitor_probability_attribute", "probability_threshold_attribute", "monitor_inference_attribute", "problem_type"),
    "For binary classification, a probability needs a threshold, or the predicted label beside it.",
    ("needs-key",),
    _check_threshold,
)


def _check_offsets(view: View, first: str, second: str) -> None:
    for stage, (start, end) in view.each(first, second):
        if start and end and offset_minutes(start) >= offset_minutes(end):
            view.report.add_at(
                view.place(stage, first),
                "min-above-max",
                f"is {start}, not before {second}, which is {end}",
                "the start lies further back than the end: -PT2H and -PT1H",
            )


def _check_analysis(view: View) -> None:
    _check_offsets(view, "analysis_start", "analysis_end")
    for stage, (start, end) in view.each("analysis_start", "analysis_end"):
        if (start is None) != (end is None):
            missing, given = ("analysis_start", "analysis_end") if start is None else ("analysis_end", "analysis_start")
            view.report.add_at(
                view.place(stage, missing), "needs-key", f"is missing: it goes together with {given}", f"add {missing}"
            )


def offset_minutes(offset: str) -> int:
    """Return an ISO 8601 offset in minutes. Pure."""
    found = {unit: int(count) for count, unit in re.findall(r"([0-9]+)([DHM])", offset)}
    minutes = found.get("D", 0) * 1440 + found.get("H", 0) * 60 + found.get("M", 0)
    return -minutes if offset.startswith("-") else minutes


OFFSETS_RULE = Rule(
    ("start_time_offset", "end_time_offset"),
    "The period starts before it ends.",
    ("min-above-max",),
    lambda view: _check_offsets(view, "start_time_offset", "end_time_offset"),
)
COMMON_RULES = (
    rules.storage_rule("instance_type"),
    rules.KMS_RULE,
    Rule(
        ("analysis_start", "analysis_end"),
        "The analysed period has a start before its end.",
        ("min-above-max", "needs-key"),
        _check_analysis,
        always=True,
    ),
)
