"""A stand-in for docker: it takes a Dockerfile apart and pushes an image that ECR accepts, but runs nothing.

It checks what a build would trip over: that the Dockerfile reads, that what it copies is there, that its stages
exist, and that images of ECR may be pulled and pushed with the build's role, after a login. Each COPY and ADD becomes
a layer; RUN instructions are kept as history. The same files give the same digest.
Commands: login, build, tag, push, version.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import io
import json
import os
import re
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# Started by its path, so that no build pays for loading the sandbox; its neighbour is found beside it.
if TYPE_CHECKING:
    from sandbox.codebuild.stand_ins.dockerfile import DockerfileError, Stage, parse, sources
else:
    from dockerfile import DockerfileError, Stage, parse, sources

_ECR = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class DockerError(Exception):
    """The command fails; the text is docker's."""


def home() -> Path:
    """Docker's folder of this build."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def login(arguments: list[str]) -> str:
    """Remember a registry's password; ECR's is not checked again."""
    parser = _parser("login")
    parser.add_argument("-u", "--username", required=True)
    parser.add_argument("-p", "--password")
    parser.add_argument("--password-stdin", action="store_true")
    parser.add_argument("server", nargs="?", default="https://index.docker.io/v1/")
    given = parser.parse_args(arguments)
    password = sys.stdin.read().strip() if given.password_stdin else given.password
    if not password:
        raise DockerError("Error: Password Required")
    known = _logins()
    known[given.server] = {"auth": base64.b64encode(f"{given.username}:{password}".encode()).decode()}
    home().mkdir(parents=True, exist_ok=True)
    (home() / "config.json").write_text(json.dumps({"auths": known}))
    return "Login Succeeded"


def build(arguments: list[str]) -> str:
    """Make an image of a Dockerfile and its context, and keep it under its tags."""
    parser = _parser("build")
    parser.add_argument("--build-arg", action="append", default=[])
    parser.add_argument("--cache-from", action="append", default=[])
    parser.add_argument("--file", "-f")
    parser.add_argument("--platform", default="linux/amd64")
    parser.add_argument("--pull", action="store_true")
    parser.add_argument("--tag", "-t", action="append", default=[])
    parser.add_argument("--target")
    parser.add_argument("context")
    given = parser.parse_args(arguments)
    context = Path(given.context)
    file = Path(given.file) if given.file else context / "Dockerfile"
    if not file.is_file():
        raise DockerError(f"failed to solve: failed to read dockerfile: open {file.name}: no such file or directory")
    values = dict(_build_argument(text) for text in given.build_arg)
    try:
        stages = parse(file.read_text(), values)
    except DockerfileError as error:
        raise DockerError(f"failed to solve: {error}") from None
    wanted = _needed(stages, given.target)
    layers, history = [], []
    for stage in wanted:
        if stage.base not in {other.name for other in stages}:
            _pull(stage.base)
            sys.stdout.write(f"FROM {stage.base}\n")
        for step in stage.instructions:
            history.append(f"{step.name} {step.text}")
            if step.name in ("COPY", "ADD"):
                layers.append(_layer(context, sources(step)))
            note = " (not run here)" if step.name == "RUN" else ""
            sys.stdout.write(f"{step.name} {step.text.splitlines()[0]}{note}\n")
    layers = layers or [_archive([])]
    system, _, architecture = given.platform.partition("/")
    config = json.dumps(
        {
            "architecture": architecture,
            "os": system,
            "config": {"Labels": {"sandbox.base": wanted[0].base}},
            "history": [{"created_by": text} for text in history],
            "build_arguments": {key: hashlib.sha256(value.encode()).hexdigest() for key, value in values.items()},
            "rootfs": {"type": "layers", "diff_ids": [_digest(gzip.decompress(layer)) for layer in layers]},
        },
        sort_keys=True,
    ).encode()
    for tag in given.tag:
        _keep(tag, config, layers)
    return f"writing image {_digest(config)}"


def tag(arguments: list[str]) -> str:
    """Give an image another name."""
    parser = _parser("tag")
    parser.add_argument("source")
    parser.add_argument("target")
    given = parser.parse_args(arguments)
    config, layers = _kept(given.source)
    _keep(given.target, config, layers)
    return ""


def push(arguments: list[str]) -> str:
    """Upload an image's layers and manifest to ECR with the build's role."""
    parser = _parser("push")
    parser.add_argument("name")
    name = parser.parse_args(arguments).name
    config, layers = _kept(name)
    host, repository, image_tag = _reference(name)
    found = _ECR.fullmatch(host)
    if found is None:
        raise DockerError(f"{name}: the sandbox has no registry but ECR")
    if host not in _logins():
        raise DockerError("no basic auth credentials")
    client = boto3.client("ecr", region_name=found[2])
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "size": len(config), "digest": _digest(config)},
        "layers": [{"mediaType": _LAYER, "size": len(layer), "digest": _digest(layer)} for layer in layers],
    }
    text = json.dumps(manifest, indent=3)
    try:
        for blob in (config, *layers):
            _upload(client, found[1], repository, blob)
        client.put_image(registryId=found[1], repositoryName=repository, imageManifest=text, imageTag=image_tag)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        if code == "ImageTagAlreadyExistsException":
            raise DockerError(f"tag invalid: {message}") from None
        if code != "ImageAlreadyExistsException":
            raise DockerError(f"denied: {message}") from None
    return f"{image_tag}: digest: {_digest(text.encode())} size: {len(text)}"


def version(arguments: list[str]) -> str:
    """Say what this is."""
    return "Docker version 0.0.0, the local AWS's stand-in"


COMMANDS = {"build": build, "login": login, "push": push, "tag": tag, "version": version, "--version": version}


def main(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    command = COMMANDS.get(arguments[0]) if arguments else None
    if command is None:
        sys.stderr.write(f"docker: '{' '.join(arguments[:1])}' is not a command of the sandbox's stand-in\n")
        return 1
    try:
        said = command(arguments[1:])
    except (DockerError, BotoCoreError) as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    if said:
        sys.stdout.write(f"{said}\n")
    return 0


def _parser(name: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"docker {name}", allow_abbrev=False)


def _logins() -> dict[str, Any]:
    file = home() / "config.json"
    known: dict[str, Any] = json.loads(file.read_text())["auths"] if file.is_file() else {}
    return known


def _build_argument(text: str) -> tuple[str, str]:
    name, given, value = text.partition("=")
    return name, value if given else os.environ.get(name, "")


def _needed(stages: list[Stage], target: str | None) -> list[Stage]:
    """The stage to build, after those that it starts from or copies from."""
    names = {stage.name.lower(): index for index, stage in enumerate(stages) if stage.name}
    names |= {str(index): index for index in range(len(stages))}
    if target is not None and target.lower() not in names:
        raise DockerError(f'failed to solve: target stage "{target}" could not be found')
    queue, found = [names[target.lower()] if target else len(stages) - 1], set()
    while queue:
        index = queue.pop()
        if index in found:
            continue
        found.add(index)
        copied = [re.findall(r"--from=(\S+)", step.text) for step in stages[index].instructions]
        wanted = [stages[index].base, *(name for names_ in copied for name in names_)]
        queue += [names[name.lower()] for name in wanted if name.lower() in names and names[name.lower()] != index]
    return [stages[index] for index in sorted(found)]


def _pull(name: str) -> None:
    """Check that a base image may be pulled. Registries that the sandbox does not have are taken to hold it."""
    host, repository, image_tag = _reference(name)
    found = _ECR.fullmatch(host)
    if found is None:
        return
    if host not in _logins():
        raise DockerError(f"failed to solve: {name}: failed to resolve source metadata: no basic auth credentials")
    client = boto3.client("ecr", region_name=found[2])
    key = "imageDigest" if image_tag.startswith("sha256:") else "imageTag"
    try:
        answer = client.batch_get_image(registryId=found[1], repositoryName=repository, imageIds=[{key: image_tag}])
    except client.exceptions.RepositoryNotFoundException:
        if found[1] != _own_account():
            return
        raise DockerError(f"failed to solve: {name}: failed to resolve source metadata: not found") from None
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        raise DockerError(f"failed to solve: {name}: 403 Forbidden: {message}") from None
    if not answer["images"]:
        raise DockerError(f"failed to solve: {name}: failed to resolve source metadata: not found")


def _own_account() -> str:
    return str(boto3.client("sts").get_caller_identity()["Account"])


def _reference(name: str) -> tuple[str, str, str]:
    """Registry host, repository, and tag or digest of an image's name."""
    host, slash, rest = name.partition("/")
    if not slash or not re.search(r"[.:]|^localhost$", host):
        host, rest = "docker.io", name
    if "@" in rest:
        repository, _, digest = rest.partition("@")
        return host, repository.partition(":")[0], digest
    repository, _, image_tag = rest.partition(":")
    return host, repository, image_tag or "latest"


def _upload(client: Any, account: str, repository: str, blob: bytes) -> None:
    place = {"registryId": account, "repositoryName": repository}
    known = client.batch_check_layer_availability(**place, layerDigests=[_digest(blob)])
    if any(layer.get("layerAvailability") == "AVAILABLE" for layer in known["layers"]):
        return
    upload = client.initiate_layer_upload(**place)["uploadId"]
    client.upload_layer_part(**place, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob)
    client.complete_layer_upload(**place, uploadId=upload, layerDigests=[_digest(blob)])


def _layer(context: Path, names: list[str]) -> bytes:
    """A layer with what a COPY takes from the context; one that copies from elsewhere has none."""
    files: list[Path] = []
    for name in names:
        pattern = os.path.normpath(name.lstrip("/")) if name.strip("./") else "."
        matches = sorted(context.glob(pattern)) if pattern != "." else [context]
        if not matches:
            raise DockerError(
                "failed to solve: failed to compute cache key: failed to calculate checksum of ref: "
                f'"/{pattern}": not found'
            )
        for match in matches:
            files += [match] if match.is_file() else sorted(path for path in match.rglob("*") if path.is_file())
    return _archive([(str(path.relative_to(context)), path) for path in files])


def _archive(files: list[tuple[str, Path]]) -> bytes:
    """A compressed tar of files, the same bytes for the same files."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        for name, path in files:
            member = tarfile.TarInfo(name)
            member.size = path.stat().st_size
            member.mode = 0o755 if os.access(path, os.X_OK) else 0o644
            with open(path, "rb") as content:
                archive.addfile(member, content)
    return gzip.compress(tar.getvalue(), mtime=0)


def _digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def _folder(name: str) -> Path:
    return home() / "images" / hashlib.sha256("/".join(_reference(name)).encode()).hexdigest()


def _keep(name: str, config: bytes, layers: list[bytes]) -> None:
    folder = _folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    (folder / "config.json").write_bytes(config)
    for number, layer in enumerate(layers):
        (folder / f"{number:04}.layer").write_bytes(layer)


def _kept(name: str) -> tuple[bytes, list[bytes]]:
    folder = _folder(name)
    if not (folder / "config.json").is_file():
        raise DockerError(f"An image does not exist locally with the tag: {name.rpartition(':')[0] or name}")
    return (folder / "config.json").read_bytes(), [path.read_bytes() for path in sorted(folder.glob("*.layer"))]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
