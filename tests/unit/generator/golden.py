"""The workspaces that are kept in ``tests/golden``, byte for byte; as a module, this writes them anew.

    structure/<blueprint>/          main.tf, outputs.tf, workspace.tf: the same for every request of the blueprint
    requests/<case>/<stage>/        backend.tf.json, terraform.tfvars.json: what a config makes of it
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from generator import workspaces
from generator.names import slug
from generator.project import source_root
from generator.request import resolve, validate
from generator.structure import load_structure

from .contract_cases import REGISTRY, RICH, examples, platform

GOLDEN = source_root() / "tests" / "golden"
_STRUCTURE = ("main.tf", "outputs.tf", "workspace.tf")
_VALUES = ("backend.tf.json", "terraform.tfvars.json")


def cases() -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Yield (name, whether the registry is on, config): the AWS solution's examples, and configs with every key."""
    for type_name, example, registry, config in examples():
        # One of them names a key of an account that no platform here has.
        yield f"{slug(type_name)}-{slug(example)}", registry, {k: v for k, v in config.items() if k != "kms_key_arn"}
    for name, config in RICH.items():
        yield f"every-key-{slug(name)}", False, config


def tree() -> dict[str, bytes]:
    """Return path to content of everything that ``tests/golden`` should hold."""
    fixed = load_structure(source_root(), REGISTRY.modules())
    found: dict[str, bytes] = {}
    for case, registry, config in cases():
        where = platform(registry=registry)
        request, problems = validate(config, where, REGISTRY)
        assert request is not None, (case, problems)
        for plan in resolve(request, where):
            files = workspaces.pipeline_workspace(where, fixed, request, plan)
            for name in _VALUES:
                found[f"requests/{case}/{plan.stage.name}/{name}"] = files[name]
            for name in _STRUCTURE:
                path = f"structure/{request.pipeline_type.blueprint}/{name}"
                assert found.setdefault(path, files[name]) == files[name], path
    return found


def renew() -> None:
    """Write ``tests/golden`` anew."""
    shutil.rmtree(GOLDEN, ignore_errors=True)
    for path, content in tree().items():
        (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
        (GOLDEN / path).write_bytes(content)


if __name__ == "__main__":
    renew()
