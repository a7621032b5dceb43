"""`mlops submit`, `status`, `approve`, `reject`, `history`, `promote`, `rollback`, `deprovision`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from generator.aws import Aws
from generator.cli.common import confirm, json_option, platform_option, print_json, progress, yes_option
from generator.delivery_client import DeliveryClient
from generator.delivery_view import describe_status, status_line
from generator.errors import GeneratorError, ToolError
from generator.progress import Progress
from generator.project import load_card_operations, load_project, load_requests
from generator.promotion import promote_release
from generator.status import DeliveryStatus

_stage_option = click.option("--stage", required=True, help="Name of the stage.")


def _client(platform_file: Path | None) -> DeliveryClient:
    project = load_project(platform_file)
    return DeliveryClient(Aws(project.platform.region), project.platform)


def poll_seconds() -> float:
    """Return how often a delivery is asked after: every 5 s on AWS, more often in a sandbox."""
    return 0.3 if "//127.0.0.1" in os.environ.get("AWS_ENDPOINT_URL", "") else 5.0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@platform_option
@click.option("--wait", is_flag=True, help="Follow the delivery until it ends or an approval waits.")
@json_option
def submit(file: Path, platform_file: Path | None, wait: bool, as_json: bool) -> None:
    """Send the config in FILE to the orchestrator's API (a file may hold several; - is standard input).

    A model-card operation is answered at once; its answer is printed.
    """
    project = load_project(platform_file)
    client = DeliveryClient(Aws(project.platform.region), project.platform)
    if str(file) != "-" and not file.is_file():
        raise GeneratorError(f"no such file: {file}")
    operations = None if str(file) == "-" else load_card_operations(file)
    if operations is not None:
        for operation in operations:
            print_json(client.post("/provisionpipeline", operation))
        return
    requests = load_requests([file], project)
    show = progress(as_json)
    answers: list[dict[str, Any]] = []
    for loaded in requests:
        with show.step(f"submitting {loaded.request.pipeline}") as step:
            answer = client.post("/provisionpipeline", loaded.request.config)
            step.text = str(answer["message"])
        for note in answer.get("notes", ()):
            show.note(str(note))
        answers.append(answer)
        if wait:
            status = follow(client, show, answer)
            answer["delivery"] = status.to_json()
            _fail_unless_good(client, status)
    if as_json:
        print_json(answers[0] if len(answers) == 1 else answers)
    else:
        for answer in answers:
            click.echo(str(answer["pipeline_id"]))


def follow(client: DeliveryClient, show: Progress, answer: dict[str, Any]) -> DeliveryStatus:
    """Wait until the submitted bundle's delivery ends or an approval of it waits."""
    pipeline, digest = str(answer["pipeline"]), str(answer["digest"])
    with show.step(f"waiting for the delivery pipeline of {pipeline}"):
        execution_id = client.wait_for_execution(
            pipeline,
            digest,
            build_id=answer.get("build_id"),
            after=answer.get("previous_execution_id"),
            interval_seconds=poll_seconds(),
        )
    return client.wait(
        pipeline,
        lambda status: show.note(status_line(status)),
        execution_id=execution_id,
        interval_seconds=poll_seconds(),
        until=lambda status: status.waiting is not None,
    )


def _fail_unless_good(client: DeliveryClient, status: DeliveryStatus) -> None:
    if status.ended and status.status != "Succeeded":
        raise ToolError(
            f"the delivery of {status.pipeline} ended as {status.status}\n{describe_status(status, client.aws)}"
        )


@click.command()
@click.argument("pipeline", required=False)
@platform_option
@click.option("--watch", is_flag=True, help="Follow until the delivery ends or an approval waits.")
@click.option("--execution", "execution_id", help="Id of an execution; default: the newest.")
@json_option
def status(
    pipeline: str | None, platform_file: Path | None, watch: bool, execution_id: str | None, as_json: bool
) -> None:
    """Show where PIPELINE's delivery stands; without PIPELINE, list every pipeline."""
    client = _client(platform_file)
    if pipeline is None:
        listed = client.get("/pipelines")
        if as_json:
            print_json(listed)
            return
        for item in listed["pipelines"]:
            click.echo(f"{item['pipeline']:44} {item.get('status') or 'not started'}")
        return
    if watch:
        show = progress(as_json)
        found = client.wait(
            pipeline,
            lambda current: show.note(status_line(current)),
            execution_id=execution_id,
            interval_seconds=poll_seconds(),
            until=lambda current: current.waiting is not None,
        )
    else:
        found = client.status(pipeline, execution_id)
    if as_json:
        print_json(found.to_json())
    else:
        click.echo(describe_status(found, client.aws))


def _answer_command(name: str, about: str, approve: bool) -> click.Command:
    @click.command(name, help=about)
    @click.argument("pipeline")
    @_stage_option
    @platform_option
    @click.option("--reason", default="", help="Kept with the answer, at most 512 characters.")
    @json_option
    def answer(pipeline: str, stage: str, platform_file: Path | None, reason: str, as_json: bool) -> None:
        client = _client(platform_file)
        found = client.answer(pipeline, stage, approve=approve, reason=reason)
        waiting = next(item for item in found.stages if item.name == stage)
        verb = "approved" if approve else "rejected"
        if as_json:
            print_json({"pipeline": pipeline, "stage": stage, "answer": verb, "plan": waiting.counts})
        else:
            click.echo(f"{verb} {stage} of {pipeline}: {waiting.summary}")

    return answer


approve = _answer_command("approve", "Approve the plan that waits in a stage of PIPELINE.", True)
reject = _answer_command("reject", "Reject the plan that waits in a stage of PIPELINE; nothing is applied.", False)


@click.command()
@click.argument("pipeline")
@platform_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Releases to show.")
@json_option
def history(pipeline: str, platform_file: Path | None, limit: int, as_json: bool) -> None:
    """Show which release reached which stage of PIPELINE: when, who approved it, which plan."""
    client = _client(platform_file)
    records = client.releases(pipeline)[:limit]
    if as_json:
        print_json({"pipeline": pipeline, "releases": records})
        return
    if not records:
        click.echo(f"no release of {pipeline} has reached a stage yet", err=True)
    for record in records:
        plan = record.get("plan", {})
        counts = f"+{plan.get('add', 0)} ~{plan.get('change', 0)} -{plan.get('destroy', 0)}"
        approver = record.get("approved_by") or "no approval needed"
        click.echo(
            f"{record.get('verified_at', ''):25} {record['stage']:10} {record['digest'][:12]} "
            f"{record.get('mode', 'apply'):8} {counts:12} {approver}"
        )


@click.command()
@click.argument("pipeline")
@click.option("--from", "source", required=True, help="Stage whose release is promoted.")
@click.option("--to", "target", required=True, help="Stage that gets it.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("environments"),
    show_default=True,
    help="Folder of the generated workspaces.",
)
@platform_option
@json_option
def promote(
    pipeline: str, source: str, target: str, out: Path, platform_file: Path | None, as_json: bool
) -> None:
    """Give a stage of PIPELINE the release of another, in a git-operated repository.

    What the source stage's release pins (artifact, image, package) is written into the target stage's
    workspace; review, commit, and apply it with your own CI or `mlops apply`.
    """
    client = _client(platform_file)
    written = promote_release(client, pipeline, source=source, target=target, out=out)
    if as_json:
        print_json(written)
    else:
        click.echo(written["path"])
        click.echo(f"{target} now carries release {written['digest'][:12]} of {source}", err=True)


@click.command()
@click.argument("pipeline")
@_stage_option
@click.option("--to", "digest", help="Digest (or its first 12 digits or more) of the release; default: the one before.")
@platform_option
@json_option
def rollback(pipeline: str, stage: str, digest: str | None, platform_file: Path | None, as_json: bool) -> None:
    """Return PIPELINE to a release that a stage had before, through the same plans and gates."""
    client = _client(platform_file)
    target = client.earlier_release(pipeline, stage, digest)
    execution_id = client.start(pipeline, target, reason=f"rollback of {stage}")
    if as_json:
        print_json({"pipeline": pipeline, "digest": target, "execution_id": execution_id})
    else:
        click.echo(execution_id)
        click.echo(f"release {target[:12]} is on its way through every stage's gate", err=True)


@click.command()
@click.argument("pipeline")
@platform_option
@yes_option
@json_option
def deprovision(pipeline: str, platform_file: Path | None, yes: bool, as_json: bool) -> None:
    """Remove PIPELINE: destroy plan, approval and destroy in every stage, then its delivery pipeline."""
    client = _client(platform_file)
    if not confirm(f"Start removing {pipeline} from every stage?", yes):
        raise GeneratorError("nothing was started", hint="answer yes, or give --yes")
    answer = client.post("/deprovisionpipeline", {"pipeline": pipeline})
    if as_json:
        print_json(answer)
    else:
        click.echo(str(answer["message"]))


