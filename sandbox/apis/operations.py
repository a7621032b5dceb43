"""A service's operations as functions of a checked request, put in the place of moto's own.

moto finds the method of an operation by name on the service's response class at every call, so setting an
attribute on that class is all it takes to answer an operation differently, or for the first time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from werkzeug.wrappers import Request, Response

from sandbox.accounts import access_key_id, account_of
from sandbox.apis.shapes import WrongType, message, operation_model, parse, problems
from sandbox.errors import SandboxFault, error_response

if TYPE_CHECKING:
    from sandbox.context import Context

_SCOPE = re.compile(r"Credential=[^/]+/[0-9]{8}/([^/]+)/")


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an operation: who is asked (account, region), what for, and the key that signed it.

    `params` is the request with AWS's member names, already checked against the service model; timestamps are
    datetimes and absent members are absent.
    """

    context: Context
    account_id: str
    region: str
    operation: str
    params: dict[str, Any]
    access_key: str = ""

    def __getitem__(self, name: str) -> Any:
        return self.params[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The member, or `default` where the request has none."""
        return self.params.get(name, default)


Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
Operation = Callable[[Call], dict[str, Any] | None]


class Operations:
    """The operations of one service that the sandbox answers itself.

    Args:
        service: botocore's name of the service.
        validation_code: Error code for requests that break the model's constraints.
    """

    def __init__(self, service: str, validation_code: str = "ValidationException") -> None:
        self.service = service
        self.validation_code = validation_code
        self.functions: dict[str, Operation] = {}

    def __call__(self, name: str) -> Callable[[Operation], Operation]:
        """Decorator: the function answers the operation `name` (`CreateModel`)."""

        def register(function: Operation) -> Operation:
            operation_model(self.service, name)
            self.functions[name] = function
            return function

        return register

    def check(self, operation: str, body: Any) -> dict[str, Any]:
        """The request's members, checked.

        Raises:
            SandboxFault: SerializationException or the service's validation error.
        """
        shape = operation_model(self.service, operation).input_shape
        if shape is None:
            return {}
        try:
            found = problems(shape, body)
        except WrongType as error:
            raise SandboxFault("SerializationException", str(error)) from None
        if found:
            raise SandboxFault(self.validation_code, message(found))
        checked: dict[str, Any] = parse(shape, body)
        return checked

    def install(self, context: Context, response_class: type) -> None:
        """Serve every registered operation through moto's response class of the service."""
        for name, function in self.functions.items():
            setattr(response_class, camelcase_to_underscores(name), self._method(context, name, function))

    def front(self, context: Context, target_prefix: str) -> Callable[[dict[str, Any]], Application | None]:
        """For `context.front`: serves the calls of a JSON service that moto does not have.

        Args:
            context: The sandbox.
            target_prefix: What the service's `X-Amz-Target` header has before the operation.
        """

        def choose(environ: dict[str, Any]) -> Application | None:
            prefix, _, name = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
            if prefix != target_prefix:
                return None
            return self._application(context, name, self.functions.get(name))

        return choose

    def _application(self, context: Context, name: str, function: Operation | None) -> Application:
        def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            request = Request(environ)
            key = access_key_id(request.headers, {})
            scope = _SCOPE.search(request.headers.get("Authorization", ""))
            region = scope.group(1) if scope else context.region
            try:
                if function is None:
                    raise SandboxFault("UnknownOperationException", f"{self.service} has no operation {name} here")
                try:
                    body = json.loads(request.get_data() or b"{}")
                except ValueError as error:
                    raise SandboxFault("SerializationException", f"the request is no JSON: {error}") from None
                call = Call(context, account_of(key), region, name, self.check(name, body), key)
                answer = function(call) or {}
            except SandboxFault as error:
                response = error_response(environ, error.code, error.message, 400)
            else:
                text = json.dumps(answer, default=lambda moment: moment.timestamp())
                response = Response(text, content_type="application/x-amz-json-1.0")
            return response(environ, start_response)

        return serve

    def _method(self, context: Context, name: str, function: Operation) -> Callable[[Any], ActionResult]:
        def answer(response: Any) -> ActionResult:
            try:
                body = json.loads(response.body or "{}")
            except ValueError as error:
                raise SandboxFault("SerializationException", f"the request is no JSON: {error}") from None
            call = Call(
                context=context,
                account_id=response.current_account,
                region=response.region,
                operation=name,
                params=self.check(name, body),
                access_key=response.access_key,
            )
            return ActionResult(function(call) or {})

        return answer
