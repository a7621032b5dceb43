"""Cloud Control API and the registry behind it: resources that Terraform's AWS provider knows only through
it.

Model quality, bias and explainability job definitions, model cards and monitoring schedules. Documents are
held against the types' CloudFormation schemas (the ones that cfn-lint ships), requests have tokens and
states, and every handler calls SageMaker over HTTP with the caller's own credentials, as AWS's handlers do:
what Cloud Control made is what SageMaker describes, and whoever may not call SageMaker may not do it this way
either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.context import Context


def install(context: Context) -> None:
    """Serve the Cloud Control API, and `cloudformation:DescribeType` for its types."""
    from sandbox.cloudcontrol import registry, requests

    context.front.append(requests.operations.front(context, "CloudApiService"))
    registry.install(context)
