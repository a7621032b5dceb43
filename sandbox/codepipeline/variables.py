"""References to variables, `#{namespace.key}`, and what they stand for in one execution. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"#\{([A-Za-z0-9@\-_]+)\.([A-Za-z0-9@\-_]+)\}")

Namespaces = Mapping[str, Mapping[str, str]]


class UnresolvedVariable(Exception):
    """A reference to something that no action produced; the text is the reference."""


def references(text: str) -> list[tuple[str, str]]:
    """The (namespace, key) pairs that a text refers to, in order."""
    return _REFERENCE.findall(text)


def resolve(text: str, namespaces: Namespaces) -> str:
    """The text with every reference replaced by its value.

    Raises:
        UnresolvedVariable: For the first reference without a value.
    """

    def value(match: re.Match[str]) -> str:
        found = namespaces.get(match[1], {}).get(match[2])
        if found is None:
            raise UnresolvedVariable(f"{match[1]}.{match[2]}")
        return found

    return _REFERENCE.sub(value, text)
