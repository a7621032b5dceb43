"""The pipelines of one account and region; they live in moto's backend, so a reset of moto clears them."""

from __future__ import annotations

import threading
from typing import Any

from moto.codepipeline.models import CodePipelineBackend, codepipeline_backends

from sandbox.codepipeline.state import ActionRun, Execution, Pipeline
from sandbox.operations import ApiError


class Store:
    """Pipelines by name; hold `lock` for anything that reads and then writes."""

    def __init__(self, account_id: str, region: str) -> None:
        self.account_id = account_id
        self.region = region
        self.lock = threading.RLock()
        self.pipelines: dict[str, Pipeline] = {}

    def pipeline(self, name: str) -> Pipeline:
        """A pipeline by name.

        Raises:
            ApiError: PipelineNotFoundException.
        """
        found = self.pipelines.get(name)
        if found is None:
            raise ApiError(
                "PipelineNotFoundException",
                f"Account '{self.account_id}' does not have a pipeline with name '{name}'",
            )
        return found

    def execution(self, pipeline: Pipeline, execution_id: str) -> Execution:
        """An execution of a pipeline by id.

        Raises:
            ApiError: PipelineExecutionNotFoundException.
        """
        found = pipeline.executions.get(execution_id)
        if found is None:
            raise ApiError(
                "PipelineExecutionNotFoundException",
                f"The execution with id '{execution_id}' does not exist for pipeline '{pipeline.name}'",
            )
        return found

    def by_arn(self, arn: str) -> Pipeline:
        """A pipeline by ARN, for tags.

        Raises:
            ApiError: ResourceNotFoundException.
        """
        found = self.pipelines.get(arn.rpartition(":")[2])
        if found is None or found.arn != arn:
            raise ApiError("ResourceNotFoundException", f"The resource {arn} does not exist")
        return found

    def job(self, job_id: str) -> tuple[Pipeline, ActionRun]:
        """The action that waits for the result of a job.

        Raises:
            ApiError: JobNotFoundException.
        """
        for pipeline in list(self.pipelines.values()):
            for run in reversed(pipeline.action_runs):
                if run.job_id == job_id:
                    return pipeline, run
        raise ApiError("JobNotFoundException", f"The job with id '{job_id}' does not exist")

    def remove(self, name: str) -> None:
        """Forget a pipeline and end its executions; no error if there is none."""
        pipeline = self.pipelines.pop(name, None)
        if pipeline is not None:
            with pipeline.changed:
                pipeline.deleted = True
                pipeline.changed.notify_all()


def store_of(account_id: str, region: str) -> Store:
    """The store of an account and region."""
    backend = codepipeline_backends[account_id][region]
    store: Store = backend.__dict__.get("sandbox_store") or backend.__dict__.setdefault(
        "sandbox_store", Store(account_id, region)
    )
    return store


def stop_all() -> None:
    """End every execution of every account."""
    for account in list(codepipeline_backends.values()):
        for backend in list(account.values()):
            _stop(backend)


def stop_on_reset() -> None:
    """Make moto's reset of a backend end the executions that it forgets."""
    reset = CodePipelineBackend.reset

    def stop_and_reset(self: Any) -> None:
        _stop(self)
        reset(self)

    CodePipelineBackend.reset = stop_and_reset


def _stop(backend: Any) -> None:
    store = backend.__dict__.get("sandbox_store")
    for name in list(store.pipelines) if store is not None else []:
        store.remove(name)
