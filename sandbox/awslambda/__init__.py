"""Lambda that runs: functions are invoked for real, each in a worker process of its own, from their
packaged zip.

`runtime` is what runs inside a worker, `workers` keeps warm ones, `invoke` is one invocation,
`asynchronous` the retries and destinations of event invocations, `api` puts it all behind the AWS API.
"""

from __future__ import annotations

from sandbox.awslambda.api import install

__all__ = ["install"]
