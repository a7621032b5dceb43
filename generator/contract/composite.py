"""Kinds of value that hold others: lists, objects, alternatives; and JSON given as text. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ..problems import closest, join_key, listed, paired
from .kinds import CONTROL, Kind, Schema, Text, show, type_name
from .report import INVALID, Report

if TYPE_CHECKING:
    from .field import Field


class Items(Kind):
    """A list of one kind of value; its JSON text is accepted where the key says so.

    Args:
        item: Kind of each element.
        fewest: Least number of elements.
        most: Greatest number of elements, or None.
        text: Whether the list may be given as JSON text.
        unique: Whether two equal elements are refused.
        lone: Whether a lone element is taken as a list of one.
    """

    __slots__ = ("fewest", "item", "lone", "most", "text", "unique")

    def __init__(
        self,
        item: Kind,
        *,
        fewest: int = 0,
        most: int | None = None,
        text: bool = False,
        unique: bool = False,
        lone: bool = False,
        expects: str = "",
    ) -> None:
        super().__init__(expects or f"a list whose elements are each {item.expects}")
        self.item = item
        self.fewest = fewest
        self.most = most
        self.text = text
        self.unique = unique
        self.lone = lone

    def check(self, value: Any, report: Report) -> Any:
        if self.text and isinstance(value, str):
            value = parsed_json_text(value, "[", self.expects, report)
            if value is INVALID:
                return INVALID
        if not isinstance(value, list):
            if not self.lone or value is None:
                return self.wrong_type(value, report)
            value = [value]
        if len(value) < self.fewest:
            return report.add("too-few", f"has {len(value)} elements, at least {self.fewest} are needed")
        if self.most is not None and len(value) > self.most:
            return report.add("too-many", f"has {len(value)} elements, at most {self.most} are allowed")
        outer = report.key
        checked: list[Any] = []
        good = True
        for index, element in enumerate(value):
            report.key = f"{outer}[{index}]"
            result = self.item.check(element, report)
            if result is INVALID:
                good = False
            elif self.unique and result in checked:
                report.add("repeated", f"{show(result)} stands here a second time", "remove one of them")
                good = False
            checked.append(result)
        report.key = outer
        return checked if good else INVALID

    def schema(self) -> Schema:
        array: Schema = {"type": "array", "items": self.item.schema()}
        if self.fewest:
            array["minItems"] = self.fewest
        if self.most is not None:
            array["maxItems"] = self.most
        if self.unique:
            array["uniqueItems"] = True
        accepted = [array]
        if self.text:
            accepted.append({"type": "string", "pattern": r"^\s*\["})
        if self.lone:
            accepted.append(self.item.schema())
        return array if len(accepted) == 1 else {"anyOf": accepted}


class Record(Kind):
    """An object of known members, each a field; its JSON text is accepted where the key says so.

    A member that is null or empty text counts as absent.
    """

    __slots__ = ("by_name", "fields", "nothing_when_empty", "required", "text")
    is_object = True

    def __init__(self, fields: Iterable[Field], *, text: bool = False, expects: str = "an object") -> None:
        super().__init__(expects)
        self.fields: dict[str, Field] = {field.name: field for field in fields}
        self.by_name = {name: field for field in self.fields.values() for name in (field.name, *field.aliases)}
        self.required = tuple(field.name for field in self.fields.values() if field.required is True)
        self.text = text
        # The AWS solution writes these as JSON text, and takes an empty object for an absent one.
        self.nothing_when_empty = text

    def check(self, value: Any, report: Report) -> Any:
        if self.text and isinstance(value, str):
            value = parsed_json_text(value, "{", self.expects, report)
            if value is INVALID:
                return INVALID
        if not isinstance(value, dict):
            return self.wrong_type(value, report)
        outer = report.key
        before = len(report.problems)
        checked: dict[str, Any] = {}
        present: dict[str, str] = {}
        unknown: list[str] = []
        for given, member in value.items():
            field = self.by_name.get(given)
            key = f"{outer}.{given}" if outer else given
            if field is None:
                unknown.append(given)
                continue
            if field.name in present:
                report.add_at(
                    key,
                    "repeated-key",
                    f'is another spelling of "{present[field.name]}", which is given too',
                    "keep one of them",
                )
                continue
            present[field.name] = given
            if member is None or member == "":
                if field.required is True:
                    report.add_at(key, "empty-value", f"is empty; {field.kind.expects} is expected")
                continue
            report.key = key
            result = field.kind.check(member, report)
            if result is not INVALID:
                checked[field.name] = result
        report.key = outer
        missing = [name for name in self.required if name not in present]
        if unknown:
            absent = [name for name, field in self.by_name.items() if field.name not in present]
            report_unknown(report, outer, unknown, absent, missing)
        for name in missing:
            needed = self.fields[name]
            report.add_at(
                join_key(outer, name),
                "missing-key",
                f"is required, but missing; expected: {needed.kind.expects}",
                needed.advice,
            )
        return checked if len(report.problems) == before else INVALID

    def schema(self) -> Schema:
        properties = {name: field.schema() for name, field in self.fields.items()}
        for name, field in self.by_name.items():
            if name != field.name:
                properties[name] = {**field.schema(), "description": f"Same as {field.name}.", "deprecated": True}
        record: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        plain = [name for name in self.required if not self.fields[name].aliases]
        if plain:
            record["required"] = plain
        either = [
            {"anyOf": [{"required": [spelling]} for spelling in (name, *self.fields[name].aliases)]}
            for name in self.required
            if self.fields[name].aliases
        ]
        if either:
            record["allOf"] = either
        if self.text:
            return {"anyOf": [record, {"type": "string", "pattern": r"^\s*\{"}]}
        return record


class Mapped(Kind):
    """An object whose keys are the user's own, with values of one kind."""

    __slots__ = ("fewest", "key", "most", "text", "value")
    is_object = True

    def __init__(
        self,
        key: Text,
        value: Kind,
        *,
        fewest: int = 0,
        most: int | None = None,
        text: bool = False,
        expects: str = "an object",
    ) -> None:
        super().__init__(expects)
        self.key = key
        self.value = value
        self.fewest = fewest
        self.most = most
        self.text = text

    def check(self, value: Any, report: Report) -> Any:
        if self.text and isinstance(value, str):
            value = parsed_json_text(value, "{", self.expects, report)
            if value is INVALID:
                return INVALID
        if not isinstance(value, dict):
            return self.wrong_type(value, report)
        if len(value) < self.fewest:
            return report.add("too-few", f"has {len(value)} members, at least {self.fewest} are needed")
        if self.most is not None and len(value) > self.most:
            return report.add("too-many", f"has {len(value)} members, at most {self.most} are allowed")
        outer = report.key
        checked: dict[str, Any] = {}
        good = True
        for name, member in value.items():
            report.key = join_key(outer, name)
            key = self.key.check(name, report)
            result = self.value.check(member, report)
            if key is INVALID or result is INVALID:
                good = False
            else:
                checked[key] = result
        report.key = outer
        return checked if good else INVALID

    def schema(self) -> Schema:
        mapped: Schema = {"type": "object", "additionalProperties": self.value.schema()}
        if self.key.pattern:
            mapped["propertyNames"] = {"pattern": self.key.schema()["pattern"]}
        if self.fewest:
            mapped["minProperties"] = self.fewest
        if self.most is not None:
            mapped["maxProperties"] = self.most
        if self.text:
            return {"anyOf": [mapped, {"type": "string", "pattern": r"^\s*\{"}]}
        return mapped


class AnyJson(Kind):
    """Any JSON value, of bounded depth and without control characters."""

    __slots__ = ("types",)
    _DEPTH = 16

    def __init__(self, *types: str, expects: str = "any JSON value") -> None:
        super().__init__(expects)
        self.types = types

    def check(self, value: Any, report: Report) -> Any:
        if self.types and type_name(value).split()[-1] not in self.types:
            return self.wrong_type(value, report)
        wrong = self._fault(value, self._DEPTH)
        return report.add(*wrong) if wrong else value

    def _fault(self, value: object, depth: int) -> tuple[str, str] | None:
        if depth == 0:
            return "too-deep", f"is nested more than {self._DEPTH} levels deep"
        if isinstance(value, str):
            if CONTROL.search(value):
                return "control-character", f"{show(value)} holds a control character"
        elif isinstance(value, float):
            if not math.isfinite(value):
                return "wrong-type", f"{value} is not a number that JSON knows"
        elif isinstance(value, list):
            for element in value:
                found = self._fault(element, depth - 1)
                if found:
                    return found
        elif isinstance(value, dict):
            for key, member in value.items():
                found = self._fault(key, depth - 1) or self._fault(member, depth - 1)
                if found:
                    return found
        elif value is not None and not isinstance(value, int):
            return "wrong-type", f"{show(value)} is not a JSON value"
        return None

    def schema(self) -> Schema:
        names = {"text": "string", "list": "array"}
        return {"type": [names.get(name, name) for name in self.types]} if self.types else {}


class OneOf(Kind):
    """A value of one of several kinds, chosen by its JSON type (``pick``)."""

    __slots__ = ("fields", "is_object", "kinds")

    def __init__(self, expects: str, **kinds: Kind) -> None:
        super().__init__(expects)
        # Keys are the last words of type_name(): text, number, boolean, list, object.
        self.kinds = kinds
        self.is_object = "object" in kinds
        self.fields = getattr(kinds.get("object"), "fields", None)

    def check(self, value: Any, report: Report) -> Any:
        kind = self.kinds.get(type_name(value).split()[-1])
        return self.wrong_type(value, report) if kind is None else kind.check(value, report)

    def schema(self) -> Schema:
        return {"anyOf": [kind.schema() for kind in self.kinds.values()]}


def parsed_json_text(text: str, opening: str, expects: str, report: Report) -> Any:
    """Return the list or object that a text holds as JSON, or report why not. Pure."""
    if not text.strip():
        return report.add("empty-value", f"is empty; {expects} is expected")
    if not text.lstrip().startswith(opening):
        return report.add("wrong-type", f"must be {expects}, but is text: {show(text)}")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        return report.add(
            "bad-json-text",
            f"is text that is not JSON: {error.msg} at character {error.pos + 1}: {show(text)}",
            "give the value itself instead of its JSON text",
        )
    except (ValueError, RecursionError):
        return report.add("bad-json-text", f"is text that is not usable JSON: {show(text)}")


def report_unknown(
    report: Report,
    outer: str,
    unknown: list[str],
    absent: Iterable[str],
    missing: list[str],
    elsewhere: Callable[[str], Iterable[str]] = lambda _: (),
) -> None:
    """Report unknown keys. Those that most likely are misspelt required ones are taken off ``missing``.

    Args:
        report: Where to report.
        outer: Dotted path of the object.
        unknown: The keys, in the order of the object.
        absent: Spellings of known keys that are not given.
        missing: Required keys that are missing.
        elsewhere: Returns the pipeline types that know a key.
    """
    meant = paired(unknown, missing)
    missing[:] = [name for name in missing if name not in meant.values()]
    known = list(absent)
    for name in unknown:
        key = join_key(outer, name)
        if name in meant:
            report.add_at(
                key,
                "unknown-key",
                f'is not a known key; "{meant[name]}" is required and missing',
                f'did you mean "{meant[name]}"?',
            )
            continue
        others = list(elsewhere(name))
        if others:
            report.add_at(key, "unknown-key", f"is a key of {listed(others)}, and has no effect here", "remove it")
            continue
        near = closest(name, known)
        report.add_at(
            key,
            "unknown-key",
            "is not a known key",
            f'did you mean "{near}"?' if near else f"remove it; known keys are {listed(known, 40)}",
        )
