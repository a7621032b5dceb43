"""Ids that the caller chooses with the tag `_custom_id_`: a rehearsal makes the very keys and subnets that files name.

Not an extension: `kms` and `ec2` wrap with these what makes an id and what asks for one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

TAG = "_custom_id_"
_wanted: ContextVar[str | None] = ContextVar("wanted", default=None)


def choosing(random_id: Callable[..., str]) -> Callable[..., str]:
    """The maker of ids, giving the chosen one where there is one."""
    return lambda *args, **kwargs: _wanted.get() or random_id(*args, **kwargs)


def asking(create: Callable[..., Any], tags_of: Callable[[Any], Mapping[str, str]]) -> Callable[..., Any]:
    """The method `create`, during which its tags choose the id; `tags_of` reads its argument `tags`."""

    signature = inspect.signature(create)

    def create_with_id(*args: Any, **kwargs: Any) -> Any:
        tags = signature.bind(*args, **kwargs).arguments.get("tags")
        token = _wanted.set(tags_of(tags).get(TAG) if tags else None)
        try:
            return create(*args, **kwargs)
        finally:
            _wanted.reset(token)

    return create_with_id
