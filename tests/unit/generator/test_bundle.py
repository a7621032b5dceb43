"""Bundles: equal trees give equal bytes, whatever the order, the place or the hash seed."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest

from generator.bundle import build_bundle


def test_bundle_does_not_depend_on_the_order_of_the_tree() -> None:
    first = build_bundle({"b/two": b"2", "a": b"1"})
    second = build_bundle({"a": b"1", "b/two": b"2"})
    assert first == second


def test_bundle_is_named_by_the_hash_of_its_bytes() -> None:
    bundle = build_bundle({"a": b"1"})
    assert bundle.digest == hashlib.sha256(bundle.data).hexdigest()


def test_bundle_holds_sorted_members_with_fixed_times_and_modes() -> None:
    bundle = build_bundle({"z": b"1", "a/b": b"2", "a/a": b"3"})
    with zipfile.ZipFile(io.BytesIO(bundle.data)) as archive:
        members = archive.infolist()
        assert [member.filename for member in members] == ["a/a", "a/b", "z"]
        assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
        assert {member.external_attr >> 16 for member in members} == {0o100644}
        assert archive.read("a/b") == b"2"


def test_one_byte_more_is_another_bundle() -> None:
    assert build_bundle({"a": b"1"}).digest != build_bundle({"a": b"1 "}).digest


def test_an_empty_tree_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one file"):
        build_bundle({})


@pytest.mark.parametrize(
    "tree",
    [
        {"a": b"x"},
        {"b/c.txt": b"", "a": b"\0" * 1000, "é/ü": "ä".encode()},
        {f"f{number}": bytes([number % 256]) * number for number in range(300)},
    ],
)
def test_zip_is_what_the_standard_library_would_write(tree: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(tree):
            member = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            member.external_attr = 0o100644 << 16
            archive.writestr(member, tree[path])
    assert build_bundle(tree).data == buffer.getvalue()
