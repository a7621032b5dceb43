"""The end of a rehearsal, for people: what was delivered where, and what was proved."""

from __future__ import annotations

from rich.table import Table

from generator.demo.report import Report, RequestReport
from generator.progress import Progress


def print_summary(report: Report, show: Progress) -> None:
    """Print the report as a few lines and one table a request, on stderr."""
    show.title("What was seen")
    for request in report.requests:
        show.console.print(_table(request))
        facts = [
            ("a second plan is empty in every stage", all(s.second_plan_empty for s in request.stages)),
            ("submitting the same request again started nothing", request.resubmit_started_nothing),
        ]
        if request.change is not None:
            plans = ", ".join(
                f"{s['name']} +{s['plan'].get('add', 0)} ~{s['plan'].get('change', 0)} -{s['plan'].get('destroy', 0)}"
                for s in request.change["stages"]
            )
            facts.append((f"a changed request went through the gates ({plans})", True))
        if request.destroyed:
            facts.append(("everything was destroyed, stage by stage", True))
        facts += [(failure.splitlines()[0], False) for failure in request.failures]
        for text, seen in facts:
            show.note(f"{'✓' if seen else '✗'} {text}")
    left = ", ".join(report.left_over) or "nothing"
    show.note(f"left over: {left}; notifications sent: {len(report.notifications)}")
    show.note(f"{'all good' if report.ok else 'NOT all good'}, {report.seconds:.0f} s")


def _table(request: RequestReport) -> Table:
    table = Table(title=f"{request.pipeline}  release {request.digest[:12]}", title_justify="left")
    for column in ("stage", "account", "plan", "approved by", "applied", "live", "resources"):
        table.add_column(column)
    for stage in request.stages:
        plan = stage.plan
        table.add_row(
            stage.name,
            stage.account_id,
            f"+{plan.get('add', 0)} ~{plan.get('change', 0)} -{plan.get('destroy', 0)}",
            stage.approved_by.rsplit(":", 1)[-1] or "no gate",
            "yes" if stage.applied else "no",
            "yes" if stage.verified else "no",
            str(len(stage.resources)),
        )
    return table
