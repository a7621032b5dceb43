"""Step ``verify``: compare what is live with what was planned, and write the release record."""

from __future__ import annotations

from .aws import Aws
from .checks import Item, check_gone, check_live, load_kinds
from .console import say
from .errors import DeliveryError
from .manifest import Manifest, Stage
from .plan import read_plan_summary
from .release import write_release
from .settings import Settings, plan_folder
from .state import read_state
from .waiting import Site


def verify(settings: Settings, manifest: Manifest, stage: Stage, site: Site, own: Aws) -> list[str]:
    """Check the stage and write its release record; return what was seen, in sentences.

    Args:
        settings: The build's orders.
        manifest: The bundle's manifest.
        stage: The stage.
        site: The stage's account through its read-only role.
        own: The build's own identity, in the orchestrator account.

    Raises:
        DeliveryError: Something is not as planned; names every difference.
    """
    plan = read_plan_summary(plan_folder(settings))
    kinds = load_kinds(settings.root / "modules")
    state = read_state(settings.root / stage.workspace, site.aws)
    if settings.mode == "destroy":
        seen, wrong = check_gone(plan.get("live_before") or [], kinds, site)
        if state.resources:
            wrong.append(f"the state still holds {', '.join(state.resources[:10])}")
        else:
            seen.append("the state is empty")
    else:
        live: list[Item] = state.outputs.get("live") or []
        seen, wrong = check_live(live, kinds, site)
    for sentence in seen:
        say(f"ok: {sentence}")
    if wrong:
        raise DeliveryError(
            f"stage {stage.name} is not as planned: {'; '.join(wrong)}",
            "mend the cause and submit the request again; later stages were not touched",
        )
    key = write_release(settings, manifest, stage, own, plan, seen)
    say(f"record: s3://{manifest.artifacts_bucket}/{key}")
    return seen
