"""How an action ends other than well."""

from __future__ import annotations

from botocore.exceptions import ClientError


class ActionFailure(Exception):
    """The action failed: the code and message of its error details, and the name of what failed outside.

    Codes are those of AWS's job failures: JobFailed, ConfigurationError, PermissionError, RevisionUnavailable, ...
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ActionAbandoned(Exception):
    """The execution was told not to wait for the action any longer."""


def refused(prefix: str, error: ClientError) -> ActionFailure:
    """The failure of an action whose call AWS refused: a permission error if that is what it was. Pure."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    kind = "PermissionError" if status == 403 or code.startswith("AccessDenied") else "ConfigurationError"
    return ActionFailure(kind, f"{prefix}{message} (Status Code: {status}; Error Code: {code})")
