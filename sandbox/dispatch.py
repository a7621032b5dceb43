"""moto's dispatcher, without the work that it does anew for every request, and without its memory.

moto lists its own folder at each request to find out which service is meant, and inspects the service's
class to find out which methods it has; together that is half of what a request costs. It also keeps every
object that it ever made, each version of each S3 object included, for an overview that nobody asks for
here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from moto import backends
from moto.core import responses
from moto.core.common_models import BaseModel
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app


class Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]
    """Finds the Flask application of a request's service, and remembers by host name which one that was."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._by_host: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        """The service behind a host name; None if there is none."""
        if host not in self._by_host:
            self._by_host[host] = super().get_backend_for_host(host)
        return self._by_host[host]


def install() -> None:
    """Remember moto's services and the methods of their classes; extensions change a class before its first
    call.
    """
    names = sorted(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: iter(names)
    responses.method_names_from_class = cache(responses.method_names_from_class)
    BaseModel.__new__ = lambda cls, *arguments, **named: object.__new__(cls)
