"""JSONata for state machines, as much of it as shaping a state's data takes.

moto hands JSONata expressions to a Java library that it does not bring. This evaluator covers literals, paths with
indexes, ``$states`` and variables, operators, conditions, array and object constructors, and the functions of
``FUNCTIONS``: those of JSONata that deal with text, numbers and lists, and Step Functions' own ``$hash``, ``$uuid``,
``$parse`` and ``$partition``. What it does not cover (higher-order functions, filters, regular expressions) it refuses
by name, so that a definition is never judged by a guess.

Sources: JSONata's documentation (docs.jsonata.org) and "Transforming data with JSONata in Step Functions".
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any


class JsonataError(Exception):
    """An expression cannot be read or evaluated; the text says why."""


class _Nothing:
    """JSONata's "no value": what a path that leads nowhere gives."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()

_TOKENS = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<variable>\$\$?[A-Za-z_]\w*|\$\$?)
    | (?P<name>[A-Za-z_]\w*|`[^`]*`)
    | (?P<operator>:=|!=|<=|>=|\.\.|~>|[-+*/%&=<>?:.,;()\[\]{}])
    )""",
    re.VERBOSE,
)
_BINDING = {"?": 1, "or": 2, "and": 3, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4}
_BINDING |= {"&": 5, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, ".": 8, "[": 8, "(": 8}


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """Return an expression's value. Pure but for ``$uuid``.

    Args:
        expression: JSONata without the ``{% %}`` around it.
        variables: Values by name without the ``$``, ``states`` among them.

    Raises:
        JsonataError: It is no JSONata, uses what is not covered, or has no value.
    """
    value = _Parser(expression, variables).parse()
    if value is NOTHING:
        raise JsonataError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    return value


class _Parser:
    """Reads and evaluates in one go; ``lazy`` operands (of conditions) are read without being evaluated."""

    def __init__(self, expression: str, variables: Mapping[str, Any]) -> None:
        self.expression = expression
        self.variables = dict(variables)
        self.tokens = list(self._split())
        self.position = 0
        self.lazy = 0

    def _split(self) -> Any:
        position, text = 0, self.expression.rstrip()
        while position < len(text):
            found = _TOKENS.match(text, position)
            if found is None:
                raise JsonataError(f"unexpected {text[position]!r} in {self.expression!r}")
            position = found.end()
            yield found.lastgroup, found[found.lastgroup or 0]
        yield "end", ""

    def parse(self) -> Any:
        value = self._expression(0)
        self._expect_kind("end")
        return value

    def _peek(self) -> tuple[str, str]:
        token: tuple[str, str] = self.tokens[self.position]
        return token

    def _take(self) -> tuple[str, str]:
        token = self._peek()
        self.position += 1
        return token

    def _expect(self, text: str) -> None:
        kind, found = self._take()
        if found != text:
            raise JsonataError(f"expected {text!r}, found {found or kind!r} in {self.expression!r}")

    def _expect_kind(self, wanted: str) -> str:
        kind, found = self._take()
        if kind != wanted:
            raise JsonataError(f"unexpected {found!r} in {self.expression!r}")
        return found

    def _accept(self, text: str) -> bool:
        if self._peek()[0] in ("operator", "name") and self._peek()[1] == text:
            self.position += 1
            return True
        return False

    def _expression(self, binding: int) -> Any:
        value = self._prefix()
        while True:
            kind, text = self._peek()
            power = _BINDING.get(text, 0) if kind in ("operator", "name") else 0
            if power <= binding:
                return value
            self.position += 1
            value = self._infix(value, text, power)

    def _prefix(self) -> Any:
        kind, text = self._take()
        if kind == "number":
            return float(text) if re.search(r"[.eE]", text) else int(text)
        if kind == "text":
            return _unquote(text)
        if kind == "variable":
            return self._variable(text)
        if text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text]
        if text == "-":
            return self._apply(lambda value: -_number(value), self._expression(7))
        if text == "(":
            return self._block()
        if text == "[":
            items = self._listed("]")
            return [item for item in items if item is not NOTHING]
        if text == "{":
            return self._object()
        raise JsonataError(f"{text or kind!r} is not covered here, in {self.expression!r}")

    def _variable(self, text: str) -> Any:
        name = text[1:]
        if self._peek()[1] == ":=":
            self.position += 1
            value = self._expression(0)
            self.variables[name] = value
            return value
        if self._peek() == ("operator", "(") and name in FUNCTIONS:
            self.position += 1
            arguments = self._listed(")")
            if self.lazy:
                return NOTHING
            return _call(name, arguments)
        if name not in self.variables:
            if self.lazy:
                return NOTHING
            raise JsonataError(f"{text} is no variable or function known here, in {self.expression!r}")
        return self.variables[name]

    def _block(self) -> Any:
        value: Any = NOTHING
        while not self._accept(")"):
            value = self._expression(0)
            if not self._accept(";") and self._peek()[1] != ")":
                raise JsonataError(f"expected ')' in {self.expression!r}")
        return value

    def _listed(self, end: str) -> list[Any]:
        items: list[Any] = []
        if self._accept(end):
            return items
        while True:
            items.append(self._expression(0))
            if self._accept(end):
                return items
            self._expect(",")

    def _object(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while not self._accept("}"):
            key = self._expression(0)
            self._expect(":")
            value = self._expression(0)
            if value is not NOTHING:
                members[str(key)] = value
            if self._peek()[1] != "}":
                self._expect(",")
        return members

    def _infix(self, left: Any, text: str, power: int) -> Any:
        if text == "?":
            return self._condition(left)
        if text == ".":
            return _member(left, self._name())
        if text == "[":
            index = self._expression(0)
            self._expect("]")
            return self._apply(lambda value: _item(value, index), left)
        if text in ("and", "or"):
            return self._logical(left, text, power)
        right = self._expression(power)
        return NOTHING if self.lazy else _operate(left, text, right)

    def _name(self) -> str:
        kind, text = self._take()
        if kind == "text":
            return str(_unquote(text))
        if kind != "name":
            raise JsonataError(f"{text!r} after a dot is not covered here, in {self.expression!r}")
        return text.strip("`")

    def _condition(self, left: Any) -> Any:
        truth = _truth(left)
        yes = self._skipping(not truth)
        if not self._accept(":"):
            return yes if truth else NOTHING
        no = self._skipping(truth)
        return yes if truth else no

    def _logical(self, left: Any, text: str, power: int) -> Any:
        decided = _truth(left) == (text == "or")
        right = self._skipping(decided, power)
        return _truth(left) if decided else _truth(right)

    def _skipping(self, skip: bool, binding: int = 0) -> Any:
        self.lazy += skip
        try:
            return self._expression(binding)
        finally:
            self.lazy -= skip

    def _apply(self, function: Callable[[Any], Any], value: Any) -> Any:
        return NOTHING if self.lazy or value is NOTHING else function(value)


def _unquote(text: str) -> Any:
    body = text[1:-1]
    if text[0] == "'":
        body = body.replace("\\'", "'").replace('"', '\\"')
    return json.loads(f'"{body}"')


def _member(value: Any, name: str) -> Any:
    if isinstance(value, list):
        found = [item for item in (_member(entry, name) for entry in value) if item is not NOTHING]
        return found[0] if len(found) == 1 else found or NOTHING
    return value.get(name, NOTHING) if isinstance(value, Mapping) else NOTHING


def _item(value: Any, index: Any) -> Any:
    if isinstance(index, bool) or not isinstance(index, (int, float)):
        raise JsonataError("filters are not covered here")
    items = value if isinstance(value, list) else [value]
    at = math.floor(index)
    return items[at] if -len(items) <= at < len(items) else NOTHING


def _truth(value: Any) -> bool:
    if isinstance(value, list):
        return any(_truth(item) for item in value)
    return value is not NOTHING and bool(value)


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise JsonataError(f"{value!r} is no number")
    return value


def _operate(left: Any, operator: str, right: Any) -> Any:
    if operator == "&":
        return _text(left) + _text(right)
    if operator in ("=", "!="):
        same = left is not NOTHING and right is not NOTHING and type(left) is type(right) and left == right
        same = same or (_is_number(left) and _is_number(right) and left == right)
        return same == (operator == "=")
    if operator == "in":
        return left in (right if isinstance(right, list) else [right])
    if left is NOTHING or right is NOTHING:
        return NOTHING
    if operator in ("<", "<=", ">", ">="):
        if isinstance(left, str) != isinstance(right, str):
            raise JsonataError(f"{left!r} and {right!r} cannot be compared")
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    a, b = _number(left), _number(right)
    if operator in ("/", "%") and b == 0:
        raise JsonataError("division by zero")
    result = {"+": a + b, "-": a - b, "*": a * b}.get(operator)
    if result is None:
        result = a / b if operator == "/" else math.fmod(a, b)
    return int(result) if isinstance(result, float) and result.is_integer() else result


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if value is NOTHING:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _list(value: Any) -> list[Any]:
    if value is NOTHING:
        return []
    return value if isinstance(value, list) else [value]


def _substring(value: str, start: int, length: int | None = None) -> str:
    begin = max(0, start + len(value)) if start < 0 else start
    return value[begin:] if length is None else value[begin : begin + max(0, length)]


def _hash(value: Any, algorithm: str = "SHA-256") -> str:
    name = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}.get(algorithm)
    if name is None:
        raise JsonataError(f"{algorithm!r} is no algorithm of $hash")
    return hashlib.new(name, _text(value).encode(), usedforsecurity=False).hexdigest()


def _parse(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError as error:
        raise JsonataError(f"$parse: {error}") from None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "append": lambda one, two: [*_list(one), *_list(two)],
    "contains": lambda value, part: part in value,
    "count": lambda value=NOTHING: len(_list(value)),
    "exists": lambda value=NOTHING: value is not NOTHING,
    "floor": math.floor,
    "hash": _hash,
    "join": lambda values, separator="": separator.join(_list(values)),
    "keys": lambda value: list(value),
    "length": len,
    "lowercase": lambda value: value.lower(),
    "max": lambda values: max(_list(values)),
    "merge": lambda values: {key: value for item in values for key, value in item.items()},
    "min": lambda values: min(_list(values)),
    "not": lambda value: not _truth(value),
    "number": lambda value: float(value) if "." in str(value) else int(value),
    "parse": _parse,
    "partition": lambda values, size: [values[at : at + size] for at in range(0, len(values), size)],
    "replace": lambda value, old, new: value.replace(old, new),
    "split": lambda value, separator: value.split(separator) if separator else list(value),
    "string": _text,
    "substring": _substring,
    "substringAfter": lambda value, part: value.split(part, 1)[1] if part in value else value,
    "substringBefore": lambda value, part: value.split(part, 1)[0],
    "sum": lambda values: sum(_list(values)),
    "trim": lambda value: " ".join(value.split()),
    "uppercase": lambda value: value.upper(),
    "uuid": lambda: str(uuid.uuid4()),
}
_TAKES_NOTHING = frozenset({"append", "count", "exists", "not", "string", "uuid"})


def _call(name: str, arguments: list[Any]) -> Any:
    """Call a function; most give nothing for nothing, as JSONata's do."""
    if arguments and arguments[0] is NOTHING and name not in _TAKES_NOTHING:
        return NOTHING
    try:
        return FUNCTIONS[name](*arguments)
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise JsonataError(f"${name}: {error}") from None
