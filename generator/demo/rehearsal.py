"""The rehearsal itself: set the platform up, deliver every request, prove it, change it, take it all down."""

from __future__ import annotations

import io
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from generator import bootstrap, fleet
from generator.aws import Aws
from generator.delivery_client import DeliveryClient
from generator.delivery_view import describe_status
from generator.demo.leftovers import find_leftovers
from generator.demo.report import Report, RequestReport, StageReport
from generator.demo.variation import changed_config
from generator.demo.world import World
from generator.errors import GeneratorError, ToolError
from generator.generate import PACKAGE_NAME, lambda_package_path, plan_changes, provide_sources, write_changes
from generator.names import bucket, bundle_key, role_arn
from generator.package import write_package
from generator.progress import Progress
from generator.project import LoadedRequest, Project, desired_workspaces
from generator.states import States
from generator.status import DeliveryStatus, NoSuchPipeline, StageStatus, executions
from generator.terraform import Terraform

_POLL_SECONDS = 0.25
Approver = Callable[[str, StageStatus], bool]
"""Asked with the pipeline's name and the stage that waits; returns whether to approve."""


class Rehearsal:
    """One rehearsal of some requests on one platform, in a sandbox that already runs.

    Args:
        project: The platform and its blueprints.
        requests: What to deliver.
        sandbox: The running sandbox.
        folder: Where workspaces and the package are written; made anew.
        assets: Folders with artifacts and data, by object key.
        approver: Answers approvals.
        show: Progress display.
    """

    def __init__(
        self,
        project: Project,
        requests: Sequence[LoadedRequest],
        sandbox: Any,
        folder: Path,
        assets: Sequence[Path],
        approver: Approver,
        show: Progress,
    ) -> None:
        self._project, self._platform = project, project.platform
        self._requests = in_order(requests)
        self._sandbox = sandbox
        self._out = folder / "environments"
        self._folder = folder
        self._approver = approver
        self._show = show
        self._terraform = Terraform()
        self._aws = Aws(self._platform.region)
        self._client = DeliveryClient(self._aws, self._platform)
        self._world = World(sandbox, self._platform, assets)
        self.report = Report()

    def run(self, *, keep: bool = False) -> Report:
        """Walk the whole path; with ``keep``, leave everything up at the end.

        A request that fails is in the report, and the next one goes on.

        Raises:
            GeneratorError: The platform could not be set up or taken down; the report says what had been seen
                until then.
        """
        started = time.monotonic()
        try:
            self._set_up()
            for index, loaded in enumerate(self._requests):
                told = RequestReport(dict(loaded.request.config), loaded.request.pipeline, str(loaded.file))
                self.report.requests.append(told)
                with self._recording(told):
                    self._deliver(loaded, told, with_change=index == 0)
            if not keep:
                for told in reversed([told for told in self.report.requests if told.digest]):
                    with self._recording(told):
                        self._deprovision(told)
                self._take_down()
            self.report.ok = self._all_good(keep)
            self.report.failure = "\n".join(text for told in self.report.requests for text in told.failures)
        except GeneratorError as error:
            self.report.failure = str(error)
            raise
        finally:
            self.report.prepared = self._world.prepared
            self.report.notifications = self._sandbox.inbox()
            self.report.seconds = round(time.monotonic() - started, 1)
        return self.report

    # Setting the platform up

    def _set_up(self) -> None:
        platform, show = self._platform, self._show
        show.title(f"Setting up {platform.name}: {len(platform.stages)} stages, real Terraform, no AWS account")
        # The rehearsal empties its buckets at the end; a real installation keeps its data by default.
        os.environ["TF_VAR_force_destroy"] = "true"
        with show.step("preparing the accounts"):
            self._world.prepare_platform()
        with show.step("generating workspaces and the Lambda package") as step:
            shutil.rmtree(self._folder, ignore_errors=True)
            package = self._folder / "build" / PACKAGE_NAME
            _, size = write_package(self._project, package)
            desired = desired_workspaces(
                self._project, self._requests, lambda_package_path(self._out, package)
            )
            changes = plan_changes(desired, self._out)
            write_changes(changes, self._out)
            provide_sources(self._out)
            step.text = f"{len(desired)} workspaces, package {size // 1024} KiB"
        with show.step("making the state bucket") as step:
            counts = bootstrap.create(self._out / "bootstrap", self._terraform, self._aws)
            step.text = f"{counts.add} resources"
        workspaces = [self._out / "orchestrator", *sorted(self._out.glob("*/account"))]
        with show.step(f"applying the orchestrator and {len(workspaces) - 1} accounts") as step:
            outcomes = self._fleet("apply", workspaces)
            step.text = f"{sum(outcome.counts.add for outcome in outcomes)} resources"
        outputs = self._terraform.outputs(self._out / "orchestrator")
        self.report.orchestrator = {
            "account_id": platform.orchestrator_account_id,
            "api_url": self._aws.api_url(platform.name),
            "accounts": sorted({stage.account_id for stage in platform.stages}),
            "resources": {
                outcome.workspace.relative_to(self._out).as_posix(): outcome.counts.add for outcome in outcomes
            },
            "outputs": outputs.get("orchestrator", outputs),
        }
        self._world.open_assets(str(outputs.get("orchestrator", outputs)["assets_bucket_policy_json"]))

    def _fleet(self, action: fleet.Action, workspaces: Sequence[Path]) -> list[fleet.Outcome]:
        outcomes = fleet.run(action, workspaces, self._terraform, States(), jobs=4, report=lambda _: None)
        failed = [str(outcome.error) for outcome in outcomes if outcome.error]
        if failed:
            raise ToolError("\n".join(failed))
        return outcomes

    # One request

    @contextmanager
    def _recording(self, told: RequestReport) -> Iterator[None]:
        """Keep what went wrong with a request in its report, so that the others are still delivered."""
        try:
            yield
        except GeneratorError as error:
            told.failures.append(str(error))
            self._show.note(f"✗ {error}")

    def _deliver(self, loaded: LoadedRequest, told: RequestReport, *, with_change: bool) -> None:
        request, show = loaded.request, self._show
        show.title(f"Delivering {request.pipeline}")
        with show.step("preparing what the config points to") as step:
            known = len(self._world.prepared)
            self._world.prepare_request(loaded.plans)
            step.text = f"{len(self._world.prepared) - known} stand-ins"
        answer = self._submit(request.config)
        told.digest = str(answer["digest"])
        status = self._follow(answer)
        for plan in loaded.plans:
            seen = next(stage for stage in status.stages if stage.name == plan.stage.name)
            told.stages.append(
                StageReport(
                    name=seen.name,
                    account_id=plan.stage.account_id,
                    plan=dict(seen.counts),
                    approved_by=seen.approved_by,
                    applied=seen.steps.get("apply") == "Succeeded",
                    verified=seen.steps.get("verify") == "Succeeded",
                )
            )
        with show.step("planning every workspace again") as step:
            self._plan_again(loaded, told)
            step.text = "nothing to change" if all(s.second_plan_empty for s in told.stages) else "NOT empty"
        with show.step("submitting the same request again") as step:
            before = self._activity(request.pipeline)
            again = self._client.post("/provisionpipeline", request.config)
            told.resubmit_started_nothing = (
                self._activity(request.pipeline) == before and again["digest"] == told.digest
            )
            step.text = str(again["message"])
        if with_change:
            self._deliver_change(loaded, told)

    def _submit(self, config: Mapping[str, Any]) -> dict[str, Any]:
        with self._show.step("POST /provisionpipeline, signed") as step:
            answer = self._client.post("/provisionpipeline", config)
            step.text = f"release {str(answer['digest'])[:12]}"
        return answer

    def _follow(self, answer: Mapping[str, Any], mode: str = "apply") -> DeliveryStatus:
        """Walk an execution to its end, answering approvals, and return its status."""
        pipeline, digest = str(answer["pipeline"]), str(answer["digest"])
        with self._show.step("provisioning the delivery pipeline"):
            execution_id = str(
                answer.get("execution_id")
                or self._client.wait_for_execution(
                    pipeline, digest, build_id=answer.get("build_id"), interval_seconds=_POLL_SECONDS
                )
            )
        return self._walk(pipeline, execution_id)

    def _walk(self, pipeline: str, execution_id: str) -> DeliveryStatus:
        watch = _StageWatch(self._show)
        answered: set[str] = set()
        while True:
            status = self._client.wait(
                pipeline,
                watch.see,
                execution_id=execution_id,
                interval_seconds=_POLL_SECONDS,
                until=lambda s: s.waiting is not None and s.waiting.token not in answered,
            )
            waiting = status.waiting
            if waiting is not None and waiting.token not in answered and not status.ended:
                answered.add(waiting.token)
                approve = self._approver(pipeline, waiting)
                self._client.answer(pipeline, waiting.name, approve=approve, reason="answered in the rehearsal")
                continue
            watch.see(status)
            if status.status != "Succeeded":
                raise ToolError(
                    f"the delivery of {pipeline} ended as {status.status}\n{describe_status(status, self._aws)}"
                )
            return status

    def _deliver_change(self, loaded: LoadedRequest, told: RequestReport) -> None:
        changed, what = changed_config(loaded.request, self._project)
        if changed is None:
            self._show.note("no change is known for this type; the gates were shown once")
            return
        self._show.title(f"Changing {loaded.request.pipeline}: {what}")
        status = self._follow(self._submit(changed))
        told.change = {
            "what": what,
            "digest": status.digest,
            "stages": [
                {"name": s.name, "plan": s.counts, "summary": s.summary, "approved_by": s.approved_by}
                for s in status.stages
            ],
        }

    def _plan_again(self, loaded: LoadedRequest, told: RequestReport) -> None:
        """Plan each stage's workspace of the delivered bundle once more, with a person's credentials."""
        platform, pipeline = self._platform, loaded.request.pipeline
        data = self._aws.read_object(bucket(platform, "artifacts"), bundle_key(pipeline, told.digest))
        folder = self._folder / "bundles" / told.digest[:12]
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder)

        def plan_one(stage: StageReport) -> None:
            workspace = folder / "environments" / stage.name / pipeline
            role = {"role_arn": role_arn(platform, stage.account_id, "deploy")}
            if platform.options.external_id:
                role["external_id"] = platform.options.external_id
            self._terraform.init(workspace)
            counts = self._terraform.plan(workspace, variables={"assume_role": json.dumps(role)})
            stage.second_plan_empty = counts.empty
            stage.resources = self._terraform.resources(workspace)
            stage.live = self._terraform.outputs(workspace)["pipeline"].get("live", [])

        with ThreadPoolExecutor(max_workers=4) as pool:
            list(pool.map(plan_one, told.stages))

    def _activity(self, pipeline: str) -> tuple[int, int]:
        """Return how many executions and provisioner builds there have been."""
        builds = self._aws.call(
            "codebuild", "list_builds_for_project", projectName=f"{self._platform.name}-provision"
        )["ids"]
        return len(executions(self._aws, self._platform, pipeline)), len(builds)

    # Taking it down

    def _deprovision(self, told: RequestReport) -> None:
        pipeline = told.pipeline
        self._show.title(f"Deprovisioning {pipeline}")
        with self._show.step("POST /deprovisionpipeline, signed") as step:
            answer = self._client.post("/deprovisionpipeline", {"pipeline": pipeline})
            step.text = str(answer["message"])
        status = self._walk(pipeline, str(answer["execution_id"]))
        with self._show.step("removing the delivery pipeline"):
            self._wait_until_gone(pipeline)
        told.destroyed = all(stage.steps.get("verify") == "Succeeded" for stage in status.stages)

    def _wait_until_gone(self, pipeline: str, limit_seconds: float = 180.0) -> None:
        deadline = time.monotonic() + limit_seconds
        while time.monotonic() < deadline:
            try:
                self._client.status(pipeline)
            except NoSuchPipeline:
                return
            time.sleep(_POLL_SECONDS)
        raise ToolError(f"the delivery pipeline of {pipeline} is still there after {limit_seconds:.0f} s")

    def _take_down(self) -> None:
        self._show.title("Taking the platform down")
        workspaces = [self._out / "orchestrator", *sorted(self._out.glob("*/account"))]
        with self._show.step("destroying the orchestrator and the accounts") as step:
            outcomes = self._fleet("destroy", workspaces)
            step.text = f"{sum(outcome.counts.destroy for outcome in outcomes)} resources"
        with self._show.step("destroying the state bucket"):
            bootstrap.destroy(self._out / "bootstrap", self._terraform)
        with self._show.step("looking for anything left") as step:
            accounts = {self._platform.orchestrator_account_id, *(s.account_id for s in self._platform.stages)}
            self.report.left_over = find_leftovers(
                self._world.client, sorted(accounts), self._platform.name, self._world.prepared
            )
            step.text = "nothing" if not self.report.left_over else ", ".join(self.report.left_over)

    def _all_good(self, keep: bool) -> bool:
        requests = self.report.requests
        stages = [stage for request in requests for stage in request.stages]
        delivered = all(stage.applied and stage.verified and stage.second_plan_empty for stage in stages)
        gone = keep or (all(request.destroyed for request in requests) and not self.report.left_over)
        repeated = all(request.resubmit_started_nothing and not request.failures for request in requests)
        return bool(stages) and delivered and gone and repeated


_BUILDS_IMAGES, _WATCHES_ENDPOINTS = "image_builder", "model_monitor"


def in_order(requests: Sequence[LoadedRequest]) -> list[LoadedRequest]:
    """Return the requests so that what one makes is there for another: images first, monitors last. Pure."""
    rank = {_BUILDS_IMAGES: 0, _WATCHES_ENDPOINTS: 2}
    return sorted(requests, key=lambda loaded: rank.get(loaded.request.pipeline_type.blueprint, 1))


class _StageWatch:
    """Shows each step of each stage of an execution as one line, when it ends."""

    def __init__(self, show: Progress) -> None:
        self._show = show
        self._running: dict[tuple[str, str], float] = {}
        self._done: set[tuple[str, str]] = set()

    def see(self, status: DeliveryStatus) -> None:
        """Take notice of a status."""
        now = time.monotonic()
        for stage in status.stages:
            for step, state in stage.steps.items():
                key = (stage.name, step)
                if key in self._done:
                    continue
                began = self._running.setdefault(key, now)
                if state == "InProgress":
                    continue
                self._done.add(key)
                detail = f"  {stage.summary.splitlines()[0]}" if step == "plan" and stage.summary else ""
                skipped = "  skipped: the plan is empty" if state == "Skipped" else ""
                self._show.note(
                    f"{'✗' if state in {'Failed', 'Abandoned'} else '✓'} {stage.name}: {step}{detail}{skipped}"
                    f"  ({now - began:.1f} s)"
                )

