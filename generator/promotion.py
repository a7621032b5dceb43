"""Promotion in a git-operated repository: a stage's workspace gets what another stage's release pins."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from generator.canonical import canonical_json
from generator.delivery_client import DeliveryClient
from generator.errors import GeneratorError
from generator.names import bucket, bundle_key

PINS_FILE = "release.auto.tfvars.json"
_NOT_A_PIN = frozenset({"assume_role"})


def promote_release(
    client: DeliveryClient, pipeline: str, *, source: str, target: str, out: Path
) -> dict[str, Any]:
    """Write the pins of the release that ``source`` carries into the workspace of ``target``.

    Returns:
        {path: the file written, digest: of the release, pins: {variable: value}}.

    Raises:
        GeneratorError: A stage or workspace is unknown, or ``source`` has no release.
    """
    stages = [stage.name for stage in client.platform.stages]
    for stage in (source, target):
        if stage not in stages:
            raise GeneratorError(f"there is no stage {stage}", hint=f"the stages are {', '.join(stages)}")
    workspace = out / target / pipeline
    if not workspace.is_dir():
        raise GeneratorError(f"{workspace} does not exist", hint="run `mlops generate` first")
    record = next(
        (
            item
            for item in client.releases(pipeline)
            if item["stage"] == source and item.get("mode", "apply") == "apply"
        ),
        None,
    )
    if record is None:
        raise GeneratorError(f"no release of {pipeline} has reached {source} yet", hint="see `mlops history`")
    digest = str(record["digest"])
    data = client.aws.read_object(bucket(client.platform, "artifacts"), bundle_key(pipeline, digest))
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        pins = json.loads(bundle.read(f"environments/{target}/{pipeline}/{PINS_FILE}"))
    pins = {name: value for name, value in pins.items() if name not in _NOT_A_PIN}
    path = workspace / PINS_FILE
    path.write_bytes(canonical_json(pins))
    return {"path": str(path), "digest": digest, "pins": pins}
