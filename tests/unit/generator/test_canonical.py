"""The JSON writer: stable bytes that read back as the same values."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from generator.canonical import canonical_json

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _VALUES, max_size=5))
def test_what_is_written_reads_back_the_same(document: dict[str, object]) -> None:
    assert json.loads(canonical_json(document)) == document


def test_keys_are_sorted_one_line_each() -> None:
    assert canonical_json({"b": {"y": 1, "x": 2}, "a": "ü"}) == '{\n  "a": "ü",\n  "b": {"x": 2, "y": 1}\n}\n'.encode()


def test_template_markers_stay_as_they_are() -> None:
    text = '${path.module} %{if true} "quoted"\n{{ jinja }}'
    assert json.loads(canonical_json({"a": text})) == {"a": text}
