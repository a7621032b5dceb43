"""The extensions that complete moto, in the order in which they are installed.

Each is a module of this package with `install(context: Context) -> None`, which patches or adds one
service. They are named here, and nowhere found by scanning, so that the list can be read and a typing error
is an error.
"""

from __future__ import annotations

import importlib
import threading
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sandbox.lazily import when_imported

if TYPE_CHECKING:
    from sandbox.context import Context

EXTENSIONS = (
    "sandbox.iam.enforcement",
    "sandbox.iam.documents",
    "sandbox.s3",
    "sandbox.events",
    "sandbox.awslambda",
    "sandbox.sns",
    "sandbox.execute_api",
    "sandbox.apigateway",
    "sandbox.repairs.kms",
    "sandbox.repairs.sqs",
    "sandbox.repairs.managed_policies",
    "sandbox.repairs.cloudwatch",
    "sandbox.repairs.logs",
    "sandbox.repairs.ecr",
    "sandbox.repairs.ec2",
    "sandbox.repairs.connections",
    "sandbox.codebuild",
    "sandbox.codepipeline",
    "sandbox.autoscaling",
    "sandbox.sagemaker",
    "sandbox.stepfunctions",
    "sandbox.cloudcontrol",
)

# Installed when moto first imports the module named beside them, because they would slow down every start.
ON_IMPORT = {
    "sandbox.apigateway": "moto.apigateway.urls",
    "sandbox.repairs.cloudwatch": "moto.cloudwatch.urls",
    "sandbox.repairs.ec2": "moto.ec2.urls",
    "sandbox.repairs.ecr": "moto.ecr.urls",
    "sandbox.repairs.logs": "moto.logs.urls",
}

# For the same reason, installed before the first request that is signed for one of these services.
ON_CALL = {
    "sandbox.autoscaling": ("application-autoscaling",),
    "sandbox.sagemaker": ("sagemaker",),
    "sandbox.stepfunctions": ("states",),
    "sandbox.cloudcontrol": ("cloudcontrolapi", "cloudformation"),
}


class Extensions:
    """The extensions of one sandbox: some installed, some waiting for their service; thread-safe.

    Attributes:
        names: Those that are there, installed or not.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._waiting: dict[str, list[str]] = {}
        self.names = [name for name in EXTENSIONS if _is_there(name)]
        for name in self.names:
            if name in ON_IMPORT:
                when_imported(ON_IMPORT[name], partial(self._install, name))
            elif name in ON_CALL:
                for service in ON_CALL[name]:
                    self._waiting.setdefault(service, []).append(name)
            else:
                self._install(name)

    def make_ready(self, service: str) -> None:
        """Install what waits for the first request to a service (its signing name)."""
        if service not in self._waiting:
            return
        with self._lock:
            for name in self._waiting.get(service, []):
                self._install(name)
                for waiting in self._waiting.values():
                    if name in waiting and waiting is not self._waiting[service]:
                        waiting.remove(name)
            self._waiting.pop(service, None)

    def make_route_ready(self, path: str) -> None:
        """Install what waits and may serve a control route; routes begin with their extension's name."""
        name = f"sandbox.{path.strip('/').split('/')[0]}"
        for service in ON_CALL.get(name, ()):
            self.make_ready(service)

    def _install(self, name: str) -> None:
        importlib.import_module(name).install(self._context)


def _is_there(name: str) -> bool:
    parent = name.rpartition(".")[0]
    spec = find_spec(name) if parent == "sandbox" or find_spec(parent) is not None else None
    # An origin of None is a folder without __init__.py: not an extension yet.
    return spec is not None and spec.origin is not None
