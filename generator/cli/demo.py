"""`mlops demo`: the whole path in a sandbox of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from generator.cli.common import files_argument, platform_option, yes_option
from generator.demo.faults import fault_of
from generator.demo.rehearsal import Rehearsal
from generator.demo.report import Report
from generator.demo.start import start_sandbox
from generator.demo.summary import print_summary
from generator.errors import GeneratorError, ToolError
from generator.progress import Progress
from generator.project import config_files, load_project, load_requests, source_root
from generator.status import StageStatus


@click.command()
@files_argument
@platform_option
@yes_option
@click.option("--keep", is_flag=True, help="Leave everything up, in the sandbox `demo`, when done.")
@click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what was observed as JSON.",
)
@click.option(
    "--assets",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="Folder with artifacts and data by object key; else stand-ins are made. May be repeated.",
)
@click.option(
    "--fail",
    "faults",
    multiple=True,
    metavar="KIND[=REASON|=JSON]",
    help="Make something fail once, such as sagemaker.training_job=REASON. May be repeated.",
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/demo"),
    show_default=True,
    help="Folder for what is generated; made anew.",
)
def demo(
    files: tuple[Path, ...],
    platform_file: Path | None,
    yes: bool,
    keep: bool,
    report_file: Path | None,
    assets: tuple[Path, ...],
    faults: tuple[str, ...],
    work: Path,
) -> None:
    """Rehearse the whole path for the configs in FILES: no AWS account, real Terraform.

    Sets the platform up, submits each config, walks it through every stage's plan, approval, apply and
    verify, proves the result, changes it, and takes it all down. Without a terminal, or with --yes, the
    demo answers the approvals itself and says so.
    """
    planned = [fault_of(text) for text in faults]
    project = load_project(platform_file)
    requests = load_requests(config_files(files, project), project)
    show = Progress()
    asks = not yes and sys.stdin.isatty() and show.is_terminal
    if not asks:
        show.note("approvals are answered by the demo itself (--yes, or no terminal to ask at)")

    def approve(pipeline: str, stage: StageStatus) -> bool:
        show.note(f"approval for {stage.name} of {pipeline}:")
        for line in stage.summary.splitlines():
            show.note(f"  | {line}")
        if not asks:
            show.note("  approved by the demo")
            return True
        return click.confirm(f"  Approve this plan for {stage.name}?", default=True, err=True)

    with show.step("starting a sandbox"):
        name = "demo" if keep else f"demo-{os.getpid()}"
        sandbox = start_sandbox(name, region=project.platform.region, detached=keep)
    # From here on every AWS call of this process and of its children goes to the sandbox.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(sandbox.environment(project.platform.orchestrator_account_id))
    for fault in planned:
        sandbox.request("faults", fault)
    folders = (*assets, source_root() / "examples" / "assets")
    rehearsal = Rehearsal(project, requests, sandbox, work, folders, approve, show)
    try:
        rehearsal.run(keep=keep)
    finally:
        if not keep:
            sandbox.stop()
        if report_file is not None:
            write_report(rehearsal.report, report_file)
    print_summary(rehearsal.report, show)
    if rehearsal.report.failure:
        raise ToolError(rehearsal.report.failure)
    if not rehearsal.report.ok:
        raise GeneratorError("the rehearsal did not see everything it should have", hint="see the summary above")
    if keep:
        click.echo(sandbox.url)


def write_report(report: Report, file: Path) -> None:
    """Write the report as JSON, whole or not at all."""
    import json

    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f"{file.name}.new")
    temporary.write_text(json.dumps(report.to_json(), indent=2, default=str) + "\n")
    temporary.replace(file)
