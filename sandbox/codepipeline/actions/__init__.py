"""The action providers that the sandbox runs, by category, owner and provider.

A provider is a function that does the action's work and returns when it is done; it raises `ActionFailure` if it
cannot, and leaves its traces in `Work.run` (external id, summary, output variables).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.codepipeline.actions import approval, codebuild, lambda_invoke, s3_source
from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.failure import ActionFailure
from sandbox.codepipeline.work import Work

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Provider:
    """How to run an action, how long it may take if the action does not say, and its page in the console."""

    run: Callable[[Work], None]
    timeout_seconds: float
    entity_url: Callable[[Declaration, str], str | None] = lambda action, region: None


_PROVIDERS = {
    ("Source", "AWS", "S3"): Provider(s3_source.run, _HOUR, s3_source.entity_url),
    ("Build", "AWS", "CodeBuild"): Provider(codebuild.run, 8 * _HOUR, codebuild.entity_url),
    ("Test", "AWS", "CodeBuild"): Provider(codebuild.run, 8 * _HOUR, codebuild.entity_url),
    ("Invoke", "AWS", "Lambda"): Provider(lambda_invoke.run, _HOUR, lambda_invoke.entity_url),
    ("Approval", "AWS", "Manual"): Provider(approval.run, 7 * 24 * _HOUR),
}


def provider_of(action: Declaration) -> Provider:
    """The provider of an action; one that the sandbox does not know fails the action when it runs."""
    kind = action["actionTypeId"]
    return _PROVIDERS.get((kind["category"], kind["owner"], kind["provider"]), Provider(_unknown, _HOUR))


def _unknown(work: Work) -> None:
    kind = work.run.declaration["actionTypeId"]
    raise ActionFailure(
        "ConfigurationError",
        f"The local AWS does not run {kind['category']} actions of the provider {kind['owner']}/{kind['provider']}."
        " The pipeline's definition is kept as on AWS; only this action cannot be rehearsed.",
    )
