"""Everything that the project emits, and every finding in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.fidelity import bundles, calls, cloudformation, images, live, partitions, permissions, plans
from tools.fidelity.findings import Finding
from tools.fidelity.planning import REGION, ROOT, Planned, evaluate, read
from tools.fidelity.spread import FAR, cases, elsewhere

# Whose calls a file makes, and in which plan's role: what the Lambda calls, what the delivery's checks ask.
CALLERS = {
    "lambda_src/orchestrator/": ("orchestrator_alone", "acme-ml-orchestrator"),
    "generator/delivery/checks.py": ("account_plain", "acme-ml-plan"),
    "generator/delivery/endpoint.py": ("account_plain", "acme-ml-plan"),
    "generator/delivery/scaling.py": ("account_plain", "acme-ml-plan"),
    "generator/delivery/jobs.py": ("account_plain", "acme-ml-deploy"),
}


@dataclass(frozen=True)
class Emitted:
    """What was planned.

    Attributes:
        planned: Name of a configuration to its plan, in REGION.
        far: The same in FAR, another partition.
        provider_images: The provider's list of image accounts.
    """

    planned: dict[str, Planned]
    far: dict[str, Planned]
    provider_images: images.Table

    @property
    def every(self) -> dict[str, Planned]:
        """All configurations, in whichever region."""
        return self.planned | self.far


def emit(folder: Path) -> Emitted:
    """Plan everything in an empty folder, in one run of Terraform."""
    far = elsewhere()
    spread = cases() | far
    shown = evaluate(folder, spread, images.SOURCES, dict.fromkeys(far, FAR))
    planned = read(shown, spread)
    return Emitted(
        {name: plan for name, plan in planned.items() if name not in far},
        {name: plan for name, plan in planned.items() if name in far},
        images.provider_table(shown),
    )


def check(emitted: Emitted) -> Iterator[Finding]:
    """Yield every finding. Reads the sources."""
    planned = emitted.planned
    yield from plans.check(planned)
    yield from plans.never_seen(planned.values())
    yield from plans.check(emitted.far, FAR)
    yield from partitions.check(emitted.far)
    yield from permissions.check_handlers(planned, "account_plain", "acme-ml-plan", "acme-ml-deploy", REGION)
    for case, plan in emitted.every.items():
        yield from live.check(case, plan)
    declared = [calls.Call(place, (service,), name, given, True) for place, service, name, given in live.reads(planned)]
    yield from permissions.check_calls(
        declared, permissions.grants(planned["account_plain"])["acme-ml-plan"], "acme-ml-plan"
    )
    found = calls.calls(calls.sources())
    yield from calls.check(found)
    for start, (case, role) in CALLERS.items():
        granted = permissions.grants(planned[case])[role]
        yield from permissions.check_calls([call for call in found if call.place.startswith(start)], granted, role)
    for name, tree in bundles.trees():
        yield from bundles.check(tree, name)
    yield from bundles.check_package()
    ours = images.our_table()
    yield from images.check_table(ours, emitted.provider_images)
    for case, plan in planned.items():
        yield from images.check_plan(case, plan, ours)
    for path in sorted(ROOT.glob("modules/**/schemas/*.json")):
        yield from cloudformation.check_copy(path, "us-east-1")
