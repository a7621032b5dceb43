"""Text to documents: what is accepted, what is explained, and where things are."""

from __future__ import annotations

import json
import time

import pytest

from generator.load import MAX_BYTES, SourceFloat, load_text


def values(data: bytes | str, name: str = "config.yaml") -> list[object]:
    loaded = load_text(data.encode() if isinstance(data, str) else data, name=name)
    assert loaded.problems == []
    return [document.value for document in loaded.documents]


def faults(data: bytes | str, name: str = "config.yaml") -> list[tuple[str, int, int]]:
    loaded = load_text(data.encode() if isinstance(data, str) else data, name=name)
    for problem in loaded.problems:
        assert problem.message
    return [(problem.code, problem.line, problem.column) for problem in loaded.problems]


@pytest.mark.parametrize("name", ["config.json", "config.yaml", "-"])
def test_json_is_read_whatever_the_file_is_called(name: str) -> None:
    assert values('{"a": [1, 2.5, true, null, "x"]}', name) == [{"a": [1, 2.5, True, None, "x"]}]


def test_a_list_is_several_documents_with_their_places() -> None:
    loaded = load_text(b'[{"a": 1},\n {"b": 2}]', name="x.json")

    assert [(document.value, document.key_prefix) for document in loaded.documents] == [
        ({"a": 1}, "[0]"),
        ({"b": 2}, "[1]"),
    ]
    assert loaded.documents[1].position("b") == (2, 3)


def test_several_yaml_documents_are_like_a_list_and_empty_ones_do_not_count() -> None:
    loaded = load_text(b"a: 1\n---\nb: 2\n---\n", name="x.yaml")

    assert [(document.value, document.key_prefix) for document in loaded.documents] == [
        ({"a": 1}, "[0]"),
        ({"b": 2}, "[1]"),
    ]
    assert loaded.documents[1].position("b") == (3, 1)


@pytest.mark.parametrize("name", ["x.json", "x.yaml"])
def test_a_byte_order_mark_is_no_matter(name: str) -> None:
    assert values(b'\xef\xbb\xbf{"a": 1}', name) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2024-01-01", "2024-01-01"),
        ("012345678901", "012345678901"),
        ("0o17", "0o17"),
        ("1:30", "1:30"),
        ("1e3", 1000.0),
        ("-7", -7),
        ("~", None),
        ("True", True),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("1_000", "1_000"),
        (".", "."),
        ("-", None),
    ],
)
def test_plain_words_of_yaml_mean_what_json_would_mean(text: str, value: object) -> None:
    if text == "-":
        assert values("a:\n  -") == [{"a": [None]}]
        return
    assert values(f"a: {text}") == [{"a": value}]


@pytest.mark.parametrize("text", ['{"version": 1.10}', "version: 1.10"])
def test_numbers_remember_how_they_were_written(text: str) -> None:
    (document,) = values(text)

    assert isinstance(document, dict)
    assert isinstance(document["version"], SourceFloat)
    assert document["version"].source == "1.10"
    assert json.dumps(document) == '{"version": 1.1}'


def test_anchors_aliases_and_merge_keys_are_resolved() -> None:
    text = "base: &base {a: 1, b: [x]}\nsame: *base\nmore:\n  <<: *base\n  b: 2\nboth:\n  <<: [{c: 3}, *base]\n"

    assert values(text) == [
        {
            "base": {"a": 1, "b": ["x"]},
            "same": {"a": 1, "b": ["x"]},
            "more": {"a": 1, "b": 2},
            "both": {"a": 1, "b": ["x"], "c": 3},
        }
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("empty-file", 1, 1)),
        (" \n\t\n", ("empty-file", 1, 1)),
        ("# only a comment\n", ("empty-file", 1, 1)),
        ("[]", ("empty-file", 1, 1)),
        ("a: 1\n\tb: 2\n", ("tab-indentation", 2, 1)),
        ("a:\n\t- 1\n", ("tab-indentation", 2, 1)),
        ("a: b: c\n", ("bad-yaml", 1, 5)),
        ("a: 'x\n", ("bad-yaml", 2, 1)),
        ("a: *nothing\n", ("bad-yaml", 1, 4)),
        ("a: &x [*x]\n", ("bad-yaml", 1, 8)),
        ("a: !!python/object/apply:os.system [ls]\n", ("bad-yaml", 1, 4)),
        ("? [1]\n: 2\n", ("bad-yaml", 1, 3)),
        ("<<: 3\n", ("bad-yaml", 1, 5)),
        ('a: "\\0"\n', ("control-character", 1, 1)),
        ("a: \x01\n", ("control-character", 1, 4)),
    ],
)
def test_faulty_yaml_is_explained_at_its_place(text: str, expected: tuple[str, int, int]) -> None:
    assert faults(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected", "says"),
    [
        ('{"a": 1,}', ("bad-json", 1, 9), "comma"),
        ('{"a": [1,]}', ("bad-json", 1, 10), "comma"),
        ("{'a': 1}", ("bad-json", 1, 2), "single quotes"),
        ('{"a": 1 // no\n}', ("bad-json", 1, 9), "comment"),
        ('{"a": 1', ("bad-json", 1, 8), "ends before"),
        ('{"a": "x', ("bad-json", 1, 7), "not JSON"),
        ('{"a": True}', ("bad-json", 1, 7), "write true"),
        ('{"a": None}', ("bad-json", 1, 7), "write null"),
        ('{"a": hello}', ("bad-json", 1, 7), "quote it"),
        ('{"a": 1 "b": 2}', ("bad-json", 1, 9), "comma"),
        ("{a: 1}", ("bad-json", 1, 2), "key in double quotes"),
        ('{"a": 1} {"b": 2}', ("bad-json", 1, 10), "goes on"),
        ('{"a": "x\ty"}', ("bad-json", 1, 9), "tab or line break"),
        ('{"a": "NaN",\n "b": [NaN]}', ("bad-json", 2, 8), "no number"),
        ('{"a": 1e999999}', ("ok", 0, 0), ""),
        ('{"a": ' + "9" * 5000 + "}", ("bad-json", 1, 1), "digits"),
        ('{"a": "\\ud800"}', ("control-character", 1, 2), "surrogate"),
        ('{"a": "\\u0000"}', ("control-character", 1, 2), "control character"),
    ],
)
def test_faulty_json_is_explained_at_its_place(text: str, expected: tuple[str, int, int], says: str) -> None:
    if expected[0] == "ok":
        assert faults(text, "x.json") == []
        return
    (problem,) = load_text(text.encode(), name="x.json").problems

    assert (problem.code, problem.line, problem.column) == expected
    assert says in f"{problem.message} {problem.fix}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", '{"a": 1,\n "b": {"c": 1, "c": 2},\n "a": 3}'),
        ("x.yaml", "a: 1\nb: {c: 1, c: 2}\na: 3\n"),
    ],
)
def test_repeated_keys_are_told_where_they_stand_again(name: str, text: str) -> None:
    problems = load_text(text.encode(), name=name).problems

    assert [(problem.code, problem.key, problem.line) for problem in problems] == [
        ("repeated-key", "b.c", 2),
        ("repeated-key", "a", 3),
    ]


@pytest.mark.parametrize(
    "data", [b"\xff\xfea\x00", b"\xfe\xff\x00a", b"a\x00b\x00", "näme: x".encode("latin-1"), b"a: \xed\xa0\x80"]
)
def test_other_encodings_are_refused_with_advice(data: bytes) -> None:
    (problem,) = load_text(data, name="x.yaml").problems

    assert problem.code == "not-utf-8"
    assert problem.fix == "save the file as UTF-8"


def test_the_place_of_a_wrong_byte_is_told() -> None:
    assert faults(b"a: 1\nb: n\xe4me\n") == [("not-utf-8", 2, 5)]


@pytest.mark.parametrize(
    "data",
    [b"[" * 100_000, b"a: " + b"[" * 100_000, b"- " * 100_000, b"{" * 100_000, b'{"a":' * 70 + b"1" + b"}" * 70],
)
@pytest.mark.parametrize("name", ["x.json", "x.yaml"])
def test_deep_nesting_is_a_problem_and_no_crash(data: bytes, name: str) -> None:
    codes = {code for code, _, _ in faults(data, name)}

    assert codes <= {"too-deep", "bad-json", "bad-yaml"}
    assert codes


def test_a_huge_file_is_refused_at_once() -> None:
    started = time.perf_counter()

    assert faults(b"x" * (MAX_BYTES + 1)) == [("too-large", 1, 1)]
    assert time.perf_counter() - started < 1


def test_aliases_that_expand_to_too_much_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    assert faults("\n".join(lines))[0][0] == "too-large"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", '{\n  "a": {"b": [1, {"c d": "ä", "e": 2}]},\n  "f": 3}'),
        ("x.yaml", "a:\n  b: [1, {c d: ä, e: 2}]\nf: 3\n"),
    ],
)
def test_positions_are_those_of_the_keys_and_else_of_what_is_around(name: str, text: str) -> None:
    (document,) = load_text(text.encode(), name=name).documents
    lines = text.splitlines()

    def at(key: str) -> str:
        line, column = document.position(key)
        return lines[line - 1][column - 1 :].lstrip('"')

    assert at("a").startswith("a")
    assert at("a.b").startswith("b")
    assert at("a.b[0]").startswith("1")
    assert at("a.b[1]").startswith("{")
    assert at("a.b[1].e").startswith("e")
    assert at("a.b[1].missing").startswith("{")
    assert at("f").startswith("f")
    assert document.position("missing") == document.position("")


def test_positions_inside_a_list_of_requests() -> None:
    (_, second) = load_text(b"- a: 1\n- b:\n    c: 2\n", name="x.yml").documents

    assert second.position("b.c") == (3, 5)
    assert second.position("") == (2, 3)


def test_keys_of_every_document_of_several_have_their_places() -> None:
    loaded = load_text(b"a: [1, {b: 2}]\n---\na: [1, {b: 2}]\nc: 1\nc: 2\n", name="x.yaml")

    assert [document.position("a[1].b") for document in loaded.documents] == [(1, 9), (3, 9)]
    assert [(problem.key, problem.line) for problem in loaded.problems] == [("[1].c", 5)]
    first = load_text(b"c: 1\nc: 2\n---\na: 1\n", name="x.yaml")
    assert [(problem.key, problem.line) for problem in first.problems] == [("[0].c", 2)]
