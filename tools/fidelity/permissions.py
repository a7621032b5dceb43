"""Whether the roles that things run with may do what those things do.

A state machine's tasks, the targets of rules and schedules, the Lambda's calls and those that the delivery's checks
make: each needs its action allowed, and where the name of what it touches is known, allowed on that.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from sandbox.iam.actions import actions_of
from sandbox.iam.calls import Call as ApiCall
from sandbox.iam.policy import ANY_RESOURCE
from sandbox.iam.resources import resources_of
from tools.fidelity import cloudformation, shapes, states_language
from tools.fidelity.calls import Call
from tools.fidelity.findings import Finding
from tools.fidelity.planning import REGION, UNKNOWN, Planned
from tools.fidelity.policies import as_list, statements

KIND = "permission"
# What Step Functions itself does to wait for a job and to stop it.
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html#sagemaker-iam and connect-codebuild.html
_WAITS = {
    "CreateTrainingJob": ("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
    "CreateTransformJob": ("sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"),
    "CreateProcessingJob": ("sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"),
    "CreateHyperParameterTuningJob": (
        "sagemaker:DescribeHyperParameterTuningJob",
        "sagemaker:StopHyperParameterTuningJob",
    ),
    "StartBuild": ("codebuild:BatchGetBuilds", "codebuild:StopBuild"),
}
_EVENTS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
_PREFIXES = {"stepfunctions": "states", "cloudcontrol": "cloudformation", "sagemaker-runtime": "sagemaker"}
# What a rule or a schedule does to its target, by the service in the target's ARN.
_TARGETS = {
    "codebuild": "codebuild:StartBuild",
    "codepipeline": "codepipeline:StartPipelineExecution",
    "lambda": "lambda:InvokeFunction",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
    "states": "states:StartExecution",
}


# Provider's types to CloudFormation's.
_TWINS = {
    "aws_api_gateway_deployment": "AWS::ApiGateway::Deployment",
    "aws_api_gateway_method": "AWS::ApiGateway::Method",
    "aws_api_gateway_resource": "AWS::ApiGateway::Resource",
    "aws_api_gateway_rest_api": "AWS::ApiGateway::RestApi",
    "aws_api_gateway_stage": "AWS::ApiGateway::Stage",
    "aws_appautoscaling_policy": "AWS::ApplicationAutoScaling::ScalingPolicy",
    "aws_appautoscaling_target": "AWS::ApplicationAutoScaling::ScalableTarget",
    "aws_cloudwatch_event_rule": "AWS::Events::Rule",
    "aws_cloudwatch_log_group": "AWS::Logs::LogGroup",
    "aws_cloudwatch_metric_alarm": "AWS::CloudWatch::Alarm",
    "aws_iam_role": "AWS::IAM::Role",
    "aws_iam_role_policy": "AWS::IAM::RolePolicy",
    "aws_lambda_function": "AWS::Lambda::Function",
    "aws_lambda_permission": "AWS::Lambda::Permission",
    "aws_sagemaker_data_quality_job_definition": "AWS::SageMaker::DataQualityJobDefinition",
    "aws_sagemaker_endpoint": "AWS::SageMaker::Endpoint",
    "aws_sagemaker_endpoint_configuration": "AWS::SageMaker::EndpointConfig",
    "aws_sagemaker_model": "AWS::SageMaker::Model",
    "aws_sagemaker_monitoring_schedule": "AWS::SageMaker::MonitoringSchedule",
    "aws_scheduler_schedule": "AWS::Scheduler::Schedule",
    "aws_sfn_state_machine": "AWS::StepFunctions::StateMachine",
}
# What CloudFormation's handlers need for features that no pipeline uses: file systems of functions, resource policies
# of APIs, data protection and delivery of logs, targets in rules.
_UNUSED = frozenset(
    {
        "apigateway:UpdateRestApiPolicy", "elasticfilesystem:DescribeMountTargets", "firehose:TagDeliveryStream",
        "kms:Encrypt", "logs:GetDataProtectionPolicy", "s3:REST.PUT.OBJECT", "s3files:ListMountTargets",
        # Reading a rule passes no role; and a role's boundary is for the account's owner to take off.
        "iam:PassRole", "iam:DeleteRolePermissionsBoundary",
    }
)  # fmt: skip


_LEAST_USERS = ("aws_codebuild_project", "aws_lambda_function", "aws_sagemaker_model", "aws_sfn_state_machine")
# https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html,
# https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html,
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
_LEAST = {
    "sagemaker": (
        "cloudwatch:PutMetricData", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ),
    "codebuild": ("logs:CreateLogStream", "logs:PutLogEvents"),
    "lambda": ("logs:CreateLogStream", "logs:PutLogEvents"),
}  # fmt: skip
_PULL = (
    "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
)  # fmt: skip
_AUTOML = (
    "iam:PassRole",
    *(
        f"sagemaker:{verb}{what}"
        for verb in ("Create", "Delete", "Describe")
        for what in ("Endpoint", "EndpointConfig", "Model")
    ),
    "sagemaker:InvokeEndpoint",
    "sagemaker:ListTags",
)
_SAGEMAKER_IN_A_VPC = (
    "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission", "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
)  # fmt: skip
# https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html,
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaVPCAccessExecutionRole.html
_IN_A_VPC = {
    "codebuild": (
        "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
        "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ),
    "lambda": (
        "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
    ),
}  # fmt: skip
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html and concepts-xray-tracing.html
_LOGS_OF_MACHINES = (
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
)  # fmt: skip
_TRACES = (
    "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments",
)  # fmt: skip


def check(case: str, plan: Planned, region: str = REGION) -> Iterator[Finding]:
    """Yield what a plan's roles lack for what they are there for."""
    granted = grants(plan)
    for address, values in plan.resources.items():
        kind, place = plan.kinds[address], f"{case}: {address}"
        if kind == "aws_sfn_state_machine" and isinstance(values["definition"], str):
            role = _role(values["role_arn"])
            if role in granted:
                yield from _machine(json.loads(values["definition"]), granted[role], values["role_arn"], region, place)
        elif kind in ("aws_cloudwatch_event_target", "aws_scheduler_schedule"):
            target = values if kind == "aws_cloudwatch_event_target" else values["target"][0]
            role = _role(target["role_arn"])
            if role in granted and isinstance(target["arn"], str):
                action = _TARGETS[target["arn"].split(":")[2]]
                if not _allowed(granted[role], action, (target["arn"],)):
                    yield Finding(place, f"role {role} may not {action} {target['arn']}", KIND)


def check_least(case: str, plan: Planned) -> Iterator[Finding]:
    """Yield what a service's role lacks of what the service's own documentation calls the least."""
    granted = grants(plan)
    kinds = {kind: [plan.resources[at] for at, found in plan.kinds.items() if found == kind] for kind in _LEAST_USERS}
    for address, values in plan.resources.items():
        role = values["name"] if plan.kinds[address] == "aws_iam_role" else None
        if role not in granted:
            continue
        services = {
            service.removesuffix(".cn").removesuffix(".amazonaws.com")
            for statement in statements(json.loads(values["assume_role_policy"]))
            for service in as_list(statement["Principal"].get("Service", []))
        }
        for action in sorted({action for service in services for action in _least(service, role, plan, kinds)}):
            if not _allowed(granted[role], action, ()):
                yield Finding(f"{case}: {address}", f"AWS documents {action} as needed, and it is not allowed", KIND)


def _least(service: str, role: str, plan: Planned, kinds: Mapping[str, list[dict[str, Any]]]) -> Iterator[str]:
    text = json.dumps(plan.resources, default=str)
    yield from _LEAST.get(service, ())
    if service == "sagemaker":
        if "subnet-" in text:
            yield from _SAGEMAKER_IN_A_VPC
        packages = [container for model in kinds["aws_sagemaker_model"] for container in model["primary_container"]]
        # What a registered version is made of is named when a request is submitted, not in its config.
        if not packages or any(container["image"] for container in packages):
            yield from _PULL
        if "aws-sdk:sagemaker:createAutoMLJob" in text:
            yield from _AUTOML
    elif service == "states":
        for machine in kinds["aws_sfn_state_machine"]:
            if _role(machine["role_arn"]) == role and _is_on(machine["logging_configuration"], "level", "OFF"):
                yield from _LOGS_OF_MACHINES
            if _role(machine["role_arn"]) == role and _is_on(machine["tracing_configuration"], "enabled", False):
                yield from _TRACES
    elif service in ("codebuild", "lambda"):
        users = kinds["aws_codebuild_project" if service == "codebuild" else "aws_lambda_function"]
        if any(user["vpc_config"] for user in users):
            yield from _IN_A_VPC[service]


def _is_on(configuration: Any, member: str, off: Any) -> bool:
    return isinstance(configuration, list) and any(item[member] != off for item in configuration)


def check_calls(calls: Iterable[Call], granted: list[dict[str, Any]], who: str) -> Iterator[Finding]:
    """Yield the calls of a program whose action its role is never allowed, whatever the resource."""
    for call in calls:
        needs = [_actions(service, call.operation, call.parameters) for service in call.services]
        if all(any(not _allowed(granted, action, ()) for action in actions) for actions in needs):
            lacking = next(action for action in needs[0] if not _allowed(granted, action, ()))
            yield Finding(call.place, f"{who} may not {lacking}", KIND)


def check_handlers(
    planned: Mapping[str, Planned], account: str, plan_role: str, deploy_role: str, region: str
) -> Iterator[Finding]:
    """Yield what the stage roles lack to read, make, change and remove what pipelines are made of.

    CloudFormation's schemas say which actions each resource needs; what goes through Cloud Control needs just these,
    and the provider's own calls are the same APIs.
    """
    granted = grants(planned[account])
    kinds = {
        str(plan.resources[address].get("type_name") or _TWINS.get(kind))
        for plan in planned.values()
        if plan.module.startswith("modules/pipelines/")
        for address, kind in plan.kinds.items()
    }
    for kind in sorted(kinds - {"None"}):
        schema = cloudformation.published(kind, region) or {}
        for operation in ("create", "read", "update", "delete"):
            role = plan_role if operation == "read" else deploy_role
            for action in schema.get("handlers", {}).get(operation, {}).get("permissions", []):
                if action not in _UNUSED and not _allowed(granted[role], action, ()):
                    yield Finding(f"{account}: role {role}", f"may not {action}, to {operation} {kind}", KIND)


def grants(plan: Planned) -> dict[str, list[dict[str, Any]]]:
    """Return the statements of each role's inline policies and of the managed ones made beside it."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    managed: dict[str, list[dict[str, Any]]] = {}
    for address, values in plan.resources.items():
        if plan.kinds[address] == "aws_iam_policy" and isinstance(values["policy"], str):
            managed[values["name"]] = statements(json.loads(values["policy"]))
        elif plan.kinds[address] == "aws_iam_role_policy" and isinstance(values["policy"], str):
            found[str(values["role"])] += statements(json.loads(values["policy"]))
    for address, values in plan.resources.items():
        if plan.kinds[address] == "aws_iam_role_policy_attachment":
            # The policies' ARNs are not known yet; the attachment has the policy's own key.
            key = address.rpartition("[")[2].strip('"]')
            for name, those in managed.items():
                if key and name.endswith(key):
                    found[str(values["role"])] += those
    return found


def _machine(
    definition: Mapping[str, Any], granted: list[dict[str, Any]], role_arn: str, region: str, place: str
) -> Iterator[Finding]:
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    for name, service, operation, parameters in states_language.requests(definition):
        waited = definition["States"][name]["Resource"].endswith(".sync")
        needs: list[tuple[str, tuple[str, ...]]] = []
        call = replace(_api_call(service, operation, parameters), region=region, partition=partition)
        # An object whose key is not known yet may be any.
        is_somewhere = service == "s3" and parameters.get("Key") is UNKNOWN
        for action in actions_of(call):
            for arns in resources_of(call, action, account):
                needs.append((action, () if is_somewhere or ANY_RESOURCE in arns else arns))
        if waited:
            needs += [(action, ()) for action in (*_WAITS.get(operation, ()), *_EVENTS)]
        passed = parameters.get("RoleArn", parameters.get("ExecutionRoleArn"))
        if isinstance(passed, str) and service == "sagemaker":
            needs.append(("iam:PassRole", (passed,)))
        for action, resources in needs:
            if not _allowed(granted, action, resources):
                on = f" {resources[0]}" if resources else ""
                yield Finding(f"{place}/States/{name}", f"the machine's role may not {action}{on}", KIND)


def _api_call(service: str, operation: str, parameters: Mapping[str, Any]) -> ApiCall:
    known = {key: value for key, value in parameters.items() if value is not UNKNOWN}
    prefix = _PREFIXES.get(service, service)
    return ApiCall(service, prefix, operation, known, REGION, "aws", "/", "POST", {}, {})


def _actions(service: str, method: str, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    model = shapes.methods(service).get(method)
    return actions_of(_api_call(service, model.name, parameters)) if model is not None else ()


def _allowed(granted: list[dict[str, Any]], action: str, resources: tuple[str, ...]) -> bool:
    """Whether a statement allows an action, on one of the names of a resource if any is given."""
    for statement in granted:
        if statement["Effect"] != "Allow":
            continue
        if not any(fnmatchcase(action.lower(), pattern.lower()) for pattern in as_list(statement["Action"])):
            continue
        patterns = [_as_aws_has_it(pattern) for pattern in as_list(statement["Resource"])]
        names = [_as_aws_has_it(arn) for arn in resources]
        if not names or any(fnmatchcase(arn, pattern) for arn in names for pattern in patterns):
            return True
    return False


def _as_aws_has_it(arn: str) -> str:
    """An ARN as policies are evaluated: SageMaker's are in lower case, however a name was given."""
    return arn.lower() if ":sagemaker:" in arn else arn


def _role(arn: Any) -> str:
    return arn.rpartition("/")[2] if isinstance(arn, str) else ""
