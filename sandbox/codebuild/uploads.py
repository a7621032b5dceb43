"""Where a build's artifacts go: CodePipeline's artifact store, or the buckets that the project names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.codebuild.build import Build, Location
from sandbox.codebuild.buildspec import Artifact, Buildspec
from sandbox.codebuild.outputs import OutputError, collect, upload, zipped


def upload_artifacts(build: Build, spec: Buildspec, root: Path, client: Any) -> None:
    """Upload what the buildspec declares, from the source folder `root`, and record where it went.

    Raises:
        OutputError: A declared file is missing, an ordered artifact is not declared, or S3 refuses.
    """
    if build.order is not None:
        _to_pipeline(build, spec, root, client)
    else:
        _to_project(build, spec, root, client)


def _to_pipeline(build: Build, spec: Buildspec, root: Path, client: Any) -> None:
    order = build.order
    assert order is not None
    uploaded = []
    for name, location in order.outputs.items():
        artifact = spec.secondary_artifacts.get(name)
        if artifact is None and len(order.outputs) == 1:
            artifact = spec.artifact
        if artifact is None:
            raise OutputError(f"no definition for the artifact {name} in the buildspec")
        data = zipped(collect(artifact, root))
        uploaded.append((name, upload(client, location, data, key_id=_key_id(build))))
    if len(uploaded) == 1:
        build.update(artifacts=uploaded[0][1])
    elif uploaded:
        build.update(secondaryArtifacts=[fields | {"artifactIdentifier": name} for name, fields in uploaded])


def _to_project(build: Build, spec: Buildspec, root: Path, client: Any) -> None:
    primary, *secondary = build.targets
    if primary["type"] == "S3":
        if spec.artifact is None:
            raise OutputError("no matching artifact paths found: the buildspec declares no artifacts")
        build.update(artifacts=_put(build, primary, spec.artifact, root, client))
    uploaded = []
    for target in secondary:
        name = target["artifactIdentifier"]
        artifact = spec.secondary_artifacts.get(name)
        if artifact is None:
            raise OutputError(f"no definition for the artifact {name} in the buildspec")
        uploaded.append(_put(build, target, artifact, root, client) | {"artifactIdentifier": name})
    if uploaded:
        build.update(secondaryArtifacts=uploaded)


def _put(build: Build, target: Mapping[str, Any], artifact: Artifact, root: Path, client: Any) -> dict[str, Any]:
    named = artifact.name if target.get("overrideArtifactName") else None
    pieces = (
        target.get("path", ""),
        build.uuid if target.get("namespaceType") == "BUILD_ID" else "",
        named or target.get("name") or build.record["projectName"],
    )
    key = "/".join(piece.strip("/") for piece in pieces if piece.strip("/"))
    bucket = target["location"].removeprefix("arn:aws:s3:::")
    key_id = None if target.get("encryptionDisabled") else _key_id(build)
    files = collect(artifact, root)
    if target.get("packaging") == "ZIP":
        return upload(client, Location(bucket, key), zipped(files), key_id=key_id)
    for path, file in files.items():
        upload(client, Location(bucket, f"{key}/{path}"), file.read_bytes(), key_id=key_id)
    return {"location": Location(bucket, key).arn}


def _key_id(build: Build) -> str:
    """The project's key, for CodePipeline's artifacts too: CodeBuild never looks at the artifact store's key.

    S3's own key is meant by naming none; the role then needs no permission of KMS.
    """
    key_id = str(build.record["encryptionKey"])
    return "" if key_id.endswith(":alias/aws/s3") else key_id
