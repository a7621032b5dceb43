"""Runs the actions of one stage of one execution."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any

from sandbox.codepipeline import artifacts, roles
from sandbox.codepipeline.actions import provider_of
from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.events import Events
from sandbox.codepipeline.failure import ActionAbandoned, ActionFailure
from sandbox.codepipeline.state import ActionRun, Execution, Pipeline, StageRun, now
from sandbox.codepipeline.variables import UnresolvedVariable, resolve
from sandbox.codepipeline.work import Work
from sandbox.context import Context

log = logging.getLogger(__name__)


def namespaces(execution: Execution) -> dict[str, dict[str, str]]:
    """The values that references can have at this moment of an execution."""
    return execution.namespaces | {
        "variables": execution.variables,
        "codepipeline": {"PipelineExecutionId": execution.id},
    }


class StageActions:
    """The actions of one stay in a stage; `run` returns when none of them is at work any longer."""

    def __init__(
        self, context: Context, events: Events, pipeline: Pipeline, execution: Execution, run: StageRun
    ) -> None:
        self._context = context
        self._events = events
        self._pipeline = pipeline
        self._execution = execution
        self._run = run

    def run(self, stage: Declaration) -> bool:
        """Run the actions that have not succeeded yet, those of one run order side by side; False if any failed."""
        actions = sorted(stage["actions"], key=lambda action: action["runOrder"])
        for _, group in itertools.groupby(actions, key=lambda action: action["runOrder"]):
            pending = [action for action in group if not self._has_succeeded(action["name"])]
            if self._must_end():
                return False
            self._together([lambda action=action: self._run_action(action) for action in pending])  # type: ignore[misc]
            if not all(self._has_succeeded(action["name"]) for action in pending):
                return False
        return True

    def _must_end(self) -> bool:
        execution = self._execution
        return execution.stop is not None or execution.cancelled or self._pipeline.deleted

    def _has_succeeded(self, name: str) -> bool:
        run = self._run.actions.get(name)
        return run is not None and run.status == "Succeeded"

    def _together(self, calls: list[Callable[[], None]]) -> None:
        threads = [threading.Thread(target=call, daemon=True) for call in calls[1:]]
        for thread in threads:
            thread.start()
        for call in calls[:1]:
            call()
        for thread in threads:
            thread.join()

    def _run_action(self, action: Declaration) -> None:
        pipeline, execution = self._pipeline, self._execution
        run = ActionRun(
            declaration=action,
            stage=self._run.stage,
            execution_id=execution.id,
            version=execution.definition["version"],
            configuration=action["configuration"],
        )
        with pipeline.changed:
            self._run.actions[run.name] = run
            pipeline.action_runs.append(run)
            pipeline.changed.notify_all()
        state = "FAILED"
        try:
            work = self._prepare(run)
            self._events.action(pipeline, execution, run, "STARTED")
            fault = self._context.faults.take("action", pipeline=pipeline.name, stage=run.stage, action=run.name)
            if fault is not None:
                raise ActionFailure(
                    fault.error.get("code", "JobFailed"), fault.error.get("message", "failed on purpose")
                )
            provider_of(action).run(work)
            self._finish(run)
            state = "SUCCEEDED"
        except ActionAbandoned:
            self._end(run, "Abandoned")
            state = "ABANDONED"
        except ActionFailure as failure:
            self._end(run, "Failed", failure.code, str(failure))
        except Exception as error:
            log.exception("action %s of %s", run.name, pipeline.name)
            self._end(run, "Failed", "SystemUnavailable", f"The local AWS failed: {error!r}")
        self._events.action(pipeline, execution, run, state)

    def _prepare(self, run: ActionRun) -> Work:
        pipeline, execution, action = self._pipeline, self._execution, run.declaration
        try:
            resolved = {key: resolve(value, namespaces(execution)) for key, value in run.configuration.items()}
        except UnresolvedVariable:
            raise ActionFailure(
                "ConfigurationError",
                "An action in this pipeline failed because one or more variables could not be resolved: Action"
                f" name={run.name}. This can result when a variable is referenced that does not exist. Validate"
                " the configuration for this action.",
            ) from None
        seconds = provider_of(action).timeout_seconds
        if action.get("timeoutInMinutes"):
            seconds = action["timeoutInMinutes"] * 60.0
        fault = self._context.faults.take("action.timeout", pipeline=pipeline.name, stage=run.stage, action=run.name)
        if fault is not None:
            seconds = float(fault.error.get("seconds", 1.0))
        work = Work(self._context, pipeline, execution, run, resolved, seconds)
        work.note(resolved=resolved)
        if action["inputArtifacts"] or action["outputArtifacts"]:
            work.note(inputs=self._inputs(work), outputs=self._outputs(work))
        return work

    def _inputs(self, work: Work) -> dict[str, Any]:
        found = {}
        for artifact in work.run.declaration["inputArtifacts"]:
            name = artifact["name"]
            location = self._execution.artifacts.get(name)
            if location is None:
                raise ActionFailure("ConfigurationError", f"No action has produced the artifact {name}.")
            client = work.client("s3")
            if location.bucket != work.store["location"] and self._pipeline.definition.get("artifactStores"):
                target = artifacts.new_location(self._execution.definition, name, work.store)
                home = roles.client(self._context, self._pipeline, "s3", role_arn=None, region=self._pipeline.region)
                artifacts.copy(home, location, target, work.store)
                location = target
            artifacts.require(client, location)
            found[name] = location
        return found

    def _outputs(self, work: Work) -> dict[str, Any]:
        names = [artifact["name"] for artifact in work.run.declaration["outputArtifacts"]]
        return {name: artifacts.new_location(self._execution.definition, name, work.store) for name in names}

    def _finish(self, run: ActionRun) -> None:
        with self._pipeline.changed:
            self._execution.artifacts |= run.outputs
            namespace = run.declaration.get("namespace")
            if namespace:
                self._execution.namespaces[namespace] = dict(run.output_variables)
            run.status, run.updated = "Succeeded", now()
            self._pipeline.changed.notify_all()

    def _end(self, run: ActionRun, status: str, code: str | None = None, message: str | None = None) -> None:
        with self._pipeline.changed:
            run.status, run.updated = status, now()
            run.error_code, run.error_message = code, message
            self._pipeline.changed.notify_all()
