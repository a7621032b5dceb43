"""The JSONata that state machines may use in the sandbox, and what is refused rather than guessed."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from sandbox.stepfunctions.jsonata import JsonataError, evaluate

STATES = {
    "input": {
        "name": "churn",
        "n": 3,
        "empty": None,
        "items": [{"id": 1}, {"id": 2}],
        "one": [{"id": 7}],
        "text": '{"a": [1, 2]}',
        "odd key": True,
    },
    "context": {"Execution": {"Name": "release-1"}},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.name", "churn"),
        ("$states.input.items[1].id", 2),
        ("$states.input.items[-1].id", 2),
        ("$states.input.items.id", [1, 2]),
        ("$states.input.one.id", 7),
        ("$states.input.empty", None),
        ("$states.input.`odd key`", True),
        ("$states.input.'odd key'", True),
        ("'a' & \"b\" & 1 & $states.input.nowhere", "ab1"),
        ("'it\\'s'", "it's"),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("-(1 + 2) % 2", -1),
        ("7 / 2", 3.5),
        ("1 < 2 and 2 <= 2 and false or true", True),
        ("$states.input.n = 3 ? 'three' : 'other'", "three"),
        ("$exists($states.input.nowhere) ? $states.input.nowhere.deeper : 'none'", "none"),
        ("$states.input.n in [1, 3]", True),
        ("{'a': $states.input.n, 'b': $states.input.nowhere}", {"a": 3}),
        ("[1, $states.input.nowhere, 2]", [1, 2]),
        ("($a := 2; $b := $a * 2; $a + $b)", 6),
        ("$substring('hello', 1, 3)", "ell"),
        ("$substring('hello', -3)", "llo"),
        ("$hash('release-1', 'SHA-256')", hashlib.sha256(b"release-1").hexdigest()),
        ("$hash('release-1', 'MD5')", hashlib.md5(b"release-1").hexdigest()),
        ("$parse($states.input.text).a[0]", 1),
        ("$partition([1, 2, 3], 2)", [[1, 2], [3]]),
        ("$count($states.input.items)", 2),
        ("$join($split('a-b-c', '-'), '/')", "a/b/c"),
        ("$merge([{'a': 1}, {'b': 2}])", {"a": 1, "b": 2}),
        ("$string({'a': [1, true, null]})", '{"a":[1,true,null]}'),
        ("$substringBefore($uppercase('a-b'), '-')", "A"),
    ],
)
def test_value_of_an_expression(expression: str, value: Any) -> None:
    assert evaluate(expression, {"states": STATES}) == value


def test_job_name_is_ten_digits_whatever_the_execution_is_called() -> None:
    expression = "'churn-' & $substring($hash($states.context.Execution.Name, 'SHA-256'), 0, 10)"
    for name in ("a", "release-" + "0" * 32 + "-1", "x" * 80):
        value = evaluate(expression, {"states": {"context": {"Execution": {"Name": name}}}})
        assert value == "churn-" + hashlib.sha256(name.encode()).hexdigest()[:10]


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("$states.input.nowhere", "returned nothing"),
        ("$map([1], function($v) { $v })", "\\$map is no variable or function"),
        ("$states.input.items[id=1]", "is not covered"),
        ("$states.input.items[$states.input.name]", "filters are not covered"),
        ("$nowhere", "no variable or function"),
        ("'a' < 1", "cannot be compared"),
        ("'a' + 1", "is no number"),
        ("1 / 0", "division by zero"),
        ("(1", "expected"),
        ("1 2", "unexpected"),
        ("#", "unexpected"),
        ("$hash('a', 'CRC')", "no algorithm"),
        ("$parse('{')", "\\$parse"),
        ("$substring()", "\\$substring"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(JsonataError, match=reason):
        evaluate(expression, {"states": STATES})
