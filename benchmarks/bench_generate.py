"""Generating N pipelines for three stages: against bare writes of the same bytes, again with nothing changed,
and with one of N changed. Whole processes, in turn, in one run.

Called by run.py.
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLATFORM = {
    "name": "bench",
    "region": "eu-central-1",
    "orchestrator_account_id": "111111111111",
    "stages": [
        {"name": "dev", "account_id": "222222222222"},
        {"name": "staging", "account_id": "333333333333"},
        {"name": "prod", "account_id": "444444444444"},
    ],
}
_BARE_WRITES = """
import os, pickle, sys
tree = pickle.load(open(sys.argv[1], "rb"))
made = set()
for path, content in tree.items():
    path = os.path.join(sys.argv[2], path)
    folder = os.path.dirname(path)
    if folder not in made:
        os.makedirs(folder, exist_ok=True)
        made.add(folder)
    with open(path, "wb") as file:
        file.write(content)
"""


def config(number: int) -> dict[str, object]:
    """Return the config of one pipeline."""
    return {
        "pipeline_type": "byom_realtime_builtin",
        "model_name": f"model-{number:05}",
        "model_framework": "xgboost",
        "model_framework_version": "1.7-1",
        "model_artifact_location": f"model-{number:05}/model.tar.gz",
        "inference_instance": {"dev": "ml.t2.medium", "staging": "ml.m5.large", "prod": "ml.m5.xlarge"},
        "data_capture_location": {stage: f"capture-{stage}/model-{number:05}" for stage in ("dev", "staging", "prod")},
    }


def write_project(folder: Path, count: int, form: str) -> None:
    """Write a platform file and ``count`` configs as JSON or YAML."""
    (folder / "configs").mkdir(parents=True)
    (folder / "platform.yaml").write_text(json.dumps(PLATFORM))
    for number in range(count):
        if form == "json":
            text = json.dumps(config(number), indent=2)
        else:
            text = _yaml(config(number))
        (folder / "configs" / f"{number:05}.{form}").write_text(text)


def _yaml(document: dict[str, object]) -> str:
    import yaml

    return str(yaml.safe_dump(document, sort_keys=False))


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Return the wall seconds and the processor's seconds of a whole process.

    Raises:
        subprocess.CalledProcessError: It failed.
    """
    busy, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - busy.ru_utime - busy.ru_stime


def measure(base: Path, count: int, form: str, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return medians of wall and of processor seconds: bare writes, afresh, nothing changed, one of N changed.

    Args:
        base: A folder on the file system to measure; fresh folders are made in it.
        count: Number of pipelines.
        form: ``json`` or ``yaml``.
        rounds: How often; the cases take turns within a round.
    """
    import pickle

    generate = [sys.executable, "-m", "generator", "generate"]
    seen: dict[str, list[tuple[float, float]]] = {"bare writes": [], "afresh": [], "no change": [], "one changed": []}
    for number in range(rounds):
        folder = base / f"{form}-{count}-{number}"
        write_project(folder, count, form)
        seen["afresh"].append(timed(generate, folder))
        tree = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in (folder / "environments").rglob("*")
            if path.is_file()
        }
        (folder / "tree.pickle").write_bytes(pickle.dumps(tree))
        seen["bare writes"].append(timed([sys.executable, "-c", _BARE_WRITES, "tree.pickle", "bare"], folder))
        seen["no change"].append(timed(generate, folder))
        first = folder / "configs" / f"00000.{form}"
        first.write_text(first.read_text().replace("ml.m5.xlarge", "ml.m5.2xlarge"))
        seen["one changed"].append(timed(generate, folder))
        shutil.rmtree(folder)
    wall, busy = (
        {name: statistics.median(pair[index] for pair in values) for name, values in seen.items()} for index in (0, 1)
    )
    return wall, busy


def measure_validate(base: Path, count: int, form: str) -> float:
    """Return the wall seconds of ``mlops validate`` on ``count`` config files."""
    folder = base / f"validate-{form}-{count}"
    write_project(folder, count, form)
    seconds = min(timed([sys.executable, "-m", "generator", "validate"], folder)[0] for _ in range(3))
    shutil.rmtree(folder)
    return seconds
