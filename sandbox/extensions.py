"""The extensions that complete moto, in the order in which they are installed.

Each is a module of this package with `install(context: Context) -> None`, which patches or adds one
service. They are named here, and nowhere found by scanning, so that the list can be read and a typing error
is an error.
"""

from __future__ import annotations

import importlib
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from sandbox.lazily import when_imported

if TYPE_CHECKING:
    from sandbox.context import Context

EXTENSIONS = (
    "sandbox.iam.enforcement",
    "sandbox.s3",
    "sandbox.events",
    "sandbox.awslambda",
    "sandbox.sns",
    "sandbox.execute_api",
    "sandbox.apigateway",
    "sandbox.repairs.kms",
    "sandbox.repairs.managed_policies",
    "sandbox.repairs.cloudwatch",
    "sandbox.repairs.logs",
    "sandbox.repairs.connections",
    "sandbox.codebuild",
    "sandbox.codepipeline",
    "sandbox.autoscaling",
    "sandbox.sagemaker",
    "sandbox.stepfunctions",
    "sandbox.cloudcontrol",
)

# Installed when moto first imports the module named beside them, because they would slow down every start.
LATER = {
    "sandbox.apigateway": "moto.apigateway.urls",
    "sandbox.repairs.cloudwatch": "moto.cloudwatch.urls",
    "sandbox.repairs.logs": "moto.logs.urls",
}


def install_all(context: Context) -> list[str]:
    """Install every extension that is there, before the first request or as LATER says.

    Returns their names.
    """
    installed = []
    for name in EXTENSIONS:
        parent = name.rpartition(".")[0]
        spec = find_spec(name) if parent == "sandbox" or find_spec(parent) is not None else None
        if spec is None or spec.origin is None:
            # An origin of None is a folder without __init__.py: not an extension yet.
            continue
        if name in LATER:
            when_imported(LATER[name], partial(_install, name, context))
        else:
            _install(name, context)
        installed.append(name)
    return installed


def _install(name: str, context: Context) -> None:
    importlib.import_module(name).install(context)
