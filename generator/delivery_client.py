"""What a person does with deliveries: submit, wait, answer an approval, start one again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from generator import status as deliveries
from generator.aws import Aws
from generator.errors import GeneratorError, ToolError
from generator.names import bucket as bucket_name
from generator.names import bundle_key, delivery_pipeline_name
from generator.platform import Platform
from generator.status import DeliveryStatus

SOURCE_ACTION = "Bundle"


class RequestRefused(GeneratorError):
    """The orchestrator's API refused a request.

    Attributes:
        status: HTTP status.
        answer: The API's JSON answer.
    """

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        lines = [str(answer.get("message", "refused"))]
        problems = answer.get("problems") or []
        for problem in problems:
            key = f"{problem.get('key')}: " if problem.get("key") else ""
            lines.append(f"{key}{problem.get('message')} [{problem.get('code')}]")
            if problem.get("fix"):
                lines.append(f"  fix: {problem['fix']}")
        if not problems and answer.get("detailedMessage"):
            lines.append(str(answer["detailedMessage"]))
        super().__init__("\n".join(lines))
        self.status = status
        self.answer = answer
        if status >= 500:
            self.exit_code = ToolError.exit_code  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class DeliveryClient:
    """One platform's deliveries."""

    aws: Aws
    platform: Platform

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a request to the API.

        Raises:
            RequestRefused: The answer is not a success.
        """
        status, answer = self.aws.request(self.platform.name, "POST", path, body)
        if status >= 300:
            raise RequestRefused(status, answer)
        return answer

    def get(self, path: str) -> dict[str, Any]:
        """Read from the API."""
        status, answer = self.aws.request(self.platform.name, "GET", path)
        if status >= 300:
            raise RequestRefused(status, answer)
        return answer

    def status(self, pipeline: str, execution_id: str | None = None) -> DeliveryStatus:
        """Return the status of an execution, by default the newest."""
        return deliveries.read_status(self.aws, self.platform, pipeline, execution_id)

    def answer(self, pipeline: str, stage: str, *, approve: bool, reason: str) -> DeliveryStatus:
        """Approve or reject the plan that waits in a stage.

        Raises:
            GeneratorError: Nothing waits there.
        """
        status = self.status(pipeline)
        found = next((item for item in status.stages if item.name == stage), None)
        if found is None:
            raise GeneratorError(
                f"{pipeline} has no stage {stage}",
                hint=f"its stages are {', '.join(item.name for item in status.stages)}",
            )
        if not found.token:
            waiting = next((item for item in self._with_tokens(pipeline) if item[1] == stage), None)
            if waiting is None:
                raise GeneratorError(
                    f"nothing waits for an approval in {stage} of {pipeline}",
                    hint=f"`mlops status {pipeline}` shows where it stands",
                )
            status = self.status(pipeline, waiting[0])
            found = next(item for item in status.stages if item.name == stage)
        self.aws.call(
            "codepipeline",
            "put_approval_result",
            pipelineName=delivery_pipeline_name(self.platform, pipeline),
            stageName=f"{stage}-approve",
            actionName="Approve",
            token=found.token,
            result={"status": "Approved" if approve else "Rejected", "summary": reason[:512]},
        )
        return status

    def start(self, pipeline: str, digest: str, *, mode: str = "apply", reason: str = "") -> str:
        """Start a delivery of a bundle that was submitted before; return the execution's id."""
        token = hashlib.sha256(f"{pipeline}/{digest}/{mode}/{reason}/{time.time_ns()}".encode()).hexdigest()
        return str(
            self.aws.call(
                "codepipeline",
                "start_pipeline_execution",
                name=delivery_pipeline_name(self.platform, pipeline),
                clientRequestToken=token,
                variables=[{"name": "mode", "value": mode}],
                sourceRevisions=[
                    {
                        "actionName": SOURCE_ACTION,
                        "revisionType": "S3_OBJECT_KEY",
                        "revisionValue": bundle_key(pipeline, digest),
                    }
                ],
            )["pipelineExecutionId"]
        )

    def wait(
        self,
        pipeline: str,
        on_change: Callable[[DeliveryStatus], None],
        *,
        execution_id: str | None = None,
        interval_seconds: float = 5.0,
        until: Callable[[DeliveryStatus], bool] | None = None,
    ) -> DeliveryStatus:
        """Poll until an execution has ended (or ``until`` says so), reporting each change."""
        seen: object = None
        while True:
            status = self.status(pipeline, execution_id)
            # From here on it is this execution, even when another one starts meanwhile.
            execution_id = status.execution_id
            shown = status.to_json()
            if shown != seen:
                seen = shown
                on_change(status)
            if status.ended or (until is not None and until(status)):
                return status
            time.sleep(interval_seconds)

    def wait_for_execution(
        self,
        pipeline: str,
        digest: str,
        *,
        build_id: str | None = None,
        after: str | None = None,
        interval_seconds: float = 5.0,
    ) -> str:
        """Return the id of the newest execution that carries a bundle, waiting until there is one.

        Args:
            pipeline: The pipeline's name.
            digest: Digest of the bundle.
            build_id: The provisioner's build, if one was started: when it fails, so does the wait.
            after: Only an execution newer than this one counts.
            interval_seconds: Time between two looks.

        Raises:
            ToolError: The provisioner failed; the end of its log is in the message.
        """
        while True:
            execution_id = self.execution_of(pipeline, digest, after=after)
            if execution_id is not None:
                return execution_id
            if build_id is not None:
                self._refuse_failed_build(build_id)
            time.sleep(interval_seconds)

    def execution_of(self, pipeline: str, digest: str, *, after: str | None = None) -> str | None:
        """Return the id of the newest execution (newer than ``after``, if given) that carries a bundle, or None."""
        try:
            listed = deliveries.executions(self.aws, self.platform, pipeline)
        except deliveries.NoSuchPipeline:
            return None
        for execution in listed:
            if execution["pipelineExecutionId"] == after:
                return None
            carried = deliveries.release_of(execution)
            if carried == digest:
                return str(execution["pipelineExecutionId"])
            if not carried:
                # Its source has not run yet: ask for the source action's own answer.
                status = self.status(pipeline, str(execution["pipelineExecutionId"]))
                if status.digest == digest:
                    return status.execution_id
        return None

    def _refuse_failed_build(self, build_id: str) -> None:
        build = self.aws.call("codebuild", "batch_get_builds", ids=[build_id])["builds"][0]
        if build["buildStatus"] not in {"IN_PROGRESS", "SUCCEEDED"}:
            log = "\n".join(f"  | {line}" for line in self.aws.build_log(build_id, lines=15))
            raise ToolError(
                f"the delivery pipeline could not be provisioned ({build['buildStatus'].lower()})\n{log}",
                hint="mend the cause and submit again",
            )

    def releases(self, pipeline: str) -> list[dict[str, Any]]:
        """Return the records of what reached which stage, newest first."""
        bucket = bucket_name(self.platform, "artifacts")
        keys = [
            item["Key"]
            for page in self.aws.object_pages(bucket, f"releases/{pipeline}/")
            for item in page.get("Contents", ())
        ]
        records = [json.loads(self.aws.read_object(bucket, key)) for key in keys]
        return sorted(records, key=lambda record: str(record.get("verified_at", "")), reverse=True)

    def earlier_release(self, pipeline: str, stage: str, digest: str | None) -> str:
        """Return the digest of a release that a stage had: the one that starts with ``digest``, or the last but one.

        Raises:
            GeneratorError: There is none.
        """
        had = list(
            dict.fromkeys(
                str(record["digest"])
                for record in self.releases(pipeline)
                if record["stage"] == stage and record.get("mode", "apply") == "apply"
            )
        )
        if digest is None:
            if len(had) < 2:
                raise GeneratorError(f"{stage} of {pipeline} has had no earlier release", hint="see `mlops history`")
            return had[1]
        matching = [item for item in had if item.startswith(digest.lower())]
        if len(matching) != 1 or len(digest) < 12:
            raise GeneratorError(
                f"{digest} does not name one release of {stage}",
                hint=f"give at least 12 digits of one of {', '.join(item[:12] for item in had) or 'none'}",
            )
        return matching[0]

    def _with_tokens(self, pipeline: str) -> list[tuple[str, str]]:
        """Return (execution id, stage) of every approval that waits, whichever execution it is of."""
        state = self.aws.call(
            "codepipeline", "get_pipeline_state", name=delivery_pipeline_name(self.platform, pipeline)
        )
        return [
            (stage["latestExecution"]["pipelineExecutionId"], stage["stageName"].removesuffix("-approve"))
            for stage in state["stageStates"]
            if stage["stageName"].endswith("-approve")
            and any(action.get("latestExecution", {}).get("token") for action in stage["actionStates"])
        ]
