"""Takes executions through the stages of their pipelines: one thread an execution, no polling.

Whoever changes something about a pipeline does so holding `Pipeline.changed` and notifies it; whoever waits, for a
stage's lock, an approval, a build, waits on it and looks again. So the answer to an event comes at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.codepipeline.conditions import evaluate
from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.events import Events
from sandbox.codepipeline.stages import StageActions, namespaces
from sandbox.codepipeline.state import Execution, Pipeline, StageRun, now
from sandbox.context import Context


class Engine:
    """Starts, resumes and ends executions."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._events = Events(context)

    # What the API asks for; each is called with `pipeline.changed` held

    def start(self, pipeline: Pipeline, execution: Execution) -> None:
        """Register a new execution and send it on its way; a rollback runs the stage that it was made for only."""
        pipeline.executions[execution.id] = execution
        self._events.pipeline(pipeline, execution, "STARTED")
        self._thread(pipeline, execution, 0, {})

    def start_rollback(self, pipeline: Pipeline, execution: Execution, stage: str) -> None:
        """Register a rollback of one stage and run that stage."""
        pipeline.executions[execution.id] = execution
        self._events.pipeline(pipeline, execution, "STARTED")
        self._thread(pipeline, execution, self._index(execution, stage), {})

    def resume(self, pipeline: Pipeline, execution: Execution, stage: str, **how: Any) -> None:
        """Send an execution that is over into a stage once more.

        Args:
            pipeline: Its pipeline.
            execution: The execution.
            stage: The stage's name.
            how: `keep` (actions that need not run again), `skip` (conditions not to look at), and `manual`.
        """
        execution.status, execution.stop, execution.stop_reason = "InProgress", None, None
        execution.summary, execution.updated = None, now()
        execution.attempt += 1
        self._events.pipeline(pipeline, execution, "RESUMED")
        self._thread(pipeline, execution, self._index(execution, stage), {"resumed": True, **how})

    def cancel_all(self, pipeline: Pipeline) -> None:
        """The declaration changed: running actions end in peace, then their executions are cancelled."""
        for execution in pipeline.executions.values():
            if execution.is_over or execution.mode == "PARALLEL":
                continue
            execution.cancelled = True
            for run in execution.stages.values():
                for action in run.actions.values():
                    # Nobody works on an approval that waits, so nothing is there to end in peace.
                    action.abandoned = action.abandoned or action.token is not None
        pipeline.changed.notify_all()

    def stop(self, pipeline: Pipeline, execution: Execution, *, abandon: bool, reason: str | None) -> None:
        """Stop an execution: after its running actions, or at once."""
        execution.stop, execution.stop_reason = "abandon" if abandon else "wait", reason
        if execution.status != "Stopping":
            execution.status, execution.updated = "Stopping", now()
            self._events.pipeline(pipeline, execution, "STOPPING")
        for run in execution.stages.values():
            if run.status in ("InProgress", "Stopping"):
                run.status = "Stopping"
                for action in run.actions.values():
                    action.abandoned = abandon
        pipeline.changed.notify_all()

    @staticmethod
    def _index(execution: Execution, stage: str) -> int:
        return [one["name"] for one in execution.definition["stages"]].index(stage)

    def _thread(self, pipeline: Pipeline, execution: Execution, first: int, how: Mapping[str, Any]) -> None:
        name = f"pipeline {pipeline.name} {execution.id[:8]}"
        self._context.run_thread(name, self._run, pipeline, execution, first, how)

    # The thread of an execution

    def _run(self, pipeline: Pipeline, execution: Execution, first: int, how: Mapping[str, Any]) -> None:
        try:
            self._walk(pipeline, execution, first, how)
        except Exception as error:
            self._end(pipeline, execution, "Failed", f"The local AWS failed: {error!r}")
            raise

    def _walk(self, pipeline: Pipeline, execution: Execution, first: int, how: Mapping[str, Any]) -> None:
        stages = execution.definition["stages"]
        for stage in stages[first : first + 1 if execution.type == "ROLLBACK" else None]:
            run = self._enter(pipeline, execution, stage, how)
            if run is None:
                self._end_between_stages(pipeline, execution)
                return
            try:
                status, summary = self._work_through(pipeline, execution, run, stage, how)
            finally:
                self._leave(pipeline, execution, run)
            how = {}
            if status not in ("Succeeded", "Skipped"):
                final = {"Stopped": "Stopped", "Cancelled": "Cancelled"}.get(status, "Failed")
                self._end(pipeline, execution, final, summary)
                if status == "RolledBack":
                    self._roll_back(pipeline, execution, stage["name"])
                return
        self._end(pipeline, execution, "Succeeded", None)

    def _enter(
        self, pipeline: Pipeline, execution: Execution, stage: Declaration, how: Mapping[str, Any]
    ) -> StageRun | None:
        """Wait for the stage's lock; None if the execution ended while it waited."""
        with pipeline.changed:
            state = pipeline.stages.get(stage["name"])
            if state is None:
                execution.cancelled = True
                return None
            if execution.mode == "SUPERSEDED":
                for older in state.waiting:
                    older.superseded = True
            state.waiting.append(execution)
            pipeline.changed.notify_all()
            while not self._is_ended(pipeline, execution):
                if execution.mode == "PARALLEL":
                    break
                if state.enabled and state.occupant is None and state.waiting[0] is execution:
                    state.occupant = execution.id
                    break
                pipeline.changed.wait()
            state.waiting.remove(execution)
            pipeline.changed.notify_all()
            if self._is_ended(pipeline, execution):
                if state.occupant == execution.id:
                    state.occupant = None
                return None
            run = StageRun(stage["name"], execution.id, execution.type, actions=dict(how.get("keep", {})))
            before = execution.stages.get(stage["name"])
            if how.get("resumed") and before is not None:
                run.automatic_retries = before.automatic_retries
                run.manual_retries = before.manual_retries + bool(how.get("manual"))
                run.retry_trigger = "ManualStageRetry" if how.get("manual") else before.retry_trigger
            execution.stages[stage["name"]] = state.latest = run
            execution.updated = now()
        self._events.stage(pipeline, execution, run, "RESUMED" if how.get("resumed") else "STARTED")
        return run

    @staticmethod
    def _is_ended(pipeline: Pipeline, execution: Execution) -> bool:
        return bool(pipeline.deleted or execution.stop or execution.cancelled or execution.superseded)

    def _leave(self, pipeline: Pipeline, execution: Execution, run: StageRun) -> None:
        state = run.status.upper()
        with pipeline.changed:
            stage = pipeline.stages.get(run.stage)
            if stage is not None and stage.occupant == execution.id:
                stage.occupant = None
            execution.updated = now()
            pipeline.changed.notify_all()
        self._events.stage(pipeline, execution, run, {"CANCELLED": "CANCELED"}.get(state, state))

    def _work_through(
        self, pipeline: Pipeline, execution: Execution, run: StageRun, stage: Declaration, how: Mapping[str, Any]
    ) -> tuple[str, str | None]:
        """Conditions and actions of a stage; its outcome (a status, or RolledBack) and a summary of a failure."""
        name, skip = stage["name"], how.get("skip", ())
        if "actions" not in skip:
            if "beforeEntry" not in skip:
                result = evaluate(pipeline, execution, run, stage, "beforeEntry", namespaces(execution))
                if result == "SKIP":
                    return self._close(pipeline, run, "Skipped"), None
                if result is not None:
                    return self._close(pipeline, run, "Failed"), f"The entry condition of stage {name} failed"
            ended = self._act(pipeline, execution, run, stage)
            if ended is not None:
                return ended
        if "onSuccess" not in skip:
            result = evaluate(pipeline, execution, run, stage, "onSuccess", namespaces(execution))
            if result is not None:
                summary = f"The success condition of stage {name} failed"
                self._close(pipeline, run, "Failed")
                return ("RolledBack" if result == "ROLLBACK" else "Failed"), summary
        return self._close(pipeline, run, "Succeeded"), None

    def _act(
        self, pipeline: Pipeline, execution: Execution, run: StageRun, stage: Declaration
    ) -> tuple[str, str | None] | None:
        """Run the actions, again if the stage says so; None if all succeeded."""
        name, on_failure = stage["name"], stage.get("onFailure") or {}
        while not StageActions(self._context, self._events, pipeline, execution, run).run(stage):
            with pipeline.changed:
                if execution.stop or pipeline.deleted:
                    return self._close(pipeline, run, "Stopped"), execution.stop_reason
                failed = [action.name for action in run.actions.values() if action.status == "Failed"]
                if execution.cancelled and not failed:
                    return self._close(pipeline, run, "Cancelled"), _CANCELLED
            summary = f"{len(failed)} action{'s' * (len(failed) > 1)} failed in stage {name}: {', '.join(failed)}"
            result = evaluate(pipeline, execution, run, stage, "onFailure", namespaces(execution))
            result = result or on_failure.get("result")
            if result == "RETRY" and not run.automatic_retries and not execution.cancelled:
                self._retry(pipeline, execution, run, on_failure.get("retryConfiguration") or {})
                continue
            self._close(pipeline, run, "Failed")
            return ("RolledBack" if result == "ROLLBACK" else "Failed"), summary
        with pipeline.changed:
            if execution.stop == "wait":
                return self._close(pipeline, run, "Stopped"), execution.stop_reason
            if execution.cancelled:
                return self._close(pipeline, run, "Cancelled"), _CANCELLED
        return None

    def _retry(self, pipeline: Pipeline, execution: Execution, run: StageRun, configuration: Mapping[str, Any]) -> None:
        with pipeline.changed:
            run.automatic_retries, run.retry_trigger = 1, "AutomatedStageRetry"
            if configuration.get("retryMode", "FAILED_ACTIONS") == "ALL_ACTIONS":
                run.actions.clear()
        self._events.stage(pipeline, execution, run, "RESUMED")

    @staticmethod
    def _close(pipeline: Pipeline, run: StageRun, status: str) -> str:
        with pipeline.changed:
            run.status = status
            pipeline.changed.notify_all()
        return status

    def _end_between_stages(self, pipeline: Pipeline, execution: Execution) -> None:
        if execution.superseded:
            self._end(pipeline, execution, "Superseded", None)
        elif execution.stop or pipeline.deleted:
            self._end(pipeline, execution, "Stopped", execution.stop_reason)
        else:
            self._end(pipeline, execution, "Cancelled", _CANCELLED)

    def _end(self, pipeline: Pipeline, execution: Execution, status: str, summary: str | None) -> None:
        with pipeline.changed:
            execution.status, execution.summary, execution.updated = status, summary, now()
            pipeline.changed.notify_all()
        self._events.pipeline(pipeline, execution, {"Cancelled": "CANCELED"}.get(status, status.upper()))

    def _roll_back(self, pipeline: Pipeline, failed: Execution, stage: str) -> None:
        """Start the rollback of a stage to the last execution that passed it, if there is one."""
        with pipeline.changed:
            passed = [
                one
                for one in pipeline.executions.values()
                if one.type == "STANDARD" and one is not failed and _passed(one, stage)
            ]
            if passed:
                target = max(passed, key=lambda one: one.stages[stage].started)
                self.start_rollback(pipeline, rollback_of(pipeline, target, "AutomatedRollback", failed.id), stage)


_CANCELLED = "The pipeline's definition was updated before the pipeline execution could be completed."


def _passed(execution: Execution, stage: str) -> bool:
    run = execution.stages.get(stage)
    return run is not None and run.status == "Succeeded"


def rollback_of(pipeline: Pipeline, target: Execution, trigger: str, detail: str) -> Execution:
    """A rollback execution with the sources, artifacts and variables of the execution that it returns to."""
    return Execution(
        definition=pipeline.definition,
        variables=dict(target.variables),
        trigger_type=trigger,
        trigger_detail=detail,
        type="ROLLBACK",
        rollback_target=target.id,
        artifacts=dict(target.artifacts),
        revisions=list(target.revisions),
        namespaces={name: dict(values) for name, values in target.namespaces.items()},
    )
