"""The API Gateway API mended: policies, later changes, and the account setting that logging needs.

- A resource policy comes back with its quotes escaped, as AWS sends it; unescaped, Terraform's provider
  cannot read it.
- UpdateMethod, UpdateIntegration, their responses, UpdateResource, UpdateDeployment, UpdateModel and
  UpdateGatewayResponse, without which no change of an API can be applied.
- Each deployment freezes the API, and only what is frozen is served (`execute_api`).
- A stage may log only once the account has a CloudWatch role, as on AWS.
"""

from __future__ import annotations

from sandbox.apigateway import policies, stages, updates
from sandbox.context import Context
from sandbox.execute_api import deployments


def install(context: Context) -> None:
    """Mend the control plane of API Gateway."""
    policies.install()
    updates.install()
    stages.install()
    deployments.install()
