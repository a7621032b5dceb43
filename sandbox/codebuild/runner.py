"""Runs one build, phase by phase, as CodeBuild's transitions prescribe."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.codebuild import buildspec as specs
from sandbox.codebuild import environment, logs, sources
from sandbox.codebuild.build import Build, Location
from sandbox.codebuild.events import publish_state
from sandbox.codebuild.outputs import OutputError
from sandbox.codebuild.shell import Interrupted, Shell
from sandbox.codebuild.uploads import upload_artifacts
from sandbox.context import Context
from sandbox.iam.sessions import AssumeRoleRefused

log = logging.getLogger(__name__)

PRINCIPAL = "codebuild.amazonaws.com"
DEFAULT_BUILDSPEC = "buildspec.yml"


class PhaseFailure(Exception):
    """A phase failed: the code and message of its context."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def run_build(context: Context, build: Build) -> None:
    """Run a queued build to its end; the record says how it went, nothing is left on the disk."""
    scratch = context.folder("builds") / build.uuid
    scratch.mkdir(parents=True)
    runner = _Runner(context, build, scratch)
    seconds = build.view()["timeoutInMinutes"] * 60.0
    fault = context.faults.take("build.timeout", project=build.view()["projectName"], account_id=build.account_id)
    timer = threading.Timer(float(fault.error.get("seconds", 1)) if fault else seconds, build.stop, ["TIMED_OUT"])
    timer.daemon = True
    timer.start()
    status = "FAULT"
    try:
        status = runner.run()
    except Exception:
        log.exception("build %s", build.view()["id"])
        build.log.note("the local AWS failed; its own log has the details")
    finally:
        timer.cancel()
        shutil.rmtree(scratch, ignore_errors=True)
        _short_name(build).unlink(missing_ok=True)
        build.log.close()
        runner.wait_for_logs()
        build.finish(status)
        publish_state(context, build)


def _short_name(build: Build) -> Path:
    """Where a link to the build's temporary folder is.

    Terraform talks to its provider through a socket in TMPDIR, and a socket's path has at most 107 characters:
    too few for a folder below a state folder below a checkout somewhere.
    """
    return Path(tempfile.gettempdir()) / f"build-{build.uuid[:13]}"


class _Runner:
    def __init__(self, context: Context, build: Build, scratch: Path) -> None:
        self._context = context
        self._build = build
        self._scratch = scratch
        self._record = build.view()
        self._status = "SUCCEEDED"
        self._spec = specs.Buildspec()
        self._shell: Shell | None = None
        self._shipping: threading.Thread | None = None
        self._credentials: dict[str, str] = {}
        self._folders: dict[str, Path] = {"": scratch / "src"}

    def run(self) -> str:
        """Every phase in order; returns the build's status."""
        queued = self._build.record["phases"][-1]
        self._build.end_phase(queued, "SUCCEEDED")
        if self._phase("PROVISIONING", self._provision) and self._phase("DOWNLOAD_SOURCE", self._download):
            if self._commands():
                self._phase("UPLOAD_ARTIFACTS", self._upload)
            if self._shell is not None:
                self._shell.kill()
        self._phase("FINALIZING", lambda: None)
        return self._status

    def wait_for_logs(self) -> None:
        """Return once the log is complete in CloudWatch Logs and S3."""
        if self._shipping is not None:
            self._shipping.join(30)
        s3_logs = self._record["logs"].get("s3Logs", {})
        if s3_logs.get("status") == "ENABLED" and self._credentials:
            bucket, _, prefix = str(s3_logs["location"]).removeprefix("arn:aws:s3:::").partition("/")
            key = f"{prefix.strip('/')}/{self._build.uuid}.gz".lstrip("/")
            try:
                self._client("s3").put_object(Bucket=bucket, Key=key, Body=self._build.log.text().encode())
            except (ClientError, BotoCoreError) as error:
                log.warning("build %s: log not in S3: %s", self._record["id"], error)

    def _client(self, service: str) -> Any:
        return self._context.client(
            service,
            self._build.account_id,
            self._build.region,
            self._build.role_arn,
            principal=PRINCIPAL,
            source_arn=self._build.project_arn,
        )

    # Phases

    def _phase(self, name: str, work: Callable[[], None]) -> bool:
        phase = self._build.begin_phase(name)
        status, code, message = "SUCCEEDED", "", ""
        try:
            fault = self._context.faults.take(
                "build", project=self._record["projectName"], phase=name, account_id=self._build.account_id
            )
            if fault is not None:
                raise PhaseFailure(
                    fault.error.get("code", "CLIENT_ERROR"), fault.error.get("message", "failed on purpose")
                )
            if self._build.stop_status is not None and name != "FINALIZING":
                raise Interrupted
            work()
        except PhaseFailure as failure:
            status, code, message = "FAILED", failure.code, str(failure)
        except Interrupted:
            status = self._build.stop_status or "FAULT"
            if status == "TIMED_OUT":
                code, message = "BUILD_TIMED_OUT", "Build has timed out. "
        self._build.end_phase(phase, status, code, message)
        if name not in ("PROVISIONING", "FINALIZING"):
            self._build.log.note(f"Phase complete: {name} State: {status}")
            self._build.log.note(f"Phase context status code: {code} Message: {message}")
        if status != "SUCCEEDED" and self._status in ("SUCCEEDED", "FAILED"):
            self._status = status
        return status == "SUCCEEDED"

    def _provision(self) -> None:
        build = self._build
        try:
            self._credentials = self._context.credentials(
                build.role_arn,
                principal=PRINCIPAL,
                source_arn=build.project_arn,
                session_name=f"AWSCodeBuild-{build.uuid}",
                region=build.region,
            )
            target = self._record["logs"]
            if target["cloudWatchLogs"]["status"] == "ENABLED":
                client = self._client("logs")
                logs.open_stream(client, target["groupName"], target["streamName"])
                self._shipping = self._context.run_thread(
                    "build log", build.log.ship, client, target["groupName"], target["streamName"]
                )
        except AssumeRoleRefused as error:
            raise PhaseFailure("ACCESS_DENIED", _role_message(build.role_arn, str(error))) from None
        except ClientError as error:
            raise PhaseFailure(
                "ACCESS_DENIED",
                f"Service role {build.role_arn} does not allow AWS CodeBuild to create Amazon CloudWatch"
                f" Logs log streams for build {self._record['arn']}. Error message:"
                f" {error.response['Error']['Message']}",
            ) from None

    def _download(self) -> None:
        self._build.log.note("Waiting for DOWNLOAD_SOURCE")
        try:
            self._fetch_sources()
            self._spec = specs.parse(self._buildspec_text())
            values = environment.machine_variables(self._scratch)
            _short_name(self._build).symlink_to(values["TMPDIR"], target_is_directory=True)
            values["TMPDIR"] = str(_short_name(self._build))
            user = environment.user_variables(self._build, self._spec, self._client)
        except sources.SourceError as error:
            raise PhaseFailure("CLIENT_ERROR", str(error)) from None
        except specs.BuildspecError as error:
            raise PhaseFailure("YAML_FILE_ERROR", str(error)) from None
        except environment.EnvironmentFailure as error:
            raise PhaseFailure(error.code, str(error)) from None
        values |= self._context.environment(self._build.region) | self._credentials
        values |= user | environment.codebuild_variables(self._build, self._folders)
        self._shell = Shell(self._context.processes, self._scratch, self._folders[""], values, self._build.log.add)
        self._build.on_kill(self._shell.kill)

    def _fetch_sources(self) -> None:
        order, record = self._build.order, self._record
        self._folders[""].mkdir(parents=True)
        if order is not None:
            for name, location in order.inputs.items():
                identifier = "" if name == order.primary else name
                folder = self._folders.setdefault(identifier, self._scratch / "sources" / name)
                sources.fetch(self._client("s3"), location, folder)
            return
        versions = {item["sourceIdentifier"]: item["sourceVersion"] for item in record["secondarySourceVersions"]}
        versions[""] = record.get("sourceVersion")
        for source in (record["source"], *record["secondarySources"]):
            identifier = source.get("sourceIdentifier", "") if source is not record["source"] else ""
            folder = self._folders.setdefault(identifier, self._scratch / "sources" / identifier)
            if source["type"] == "S3":
                bucket, _, key = source["location"].removeprefix("arn:aws:s3:::").partition("/")
                found = sources.fetch(self._client("s3"), Location(bucket, key), folder, versions.get(identifier))
                if not identifier and found:
                    self._build.update(resolvedSourceVersion=found)
            elif source["type"] != "NO_SOURCE":
                raise sources.SourceError(f"source type {source['type']} cannot be fetched by the local AWS")

    def _buildspec_text(self) -> str:
        given = self._record["source"].get("buildspec") or DEFAULT_BUILDSPEC
        if specs.is_inline(given):
            return str(given)
        if given.startswith("arn:"):
            bucket, _, key = given.partition(":::")[2].partition("/")
            return sources.read(self._client("s3"), Location(bucket, key))[0].decode()
        path = self._folders[""] / given
        if not path.is_file():
            raise specs.BuildspecError(f"stat {path}: no such file or directory")
        return path.read_text(encoding="utf-8")

    # Commands

    def _commands(self) -> bool:
        """The four phases of commands; False if the build ends without uploading artifacts."""
        assert self._shell is not None
        for name in specs.PHASES:
            phase = self._spec.phases.get(name, specs.Phase())
            if self._phase(name.upper(), partial(self._run_phase, phase, name)):
                continue
            if self._build.stop_status is not None:
                return False
            self._quietly("export CODEBUILD_BUILD_SUCCEEDING=0")
            if phase.on_failure == "ABORT" or (name in ("install", "pre_build") and phase.on_failure is None):
                return False
        return self._export()

    def _run_phase(self, phase: specs.Phase, name: str) -> None:
        self._build.log.note(f"Entering phase {name.upper()}")
        failure: PhaseFailure | None = None
        for command in phase.commands:
            failure = self._run_command(command)
            if failure is not None:
                break
        for command in phase.finally_:
            later = self._run_command(command)
            if later is not None:
                failure = failure or later
                break
        if failure is not None:
            raise failure

    def _run_command(self, command: str) -> PhaseFailure | None:
        assert self._shell is not None
        self._build.log.note(f"Running command {command}")
        status = self._shell.run(command)
        if status == 0:
            return None
        reason = f"Error while executing command: {command}. Reason: exit status {status}"
        self._build.log.note(f"Command did not exit successfully {command} exit status {status}")
        return PhaseFailure("COMMAND_EXECUTION_ERROR", reason)

    def _quietly(self, command: str) -> None:
        assert self._shell is not None
        try:
            self._shell.run(command)
        except Interrupted:
            log.debug("build %s was stopped between two phases", self._record["id"])

    def _export(self) -> bool:
        """Record the exported variables that have a value."""
        assert self._shell is not None
        self._shell.finish()
        values = self._shell.environment
        exported = [
            {"name": name, "value": values[name]} for name in self._spec.exported if values.get(name) is not None
        ]
        self._build.update(exportedEnvironmentVariables=exported)
        return True

    def _upload(self) -> None:
        try:
            upload_artifacts(self._build, self._spec, self._folders[""], self._client("s3"))
        except OutputError as error:
            raise PhaseFailure("CLIENT_ERROR", str(error)) from None


def _role_message(role_arn: str, detail: str) -> str:
    return (
        f"CodeBuild is not authorized to perform: sts:AssumeRole on {role_arn}. Please verify that the role"
        f" exists and that its trust policy lets {PRINCIPAL} in: {detail}"
    )
