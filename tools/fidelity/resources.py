"""Planned resources held against the API that makes them: each attribute against the member that it becomes.

A provider's attribute is the API's member in snake case, as a rule; a table says where it is not. An attribute that
is neither a member nor named here as the provider's own is a finding too, so that nothing is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.fidelity import shapes
from tools.fidelity.findings import Finding
from tools.fidelity.planning import UNKNOWN

KIND = "api"
# Of every resource: what the provider adds.
_OWN = frozenset({"id", "arn", "tags_all", "name_prefix", "timeouts", "force_destroy", "skip_destroy"})
_ABSENT: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Api:
    """The operation that makes a resource.

    Attributes:
        service: Its boto3 name.
        operation: Its name in the API.
        names: Attribute (dotted path) to member's name, where it is not the attribute's own in another case.
        own: Attributes (dotted paths) that are the provider's own, or another operation's.
        missing: Required members that the provider fills in.
    """

    service: str
    operation: str
    names: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()


def _api(service: str, operation: str, own: str = "", missing: str = "", **names: str) -> Api:
    dotted = {attribute.replace("__", "."): member for attribute, member in names.items()}
    return Api(service, operation, dotted, frozenset(own.split()), frozenset(missing.split()))


APIS: Mapping[str, Api] = {
    "aws_api_gateway_account": _api("apigateway", "UpdateAccount", own="cloudwatch_role_arn reset_on_delete"),
    "aws_api_gateway_deployment": _api("apigateway", "CreateDeployment", own="triggers"),
    "aws_api_gateway_integration": _api("apigateway", "PutIntegration", timeout_milliseconds="timeoutInMillis"),
    "aws_api_gateway_method": _api("apigateway", "PutMethod", authorization="authorizationType"),
    "aws_api_gateway_method_settings": _api("apigateway", "#MethodSetting"),
    "aws_api_gateway_resource": _api("apigateway", "CreateResource"),
    "aws_api_gateway_rest_api": _api("apigateway", "CreateRestApi"),
    "aws_api_gateway_stage": _api(
        "apigateway", "CreateStage", own="access_log_settings", xray_tracing_enabled="tracingEnabled"
    ),
    "aws_appautoscaling_policy": _api("application-autoscaling", "PutScalingPolicy", name="PolicyName"),
    "aws_appautoscaling_target": _api("application-autoscaling", "RegisterScalableTarget"),
    "aws_cloudwatch_event_rule": _api("events", "PutRule"),
    "aws_cloudwatch_event_target": _api(
        "events", "#Target", own="rule event_bus_name", missing="Id", target_id="Id",
        input_transformer__input_paths="InputPathsMap",
    ),
    "aws_cloudwatch_log_group": _api("logs", "CreateLogGroup", own="retention_in_days", name="logGroupName"),
    "aws_cloudwatch_metric_alarm": _api(
        "cloudwatch", "PutMetricAlarm", metric_query="Metrics", metric_query__metric="MetricStat"
    ),
    "aws_codebuild_project": _api(
        "codebuild", "CreateProject", own="project_visibility",
        build_timeout="timeoutInMinutes", queued_timeout="queuedTimeoutInMinutes",
    ),
    "aws_ecr_lifecycle_policy": _api(
        "ecr", "PutLifecyclePolicy", repository="repositoryName", policy="lifecyclePolicyText"
    ),
    "aws_ecr_repository": _api("ecr", "CreateRepository", own="force_delete", name="repositoryName"),
    "aws_ecr_repository_policy": _api(
        "ecr", "SetRepositoryPolicy", repository="repositoryName", policy="policyText"
    ),
    "aws_iam_policy": _api("iam", "CreatePolicy", name="PolicyName", policy="PolicyDocument"),
    "aws_iam_role": _api(
        "iam", "CreateRole", own="force_detach_policies", name="RoleName", assume_role_policy="AssumeRolePolicyDocument"
    ),
    "aws_iam_role_policy": _api(
        "iam", "PutRolePolicy", name="PolicyName", role="RoleName", policy="PolicyDocument"
    ),
    "aws_iam_role_policy_attachment": _api("iam", "AttachRolePolicy", role="RoleName"),
    "aws_kms_alias": _api("kms", "CreateAlias", name="AliasName", missing="TargetKeyId"),
    "aws_kms_key": _api("kms", "CreateKey", own="deletion_window_in_days enable_key_rotation is_enabled"),
    "aws_lambda_function": _api(
        "lambda", "CreateFunction", own="filename source_code_hash reserved_concurrent_executions", missing="Code"
    ),
    "aws_lambda_function_event_invoke_config": _api("lambda", "PutFunctionEventInvokeConfig"),
    "aws_lambda_permission": _api("lambda", "AddPermission"),
    "aws_s3_bucket": _api("s3", "CreateBucket", own="tags"),
    "aws_s3_bucket_lifecycle_configuration": _api(
        "s3", "#BucketLifecycleConfiguration", own="bucket transition_default_minimum_object_size",
        rule__noncurrent_version_expiration="NoncurrentVersionExpiration",
    ),
    "aws_s3_bucket_logging": _api("s3", "#LoggingEnabled", own="bucket"),
    "aws_s3_bucket_notification": _api(
        "s3", "#NotificationConfiguration", lambda_function="LambdaFunctionConfigurations",
        own="bucket eventbridge lambda_function.filter_suffix lambda_function.filter_prefix",
    ),
    "aws_s3_bucket_ownership_controls": _api("s3", "#OwnershipControls", own="bucket"),
    "aws_s3_bucket_public_access_block": _api("s3", "#PublicAccessBlockConfiguration", own="bucket"),
    "aws_s3_bucket_server_side_encryption_configuration": _api(
        "s3", "#ServerSideEncryptionConfiguration", own="bucket"
    ),
    "aws_s3_bucket_versioning": _api("s3", "#PutBucketVersioningRequest"),
    "aws_sagemaker_data_quality_job_definition": _api(
        "sagemaker", "CreateDataQualityJobDefinition", name="JobDefinitionName"
    ),
    "aws_sagemaker_endpoint": _api("sagemaker", "CreateEndpoint", name="EndpointName"),
    "aws_sagemaker_endpoint_configuration": _api(
        "sagemaker", "CreateEndpointConfig", name="EndpointConfigName", kms_key_arn="KmsKeyId"
    ),
    "aws_sagemaker_model": _api("sagemaker", "CreateModel", name="ModelName", container="Containers"),
    "aws_sagemaker_model_package_group": _api("sagemaker", "CreateModelPackageGroup"),
    "aws_sagemaker_model_package_group_policy": _api("sagemaker", "PutModelPackageGroupPolicy"),
    "aws_sagemaker_monitoring_schedule": _api(
        "sagemaker", "CreateMonitoringSchedule", name="MonitoringScheduleName"
    ),
    "aws_scheduler_schedule": _api("scheduler", "CreateSchedule"),
    "aws_sfn_state_machine": _api("stepfunctions", "CreateStateMachine"),
    "aws_sns_topic": _api(
        "sns", "CreateTopic", own="kms_master_key_id content_based_deduplication fifo_topic"
    ),
    "aws_sns_topic_subscription": _api(
        "sns", "Subscribe", missing="TopicArn",
        own="confirmation_timeout_in_minutes endpoint_auto_confirms raw_message_delivery",
    ),
}  # fmt: skip
"""What makes each type. ``#`` names a shape of the service instead of an operation."""

# Held against their definitions elsewhere: pipelines.py, cloudformation.py, policies.py; and no call at all.
ELSEWHERE = frozenset(
    {
        "aws_codepipeline",
        "aws_cloudcontrolapi_resource",
        "aws_s3_bucket_policy",
        "aws_sns_topic_policy",
        "terraform_data",
    }
)


def _alarm(values: Mapping[str, Any]) -> dict[str, Any]:
    """The provider has a metric's name beside its period; the API has them one in the other."""
    queries = []
    for query in values.get("metric_query") or []:
        metrics = [
            {"metric": [{key: item[key] for key in ("dimensions", "metric_name", "namespace")}]}
            | {key: item[key] for key in ("period", "stat", "unit")}
            for item in query["metric"]
        ]
        queries.append({**query, "metric": metrics})
    return {**values, "metric_query": queries}


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a method alone: the rest says which method."""
    return dict(values["settings"][0])


_RESHAPED: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "aws_api_gateway_method_settings": _settings,
    "aws_cloudwatch_metric_alarm": _alarm,
}


def check(kind: str, values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """Yield what of a planned resource does not fit its API."""
    if kind in ELSEWHERE:
        return
    api = APIS.get(kind)
    if api is None:
        yield Finding(place, f"nobody says which API makes {kind}: name it in tools/fidelity/resources.py", KIND)
        return
    model = shapes.service(api.service)
    if api.operation.startswith("#"):
        shape = model.shape_for(api.operation[1:])
    else:
        shape = model.operation_model(api.operation).input_shape
    unmapped: list[str] = []
    request = _structure(_RESHAPED.get(kind, dict)(values), shape, api, "", unmapped)
    for attribute in unmapped:
        text = f"{api.operation} has no member for {attribute}: name it in tools/fidelity/resources.py"
        yield Finding(place, text, KIND)
    for name in api.missing:
        request.setdefault(name, UNKNOWN)
    yield from shapes.check(request, shape, place)


def _structure(values: Mapping[str, Any], shape: Any, api: Api, path: str, unmapped: list[str]) -> dict[str, Any]:
    members = {_plain(name): name for name in shape.members}
    request: dict[str, Any] = {}
    for attribute, value in values.items():
        dotted = f"{path}{attribute}"
        if value in _ABSENT or dotted in api.own:
            continue
        name = api.names.get(dotted) or members.get(_plain(attribute)) or members.get(_plain(attribute) + "s")
        if name is None:
            if value is not UNKNOWN and (path or attribute not in _OWN):
                unmapped.append(dotted)
            continue
        request[name] = _value(value, shape.members[name], api, f"{dotted}.", unmapped)
    return request


def _value(value: Any, shape: Any, api: Api, path: str, unmapped: list[str]) -> Any:
    if value is UNKNOWN:
        return value
    if shape.type_name == "structure":
        only = value[0] if isinstance(value, list) and len(value) == 1 else value
        return _structure(only, shape, api, path, unmapped) if isinstance(only, dict) else only
    if shape.type_name == "list":
        if isinstance(value, dict) and shape.member.type_name == "structure":
            # Tags, and whatever else is a map in Terraform and a list of pairs in the API.
            key, other = [*shape.member.members, "", ""][:2]
            return [{key: name, other: text} for name, text in value.items()]
        if isinstance(value, list):
            return [_value(item, shape.member, api, path, unmapped) for item in value]
        return [value]
    if shape.type_name in ("float", "double") and isinstance(value, str):
        # The provider takes some numbers as text, so that nothing is one of them.
        return float(value) if value.replace(".", "", 1).lstrip("-").isdigit() else value
    return value


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
