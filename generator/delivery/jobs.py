"""The pipeline's jobs: started after the apply, once a release, waited for, and stopped before a destroy.

A module lists its jobs in its output ``jobs``: ``{kind = "state_machine", arn, input}``, where ``input`` is
any value and goes to the state machine as JSON. An execution is named after the release
(``release-<digest>-<attempt>``), so that a retried build finds the execution of its first try instead of
paying for a second one. Only after a try that failed does the next one get a new name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from .aws import error_code, error_text
from .errors import DeliveryError
from .waiting import NotLive, Site

_LAST_ATTEMPT = 50
# A build lasts 36 hours at most; a job that lasts longer is found again by the next build.
JOB_PATIENCE_SECONDS = 36 * 3600.0


def run_jobs(jobs: Sequence[Mapping[str, Any]], site: Site) -> list[str]:
    """Start every job and wait for all of them; return a sentence about each.

    Raises:
        DeliveryError: A job failed, with its reason, or is of an unknown kind.
    """
    for job in jobs:
        if job.get("kind") != "state_machine":
            raise DeliveryError(
                f"the module lists a job of kind {job.get('kind')!r}; this runner runs state_machine jobs",
                "run the job in a Step Functions state machine of the module",
            )
    started = [(job, _start(job, site)) for job in jobs]
    failures, done = [], []
    for job, execution in started:
        name = _machine_name(job["arn"])
        answer = site.settle(f"job {name}", partial(_ask, execution, site), {"RUNNING"}, JOB_PATIENCE_SECONDS)
        if answer["status"] == "SUCCEEDED":
            done.append(f"job {name} finished ({execution})")
        else:
            failures.append(f"job {name} ended {answer['status']}: {failure_reason(answer)}")
    if failures:
        raise DeliveryError(
            "; ".join(failures),
            "mend the cause and submit the request again; a finished job is not run again",
        )
    return done


def pending_jobs(jobs: Sequence[Mapping[str, Any]], site: Site) -> list[str]:
    """Return the names of the state machines that a delivery of this release will start."""
    return [
        _machine_name(job["arn"])
        for job in jobs
        if job.get("kind") == "state_machine"
        and not any(answer["status"] in ("RUNNING", "SUCCEEDED") for answer in _attempts(job["arn"], site))
    ]


def finished_execution(machine_arn: str, site: Site) -> str:
    """Return the ARN of this release's successful execution of a state machine.

    Raises:
        NotLive: There is none, it runs still, or it failed.
    """
    last = None
    for answer in _attempts(machine_arn, site):
        if answer["status"] == "SUCCEEDED":
            return str(answer["executionArn"])
        last = answer
    name = _machine_name(machine_arn)
    if last is None:
        raise NotLive(f"job {name} was never started for this release")
    if last["status"] == "RUNNING":
        raise NotLive(f"job {name} still runs")
    raise NotLive(f"job {name} ended {last['status']}: {failure_reason(last)}")


def stop_jobs(jobs: Sequence[Mapping[str, Any]], site: Site) -> list[str]:
    """Stop every running execution of the jobs' state machines, of whichever release, and wait for it.

    Stopping an execution stops the job that a ``.sync`` task waits for.

    Returns:
        The ARNs of the stopped executions.
    """
    client = site.client("stepfunctions")
    stopped: list[str] = []
    for machine in dict.fromkeys(job["arn"] for job in jobs if job.get("kind") == "state_machine"):
        try:
            pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
            running = [execution["executionArn"] for page in pages for execution in page["executions"]]
        except Exception as error:
            if error_code(error) in ("StateMachineDoesNotExist", "StateMachineDeleting"):
                continue
            raise
        for execution in running:
            client.stop_execution(
                executionArn=execution, error="Deprovisioned", cause="The pipeline is being deprovisioned."
            )
            stopped.append(execution)
    for execution in stopped:
        site.settle(f"stopping {execution}", partial(_ask, execution, site), {"RUNNING"})
    return stopped


def failure_reason(execution: Mapping[str, Any]) -> str:
    """Return why an execution failed: the job's own reason where the cause is a job's description. Pure."""
    error, cause = str(execution.get("error") or ""), str(execution.get("cause") or "")
    try:
        document = json.loads(cause)
    except ValueError:
        document = None
    if isinstance(document, dict):
        for key in ("FailureReason", "ExitMessage", "errorMessage", "StatusMessage"):
            if document.get(key):
                names = [str(value) for name, value in document.items() if name.endswith("JobName") and value]
                return f"{'/'.join(names)}: {document[key]}" if names else str(document[key])
    return ": ".join(part for part in (error, cause) if part)[:1500] or "no reason given"


def _start(job: Mapping[str, Any], site: Site) -> str:
    """Return the ARN of the execution that this release needs: the one it has, else a new one."""
    attempt = 0
    for answer in _attempts(job["arn"], site):
        if answer["status"] in ("RUNNING", "SUCCEEDED"):
            site.say(f"job {_machine_name(job['arn'])}: already {answer['status']} for this release")
            return str(answer["executionArn"])
        attempt += 1
    client = site.client("stepfunctions")
    text = json.dumps(job.get("input", {}), sort_keys=True, separators=(",", ":"))
    while attempt < _LAST_ATTEMPT:
        attempt += 1
        try:
            answer = client.start_execution(
                stateMachineArn=job["arn"], name=_execution_name(site.release, attempt), input=text
            )
        except Exception as error:
            # A state machine that was deleted and made again keeps the names of its executions for a while.
            if error_code(error) == "ExecutionAlreadyExists":
                continue
            raise DeliveryError(f"job {_machine_name(job['arn'])} cannot be started: {error_text(error)}") from error
        site.say(f"job {_machine_name(job['arn'])}: started")
        return str(answer["executionArn"])
    raise DeliveryError(
        f"job {_machine_name(job['arn'])} failed {_LAST_ATTEMPT} times for this release", "change the request"
    )


def _attempts(machine_arn: str, site: Site) -> Sequence[Mapping[str, Any]]:
    """Return the descriptions of this release's executions, in the order of their attempts."""
    found: list[Mapping[str, Any]] = []
    client = site.client("stepfunctions")
    while len(found) < _LAST_ATTEMPT:
        arn = _execution_arn(machine_arn, _execution_name(site.release, len(found) + 1))
        try:
            found.append(client.describe_execution(executionArn=arn))
        except Exception as error:
            if error_code(error) in ("ExecutionDoesNotExist", "StateMachineDoesNotExist"):
                break
            raise
    return found


def _ask(execution: str, site: Site) -> tuple[str, Any]:
    answer = site.client("stepfunctions").describe_execution(executionArn=execution)
    return str(answer["status"]), answer


def _execution_name(release: str, attempt: int) -> str:
    return f"release-{release[:32]}-{attempt}"


def _execution_arn(machine_arn: str, name: str) -> str:
    return f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"


def _machine_name(machine_arn: str) -> str:
    return machine_arn.rsplit(":", 1)[-1]
