"""XGBoost models without XGBoost: reads a saved booster (JSON or UBJSON) and predicts as the library does.

SageMaker's XGBoost container finds a member `xgboost-model` in model.tar.gz. With this, an endpoint or a
batch transform of the sandbox answers with the model's own predictions, so that a wrong artifact, a wrong
column order or a header line shows. Boosters of trees with numerical splits are read; others are refused.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import struct
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_INTEGERS = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q"}
_NUMBERS = {**_INTEGERS, "d": ">f", "D": ">d"}
_F32 = struct.Struct("<f")


class NotABooster(Exception):
    """The bytes are no booster that can be read here; the text says why."""


@dataclass(frozen=True, slots=True)
class Tree:
    """One regression tree as parallel lists, a node an index; -1 is no child."""

    left: list[int]
    right: list[int]
    feature: list[int]
    threshold: list[float]
    default_left: list[int]
    value: list[float]

    def leaf(self, row: Sequence[float]) -> float:
        """The value of the leaf that a row falls into; NaN goes the default way. Pure."""
        node = 0
        while self.left[node] != -1:
            value = row[self.feature[node]] if self.feature[node] < len(row) else math.nan
            if math.isnan(value):
                go_left = bool(self.default_left[node])
            else:
                go_left = _F32.unpack(_F32.pack(value))[0] < self.threshold[node]
            node = self.left[node] if go_left else self.right[node]
        return self.value[node]


@dataclass(frozen=True, slots=True)
class Booster:
    """A forest and what it says: `groups` trees a round, one for each class."""

    trees: list[Tree]
    group_of: list[int]
    groups: int
    features: int
    base_score: float
    objective: str

    def predict(self, row: Sequence[float]) -> float | list[float]:
        """The prediction for one row: a number, or a list of one probability a class. Pure."""
        margins = [_link(self.objective, self.base_score)] * self.groups
        for tree, group in zip(self.trees, self.group_of, strict=True):
            margins[group] += tree.leaf(row)
        return _transform(self.objective, margins)


def load_archive(archive: bytes) -> Booster:
    """The booster in a model.tar.gz: its member `xgboost-model`, or its only file. Pure.

    Raises:
        NotABooster: There is none.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            files = [member for member in opened.getmembers() if member.isfile()]
            named = [member for member in files if member.name.rsplit("/", 1)[-1] == "xgboost-model"]
            chosen = named or files
            if len(chosen) != 1:
                raise NotABooster("the archive has no member xgboost-model")
            content = opened.extractfile(chosen[0])
            assert content is not None
            return load(content.read())
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, OSError) as error:
        raise NotABooster(f"no tar archive: {error}") from None


def load(model: bytes) -> Booster:
    """The booster in the bytes that `Booster.save_model` writes. Pure.

    Raises:
        NotABooster: The bytes are neither JSON nor UBJSON of a tree booster.
    """
    try:
        document = json.loads(model) if model.lstrip()[:2] in (b'{"', b"{\n", b"{ ") else _Ubjson(model).value()
        return _booster(document["learner"])
    except (ValueError, KeyError, IndexError, TypeError, struct.error) as error:
        raise NotABooster(f"no tree booster in JSON or UBJSON: {type(error).__name__} {error}") from None


def _booster(learner: dict[str, Any]) -> Booster:
    model = learner["gradient_booster"]
    model = model.get("model") or model["gbtree"]["model"]
    parameters = learner["learner_model_param"]
    trees = [_tree(tree) for tree in model["trees"]]
    return Booster(
        trees=trees,
        group_of=list(model["tree_info"]),
        groups=max(int(parameters.get("num_class", 0)), 1),
        features=int(parameters.get("num_feature", 0)),
        base_score=float(str(parameters["base_score"]).strip("[]").split(",")[0]),
        objective=learner["objective"]["name"],
    )


def _tree(tree: dict[str, Any]) -> Tree:
    if any(tree.get("split_type", [])):
        raise ValueError("categorical splits")
    conditions = [float(value) for value in tree["split_conditions"]]
    return Tree(
        left=list(tree["left_children"]),
        right=list(tree["right_children"]),
        feature=list(tree["split_indices"]),
        threshold=conditions,
        default_left=[int(value) for value in tree["default_left"]],
        value=conditions,
    )


def _link(objective: str, base_score: float) -> float:
    """The base score on the scale of the margins. Pure."""
    if objective in ("binary:logistic", "reg:logistic"):
        return math.log(base_score / (1 - base_score))
    if objective in ("count:poisson", "reg:gamma", "reg:tweedie"):
        return math.log(base_score)
    return base_score


def _transform(objective: str, margins: list[float]) -> float | list[float]:
    if objective in ("multi:softprob", "multi:softmax"):
        top = max(margins)
        powers = [math.exp(margin - top) for margin in margins]
        shares = [power / sum(powers) for power in powers]
        return shares if objective == "multi:softprob" else float(shares.index(max(shares)))
    if objective in ("binary:logistic", "reg:logistic"):
        return 1 / (1 + math.exp(-margins[0]))
    if objective in ("count:poisson", "reg:gamma", "reg:tweedie"):
        return math.exp(margins[0])
    return margins[0] if len(margins) == 1 else margins


class _Ubjson:
    """A reader of UBJSON (ubjson.org, draft 12), with the typed arrays that XGBoost writes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def value(self, marker: str | None = None) -> Any:
        marker = marker or self._marker()
        if marker in _NUMBERS:
            return self._number(marker)
        if marker == "S":
            return self._text()
        if marker == "{":
            return self._object()
        if marker == "[":
            return self._array()
        if marker in "TFZ":
            return {"T": True, "F": False, "Z": None}[marker]
        if marker == "C":
            return self._take(1).decode()
        raise ValueError(f"marker {marker!r} at byte {self.at}")

    def _take(self, count: int) -> bytes:
        part = self.data[self.at : self.at + count]
        if len(part) != count:
            raise ValueError("the model ends early")
        self.at += count
        return part

    def _marker(self) -> str:
        while True:
            marker = self._take(1).decode("latin-1")
            if marker != "N":
                return marker

    def _number(self, marker: str) -> Any:
        layout = struct.Struct(_NUMBERS[marker])
        return layout.unpack(self._take(layout.size))[0]

    def _length(self) -> int:
        marker = self._marker()
        if marker not in _INTEGERS:
            raise ValueError(f"{marker!r} is no length at byte {self.at}")
        return int(self._number(marker))

    def _text(self) -> str:
        return self._take(self._length()).decode()

    def _head(self) -> tuple[str | None, int | None]:
        """The element type and the count that a container may announce."""
        kind, count = None, None
        if self.data[self.at : self.at + 1] == b"$":
            self.at += 1
            kind = self._marker()
        if self.data[self.at : self.at + 1] == b"#":
            self.at += 1
            count = self._length()
        return kind, count

    def _array(self) -> list[Any]:
        kind, count = self._head()
        if count is not None:
            if kind in _NUMBERS:
                layout = struct.Struct(f">{count}{_NUMBERS[kind][1:]}")
                return list(layout.unpack(self._take(layout.size)))
            return [self.value(kind) for _ in range(count)]
        items = []
        while (marker := self._marker()) != "]":
            items.append(self.value(marker))
        return items

    def _object(self) -> dict[str, Any]:
        kind, count = self._head()
        members: dict[str, Any] = {}
        while count is None or len(members) < count:
            if count is None and self.data[self.at : self.at + 1] == b"}":
                self.at += 1
                break
            key = self._text()
            members[key] = self.value(kind)
        return members
