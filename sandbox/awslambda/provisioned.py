"""Provisioned concurrency, which moto does not have: kept with the function, and ready at once."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_paths
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.utils import iso_8601_datetime_with_milliseconds

_PATH = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/provisioned-concurrency/?$"


class _NotFound(JsonRESTError):  # type: ignore[misc]
    code = 404


def install() -> None:
    """Add the calls."""
    url_paths[_PATH] = LambdaResponse.dispatch
    LambdaResponse.put_provisioned_concurrency_config = _put
    LambdaResponse.get_provisioned_concurrency_config = _get
    LambdaResponse.delete_provisioned_concurrency_config = _delete
    LambdaResponse.list_provisioned_concurrency_configs = _list


def _put(self: Any) -> Any:
    count = int(self.json_body["ProvisionedConcurrentExecutions"])
    configs, qualifier = _configs(self)
    configs[qualifier] = {
        "AllocatedProvisionedConcurrentExecutions": count,
        "AvailableProvisionedConcurrentExecutions": count,
        "LastModified": iso_8601_datetime_with_milliseconds(),
        "RequestedProvisionedConcurrentExecutions": count,
        "Status": "READY",
    }
    return ActionResult(configs[qualifier])


def _get(self: Any) -> Any:
    configs, qualifier = _configs(self)
    if qualifier not in configs:
        message = "No Provisioned Concurrency Config found for this function"
        raise _NotFound("ProvisionedConcurrencyConfigNotFoundException", message)
    return ActionResult(configs[qualifier])


def _delete(self: Any) -> Any:
    configs, qualifier = _configs(self)
    configs.pop(qualifier, None)
    return 204, {"status": 204}, ""


def _list(self: Any) -> Any:
    configs, _ = _configs(self)
    name = unquote(self.path.split("/functions/")[1].split("/")[0])
    function = self.backend.get_function(name)
    listed = [value | {"FunctionArn": f"{function.function_arn}:{key}"} for key, value in configs.items()]
    return ActionResult({"ProvisionedConcurrencyConfigs": listed})


def _configs(self: Any) -> tuple[dict[str, Any], str]:
    """The configurations of the function that the path names, by qualifier, and the qualifier asked for."""
    name = unquote(self.path.split("/functions/")[1].split("/")[0])
    qualifier = dict(parse_qsl(self.parsed_url.query)).get("Qualifier", "")
    function = self.backend.get_function(name)
    if qualifier:
        self.backend.get_function(name, qualifier)
    return function.__dict__.setdefault("provisioned_concurrency", {}), qualifier
