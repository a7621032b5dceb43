"""Entry point of the inference API's Lambda: POST /inference.

The answers are those that callers of the AWS solution know: the model's output as text with the header
``Content-Type: plain/text``, and errors as ``{"message", "detailedMessage"}``. Whoever names ``accept``
gets the content type that the model answers with.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.session import get_session

from .request import BadRequest, endpoint_arguments

log = logging.getLogger()
log.setLevel(logging.INFO)

_TEXT = "plain/text"
_UNEXPECTED = "An Unexpected Server side exception occurred"


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer one API Gateway proxy event."""
    try:
        arguments = endpoint_arguments(event)
        answer = _client().invoke_endpoint(EndpointName=os.environ["ENDPOINT_NAME"], **arguments)
        content_type = answer.get("ContentType", _TEXT) if "Accept" in arguments else _TEXT
        return _reply(200, answer["Body"].read().decode("utf-8"), content_type)
    except BadRequest as error:
        return _error(400, "A BadRequest exception occurred", error)
    except ClientError as error:
        log.warning("the endpoint refused the request: %s", error)
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return _error(status, "A boto3 ClientError occurred", error)
    except ReadTimeoutError as error:
        log.warning("the endpoint did not answer in time")
        return _error(504, _UNEXPECTED, error)
    except UnicodeDecodeError:
        return _error(500, _UNEXPECTED, ValueError("the model's answer is not text, and this API carries only text"))
    except Exception as error:
        log.exception("unexpected failure")
        return _error(500, _UNEXPECTED, error)


@cache
def _client() -> Any:
    # One attempt, given up a second before Lambda (and API Gateway) would: the caller gets an answer.
    seconds = max(1, int(os.environ.get("TIMEOUT_SECONDS", "29")) - 1)
    config = Config(connect_timeout=3, read_timeout=seconds, retries={"total_max_attempts": 1, "mode": "standard"})
    return get_session().create_client("sagemaker-runtime", config=config)


def _error(status: int, message: str, error: Exception) -> dict[str, Any]:
    body = {"message": message}
    if os.environ.get("DETAILED_ERROR_MESSAGES", "true") == "true":
        body["detailedMessage"] = str(error)
    return _reply(status, json.dumps(body), _TEXT)


def _reply(status: int, body: str, content_type: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "isBase64Encoded": False,
        "body": body,
        "headers": {"Content-Type": content_type},
    }
