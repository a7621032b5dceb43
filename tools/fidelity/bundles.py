"""Bundles as the Lambda stores them: what Terraform's backend, CodeBuild and CodePipeline will read of them.

A bundle of every pipeline type is built; held are its buildspecs, each workspace's backend and values, and the limits
of the source action that hands the bundle on.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping

from generator.blueprint import BUILT_IN, Registry
from generator.bundle import build_bundle
from generator.package import build_package
from generator.request import resolve, validate
from generator.structure import load_structure
from generator.workspaces import bundle_tree
from tests.unit.generator.contract_cases import RICH, assumed, examples, platform
from tools.fidelity import builds
from tools.fidelity.findings import Finding
from tools.fidelity.planning import ROOT

KIND = "bundle"
# https://developer.hashicorp.com/terraform/language/backend/s3: what of it is in use here.
BACKEND = frozenset({"bucket", "encrypt", "key", "kms_key_id", "profile", "region", "use_lockfile"})
BACKEND_NEEDS = frozenset({"bucket", "encrypt", "key", "kms_key_id", "region", "use_lockfile"})
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html, in bytes
LONGEST_KEY = 1024
# https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html: an artifact of an S3 source, in bytes
LARGEST = 5 * 1024**3
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, in bytes; and what the module names.
LAMBDA_ZIP = 50 * 1024**2
LAMBDA_UNPACKED = 250 * 1024**2
HANDLER = "orchestrator.handler.handler"
WORKSPACE = frozenset(
    {
        "main.tf",
        "variables.tf",
        "versions.tf",
        "workspace.tf",
        "backend.tf.json",
        "terraform.tfvars.json",
        ".terraform.lock.hcl",
    }
)
_VARIABLE = re.compile(r'^variable "(\w+)"', re.MULTILINE)


def trees() -> Iterator[tuple[str, Mapping[str, bytes]]]:
    """Yield (name, bundle's tree) for one example of each pipeline type, and for every config with all keys of ours."""
    registry = Registry()
    first: dict[str, tuple[str, bool, dict[str, object]]] = {}
    for kind, name, on, config in examples():
        first.setdefault(kind, (name, on, config))
    configs = [(kind, assumed(registry=on), config) for kind, (_, on, config) in first.items()]
    configs += [(name, platform(), config) for name, config in RICH.items()]
    fixed = load_structure(ROOT, _modules(registry))
    for name, where, config in configs:
        request, problems = validate(config, where, registry)
        assert request is not None, problems
        yield f"bundle of {name}", bundle_tree(where, fixed, request, resolve(request, where))


def check(tree: Mapping[str, bytes], place: str) -> Iterator[Finding]:
    """Yield what is wrong with a bundle."""
    size = len(build_bundle(tree).data)
    if size > LARGEST:
        yield Finding(place, f"{size} bytes are more than {LARGEST}", KIND)
    manifest = json.loads(tree["manifest.json"])
    workspaces = [stage["workspace"] for stage in manifest["stages"]] + [manifest["delivery_workspace"]]
    for folder in workspaces:
        yield from _workspace(tree, folder, f"{place}/{folder}")
    for path, content in tree.items():
        if path.rpartition("/")[2].startswith("buildspec-"):
            yield from builds.check(content.decode(), f"{place}/{path}")


def check_package(place: str = "the Lambda's package") -> Iterator[Finding]:
    """Yield what is wrong with the orchestrator's package of the usual platform. Reads the sources."""
    package = build_package(platform(), load_structure(ROOT, _modules(Registry())))
    if len(package) > LAMBDA_ZIP:
        yield Finding(place, f"{len(package)} bytes are more than {LAMBDA_ZIP}", KIND)
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
        module, _, function = HANDLER.rpartition(".")
        if f"{module.replace('.', '/')}.py" not in archive.namelist():
            yield Finding(place, f"has no module {module} with a function {function}", KIND)
    if unpacked > LAMBDA_UNPACKED:
        yield Finding(place, f"{unpacked} bytes unpacked are more than {LAMBDA_UNPACKED}", KIND)


def _modules(registry: Registry) -> list[str]:
    return sorted({found.module for name in BUILT_IN if (found := registry.get(name))})


def _workspace(tree: Mapping[str, bytes], folder: str, place: str) -> Iterator[Finding]:
    for name in sorted(WORKSPACE):
        if f"{folder}/{name}" not in tree:
            yield Finding(place, f"has no {name}", KIND)
            return
    backend = json.loads(tree[f"{folder}/backend.tf.json"])["terraform"]["backend"]["s3"]
    for name in sorted(set(backend) - BACKEND):
        yield Finding(f"{place}/backend.tf.json", f"the S3 backend has no setting {name}", KIND)
    for name in sorted(BACKEND_NEEDS - set(backend)):
        yield Finding(f"{place}/backend.tf.json", f"{name} is missing", KIND)
    if len(str(backend.get("key")).encode()) > LONGEST_KEY:
        yield Finding(f"{place}/backend.tf.json", f"the state's key is longer than {LONGEST_KEY} bytes", KIND)
    text = "".join(tree[f"{folder}/{name}"].decode() for name in ("variables.tf", "workspace.tf"))
    declared = set(_VARIABLE.findall(text))
    for name in ("terraform.tfvars.json", "release.auto.tfvars.json"):
        for variable in sorted(set(json.loads(tree.get(f"{folder}/{name}", b"{}"))) - declared):
            yield Finding(f"{place}/{name}", f"no variable {variable} is declared: Terraform passes it over", KIND)
