"""The pipeline's jobs: once a release, waited for, with the job's own reason when they fail."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from generator.delivery.errors import DeliveryError
from generator.delivery.jobs import failure_reason, finished_execution, run_jobs, stop_jobs
from generator.delivery.waiting import NotLive, Site
from tests.fakes_aws import FakeAws, FakeClock, aws_error

MACHINE = "arn:aws:states:eu-central-1:222222222222:stateMachine:acme-ml-dev-churn"
JOB = {"kind": "state_machine", "arn": MACHINE, "input": {}}
MISSING = aws_error("ExecutionDoesNotExist")

MakeSite = Callable[..., Site]


def arn(attempt: int) -> str:
    """Return the execution's ARN of an attempt of this release."""
    return f"{MACHINE.replace('stateMachine', 'execution')}:release-{'ab' * 16}-{attempt}"


class Machine:
    """A state machine whose executions are kept by name."""

    def __init__(self, *statuses: str, outcome: str = "SUCCEEDED") -> None:
        self.executions = {arn(number): status for number, status in enumerate(statuses, 1)}
        self.outcome = outcome
        self.polls = 0
        self.aws = FakeAws(
            stepfunctions={"describe_execution": self.describe, "start_execution": self.start, "stop_execution": {}}
        )

    def describe(self, executionArn: str) -> object:
        if executionArn not in self.executions:
            return MISSING
        if self.executions[executionArn] == "RUNNING":
            self.polls += 1
            if self.polls == 3:
                self.executions[executionArn] = self.outcome
        cause = json.dumps({"TrainingJobName": "churn-1", "FailureReason": "AlgorithmError: no label column"})
        status = self.executions[executionArn]
        return {"executionArn": executionArn, "status": status, **({"cause": cause} if status == "FAILED" else {})}

    def start(self, stateMachineArn: str, name: str, input: str) -> object:
        new = f"{stateMachineArn.replace('stateMachine', 'execution')}:{name}"
        if new in self.executions:
            return aws_error("ExecutionAlreadyExists")
        self.executions[new] = "RUNNING"
        return {"executionArn": new}


def started(machine: Machine) -> int:
    """Return how many executions were started."""
    return len(machine.aws.client("stepfunctions").called("start_execution"))


def test_job_is_started_once_and_waited_for(site: MakeSite) -> None:
    machine = Machine()
    place = site(machine.aws)
    assert run_jobs([JOB], place) == [f"job acme-ml-dev-churn finished ({arn(1)})"]
    assert started(machine) == 1
    assert isinstance(place.clock, FakeClock)
    assert len(place.clock.sleeps) == 2


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED"])
def test_retried_build_does_not_start_a_second_job(site: MakeSite, status: str) -> None:
    machine = Machine(status)
    assert run_jobs([JOB], site(machine.aws)) == [f"job acme-ml-dev-churn finished ({arn(1)})"]
    assert started(machine) == 0


def test_failed_job_is_started_again_under_the_next_name(site: MakeSite) -> None:
    machine = Machine("FAILED", "ABORTED")
    run_jobs([JOB], site(machine.aws))
    assert machine.executions[arn(3)] == "SUCCEEDED"


def test_name_that_aws_still_remembers_is_passed_over(site: MakeSite) -> None:
    machine = Machine()
    remembered = iter([aws_error("ExecutionAlreadyExists")])
    start = machine.start
    machine.aws.client("stepfunctions").answers["start_execution"] = lambda **given: (
        next(remembered, None) or start(**given)
    )
    run_jobs([JOB], site(machine.aws))
    assert machine.executions == {arn(2): "SUCCEEDED"}


def test_failed_job_fails_with_the_jobs_own_reason(site: MakeSite) -> None:
    with pytest.raises(DeliveryError, match="ended FAILED: churn-1: AlgorithmError: no label column"):
        run_jobs([JOB], site(Machine(outcome="FAILED").aws))


def test_job_of_unknown_kind_is_refused_before_any_is_started(site: MakeSite) -> None:
    machine = Machine()
    with pytest.raises(DeliveryError, match="kind 'lambda'"):
        run_jobs([JOB, {"kind": "lambda", "arn": "x"}], site(machine.aws))
    assert started(machine) == 0


def test_job_that_cannot_be_started_says_why(site: MakeSite) -> None:
    machine = Machine()
    machine.aws.client("stepfunctions").answers["start_execution"] = aws_error("AccessDeniedException", "no")
    with pytest.raises(DeliveryError, match="cannot be started: AccessDeniedException: no"):
        run_jobs([JOB], site(machine.aws))


def test_job_that_never_ends_is_given_up(site: MakeSite) -> None:
    machine = Machine(outcome="RUNNING")
    with pytest.raises(NotLive, match="still RUNNING after 129600 s"):
        run_jobs([JOB], site(machine.aws))


def test_finished_execution_is_that_of_the_last_good_attempt(site: MakeSite) -> None:
    assert finished_execution(MACHINE, site(Machine("FAILED", "SUCCEEDED").aws)) == arn(2)


@pytest.mark.parametrize(
    ("statuses", "words"), [((), "never started"), (("FAILED",), "no label column"), (("RUNNING",), "still runs")]
)
def test_release_without_a_finished_job_is_not_live(site: MakeSite, statuses: tuple[str, ...], words: str) -> None:
    with pytest.raises(NotLive, match=words):
        finished_execution(MACHINE, site(Machine(*statuses).aws))


def test_stopping_jobs_of_a_state_machine_that_is_gone_stops_nothing(site: MakeSite) -> None:
    aws = FakeAws(stepfunctions={"list_executions": aws_error("StateMachineDoesNotExist")})
    assert stop_jobs([JOB], site(aws)) == []


@pytest.mark.parametrize(
    ("execution", "reason"),
    [
        ({"error": "States.Timeout"}, "States.Timeout"),
        ({"error": "States.TaskFailed", "cause": "words"}, "States.TaskFailed: words"),
        ({"cause": '{"ProcessingJobName": "p", "ExitMessage": "bad csv"}'}, "p: bad csv"),
        ({"cause": '{"errorMessage": "boom"}'}, "boom"),
        ({"cause": "[1]"}, "[1]"),
        ({}, "no reason given"),
    ],
)
def test_failure_reason_is_what_a_person_needs(execution: dict[str, str], reason: str) -> None:
    assert failure_reason(execution) == reason
