"""Step Functions: state machines that run, with the machine's role and against the services of the sandbox.

`definition` judges what AWS would refuse, `interpreter` runs the states, `tasks` calls other services over HTTP so that
the role's permissions count, `executions` is the API. Nothing of moto's own Step Functions is used: it runs no machine
by default, and its optional interpreter knows neither SageMaker nor CodeBuild and calls with keys of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.context import Context


def install(context: Context) -> None:
    """Serve Step Functions."""
    from sandbox.stepfunctions import executions, machines, settings

    settings.install(context)
    operations = machines.operations
    operations.functions |= executions.operations.functions
    context.front.append(operations.front(context, "AWSStepFunctions"))
    context.on_exit(machines.halt_all)
