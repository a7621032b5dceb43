"""CloudWatch: composite alarms, and alarms that act when their state is set.

- PutCompositeAlarm is not served by moto, and a composite alarm is not shown as one.
- SetAlarmState changes the state and nothing else; on AWS the alarm's actions run (topics, functions) and
  an event
  goes to EventBridge. Alarms do not evaluate metrics here, so this is how a rehearsal raises one.
- A new alarm has too little data, as on AWS, not the state OK; changing an alarm keeps its state.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse

from sandbox.context import Context
from sandbox.events.delivery import Delivery, Sender, Target

SERVICE = "cloudwatch.amazonaws.com"
_ACTIONS = {"ALARM": "alarm_actions", "OK": "ok_actions", "INSUFFICIENT_DATA": "insufficient_data_actions"}


def install(context: Context) -> None:
    """Add composite alarms and actions."""
    CloudWatchResponse.put_composite_alarm = CloudWatchResponse.put_metric_alarm
    put, set_state = CloudWatchBackend.put_metric_alarm, CloudWatchBackend.set_alarm_state

    def put_metric_alarm(self: Any, name: str, *rest: Any, **named: Any) -> Any:
        before = self.alarms.get(name)
        alarm = put(self, name, *rest, **named)
        alarm.alarm_rule = alarm.rule
        if before is None:
            alarm.state_value = "INSUFFICIENT_DATA"
        else:
            for attribute in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
                setattr(alarm, attribute, getattr(before, attribute))
        return alarm

    def set_alarm_state(self: Any, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        alarm = self.alarms.get(alarm_name)
        before = alarm.state_value if alarm is not None else None
        set_state(self, alarm_name, reason, reason_data, state_value)
        if alarm is not None and before != state_value:
            _announce(context, alarm, self.account_id, self.region_name, str(before))

    CloudWatchBackend.put_metric_alarm = put_metric_alarm
    CloudWatchBackend.set_alarm_state = set_alarm_state


def _announce(context: Context, alarm: Any, account_id: str, region: str, before: str) -> None:
    state = {"value": alarm.state_value, "reason": alarm.state_reason}
    detail = {"alarmName": alarm.name, "state": state, "previousState": {"value": before}}
    context.publish_event(
        account_id, region, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, [alarm.alarm_arn]
    )
    if not alarm.actions_enabled:
        return
    delivery: Delivery = context.parts["delivery"]
    message = json.dumps(
        {
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "AWSAccountId": account_id,
            "NewStateValue": alarm.state_value,
            "NewStateReason": alarm.state_reason,
            "StateChangeTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "Region": region,
            "AlarmArn": alarm.alarm_arn,
            "OldStateValue": before,
        }
    )
    sender = Sender(SERVICE, alarm.alarm_arn, account_id, region)
    for arn in getattr(alarm, _ACTIONS[alarm.state_value]) or []:
        if arn.split(":")[2] in ("sns", "lambda"):
            subject = f'{alarm.state_value}: "{alarm.name}" in {region}'
            delivery.send_later(sender, Target(arn), message, subject=subject)
