"""Clients that act as whoever made a request: what AWS calls forward access sessions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from moto.utilities.utils import get_partition

from sandbox.accounts import principal_of
from sandbox.apis.operations import Call


def client_of_caller(call: Call, service: str) -> Any:
    """A client of the sandbox with the credentials that signed `call`, so that the caller's own permissions
    count.
    """
    caller = principal_of(call.access_key, get_partition(call.region))
    return _client(
        service,
        call.region,
        call.context.base_url,
        call.access_key or call.account_id,
        caller.secret,
        caller.session_token,
    )


@lru_cache(maxsize=128)
def _client(service: str, region: str, url: str, key: str, secret: str, token: str | None) -> Any:
    return boto3.Session().client(  # type: ignore[call-overload]
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
