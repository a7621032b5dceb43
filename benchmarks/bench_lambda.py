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
AS_SHIPPED_REQUEST_SECONDS = {1: 0.0123, 3: 0.067}
AS_SHIPPED_UNIT_SECONDS = 0.0062
"""The AWS solution's Lambda as it shipped (requests by their stages, and `python -c pass` there), measured on another
day on a machine of this kind."""
_STAGES = ("dev", "staging", "prod")

_CLIENTS = "[boto3.client(name, region_name='eu-central-1') for name in ('s3', 'codebuild', 'codepipeline')]"
_BOTO3 = f"import boto3; {_CLIENTS}"
_HANDLER = f"import orchestrator.handler, boto3; {_CLIENTS}"
# Not getrusage: what it calls the greatest memory of a process begins with that of its parent.
_MEMORY = "; print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"


def unit_seconds() -> float:
    """Return the median wall seconds of `python -c pass`: how fast this machine is at this moment."""
    return statistics.median(_timed("pass", dict(os.environ)) for _ in range(15))


def unpack(package: Path, folder: Path) -> Path:
    """Unpack the package, compile it as Lambda's first start does, and return its folder."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(folder)], check=True)
    return folder


def measure(package: Path, folder: Path, rounds: int) -> dict[str, float]:
    """Return medians: seconds of boto3 with clients, of the handler with the same clients and of a bare start; MiB
    after it, bytes of the package."""
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
        "unit": unit_seconds(),
        "MiB after import": memory,
        "package bytes": float(package.stat().st_size),
    }


def measure_requests(folder: Path, count: int) -> dict[str, float]:
    """Return median and p95 seconds of a warm request for ``count`` stages, its AWS calls, and the files it left."""
    stages = list(_STAGES[:count])
    platform = {
        "name": "bench",
        "region": "eu-central-1",
        "orchestrator_account_id": "111111111111",
        "stages": [{"name": name, "account_id": f"{number}" * 12} for number, name in enumerate(stages, 2)],
    }
    folder.mkdir(parents=True)
    (folder / "platform.yaml").write_text(json.dumps(platform))
    command = [sys.executable, "-m", "generator", "package", "--out", str(folder)]
    command += ["--platform", str(folder / "platform.yaml")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    place, temporary = unpack(folder / "orchestrator.zip", folder / "unpacked"), folder / "tmp"
    temporary.mkdir()
    own = {"PYTHONPATH": str(place), "TMPDIR": str(temporary), "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    before = sum(1 for _ in place.rglob("*"))
    ran = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "warm_requests.py"), *stages],
        env={**os.environ, **own},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    left = sum(1 for _ in place.rglob("*")) - before + sum(1 for _ in temporary.rglob("*"))
    return {**json.loads(ran.stderr.splitlines()[-1]), "files left": float(left)}


def _timed(code: str, environment: dict[str, str]) -> float:
    import time

    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return time.perf_counter() - started


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """Return the ratios that the goals are about. Pure."""
    return {
        "import / boto3": figures["handler with clients"] / figures["boto3 with clients"],
        "import / as shipped": figures["handler with clients"]
        / figures["unit"]
        / (AS_SHIPPED_SECONDS / AS_SHIPPED_UNIT_SECONDS),
        "package / as shipped": figures["package bytes"] / AS_SHIPPED_BYTES,
        "memory / as shipped": figures["MiB after import"] / AS_SHIPPED_MIB,
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]), 5), indent=2))
