"""What stands in for the artifacts and data that a config names, made to fit what the config says of them. Pure.

A table has the columns that the config names (target, label, predictions, facets) beside the features of the example's
data; rows to score have the features alone. So a request runs on data that its own words describe.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_FEATURES = tuple(f"feature_{index}" for index in range(1, 31))
"""As many as the example's model takes, so that its artifact can score these rows."""
_ROWS = 200
Table = list[list[str]]


def stand_in(key: str, source: str, config: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return an object's content and what it is.

    Args:
        key: Config key that names the object, such as ``training_data`` or ``channels.extra.location``.
        source: Its S3 URI; the ending counts where the key says nothing.
        config: The config of one stage.
    """
    made = _BY_KEY.get("channels" if key.startswith("channels.") else key) or _BY_KEY.get(key.rsplit(".", 1)[-1])
    if made is not None:
        return made(config)
    if source.endswith((".tar.gz", ".tgz")):
        return _archive(), "a stand-in archive"
    if source.endswith(".zip"):
        return _project(), "a stand-in project"
    if source.endswith((".csv", ".txt")):
        return _text(_table(["label", *_FEATURES])), "a stand-in table"
    if source.endswith((".json", ".jsonl")):
        return b"{}\n", "a stand-in document"
    return b"stand-in\n", "a stand-in"


def records(count: int = 3) -> list[str]:
    """Return rows to score, as CSV lines."""
    return _text(_table(_FEATURES, header=False)).decode().splitlines()[:count]


def _number(row: int, column: int) -> str:
    """A number between 0 and 100 that varies by row and column."""
    return str((row * 37 + column * 17 + row * column) % 1000 / 10)


def _table(columns: Sequence[str], *, labels: Sequence[str] = ("label",), header: bool = True) -> Table:
    """Rows of numbers; the columns named in ``labels`` hold 0 and 1."""
    rows = [
        [str(row % 2) if name in labels else _number(row, index) for index, name in enumerate(columns)]
        for row in range(_ROWS)
    ]
    return [list(columns), *rows] if header else rows


def _text(table: Table) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(table)
    return buffer.getvalue().encode()


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        text = b"A stand-in for a model artifact, made by a rehearsal.\n"
        member = tarfile.TarInfo("README")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return buffer.getvalue()


def _project() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("Dockerfile", "FROM python:3.12-slim\nCOPY serve /usr/bin/serve\n")
        archive.writestr("serve", "#!/bin/sh\nexec python3 -m http.server 8080\n")
    return buffer.getvalue()


def _artifact(config: Mapping[str, Any]) -> tuple[bytes, str]:
    return _archive(), "a stand-in archive"


def _image_project(config: Mapping[str, Any]) -> tuple[bytes, str]:
    return _project(), "a stand-in project"


def _training_rows(config: Mapping[str, Any]) -> tuple[bytes, str]:
    """Label first, no header, as SageMaker's algorithms read CSV; Autopilot wants a header with its target."""
    if "target_attribute" in config:
        return _autopilot_table(config)
    return _text(_table(["label", *_FEATURES], header=False)), "a stand-in table: label first, no header"


def _rows_to_score(config: Mapping[str, Any]) -> tuple[bytes, str]:
    """Features alone; with a filter or a join there is an id first, for the filter to take away."""
    columns = ["id", *_FEATURES] if "input_filter" in config else list(_FEATURES)
    table = _table(columns, header=False)
    kind = str(config.get("content_type", "text/csv"))
    if "json" in kind:
        lines = [json.dumps({"features": [float(value) for value in row]}) for row in table]
        body, what = "".join(f"{line}\n" for line in lines).encode(), "stand-in JSON lines"
    else:
        body, what = _text(table), "stand-in rows of features"
    compressed = str(config.get("compression_type", "None")).lower() == "gzip"
    return (gzip.compress(body, mtime=0), f"{what}, gzipped") if compressed else (body, what)


def _autopilot_table(config: Mapping[str, Any]) -> tuple[bytes, str]:
    target = str(config["target_attribute"])
    weight = config.get("sample_weight_attribute")
    columns = [target, *([str(weight)] if weight else []), *(name for name in _FEATURES if name != target)]
    return _text(_table(columns, labels=(target,))), f"a stand-in table with the target {target}"


def _baseline_table(config: Mapping[str, Any]) -> tuple[bytes, str]:
    """The label first, then every column that the config names, then features up to their usual number."""
    bias = config.get("bias_config", {})
    facets = bias.get("facet_name", [])
    keys = ("baseline_ground_truth_attribute", "baseline_inference_attribute", "baseline_probability_attribute")
    outcomes = [name for key in keys if isinstance(name := config.get(key), str) and not name.isdecimal()]
    inputs = [name for name in [*(facets if isinstance(facets, list) else [facets]), bias.get("group_name")] if name]
    labels = outcomes or ["label"]
    named = [str(name) for name in dict.fromkeys([*labels, *inputs]) if not str(name).isdecimal()]
    columns = [*named, *_FEATURES[: max(0, len(_FEATURES) - len(inputs))]]
    return _text(_table(columns, labels=labels)), f"a stand-in table with {', '.join(named)}"


def _shap_row(config: Mapping[str, Any]) -> tuple[bytes, str]:
    return f"{records(1)[0]}\n".encode(), "a stand-in row of features"


def _script(config: Mapping[str, Any]) -> tuple[bytes, str]:
    return b"def preprocess_handler(inference_record):\n    return inference_record\n", "a stand-in script"


_BY_KEY: Mapping[str, Callable[[Mapping[str, Any]], tuple[bytes, str]]] = {
    "baseline_data": _baseline_table,
    "batch_inference_data": _rows_to_score,
    "channels": _training_rows,
    "custom_algorithm_docker": _image_project,
    "model_artifact_location": _artifact,
    "post_analytics_processor": _script,
    "record_preprocessor": _script,
    "shap_config.baseline": _shap_row,
    "training_data": _training_rows,
    "validation_data": _training_rows,
}
