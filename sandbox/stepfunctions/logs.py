"""An execution's events in the log group of its machine, as far as the logging level asks for them."""

from __future__ import annotations

import logging
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.stepfunctions.execution import Execution
from sandbox.stepfunctions.history import dump

log = logging.getLogger(__name__)

_DATA = ("input", "output", "parameters")


def write(execution: Execution, machine: dict[str, Any]) -> None:
    """Write the events of an execution that has ended; a group that is not there is logged and no error."""
    config = machine["loggingConfiguration"]
    level = config.get("level", "OFF")
    groups = [d.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "") for d in config.get("destinations", [])]
    if level == "OFF" or not any(groups):
        return
    lines = [line for event in execution.history.events() if (line := _line(event, execution, config))]
    if not lines:
        return
    client = execution.context.client("logs", execution.account_id, execution.region)
    for group in filter(None, groups):
        name = group.split(":log-group:", 1)[-1].removesuffix(":*")
        stream = f"states/{execution.machine_name}/{execution.started:%Y-%m-%d-%H-%M}/{execution.name[:40]}"
        try:
            client.create_log_stream(logGroupName=name, logStreamName=stream)
            moment = int(time.time() * 1000)
            client.put_log_events(
                logGroupName=name,
                logStreamName=stream,
                logEvents=[{"timestamp": moment, "message": line} for line in lines],
            )
        except (ClientError, BotoCoreError) as error:
            log.warning("the log of %s: %s", execution.arn, error)


def _line(event: dict[str, Any], execution: Execution, config: dict[str, Any]) -> str:
    kind = event["type"]
    failed = kind.endswith(("Failed", "Aborted", "TimedOut"))
    if config["level"] != "ALL" and not failed:
        return ""
    if config["level"] == "FATAL" and not kind.startswith("Execution"):
        return ""
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    if not config.get("includeExecutionData"):
        details = {key: value for key, value in details.items() if key not in _DATA}
    return dump(
        {
            "id": str(event["id"]),
            "type": kind,
            "details": details,
            "previous_event_id": str(event["previousEventId"]),
            "event_timestamp": str(int(event["timestamp"].timestamp() * 1000)),
            "execution_arn": execution.arn,
        }
    )
