"""The one JSON writer: sorted keys, LF, stable bytes, one line for each top-level key. Pure.

Values are encoded by the C encoder in one go (``indent`` would fall back to a far slower one),
while a line for each top-level key keeps differences readable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_encode = json.JSONEncoder(sort_keys=True, separators=(", ", ": "), ensure_ascii=False).encode
_encode_compact = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """Return a JSON object as UTF-8 text that depends on its content alone, ending in a newline."""
    lines = ",\n".join(f"  {_encode(key)}: {_encode(document[key])}" for key in sorted(document))
    # A lone surrogate cannot be UTF-8; its backslash form is the JSON escape of the same character.
    return f"{{\n{lines}\n}}\n".encode(errors="backslashreplace")


def compact_json(value: Any) -> str:
    """Return any JSON value on one line without blanks, for hashing and for wire formats."""
    return _encode_compact(value)
