"""Text to documents: JSON or YAML, with the place of every key, and every fault of the text explained. Pure.

A file holds one request, a list of requests, or (YAML) several documents. JSON goes through the C parser of the
standard library; YAML is imported only when a YAML file is read. Places are worked out only when a problem needs one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from .problems import Problem, placed

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
_YAML_SUFFIXES = frozenset({".yaml", ".yml"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Position = tuple[int, int]
"""Line and column, both from 1."""


class SourceFloat(float):
    """A number that remembers how it was written: ``1.10`` as a version is not ``1.1``.

    Attributes:
        source: The text of the number.
    """

    __slots__ = ("source",)
    source: str

    def __new__(cls, text: str) -> SourceFloat:
        number = super().__new__(cls, text)
        number.source = text
        return number


@dataclass(frozen=True, slots=True)
class Document:
    """One request or platform file in a text.

    Attributes:
        value: What it holds, as JSON values.
        key_prefix: Its place in the file: "" or ``[n]``.
        locate: Full dotted key to position, for the whole file.
    """

    value: Any
    key_prefix: str
    locate: Callable[[str], Position]

    def position(self, key: str) -> Position:
        """Return line and column of a key of this document; of the nearest object around it if it is absent."""
        return self.locate(f"{self.key_prefix}{'.' if self.key_prefix and key else ''}{key}")

    def place(self, problem: Problem) -> Problem:
        """Return a problem of this document with its full key and its position in the file."""
        line, column = self.position(problem.key)
        return placed(problem, self.key_prefix, line, column)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The documents of a text, and what is wrong with the text itself.

    Attributes:
        documents: In the order of the text; those of a text with problems may be incomplete.
        problems: Faults of the text: syntax, encoding, repeated keys; with positions.
    """

    documents: list[Document]
    problems: list[Problem]


class TextFault(Exception):
    """A fault of a text at a place."""

    def __init__(self, code: str, message: str, fix: str = "", position: Position = (1, 1), key: str = "") -> None:
        super().__init__(message)
        self.problem = Problem(code, key, message, fix, *position)


def load_text(data: bytes, *, name: str) -> Loaded:
    """Return the documents of a file's content.

    Args:
        data: The content in bytes.
        name: The file's name; its suffix says JSON or YAML, else the content does.
    """
    try:
        text = _decoded(data)
        suffix = PurePath(name).suffix.lower()
        looks_like_json = text.lstrip()[:1] in ("{", "[")
        if suffix in _YAML_SUFFIXES or (suffix != ".json" and not looks_like_json):
            return _load_yaml(text)
        return _load_json(text)
    except TextFault as fault:
        return Loaded([], [fault.problem])


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise TextFault(
            "too-large",
            f"has {len(data):,} bytes; a config file has at most {MAX_BYTES:,}",
            "split it into several files",
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:4]:
        raise TextFault("not-utf-8", "is UTF-16 or binary, not UTF-8 text", "save the file as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        raise TextFault(
            "not-utf-8",
            f"is not UTF-8 text: byte 0x{data[error.start]:02x} does not belong there",
            "save the file as UTF-8",
            position_at(before, len(before)),
        ) from None
    if not text.strip():
        raise TextFault("empty-file", "holds nothing", "write a config, or remove the file")
    return text


def position_at(text: str, offset: int) -> Position:
    """Return line and column (from 1) of a character. Pure."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _documents(value: Any, locate: Callable[[str], Position]) -> Loaded:
    """Return the documents of a file that holds one value: itself, or the elements of a list."""
    if not isinstance(value, list):
        return Loaded([Document(value, "", locate)], [])
    if not value:
        problem = Problem("empty-file", "", "is an empty list", "write a config, or remove the file", *locate(""))
        return Loaded([], [problem])
    return Loaded([Document(element, f"[{index}]", locate) for index, element in enumerate(value)], [])


# JSON -----------------------------------------------------------------------------------------------------------


def _load_json(text: str) -> Loaded:
    repeated = False

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        made = dict(members)
        if len(made) != len(members):
            repeated = True
        return made

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_float=SourceFloat, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _json_fault(text, error) from None
    except RecursionError:
        raise TextFault("too-deep", "is nested too deeply", f"use at most {MAX_DEPTH} levels") from None
    except ValueError as error:
        word = str(error)
        place = next((found.start() for found in _TOKEN.finditer(text) if found[0] == word), None)
        if place is None:
            raise TextFault("bad-json", "holds a number of thousands of digits", "write fewer") from None
        raise TextFault(
            "bad-json", f"holds {word}, which is no number in JSON", "write null or a number", position_at(text, place)
        ) from None
    places = _Lazy(lambda: _json_positions(text))
    problems: list[Problem] = []
    if repeated or "\\" in text or _CONTROL.search(text):
        problems += [
            Problem(
                "repeated-key",
                key,
                "stands twice in the same object; only the last would count",
                "remove one of them",
                *position_at(text, offset),
            )
            for key, offset in _json_scan(text)[1]
        ]
        problems += _control_characters(value, places)
    if not problems and _depth_exceeds(value, MAX_DEPTH):
        raise TextFault("too-deep", f"is nested more than {MAX_DEPTH} levels deep")
    loaded = _documents(value, places)
    return Loaded(loaded.documents, [*problems, *loaded.problems])


def _refuse_constant(word: str) -> float:
    raise ValueError(word)


def _json_fault(text: str, error: json.JSONDecodeError) -> TextFault:
    """Return what is wrong with JSON text in words that say how to mend it."""
    offset = min(error.pos, len(text))
    at = text[offset : offset + 1]
    before = text[:offset].rstrip()
    position = (error.lineno, error.colno)
    if not at and not text[offset:].strip():
        return TextFault("bad-json", "ends before it is complete", "close every { [ and quote", position)
    if at in "}]" and before.endswith(","):
        return TextFault("bad-json", "has a comma with nothing after it", "remove the last comma", position)
    if at == "'":
        return TextFault("bad-json", "has single quotes", 'use double quotes: "text"', position)
    if at in ("#", "/"):
        return TextFault("bad-json", "has a comment, which JSON does not know", "remove it, or use YAML", position)
    if at == "\t" or (at and ord(at) < 32):
        return TextFault(
            "bad-json", "has a tab or line break inside quotes", "write \\t or \\n, or close the quote", position
        )
    if error.msg == "Extra data":
        return TextFault(
            "bad-json", "goes on after its end", "put several configs into one list: [ {...}, {...} ]", position
        )
    if error.msg.startswith("Expecting ',' delimiter"):
        return TextFault("bad-json", "lacks a comma or a closing bracket here", "add it", position)
    if error.msg.startswith("Expecting property name"):
        return TextFault("bad-json", "lacks a key in double quotes here", 'write "key": value', position)
    word = re.match(r"[A-Za-z]+", text[offset:])
    if word:
        known = {"true": "true", "false": "false", "none": "null", "null": "null", "nan": "null"}.get(word[0].lower())
        return TextFault(
            "bad-json",
            f"has the bare word {word[0][:40]}",
            f"write {known}" if known else f'quote it: "{word[0][:40]}"',
            position,
        )
    return TextFault("bad-json", f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]}", "", position)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def _json_scan(text: str) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """Return {dotted key: offset} and [(repeated key, offset)] of valid JSON text, without recursion."""
    offsets: dict[str, int] = {}
    repeated: list[tuple[str, int]] = []
    # Each open container: its dotted key, its keys so far (None for a list), index of the next element.
    open_keys: list[tuple[str, set[str] | None]] = []
    indexes: list[int] = []
    pending: str | None = None
    expects_key = False
    for token in _TOKEN.finditer(text):
        word, offset = token[0], token.start()
        first = word[0]
        if first == ",":
            expects_key = bool(open_keys) and open_keys[-1][1] is not None
            continue
        if first == ":":
            expects_key = False
            continue
        if first in "}]":
            open_keys.pop()
            indexes.pop()
            expects_key = False
            continue
        if expects_key:
            path, seen = open_keys[-1]
            name = json.loads(word)
            pending = f"{path}.{name}" if path else name
            if seen is not None:
                if name in seen:
                    repeated.append((pending, offset))
                seen.add(name)
            offsets[pending] = offset
            continue
        if pending is not None:
            path = pending
            pending = None
        elif open_keys:
            path = f"{open_keys[-1][0]}[{indexes[-1]}]"
            indexes[-1] += 1
            offsets[path] = offset
        else:
            path = ""
            offsets[path] = offset
        if first in "{[":
            open_keys.append((path, set() if first == "{" else None))
            indexes.append(0)
            expects_key = first == "{"
    return offsets, repeated


def _json_positions(text: str) -> dict[str, Position]:
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    from bisect import bisect_right

    places = {}
    for key, offset in _json_scan(text)[0].items():
        line = bisect_right(lines, offset)
        places[key] = (line, offset - lines[line - 1] + 1)
    return places


class _Lazy:
    """Positions by key, worked out on the first call; an absent key has the place of what is around it."""

    def __init__(self, make: Callable[[], dict[str, Position]]) -> None:
        self._make = make
        self._places: dict[str, Position] | None = None

    def __call__(self, key: str) -> Position:
        if self._places is None:
            self._places = self._make()
        while key not in self._places:
            if not key:
                return 1, 1
            cut = max(key.rfind("."), key.rfind("["))
            key = key[:cut] if cut > 0 else ""
        return self._places[key]


def _control_characters(value: Any, locate: Callable[[str], Position]) -> list[Problem]:
    return [
        Problem(
            "control-character", key, "holds a control character or half a surrogate pair", "remove it", *locate(key)
        )
        for key, text in _texts(value, "")
        if _CONTROL.search(text)
    ]


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield (dotted key, text) for every text and every key of an object, without recursion."""
    pending = [(path, value)]
    while pending:
        key, found = pending.pop()
        if isinstance(found, str):
            yield key, found
        elif isinstance(found, list):
            pending += [(f"{key}[{index}]", element) for index, element in enumerate(found)]
        elif isinstance(found, dict):
            for name, member in found.items():
                inner = f"{key}.{name}" if key else name
                yield inner, name
                pending.append((inner, member))


def _depth_exceeds(value: Any, limit: int) -> bool:
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for found in level
            if isinstance(found, dict | list)
            for inner in (found.values() if isinstance(found, dict) else found)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


# YAML -----------------------------------------------------------------------------------------------------------


def _load_yaml(text: str) -> Loaded:
    from .load_yaml import read_yaml

    stream = read_yaml(text)
    several = len(stream.values) > 1
    if several:
        stream = read_yaml(text, several=True)
    places = _Lazy(lambda: read_yaml(text, places=True, several=several).places)
    if not several:
        loaded = _documents(stream.values[0], places)
    else:
        loaded = _documents(stream.values, places)
    problems = list(stream.problems)
    if _CONTROL.search(text) or "\\" in text:
        for document in loaded.documents:
            found = _control_characters(document.value, document.position)
            problems += [placed(problem, document.key_prefix, problem.line, problem.column) for problem in found]
    return Loaded(loaded.documents, [*problems, *loaded.problems])
