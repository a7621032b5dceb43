"""The orchestrator's Lambda: cold import against boto3 with the same clients, package size, memory, warm requests."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AS_SHIPPED_SECONDS, AS_SHIPPED_BYTES, AS_SHIPPED_MIB = 1.77, 42.8e6, 141.0
"""The AWS solution's Lambda as it shipped, measured on another day on a machine of this kind; see results.md."""

_CLIENTS = "[boto3.client(name, region_name='eu-central-1') for name in ('s3', 'codebuild', 'codepipeline')]"
_BOTO3 = f"import boto3; {_CLIENTS}"
_HANDLER = f"import orchestrator.handler, boto3; {_CLIENTS}"
_MEMORY = "; import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def unpack(package: Path, folder: Path) -> Path:
    """Unpack the package, compile it as Lambda's first start does, and return its folder."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)
    return folder


def measure(package: Path, folder: Path, rounds: int) -> dict[str, float]:
    """Return medians: seconds of boto3 with clients, of the handler with the same clients, MiB after, bytes."""
    place = unpack(package, folder)
    environment = {**os.environ, "PYTHONPATH": str(place), "AWS_DEFAULT_REGION": "eu-central-1"}
    seen: dict[str, list[float]] = {"boto3 with clients": [], "handler with clients": []}
    memory = 0.0
    for _ in range(rounds):
        for name, code in (("boto3 with clients", _BOTO3), ("handler with clients", _HANDLER)):
            seen[name].append(_timed(code, environment))
        ran = subprocess.run(
            [sys.executable, "-c", _HANDLER + _MEMORY], env=environment, capture_output=True, text=True, check=True
        )
        memory = int(ran.stdout.split()[-1]) / 1024
    return {
        **{name: statistics.median(values) for name, values in seen.items()},
        "MiB after import": memory,
        "package bytes": float(package.stat().st_size),
    }


def _timed(code: str, environment: dict[str, str]) -> float:
    import time

    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return time.perf_counter() - started


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """Return the ratios that the goals are about. Pure."""
    return {
        "import / boto3": figures["handler with clients"] / figures["boto3 with clients"],
        "import / as shipped": figures["handler with clients"] / AS_SHIPPED_SECONDS,
        "package / as shipped": figures["package bytes"] / AS_SHIPPED_BYTES,
        "memory / as shipped": figures["MiB after import"] / AS_SHIPPED_MIB,
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]), 5), indent=2))
