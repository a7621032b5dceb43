"""CodePipeline: executions run stage by stage, wait where they should, and fail as on AWS."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from build_world import Json, Pipelines, action, policy, spec, stage, trust, until, variable_check, zipped

PLAN = json.dumps(
    {
        "version": 0.2,
        "env": {"exported-variables": ["CHANGES", "SUMMARY"]},
        "phases": {
            "build": {
                "commands": [
                    'export CHANGES=$(cat changes.txt) SUMMARY="$MODE of $BUNDLE in $STAGE"',
                    "echo $SUMMARY > plan.txt",
                ]
            }
        },
        "artifacts": {"files": ["plan.txt"]},
    },
    indent=1,
)
APPLY = spec('test "$(cat $CODEBUILD_SRC_DIR_dev_plan/plan.txt)" = "$EXPECTED" && ls changes.txt')


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> Pipelines:
    world = Pipelines(connect, account)
    world.upload("bundles/1.zip", {"changes.txt": "3"})
    world.pipeline_project("plan", PLAN)
    world.pipeline_project("apply", APPLY)
    world.pipeline_project("good", spec("true"))
    world.pipeline_project("bad", spec("false"))
    return world


def environment(**values: str) -> Json:
    listed = [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items()]
    return {"EnvironmentVariables": json.dumps(listed)}


def delivery(world: Pipelines) -> list[Json]:
    """Plan, approve unless there is nothing to change, apply."""
    plan = world.build(
        "Plan",
        "plan",
        configuration=environment(STAGE="dev", MODE="#{variables.mode}", BUNDLE="#{Source.ObjectKey}"),
        outputs=["dev_plan"],
        namespace="dev_plan",
    )
    apply = world.build(
        "Apply",
        "apply",
        inputs=["bundle", "dev_plan"],
        configuration={"PrimarySource": "bundle"} | environment(EXPECTED="#{dev_plan.SUMMARY}"),
    )
    return [
        stage("dev-plan", plan),
        stage(
            "dev-approve",
            world.approval(NotificationArn=world.topic, CustomData="Change: #{dev_plan.SUMMARY}"),
            beforeEntry=variable_check("#{dev_plan.CHANGES}", "NE", "0"),
        ),
        stage("dev-apply", apply, world.build("Verify", "good", runOrder=2)),
    ]


MODE = {"variables": [{"name": "mode", "defaultValue": "apply", "description": "apply or destroy"}]}


def test_delivery_passes_artifacts_and_variables_and_waits_for_approval(world: Pipelines) -> None:
    queue, arn = world.queue("inbox")
    world.sns.subscribe(TopicArn=world.topic, Protocol="sqs", Endpoint=arn)
    execution_id = world.create(*delivery(world), **MODE)
    pending = world.pending("dev-approve")
    running = world.execution(execution_id)
    assert (running["status"], running["trigger"]["triggerType"]) == ("InProgress", "CreatePipeline")
    assert running["variables"] == [{"name": "mode", "resolvedValue": "apply"}]
    [message] = world.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]
    sent = json.loads(message["Body"])
    assert sent["Subject"] == "APPROVAL NEEDED: AWS CodePipeline delivery for action Approve"
    approval = json.loads(sent["Message"])["approval"]
    assert approval["customData"] == "Change: apply of bundles/1.zip in dev"
    assert (approval["token"], approval["stageName"]) == (pending["token"], "dev-approve")
    assert approval["externalEntityLink"] is None
    world.answer("dev-approve", summary="fine")
    assert world.end(execution_id)["status"] == "Succeeded"
    state = world.stages()["dev-approve"]
    assert state["actions"]["Approve"]["summary"] == "fine"
    assert state["actions"]["Approve"]["lastUpdatedBy"] == f"arn:aws:iam::{world.account}:root"
    assert "token" not in state["actions"]["Approve"]
    details = {item["actionName"]: item for item in world.actions(execution_id)}
    assert list(details) == ["Bundle", "Plan", "Approve", "Apply", "Verify"]
    assert details["Plan"]["output"]["outputVariables"]["CHANGES"] == "3"
    assert details["Approve"]["input"]["resolvedConfiguration"]["CustomData"] == approval["customData"]
    assert details["Apply"]["output"]["executionResult"]["externalExecutionId"].startswith("apply:")
    [artifact] = details["Plan"]["output"]["outputArtifacts"]
    prefix, middle, random = artifact["s3location"]["key"].split("/")
    assert (prefix, middle, len(random)) == ("delivery", "dev_plan", 7)
    build = world.codebuild.batch_get_builds(ids=[details["Plan"]["output"]["executionResult"]["externalExecutionId"]])
    assert build["builds"][0]["initiator"] == "codepipeline/delivery"


def test_stage_is_skipped_when_its_entry_condition_says_so(world: Pipelines) -> None:
    world.upload("bundles/1.zip", {"changes.txt": "0"})
    execution_id = world.create(*delivery(world), **MODE)
    assert world.end(execution_id)["status"] == "Succeeded"
    state = world.stages()["dev-approve"]
    assert state["latestExecution"] == {
        "pipelineExecutionId": execution_id,
        "status": "Skipped",
        "type": "STANDARD",
    }
    assert state["actions"] == {"Approve": None}
    condition = state["beforeEntryConditionState"]
    assert condition["latestExecution"]["status"] == "Failed"
    assert condition["conditionStates"][0]["ruleStates"][0]["latestExecution"]["status"] == "Failed"
    [rule] = world.codepipeline.list_rule_executions(pipelineName="delivery")["ruleExecutionDetails"]
    assert rule["input"]["resolvedConfiguration"] == {"Variable": "0", "Operator": "NE", "Value": "0"}


def test_rejection_fails_the_stage_and_names_who_rejected(
    world: Pipelines, make_role: Callable[..., Any], connect: Callable[..., Any]
) -> None:
    statements = [{"Effect": "Allow", "Action": "codepipeline:*", "Resource": "*"}]
    approver = connect("codepipeline", make_role(world.account, "approver", statements))
    execution_id = world.create(*delivery(world), **MODE)
    token = world.pending("dev-approve")["token"]
    with pytest.raises(ClientError, match="InvalidApprovalToken"):
        world.answer("dev-approve", token="00000000-0000-0000-0000-000000000000")
    world.answer("dev-approve", "Rejected", approver, summary="too dear")
    with pytest.raises(ClientError, match="ApprovalAlreadyCompleted"):
        world.answer("dev-approve", token=token)
    execution = world.end(execution_id)
    assert execution["status"] == "Failed"
    assert execution["statusSummary"] == "1 action failed in stage dev-approve: Approve"
    stages = world.stages()
    approve = stages["dev-approve"]["actions"]["Approve"]
    assert (approve["status"], approve["summary"]) == ("Failed", "too dear")
    assert approve["lastUpdatedBy"] == f"arn:aws:sts::{world.account}:assumed-role/approver/test"
    assert "latestExecution" not in stages["dev-apply"]


def test_failed_build_tells_why_and_a_retry_goes_on_from_there(world: Pipelines) -> None:
    world.pipeline_project(
        "flaky",
        spec(
            'test -n "$(aws_s3() { python -c \'import boto3;boto3.client("s3").head_object(Bucket="'
            + world.bucket
            + '",Key="go")\'; }; aws_s3 && echo yes)"'
        ),
    )
    execution_id = world.create(
        stage("one", world.build("Good", "good"), world.build("Flaky", "flaky")),
        stage("two", world.build("Last", "good")),
    )
    assert world.end(execution_id)["status"] == "Failed"
    failed = world.stages()["one"]["actions"]["Flaky"]
    assert failed["errorDetails"]["code"] == "JobFailed"
    assert failed["errorDetails"]["message"].startswith(
        "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: Error while"
    )
    world.s3.put_object(Bucket=world.bucket, Key="go", Body=b"")
    retry = {"pipelineName": "delivery", "pipelineExecutionId": execution_id, "stageName": "one"}
    with pytest.raises(ClientError, match="NotLatestPipelineExecution"):
        world.codepipeline.retry_stage_execution(**(retry | {"stageName": "two"}), retryMode="FAILED_ACTIONS")
    world.codepipeline.retry_stage_execution(**retry, retryMode="FAILED_ACTIONS")
    assert world.end(execution_id)["status"] == "Succeeded"
    ran = [item["actionName"] for item in world.actions(execution_id)]
    assert (ran.count("Good"), ran.count("Flaky"), ran.count("Last")) == (1, 2, 1)
    assert world.stages()["one"]["retryStageMetadata"] == {
        "manualStageRetryAttempt": 1,
        "latestRetryTrigger": "ManualStageRetry",
    }
    with pytest.raises(ClientError, match="StageNotRetryable"):
        world.codepipeline.retry_stage_execution(**retry, retryMode="FAILED_ACTIONS")


def test_start_takes_a_key_of_the_source_only_where_allowed(world: Pipelines) -> None:
    world.end(world.create(stage("one", world.build("Good", "good"))))
    old = world.upload("bundles/2.zip", {"changes.txt": "2"})
    world.upload("bundles/2.zip", {"changes.txt": "22"})
    key = {"actionName": "Bundle", "revisionType": "S3_OBJECT_KEY", "revisionValue": "bundles/2.zip"}
    version = {"actionName": "Bundle", "revisionType": "S3_OBJECT_VERSION_ID", "revisionValue": old}
    execution_id = world.start(sourceRevisions=[key, version], clientRequestToken="one")
    assert world.start(sourceRevisions=[key, version], clientRequestToken="one") == execution_id
    execution = world.end(execution_id)
    assert execution["artifactRevisions"][0]["revisionId"] == old
    assert execution["trigger"] == {
        "triggerType": "StartPipelineExecution",
        "triggerDetail": f"arn:aws:iam::{world.account}:root",
    }
    source = world.actions(execution_id)[0]
    assert source["output"]["outputVariables"]["ObjectKey"] == "bundles/2.zip"
    summaries = world.codepipeline.list_pipeline_executions(pipelineName="delivery")["pipelineExecutionSummaries"]
    assert summaries[0]["pipelineExecutionId"] == execution_id
    assert summaries[0]["sourceRevisions"][0]["revisionId"] == old
    assert len(summaries) == 2
    with pytest.raises(ClientError, match="Conflict"):
        world.start(clientRequestToken="one")
    pipeline = world.declare(stage("one", world.build("Good", "good")))
    pipeline["stages"][0]["actions"][0]["configuration"]["AllowOverrideForS3ObjectKey"] = "false"
    world.codepipeline.update_pipeline(pipeline=pipeline)
    with pytest.raises(ClientError, match="AllowOverrideForS3ObjectKey is not true"):
        world.start(sourceRevisions=[key])
    with pytest.raises(ClientError, match="does not declare the variable mode"):
        world.start(variables=[{"name": "mode", "value": "destroy"}])


@pytest.mark.parametrize(
    ("lost", "failing", "text"),
    [
        ("s3:*", "Bundle", "does not have permissions"),
        ("codebuild:*", "Plan", "not authorized to perform: codebuild:StartBuild"),
        ("sns:Publish", "Approve", "could not send its notification"),
    ],
)
def test_missing_permission_fails_the_action_that_needs_it(
    world: Pipelines, lost: str, failing: str, text: str
) -> None:
    # A topic's default policy lets in everybody of its account; this one leaves it to the identity policies.
    subscribe = {"Effect": "Allow", "Action": "sns:Subscribe", "Principal": {"AWS": world.account}}
    world.sns.set_topic_attributes(
        TopicArn=world.topic,
        AttributeName="Policy",
        AttributeValue=policy(subscribe | {"Resource": world.topic}),
    )
    world.allow_pipeline(*({"s3:*", "codebuild:*", "sns:Publish"} - {lost}))
    execution_id = world.create(*delivery(world), **MODE)
    assert world.end(execution_id)["status"] == "Failed"
    last = world.actions(execution_id)[-1]
    assert (last["actionName"], last["status"]) == (failing, "Failed")
    assert text in last["output"]["executionResult"]["errorDetails"]["message"]


def test_action_role_is_assumed_by_the_pipelines_role(world: Pipelines) -> None:
    world.iam.create_role(
        RoleName="actor",
        AssumeRolePolicyDocument=policy(
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": world.account}}
        ),
    )
    document = policy({"Effect": "Allow", "Action": ["s3:*", "codebuild:*"], "Resource": "*"})
    world.iam.put_role_policy(RoleName="actor", PolicyName="actor", PolicyDocument=document)
    role = f"arn:aws:iam::{world.account}:role/actor"
    world.allow_pipeline("s3:*")
    execution_id = world.create(stage("one", world.build("Good", "good", roleArn=role)))
    assert world.end(execution_id)["status"] == "Failed"
    assert "not authorized to perform AssumeRole" in world.stages()["one"]["actions"]["Good"]["errorDetails"]["message"]
    world.allow_pipeline("s3:*", "sts:AssumeRole")
    assert world.end(world.start())["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        ({"CustomData": "#{Source.Nothing}"}, "one or more variables could not be resolved: Action name=Approve"),
        ({"CustomData": "#{Source.ETag}" * 40}, "1280 characters long"),
    ],
)
def test_approval_fails_when_its_text_cannot_be_shown(world: Pipelines, configuration: Json, text: str) -> None:
    execution_id = world.create(stage("ask", world.approval(**configuration)))
    assert world.end(execution_id)["status"] == "Failed"
    assert text in world.stages()["ask"]["actions"]["Approve"]["errorDetails"]["message"]


def test_provider_that_is_not_played_fails_as_an_action(world: Pipelines) -> None:
    deploy = action("Deploy", "Deploy", "CloudFormation", {"ActionMode": "CREATE_UPDATE"}, inputs=["bundle"])
    execution_id = world.create(stage("deploy", deploy))
    assert world.end(execution_id)["status"] == "Failed"
    error = world.stages()["deploy"]["actions"]["Deploy"]["errorDetails"]
    assert "does not run Deploy actions of the provider AWS/CloudFormation" in error["message"]


def test_queued_executions_enter_a_stage_one_after_another(world: Pipelines) -> None:
    first = world.create(stage("ask", world.approval()), stage("two", world.build("Good", "good")))
    world.pending("ask")
    second, third = world.start(), world.start()
    inbound = until(lambda: world.stages()["ask"], lambda one: len(one["inboundExecutions"]) == 2)
    assert [one["pipelineExecutionId"] for one in inbound["inboundExecutions"]] == [second, third]
    assert world.stages()["ask"]["latestExecution"]["pipelineExecutionId"] == first
    world.answer("ask", "Rejected")
    assert world.end(first)["status"] == "Failed"
    until(lambda: world.stages()["ask"], lambda one: one["latestExecution"]["pipelineExecutionId"] == second)
    world.answer("ask")
    assert world.end(second)["status"] == "Succeeded"
    until(lambda: world.stages()["ask"], lambda one: one["latestExecution"]["pipelineExecutionId"] == third)
    world.answer("ask")
    assert world.end(third)["status"] == "Succeeded"
    passed = world.codepipeline.list_pipeline_executions(
        pipelineName="delivery", filter={"succeededInStage": {"stageName": "ask"}}
    )
    assert [one["pipelineExecutionId"] for one in passed["pipelineExecutionSummaries"]] == [third, second]


def test_newer_execution_supersedes_the_one_that_waits(world: Pipelines) -> None:
    first = world.create(stage("ask", world.approval()), executionMode="SUPERSEDED")
    world.pending("ask")
    second = world.start()
    until(lambda: world.stages()["ask"], lambda one: "inboundExecution" in one)
    third = world.start()
    assert world.end(second)["status"] == "Superseded"
    world.answer("ask")
    assert world.end(first)["status"] == "Succeeded"
    until(lambda: world.stages()["ask"], lambda one: one["latestExecution"]["pipelineExecutionId"] == third)


def test_parallel_executions_do_not_wait_for_each_other(world: Pipelines) -> None:
    first = world.create(stage("ask", world.approval()), executionMode="PARALLEL")
    token = world.pending("ask")["token"]
    second = world.start()
    until(lambda: world.stages()["ask"], lambda one: one["latestExecution"]["pipelineExecutionId"] == second)
    world.answer("ask")
    assert world.end(second)["status"] == "Succeeded"
    world.answer("ask", token=token)
    assert world.end(first)["status"] == "Succeeded"


def test_disabled_transition_holds_executions_back(world: Pipelines) -> None:
    world.end(world.create(stage("one", world.build("Good", "good"))))
    names = {"pipelineName": "delivery", "stageName": "one", "transitionType": "Inbound"}
    world.codepipeline.disable_stage_transition(**names, reason="holidays")
    execution_id = world.start()
    state = until(lambda: world.stages()["one"], lambda one: "inboundExecution" in one)
    assert state["inboundTransitionState"]["enabled"] is False
    assert state["inboundTransitionState"]["disabledReason"] == "holidays"
    world.codepipeline.enable_stage_transition(**names)
    assert world.end(execution_id)["status"] == "Succeeded"


def test_stop_waits_for_running_actions_or_abandons_them(world: Pipelines) -> None:
    first = world.create(stage("ask", world.approval()), stage("two", world.build("Good", "good")))
    world.pending("ask")
    stop = {"pipelineName": "delivery", "pipelineExecutionId": first}
    world.codepipeline.stop_pipeline_execution(**stop, reason="mistake")
    assert world.execution(first)["status"] == "Stopping"
    with pytest.raises(ClientError, match="DuplicatedStopRequest"):
        world.codepipeline.stop_pipeline_execution(**stop)
    world.answer("ask")
    assert world.end(first)["status"] == "Stopped"
    assert world.stages()["ask"]["latestExecution"]["status"] == "Stopped"
    assert "latestExecution" not in world.stages()["two"]
    second = world.start()
    until(lambda: world.stages()["ask"], lambda one: one["latestExecution"]["pipelineExecutionId"] == second)
    world.pending("ask")
    world.codepipeline.stop_pipeline_execution(pipelineName="delivery", pipelineExecutionId=second, abandon=True)
    assert world.end(second)["status"] == "Stopped"
    assert world.stages()["ask"]["actions"]["Approve"]["status"] == "Abandoned"
    with pytest.raises(ClientError, match="NotStoppable"):
        world.codepipeline.stop_pipeline_execution(**stop)


def test_update_cancels_what_is_in_progress_and_delete_ends_it(world: Pipelines) -> None:
    stages = (stage("ask", world.approval()), stage("two", world.build("Good", "good")))
    first = world.create(*stages)
    world.pending("ask")
    changed = world.declare(stage("ask", world.approval(CustomData="new")), stages[1])
    assert world.codepipeline.update_pipeline(pipeline=changed)["pipeline"]["version"] == 2
    execution = world.end(first)
    assert execution["status"] == "Cancelled"
    assert "definition was updated" in execution["statusSummary"]
    with pytest.raises(ClientError, match="StageNotRetryable"):
        world.codepipeline.retry_stage_execution(
            pipelineName="delivery", pipelineExecutionId=first, stageName="ask", retryMode="ALL_ACTIONS"
        )
    world.start()
    world.pending("ask")
    world.codepipeline.delete_pipeline(name="delivery")
    world.codepipeline.delete_pipeline(name="delivery")
    with pytest.raises(ClientError, match="PipelineNotFound"):
        world.codepipeline.get_pipeline_state(name="delivery")


def test_failed_stage_is_retried_once_or_rolled_back_by_itself(world: Pipelines) -> None:
    retried = stage("one", world.build("Bad", "bad"), onFailure={"result": "RETRY"})
    execution_id = world.create(retried)
    assert world.end(execution_id)["status"] == "Failed"
    assert [item["actionName"] for item in world.actions(execution_id)].count("Bad") == 2
    assert world.stages()["one"]["retryStageMetadata"]["latestRetryTrigger"] == "AutomatedStageRetry"
    fail = spec('test "$(cat changes.txt)" != bad')
    world.pipeline_project("picky", fail)
    rolled = stage("one", world.build("Picky", "picky"), onFailure={"result": "ROLLBACK"})
    world.codepipeline.update_pipeline(pipeline=world.declare(rolled))
    good = world.start()
    assert world.end(good)["status"] == "Succeeded"
    world.upload("bundles/1.zip", {"changes.txt": "bad"})
    bad = world.start()
    assert world.end(bad)["status"] == "Failed"

    def newest() -> Json:
        found = world.codepipeline.list_pipeline_executions(pipelineName="delivery")
        summary: Json = found["pipelineExecutionSummaries"][0]
        return summary

    rollback = until(newest, lambda one: one["executionType"] == "ROLLBACK" and one["status"] != "InProgress")
    assert rollback["status"] == "Succeeded"
    assert rollback["trigger"] == {"triggerType": "AutomatedRollback", "triggerDetail": bad}
    assert rollback["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": good}
    manual = world.codepipeline.rollback_stage(
        pipelineName="delivery", stageName="one", targetPipelineExecutionId=good
    )["pipelineExecutionId"]
    assert world.end(manual)["status"] == "Succeeded"
    with pytest.raises(ClientError, match="UnableToRollbackStage"):
        world.codepipeline.rollback_stage(pipelineName="delivery", stageName="one", targetPipelineExecutionId=bad)


@pytest.mark.parametrize(
    ("operator", "value", "met"),
    [
        ("EQ", "bundles/1.zip", True),
        ("EQ", "bundles/2.zip", False),
        ("NE", "bundles/2.zip", True),
        ("CONTAINS", "les/1", True),
        ("CONTAINS", "les/2", False),
        ("MATCHES", "bundles/[0-9]\\.zip", True),
        ("MATCHES", "bundles", False),
    ],
)
def test_variable_check_knows_the_operators_of_aws(world: Pipelines, operator: str, value: str, met: bool) -> None:
    gate = variable_check("#{Source.ObjectKey}", operator, value, "FAIL")
    execution_id = world.create(stage("one", world.build("Good", "good"), beforeEntry=gate))
    execution = world.end(execution_id)
    assert execution["status"] == ("Succeeded" if met else "Failed")
    if not met:
        assert execution["statusSummary"] == "The entry condition of stage one failed"
        world.codepipeline.override_stage_condition(
            pipelineName="delivery",
            stageName="one",
            pipelineExecutionId=execution_id,
            conditionType="BEFORE_ENTRY",
        )
        assert world.end(execution_id)["status"] == "Succeeded"


def test_rule_without_a_value_never_opens_the_gate(world: Pipelines) -> None:
    gate = variable_check("#{Source.Nothing}", "NE", "0", "SKIP")
    execution_id = world.create(stage("one", world.approval(), beforeEntry=gate), stage("two", world.approval()))
    assert world.end(execution_id)["status"] == "Failed"
    state = world.stages()["one"]
    assert state["beforeEntryConditionState"]["latestExecution"]["status"] == "Errored"
    assert "no value" in state["beforeEntryConditionState"]["latestExecution"]["summary"]


def test_events_are_published_in_the_shape_of_aws(world: Pipelines) -> None:
    queue, arn = world.queue("events")
    pattern = {"source": ["aws.codepipeline"], "detail": {"state": ["SUCCEEDED", "FAILED"]}}
    world.events.put_rule(Name="all", EventPattern=json.dumps(pattern))
    world.events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    execution_id = world.create(stage("one", world.build("Bad", "bad")))
    world.end(execution_id)
    seen: dict[str, Json] = {}
    end = time.monotonic() + 10
    while len(seen) < 5 and time.monotonic() < end:
        answer = world.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            detail = event["detail"]
            seen[detail.get("action") or detail.get("stage") or "pipeline"] = event
    assert set(seen) == {"Bundle", "Source", "Bad", "one", "pipeline"}
    ended = seen["pipeline"]
    assert ended["detail-type"] == "CodePipeline Pipeline Execution State Change"
    assert ended["resources"] == [f"arn:aws:codepipeline:eu-central-1:{world.account}:delivery"]
    assert (ended["detail"]["execution-id"], ended["detail"]["state"]) == (execution_id, "FAILED")
    assert seen["Bad"]["detail"]["execution-result"]["error-code"] == "JobFailed"
    assert seen["Bad"]["detail"]["type"] == {
        "owner": "AWS",
        "category": "Build",
        "provider": "CodeBuild",
        "version": "1",
    }
    assert seen["one"]["detail-type"] == "CodePipeline Stage Execution State Change"


def test_source_needs_a_versioned_bucket_and_an_object(world: Pipelines) -> None:
    gate = stage("one", world.build("Good", "good"))
    world.s3.delete_object(Bucket=world.bucket, Key="bundles/1.zip")
    execution_id = world.create(gate)
    assert world.end(execution_id)["status"] == "Failed"
    error = world.stages()["Source"]["actions"]["Bundle"]["errorDetails"]
    assert "bundles/1.zip does not exist" in error["message"]
    world.s3.put_bucket_versioning(Bucket=world.bucket, VersioningConfiguration={"Status": "Suspended"})
    assert world.end(world.start())["status"] == "Failed"
    error = world.stages()["Source"]["actions"]["Bundle"]["errorDetails"]
    assert "versioning is not enabled" in error["message"]


def test_declaration_is_kept_as_given_and_versions_stay_readable(world: Pipelines) -> None:
    gate = variable_check("#{Source.ObjectKey}", "EQ", "x")
    world.create(stage("one", world.approval(), beforeEntry=gate, onFailure={"result": "FAIL"}), **MODE)
    answer = world.codepipeline.get_pipeline(name="delivery")
    arn = answer["metadata"]["pipelineArn"]
    given = answer["pipeline"]
    assert given["stages"][1]["beforeEntry"]["conditions"][0]["result"] == "SKIP"
    assert given["stages"][1]["onFailure"] == {"result": "FAIL"}
    assert given["variables"] == MODE["variables"]
    assert given["stages"][1]["actions"][0]["runOrder"] == 1
    world.codepipeline.update_pipeline(pipeline=world.declare(stage("one", world.approval())))
    assert world.codepipeline.get_pipeline(name="delivery", version=1)["pipeline"] == given
    world.codepipeline.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}])
    assert world.codepipeline.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "b"}]
    world.codepipeline.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert world.codepipeline.list_tags_for_resource(resourceArn=arn)["tags"] == []
    with pytest.raises(ClientError, match="PipelineNameInUse"):
        world.create(stage("one", world.approval()))
    [listed] = world.codepipeline.list_pipelines()["pipelines"]
    assert (listed["name"], listed["version"], listed["executionMode"]) == ("delivery", 2, "QUEUED")


def broken(world: Pipelines, what: str) -> Json:
    build = world.build("B", "good")
    stages = {
        "one stage": [],
        "same stage twice": [stage("one", build), stage("one", build)],
        "late source": [world.source() | {"name": "late"}],
        "unknown artifact": [stage("one", world.build("B", "good", inputs=["nothing"]))],
        "unknown namespace": [stage("one", world.approval(CustomData="#{none.X}"))],
        "later namespace": [
            stage("one", world.approval(CustomData="#{late.X}")),
            stage("two", world.build("B", "good", namespace="late")),
        ],
        "no project": [stage("one", action("B", "Build", "CodeBuild", {}, inputs=["bundle"]))],
        "unknown key": [stage("one", world.build("B", "good", configuration={"Project": "x"}))],
        "no primary": [
            stage("one", world.build("A", "good", outputs=["a"])),
            stage("two", world.build("B", "good", inputs=["bundle", "a"])),
        ],
        "long value": [stage("one", world.approval(CustomData="x" * 1001))],
        "skip after": [stage("one", build, onSuccess=variable_check("a", "EQ", "a", "SKIP"))],
    }[what]
    return world.declare(*stages)


@pytest.mark.parametrize(
    ("what", "code", "text"),
    [
        ("one stage", "InvalidStructureException", "minimum of 2 stages"),
        ("same stage twice", "InvalidStructureException", "Stage names must be unique"),
        ("late source", "InvalidStructureException", "only allowed in the first stage"),
        ("unknown artifact", "InvalidStructureException", "is not declared as Output Artifact"),
        ("unknown namespace", "InvalidActionDeclarationException", "namespace that does not exist"),
        ("later namespace", "InvalidActionDeclarationException", "does not run before"),
        ("no project", "InvalidActionDeclarationException", "missing required configuration 'ProjectName'"),
        ("unknown key", "InvalidActionDeclarationException", "unknown configuration 'Project'"),
        ("no primary", "InvalidActionDeclarationException", "PrimarySource must name one"),
        ("long value", "ValidationException", "length less than or equal to 1000"),
        ("skip after", "InvalidStageDeclarationException", "cannot have the result SKIP"),
    ],
)
def test_declaration_is_refused_when_aws_would(world: Pipelines, what: str, code: str, text: str) -> None:
    with pytest.raises(ClientError, match=text) as refused:
        world.codepipeline.create_pipeline(pipeline=broken(world, what))
    assert refused.value.response["Error"]["Code"] == code
    assert world.codepipeline.list_pipelines()["pipelines"] == []


def test_role_that_does_not_trust_codepipeline_is_refused(world: Pipelines) -> None:
    pipeline = world.declare(stage("one", world.approval()), roleArn=world.role)
    with pytest.raises(ClientError, match="not authorized to perform AssumeRole"):
        world.codepipeline.create_pipeline(pipeline=pipeline)
    document = policy(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["codebuild.amazonaws.com", "codepipeline.amazonaws.com"]},
            "Condition": {"StringEquals": {"aws:SourceAccount": world.account}},
        }
    )
    world.iam.update_assume_role_policy(RoleName="build", PolicyDocument=document)
    world.codepipeline.create_pipeline(pipeline=pipeline)


def test_engine_reacts_at_once(world: Pipelines) -> None:
    world.create(stage("ask", world.approval()), stage("again", world.approval()))
    world.pending("ask")
    for name in ("ask", "again"):
        token = world.pending(name)["token"]
        world.answer(name, token=token)
    execution_id = world.codepipeline.list_pipeline_executions(pipelineName="delivery")["pipelineExecutionSummaries"][
        0
    ]["pipelineExecutionId"]
    world.end(execution_id)
    runs = world.actions(execution_id)
    took = [after["startTime"] - before["lastUpdateTime"] for before, after in itertools.pairwise(runs)]
    assert max(took).total_seconds() < 0.5


JOB = """
import json, boto3

def handler(event, context):
    job = event["CodePipeline.job"]
    settings = json.loads(job["data"]["actionConfiguration"]["configuration"]["UserParameters"])
    client = boto3.client("codepipeline")
    if settings["do"] == "raise":
        raise ValueError("no such thing")
    if settings["do"] == "fail":
        client.put_job_failure_result(jobId=job["id"], failureDetails={"type": "JobFailed", "message": "not today"})
    elif settings["do"] == "later" and "continuationToken" not in job["data"]:
        client.put_job_success_result(jobId=job["id"], continuationToken="again")
    else:
        bucket = job["data"]["inputArtifacts"][0]["location"]["s3Location"]["bucketName"]
        variables = {"KEY": settings["key"], "BUCKET": bucket}
        client.put_job_success_result(jobId=job["id"], outputVariables=variables)
"""


@pytest.mark.parametrize(
    ("what", "status", "text"),
    [
        ("work", "Succeeded", ""),
        ("later", "Succeeded", ""),
        ("fail", "Failed", "not today"),
        ("raise", "Failed", "no such thing"),
    ],
)
def test_function_does_a_job_and_puts_its_result(
    world: Pipelines, connect: Callable[..., Any], what: str, status: str, text: str
) -> None:
    role = world.iam.create_role(RoleName="job", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]
    actions = ["logs:*", "codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"]
    document = policy({"Effect": "Allow", "Action": actions, "Resource": "*"})
    world.iam.put_role_policy(RoleName="job", PolicyName="job", PolicyDocument=document)
    connect("lambda", world.account).create_function(
        FunctionName="job",
        Role=role["Arn"],
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": zipped({"app.py": JOB})},
        Timeout=20,
    )
    parameters = json.dumps({"do": what, "key": "#{Source.ObjectKey}"})
    invoke = action(
        "Invoke",
        "Invoke",
        "Lambda",
        {"FunctionName": "job", "UserParameters": parameters},
        inputs=["bundle"],
        namespace="job",
    )
    use = world.build("Good", "good", configuration=environment(BUCKET="#{job.BUCKET}"))
    execution_id = world.create(stage("one", invoke), stage("two", use))
    execution = world.end(execution_id)
    run = world.actions(execution_id)[1]
    details = run["output"]["executionResult"]
    assert execution["status"] == status, details
    if status == "Succeeded":
        assert run["output"]["outputVariables"] == {"KEY": "bundles/1.zip", "BUCKET": world.bucket}
    else:
        assert details["errorDetails"]["code"] == "JobFailed"
        assert text in details["errorDetails"]["message"]


def test_artifacts_are_encrypted_with_the_key_of_the_store_and_of_the_project(
    world: Pipelines, connect: Callable[..., Any]
) -> None:
    document = policy({"Effect": "Allow", "Action": "kms:*", "Principal": {"AWS": world.account}, "Resource": "*"})
    key = connect("kms", world.account).create_key(Policy=document)["KeyMetadata"]["Arn"]
    artifact_store = {"type": "S3", "location": world.bucket, "encryptionKey": {"type": "KMS", "id": key}}
    world.pipeline_project("keyed", PLAN, encryptionKey=key)
    plan = world.build("Plan", "keyed", outputs=["made"], configuration=environment(MODE="m", BUNDLE="b", STAGE="s"))
    failed = world.create(stage("one", plan), artifactStore=artifact_store)
    assert world.end(failed)["status"] == "Failed"
    error = world.stages()["Source"]["actions"]["Bundle"]["errorDetails"]
    assert (error["code"], "kms:GenerateDataKey" in error["message"]) == ("PermissionError", True)
    world.allow_pipeline("s3:*", "codebuild:*", "kms:*")
    world.allow("s3:*", "logs:*", "kms:*")
    execution_id = world.start()
    assert world.end(execution_id)["status"] == "Succeeded"
    for run in world.actions(execution_id):
        [artifact] = run["output"]["outputArtifacts"]
        location = artifact["s3location"]
        found = world.s3.head_object(Bucket=location["bucket"], Key=location["key"])
        assert found["SSEKMSKeyId"] == key


def test_artifact_that_expired_fails_the_action_with_a_reason(world: Pipelines) -> None:
    execution_id = world.create(stage("ask", world.approval()), stage("two", world.build("Good", "good")))
    world.pending("ask")
    [artifact] = world.actions(execution_id)[0]["output"]["outputArtifacts"]
    world.s3.delete_object(Bucket=world.bucket, Key=artifact["s3location"]["key"])
    world.answer("ask")
    assert world.end(execution_id)["status"] == "Failed"
    error = world.stages()["two"]["actions"]["Good"]["errorDetails"]
    assert "either the artifact or the Amazon S3 bucket could not be found" in error["message"]
