"""The extensions that complete moto, in the order in which they are installed.

Each is a module of this package with `install(context: Context) -> None`, which patches or adds one
service. They are named here, and nowhere found by scanning, so that the list can be read and a typing error
is an error.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING

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
    "sandbox.repairs",
    "sandbox.codebuild",
    "sandbox.codepipeline",
    "sandbox.autoscaling",
    "sandbox.sagemaker",
    "sandbox.stepfunctions",
    "sandbox.cloudcontrol",
)


def install_all(context: Context) -> list[str]:
    """Install every extension that is there, before the first request. Returns their names."""
    installed = []
    for name in EXTENSIONS:
        parent = name.rpartition(".")[0]
        spec = find_spec(name) if parent == "sandbox" or find_spec(parent) is not None else None
        if spec is None or spec.origin is None:
            # An origin of None is a folder without __init__.py: not an extension yet.
            continue
        importlib.import_module(name).install(context)
        installed.append(name)
    return installed
