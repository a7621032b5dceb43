"""Which resources a call touches, as the ARNs that policies name them by.

Two sources: this module's table says how a parameter becomes an ARN; the list of IAM actions that cfn-lint
ships says which kinds of resource an action has. An action with no kinds needs `*`; one whose resource this
module cannot name is judged leniently (`ANY_RESOURCE`), so a gap in the table never refuses what AWS would
allow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

from sandbox.iam.calls import Call
from sandbox.iam.policy import ANY_RESOURCE

# Service -> parameter -> the ARN's last part. `codepipeline` and others with one kind of resource have "{}".
_NAMES: dict[str, dict[str, str]] = {
    "sagemaker": {
        "AlgorithmName": "algorithm/{}",
        "AutoMLJobName": "automl-job/{}",
        "EndpointName": "endpoint/{}",
        "EndpointConfigName": "endpoint-config/{}",
        "ExperimentName": "experiment/{}",
        "HyperParameterTuningJobName": "hyper-parameter-tuning-job/{}",
        "ModelCardName": "model-card/{}",
        "ModelName": "model/{}",
        "ModelPackageGroupName": "model-package-group/{}",
        "ModelPackageName": "model-package/{}",
        "MonitoringScheduleName": "monitoring-schedule/{}",
        "PipelineName": "pipeline/{}",
        "ProcessingJobName": "processing-job/{}",
        "TrainingJobName": "training-job/{}",
        "TransformJobName": "transform-job/{}",
    },
    "lambda": {"FunctionName": "function:{}", "LayerName": "layer:{}", "UUID": "event-source-mapping:{}"},
    "codebuild": {
        "name": "project/{}",
        "names": "project/{}",
        "projectName": "project/{}",
        "id": "project/{}",
        "ids": "project/{}",
    },
    "codepipeline": {"name": "{}", "pipelineName": "{}"},
    "sns": {"Name": "{}"},
    "sqs": {"QueueName": "{}"},
    "logs": {
        "logGroupName": "log-group:{}",
        "logGroupIdentifier": "log-group:{}",
        "logGroupNames": "log-group:{}",
        "destinationName": "destination:{}",
    },
    "ssm": {
        "Name": "parameter/{}",
        "Names": "parameter/{}",
        "Path": "parameter/{}",
        "ResourceId": "parameter/{}",
    },
    "ecr": {"repositoryName": "repository/{}", "repositoryNames": "repository/{}"},
    "dynamodb": {"TableName": "table/{}"},
    "cloudwatch": {"AlarmName": "alarm:{}", "AlarmNames": "alarm:{}"},
    "states": {"name": "stateMachine:{}"},
    "events": {"Name": "rule/{}", "Rule": "rule/{}", "EventBusName": "event-bus/{}"},
    "scheduler": {"Name": "schedule/{}", "ScheduleGroupName": "schedule-group/{}"},
    "cloudformation": {"StackName": "stack/{}/*"},
    "codeconnections": {},
    "secretsmanager": {"Name": "secret:{}-??????", "SecretId": "secret:{}-??????"},
    "firehose": {"DeliveryStreamName": "deliverystream/{}"},
}

_IAM_NAMES = {
    "RoleName": ("role", "roles"),
    "UserName": ("user", "users"),
    "GroupName": ("group", "groups"),
    "InstanceProfileName": ("instance-profile", "instance_profiles"),
    "PolicyName": ("policy", "managed_policies"),
}

_JOB_DEFINITION = re.compile(r"(DataQuality|ModelQuality|ModelBias|ModelExplainability)JobDefinition")


def resources_of(call: Call, action: str, account_id: str) -> tuple[tuple[str, ...], ...]:
    """The resources that an action of a call needs, each as the ARNs it may be named by. `("*",)` if it has
    none.
    """
    if call.prefix == "s3":
        return (_s3(call, action),)
    if call.prefix == "apigateway":
        return ((f"arn:{call.partition}:apigateway:{call.region}::{unquote(call.path)}",),)
    if call.prefix == "kms":
        keys = _kms(call, account_id)
        if keys:
            return keys
    # Tags at creation go to what is created, not to what it refers to.
    tags_at_creation = action == "sagemaker:AddTags" and call.operation != "AddTags"
    kinds = _kinds(f"sagemaker:{call.operation}" if tags_at_creation else action)
    if kinds == ():
        return (("*",),)
    found = [names for names in _named(call, account_id) if kinds is None or _is_kind(names[0], kinds)]
    if found:
        return tuple(dict.fromkeys(found))
    return ((ANY_RESOURCE,),)


def key_arn(key_id: str, account_id: str, region: str, partition: str = "aws") -> str:
    """The ARN of a KMS key given by id, ARN or alias; an unknown alias stays one."""
    if key_id.startswith("arn:"):
        parts = key_id.split(":", 5)
        account_id, region, key_id = parts[4], parts[3], parts[5]
    key_id = key_id.removeprefix("key/")
    if key_id.startswith("alias/"):
        target = kms_backends[account_id][region].get_key_id_from_alias(key_id)
        if target is None:
            return f"arn:{partition}:kms:{region}:{account_id}:{key_id}"
        key_id = target
    return f"arn:{partition}:kms:{region}:{account_id}:key/{key_id}"


def _kms(call: Call, account_id: str) -> tuple[tuple[str, ...], ...]:
    """The key, and for an alias' calls the alias too: both must be allowed."""
    names = []
    for name in ("KeyId", "TargetKeyId"):
        if name in call.parameters:
            names.append((key_arn(str(call.parameters[name]), account_id, call.region, call.partition),))
    if "AliasName" in call.parameters:
        names.append((f"arn:{call.partition}:kms:{call.region}:{account_id}:{call.parameters['AliasName']}",))
    return tuple(names)


def _s3(call: Call, action: str) -> tuple[str, ...]:
    bucket = call.parameters.get("Bucket")
    if call.service == "s3control" or not bucket:
        return ("*",)
    arn = f"arn:{call.partition}:s3:::{bucket}"
    key = call.parameters.get("Key")
    return (f"{arn}/{key}",) if key is not None else (arn,)


def _named(call: Call, account_id: str) -> Iterator[tuple[str, ...]]:
    """Every resource that the parameters name, whatever its kind."""
    if call.prefix == "iam":
        yield from _iam(call, account_id)
        return
    prefix = f"arn:{call.partition}:{call.prefix}:{call.region}:{account_id}:"
    table = _NAMES.get(call.prefix, {})
    for name, value in _flat(call):
        if call.prefix == "sqs" and name == "QueueUrl":
            owner, queue = value.rstrip("/").split("/")[-2:]
            yield (f"arn:{call.partition}:sqs:{call.region}:{owner}:{queue}",)
        elif value.startswith("arn:"):
            yield _arn_names(call.prefix, value)
        elif call.operation == "StartExecution" and name == "name":
            continue  # the execution's name, which no policy can name; the machine is given by its ARN
        elif name in table:
            yield _arn_names(call.prefix, prefix + table[name].format(_last(call, name, value)))
    if call.prefix == "sagemaker":
        kind = _JOB_DEFINITION.search(call.operation)
        if kind and "JobDefinitionName" in call.parameters:
            dashed = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.group(1)).lower()
            yield (f"{prefix}{dashed}-job-definition/{call.parameters['JobDefinitionName']}",)
    if call.prefix == "codepipeline":
        yield from _codepipeline(call, prefix)
    if call.prefix == "events" and call.operation == "PutEvents":
        for entry in call.parameters.get("Entries", []):
            bus = entry.get("EventBusName") or "default"
            yield (bus if bus.startswith("arn:") else f"{prefix}event-bus/{bus}",)


def _flat(call: Call) -> Iterator[tuple[str, str]]:
    for name, value in call.parameters.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and item:
                yield name, item


def _last(call: Call, name: str, value: str) -> str:
    """How a parameter's value reads inside the ARN."""
    parameters: dict[str, Any] = call.parameters
    if call.prefix == "codebuild" and name in ("id", "ids"):
        return value.split(":", 1)[0]
    if call.prefix == "ssm":
        return value.lstrip("/")
    if call.prefix == "lambda" and name == "FunctionName":
        value = value.rsplit(":function:", 1)[-1]
        qualifier = parameters.get("Qualifier")
        return f"{value}:{qualifier}" if qualifier else value
    if call.prefix == "events" and name in ("Name", "Rule"):
        bus = str(parameters.get("EventBusName") or "default").rsplit("/", 1)[-1]
        return value if bus == "default" else f"{bus}/{value}"
    if call.prefix == "scheduler" and name == "Name":
        return f"{parameters.get('GroupName') or 'default'}/{value}"
    return value


def _arn_names(prefix: str, arn: str) -> tuple[str, ...]:
    # Policies name a log group with and without the trailing `:*`; IAM takes either for its streams' calls.
    if prefix == "logs":
        arn = arn.removesuffix(":*")
        return (arn, f"{arn}:*", f"{arn}:log-stream:")
    return (arn,)


def _codepipeline(call: Call, prefix: str) -> Iterator[tuple[str, ...]]:
    parameters = call.parameters
    declared = parameters.get("pipeline")
    if isinstance(declared, dict):
        yield (f"{prefix}{declared.get('name', '')}",)
    parts = [parameters[k] for k in ("pipelineName", "stageName", "actionName") if parameters.get(k)]
    if len(parts) > 1:
        yield (prefix + "/".join(parts),)


def _iam(call: Call, account_id: str) -> Iterator[tuple[str, ...]]:
    backend = iam_backends[account_id][call.partition]
    for name, value in call.parameters.items():
        if isinstance(value, str) and value.startswith("arn:"):
            yield (value,)
        elif name in _IAM_NAMES and isinstance(value, str):
            kind, store = _IAM_NAMES[name]
            path = call.parameters.get("Path") or _path_of(backend, store, value)
            yield (f"arn:{call.partition}:iam::{account_id}:{kind}{path}{value}",)


def _path_of(backend: Any, store: str, name: str) -> str:
    for item in list(getattr(backend, store, {}).values()):
        if item.name == name:
            return str(item.path)
    return "/"


def _is_kind(arn: str, kinds: tuple[str, ...]) -> bool:
    return any(re.match(kind, arn) for kind in kinds)


@cache
def _kinds(action: str) -> tuple[str, ...] | None:
    """Patterns of the ARNs that an action takes; empty if it takes none, None if the action is not listed."""
    service, name = action.split(":", 1)
    entry = _actions().get(service, {})
    listed = entry.get("Actions", {}).get(name.lower())
    if listed is None:
        return None
    patterns = []
    for kind in listed.get("Resources", []):
        for arn in (entry.get("Resources", {}).get(kind) or {}).get("ARNFormats", []):
            patterns.append(re.sub(r"\$\{\w+\}", "[^:]*", arn))
    if listed.get("Resources") and not patterns:
        return None
    return tuple(patterns)


@cache
def _actions() -> dict[str, Any]:
    """cfn-lint's list of IAM actions, read as data: importing cfn-lint would take longer than the whole
    start.
    """
    spec = find_spec("cfnlint")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / "data" / "AdditionalSpecs" / "Policies.json"
    value: dict[str, Any] = json.loads(path.read_bytes())
    return value
