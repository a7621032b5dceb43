"""Write generator/data/images.json: the container images that AWS publishes for SageMaker, compactly.

Source: the ``image_uri_config`` folder of ``sagemaker-core`` on PyPI, the data of version 3 of the SageMaker
SDK. The SDK itself is neither installed nor imported.

Usage:
    pip download --no-deps sagemaker-core -d /tmp/sdk
    python tools/image_table.py /tmp/sdk/sagemaker_core-*.whl
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

TARGET = Path(__file__).parent.parent / "generator" / "data" / "images.json"
# Nothing that a config could name: tools of the SDK itself, notebooks, and facts about instance types.
LEFT_OUT = frozenset(
    {
        "data-wrangler", "debugger", "detailed-profiler", "hyperpod-recipes-neuron", "instance_gpu_info",
        "sagemaker-base-python", "sagemaker-geospatial", "spark",
    }
)  # fmt: skip
SCOPES = ("training", "inference", "inference_graviton", "monitoring", "processing")
# The SDK has these two in code, not in its data.
ARM_TAGS = {
    ("xgboost", "1.5-1"): "1.5-1-arm64",
    ("xgboost", "1.3-1"): "1.3-1-arm64",
    ("sklearn", "1.0-1"): "1.0-1-arm64-cpu-py3",
}
ABOUT = (
    "Framework to scope to aliases and versions; a version is a row of: index of its repository, index of its accounts "
    "by region, start of its tag (null: the version asked for), processors, Python versions, rest of the tag by "
    "processor, for Hugging Face the base framework, 1 if the processor is not in the tag; a list of rows holds one "
    "for each base framework or Python version. Made by tools/image_table.py."
)


def main(wheel: Path) -> None:
    """Read the wheel, write the table, and say what it holds."""
    table = Table()
    with zipfile.ZipFile(wheel) as archive:
        for member in sorted(archive.namelist()):
            path = PurePosixPath(member)
            if path.parent.name == "image_uri_config" and path.suffix == ".json" and path.stem not in LEFT_OUT:
                table.add(path.stem, json.loads(archive.read(member)))
    head = {
        "about": ABOUT,
        "source": f"{wheel.name.split('-py3')[0]} on PyPI, sagemaker/image_uri_config",
        "repositories": list(table.repositories),
        "accounts": [dict(found) for found in table.accounts],
    }
    text = json.dumps(head, separators=(",", ":"))[:-1]
    rows = ",\n".join(f"{json.dumps(n)}:{json.dumps(f, separators=(',', ':'))}" for n, f in table.frameworks.items())
    TARGET.write_text(f'{text},"frameworks":{{\n{rows}\n}}}}\n', encoding="utf-8")
    versions = sum(len(scope["versions"]) for found in table.frameworks.values() for scope in found.values())
    print(f"{TARGET.name}: {len(table.frameworks)} frameworks, {versions} versions, {TARGET.stat().st_size} bytes")


class Table:
    """Frameworks with repositories and registry accounts stored once and referred to by index."""

    def __init__(self) -> None:
        self.frameworks: dict[str, dict[str, Any]] = {}
        self.repositories: dict[str, int] = {}
        self.accounts: dict[tuple[tuple[str, str], ...], int] = {}

    def add(self, name: str, document: dict[str, Any]) -> None:
        """Add one framework's document."""
        scopes = dict.fromkeys(document["scope"], document) if "scope" in document else document
        kept: dict[str, Any] = {}
        for scope in SCOPES:
            if scope in scopes:
                kept[scope] = self.scope(name, scope, scopes[scope])
        if len(kept) == 2 and kept.get("training") == kept.get("inference"):
            kept = {"any": kept["training"]}
        self.frameworks[name] = kept

    def scope(self, name: str, scope: str, document: dict[str, Any]) -> dict[str, Any]:
        """Return one scope's aliases and versions."""
        processors = document.get("processors")
        versions = {}
        for version, found in document["versions"].items():
            if "repository" in found:
                versions[version] = self.row(name, scope, version, found, processors, "")
                continue
            rows = []
            for key, inner in found.items():
                if key == "version_aliases":
                    continue
                # Hugging Face nests by base framework; MXNet and TensorFlow 1 by Python version.
                python = key if key.startswith("py") and key[2:].replace(".", "").isdigit() else ""
                if python:
                    inner = {**inner, "py_versions": [python]}
                base = "" if python else key
                rows.append(self.row(name, scope, version, inner, processors, base))
            versions[version] = rows
        aliases = document.get("version_aliases", {})
        return {"aliases": aliases, "versions": versions} if aliases else {"versions": versions}

    def row(
        self, name: str, scope: str, version: str, found: dict[str, Any], processors: list[str] | None, base: str
    ) -> list[Any]:
        """Return a version's row, with empty members cut off its end."""
        own = processors or found.get("processors") or []
        rest = dict(found.get("container_version", {}))
        kits = found.get("sdk_versions")
        if kits:
            rest = {processor: f"{sorted(kits, reverse=True)[0]}-{end}" for processor, end in rest.items()}
        start = found.get("tag_prefix")
        pythons = found.get("py_versions") or []
        if scope == "inference_graviton" and (name, version) in ARM_TAGS:
            start, own, pythons, rest = ARM_TAGS[(name, version)], [], [], {}
        elif scope == "inference_graviton" or found["repository"].endswith("-inference-arm64"):
            rest = {processor: f"{end}-sagemaker" for processor, end in rest.items()}
        row = [
            self.repositories.setdefault(found["repository"], len(self.repositories)),
            self.accounts.setdefault(tuple(sorted(found["registries"].items())), len(self.accounts)),
            start,
            own,
            pythons,
            rest,
            base,
            0 if found.get("processor_in_tag", True) else 1,
        ]
        while len(row) > 2 and not row[-1]:
            row.pop()
        return row


if __name__ == "__main__":
    main(Path(sys.argv[1]))
