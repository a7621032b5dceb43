"""What all of SageMaker's jobs have in common: a name used once, states that take time, an end with a reason.

A job is InProgress for the time set in the settings, then its work is done: outputs go to S3 with the
execution role. It ends Completed, Failed (with the reason that the work raised) or Stopped. Each change is an
EventBridge event.

Faults, one kind a job kind (`sagemaker.training_job`, `.transform_job`, `.processing_job`, `.tuning_job`,
`.automl_job`), matched by `name` and `account_id`: `{"reason": text}` makes a job fail at its end,
`{"status": "Stopped"}` makes it end Stopped, `{"seconds": n}` makes it take as long; each of them alone or
together.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sandbox.apis.operations import Call
from sandbox.errors import SandboxFault
from sandbox.iam.sessions import AssumeRoleRefused
from sandbox.sagemaker import events
from sandbox.sagemaker.access import AccessFailed, Role
from sandbox.sagemaker.lifecycle import settle
from sandbox.sagemaker.settings import SETTINGS
from sandbox.sagemaker.store import Resource, arn_of, invalid, now, store_of

log = logging.getLogger(__name__)

Members = dict[str, Any]


class JobFailed(Exception):
    """The job's work failed; the text is its FailureReason."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """The names that one kind of job goes by.

    Attributes:
        kind: Resource type of its ARN.
        name, arn, status: Members of its Describe answer.
        start_time, end_time: The same; "" for a member that it does not have.
        event: What its events are called.
        fault: The fault's kind.
        taken: What AWS says, before the ARN, about a name that is taken.
        missing: What AWS says, before the name, about a job that does not exist.
        missing_code: The error code of that.
        noun: In messages about stopping.
    """

    kind: str
    name: str
    arn: str
    status: str
    start_time: str
    end_time: str
    event: str
    fault: str
    taken: str
    missing: str
    missing_code: str
    noun: str


def start(
    call: Call,
    kind: JobKind,
    document: Members,
    work: Callable[[Resource], Members],
    *,
    seconds: float | None = None,
    changes: Callable[[str], Members] | None = None,
) -> Resource:
    """Start a job and return it; `work` is done in a thread once its time is over.

    Args:
        call: The Create call; its tags are kept.
        kind: The kind of job.
        document: What Describe answers, without name, ARN, status and times.
        work: Does the job and returns what Describe shows of the result. It may raise JobFailed or
            AccessFailed.
        seconds: How long the job takes; default: the settings'.
        changes: What Describe shows more in each status (`SecondaryStatus`).

    Raises:
        SandboxFault: ResourceInUse: the name is taken.
    """
    name = call[kind.name]
    arn = arn_of(call, kind.kind, name)
    require_free(call, kind, name)
    moment = now()
    shown = changes or (lambda status: {})
    job = Resource(
        kind.kind,
        name,
        arn,
        {
            **document,
            kind.name: name,
            kind.arn: arn,
            kind.status: "InProgress",
            "CreationTime": moment,
            "LastModifiedTime": moment,
            **({kind.start_time: moment} if kind.start_time else {}),
            **shown("InProgress"),
        },
        {"stop": threading.Event(), "began": time.monotonic()},
    )
    fault = call.context.faults.take(kind.fault, name=name, account_id=call.account_id, arn=arn)
    planned = fault.error if fault else {}
    length = float(planned.get("seconds", SETTINGS.job_seconds if seconds is None else seconds))
    job.extra["due"] = time.monotonic() + length
    store_of(call).add(job, call.get("Tags", []))
    _announce(call, kind, job)

    def run() -> None:
        stopped = job.extra["stop"].wait(length) or planned.get("status") == "Stopped"
        result: Members = {}
        status = "Stopped" if stopped else "Completed"
        try:
            if not stopped and "reason" in planned:
                raise JobFailed(planned["reason"])
            if not stopped:
                result = work(job)
        except JobFailed as error:
            status, result = "Failed", {"FailureReason": str(error)[:1024]}
        except (AccessFailed, AssumeRoleRefused, ClientError) as error:
            status, result = "Failed", {"FailureReason": f"ClientError: {error}"[:1024]}
        except Exception as error:
            log.exception("%s", arn)
            status, result = "Failed", {"FailureReason": f"InternalServerError: {error}"[:1024]}
        if job.extra["stop"].is_set():
            status = "Stopped"
        elif status == "Stopped" and "reason" in planned:
            result = {"FailureReason": planned["reason"]}
        _set(job, kind, status, {**shown(status), **result, kind.end_time: now()})
        job.changed.set()
        _announce(call, kind, job)

    call.context.run_thread(arn, run)
    return job


def require_free(call: Call, kind: JobKind, name: str) -> None:
    """Check that a job's name was never used.

    Raises:
        SandboxFault: ResourceInUse, in AWS's words.
    """
    if store_of(call).get(kind.kind, name) is not None:
        raise SandboxFault("ResourceInUse", f"{kind.taken} ({arn_of(call, kind.kind, name)})")


def describe(call: Call, kind: JobKind) -> Members:
    """What Describe answers about the job that a request names."""
    job = find_job(call, kind)
    settle(job)
    return job.document


def find_job(call: Call, kind: JobKind) -> Resource:
    """The job that a request names.

    Raises:
        SandboxFault: There is none; code and words are the kind's own.
    """
    job = store_of(call).get(kind.kind, call[kind.name])
    if job is None:
        text = kind.missing.format(name=call[kind.name])
        raise SandboxFault(kind.missing_code, text)
    return job


def stop(call: Call, kind: JobKind) -> None:
    """Stop the job that a request names: Stopping at once, Stopped soon.

    Raises:
        SandboxFault: ValidationException if it has ended.
    """
    job = find_job(call, kind)
    status = job.document[kind.status]
    if status in ("Completed", "Failed", "Stopped"):
        raise invalid(f"The request was rejected because the {kind.noun} is in status {status}.")
    _set(job, kind, "Stopping", {})
    _announce(call, kind, job)
    job.extra["stop"].set()


def open_role(call: Call, kind: JobKind) -> Role:
    """The execution role of a Create call, checked to be assumable."""
    role = Role(call.context, call["RoleArn"], call.account_id, call.region, arn_of(call, kind.kind, call[kind.name]))
    role.assume()
    return role


def write_log(role: Role, group: str, stream: str, lines: list[str]) -> None:
    """Write a job's log with its role; without the permission there is no log, as on AWS."""
    moment = int(time.time() * 1000)
    try:
        client = role.client("logs")
        for create, names in (
            (client.create_log_group, {"logGroupName": group}),
            (client.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
        ):
            try:
                create(**names)
            except client.exceptions.ResourceAlreadyExistsException:
                continue
        client.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": moment, "message": line} for line in lines],
        )
    except (ClientError, AssumeRoleRefused) as error:
        log.info("no log for %s %s: %s", group, stream, error)


def seconds_of(job: Resource) -> int:
    """How long a job has run, in whole seconds, at least 1."""
    return max(1, round(time.monotonic() - float(job.extra["began"])))


def _set(job: Resource, kind: JobKind, status: str, members: Members) -> None:
    document = {**job.document, **members, kind.status: status, "LastModifiedTime": now()}
    job.document = {key: value for key, value in document.items() if key and value is not None}


def _announce(call: Call, kind: JobKind, job: Resource) -> None:
    if kind.event:
        events.publish(call.context, job, kind.event, {"Tags": events.tags_of(store_of(call), job)})
