"""API Gateway's own URLs: requests to deployed REST APIs, answered as API Gateway answers them.

Served at `/_aws/execute-api/<api id>/<stage>/<path>` and, by the Host header, at `<api
id>.execute-api.<region>.amazonaws.com/<stage>/<path>`. `deployments` keeps what was deployed, `gateway`
takes a request through authorization, validation and integration, `signature` checks SigV4.
"""

from __future__ import annotations

from sandbox.execute_api.gateway import install

__all__ = ["install"]
