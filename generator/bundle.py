"""A bundle: the immutable zip of one request's workspaces, named by its SHA-256 digest. Pure.

Members are stored, not deflated: the bytes (and so the digest) then do not depend on which zlib made
them, and a bundle of plain text is small enough.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_0644 = 0o100644 << 16


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
        ValueError: The tree is empty.
    """
    if not tree:
        raise ValueError("a bundle needs at least one file")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(tree):
            member = zipfile.ZipInfo(path, _EPOCH)
            member.create_system = 3
            member.external_attr = _REGULAR_FILE_0644
            archive.writestr(member, tree[path])
    data = buffer.getvalue()
    return Bundle(data, hashlib.sha256(data).hexdigest())
