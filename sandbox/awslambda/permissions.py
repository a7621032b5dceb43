"""Functions as other services find and invoke them: only as far as the function's own policy lets them."""

from __future__ import annotations

import json
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.exceptions import JsonRESTError

from sandbox.iam.decide import service_may
from sandbox.iam.policy import Question, parse


class InvocationRefused(Exception):
    """There is no such function, or its policy does not let the service invoke it."""


def function_of(arn: str) -> Any:
    """moto's function of an ARN, with or without a qualifier.

    Raises:
        InvocationRefused: There is none.
    """
    parts = arn.split(":")
    if len(parts) < 7:
        raise InvocationRefused(f"{arn} is not the ARN of a function")
    qualifier = parts[7] if len(parts) > 7 else None
    try:
        return lambda_backends[parts[4]][parts[3]].get_function(parts[6], qualifier)
    except JsonRESTError as error:
        raise InvocationRefused(f"there is no function {arn}") from error


def permitted_function(arn: str, *, service: str, source_arn: str, source_account: str | None = None) -> Any:
    """moto's function of an ARN, if its policy lets a service invoke it on behalf of a resource.

    Args:
        arn: With or without a qualifier.
        service: `s3.amazonaws.com`.
        source_arn: The bucket, topic, rule or API on whose behalf.
        source_account: Its account; default the one in its ARN.

    Raises:
        InvocationRefused: See there.
    """
    function = function_of(arn)
    base = ":".join(arn.split(":")[:7])
    values = {
        "aws:sourcearn": source_arn,
        "aws:sourceaccount": source_account or source_arn.split(":")[4],
        "aws:securetransport": "true",
    }
    question = Question("lambda:InvokeFunction", ((arn, base),), values)
    statements = parse(json.dumps({"Statement": function.policy.statements}))
    if not service_may(statements, question, service):
        raise InvocationRefused(f"the policy of {arn} does not let {service} invoke it for {source_arn}")
    return function
