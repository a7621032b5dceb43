"""From the Model Registry to production: a version that was approved is released through the usual gates.

The delivery pipeline's rule says which pipeline, and which bundle was provisioned last for it. The config in that
bundle is submitted again, as if a person had: the newest approved version is looked up, checked and pinned, so that
events that come late, twice or in another order all end with the same release. EventBridge delivers at least once, and
SageMaker reports every change of an approved version: an approval therefore starts a release once, and what became of
it (failed, rejected, rolled back) is a person's to decide on.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator import names
from generator.delivery.executions import ALIVE, execution_mode
from generator.request import Request, validate

from .clients import is_temporary
from .events import ModelApproved
from .messages import publish, reasons
from .provision import Prepared, deliver, prepare
from .replies import BadRequest

if TYPE_CHECKING:
    from .core import Core


def deliver_approved(event: ModelApproved, core: Core) -> dict[str, Any]:
    """Release what was approved; tell people what was started, and what was refused and why.

    Raises:
        Exception: An error that a later try may mend.
    """
    version = event.model_package_arn.partition("model-package/")[2]
    try:
        prepared = prepare(_wanted(event, core), core, event.model_package_arn)
        if _is_leaving(prepared, core):
            core.log.info("nothing started", pipeline=event.pipeline, model=version, reason="deprovisioning")
            return {"done": "nothing: the pipeline is being deprovisioned"}
        answer = deliver(prepared, core, once=True)
    except Exception as error:
        if is_temporary(error):
            raise
        core.log.error("approved model refused", error, pipeline=event.pipeline, model=version)
        publish(
            f"Not released: {version}",
            f"{version} was approved, but {event.pipeline} was not released with it; nothing was started.\n\n"
            f"{reasons(error, 'config.json')}\n\nMend that and submit the config of {event.pipeline} again.",
            core,
        )
        return {"done": "refused"}
    if answer["started"]:
        publish(f"Released: {version}", f"{version} was approved. {event.pipeline}: {answer['message']}", core)
    return {"done": answer["message"]}


def _wanted(event: ModelApproved, core: Core) -> Request:
    """Return the request of the bundle that was provisioned last.

    Raises:
        BadRequest: The platform has changed since, so that the config is not valid any more.
    """
    import io
    import zipfile

    found = core.client("s3").get_object(Bucket=core.artifacts_bucket, Key=event.bundle_key)
    with zipfile.ZipFile(io.BytesIO(found["Body"].read())) as bundle:
        config = json.loads(bundle.read("config.json"))
    request, problems = validate(config, core.platform, core.registry)
    if request is None:
        raise BadRequest(problems)
    return request


def _is_leaving(prepared: Prepared, core: Core) -> bool:
    """Tell whether the pipeline is being deprovisioned: an approval does not bring it back."""
    newest = prepared.newest
    if newest is None or newest.status not in ALIVE:
        return False
    name = names.delivery_pipeline_name(core.platform, prepared.request.pipeline)
    return execution_mode(core.client("codepipeline"), name, newest.id) == "destroy"
