"""The kinds of value that a key can have: what is accepted, its one normal form, its JSON Schema.

``check`` returns the value's normal form (text without blanks around it, ``20`` for ``"20"``, ``True`` for
``"True"``, an object for its JSON text) or reports why not and returns ``INVALID``. Kinds are made once at import
and shared; they hold no state but their settings. Pure.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..problems import closest, join_key, listed
from .report import INVALID, Report

if TYPE_CHECKING:
    from .field import Field

Schema = dict[str, Any]
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LARGEST = 2**53


def show(value: object, limit: int = 60) -> str:
    """Return a value as it would stand in JSON, cut to ``limit`` characters. Pure."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    text = _CONTROL.sub("?", text)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def type_name(value: object) -> str:
    """Return what JSON calls the type of a value, with an article. Pure."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
    return type(value).__name__


def number_text(value: int | float) -> str:
    """Return a number as the user wrote it, where the loader kept that (``1.10`` stays ``1.10``). Pure."""
    source = getattr(value, "source", None)
    return source if isinstance(source, str) else str(value)


class Kind:
    """A kind of value.

    Attributes:
        expects: What is accepted, as a noun phrase for messages and documentation.
        is_object: Whether values are objects, so that a per-stage object must be told apart from one.
    """

    __slots__ = ("expects",)
    is_object = False

    def __init__(self, expects: str) -> None:
        self.expects = expects

    def check(self, value: Any, report: Report) -> Any:
        """Return the value's normal form, or report problems and return ``INVALID``."""
        raise NotImplementedError

    def schema(self) -> Schema:
        """Return the JSON Schema of what is accepted."""
        raise NotImplementedError

    def wrong_type(self, value: object, report: Report) -> Any:
        """Report that a value has the wrong type."""
        return report.add("wrong-type", f"must be {self.expects}, but is {type_name(value)}: {show(value)}")


class Text(Kind):
    """Text of bounded length, optionally of a pattern; numbers are accepted where the key says so.

    Args:
        expects: What is accepted, as a noun phrase.
        pattern: Regular expression for the whole text, or "" for any printable text.
        shortest: Least number of characters.
        longest: Greatest number of characters, or None.
        numbers: Whether a JSON number is accepted and kept as its text.
        lower: Whether the normal form is lower case.
        strip: Characters to strip from the end, beside blanks at both ends.
        code: Code of the problem when the pattern does not match.
        fix: Advice when the pattern does not match.
        also: Extra check of the text; returns what is wrong with it, or "".
    """

    __slots__ = ("_match", "also", "code", "fix", "longest", "lower", "numbers", "pattern", "shortest", "strip")

    def __init__(
        self,
        expects: str = "text",
        pattern: str = "",
        *,
        shortest: int = 1,
        longest: int | None = None,
        numbers: bool = False,
        lower: bool = False,
        strip: str = "",
        code: str = "bad-format",
        fix: str = "",
        also: Callable[[str], str] | None = None,
    ) -> None:
        super().__init__(expects)
        self.pattern = pattern
        self.shortest = shortest
        self.longest = longest
        self.numbers = numbers
        self.lower = lower
        self.strip = strip
        self.code = code
        self.fix = fix
        self.also = also
        self._match: Callable[[str], object] | None = None

    def check(self, value: Any, report: Report) -> Any:
        if value.__class__ is not str:
            if not self.numbers or isinstance(value, bool) or not isinstance(value, int | float):
                return self.wrong_type(value, report)
            value = number_text(value)
        text: str = value.strip()
        if self.strip:
            text = text.rstrip(self.strip) or text
        if self.lower:
            text = text.lower()
        if self.longest is not None and len(text) > self.longest:
            return report.add(
                "too-long",
                f"has {len(text)} characters, at most {self.longest} are allowed: {show(text)}",
                f"shorten it by {len(text) - self.longest}",
            )
        if len(text) < self.shortest:
            if not text:
                return report.add("empty-value", f"is empty; {self.expects} is expected")
            return report.add(
                "too-short", f"has {len(text)} characters, at least {self.shortest} are needed: {show(text)}"
            )
        if self.pattern:
            match = self._match or self._compiled()
            if match(text) is None:
                return report.add(self.code, f"{show(text)} is not {self.expects}", self.fix)
        elif not text.isprintable():
            return report.add(
                "control-character",
                f"{show(text)} holds a line break or another control character",
                "remove it",
            )
        if self.also is not None:
            wrong = self.also(text)
            if wrong:
                return report.add(self.code, f"{show(text)} {wrong}", self.fix)
        return text

    def _compiled(self) -> Callable[[str], object]:
        self._match = re.compile(self.pattern).fullmatch
        return self._match

    def schema(self) -> Schema:
        schema: Schema = {"type": ["string", "number"] if self.numbers else "string"}
        if self.shortest:
            schema["minLength"] = self.shortest
        if self.pattern:
            # Blanks around a text are trimmed, and a letter's case where the normal form is lower case.
            body = self.pattern.replace("a-z", "a-zA-Z") if self.lower else self.pattern
            end = f"[{re.escape(self.strip)}]*" if self.strip else ""
            schema["pattern"] = rf"^\s*(?:{body}){end}\s*$"
        elif self.longest is not None:
            schema["maxLength"] = self.longest
        return schema


class Whole(Kind):
    """A whole number, given as a number or as text, within bounds."""

    __slots__ = ("greatest", "least", "unit")

    def __init__(self, least: int | None = None, greatest: int | None = None, unit: str = "") -> None:
        super().__init__(_range_text("a whole number", least, greatest, unit))
        self.least = least
        self.greatest = greatest
        self.unit = unit

    def check(self, value: Any, report: Report) -> Any:
        if value.__class__ is int:
            number = value
        elif value.__class__ is str:
            text = value.strip()
            if not text:
                return report.add("empty-value", f"is empty; {self.expects} is expected")
            if _WHOLE.fullmatch(text) is None:
                return report.add("wrong-type", f"must be {self.expects}, but is text: {show(value)}")
            number = int(text)
        elif (isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST) or (
            isinstance(value, int) and not isinstance(value, bool)
        ):
            number = int(value)
        else:
            return self.wrong_type(value, report)
        if (self.least is not None and number < self.least) or (self.greatest is not None and number > self.greatest):
            return report.add("out-of-range", f"{number} is out of range; {self.expects} is expected")
        return number

    def schema(self) -> Schema:
        number: Schema = {"type": "integer"}
        if self.least is not None:
            number["minimum"] = self.least
        if self.greatest is not None:
            number["maximum"] = self.greatest
        return {"anyOf": [number, {"type": "string", "pattern": r"^\s*[+-]?[0-9]{1,18}\s*$"}]}


class Number(Kind):
    """A number, given as a number or as text, within bounds. NaN and infinities are refused.

    Args:
        least: Lowest value, or None.
        greatest: Highest value, or None.
        above: Value that it must exceed, or None.
        step: The number must be a multiple of this, or None.
        unit: Unit for messages.
    """

    __slots__ = ("above", "greatest", "least", "step")

    def __init__(
        self,
        least: float | None = None,
        greatest: float | None = None,
        *,
        above: float | None = None,
        step: float | None = None,
        unit: str = "",
    ) -> None:
        expects = _range_text("a number", least, greatest, unit)
        if above is not None:
            expects += f" above {above}" if greatest is None else f" and above {above}"
        if step is not None:
            expects += f" in steps of {step}"
        super().__init__(expects)
        self.least = least
        self.greatest = greatest
        self.above = above
        self.step = step

    def check(self, value: Any, report: Report) -> Any:
        number: float
        if isinstance(value, str):
            if not value.strip():
                return report.add("empty-value", f"is empty; {self.expects} is expected")
            if _DECIMAL.fullmatch(value.strip()) is None:
                return report.add("wrong-type", f"must be {self.expects}, but is text: {show(value)}")
            number = float(value)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            number = float(value) if abs(value) < 1e300 else math.inf
        else:
            return self.wrong_type(value, report)
        if not math.isfinite(number):
            return report.add("wrong-type", f"must be {self.expects}, but is {show(value)}")
        if (
            (self.least is not None and number < self.least)
            or (self.greatest is not None and number > self.greatest)
            or (self.above is not None and number <= self.above)
            or (self.step is not None and not (number / self.step).is_integer())
        ):
            return report.add("out-of-range", f"{show(value)} is out of range; {self.expects} is expected")
        return int(number) if number.is_integer() and abs(number) < _LARGEST else number

    def schema(self) -> Schema:
        number: Schema = {"type": "number"}
        if self.least is not None:
            number["minimum"] = self.least
        if self.above is not None:
            number["exclusiveMinimum"] = self.above
        if self.greatest is not None:
            number["maximum"] = self.greatest
        if self.step is not None:
            number["multipleOf"] = self.step
        return {"anyOf": [number, {"type": "string", "pattern": rf"^\s*{_DECIMAL.pattern}\s*$"}]}


class Numbered(Kind):
    """One of a few whole numbers, given as a number or as text."""

    __slots__ = ("values",)

    def __init__(self, *values: int) -> None:
        super().__init__(f"one of {listed(map(str, values), 40)}")
        self.values = values

    def check(self, value: Any, report: Report) -> Any:
        number = value
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
            number = int(value)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            return self.wrong_type(value, report)
        if number not in self.values:
            return report.add("not-allowed", f"{show(value)} is not {self.expects}", f"use {self.expects}")
        return int(number)

    def schema(self) -> Schema:
        return {"enum": [*self.values, *map(str, self.values)]}


def _range_text(noun: str, least: float | None, greatest: float | None, unit: str) -> str:
    counted = f" of {unit}" if unit else ""
    if least is not None and greatest is not None:
        return f"{noun}{counted} from {least} to {greatest}"
    if least is not None:
        return f"{noun}{counted} of at least {least}" if not unit else f"{noun}{counted}, at least {least}"
    if greatest is not None:
        return f"{noun}{counted}, at most {greatest}"
    return f"{noun}{counted}"


class Flag(Kind):
    """A boolean, given as such or as the text True/False (any case) or Yes/No, as the AWS solution writes them."""

    __slots__ = ()
    _WORDS: Mapping[str, bool] = {"true": True, "false": False, "yes": True, "no": False}

    def __init__(self) -> None:
        super().__init__("true or false")

    def check(self, value: Any, report: Report) -> Any:
        if value is True or value is False:
            return value
        if isinstance(value, str):
            found = self._WORDS.get(value.strip().lower())
            if found is not None:
                return found
            return report.add("wrong-type", f"must be true or false, but is text: {show(value)}", "write true or false")
        return self.wrong_type(value, report)

    def schema(self) -> Schema:
        words = r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo])\s*$"
        return {"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": words}]}


class Choice(Kind):
    """One of a few words."""

    __slots__ = ("code", "values")

    def __init__(self, *values: str, code: str = "not-allowed") -> None:
        super().__init__(f"one of {listed(values, 40)}")
        self.values = values
        self.code = code

    def check(self, value: Any, report: Report) -> Any:
        if value.__class__ is not str:
            return self.wrong_type(value, report)
        text = value.strip()
        if text in self.values:
            return text
        meant = closest(text, self.values)
        return report.add(
            self.code,
            f"{show(text)} is not {self.expects}",
            f'did you mean "{meant}"?' if meant else f"use {self.expects}",
        )

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.values)}


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

    __slots__ = ("by_name", "fields", "required", "text")
    is_object = True

    def __init__(self, fields: Iterable[Field], *, text: bool = False, expects: str = "an object") -> None:
        super().__init__(expects)
        self.fields: dict[str, Field] = {field.name: field for field in fields}
        self.by_name = {name: field for field in self.fields.values() for name in (field.name, *field.aliases)}
        self.required = tuple(field.name for field in self.fields.values() if field.required is True)
        self.text = text

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
        for name in unknown:
            report_unknown(report, outer, name, self.by_name, missing)
        for name in missing:
            needed = self.fields[name]
            report.add_at(
                join_key(outer, name),
                "missing-key",
                f"is required and missing; {needed.kind.expects} is expected",
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
            if _CONTROL.search(value):
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

    __slots__ = ("kinds",)

    def __init__(self, expects: str, **kinds: Kind) -> None:
        super().__init__(expects)
        # Keys are the last words of type_name(): text, number, boolean, list, object.
        self.kinds = kinds

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


def report_unknown(report: Report, outer: str, name: str, known: Mapping[str, Field], missing: list[str]) -> None:
    """Report an unknown key. If it most likely is a misspelt missing one, take that off ``missing``."""
    key = join_key(outer, name)
    meant = closest(name, missing)
    if meant is not None:
        missing.remove(meant)
        report.add_at(
            key,
            "unknown-key",
            f'is not a known key; "{meant}" is required and missing',
            f'did you mean "{meant}"?',
        )
        return
    meant = closest(name, known)
    report.add_at(
        key,
        "unknown-key",
        "is not a known key",
        f'did you mean "{meant}"?' if meant else f"remove it; known keys are {listed(known, 40)}",
    )
