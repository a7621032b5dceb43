"""State machines: what is refused, how they run, and with whose permissions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_world import IMAGE, World, wait

from sandbox import control

TRAIN = "arn:aws:states:::sagemaker:createTrainingJob.sync"
RULES = "arn:aws:events:eu-central-1:{account}:rule/StepFunctionsGetEventsForSageMaker*Rule"
RULE_ACTIONS = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]


class Machines(World):
    """A world with a role for state machines."""

    def __init__(self, connect: Callable[..., Any], account: str) -> None:
        super().__init__(connect, account)
        self.sfn = connect("stepfunctions", account)
        self.states_role = self.make_role("states", "states.amazonaws.com")

    def create(self, *, name: str = "machine", start: str | None = None, **states: Any) -> str:
        definition = {"StartAt": start or next(iter(states)), "States": states}
        return self.create_definition(definition, name)

    def create_definition(self, definition: dict[str, Any], name: str = "machine", **more: Any) -> str:
        answer = self.sfn.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self.states_role, **more
        )
        return str(answer["stateMachineArn"])

    def start(self, arn: str, given: Any = None, **more: Any) -> str:
        answer = self.sfn.start_execution(stateMachineArn=arn, input=json.dumps({} if given is None else given), **more)
        return str(answer["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        found: dict[str, Any] = wait(
            lambda: self.sfn.describe_execution(executionArn=execution), lambda e: e["status"] != "RUNNING"
        )
        return found

    def run(self, given: Any = None, **states: Any) -> dict[str, Any]:
        """How an execution of these states ended; `output` is parsed."""
        arn = self.create(name=f"m{abs(hash(json.dumps(states)))}", **states)
        found = self.ended(self.start(arn, given))
        return {**found, "output": json.loads(found["output"]) if "output" in found else None}

    def output(self, given: Any = None, **states: Any) -> Any:
        found = self.run(given, **states)
        assert found["status"] == "SUCCEEDED", found
        return found["output"]

    def problems(self, definition: dict[str, Any]) -> list[str]:
        answer = self.sfn.validate_state_machine_definition(definition=json.dumps(definition))
        return [f"{d['location']}: {d['message']}" for d in answer["diagnostics"]]


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> Machines:
    return Machines(connect, account)


def wait_for(world: Machines, execution: str, kind: str) -> None:
    """Until the history has an event of a kind."""
    wait(
        lambda: world.sfn.get_execution_history(executionArn=execution)["events"],
        lambda events: any(event["type"] == kind for event in events),
    )


class TestDefinitions:
    @pytest.mark.parametrize(
        ("states", "problem"),
        [
            ({"A": {"Type": "Pass", "Next": "B"}}, "/States/A/Next: Missing 'Next' target: B"),
            (
                {"A": {"Type": "Pass", "End": True}, "B": {"Type": "Pass", "End": True}},
                '/States/B: State "B" is not reachable.',
            ),
            ({"A": {"Type": "Pass"}}, "/States/A: These fields are required: [Next or End]"),
            (
                {"A": {"Type": "Pass", "End": True, "Resourse": 1}},
                "/States/A/Resourse: Field is not supported: Resourse",
            ),
            (
                {"A": {"Type": "Pass", "End": True, "Parameters": {"x.$": "nopath"}}},
                "/States/A/Parameters/x.$: Value is not a JsonPath: nopath",
            ),
            (
                {"A": {"Type": "Pass", "End": True, "Parameters": {"x.$": "States.Nonsense($.a)"}}},
                "/States/A/Parameters/x.$: The function States.Nonsense does not exist",
            ),
            (
                {"A": {"Type": "Pass", "End": True, "ResultPath": "$.a[*]"}},
                "/States/A/ResultPath: Value is not a Reference Path: $.a[*]",
            ),
            (
                {"A": {"Type": "Pass", "End": True, "QueryLanguage": "JSONata", "Parameters": {}}},
                "/States/A/Parameters: Field is not supported: Parameters",
            ),
            (
                {"A": {"Type": "Task", "End": True, "Resource": TRAIN, "Parameters": {"TrainingJobNam.$": "$.n"}}},
                '/States/A/Parameters/TrainingJobNam: The field "TrainingJobNam" is not supported by Step Functions',
            ),
        ],
    )
    def test_a_fault_is_found_with_its_place(self, world: Machines, states: Any, problem: str) -> None:
        definition = {"StartAt": "A", "States": states}

        assert problem in world.problems(definition)
        with pytest.raises(ClientError) as caught:
            world.create_definition(definition)
        assert caught.value.response["Error"]["Code"] == "InvalidDefinition"

    @pytest.mark.parametrize(
        "resource",
        [
            "arn:aws:states:::sagemaker:createTrainingJobs",
            "arn:aws:states:::aws-sdk:sagemaker:createTrainingJob.sync",
            "arn:aws:states:::aws-sdk:sagemaker:trainMyModel",
            "arn:aws:states:::aws-sdk:nonsense:call",
            "train",
        ],
    )
    def test_a_resource_that_does_not_exist_is_found(self, world: Machines, resource: str) -> None:
        definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "End": True, "Resource": resource}}}

        assert any("is not recognized" in problem for problem in world.problems(definition))

    def test_a_missing_required_parameter_is_found(self, world: Machines) -> None:
        task = {"Type": "Task", "End": True, "Resource": "arn:aws:states:::sns:publish", "Parameters": {}}

        assert world.problems({"StartAt": "A", "States": {"A": task}}) == [
            '/States/A/Parameters: The field "Message" is required but was missing'
        ]

    def test_a_definition_without_faults_has_none(self, world: Machines) -> None:
        assert world.problems({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}) == []


class TestMachines:
    def test_creating_the_same_machine_again_is_no_error_but_another_is(self, world: Machines) -> None:
        arn = world.create(A={"Type": "Succeed"})

        assert world.create(A={"Type": "Succeed"}) == arn
        with pytest.raises(ClientError) as caught:
            world.create(A={"Type": "Pass", "End": True})
        assert caught.value.response["Error"]["Code"] == "StateMachineAlreadyExists"

    def test_an_update_changes_what_later_executions_run(self, world: Machines) -> None:
        arn = world.create(A={"Type": "Pass", "Result": 1, "End": True})
        first = world.sfn.describe_state_machine(stateMachineArn=arn)["revisionId"]
        changed = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 2, "End": True}}}
        world.sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(changed))

        assert world.sfn.describe_state_machine(stateMachineArn=arn)["revisionId"] != first
        assert world.ended(world.start(arn))["output"] == "2"

    def test_a_role_must_trust_step_functions(self, world: Machines) -> None:
        with pytest.raises(ClientError) as caught:
            world.sfn.create_state_machine(
                name="m",
                definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
                roleArn=world.role,
            )

        error = caught.value.response["Error"]
        assert error["Code"] == "AccessDeniedException"
        assert error["Message"].startswith("Neither the global service principal states.amazonaws.com")

    def test_a_sync_task_needs_the_managed_rule(self, world: Machines) -> None:
        task = {"Type": "Task", "End": True, "Resource": TRAIN, "Parameters": _training(world)}

        with pytest.raises(ClientError, match="is not authorized to create managed-rule"):
            world.create(A=task)

        world.allow("states", RULE_ACTIONS, RULES.format(account=world.account))
        assert world.create(A=task)

    def test_tags_and_logging_are_kept(self, world: Machines) -> None:
        arn = world.create_definition(
            {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, tags=[{"key": "a", "value": "b"}]
        )

        assert world.sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "b"}]
        described = world.sfn.describe_state_machine(stateMachineArn=arn)
        assert described["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}

    def test_a_deleted_machine_ends_its_executions(self, world: Machines, sandbox: control.Running) -> None:
        sandbox.request("stepfunctions/settings", {"longest_wait_seconds": 30, "wait_factor": 1})
        arn = world.create(A={"Type": "Wait", "Seconds": 30, "End": True})
        execution = world.start(arn)
        world.sfn.delete_state_machine(stateMachineArn=arn)
        sandbox.request("stepfunctions/settings", {"longest_wait_seconds": 1, "wait_factor": 0.01})

        assert world.ended(execution)["status"] == "ABORTED"
        wait(lambda: world.sfn.list_state_machines()["stateMachines"], lambda machines: not machines)


class TestExecutions:
    def test_a_name_runs_once(self, world: Machines) -> None:
        arn = world.create(A={"Type": "Pass", "End": True})
        execution = world.start(arn, {"a": 1}, name="once")
        world.ended(execution)

        with pytest.raises(ClientError) as caught:
            world.start(arn, {"a": 1}, name="once")
        assert caught.value.response["Error"]["Code"] == "ExecutionAlreadyExists"

    def test_the_same_name_and_input_while_it_runs_is_the_same_execution(
        self, world: Machines, sandbox: control.Running
    ) -> None:
        sandbox.request("stepfunctions/settings", {"longest_wait_seconds": 30, "wait_factor": 1})
        arn = world.create(A={"Type": "Wait", "Seconds": 30, "End": True})
        execution = world.start(arn, {"a": 1, "b": 2}, name="once")

        assert world.start(arn, {"b": 2, "a": 1}, name="once") == execution
        with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
            world.start(arn, {"a": 2}, name="once")
        world.sfn.stop_execution(executionArn=execution, error="Enough", cause="because")
        sandbox.request("stepfunctions/settings", {"longest_wait_seconds": 1, "wait_factor": 0.01})
        ended = world.ended(execution)
        assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "because")

    def test_the_history_tells_the_story(self, world: Machines) -> None:
        arn = world.create(A={"Type": "Pass", "Next": "B"}, B={"Type": "Succeed"})
        execution = world.start(arn, {"x": 1})
        world.ended(execution)

        events = world.sfn.get_execution_history(executionArn=execution)["events"]

        assert [event["type"] for event in events] == [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded",
        ]
        assert events[1]["stateEnteredEventDetails"] == {"name": "A", "input": '{"x":1}'}
        assert [event["previousEventId"] for event in events] == [0, 1, 2, 3, 4, 5]
        newest = world.sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)
        assert newest["events"][0]["type"] == "ExecutionSucceeded"
        assert "nextToken" in newest

    def test_executions_are_listed_newest_first_and_by_status(self, world: Machines) -> None:
        arn = world.create(
            A={
                "Type": "Choice",
                "Choices": [{"Variable": "$.ok", "BooleanEquals": True, "Next": "S"}],
                "Default": "F",
            },
            S={"Type": "Succeed"},
            F={"Type": "Fail", "Error": "E", "Cause": "c"},
        )
        for name, ok in (("one", True), ("two", False), ("three", True)):
            world.ended(world.start(arn, {"ok": ok}, name=name))

        def names(**more: str) -> list[str]:
            found = world.sfn.list_executions(stateMachineArn=arn, **more)["executions"]
            return [item["name"] for item in found]

        assert names() == ["three", "two", "one"]
        assert names(statusFilter="FAILED") == ["two"]

    def test_an_execution_can_fail_on_purpose(self, world: Machines, sandbox: control.Running) -> None:
        arn = world.create(A={"Type": "Succeed"})
        sandbox.request(
            "faults",
            {
                "kind": "stepfunctions.execution",
                "match": {"name": "doomed", "account_id": world.account},
                "error": {"error": "Bad", "cause": "luck"},
            },
        )

        ended = world.ended(world.start(arn, name="doomed"))

        assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Bad", "luck")


class TestData:
    def test_paths_parameters_and_results_flow_as_specified(self, world: Machines) -> None:
        states = {
            "A": {
                "Type": "Pass",
                "InputPath": "$.inner",
                "Parameters": {"fixed": 1, "name.$": "$.name", "execution.$": "$$.Execution.Name"},
                "ResultPath": "$.made.here",
                "OutputPath": "$.made",
                "End": True,
            }
        }

        output = world.output({"inner": {"name": "churn"}, "other": True}, **states)

        assert output["here"]["fixed"] == 1
        assert output["here"]["name"] == "churn"
        assert output["here"]["execution"]

    @pytest.mark.parametrize(
        ("call", "value"),
        [
            ("States.Format('{}-{}', $.a, $.list[0])", "x-1"),
            (r"States.Format('\{{}\}', $.a)", "{x}"),
            ("States.JsonToString($.object)", '{"k":[1,2]}'),
            ("States.StringToJson('[1, 2]')", [1, 2]),
            ("States.Array($.a, 'b', 3, null)", ["x", "b", 3, None]),
            ("States.ArrayGetItem(States.StringSplit('a-b', '-'), 1)", "b"),
            ("States.ArrayLength($.list)", 3),
            ("States.ArrayContains($.list, 2)", True),
            ("States.ArrayPartition($.list, 2)", [[1, 2], [3]]),
            ("States.ArrayRange(1, 9, 4)", [1, 5, 9]),
            ("States.ArrayUnique(States.Array(1, 1, 2))", [1, 2]),
            ("States.JsonMerge($.object, $.more, false)", {"k": [1, 2], "l": 3}),
            ("States.MathAdd(1, -3)", -2),
            ("States.Base64Decode(States.Base64Encode($.a))", "x"),
            ("States.Hash('x', 'MD5')", "9dd4e461268c8034f5c8564e155c67a6"),
            ("$.objects[?(@.n > 1)].name", ["two"]),
            ("$.objects[*].n", [1, 2]),
            ("$..name", ["one", "two"]),
            ("$.list[-1]", 3),
            ("$.list[0:2]", [1, 2]),
            ("$['odd key']", 5),
        ],
    )
    def test_an_expression_has_its_value(self, world: Machines, call: str, value: Any) -> None:
        given = {
            "a": "x",
            "list": [1, 2, 3],
            "object": {"k": [1, 2]},
            "more": {"l": 3},
            "objects": [{"n": 1, "name": "one"}, {"n": 2, "name": "two"}],
            "odd key": 5,
        }

        assert world.output(given, A={"Type": "Pass", "Parameters": {"v.$": call}, "End": True}) == {"v": value}

    def test_a_path_that_leads_nowhere_fails_the_execution(self, world: Machines) -> None:
        ended = world.run(A={"Type": "Pass", "Parameters": {"v.$": "$.nothing"}, "End": True})

        assert (ended["status"], ended["error"]) == ("FAILED", "States.ParameterPathFailure")

    def test_jsonata_states_compute_and_assign(self, world: Machines) -> None:
        states = {
            "A": {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Output": {"name": "{% 'job-' & $substring($hash($states.input.n, 'SHA-256'), 0, 10) %}"},
                "Assign": {"kept": "{% $states.input.n %}"},
                "Next": "B",
            },
            "B": {
                "Type": "Pass",
                "QueryLanguage": "JSONata",
                "Output": "{% $merge([$states.input, {'kept': $kept}]) %}",
                "End": True,
            },
        }

        output = world.output({"n": "release"}, **states)

        assert output == {"name": "job-a4d451ec23", "kept": "release"}

    def test_an_expression_without_value_fails_the_execution(self, world: Machines) -> None:
        state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input.x %}", "End": True}

        assert world.run(A=state)["error"] == "States.QueryEvaluationError"

    @pytest.mark.parametrize(
        ("rule", "chosen"),
        [
            ({"Variable": "$.n", "NumericGreaterThanEquals": 3}, True),
            ({"Variable": "$.n", "StringEquals": "3"}, False),
            ({"Variable": "$.s", "StringMatches": "train*done"}, True),
            ({"Variable": "$.s", "StringLessThanPath": "$.t"}, True),
            ({"Variable": "$.at", "TimestampLessThan": "2030-01-01T00:00:00Z"}, True),
            ({"Variable": "$.nothing", "IsPresent": False}, True),
            ({"Variable": "$.empty", "IsNull": True}, True),
            (
                {"And": [{"Variable": "$.n", "NumericEquals": 3}, {"Not": {"Variable": "$.s", "IsNumeric": True}}]},
                True,
            ),
            ({"Or": [{"Variable": "$.n", "NumericEquals": 4}, {"Variable": "$.b", "BooleanEquals": False}]}, False),
        ],
    )
    def test_a_choice_rule_holds_or_not(self, world: Machines, rule: Any, chosen: bool) -> None:
        given = {"n": 3, "s": "training done", "t": "zzz", "b": True, "empty": None, "at": "2026-01-01T00:00:00Z"}

        output = world.output(
            given,
            A={"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
            Yes={"Type": "Pass", "Result": True, "End": True},
            No={"Type": "Pass", "Result": False, "End": True},
        )

        assert output is chosen

    def test_no_choice_fails(self, world: Machines) -> None:
        rule = {"Variable": "$.n", "NumericEquals": 1, "Next": "B"}

        ended = world.run({"n": 2}, A={"Type": "Choice", "Choices": [rule]}, B={"Type": "Succeed"})

        assert ended["error"] == "States.NoChoiceMatched"

    def test_branches_and_iterations_keep_their_order(self, world: Machines) -> None:
        branch = {"StartAt": "X", "States": {"X": {"Type": "Pass", "Result": 1, "End": True}}}
        other = {"StartAt": "Y", "States": {"Y": {"Type": "Pass", "End": True}}}
        double = {
            "StartAt": "Z",
            "States": {"Z": {"Type": "Pass", "Parameters": {"v.$": "States.MathAdd($.v, $.v)"}, "End": True}},
        }

        output = world.output(
            {"items": [1, 2, 3]},
            A={"Type": "Parallel", "Branches": [branch, other], "ResultPath": "$.parallel", "Next": "B"},
            B={
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemSelector": {"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"},
                "ItemProcessor": double,
                "ResultPath": "$.mapped",
                "End": True,
            },
        )

        assert output["parallel"] == [1, {"items": [1, 2, 3]}]
        assert output["mapped"] == [{"v": 2}, {"v": 4}, {"v": 6}]

    def test_a_failing_branch_fails_the_state_and_can_be_caught(self, world: Machines) -> None:
        bad = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Broken", "Cause": "why"}}}
        slow = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}

        output = world.output(
            A={
                "Type": "Parallel",
                "Branches": [bad, slow],
                "Catch": [{"ErrorEquals": ["Broken"], "ResultPath": "$.error", "Next": "B"}],
                "End": True,
            },
            B={"Type": "Pass", "End": True},
        )

        assert output == {"error": {"Error": "Broken", "Cause": "why"}}


def _training(world: World, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": world.uri("data/")}
    return {
        "TrainingJobName.$": "$.job",
        "RoleArn": world.role,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": world.uri("out")},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        **more,
    }


@pytest.fixture
def trainer(world: Machines) -> Machines:
    """A world whose state machine role may train."""
    world.put("data/train.csv", "1,2\n")
    world.allow("states", RULE_ACTIONS, RULES.format(account=world.account))
    jobs = f"arn:aws:sagemaker:eu-central-1:{world.account}:training-job/*"
    actions = ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
    world.allow("states", [*actions, "sagemaker:AddTags"], jobs)
    condition = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    world.allow("states", ["iam:PassRole"], world.role, Condition=condition)
    return world


class TestTasks:
    def test_a_training_job_is_started_once_and_waited_for(self, trainer: Machines) -> None:
        arn = trainer.create(A={"Type": "Task", "Resource": TRAIN, "Parameters": _training(trainer), "End": True})

        ended = trainer.ended(trainer.start(arn, {"job": "trained"}))

        assert ended["status"] == "SUCCEEDED", ended
        output = json.loads(ended["output"])
        assert output["TrainingJobStatus"] == "Completed"
        assert output["ModelArtifacts"]["S3ModelArtifacts"] == trainer.uri("out/trained/output/model.tar.gz")
        assert isinstance(output["CreationTime"], int)
        tags = trainer.sm.list_tags(ResourceArn=output["TrainingJobArn"])["Tags"]
        assert tags == [{"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}]

    def test_a_failing_job_fails_the_task_with_its_description(
        self, trainer: Machines, sandbox: control.Running
    ) -> None:
        sandbox.request(
            "faults",
            {"kind": "sagemaker.training_job", "match": {"name": "sfn-doomed"}, "error": {"reason": "no memory"}},
        )
        arn = trainer.create(A={"Type": "Task", "Resource": TRAIN, "Parameters": _training(trainer), "End": True})

        ended = trainer.ended(trainer.start(arn, {"job": "sfn-doomed"}))

        assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
        assert json.loads(ended["cause"])["FailureReason"] == "no memory"

    def test_a_taken_job_name_has_its_own_error(self, trainer: Machines) -> None:
        catch = [{"ErrorEquals": ["SageMaker.ResourceInUseException"], "ResultPath": "$.error", "Next": "B"}]
        task = {"Type": "Task", "Resource": TRAIN, "Parameters": _training(trainer), "Catch": catch, "End": True}
        arn = trainer.create(A=task, B={"Type": "Pass", "End": True})
        trainer.ended(trainer.start(arn, {"job": "twice"}))

        ended = trainer.ended(trainer.start(arn, {"job": "twice"}))

        assert "Training job names must be unique" in json.loads(ended["output"])["error"]["Cause"]

    def test_a_role_that_may_not_start_the_job_fails_the_task(self, world: Machines) -> None:
        world.put("data/train.csv", "1,2\n")
        world.allow("states", RULE_ACTIONS, RULES.format(account=world.account))
        arn = world.create(A={"Type": "Task", "Resource": TRAIN, "Parameters": _training(world), "End": True})

        ended = world.ended(world.start(arn, {"job": "refused"}))

        assert ended["error"] == "SageMaker.AmazonSageMakerException"
        assert "is not authorized to perform: sagemaker:CreateTrainingJob" in ended["cause"]

    def test_stopping_the_execution_stops_the_job(self, trainer: Machines, sandbox: control.Running) -> None:
        sandbox.request(
            "faults", {"kind": "sagemaker.training_job", "match": {"name": "sfn-long"}, "error": {"seconds": 60}}
        )
        arn = trainer.create(A={"Type": "Task", "Resource": TRAIN, "Parameters": _training(trainer), "End": True})
        execution = trainer.start(arn, {"job": "sfn-long"})
        wait_for(trainer, execution, "TaskSubmitted")

        trainer.sfn.stop_execution(executionArn=execution)

        job = wait(
            lambda: trainer.sm.describe_training_job(TrainingJobName="sfn-long"),
            lambda found: found["TrainingJobStatus"] not in ("InProgress", "Stopping"),
        )
        assert job["TrainingJobStatus"] == "Stopped"

    def test_a_task_times_out(self, trainer: Machines, sandbox: control.Running) -> None:
        sandbox.request(
            "faults", {"kind": "sagemaker.training_job", "match": {"name": "sfn-slow"}, "error": {"seconds": 60}}
        )
        task = {"Type": "Task", "Resource": TRAIN, "Parameters": _training(trainer), "TimeoutSeconds": 1, "End": True}

        ended = trainer.ended(trainer.start(trainer.create(A=task), {"job": "sfn-slow"}))

        assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")

    def test_a_retry_helps_when_the_second_call_works(self, world: Machines, sandbox: control.Running) -> None:
        world.allow("states", ["sagemaker:ListModels"], "*")
        sandbox.request(
            "faults",
            {
                "kind": "stepfunctions.task",
                "match": {"machine": "again"},
                "error": {"error": "SageMaker.ThrottlingException", "cause": "slow down"},
                "times": 2,
            },
        )
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModels",
            "Parameters": {},
            "Retry": [{"ErrorEquals": ["SageMaker.ThrottlingException"], "MaxAttempts": 2}],
            "End": True,
        }
        execution = world.start(world.create(name="again", A=task))

        assert json.loads(world.ended(execution)["output"]) == {"Models": []}
        events = world.sfn.get_execution_history(executionArn=execution)["events"]
        assert [event["type"] for event in events].count("TaskFailed") == 2

    def test_sdk_integrations_speak_pascal_case_and_name_errors_as_java_does(self, world: Machines) -> None:
        world.allow("states", ["s3:GetObject"], f"arn:aws:s3:::{world.bucket}/*")
        world.allow("states", ["s3:ListBucket"], f"arn:aws:s3:::{world.bucket}")
        world.put("note.txt", "hello")
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
            "Parameters": {"Bucket": world.bucket, "Key.$": "$.key"},
            "Catch": [{"ErrorEquals": ["S3.NoSuchKeyException"], "ResultPath": "$.error", "Next": "B"}],
            "End": True,
        }
        states = {"A": task, "B": {"Type": "Pass", "End": True}}

        assert world.output({"key": "note.txt"}, **states)["Body"] == "hello"
        assert world.output({"key": "nothing"}, **states)["error"]["Error"] == "S3.NoSuchKeyException"

    def test_an_object_is_written_as_json_text(self, world: Machines) -> None:
        world.allow("states", ["s3:PutObject"], f"arn:aws:s3:::{world.bucket}/*")
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": {"Bucket": world.bucket, "Key": "out.json", "Body": {"job.$": "$.job"}},
            "ResultSelector": {"etag.$": "$.ETag"},
            "End": True,
        }

        assert world.output({"job": "x"}, A=task)["etag"]
        assert world.get(world.uri("out.json")) == b'{"job":"x"}'

    def test_a_message_is_published(self, world: Machines) -> None:
        sns, sqs = world.connect("sns", world.account), world.connect("sqs", world.account)
        topic = sns.create_topic(Name="news")["TopicArn"]
        queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        world.allow("states", ["sns:Publish"], topic)
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Parameters": {"TopicArn": topic, "Subject": "done", "Message": {"job.$": "$.job"}},
            "End": True,
        }

        assert world.output({"job": "x"}, A=task)["MessageId"]
        [message] = wait(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), lambda found: found)
        assert json.loads(message["Body"]) == {"job": "x"}

    def test_a_nested_execution_is_waited_for(self, world: Machines) -> None:
        inner = world.create(name="inner", A={"Type": "Pass", "Result": {"answer": 42}, "End": True})
        rule = f"arn:aws:events:eu-central-1:{world.account}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
        world.allow("states", RULE_ACTIONS, rule)
        executions = f"arn:aws:states:eu-central-1:{world.account}:execution:inner:*"
        world.allow("states", ["states:StartExecution"], inner)
        world.allow("states", ["states:DescribeExecution", "states:StopExecution"], executions)
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": inner, "Input": {"from.$": "$$.Execution.Id"}},
            "OutputPath": "$.Output",
            "End": True,
        }

        assert world.output(A=task) == {"answer": 42}

    def test_a_task_waits_for_its_token(self, world: Machines) -> None:
        sqs = world.connect("sqs", world.account)
        queue = sqs.create_queue(QueueName="work")["QueueUrl"]
        world.allow("states", ["sqs:SendMessage"], f"arn:aws:sqs:eu-central-1:{world.account}:work")
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
            "End": True,
        }
        execution = world.start(world.create(A=task))
        [message] = wait(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), lambda found: found)

        world.sfn.send_task_success(taskToken=json.loads(message["Body"])["token"], output='{"approved": true}')

        assert json.loads(world.ended(execution)["output"]) == {"approved": True}

    def test_its_end_is_an_event(self, world: Machines) -> None:
        events, sqs = world.connect("events", world.account), world.connect("sqs", world.account)
        queue = sqs.create_queue(QueueName="events")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        pattern = {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": ["SUCCEEDED"]},
        }
        events.put_rule(Name="ends", EventPattern=json.dumps(pattern))
        events.put_targets(Rule="ends", Targets=[{"Id": "queue", "Arn": arn}])

        execution = world.start(world.create(A={"Type": "Pass", "Result": 1, "End": True}), name="told")

        [message] = wait(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), lambda found: found)
        event = json.loads(message["Body"])
        assert event["resources"] == [execution]
        assert (event["detail"]["name"], event["detail"]["output"]) == ("told", "1")
