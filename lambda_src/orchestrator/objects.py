"""Configs dropped into a bucket: every object of a notification, and an answer to someone for each.

Nobody waits for the answer to an event. So what is wrong with a config goes to the notification topic, and only
what a later try may mend (AWS busy or out of reach) is raised for Lambda to try again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.load import load_text
from generator.request import judge

from .clients import is_temporary
from .events import ObjectsStored, StoredObject
from .messages import publish, reasons
from .provision import deliver, prepare
from .replies import BadRequest

if TYPE_CHECKING:
    from .core import Core

_CONFIGS = (".json", ".yaml", ".yml")


def provision_objects(event: ObjectsStored, core: Core) -> dict[str, Any]:
    """Provision what the objects ask for; return what became of each.

    Raises:
        Exception: The first error that a later try may mend, after all objects were dealt with.
    """
    outcomes: dict[str, Any] = {}
    temporary: Exception | None = None
    for stored in event.objects:
        place = f"s3://{stored.bucket}/{stored.key}"
        if not stored.key.endswith(_CONFIGS):
            # The bucket's notification filter says which keys are configs; a copy such as ...json.bak is none.
            core.log.info("object ignored", object=place)
            outcomes[place] = "ignored"
            continue
        try:
            answers = _provision(stored, core)
        except Exception as error:
            if is_temporary(error):
                core.log.error("object is tried again", error, object=place)
                temporary = temporary or error
                continue
            core.log.error("object refused", error, object=place)
            outcomes[place] = "refused"
            publish(
                f"Refused: {stored.key}",
                f"{place} was refused; nothing was started.\n\n{reasons(error, stored.key)}",
                core,
            )
            continue
        outcomes[place] = answers
        lines = [f"{answer['pipeline']}: {answer['message']}" for answer in answers]
        publish(f"Accepted: {stored.key}", "\n".join([f"{place} was accepted.", "", *lines]), core)
    if temporary is not None:
        raise temporary
    return {"objects": outcomes}


def _provision(stored: StoredObject, core: Core) -> list[dict[str, Any]]:
    """Provision every config of an object, after all of them passed every check.

    Raises:
        BadRequest: Any of them has a problem; none was started.
    """
    version = {"VersionId": stored.version} if stored.version else {}
    data = core.client("s3").get_object(Bucket=stored.bucket, Key=stored.key, **version)["Body"].read()
    requests, problems = judge(load_text(data, name=stored.key), core.platform, core.registry)
    if problems:
        raise BadRequest(problems)
    prepared = []
    for document, request in requests:
        try:
            prepared.append(prepare(request, core))
        except BadRequest as error:
            problems += [document.place(problem) for problem in error.problems]
    if problems:
        raise BadRequest(problems)
    return [deliver(ready, core) for ready in prepared]
