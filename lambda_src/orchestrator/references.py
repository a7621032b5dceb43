"""What a request points to: looked at before anything starts, and pinned so that later changes cannot slip in.

Each reference becomes a finding: a problem, or values that take the place of what the config said.

    s3_object       exists; its version is copied below ``objects/`` in the artifacts bucket by the provisioner
    s3_prefix       in the assets bucket: holds something; what it holds now becomes part of the release, and is copied
                    like an object where the stages read it
    ecr_image       exists; its tag becomes the digest that it stands for now
    model_package   is complete and approved; the images and artifacts that it uses are named to the module
    model_package_group  its newest approved version is taken, and then is looked at as above
    ecr_repository  exists

Other kinds (an endpoint, a key, a place to write to) are out of this account's sight: the stage's plan
and apply judge them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from generator import names
from generator.problems import Problem
from generator.workspaces import assets_bucket

from .clients import error_code, error_status

if TYPE_CHECKING:
    from generator.blueprint import Reference
    from generator.request import StagePlan

    from .core import Core

_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?")
_BESIDE = "../"
# A prefix's listing is read up to 20,000 objects; with more, it is not copied, and what lies behind them does not
# make a release another one.
_PAGES_OF_A_PREFIX = 20
_CHECKSUMS = ("SHA256", "CRC64NVME", "SHA1", "CRC32C", "CRC32")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one reference.

    Attributes:
        values: Suffix of the reference's variable ("" for itself, ``../x`` for one beside it) to the pinned value.
        facts: What the manifest records beside: version, checksum, size.
        problem: Code, message and fix, if it cannot be used.
        note: What the requester should know, or "".
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    problem: tuple[str, str, str] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of all references: pins for the bundle, problems, notes for the requester."""

    pins: tuple[Mapping[str, Any], ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def lookups(
    plans: Sequence[StagePlan], core: Core, approved: str = ""
) -> dict[tuple[str, str], Callable[[], Finding]]:
    """Return one call for each thing that the stages refer to and that can be looked at from here.

    Args:
        plans: The stages of the request.
        core: The function's means.
        approved: A model version that is known to be approved, though its group's list may not show it yet.
    """
    calls: dict[tuple[str, str], Callable[[], Finding]] = {}
    for plan in plans:
        for reference in plan.references:
            looker = _LOOKERS.get(reference.kind)
            place = (reference.kind, reference.source)
            if place in calls:
                continue
            if reference.kind == "model_package_group":
                calls[place] = partial(_look_at_group, reference, core, approved)
            elif looker is not None:
                calls[place] = partial(looker, reference, core)
    return calls


def findings(plans: Sequence[StagePlan], found: Mapping[tuple[str, str], Finding]) -> Findings:
    """Return pins, problems and notes of the stages from what was found. Pure."""
    pins: list[Mapping[str, Any]] = []
    problems: dict[tuple[str, str], Problem] = {}
    notes: dict[str, None] = {}
    for plan in plans:
        for reference in plan.references:
            finding = found.get((reference.kind, reference.source))
            if finding is None:
                continue
            if finding.problem is not None:
                code, message, fix = finding.problem
                problems[reference.key, reference.source] = Problem(code, reference.key, message, fix)
                continue
            if finding.note:
                notes[finding.note] = None
            pins += _pins(plan.stage.name, reference, finding, plan.variables)
    return Findings(tuple(pins), tuple(problems.values()), tuple(notes))


def _pins(
    stage: str, reference: Reference, finding: Finding, variables: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield the manifest's entries for one reference; one without a variable still is part of the digest."""
    entry = {"stage": stage, "kind": reference.kind, "source": reference.source, **finding.facts}
    if not reference.variable or not finding.values:
        if finding.facts:
            yield {**entry, "variable": "", "target": None}
        return
    for suffix, value in finding.values.items():
        if not suffix.startswith(_BESIDE):
            yield {**entry, "variable": ".".join(filter(None, (reference.variable, suffix))), "target": value}
            continue
        # A value beside the reference's own, where its module groups the two under one variable.
        parent = reference.variable.rpartition(".")[0]
        variable = f"{parent}.{suffix.removeprefix(_BESIDE)}"
        if parent and not _given(variables, variable):
            yield {"stage": stage, "kind": "setting", "source": "", "variable": variable, "target": value}


def _given(variables: Mapping[str, Any], path: str) -> bool:
    value: Any = variables
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return bool(value)


def _look_at_object(reference: Reference, core: Core) -> Finding:
    bucket, key = _split(reference.source)
    try:
        found = core.client("s3").head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except Exception as error:
        return _unseen(error, reference, core, "missing-object", f"there is no object {reference.source}", "upload it")
    version = found.get("VersionId")
    version = None if version == "null" else version
    checksum = {
        algorithm: value
        for algorithm in _CHECKSUMS
        if (value := found.get(f"Checksum{algorithm}")) and "-" not in value
    }
    identity = hashlib.sha256(f"{reference.source}\n{version or found['ETag']}".encode()).hexdigest()[:32]
    target = f"s3://{core.artifacts_bucket}/objects/{identity}/{key.rsplit('/', 1)[-1]}"
    return Finding(
        values={"": target, "../artifact_kms_key_arns": [_platform_key(core)]},
        facts={"version_id": version, "etag": found["ETag"], "size": found["ContentLength"], "checksum": checksum},
    )


def _look_at_prefix(reference: Reference, core: Core) -> Finding:
    bucket, prefix = _split(reference.source)
    if bucket != assets_bucket(core.platform):
        return Finding()
    listing = hashlib.sha256()
    token: dict[str, str] = {}
    for page_number in range(_PAGES_OF_A_PREFIX):
        try:
            page = core.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, **token)
        except Exception as error:
            return _unseen(error, reference, core, "missing-object", f"there is no bucket {bucket}", "make it")
        if page_number == 0 and not page.get("Contents"):
            return Finding(problem=("missing-object", f"nothing is stored below {reference.source}", "upload it"))
        for item in page["Contents"]:
            listing.update(f"{item['Key']} {item['ETag']} {item['Size']}\n".encode())
        if not page.get("NextContinuationToken"):
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    digest = listing.hexdigest()
    facts = {"version_id": None, "checksum": {"listing": digest}}
    if not reference.variable:
        return Finding(facts=facts)
    if page.get("NextContinuationToken"):
        return Finding(facts=facts, note=f"{reference.source} is used as it is: it holds too many objects to be copied")
    target = f"s3://{core.artifacts_bucket}/objects/{digest[:32]}/"
    return Finding(values={"": target, "../artifact_kms_key_arns": [_platform_key(core)]}, facts=facts)


def _look_at_image(reference: Reference, core: Core) -> Finding:
    match = _IMAGE.fullmatch(reference.source)
    if match is None or match[2] != core.platform.region:
        return Finding(note=f"{reference.source} is used as it is: it cannot be looked at from here")
    account, _, repository, tag, digest = match.groups()
    identity = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
    try:
        found = core.client("ecr").describe_images(registryId=account, repositoryName=repository, imageIds=[identity])[
            "imageDetails"
        ]
    except Exception as error:
        missing = f"there is no image {reference.source}"
        return _unseen(error, reference, core, "missing-image", missing, "push it, or name another tag")
    host = reference.source.partition("/")[0]
    return Finding(
        values={"": f"{host}/{repository}@{found[0]['imageDigest']}"},
        facts={"version_id": None, "checksum": {"SHA256": found[0]["imageDigest"]}},
    )


def _look_at_repository(reference: Reference, core: Core) -> Finding:
    try:
        core.client("ecr").describe_images(repositoryName=reference.source, maxResults=1)
    except Exception as error:
        missing = f"there is no ECR repository {reference.source}"
        return _unseen(error, reference, core, "missing-repository", missing, "make it, or name another")
    return Finding()


def _look_at_package(reference: Reference, core: Core) -> Finding:
    try:
        found = core.client("sagemaker").describe_model_package(ModelPackageName=reference.source)
    except Exception as error:
        missing = f"there is no model package {reference.source}"
        return _unseen(error, reference, core, "missing-model-package", missing, "register it, or name another version")
    if found["ModelPackageStatus"] != "Completed":
        return Finding(
            problem=(
                "model-package-not-ready",
                f"model package {reference.source} is {found['ModelPackageStatus']}",
                "wait until it is complete, or name another version",
            )
        )
    approval = found.get("ModelApprovalStatus")
    if approval and approval != "Approved":
        return Finding(
            problem=(
                "model-package-not-approved",
                f"model package {reference.source} is {approval}",
                "approve it in the Model Registry, or name an approved version",
            )
        )
    containers = found.get("InferenceSpecification", {}).get("Containers", [])
    images = sorted({container["Image"] for container in containers})
    artifacts = sorted({location for container in containers for location in _artifacts(container)})
    return Finding(
        values={
            "package_image_uris": images,
            "package_artifact_s3_uris": artifacts,
            "artifact_kms_key_arns": _artifact_keys(artifacts, core),
        },
        facts={"version_id": None, "checksum": {}},
    )


def _look_at_group(reference: Reference, core: Core, approved: str) -> Finding:
    group = reference.source.rpartition("/")[2]
    try:
        listed = core.client("sagemaker").list_model_packages(
            ModelPackageGroupName=group,
            ModelApprovalStatus="Approved",
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=1,
        )["ModelPackageSummaryList"]
    except Exception as error:
        missing = f"there is no model package group {group} in the orchestrator account"
        return _unseen(error, reference, core, "missing-model-package-group", missing, "make it, or name another")
    versions = [item["ModelPackageArn"] for item in listed]
    if approved.lower().split("/")[1:2] == [group.lower()]:
        versions.append(approved)
    if not versions:
        return Finding(
            problem=(
                "no-approved-model-package",
                f"no version of the model package group {group} is approved",
                "approve one in the Model Registry, then submit again",
            )
        )
    newest = max(versions, key=_version)
    found = _look_at_package(replace(reference, kind="model_package", source=newest), core)
    if found.problem is not None:
        return found
    return replace(
        found,
        values={"model_package_arn": newest, **found.values},
        facts={**found.facts, "version_id": str(_version(newest))},
        note=f"version {_version(newest)} of {group} is the newest that is approved",
    )


def _version(package_arn: str) -> int:
    return int(package_arn.rpartition("/")[2])


def _artifacts(container: Mapping[str, Any]) -> Iterator[str]:
    if container.get("ModelDataUrl"):
        yield container["ModelDataUrl"]
    source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
    if source:
        yield source


def _artifact_keys(artifacts: Sequence[str], core: Core) -> list[str]:
    """Return the keys that a package's artifacts are encrypted with, as far as they can be seen from here."""
    keys = set()
    for location in artifacts:
        bucket, key = _split(location)
        if not key or key.endswith("/"):
            continue
        try:
            found = core.client("s3").head_object(Bucket=bucket, Key=key)
        except Exception as error:
            if not error_code(error):
                raise
            continue
        if found.get("SSEKMSKeyId"):
            keys.add(found["SSEKMSKeyId"])
    return sorted(keys)


def _platform_key(core: Core) -> str:
    """Return the ARN (of a key, or of its alias) of what encrypts the artifacts bucket."""
    platform = core.platform
    place = f"{names.partition(platform.region)}:kms:{platform.region}:{platform.orchestrator_account_id}"
    return platform.options.kms_key_arn or f"arn:{place}:alias/{platform.name}"


def _unseen(error: Exception, reference: Reference, core: Core, code: str, missing: str, fix: str) -> Finding:
    """Return what it means that AWS did not show a thing.

    Missing is a problem. Forbidden is one only for what is this account's own: another account may keep its things
    from this function and still show them to the stages.
    """
    name = error_code(error)
    if error_status(error) == 404 or "NotFound" in name or "does not exist" in str(error) or name == "NoSuchBucket":
        return Finding(problem=(code, missing, fix))
    if error_status(error) == 403 or "AccessDenied" in name:
        if reference.account_id != core.platform.orchestrator_account_id:
            return Finding(note=f"{reference.source} is used as it is: account {reference.account_id} does not show it")
        return Finding(
            problem=(
                "unreadable-reference",
                f"{reference.source} may not be looked at by the orchestrator ({name})",
                "grant the orchestrator's role read access to it, and to its KMS key",
            )
        )
    raise error


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


_LOOKERS: dict[str, Callable[[Any, Any], Finding]] = {
    "ecr_image": _look_at_image,
    "ecr_repository": _look_at_repository,
    "model_package": _look_at_package,
    "s3_object": _look_at_object,
    "s3_prefix": _look_at_prefix,
}
