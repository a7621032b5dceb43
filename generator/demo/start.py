"""Starting and finding sandboxes on behalf of commands: faults become errors of ours, builds find Terraform."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from generator.errors import GeneratorError, ToolError
from generator.provider_mirror import find_terraform

if TYPE_CHECKING:
    from sandbox.control import Running


def start_sandbox(name: str, *, region: str, port: int = 0, detached: bool = False) -> Running:
    """Start a sandbox whose builds use the Terraform and the provider that this process would use.

    Raises:
        ToolError: The sandbox's packages are not installed, or it does not come up (a port in use ...).
    """
    for variable, value in find_terraform(os.environ).environment.items():
        if value is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = value
    try:
        from sandbox import control

        return control.start(name, port=port, region=region, detached=detached)
    except ImportError as error:
        raise ToolError(
            f"the sandbox's packages are not installed ({error.name} is missing)",
            hint="pip install 'mlops-workload-orchestrator[sandbox]', or `make init` in the repository",
        ) from error
    except control.SandboxError as error:
        raise ToolError(str(error), hint=error.hint) from error


def require_sandbox(name: str) -> Running:
    """Return a running sandbox.

    Raises:
        GeneratorError: None of that name runs.
    """
    from sandbox import control

    running = control.find(name)
    if running is None:
        raise GeneratorError(f"sandbox {name} is not running", hint="start it: mlops sandbox up")
    return running
