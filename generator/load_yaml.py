"""YAML text to values, built from the parser's events: no recursion, positions on request, nothing surprising.

Plain words become what JSON would make of them (YAML 1.2's core schema): ``no`` and ``2024-01-01`` stay text, and so do
digits with a leading zero, such as account ids. Anchors, aliases and merge keys work, up to a bound on what
they expand to; tags, and keys that are not text, are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .load import MAX_DEPTH, Position, SourceFloat, TextFault, position_at
from .problems import Problem, join_key

if TYPE_CHECKING:
    from yaml import Event

_MAX_NODES = 1_000_000
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMERIC_START = frozenset("+-.0123456789")


class Stream:
    """What a YAML text holds.

    Attributes:
        values: One value per document that is not empty.
        problems: Repeated keys.
        places: Dotted key to position, if asked for.
    """

    __slots__ = ("places", "problems", "values")

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.problems: list[Problem] = []
        self.places: dict[str, Position] = {}


class _Open:
    """A mapping or sequence that is being read."""

    __slots__ = ("anchor", "has_key", "key", "merges", "path", "size", "value")

    def __init__(self, value: Any, path: str, anchor: str | None) -> None:
        self.value = value
        self.path = path
        self.anchor = anchor
        self.key = ""
        self.has_key = False
        self.merges: list[Any] = []
        self.size = 1


def read_yaml(text: str, *, places: bool = False, several: bool = False) -> Stream:
    """Return the values of a YAML text.

    Args:
        text: The text.
        places: Whether to work out positions as well.
        several: Whether the text is known to hold several documents, so that the first has the key ``[0]`` too.

    Raises:
        TextFault: The text is not YAML, or uses what we refuse.
    """
    from yaml import events
    from yaml.error import YAMLError

    try:
        parser = _parser()(text)
        try:
            return _Reader(parser.get_event, events, places, several).stream()
        finally:
            parser.dispose()
    except YAMLError as error:
        raise _fault(text, error) from None


def _parser() -> Any:
    """Return the fastest parser that there is; the Lambda has only the part of PyYAML that is Python."""
    try:
        from yaml import CSafeLoader
    except ImportError:
        from yaml.parser import Parser
        from yaml.reader import Reader
        from yaml.scanner import Scanner

        class PlainParser(Reader, Scanner, Parser):
            """The parser alone, without what makes Python objects of its events."""

            def __init__(self, stream: str) -> None:
                Reader.__init__(self, stream)
                Scanner.__init__(self)
                Parser.__init__(self)

        return PlainParser
    return CSafeLoader


class _Reader:
    """Builds values from events."""

    def __init__(self, next_event: Any, yaml: Any, places: bool, several: bool) -> None:
        self.next_event = next_event
        self.yaml = yaml
        self.with_places = places
        self.several = several
        self.found = Stream()
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0

    def stream(self) -> Stream:
        """Read every document."""
        yaml = self.yaml
        scalar, sequence, mapping = yaml.ScalarEvent, yaml.SequenceStartEvent, yaml.MappingStartEvent
        ends = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
        while True:
            event = self.next_event()
            kind = event.__class__
            if kind is scalar:
                self.value(event, self.scalar(event), 1)
            elif kind is mapping:
                self.begin({}, event)
            elif kind is sequence:
                self.begin([], event)
            elif kind in ends:
                self.end()
            elif kind is yaml.AliasEvent:
                self.alias(event)
            elif kind is yaml.DocumentStartEvent:
                self.anchors.clear()
            elif kind is yaml.StreamEndEvent:
                break
        if not self.found.values:
            raise TextFault("empty-file", "holds nothing but comments", "write a config, or remove the file")
        return self.found

    def path(self, event: Event) -> str:
        """Return the dotted key of the value that starts with this event, and note its place."""
        if not self.open:
            path = f"[{len(self.found.values)}]" if self.several or self.found.values else ""
            if self.with_places:
                self.found.places[path] = _position(event.start_mark)
            return path
        top = self.open[-1]
        if isinstance(top.value, list):
            path = f"{top.path}[{len(top.value)}]"
            if self.with_places:
                self.found.places[path] = _position(event.start_mark)
            return path
        return join_key(top.path, top.key)

    def value(self, event: Event, value: Any, size: int) -> None:
        """Take a finished value: the document itself, an element, a key or a member."""
        self.nodes += size
        if self.nodes > _MAX_NODES:
            raise TextFault(
                "too-large", "expands to too many values through its aliases", "", _position(event.start_mark)
            )
        if not self.open:
            if value is not None or not self._empty(event):
                self.found.values.append(value)
                self._note_anchor(event, value, size)
            return
        top = self.open[-1]
        top.size += size
        if isinstance(top.value, list):
            if self.with_places:
                self.found.places[f"{top.path}[{len(top.value)}]"] = _position(event.start_mark)
            top.value.append(value)
        elif not top.has_key:
            self.key(event, value, top)
            return
        else:
            top.has_key = False
            if top.key == "<<":
                top.merges.append(value)
                self._check_merge(event, value)
            else:
                top.value[top.key] = value
        self._note_anchor(event, value, size)

    def key(self, event: Event, value: Any, top: _Open) -> None:
        """Take a mapping's key."""
        if event.__class__ is not self.yaml.ScalarEvent:
            raise TextFault(
                "bad-yaml", "has a key that is a list or an object", "keys are text", _position(event.start_mark)
            )
        name: str = event.value  # type: ignore[attr-defined]
        path = join_key(top.path, name)
        if name in top.value:
            self.found.problems.append(
                Problem(
                    "repeated-key",
                    path,
                    "stands twice in the same object; only the last would count",
                    "remove one of them",
                    *_position(event.start_mark),
                )
            )
        top.key = name
        top.has_key = True
        if name != "<<":
            # Holds the place of the key, so that keys stay in the order of the text.
            top.value[name] = None
        if self.with_places:
            self.found.places.setdefault(path, _position(event.start_mark))

    def begin(self, value: Any, event: Any) -> None:
        """Open a mapping or sequence."""
        if event.tag is not None and not event.implicit:
            raise _tag_fault(event)
        if len(self.open) >= MAX_DEPTH:
            raise TextFault("too-deep", f"is nested more than {MAX_DEPTH} levels deep", "", _position(event.start_mark))
        if self.open and isinstance(self.open[-1].value, dict) and not self.open[-1].has_key:
            raise TextFault(
                "bad-yaml", "has a key that is a list or an object", "keys are text", _position(event.start_mark)
            )
        made = _Open(value, self.path(event), event.anchor)
        self.open.append(made)
        if event.anchor:
            self.anchors[event.anchor] = (made, 0)

    def end(self) -> None:
        """Close the innermost mapping or sequence."""
        done = self.open.pop()
        if done.merges:
            merged: dict[str, Any] = {}
            for source in reversed(done.merges):
                for mapping in reversed(source if isinstance(source, list) else [source]):
                    merged.update(mapping)
            done.value = {**merged, **done.value}
        if done.anchor:
            self.anchors[done.anchor] = (done.value, done.size)
        self._place(done)

    def _place(self, done: _Open) -> None:
        if not self.open:
            self.found.values.append(done.value)
            return
        top = self.open[-1]
        top.size += done.size
        if isinstance(top.value, list):
            top.value.append(done.value)
        else:
            top.has_key = False
            if top.key == "<<":
                top.merges.append(done.value)
                self._check_merge(None, done.value)
            else:
                top.value[top.key] = done.value

    def alias(self, event: Any) -> None:
        """Take a reference to an anchor."""
        known = self.anchors.get(event.anchor)
        if known is None:
            raise TextFault(
                "bad-yaml",
                f"refers to *{event.anchor}, which no &{event.anchor} before it defines",
                "",
                _position(event.start_mark),
            )
        value, size = known
        if isinstance(value, _Open):
            raise TextFault("bad-yaml", f"has *{event.anchor} inside itself", "", _position(event.start_mark))
        if self.open and isinstance(self.open[-1].value, dict) and not self.open[-1].has_key:
            raise TextFault("bad-yaml", "has an alias as a key", "write the key", _position(event.start_mark))
        self.value(event, value, size)

    def scalar(self, event: Any) -> Any:
        """Return what a scalar stands for."""
        if event.tag is not None and not (event.implicit[0] or event.implicit[1]) and event.tag != "!":
            if event.tag == "tag:yaml.org,2002:str":
                return event.value
            raise _tag_fault(event)
        text = event.value
        if not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in _NUMERIC_START:
            if _INTEGER.fullmatch(text):
                return int(text)
            digits = text.lstrip("+-")
            leading_zero = digits[:1] == "0" and digits[1:2].isdigit()
            if not leading_zero and _FLOAT.fullmatch(text) and not digits.isdigit():
                return SourceFloat(text)
        return text

    def _note_anchor(self, event: Any, value: Any, size: int) -> None:
        anchor = getattr(event, "anchor", None)
        if anchor and event.__class__ is not self.yaml.AliasEvent:
            self.anchors[anchor] = (value, size)

    def _empty(self, event: Any) -> bool:
        return event.__class__ is self.yaml.ScalarEvent and not event.value and not event.style

    def _check_merge(self, event: Any, value: Any) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            position = _position(event.start_mark) if event is not None else (1, 1)
            raise TextFault("bad-yaml", "merges something that is not an object with <<", "", position)


def _position(mark: Any) -> Position:
    return mark.line + 1, mark.column + 1


def _tag_fault(event: Any) -> TextFault:
    return TextFault(
        "bad-yaml",
        f"has the tag {event.tag}; configs hold plain values only",
        "remove the tag",
        _position(event.start_mark),
    )


def _fault(text: str, error: Any) -> TextFault:
    """Return a parser's complaint in words that say how to mend it."""
    mark = getattr(error, "problem_mark", None)
    position = _position(mark) if mark is not None else (1, 1)
    offset = getattr(error, "position", None)
    if offset is not None:
        # The reader counts bytes, and stops before the parser has anything to mark.
        position = position_at(text, len(text.encode()[:offset].decode(errors="ignore")))
    problem = str(getattr(error, "problem", "") or error)
    context = str(getattr(error, "context", "") or "")
    lines = text.splitlines()
    line = lines[position[0] - 1] if position[0] <= len(lines) else ""
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent or ("\\t" in problem or "'\t'" in problem):
        return TextFault(
            "tab-indentation",
            "is indented with a tab, which YAML does not allow",
            "indent with spaces",
            (position[0], max(1, indent.find("\t") + 1)),
        )
    if "nesting" in problem or "depth" in problem:
        return TextFault("too-deep", "is nested too deeply", f"use at most {MAX_DEPTH} levels", position)
    if "mapping values are not allowed" in problem:
        return TextFault(
            "bad-yaml",
            "has a second colon on the line, or a wrong indentation",
            'quote the value: "a: b"; or align the key with those above',
            position,
        )
    if "special characters are not allowed" in problem or "control characters" in problem:
        return TextFault("control-character", "holds a control character", "remove it", position)
    detail = f"{problem} ({context})" if context else problem
    return TextFault("bad-yaml", f"is not YAML: {detail}", "", position)
