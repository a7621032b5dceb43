"""The Lambda action: invokes a function with a job, and waits for the job's result."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.codebuild import Location
from sandbox.codepipeline import roles
from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.failure import ActionFailure, refused
from sandbox.codepipeline.state import new_id
from sandbox.codepipeline.work import Work

# After how many seconds a job that asked to be continued is handed out again; AWS takes half a minute.
CONTINUE_SECONDS = 1.0


def entity_url(action: Declaration, region: str) -> str:
    """The function's page."""
    name = action["configuration"].get("FunctionName", "")
    return f"https://console.aws.amazon.com/lambda/home?region={region}#/functions/{name}"


def run(work: Work) -> None:
    """Invoke the function until it, or somebody else, has put the job's result."""
    job_id = new_id()
    work.note(job_id=job_id, external_id=job_id)
    continuation: str | None = None
    while True:
        answer = _hand_out(work, job_id, continuation)
        details = answer.get("executionDetails") or {}
        work.note(
            summary=details.get("summary"),
            percent=details.get("percentComplete"),
            external_id=details.get("externalExecutionId") or job_id,
        )
        if answer["status"] == "Failed":
            raise ActionFailure(answer["failureDetails"]["type"], answer["failureDetails"]["message"])
        continuation = answer.get("continuationToken")
        if continuation is None:
            work.note(output_variables=dict(answer.get("outputVariables") or {}))
            return
        work.pause(CONTINUE_SECONDS)


def _hand_out(work: Work, job_id: str, continuation: str | None) -> Mapping[str, Any]:
    """Invoke the function once and return the job's result, whoever puts it."""
    work.note(answer=None)
    failure = _invoke(work, job_id, continuation)
    work.wait(lambda: work.run.answer is not None or bool(failure))
    answer = work.run.answer
    if answer is None:
        raise ActionFailure("JobFailed", failure[0])
    return answer


def job(work: Work, job_id: str, continuation: str | None) -> dict[str, Any]:
    """The job as the function gets it, and GetJobDetails shows it."""
    data: dict[str, Any] = {
        "actionConfiguration": {"configuration": dict(work.configuration)},
        "inputArtifacts": [_artifact(work, name, location) for name, location in work.run.inputs.items()],
        "outputArtifacts": [_artifact(work, name, location) for name, location in work.run.outputs.items()],
        "artifactCredentials": roles.artifact_credentials(
            work.context, work.pipeline, work.run.declaration.get("roleArn")
        ),
    }
    if continuation is not None:
        data["continuationToken"] = continuation
    if work.store.get("encryptionKey"):
        data["encryptionKey"] = work.store["encryptionKey"]
    return {"id": job_id, "accountId": work.pipeline.account_id, "data": data}


def _artifact(work: Work, name: str, location: Location) -> dict[str, Any]:
    revisions = {one.artifact: one.id for one in work.execution.revisions}
    return {
        "name": name,
        "revision": revisions.get(name),
        "location": {"type": "S3", "s3Location": {"bucketName": location.bucket, "objectKey": location.key}},
    }


def _invoke(work: Work, job_id: str, continuation: str | None) -> list[str]:
    """Invoke the function in a thread; the list returned gets the reason if it fails."""
    function = work.configuration["FunctionName"]
    client, failure = work.client("lambda"), list[str]()
    payload = json.dumps({"CodePipeline.job": job(work, job_id, continuation)}).encode()

    def call() -> None:
        reason = None
        try:
            answer = client.invoke(FunctionName=function, Payload=payload)
            if answer.get("FunctionError"):
                detail = answer["Payload"].read().decode("utf-8", "replace")
                reason = (
                    f"The AWS Lambda function {function} failed to return a result. Check the function to verify"
                    " that it has permission to call the PutJobSuccessResult action and that it made a call to"
                    f" PutJobSuccessResult. The function said: {detail}"
                )
        except ClientError as error:
            reason = str(refused(f"The function {function} could not be invoked: ", error))
        except BotoCoreError as error:
            reason = f"The function {function} could not be invoked: {error}"
        if reason is not None:
            with work.pipeline.changed:
                failure.append(reason)
                work.pipeline.changed.notify_all()

    threading.Thread(target=call, name=f"invoke {function}", daemon=True).start()
    return failure
