"""The kinds of single value that a key can have: what is accepted, its one normal form, its JSON Schema.

``check`` returns the value's normal form (text without blanks around it, ``20`` for ``"20"``, ``True`` for
``"True"``, an object for its JSON text) or reports why not and returns ``INVALID``. Kinds are made once at import
and shared; they hold no state but their settings. Pure.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..problems import closest, listed
from .report import Report

Schema = dict[str, Any]
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LARGEST = 2**53


def show(value: object, limit: int = 60) -> str:
    """Return a value as it would stand in JSON, cut to ``limit`` characters. Pure."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    text = CONTROL.sub("?", text)
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
        nothing_when_empty: Whether an empty object counts as absent.
    """

    __slots__ = ("expects",)
    is_object: bool = False
    nothing_when_empty: bool = False

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
        elif self.shortest:
            schema["pattern"] = r"\S"
        if self.longest is not None:
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
        first, last, step = values[0], values[-1], values[1] - values[0] if len(values) > 1 else 0
        even = len(values) > 40 and list(values) == list(range(first, last + 1, step))
        each = f"one of {listed(map(str, values), 40)}"
        super().__init__(f"a whole number from {first} to {last} in steps of {step}" if even else each)
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
        if not text:
            return report.add("empty-value", f"is empty; {self.expects} is expected")
        meant = closest(text, self.values)
        return report.add(
            self.code,
            f"{show(text)} is not {self.expects}",
            f'did you mean "{meant}"?' if meant else f"use {self.expects}",
        )

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.values)}
