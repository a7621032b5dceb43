"""The world of the build and pipeline tests: an account with a bucket, roles, projects and pipelines."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any

from botocore.validate import ParamValidator

Json = dict[str, Any]
REGION = "eu-central-1"


class Builder:
    """An account with a bucket, a service role and build projects."""

    def __init__(self, connect: Callable[..., Any], account: str) -> None:
        self.account = account
        self.bucket = f"builds-{account}"
        self.s3, self.iam = connect("s3", account), connect("iam", account)
        self.codebuild, self.logs = shaped(connect("codebuild", account)), connect("logs", account)
        self.ssm, self.secrets = connect("ssm", account), connect("secretsmanager", account)
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.role = f"arn:aws:iam::{account}:role/build"
        self.iam.create_role(RoleName="build", AssumeRolePolicyDocument=trust("codebuild.amazonaws.com"))
        self.allow("s3:*", "logs:*", "ssm:GetParameter", "secretsmanager:GetSecretValue", "sts:*")

    def allow(self, *actions: str) -> None:
        document = policy({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
        self.iam.put_role_policy(RoleName="build", PolicyName="build", PolicyDocument=document)

    def project(self, name: str, buildspec: str = "", **changes: Any) -> Json:
        settings: Json = {
            "name": name,
            "source": {"type": "NO_SOURCE", "buildspec": buildspec or spec("true")},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            "serviceRole": self.role,
        }
        project: Json = self.codebuild.create_project(**(settings | changes))["project"]
        return project

    def run(self, project: str, **overrides: Any) -> Json:
        build_id = self.codebuild.start_build(projectName=project, **overrides)["build"]["id"]
        return self.wait(build_id)

    def wait(self, build_id: str) -> Json:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            build: Json = self.codebuild.batch_get_builds(ids=[build_id])["builds"][0]
            if build["buildComplete"]:
                return build
            time.sleep(0.02)
        raise AssertionError(f"the build did not end: {build['currentPhase']}")

    def upload(self, key: str, files: dict[str, str]) -> str:
        version: str = self.s3.put_object(Bucket=self.bucket, Key=key, Body=zipped(files))["VersionId"]
        return version

    def log(self, build: Json) -> str:
        group, stream = build["logs"]["groupName"], build["logs"]["streamName"]
        events = self.logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
        return "".join(event["message"] for event in events["events"])


def shaped(client: Any) -> Any:
    """The client, whose every answer is held against the service's model: required members and types."""

    def check(parsed: Json, model: Any, **_: Any) -> None:
        if "Error" in parsed or model.output_shape is None:
            return
        answer = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
        report = ParamValidator().validate(answer, model.output_shape).generate_report()
        # Models demand a name or more in lists that AWS itself returns empty.
        wrong = [line for line in report.splitlines() if "value: 0, valid min length: 1" not in line]
        assert not wrong, f"{model.name}: {wrong}"

    client.meta.events.register("after-call", check)
    return client


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def trust(service: str) -> str:
    return policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}})


def policy(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def spec(*commands: str, **more: Any) -> str:
    return json.dumps({"version": 0.2, "phases": {"build": {"commands": list(commands)}}} | more, indent=1)


class Pipelines(Builder):
    """A builder's account with a pipeline role and a topic; `plan`, `gate` and `apply` are projects of pipelines."""

    def __init__(self, connect: Callable[..., Any], account: str) -> None:
        super().__init__(connect, account)
        self.codepipeline = shaped(connect("codepipeline", account))
        self.sns, self.sqs, self.events = (connect(name, account) for name in ("sns", "sqs", "events"))
        self.pipeline_role = f"arn:aws:iam::{account}:role/pipeline"
        self.iam.create_role(RoleName="pipeline", AssumeRolePolicyDocument=trust("codepipeline.amazonaws.com"))
        self.allow_pipeline("s3:*", "codebuild:*", "sns:Publish", "lambda:InvokeFunction")
        self.topic = self.sns.create_topic(Name="approvals")["TopicArn"]

    def allow_pipeline(self, *actions: str) -> None:
        document = policy({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
        self.iam.put_role_policy(RoleName="pipeline", PolicyName="pipeline", PolicyDocument=document)

    def queue(self, name: str) -> tuple[str, str]:
        """URL and ARN of a new queue that takes what topics and rules send."""
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{self.account}:{name}"
        services = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
        document = policy({"Effect": "Allow", "Action": "sqs:SendMessage", "Principal": services, "Resource": arn})
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        return url, arn

    def pipeline_project(self, name: str, buildspec: str, **changes: Any) -> None:
        self.project(
            name,
            source={"type": "CODEPIPELINE", "buildspec": buildspec},
            artifacts={"type": "CODEPIPELINE"},
            **changes,
        )

    def declare(self, *stages: Json, **changes: Any) -> Json:
        return {
            "name": "delivery",
            "roleArn": self.pipeline_role,
            "artifactStore": {"type": "S3", "location": self.bucket},
            "pipelineType": "V2",
            "executionMode": "QUEUED",
            "stages": [self.source(), *stages],
        } | changes

    def source(self, **configuration: str) -> Json:
        settings = {
            "S3Bucket": self.bucket,
            "S3ObjectKey": "bundles/1.zip",
            "PollForSourceChanges": "false",
            "AllowOverrideForS3ObjectKey": "true",
        }
        return stage(
            "Source",
            action("Bundle", "Source", "S3", settings | configuration, outputs=["bundle"], namespace="Source"),
        )

    def build(self, name: str, project: str, **more: Any) -> Json:
        configuration = {"ProjectName": project} | more.pop("configuration", {})
        return action(name, "Build", "CodeBuild", configuration, inputs=more.pop("inputs", ["bundle"]), **more)

    def approval(self, name: str = "Approve", **configuration: str) -> Json:
        return action(name, "Approval", "Manual", configuration)

    def create(self, *stages: Json, **changes: Any) -> str:
        """Create the pipeline; returns the id of the execution that its creation starts."""
        self.codepipeline.create_pipeline(pipeline=self.declare(*stages, **changes))
        found = self.codepipeline.list_pipeline_executions(pipelineName="delivery")
        execution_id: str = found["pipelineExecutionSummaries"][-1]["pipelineExecutionId"]
        return execution_id

    def start(self, **arguments: Any) -> str:
        answer = self.codepipeline.start_pipeline_execution(name="delivery", **arguments)
        execution_id: str = answer["pipelineExecutionId"]
        return execution_id

    def execution(self, execution_id: str) -> Json:
        answer = self.codepipeline.get_pipeline_execution(pipelineName="delivery", pipelineExecutionId=execution_id)
        found: Json = answer["pipelineExecution"]
        return found

    def end(self, execution_id: str) -> Json:
        """The execution, once it is over."""
        return until(lambda: self.execution(execution_id), lambda one: one["status"] not in ("InProgress", "Stopping"))

    def stages(self) -> dict[str, Json]:
        """GetPipelineState's stages by name, their actions by name under `actions`."""
        states = self.codepipeline.get_pipeline_state(name="delivery")["stageStates"]
        return {
            one["stageName"]: one
            | {"actions": {item["actionName"]: item.get("latestExecution") for item in one["actionStates"]}}
            for one in states
        }

    def pending(self, stage_name: str, name: str = "Approve") -> Json:
        """The approval that waits for an answer."""
        return until(lambda: self.stages()[stage_name]["actions"][name] or {}, lambda one: "token" in one)

    def answer(self, stage_name: str, status: str = "Approved", client: Any = None, **more: str) -> Any:
        token = more.get("token") or self.pending(stage_name)["token"]
        return (client or self.codepipeline).put_approval_result(
            pipelineName="delivery",
            stageName=stage_name,
            actionName="Approve",
            result={"status": status, "summary": more.get("summary", "")},
            token=token,
        )

    def actions(self, execution_id: str) -> list[Json]:
        """The execution's action runs, oldest first."""
        found: list[Json] = self.codepipeline.list_action_executions(
            pipelineName="delivery", filter={"pipelineExecutionId": execution_id}
        )["actionExecutionDetails"]
        return found[::-1]


def stage(name: str, *actions: Json, **conditions: Any) -> Json:
    return {"name": name, "actions": list(actions)} | conditions


def action(
    name: str,
    category: str,
    provider: str,
    configuration: Json,
    *,
    inputs: list[str] | None = None,
    outputs: list[str] | None = None,
    **more: Any,
) -> Json:
    return {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": configuration,
        "inputArtifacts": [{"name": one} for one in inputs or []],
        "outputArtifacts": [{"name": one} for one in outputs or []],
    } | more


def variable_check(variable: str, operator: str, value: str, result: str = "SKIP") -> Json:
    """Conditions of one rule, for `beforeEntry`."""
    rule = {
        "name": "check",
        "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"},
        "configuration": {"Variable": variable, "Operator": operator, "Value": value},
    }
    return {"conditions": [{"result": result, "rules": [rule]}]}


def until(look: Callable[[], Json], good: Callable[[Json], bool], seconds: float = 30.0) -> Json:
    """What `look` sees once `good` says so; fails after that many seconds."""
    end = time.monotonic() + seconds
    while not good(seen := look()):
        assert time.monotonic() < end, f"still {seen}"
        time.sleep(0.02)
    return seen
