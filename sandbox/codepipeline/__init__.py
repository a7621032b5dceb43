"""CodePipeline: declarations kept as on AWS, and executions that really run.

- `definition` says what a declaration must be, `variables` what `#{...}` stands for, `state` what is remembered.
- `engine` takes an execution from stage to stage: locks, conditions (`conditions`), retries, rollbacks; `stages` runs
  a stage's actions, `actions` has the providers, `artifacts` the artifact store, `roles` the credentials.
- `api` and `executions` serve the operations, `views` shapes the answers, `events` tells EventBridge.

Planned faults (`POST /_sandbox/faults`): kind `action`, matched by pipeline, stage and action, fails an action with
the error's code and message; kind `action.timeout` shortens its time to the error's `seconds`.

Everything outside is done as the pipeline's role or the action's own, by the calls that AWS makes, so that a missing
permission fails the action that it would fail on AWS. Sources are not polled for changes: somebody starts the
execution, as on AWS with PollForSourceChanges = false.
"""

from __future__ import annotations

from moto.codepipeline.responses import CodePipelineResponse

from sandbox.codepipeline import api, executions
from sandbox.codepipeline.engine import Engine
from sandbox.codepipeline.store import stop_all, stop_on_reset
from sandbox.context import Context
from sandbox.operations import bind

__all__ = ["install"]


def install(context: Context) -> None:
    """Serve CodePipeline."""
    engine = Engine(context)
    bind(CodePipelineResponse, "codepipeline", api.handlers(engine) | executions.handlers(engine))
    stop_on_reset()
    context.on_exit(stop_all)
