"""Fakes of AWS, Terraform and time. The AWS fake holds every call and answer against botocore's models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from generator.delivery.terraform import Completed
from tools.fidelity import shapes

# Ids of executions, as CodePipeline has them.
E1 = "e1e1e1e1-0000-4000-8000-000000000001"
E2 = "e2e2e2e2-0000-4000-8000-000000000002"
E9 = "e9e9e9e9-0000-4000-8000-000000000009"


def aws_error(code: str, message: str = "", status: int = 400, operation: str = "Operation") -> ClientError:
    """Return the error that botocore raises for an AWS error code."""
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        operation,
    )


def _unknown_members(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for key, member in value.items():
            if key == "ResponseMetadata":
                continue
            if key not in shape.members:
                yield f"{path}.{key}"
            else:
                yield from _unknown_members(shape.members[key], member, f"{path}.{key}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from _unknown_members(shape.member, member, f"{path}[{index}]")


class FakeClient:
    """A boto3 client that answers from a script.

    Args:
        service: Its boto3 name; calls must fit that service's input shapes, and scripted answers its output shapes.
        answers: Method name to an answer, an exception, a function of the call's parameters, or a list of these,
            one for each call (the last one stays).
    """

    def __init__(self, service: str, answers: Mapping[str, Any]) -> None:
        self.service = service
        self.answers = dict(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("_") or method not in shapes.methods(self.service):
            raise AttributeError(f"{self.service} has no operation {method}")

        def call(**parameters: Any) -> Any:
            operation = shapes.methods(self.service)[method]
            wire = dict(parameters)
            if isinstance(wire.get("CopySource"), dict):
                # boto3 takes an object here and makes the header's text of it.
                assert wire["CopySource"].keys() <= {"Bucket", "Key", "VersionId"}
                wire["CopySource"] = "{Bucket}/{Key}".format(**wire["CopySource"])
            findings = list(shapes.check_call(self.service, method, wire, f"{self.service}.{method}"))
            assert not findings, "\n".join(map(str, findings))
            self.calls.append((method, parameters))
            assert method in self.answers, f"{self.service}.{method} was called but is not scripted: {parameters}"
            answer = self.answers[method]
            if isinstance(answer, list):
                answer = answer.pop(0) if len(answer) > 1 else answer[0]
            if callable(answer) and not isinstance(answer, type):
                answer = answer(**parameters)
            if isinstance(answer, Exception):
                raise answer
            if operation.output_shape is not None:
                unknown = list(_unknown_members(operation.output_shape, answer, method))
                assert not unknown, f"{self.service}.{method} never answers {unknown}"
            return answer

        return call

    def get_paginator(self, method: str) -> Any:
        """Return a paginator of one page."""
        client = self

        class Paginator:
            def paginate(self, **parameters: Any) -> Iterator[Any]:
                yield getattr(client, method)(**parameters)

        return Paginator()

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of every call of one method."""
        return [parameters for name, parameters in self.calls if name == method]


class FakeAws:
    """One identity: service name to its fake client."""

    def __init__(self, **services: Mapping[str, Any]) -> None:
        self.clients = {name: FakeClient(name, answers) for name, answers in services.items()}

    def client(self, service: str) -> FakeClient:
        """Return the fake client of a service."""
        assert service in self.clients, f"no fake client for {service}"
        return self.clients[service]

    @property
    def calls(self) -> list[str]:
        """Every call so far as ``service.method``, by service."""
        return [f"{name}.{method}" for name, client in self.clients.items() for method, _ in client.calls]


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        """Return the seconds slept so far."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.sleeps.append(seconds)
        self.time += seconds


class RecordingTerraform:
    """Terraform that answers from a script and keeps its commands.

    Args:
        answers: Command (``init``, ``plan`` ...) to its outcome: a Completed, a text (``read``), or a function of
            the arguments that returns one. What is not scripted succeeds silently.
    """

    def __init__(self, answers: Mapping[str, Any] | None = None) -> None:
        self.answers = dict(answers or {})
        self.commands: list[tuple[str, ...]] = []

    def run(self, *arguments: str) -> Completed:
        """Return the scripted outcome of a command."""
        answer = self._answer(arguments)
        return Completed(0, "") if answer is None else answer

    def read(self, *arguments: str) -> str:
        """Return the scripted output of a command."""
        answer = self._answer(arguments)
        return "" if answer is None else answer

    def _answer(self, arguments: Sequence[str]) -> Any:
        self.commands.append(tuple(arguments))
        answer = self.answers.get(arguments[0])
        return answer(*arguments) if callable(answer) else answer

    @property
    def names(self) -> list[str]:
        """The commands' names, in order."""
        return [arguments[0] for arguments in self.commands]
