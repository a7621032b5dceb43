"""SigV4 of requests to an API: who signed, and whether the signature is right."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.accounts import Principal, principal_of

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
MAX_SKEW = timedelta(minutes=5)


class SignatureRefused(Exception):
    """A request that is not signed, or not rightly: `kind` is AWS's error type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def signer(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Principal:
    """Who signed a request.

    Args:
        method: As sent.
        url: As sent, path percent-encoded, with its query.
        headers: Names in lower case.
        body: The payload.

    Raises:
        SignatureRefused: Nobody did, or the signature is wrong, or older than five minutes.
    """
    found = _AUTHORIZATION.fullmatch(headers.get("authorization", "").strip())
    if found is None:
        if "authorization" in headers:
            message = "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters."
            raise SignatureRefused("IncompleteSignatureException", message)
        raise SignatureRefused("MissingAuthenticationTokenException", "Missing Authentication Token")
    if found["service"] != "execute-api":
        message = "Credential should be scoped to correct service: 'execute-api'."
        raise SignatureRefused("InvalidSignatureException", message)
    principal = principal_of(found["key"])
    if principal.session_token is not None and headers.get("x-amz-security-token") != principal.session_token:
        message = "The security token included in the request is invalid."
        raise SignatureRefused("UnrecognizedClientException", message)
    if principal.expired:
        raise SignatureRefused("ExpiredTokenException", "The security token included in the request is expired")
    _check_time(headers.get("x-amz-date", ""))
    _check_payload(headers, body)
    expected = _signature(principal.secret, method, url, headers, body, found)
    if not hmac.compare_digest(expected, found["signature"]):
        raise SignatureRefused(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.",
        )
    return principal


def _signature(
    secret: str, method: str, url: str, headers: Mapping[str, str], body: bytes, found: re.Match[str]
) -> str:
    signed = {name: headers.get(name, "") for name in found["headers"].split(";")}
    request = AWSRequest(method=method, url=url, data=body, headers=signed)
    request.context["timestamp"] = headers.get("x-amz-date", "")
    auth = SigV4Auth(Credentials(found["key"], secret), found["service"], found["region"])
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return str(auth.signature(text, request))


def _check_time(text: str) -> None:
    try:
        moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        message = f"Date must be in ISO-8601 'basic format'. Got '{text}'."
        raise SignatureRefused("IncompleteSignatureException", message) from None
    now = datetime.now(UTC)
    if abs(now - moment) > MAX_SKEW:
        message = f"Signature expired: {text} is not within 5 minutes of {now:%Y%m%dT%H%M%SZ}"
        raise SignatureRefused("InvalidSignatureException", message)


def _check_payload(headers: Mapping[str, str], body: bytes) -> None:
    stated = headers.get("x-amz-content-sha256")
    if stated not in (None, "UNSIGNED-PAYLOAD") and stated != hashlib.sha256(body).hexdigest():
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise SignatureRefused("InvalidSignatureException", message)
