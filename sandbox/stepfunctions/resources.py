"""What a Task's Resource means: the service, the operation and how it is waited for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from botocore.model import OperationModel, OperationNotFoundError
from moto.core.utils import get_service_model

Pattern = Literal["", "sync", "sync:2", "waitForTaskToken"]

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):states:(?P<region>[a-z0-9-]*):(?P<account>\d*):"
    r"(?P<sdk>aws-sdk:)?(?P<service>[A-Za-z0-9-]+):(?P<action>[A-Za-z0-9]+)(?:\.(?P<pattern>sync:2|sync|waitForTaskToken))?"
)
_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::[\w$-]+)?")
_ACTIVITY = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:activity:.+")

# The names of AWS's SDK for Java, in lower case, where boto3's differ.
_SERVICES = {
    "applicationautoscaling": "application-autoscaling",
    "cloudcontrol": "cloudcontrol",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "costexplorer": "ce",
    "eventbridge": "events",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "sagemakerruntime": "sagemaker-runtime",
    "sfn": "stepfunctions",
}

# The prefix of error names: the client classes of AWS's SDK for Java 2.
_PREFIXES = {
    "application-autoscaling": "ApplicationAutoScaling",
    "athena": "Athena",
    "cloudcontrol": "CloudControl",
    "cloudwatch": "CloudWatch",
    "codebuild": "CodeBuild",
    "codepipeline": "CodePipeline",
    "dynamodb": "DynamoDb",
    "ecr": "Ecr",
    "events": "EventBridge",
    "glue": "Glue",
    "iam": "Iam",
    "kms": "Kms",
    "lambda": "Lambda",
    "logs": "CloudWatchLogs",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "sagemaker-runtime": "SageMakerRuntime",
    "secretsmanager": "SecretsManager",
    "sns": "Sns",
    "sqs": "Sqs",
    "ssm": "Ssm",
    "stepfunctions": "Sfn",
    "sts": "Sts",
}

# The same for optimized integrations: prefix, and the client class of SDK 1 that names what is not modelled.
_CLIENTS = {
    "codebuild": ("CodeBuild", "AWSCodeBuild"),
    "dynamodb": ("DynamoDB", "AmazonDynamoDB"),
    "events": ("EventBridge", "AmazonEventBridge"),
    "lambda": ("Lambda", "AWSLambda"),
    "sagemaker": ("SageMaker", "AmazonSageMaker"),
    "sns": ("SNS", "AmazonSNS"),
    "sqs": ("SQS", "AmazonSQS"),
    "stepfunctions": ("StepFunctions", "AWSStepFunctions"),
}

# Optimized integrations: resource service and action to boto3's service, operation and the patterns they take.
_OPTIMIZED: dict[tuple[str, str], tuple[str, str, tuple[Pattern, ...]]] = {
    ("codebuild", "startBuild"): ("codebuild", "StartBuild", ("", "sync")),
    ("codebuild", "stopBuild"): ("codebuild", "StopBuild", ("",)),
    ("codebuild", "batchGetBuilds"): ("codebuild", "BatchGetBuilds", ("",)),
    ("dynamodb", "deleteItem"): ("dynamodb", "DeleteItem", ("",)),
    ("dynamodb", "getItem"): ("dynamodb", "GetItem", ("",)),
    ("dynamodb", "putItem"): ("dynamodb", "PutItem", ("",)),
    ("dynamodb", "updateItem"): ("dynamodb", "UpdateItem", ("",)),
    ("events", "putEvents"): ("events", "PutEvents", ("", "waitForTaskToken")),
    ("lambda", "invoke"): ("lambda", "Invoke", ("", "waitForTaskToken")),
    ("sagemaker", "createEndpoint"): ("sagemaker", "CreateEndpoint", ("",)),
    ("sagemaker", "createEndpointConfig"): ("sagemaker", "CreateEndpointConfig", ("",)),
    ("sagemaker", "createHyperParameterTuningJob"): ("sagemaker", "CreateHyperParameterTuningJob", ("", "sync")),
    ("sagemaker", "createModel"): ("sagemaker", "CreateModel", ("",)),
    ("sagemaker", "createProcessingJob"): ("sagemaker", "CreateProcessingJob", ("", "sync")),
    ("sagemaker", "createTrainingJob"): ("sagemaker", "CreateTrainingJob", ("", "sync")),
    ("sagemaker", "createTransformJob"): ("sagemaker", "CreateTransformJob", ("", "sync")),
    ("sagemaker", "updateEndpoint"): ("sagemaker", "UpdateEndpoint", ("",)),
    ("sns", "publish"): ("sns", "Publish", ("", "waitForTaskToken")),
    ("sqs", "sendMessage"): ("sqs", "SendMessage", ("", "waitForTaskToken")),
    ("states", "startExecution"): ("stepfunctions", "StartExecution", ("", "sync", "sync:2", "waitForTaskToken")),
}


class BadResource(Exception):
    """A Resource that Step Functions, or this sandbox, does not know; the text says which."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A Task's Resource, understood.

    Attributes:
        arn: As written.
        kind: `function` (a Lambda function's ARN), `activity`, `optimized` or `sdk`.
        service: boto3's name of the service.
        operation: Its operation; "" for activities.
        pattern: How the task is waited for.
        label: What the history calls the service (`sagemaker`, `aws-sdk:sagemaker`).
        action: What the history calls the resource (`createTrainingJob.sync`).
    """

    arn: str
    kind: Literal["function", "activity", "optimized", "sdk"]
    service: str
    operation: str
    pattern: Pattern
    label: str
    action: str

    @property
    def model(self) -> OperationModel:
        """botocore's model of the operation."""
        model: OperationModel = get_service_model(self.service).operation_model(self.operation)
        return model

    def error_name(self, code: str, modelled: bool) -> str:
        """The name of an error answer, as Retry and Catch must spell it."""
        if self.kind == "optimized":
            prefix, client = _CLIENTS[self.service]
            return f"{prefix}.{_exception(code) if modelled else f'{client}Exception'}"
        prefix_of = _PREFIXES.get(self.service, self.service.title())
        return f"{prefix_of}.{_exception(code) if modelled else f'{prefix_of}Exception'}"


def understand(arn: str) -> Resource:
    """The meaning of a Resource.

    Raises:
        BadResource: It has none.
    """
    if _FUNCTION.fullmatch(arn):
        return Resource(arn, "function", "lambda", "Invoke", "", "lambda", "function")
    if _ACTIVITY.fullmatch(arn):
        return Resource(arn, "activity", "stepfunctions", "", "", "activity", arn)
    found = _ARN.fullmatch(arn)
    if found is None:
        raise BadResource(f"The resource provided {arn} is not recognized. The value is not a valid resource ARN.")
    pattern: Pattern = found["pattern"] or ""  # type: ignore[assignment]
    action = f"{found['action']}{'.' + pattern if pattern else ''}"
    if not found["sdk"]:
        known = _OPTIMIZED.get((found["service"], found["action"]))
        if known is None or pattern not in known[2]:
            raise BadResource(
                f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, or the "
                "resource "
                "is not available in this region."
            )
        return Resource(arn, "optimized", known[0], known[1], pattern, found["service"], action)
    if pattern not in ("", "waitForTaskToken"):
        raise BadResource(f"The resource provided {arn} is not recognized. SDK integrations do not take .{pattern}.")
    service = _SERVICES.get(found["service"].lower(), found["service"])
    operation = found["action"][0].upper() + found["action"][1:]
    try:
        get_service_model(service).operation_model(operation)
    except OperationNotFoundError:
        raise BadResource(f"The resource provided {arn} is not recognized. {service} has no {operation}.") from None
    except Exception as error:
        # botocore's UnknownServiceError and its kin have no common narrow base.
        raise BadResource(f"The resource provided {arn} is not recognized. {error}") from None
    return Resource(arn, "sdk", service, operation, pattern, f"aws-sdk:{found['service']}", action)


def _exception(code: str) -> str:
    name = re.sub(r"(Exception|Fault|Error)$", "", code.rsplit(".", 1)[-1])
    return f"{name}Exception"
