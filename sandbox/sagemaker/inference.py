"""What a model answers: the same for the same payload and the same artifact, in endpoints and batch
transforms alike.

- A container whose image is an XGBoost one and whose artifact holds a tree booster answers with the booster's
  own predictions, one line a record for CSV and libsvm, `{"predictions": [{"score": n}]}` where JSON is
  accepted.
- Any other container cannot be run here. It answers with a stand-in in the same shapes: a score between 0 and
  1 made from the SHA-256 of the artifact's ETag and the record, six decimals.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.sagemaker.access import Role
from sandbox.sagemaker.models import model_data
from sandbox.sagemaker.store import Resource
from sandbox.sagemaker.xgboost_model import Booster, NotABooster, load_archive

log = logging.getLogger(__name__)

Score = Callable[[list[float]], "float | list[float]"]


class ModelFailed(Exception):
    """The container answered with an error: its HTTP status and its text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded model.

    Attributes:
        etag: What identifies the artifact; "" for a model without one.
        booster: The trees, if the artifact has any.
    """

    etag: str
    booster: Booster | None

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """The answer to a payload and its content type. Pure.

        Raises:
            ModelFailed: The payload cannot be read, or has the wrong number of columns.
        """
        kind = content_type.split(";")[0].strip().lower() or "text/csv"
        wanted = accept.split(",")[0].split(";")[0].strip().lower()
        if kind in ("text/csv", "text/libsvm", "text/x-libsvm"):
            lines = [line for line in _text(body).splitlines() if line.strip()]
            if not lines:
                raise ModelFailed(400, "the payload holds no record")
            read = _csv_row if kind == "text/csv" else _libsvm_row
            scores = [self._score(line, read) for line in lines]
            if wanted in ("application/json", "application/jsonlines"):
                return _as_json(scores, wanted), wanted
            return "\n".join(_as_csv(score) for score in scores).encode(), "text/csv; charset=utf-8"
        if kind in ("application/json", "application/jsonlines"):
            scores = [self._stand_in(record) for record in _json_records(body, kind)]
            if wanted == "text/csv":
                return "\n".join(_as_csv(score) for score in scores).encode(), "text/csv; charset=utf-8"
            return _as_json(scores, kind), kind
        if self.booster is not None:
            raise ModelFailed(415, f"Content type {content_type} is not supported.")
        return _as_json([self._stand_in(body.hex())], "application/json"), "application/json"

    def _score(self, line: str, read: Callable[[str, int], list[float]]) -> float | list[float]:
        if self.booster is None:
            return self._stand_in(line)
        row = read(line, self.booster.features)
        if self.booster.features and len(row) != self.booster.features:
            raise ModelFailed(
                400,
                "Unable to evaluate payload provided: Feature shape mismatch, expected: "
                f"{self.booster.features}, got {len(row)}",
            )
        return self.booster.predict(row)

    def _stand_in(self, record: str) -> float:
        digest = hashlib.sha256(f"{self.etag}\n{record.strip()}".encode()).digest()
        return round(int.from_bytes(digest[:8], "big") / 2**64, 6)


def load_model(model: Resource, containers: list[dict[str, Any]], role: Role) -> Model:
    """The model of a SageMaker model resource, read with its execution role; kept until its artifact changes.

    Raises:
        AccessFailed: The role cannot read the artifact any more.
    """
    container = containers[0] if containers else {}
    uris = list(model_data(container))
    if not uris or uris[0].endswith("/") or container.get("Mode") == "MultiModel":
        return Model(etag=uris[0] if uris else container.get("Image", ""), booster=None)
    etag = str(role.head(uris[0])["ETag"])
    kept = model.extra.get("loaded")
    if isinstance(kept, Model) and kept.etag == etag:
        return kept
    booster = None
    if "xgboost" in container.get("Image", ""):
        try:
            booster = load_archive(role.read(uris[0]))
        except NotABooster as error:
            log.info("%s: %s; answers are stand-ins", uris[0], error)
    loaded = model.extra["loaded"] = Model(etag=etag, booster=booster)
    return loaded


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise ModelFailed(
            415, f"Loading csv data failed with Exception, please ensure data is in csv format: {error}"
        ) from None


def _csv_row(line: str, features: int) -> list[float]:
    try:
        return [float(field) if field.strip() else math.nan for field in line.split(",")]
    except ValueError as error:
        raise ModelFailed(
            415, f"Loading csv data failed with Exception, please ensure data is in csv format: {error}"
        ) from None


def _libsvm_row(line: str, features: int) -> list[float]:
    row = [math.nan] * features
    try:
        for part in line.split():
            index, colon, value = part.partition(":")
            if colon:
                row[int(index)] = float(value)
    except (ValueError, IndexError) as error:
        raise ModelFailed(
            415, f"Loading libsvm data failed with Exception, please ensure data is in libsvm format: {error}"
        ) from None
    return row


def _json_records(body: bytes, kind: str) -> list[str]:
    """The records of a JSON payload: `instances` or `features` if it has them, its lines, or the whole.

    Pure.
    """
    try:
        if kind == "application/jsonlines":
            return [json.dumps(json.loads(line)) for line in body.splitlines() if line.strip()]
        document = json.loads(body)
    except ValueError as error:
        raise ModelFailed(400, f"the payload is no JSON: {error}") from None
    for key in ("instances", "inputs"):
        if isinstance(document, dict) and isinstance(document.get(key), list):
            return [json.dumps(record) for record in document[key]]
    return [json.dumps(document)]


def _as_csv(score: float | list[float]) -> str:
    return ",".join(map(str, score)) if isinstance(score, list) else str(score)


def _as_json(scores: list[Any], kind: str) -> bytes:
    items = [{"score": score} for score in scores]
    if kind == "application/jsonlines":
        return "\n".join(json.dumps(item) for item in items).encode()
    return json.dumps({"predictions": items}).encode()
