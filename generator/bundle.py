"""A bundle: the immutable zip of one request's workspaces, named by its SHA-256 digest. Pure.

Members are stored, not deflated: the bytes (and so the digest) then do not depend on which zlib made
them, and a bundle of plain text is small enough. The zip is put together here rather than by
``zipfile``, byte for byte as that would: most members are the same in every bundle of a type, and a
remembered member costs nothing.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

_VERSION = 20
_UNIX = 3
_UTF8_NAME = 0x800
# 1980-01-01 00:00:00, the earliest time that a zip knows, as MS-DOS writes it.
_TIME, _DATE = 0, (1 << 5) | 1
_REGULAR_FILE_0644 = 0o100644 << 16
_LIMIT_BYTES, _LIMIT_MEMBERS = 0x7FFF_FFFF, 0xFFFF
_local_header = Struct("<4s5H3L2H")
_central_header = Struct("<4s4B4H3L5H2L")
_end_record = Struct("<4s4H2LH")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The zip's bytes and their SHA-256 in hexadecimal."""

    data: bytes
    digest: str


def build_bundle(tree: Mapping[str, bytes]) -> Bundle:
    """Zip a tree so that equal trees give equal bytes.

    Args:
        tree: Path in the bundle (POSIX, relative) to content.

    Raises:
        ValueError: The tree is empty, or larger than a plain zip holds (2 GiB, 65,535 files).
    """
    if not tree:
        raise ValueError("a bundle needs at least one file")
    members, directory, offset = [], [], 0
    for path in sorted(tree):
        member, entry = _member(path, tree[path])
        members.append(member)
        directory.append(entry[:-4] + offset.to_bytes(4, "little") + _name(path))
        offset += len(member)
        if offset > _LIMIT_BYTES:
            raise ValueError("a bundle holds at most 2 GiB")
    if len(members) > _LIMIT_MEMBERS:
        raise ValueError(f"a bundle holds at most {_LIMIT_MEMBERS} files")
    entries = b"".join(directory)
    end = _end_record.pack(b"PK\5\6", 0, 0, len(members), len(members), len(entries), offset, 0)
    data = b"".join([*members, entries, end])
    return Bundle(data, hashlib.sha256(data).hexdigest())


@lru_cache(maxsize=1024)
def _member(path: str, content: bytes) -> tuple[bytes, bytes]:
    """Return a member with its header, and its entry in the directory, without the name, with offset 0."""
    name = _name(path)
    flags = 0 if path.isascii() else _UTF8_NAME
    checksum, size = zlib.crc32(content), len(content)
    header = _local_header.pack(
        b"PK\3\4", _VERSION, flags, 0, _TIME, _DATE, checksum, size, size, len(name), 0
    )
    entry = _central_header.pack(
        b"PK\1\2", _VERSION, _UNIX, _VERSION, 0, flags, 0, _TIME, _DATE, checksum, size, size,
        len(name), 0, 0, 0, 0, _REGULAR_FILE_0644, 0,
    )  # fmt: skip
    return header + name + content, entry


def _name(path: str) -> bytes:
    return path.encode()
