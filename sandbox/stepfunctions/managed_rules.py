"""What Step Functions tries with a state machine's role before it takes the machine.

`.sync` tasks learn of the end of what they started through EventBridge rules that Step Functions manages in the
customer's account with the machine's role. A role that may not is refused when the machine is created or changed:
`... is not authorized to create managed-rule`. A machine that logs needs a role that may set up log delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.accounts import principal_of
from sandbox.context import Context
from sandbox.errors import SandboxFault
from sandbox.iam.decide import Guard, refusal
from sandbox.iam.identities import identity_of
from sandbox.iam.policy import Question
from sandbox.iam.sessions import AssumeRoleRefused
from sandbox.stepfunctions.definition import resources

# https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html and the pages of the other services
_RULES = {
    "CreateHyperParameterTuningJob": "StepFunctionsGetEventsForSageMakerTuningJobsRule",
    "CreateProcessingJob": "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
    "CreateTrainingJob": "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "CreateTransformJob": "StepFunctionsGetEventsForSageMakerTransformJobsRule",
    "StartBuild": "StepFunctionsGetEventForCodeBuildStartBuildRule",
    "StartExecution": "StepFunctionsGetEventsForStepFunctionsExecutionRule",
}
_RULE_ACTIONS = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
_LOG_ACTIONS = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


def require_permissions(
    context: Context, role_arn: str, machine_arn: str, definition: dict[str, Any], logging: dict[str, Any]
) -> None:
    """Check that a role can be assumed by Step Functions and may do what it needs before any execution.

    Raises:
        SandboxFault: AccessDeniedException in AWS's words.
    """
    region = machine_arn.split(":")[3]
    try:
        keys = context.credentials(role_arn, principal="states.amazonaws.com", source_arn=machine_arn, region=region)
    except AssumeRoleRefused:
        raise SandboxFault(
            "AccessDeniedException",
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
            "the provided role.",
        ) from None
    if not context.enforce_iam:
        return
    key = keys["AWS_ACCESS_KEY_ID"]
    account_id = role_arn.split(":")[4]
    for rule in dict.fromkeys(_rules(definition)):
        arn = f"arn:aws:events:{region}:{account_id}:rule/{rule}"
        if not all(_may(key, action, arn, region) for action in _RULE_ACTIONS):
            raise SandboxFault("AccessDeniedException", f"'{role_arn}' is not authorized to create managed-rule.")
    if logging.get("level", "OFF") != "OFF" and not all(_may(key, action, "*", region) for action in _LOG_ACTIONS):
        raise SandboxFault(
            "AccessDeniedException", "The state machine IAM Role is not authorized to access the Log Destination"
        )


def _rules(definition: dict[str, Any]) -> Iterator[str]:
    for resource in resources(definition):
        if resource.pattern.startswith("sync"):
            yield _RULES[resource.operation]


def _may(key: str, action: str, resource: str, region: str) -> bool:
    """True if the role's own policies allow an action."""
    principal = principal_of(key)
    question = Question(action, ((resource,),), {"aws:requestedregion": region})
    return refusal(principal, identity_of(principal), question, Guard(principal.account_id)) is None
