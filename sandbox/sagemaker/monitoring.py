"""Monitoring schedules: Create, Update, Describe, List, Start, Stop, Delete, and their executions.

A schedule is Pending, then Scheduled; it runs when told to through `POST /_sandbox/sagemaker/monitoring-executions`
(`{"account_id", "schedule", "region"?, "violations"?}`), and at once if its expression is NOW. moto has none of it.

Fault `sagemaker.monitoring_schedule` (matched by `name`, `account_id`): `{"reason": text}` ends Pending in Failed.
"""

from __future__ import annotations

import re
from typing import Any

from werkzeug.wrappers import Request

from sandbox.apis.operations import Call, Operations
from sandbox.context import Context
from sandbox.control_routes import ControlError
from sandbox.errors import SandboxFault
from sandbox.sagemaker import events, monitoring_runs
from sandbox.sagemaker.access import Role
from sandbox.sagemaker.job_definitions import KINDS, job_input
from sandbox.sagemaker.lifecycle import later, settle
from sandbox.sagemaker.settings import SETTINGS
from sandbox.sagemaker.store import Resource, arn_of, invalid, now, page, store, store_of

KIND = "monitoring-schedule"

operations = Operations("sagemaker")

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ScheduleConfig.html
_CRON = re.compile(r"cron\(0 (\*|([01]?\d|2[0-3])(/(0?[1-9]|1\d|2[0-4]))?) \? \* \* \*\)")


def install(context: Context) -> None:
    """The control route that fires an execution."""

    def fire(request: Request) -> dict[str, Any]:
        body = request.get_json()
        account_id, name = str(body.get("account_id", "")), str(body.get("schedule", ""))
        region = str(body.get("region") or context.region)
        schedule = store(account_id, region).get(KIND, name)
        if schedule is None:
            raise ControlError(404, f"account {account_id} has no monitoring schedule {name!r} in {region}")
        if schedule.document["MonitoringScheduleStatus"] != "Scheduled":
            status = schedule.document["MonitoringScheduleStatus"]
            raise ControlError(409, f"the monitoring schedule {name} is {status}, not Scheduled")
        call = Call(context, account_id, region, "CreateMonitoringSchedule", {}, account_id)
        run = monitoring_runs.start(call, schedule, body.get("violations"))
        return {"ProcessingJobArn": run.document["ProcessingJobArn"]}

    context.control_route("sagemaker/monitoring-executions", fire, ("POST",))


@operations("CreateMonitoringSchedule")
def create_schedule(call: Call) -> dict[str, Any]:
    name = call["MonitoringScheduleName"]
    arn = arn_of(call, KIND, name)
    if store_of(call).get(KIND, name):
        raise SandboxFault(
            "ResourceInUse",
            "Monitoring schedule names must be unique within an AWS account and region, and a monitoring schedule "
            f"with this name already exists ({arn})",
        )
    moment = now()
    document = {
        "MonitoringScheduleName": name,
        "MonitoringScheduleArn": arn,
        "MonitoringScheduleStatus": "Pending",
        "CreationTime": moment,
        "LastModifiedTime": moment,
        **_configured(call, arn),
    }
    schedule = store_of(call).add(Resource(KIND, name, arn, document), call.get("Tags", []))
    _activate(call, schedule)
    return {"MonitoringScheduleArn": arn}


@operations("UpdateMonitoringSchedule")
def update_schedule(call: Call) -> dict[str, Any]:
    schedule = _find(call)
    if schedule.document["MonitoringScheduleStatus"] == "Pending":
        raise invalid(f"The monitoring schedule {schedule.name} is in status Pending and cannot be updated.")
    schedule.document = {
        **schedule.document,
        **_configured(call, schedule.arn),
        "MonitoringScheduleStatus": "Pending",
        "LastModifiedTime": now(),
    }
    schedule.document.pop("FailureReason", None)
    _activate(call, schedule)
    return {"MonitoringScheduleArn": schedule.arn}


@operations("DescribeMonitoringSchedule")
def describe_schedule(call: Call) -> dict[str, Any]:
    schedule = _find(call)
    settle(schedule)
    document = dict(_find(call).document)
    runs = monitoring_runs.of_schedule(store_of(call), schedule.name)
    if runs:
        document["LastMonitoringExecutionSummary"] = runs[-1].document
    return document


@operations("ListMonitoringSchedules")
def list_schedules(call: Call) -> dict[str, Any]:
    wanted = (
        ("EndpointName", "EndpointName"),
        ("MonitoringJobDefinitionName", "MonitoringJobDefinitionName"),
        ("MonitoringTypeEquals", "MonitoringType"),
    )
    chosen = [
        schedule
        for schedule in store_of(call).all(KIND)
        if all(call.get(asked) in (None, schedule.document.get(member)) for asked, member in wanted)
    ]
    return page(call, chosen, "MonitoringScheduleSummaries")


@operations("StartMonitoringSchedule")
def start_schedule(call: Call) -> None:
    _switch(call, "Scheduled")


@operations("StopMonitoringSchedule")
def stop_schedule(call: Call) -> None:
    _switch(call, "Stopped")


@operations("DeleteMonitoringSchedule")
def delete_schedule(call: Call) -> None:
    schedule = _find(call)
    for run in monitoring_runs.of_schedule(store_of(call), schedule.name):
        if run.document["MonitoringExecutionStatus"] in ("InProgress", "Pending"):
            raise invalid(
                f"The monitoring schedule {schedule.name} has an execution in progress and cannot be deleted."
            )
    store_of(call).remove(schedule)


@operations("ListMonitoringExecutions")
def list_executions(call: Call) -> dict[str, Any]:
    wanted = (
        ("MonitoringScheduleName", "MonitoringScheduleName"),
        ("EndpointName", "EndpointName"),
        ("MonitoringJobDefinitionName", "MonitoringJobDefinitionName"),
        ("MonitoringTypeEquals", "MonitoringType"),
        ("StatusEquals", "MonitoringExecutionStatus"),
    )
    after, before = call.get("ScheduledTimeAfter"), call.get("ScheduledTimeBefore")
    chosen = [
        run
        for run in store_of(call).all(monitoring_runs.KIND)
        if all(call.get(asked) in (None, run.document.get(member)) for asked, member in wanted)
        and (after is None or run.document["ScheduledTime"] > after)
        and (before is None or run.document["ScheduledTime"] < before)
    ]
    params = {key: value for key, value in call.params.items() if key not in ("StatusEquals", "SortBy")}
    plain = Call(call.context, call.account_id, call.region, call.operation, params)
    return page(plain, chosen, "MonitoringExecutionSummaries")


def _find(call: Call) -> Resource:
    name = call["MonitoringScheduleName"]
    schedule = store_of(call).get(KIND, name)
    if schedule is None:
        raise SandboxFault("ResourceNotFound", f"Monitoring Schedule with name {name} not found")
    return schedule


def _switch(call: Call, status: str) -> None:
    schedule = _find(call)
    settle(schedule)
    if schedule.document["MonitoringScheduleStatus"] in ("Pending", "Failed"):
        current = schedule.document["MonitoringScheduleStatus"]
        raise invalid(f"The monitoring schedule {schedule.name} is in status {current} and cannot be changed.")
    schedule.document = {**schedule.document, "MonitoringScheduleStatus": status, "LastModifiedTime": now()}
    events.publish(call.context, schedule, "Monitoring Schedule")


def _configured(call: Call, arn: str) -> dict[str, Any]:
    """The members of a schedule's description that come from its configuration, checked.

    Raises:
        SandboxFault: ValidationException: the definition or its role is missing, or the expression is none.
    """
    config = call["MonitoringScheduleConfig"]
    inline, name = config.get("MonitoringJobDefinition"), config.get("MonitoringJobDefinitionName")
    if (inline is None) == (name is None):
        raise invalid("Specify either MonitoringJobDefinition or MonitoringJobDefinitionName.")
    monitoring_type = config.get("MonitoringType", "DataQuality")
    if inline is not None:
        Role(call.context, inline["RoleArn"], call.account_id, call.region, arn).assume()
        given = inline["MonitoringInputs"][0]
        endpoint = given.get("EndpointInput", {}).get("EndpointName")
    else:
        definition = store_of(call).get(KINDS[monitoring_type], name)
        if definition is None:
            raise invalid(f"Could not find {monitoring_type} job definition with name {name}.")
        endpoint = job_input(definition.document, monitoring_type).get("EndpointName")
    timing = config.get("ScheduleConfig")
    if timing is not None:
        _check_timing(timing)
    members = {"MonitoringScheduleConfig": config, "MonitoringType": monitoring_type}
    if endpoint:
        members["EndpointName"] = endpoint
    if name:
        members["MonitoringJobDefinitionName"] = name
    return members


def _check_timing(timing: dict[str, Any]) -> None:
    expression = timing["ScheduleExpression"]
    if expression == "NOW":
        if "DataAnalysisStartTime" not in timing or "DataAnalysisEndTime" not in timing:
            raise invalid("DataAnalysisStartTime and DataAnalysisEndTime are required for ScheduleExpression NOW.")
    elif _CRON.fullmatch(expression) is None:
        raise invalid(f"Invalid ScheduleExpression {expression}.")


def _activate(call: Call, schedule: Resource) -> None:
    """Let a Pending schedule become Scheduled, or Failed on purpose; a schedule of NOW then runs."""
    fault = call.context.faults.take("sagemaker.monitoring_schedule", name=schedule.name, account_id=call.account_id)

    def finish() -> None:
        changes = {"MonitoringScheduleStatus": "Scheduled", "LastModifiedTime": now()}
        if fault is not None:
            changes |= {"MonitoringScheduleStatus": "Failed", "FailureReason": fault.error.get("reason", "on purpose")}
        schedule.document = {**schedule.document, **changes}
        events.publish(call.context, schedule, "Monitoring Schedule")
        timing = schedule.document["MonitoringScheduleConfig"].get("ScheduleConfig", {})
        if fault is None and timing.get("ScheduleExpression") == "NOW":
            monitoring_runs.start(call, schedule, None)

    later(call.context, schedule, SETTINGS.endpoint_seconds, finish)
