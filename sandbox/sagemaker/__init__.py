"""SageMaker: endpoints, jobs, monitors and the registry, with AWS's checks, states, outputs and events.

Each module is one family of resources and registers functions for its operations, which take the place of
moto's. The state is one store an account and region (`store`); what takes time runs in threads (`lifecycle`);
execution roles really are assumed and really read and write S3 (`access`). SageMaker Pipelines, domains and
notebooks stay as moto has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.context import Context


def install(context: Context) -> None:
    """Put the sandbox's SageMaker in the place of moto's."""
    from moto.sagemaker.responses import SageMakerResponse

    from sandbox.sagemaker import (
        automl,
        endpoint_configs,
        endpoints,
        job_definitions,
        model_cards,
        models,
        monitoring,
        packages,
        processing,
        runtime,
        search,
        settings,
        tags,
        training,
        transform,
        tuning,
    )

    settings.install(context)
    families = (
        models,
        endpoint_configs,
        endpoints,
        packages,
        training,
        transform,
        processing,
        tuning,
        automl,
        job_definitions,
        monitoring,
        model_cards,
        search,
        tags,
    )
    for family in families:
        family.operations.install(context, SageMakerResponse)
    tags.patch_tagging_api()
    runtime.install(context)
    monitoring.install(context)
