"""The kind ``aws_api``: what is live, declared as one read of an AWS API and the answer that is expected.

For modules whose things have no kind of their own. An item of a module's output ``live``::

    {
      kind       = "aws_api"
      name       = "table acme-ml-dev-users"                       how messages call it
      service    = "dynamodb"                                      boto3's name of the service
      operation  = "describe_table"                                boto3's name of a call that reads
      parameters = { TableName = aws_dynamodb_table.this.name }
      expect     = { "Table.TableStatus" = "ACTIVE" }              JMESPath expression to value
      wait_while = { "Table.TableStatus" = ["CREATING"] }          optional: values that mean "not yet"
    }
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from .aws import error_code
from .waiting import NotLive, Site

_READS = ("batch_get_", "describe_", "get_", "head_", "list_", "search_")
_MISSING = ("NotFound", "NoSuch", "NonExistent", "DoesNotExist")
_READY = "ready"


def check_api(item: Mapping[str, Any], site: Site) -> str:
    """Return a sentence about what was read; raise ``NotLive`` with every difference."""
    what, wanted = _label(item), item.get("expect") or {}
    answer = site.settle(what, lambda: _ask(item, site), _busy(item))
    wrong = [
        f"{expression} is {_shown(found)}, planned was {_shown(value)}"
        for expression, value in wanted.items()
        if (found := _search(expression, answer)) != value
    ]
    if wrong:
        raise NotLive(f"{what}: {'; '.join(wrong)}")
    seen = ", ".join(f"{expression} {_shown(value)}" for expression, value in wanted.items())
    return f"{what} is there{f' with {seen}' if seen else ''}"


def api_gone(item: Mapping[str, Any], site: Site) -> None:
    """Raise ``NotLive`` if the call still finds what was expected."""
    what, wanted = _label(item), item.get("expect") or {}
    try:
        answer = site.settle(what, lambda: _ask(item, site), _busy(item))
    except Exception as error:
        if is_not_found(error):
            return
        raise
    # A list of nothing is an answer too.
    if wanted and all(_search(expression, answer) in (None, [], {}) for expression in wanted):
        return
    raise NotLive(f"{what} still exists")


def is_not_found(error: Exception) -> bool:
    """Whether an error of any service says that the thing does not exist. Pure."""
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    return status == 404 or any(words in error_code(error) for words in _MISSING)


def _ask(item: Mapping[str, Any], site: Site) -> tuple[str, Any]:
    operation = str(item["operation"])
    if not operation.startswith(_READS):
        raise NotLive(f"{_label(item)}: {operation} is not a call that reads ({', '.join(_READS)})")
    answer = getattr(site.client(str(item["service"])), operation)(**item.get("parameters", {}))
    for expression, values in (item.get("wait_while") or {}).items():
        if (found := _search(expression, answer)) in values:
            return str(found), answer
    return _READY, answer


def _busy(item: Mapping[str, Any]) -> set[str]:
    return {str(value) for values in (item.get("wait_while") or {}).values() for value in values} - {_READY}


def _search(expression: str, answer: Any) -> Any:
    # boto3 brings it along.
    import jmespath

    return _plain(jmespath.search(expression, answer))


def _plain(value: Any) -> Any:
    """Return a value of boto3's as JSON would have it."""
    if isinstance(value, Mapping):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def _label(item: Mapping[str, Any]) -> str:
    return str(item.get("name") or f"{item.get('service')} {item.get('operation')}")


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
