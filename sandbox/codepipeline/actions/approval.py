"""The manual approval action: tells a topic, then waits for somebody's word."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from sandbox.codepipeline.failure import ActionFailure, refused
from sandbox.codepipeline.state import new_id
from sandbox.codepipeline.work import Work

# AWS's limit for the text that approvers are shown.
MOST_CUSTOM_DATA = 1000


def run(work: Work) -> None:
    """Publish the request for approval, wait for PutApprovalResult; a rejection fails the action."""
    custom_data = work.configuration.get("CustomData")
    if custom_data is not None and len(custom_data) > MOST_CUSTOM_DATA:
        raise ActionFailure(
            "ConfigurationError",
            f"The CustomData of the action {work.run.name} is {len(custom_data)} characters long once its variables"
            f" are resolved; at most {MOST_CUSTOM_DATA} are allowed.",
        )
    token = new_id()
    topic = work.configuration.get("NotificationArn")
    if topic:
        _publish(work, topic, token)
    work.note(token=token)
    work.wait(lambda: work.run.answer is not None)
    answer = work.run.answer
    assert answer is not None
    work.note(summary=answer["summary"] or None, updated_by=answer["by"])
    if answer["status"] == "Rejected":
        raise ActionFailure("JobFailed", answer["summary"] or f"The approval was rejected by {answer['by']}")


def message(work: Work, token: str) -> dict[str, Any]:
    """The JSON that CodePipeline sends to the topic."""
    region = work.pipeline.region
    link = f"https://console.aws.amazon.com/codesuite/codepipeline/pipelines/{work.pipeline.name}/view?region={region}"
    expires = work.run.started + timedelta(seconds=work.timeout_seconds)
    return {
        "region": region,
        "consoleLink": link,
        "approval": {
            "pipelineName": work.pipeline.name,
            "stageName": work.run.stage,
            "actionName": work.run.name,
            "token": token,
            "expires": expires.strftime("%Y-%m-%dT%H:%MZ"),
            "externalEntityLink": work.configuration.get("ExternalEntityLink"),
            "approvalReviewLink": f"{link}#/{work.run.stage}/{work.run.name}/approve/{token}",
            "customData": work.configuration.get("CustomData"),
        },
    }


def _publish(work: Work, topic: str, token: str) -> None:
    names = [_short(work.pipeline.name), _short(work.run.name)]
    try:
        work.client("sns").publish(
            TopicArn=topic,
            Subject=f"APPROVAL NEEDED: AWS CodePipeline {names[0]} for action {names[1]}",
            Message=json.dumps(message(work, token)),
        )
    except ClientError as error:
        raise refused(
            f"The approval action {work.run.name} could not send its notification to {topic}: ", error
        ) from None


def _short(name: str) -> str:
    # Subjects of SNS have 100 characters; AWS cuts long names to fit.
    return name if len(name) <= 27 else f"{name[:24]}..."
