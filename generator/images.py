"""Container images that AWS publishes: framework, version, job and instance type to an ECR URI. Reads its table once.

The table (``data/images.json``) is made by ``tools/image_table.py`` from the data of the SageMaker SDK; its ``source``
says which version. What the SDK's own lookup accepted when the AWS solution called it, this one accepts too.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from . import instances
from .names import dns_suffix
from .problems import closest, listed

# Frameworks of 2020 and 2021 whose images for P4d instances have a tag of their own; in the SDK's code, not its data.
_FOR_P4D = {
    "mxnet-1.8-gpu-py37": "cu110-ubuntu16.04-v1",
    "mxnet-1.8.0-gpu-py37": "cu110-ubuntu16.04",
    "pytorch-1.6-gpu-py3": "cu110-ubuntu18.04-v3",
    "pytorch-1.6-gpu-py36": "cu110-ubuntu18.04-v3",
    "pytorch-1.6.0-gpu-py3": "cu110-ubuntu18.04",
    "pytorch-1.6.0-gpu-py36": "cu110-ubuntu18.04",
    "tensorflow-1.15-gpu-py37": "cu110-ubuntu18.04-v8",
    "tensorflow-1.15.4-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-1.15.5-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-2.3-gpu-py37": "cu110-ubuntu18.04-v3",
    "tensorflow-2.3.1-gpu-py37": "cu110-ubuntu18.04",
    "tensorflow-2.3.2-gpu-py37": "cu110-ubuntu18.04",
}
_TRAINING_ALSO_SERVES = frozenset({"sklearn", "xgboost"})


class Fault(NamedTuple):
    """Why there is no image.

    Attributes:
        code: Code of the problem.
        key: Config key it is about.
        message: What is wrong.
        fix: What to do, or "".
    """

    code: str
    key: str
    message: str
    fix: str


class Image(NamedTuple):
    """An image that exists.

    Attributes:
        uri: Full URI with tag; its region is the one asked for.
        account_id: Account that publishes it.
    """

    uri: str
    account_id: str


@cache
def _table() -> dict[str, Any]:
    with open(Path(__file__).parent / "data" / "images.json", encoding="utf-8") as file:
        table: dict[str, Any] = json.load(file)
    return table


def framework_names() -> list[str]:
    """Return every framework that has training or inference images, sorted."""
    jobs = {"any", "training", "inference"}
    return sorted(name for name, scopes in _table()["frameworks"].items() if not jobs.isdisjoint(scopes))


@lru_cache(maxsize=4096)
def find(
    framework: str, version: str, job: str, instance_type: str, region: str, python: str = "", base: str = ""
) -> Image | Fault:
    """Return the image for a job, or why there is none. Pure but for reading the table.

    Args:
        framework: Framework or built-in algorithm, e.g. ``xgboost``.
        version: Version or alias, e.g. ``1.7-1``.
        job: ``inference`` or ``training``; for the platform's own jobs ``monitoring`` or ``processing``.
        instance_type: Decides between CPU, GPU, Arm and Neuron images; "" (serverless) takes the CPU image.
        region: Region, or "" for any that has the image.
        python: Python version such as ``py310``; "" takes the newest.
        base: For Hugging Face, the base framework such as ``pytorch2.6.0``; "" takes the newest PyTorch.
    """
    table = _table()
    frameworks = table["frameworks"]
    processor = instances.processor(instance_type) if instance_type else "cpu"
    wanted = framework
    if processor == "neuron" and framework in ("huggingface", "pytorch"):
        wanted = _neuron_framework(framework, job, instance_type)
    scopes = frameworks.get(wanted)
    if scopes is None or framework not in framework_names_set():
        meant = closest(framework, framework_names())
        return Fault(
            "unknown-framework",
            "model_framework",
            f'"{framework}" is not a framework or algorithm that AWS publishes images for',
            f'did you mean "{meant}"?' if meant else f"use one of {listed(framework_names(), 60)}",
        )
    if processor == "arm" and not _runs_on_arm(framework, scopes, job):
        return Fault(
            "no-image",
            "inference_instance",
            f"{framework} has no {job} images for Arm processors, but {instance_type} is an Arm instance",
            "use an x86 instance such as ml.m5.large",
        )
    if processor != "arm" and framework.endswith("-arm64"):
        return Fault(
            "no-image",
            "inference_instance",
            f"{framework} has images for Arm processors only; {instance_type or 'serverless'} is not an Arm instance",
            "use an Arm instance such as ml.c7g.large",
        )
    scope = scopes.get("any") or _scope(scopes, framework, job, processor)
    if scope is None:
        return Fault(
            "no-image",
            "model_framework",
            f"{framework} has images for {listed(sorted(scopes))}, not for {job}",
            "use another framework, or a custom image",
        )
    version, rows = _rows(scope, version)
    if not rows and job == "inference" and framework in _TRAINING_ALSO_SERVES and processor != "arm":
        version, rows = _rows(scopes["training"], version)
    if not rows:
        return _version_fault(framework, version, scope, processor)
    row = _row(rows, framework, version, python, base)
    if isinstance(row, Fault):
        return row
    repository, accounts, start, processors, pythons, rest, own_base, hides_processor = (*row, *_EMPTY[len(row) :])
    chosen = _processor(framework, version, processor, processors or [], instance_type)
    if isinstance(chosen, Fault):
        return chosen
    by_region = table["accounts"][accounts]
    place = region or next(iter(by_region))
    if place not in by_region:
        return Fault(
            "no-image-in-region",
            "model_framework",
            f"{framework} {version} has no image in {region}",
            f"it is published in {listed(sorted(by_region), 40)}",
        )
    head = start or _head(scope, version, own_base or "")
    newest = python or (pythons or [""])[-1]
    tag = _tag(wanted, head, chosen, newest, rest or {}, bool(hides_processor))
    if instance_type.startswith("ml.p4d."):
        tag = "-".join(filter(None, (tag, _FOR_P4D.get(f"{framework}-{tag}", ""))))
    host = dns_suffix(place)
    name = table["repositories"][repository]
    return Image(f"{by_region[place]}.dkr.ecr.{place}.{host}/{name}{':' if tag else ''}{tag}", by_region[place])


_EMPTY: tuple[Any, ...] = (None,) * 8


@cache
def framework_names_set() -> frozenset[str]:
    """Return ``framework_names`` as a set, with the images of the platform's own monitoring jobs."""
    return frozenset((*framework_names(), "clarify", "model-monitor"))


def _neuron_framework(framework: str, job: str, instance_type: str) -> str:
    if framework == "pytorch":
        return "pytorch-neuron" if job == "training" else "pytorch"
    return "huggingface-neuron" if instance_type.startswith("ml.inf1.") else "huggingface-neuronx"


def _runs_on_arm(framework: str, scopes: dict[str, Any], job: str) -> bool:
    return framework.endswith("-arm64") or (job == "inference" and "inference_graviton" in scopes)


def _scope(scopes: dict[str, Any], framework: str, job: str, processor: str) -> Any:
    if processor == "arm" and job == "inference":
        return scopes.get("inference_graviton") or scopes.get(job)
    found = scopes.get(job)
    if found is None and len(scopes) == 1 and job in ("inference", "training"):
        only = next(iter(scopes))
        # The SDK falls back to a framework's only scope; serving a training image cannot work, though, except for
        # the few reinforcement-learning toolkits, whose one image does both.
        return (
            scopes[only]
            if framework in ("coach-mxnet", "coach-tensorflow", "ray-pytorch", "ray-tensorflow", "vw")
            else None
        )
    return found


def _rows(scope: dict[str, Any], version: str) -> tuple[str, list[Any]]:
    """Return the version as it stands in the tag, and its rows, [] if there is no such version."""
    versions = scope["versions"]
    aliases = scope.get("aliases", {})
    if len(versions) == 1 and version not in aliases:
        # An algorithm with one version takes any version text, as the SDK does.
        version = next(iter(versions))
    found = versions.get(aliases.get(version, version))
    if found is None:
        return version, []
    return version, found if isinstance(found[0], list) else [found]


def _row(rows: list[Any], framework: str, version: str, python: str, base: str) -> list[Any] | Fault:
    if base:
        matching = [row for row in rows if len(row) > 6 and row[6].startswith(base)]
        if not matching:
            known = [row[6] for row in rows if len(row) > 6]
            return Fault(
                "no-image",
                "model_base_framework",
                f"{framework} {version} has no image on {base}",
                f"use one of {listed(known, 40)}" if known else "leave it out",
            )
        rows = matching
    elif len(rows) > 1 and len(rows[0]) > 6:
        rows = [row for row in rows if row[6].startswith("pytorch")] or rows
    if python:
        matching = [row for row in rows if len(row) > 4 and python in row[4]]
        if not matching:
            known = sorted({name for row in rows if len(row) > 4 for name in row[4]})
            return Fault(
                "no-image",
                "model_python_version",
                f"{framework} {version} has no image with {python}",
                f"use one of {listed(known)}" if known else "leave it out",
            )
        rows = matching
    row: list[Any] = rows[-1]
    return row


def _processor(framework: str, version: str, processor: str, published: list[str], instance_type: str) -> str | Fault:
    """Return the word for the processor in the tag ("" for none), or why there is no image for the instance."""
    if processor == "arm":
        # Rows of the Graviton scope carry "cpu" or nothing; every other image is built for x86.
        return published[0] if published else ""
    if not published:
        return ""
    family = instance_type.removeprefix("ml.").partition(".")[0]
    for word in (family, {"neuron": family[:3], "gaudi": "gpu"}.get(processor, processor)):
        if word in published:
            return word
    if published == ["cpu"]:
        # Runs on any x86 machine, as it did in the AWS solution, which never looked at the instance type.
        return "cpu"
    if processor == "neuron" and published[0] in ("inf", "neuronx"):
        return published[0]
    needs = {"gpu": "a GPU instance such as ml.g5.xlarge", "inf": "an AWS Inferentia instance such as ml.inf2.xlarge"}
    return Fault(
        "no-image",
        "inference_instance",
        f"{framework} {version} has images for {listed(published)}, but {instance_type or 'serverless'} "
        f"is {'a GPU' if processor == 'gpu' else 'an AWS Neuron' if processor == 'neuron' else 'a CPU'} instance",
        f"use {needs.get(published[0], 'another instance type')}",
    )


def _version_fault(framework: str, version: str, scope: dict[str, Any], processor: str) -> Fault:
    known = [*scope["versions"], *scope.get("aliases", {})]
    meant = closest(version, known)
    what = f"{framework} for Arm instances" if processor == "arm" else framework
    return Fault(
        "unknown-framework-version",
        "model_framework_version",
        f'"{version}" is not a version of {what} that AWS publishes',
        (f'did you mean "{meant}"? ' if meant else "") + f"published: {listed(sorted(known), 60)}",
    )


def _head(scope: dict[str, Any], version: str, base: str) -> str:
    """Return how a tag begins: the version asked for, for Hugging Face that of both frameworks in full."""
    if not base:
        return version
    number = base.removeprefix("pytorch").removeprefix("tensorflow")
    return f"{number}-transformers{scope.get('aliases', {}).get(version, version)}"


def _tag(framework: str, head: str, processor: str, python: str, rest: dict[str, str], hides_processor: bool) -> str:
    word = "" if hides_processor else processor
    family, _, tool = framework.rpartition("-")
    if tool in ("neuron", "neuronx") and family in ("huggingface", "pytorch"):
        word = tool
    if framework == "sagemaker-tritonserver" and word == "gpu":
        word = ""
    return "-".join(part for part in (head, word, python, rest.get(processor, "")) if part)
