"""Keys of pipelines that run jobs: names, schedules, registration of the trained model; none is required."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..blueprint import StageContext
from ..contract.check import Rule, View
from ..contract.composite import Items, Mapped, OneOf, Record
from ..contract.field import Field
from ..contract.kinds import Choice, Flag, Text, Whole
from ..contract.scalars import PARTITION, REGION, InstanceType, sagemaker_name
from . import mapping

_CRON_FIELD = r"[0-9A-Za-z*?,/#-]+"
_EXPRESSION = Text(
    "a schedule such as cron(0 4 ? * MON *), rate(7 days) or at(2030-01-31T04:00:00)",
    rf"(?:cron\({_CRON_FIELD}(?: {_CRON_FIELD}){{5}}\)|rate\([1-9][0-9]{{0,8}} (?:minute|hour|day)s?\)"
    r"|at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\))",
    code="bad-schedule",
    fix="a cron expression has six fields: minute hour day month weekday year",
    also=lambda text: _schedule_fault(text),
)


def _schedule_fault(text: str) -> str:
    """Return what EventBridge Scheduler would refuse about an expression of the right shape."""
    inner = text[text.index("(") + 1 : -1]
    if text.startswith("cron"):
        day, weekday = inner.split()[2], inner.split()[4]
        if (day == "?") == (weekday == "?"):
            return 'must have "?" for either the day or the weekday, and not for both'
    elif text.startswith("rate"):
        count, unit = inner.split()
        if (int(count) == 1) == unit.endswith("s"):
            return f"must say {count} {unit.rstrip('s') if int(count) == 1 else unit + 's'}"
    else:
        month, number, hour, minute, second = (int(part) for part in re.findall(r"[0-9]+", inner)[1:])
        if not (1 <= month <= 12 and 1 <= number <= 31 and hour < 24 and minute < 60 and second < 60):
            return "is not a time"
    return ""


SCHEDULE = Field(
    "schedule",
    OneOf(
        "a schedule such as cron(0 4 ? * MON *) or rate(7 days), or an object with expression and timezone",
        text=_EXPRESSION,
        object=Record(
            (
                Field("expression", _EXPRESSION, "When.", required=True, example="cron(0 4 ? * MON *)"),
                Field("timezone", Text("an IANA time zone", r"[A-Za-z0-9_+/-]{1,50}"), "Time zone.", default="UTC"),
                Field("enabled", Flag(), "Whether the schedule is on.", default=True),
            ),
            expects="an object with expression",
        ),
    ),
    "When to run again, beside the runs that a release starts.",
    per_stage=True,
    example="cron(0 4 ? * MON *)",
    ours=True,
)
_CONTENT_TYPES = Items(Text("a content type", longest=256), fewest=1, most=20, unique=True)
REGISTER_MODEL = Field(
    "register_model",
    OneOf(
        "true, or an object of settings",
        boolean=Flag(),
        text=Flag(),
        object=Record(
            (
                Field(
                    "model_package_group_name",
                    sagemaker_name("the name of a model package group", 63),
                    "Model package group; it must exist.",
                    default_text="the platform's own group",
                    example="churn",
                ),
                Field(
                    "approval_status",
                    Choice("PendingManualApproval", "Approved", "Rejected"),
                    "As what the model is registered.",
                    default="PendingManualApproval",
                ),
                Field("description", Text("text of at most 1,024 characters", longest=1024), "Description."),
                Field("content_types", _CONTENT_TYPES, "Content types of requests.", default=["text/csv"]),
                Field("response_types", _CONTENT_TYPES, "Content types of answers.", default=["text/csv"]),
                Field(
                    "realtime_instance_types",
                    Items(InstanceType("endpoint"), most=50, unique=True),
                    "Instance types that endpoints of the model may use.",
                    default=["ml.m5.large", "ml.m5.xlarge"],
                ),
                Field(
                    "transform_instance_types",
                    Items(InstanceType("transform"), most=50, unique=True),
                    "Instance types that batch transforms of the model may use.",
                    default=["ml.m5.large", "ml.m5.xlarge"],
                ),
            )
        ),
    ),
    "Register the trained model, with its metrics, in the Model Registry.",
    example={"model_package_group_name": "churn"},
    ours=True,
)
DATA_KMS_KEYS = Field(
    "data_kms_key_arns",
    Items(
        Text(
            "the ARN of a KMS key or alias",
            rf"arn:{PARTITION}:kms:{REGION}:[0-9]{{12}}:(?:key/[A-Za-z0-9-]{{1,128}}|alias/[A-Za-z0-9/_-]{{1,250}})",
            code="bad-kms-key",
        ),
        most=20,
        unique=True,
        lone=True,
    ),
    "KMS keys that the input data is encrypted with: the job may decrypt with exactly those.",
    per_stage=True,
    example=["arn:aws:kms:eu-central-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    ours=True,
)
RETRY_ATTEMPTS = Field(
    "retry_attempts", Whole(0, 30), "Tries more after an internal error of SageMaker.", default=0, ours=True
)
JOB_ENVIRONMENT = Field(
    "environment",
    Mapped(
        Text("the name of an environment variable", r"[A-Za-z_][A-Za-z0-9_]{0,511}"),
        Text("text of at most 512 characters", r"[\S\s]{0,512}", shortest=0, numbers=True),
        most=100,
        expects="an object of variable names and texts",
    ),
    "Environment variables of the training container.",
    example={"LOG_LEVEL": "info"},
    ours=True,
)


def job_name(longest: int, what: str) -> Field:
    """Return the key that names a job; SageMaker bounds the length by the kind of job."""
    return Field(
        "job_name",
        sagemaker_name(f"the name of {what}", longest),
        "Beginning of the jobs' names; each run appends a few digits, shortening it if need be.",
        default_text="the platform's name and the pipeline",
        example="churn-nightly",
    )


def _check_registration(view: View) -> None:
    given = view.get("register_model")
    named = (
        given["model_package_group_name"] if isinstance(given, dict) and "model_package_group_name" in given else None
    )
    if given is not False and named is None and not view.context.platform.options.create_model_package_group:
        view.report.add_at(
            "register_model",
            "no-model-package-group",
            "names no model package group, and the platform makes none",
            'add "model_package_group_name", or options.create_model_package_group to the platform file',
        )
    if (
        isinstance(given, dict)
        and given.get("realtime_instance_types") == []
        and given.get("transform_instance_types") == []
    ):
        view.report.add_at(
            "register_model.realtime_instance_types",
            "too-few",
            "and transform_instance_types are both empty",
            "name one",
        )


REGISTRATION_RULE = Rule(
    ("register_model",),
    "register_model names a group, or the platform makes one.",
    ("no-model-package-group", "too-few"),
    _check_registration,
)


# Mapping --------------------------------------------------------------------------------------------------------


def job_variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables that every module of jobs takes. Pure."""
    schedule = config.get("schedule")
    found: dict[str, Any] = {
        "account_id": context.stage.account_id,
        "data_kms_key_arns": [mapping.platform_key_arn(context), *config.get("data_kms_key_arns", ())],
        "notifications": {
            "topic_arn": mapping.topic_arn(context),
            "kms_key_arn": mapping.platform_key_arn(context),
        },
        "schedule": {"expression": schedule} if isinstance(schedule, str) else schedule,
        "tags": config.get("tags", {}),
    }
    if "vpc" in config:
        found["vpc"] = config["vpc"]
    return found


def registration_variable(config: Mapping[str, Any], context: StageContext) -> dict[str, Any] | None:
    """Return the ``registration`` variable. Pure."""
    given = config.get("register_model", False)
    if given is False:
        return None
    own_group = {"model_package_group_name": f"{context.platform.name}-registry"}
    return {**own_group, **given} if isinstance(given, dict) else own_group
