"""Checks of what is live, by kind: each compares one item of a module's output ``live`` with AWS.

An item is an object with a ``kind`` and what was planned. ``Kind.check`` returns a sentence about what it
saw and raises ``NotLive`` with the difference; ``Kind.gone`` raises ``NotLive`` when the thing still exists
after a destroy.

A module of a team's own declares what is live by the kind ``aws_api`` (api_check.py), or adds kinds of its own in a
file ``verify.py`` in its folder; that imports nothing of ours::

    def check(item, site):
        answer = site.client("dynamodb").describe_table(TableName=item["name"])["Table"]
        if answer["TableStatus"] != "ACTIVE":
            raise site.not_live(f"table {item['name']} is {answer['TableStatus']}")
        return f"table {item['name']} is active"

    def gone(item, site): ...

    KINDS = {"feature_table": (check, gone)}
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .api_check import api_gone, check_api
from .aws import error_code, error_text
from .errors import DeliveryError
from .jobs import finished_execution
from .waiting import NotLive, Site

Item = Mapping[str, Any]

_NOT_FOUND = frozenset(
    {
        "ExecutionDoesNotExist",
        "NoSuchEntity",
        "NotFoundException",
        "RepositoryNotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
    }
)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of thing is checked."""

    check: Callable[[Item, Site], str]
    gone: Callable[[Item, Site], None]


def load_kinds(modules: Path) -> dict[str, Kind]:
    """Return the built-in kinds and those of the blueprint's ``verify.py``, if it has one. Runs that file.

    Args:
        modules: The bundle's folder ``modules``: of the pipeline's module and the delivery pipeline's.

    Raises:
        DeliveryError: The file cannot be run or its ``KINDS`` has another form.
    """
    file = next(iter(sorted(modules.glob("*/*/verify.py"))), None)
    if file is None:
        return dict(KINDS)
    try:
        spec = importlib.util.spec_from_file_location("blueprint_verify", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        own = {str(name): Kind(check, gone) for name, (check, gone) in module.KINDS.items()}
    except Exception as error:
        raise DeliveryError(
            f"the blueprint's verify.py cannot be used: {type(error).__name__}: {error}",
            "it must define KINDS = {kind: (check, gone)}; both take (item, site)",
        ) from error
    return {**KINDS, **own}


def check_live(items: list[Item], kinds: Mapping[str, Kind], site: Site) -> tuple[list[str], list[str]]:
    """Check every item; return what was seen and what is wrong, both as sentences."""
    seen, wrong = [], []
    for item in items:
        kind = kinds.get(str(item.get("kind")))
        if kind is None:
            wrong.append(f"nothing checks items of kind {item.get('kind')!r}")
            continue
        try:
            seen.append(kind.check(item, site))
        except NotLive as error:
            wrong.append(str(error))
        except Exception as error:
            wrong.append(f"{item.get('kind')} {item.get('name', '')}: {error_text(error)}")
    return seen, wrong


def check_gone(items: list[Item], kinds: Mapping[str, Kind], site: Site) -> tuple[list[str], list[str]]:
    """Check that no item exists any more; return what was seen and what is wrong, both as sentences."""
    seen, wrong = [], []
    for item in items:
        label = f"{item.get('kind')} {item.get('name') or item.get('arn') or ''}".strip()
        kind = kinds.get(str(item.get("kind")))
        if kind is None:
            wrong.append(f"nothing checks items of kind {item.get('kind')!r}")
            continue
        try:
            kind.gone(item, site)
            seen.append(f"{label} is gone")
        except NotLive as error:
            wrong.append(str(error))
        except Exception as error:
            wrong.append(f"{label}: {error_text(error)}")
    return seen, wrong


def is_missing(error: Exception) -> bool:
    """Whether an AWS error says that the thing does not exist. Pure.

    SageMaker says so with a ValidationException and words.
    """
    code = error_code(error)
    if code in _NOT_FOUND:
        return True
    return code == "ValidationException" and any(
        words in str(error) for words in ("Could not find", "does not exist", "not found", "RecordNotFound")
    )


def _execution_check(item: Item, site: Site) -> str:
    """Item: ``arn`` of the state machine whose execution for this release must have succeeded."""
    return f"job finished ({finished_execution(item['arn'], site)})"


def _machine_check(item: Item, site: Site) -> str:
    """Item: ``arn`` of a state machine that must be active."""
    status = site.client("stepfunctions").describe_state_machine(stateMachineArn=item["arn"])["status"]
    if status != "ACTIVE":
        raise NotLive(f"state machine {item['arn']} is {status}")
    return f"state machine {item['arn']} is active"


def _machine_gone(item: Item, site: Site) -> None:
    def ask() -> tuple[str, Any]:
        try:
            answer = site.client("stepfunctions").describe_state_machine(stateMachineArn=item["arn"])
        except Exception as error:
            if is_missing(error):
                return "GONE", None
            raise
        return str(answer["status"]), answer

    if site.settle(f"state machine {item['arn']}", ask, {"DELETING"}) is not None:
        raise NotLive(f"state machine {item['arn']} still exists")


def _schedule_check(item: Item, site: Site) -> str:
    """Item: ``name`` of a monitoring schedule, and what it was planned with.

    Optional: ``schedule_expression``, ``job_definition_name``, ``status`` (default ``Scheduled``).
    """
    name = item["name"]

    def ask() -> tuple[str, Any]:
        answer = site.client("sagemaker").describe_monitoring_schedule(MonitoringScheduleName=name)
        return str(answer["MonitoringScheduleStatus"]), answer

    answer = site.settle(f"monitoring schedule {name}", ask, {"Pending"})
    wanted = item.get("status") or "Scheduled"
    if answer["MonitoringScheduleStatus"] != wanted:
        reason = f": {answer['FailureReason']}" if answer.get("FailureReason") else ""
        raise NotLive(f"monitoring schedule {name} is {answer['MonitoringScheduleStatus']}, not {wanted}{reason}")
    config = answer.get("MonitoringScheduleConfig", {})
    found = {
        "schedule_expression": config.get("ScheduleConfig", {}).get("ScheduleExpression"),
        "job_definition_name": config.get("MonitoringJobDefinitionName"),
    }
    for key, value in found.items():
        if item.get(key) and item[key] != value:
            raise NotLive(f"monitoring schedule {name} has {key} {value}, planned was {item[key]}")
    return f"monitoring schedule {name} is {wanted}"


def _schedule_gone(item: Item, site: Site) -> None:
    _expect_missing(
        lambda: site.client("sagemaker").describe_monitoring_schedule(MonitoringScheduleName=item["name"]),
        f"monitoring schedule {item['name']}",
    )


def _expect_missing(describe: Callable[[], Any], what: str) -> None:
    try:
        describe()
    except Exception as error:
        if is_missing(error):
            return
        raise
    raise NotLive(f"{what} still exists")


def _endpoint_check(item: Item, site: Site) -> str:
    from .endpoint import check_endpoint

    return check_endpoint(item, site)


def _endpoint_gone(item: Item, site: Site) -> None:
    _expect_missing(
        lambda: site.client("sagemaker").describe_endpoint(EndpointName=item["name"]),
        f"endpoint {item['name']}",
    )


KINDS: dict[str, Kind] = {
    "aws_api": Kind(check_api, api_gone),
    "monitoring_schedule": Kind(_schedule_check, _schedule_gone),
    "sagemaker_endpoint": Kind(_endpoint_check, _endpoint_gone),
    "state_machine": Kind(_machine_check, _machine_gone),
    "state_machine_execution": Kind(_execution_check, _machine_gone),
}
