"""The fixed text of workspaces: what Jinja2 renders once for each module, and never from a config's values.

A workspace is structure plus data. Its structure (module call, provider, variables, outputs, versions,
lock file) depends on the module alone, so it is rendered here once; its data are two JSON documents
(see workspaces.py). The Lambda package carries the rendered structure, so that nothing in the Lambda
needs a template engine, and a workspace from the Lambda has the same bytes as one from the CLI.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

ROOT_MODULE = "."
DELIVERY_MODULE = "modules/delivery_pipeline"
ACCOUNT_MODULE = "modules/target_account"
BOOTSTRAP_MODULE = "modules/state_backend"
PLATFORM_MODULES = {
    ROOT_MODULE: "orchestrator",
    DELIVERY_MODULE: "delivery",
    ACCOUNT_MODULE: "account",
    BOOTSTRAP_MODULE: "bootstrap",
}
_ONE_LEVEL_DEEP = (ROOT_MODULE, BOOTSTRAP_MODULE)
_VARIABLE = re.compile(r'^variable "(\w+)"', re.MULTILINE)
_NOT_IN_A_BUNDLE = frozenset({"tests", "examples", ".terraform", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Structure:
    """Rendered structure of every module's workspace, and the sources that a bundle carries.

    Attributes:
        workspaces: Module path to {file name: content} of a workspace that instantiates it.
        variables: Module path to the names of the module's variables.
        modules: Module path to {path from the repository's root: content} of its sources.
        runner: Path in a bundle to content of the delivery runner.
    """

    workspaces: Mapping[str, Mapping[str, bytes]]
    variables: Mapping[str, frozenset[str]]
    modules: Mapping[str, Mapping[str, bytes]]
    runner: Mapping[str, bytes]

    def to_document(self) -> dict[str, Any]:
        """Return the structure as JSON values, the inverse of ``from_document``. Pure."""
        return {
            "workspaces": {module: _texts(files) for module, files in self.workspaces.items()},
            "variables": {module: sorted(names) for module, names in self.variables.items()},
            "modules": {module: _texts(files) for module, files in self.modules.items()},
            "runner": _texts(self.runner),
        }

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> Structure:
        """Return the structure that ``to_document`` described. Pure."""
        return Structure(
            workspaces={module: _contents(files) for module, files in document["workspaces"].items()},
            variables={module: frozenset(names) for module, names in document["variables"].items()},
            modules={module: _contents(files) for module, files in document["modules"].items()},
            runner=_contents(document["runner"]),
        )


def load_structure(
    root: Path, pipeline_modules: Iterable[str], own_folders: Mapping[str, str | Path] = MappingProxyType({})
) -> Structure:
    """Render the structure of every module. Reads the sources under ``root`` and in ``own_folders``.

    Args:
        root: Folder that holds ``modules/``, ``main.tf``, ``versions.tf`` and the lock file.
        pipeline_modules: Module paths of the registered blueprints, relative to ``root``.
        own_folders: Where the sources of a team's own modules are, by module path; they live outside of ``root``.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    fixed = {
        ".terraform.lock.hcl": (root / ".terraform.lock.hcl").read_bytes(),
        "versions.tf": (root / "versions.tf").read_bytes(),
    }
    workspaces: dict[str, dict[str, bytes]] = {}
    names: dict[str, frozenset[str]] = {}
    sources: dict[str, dict[str, bytes]] = {}
    for module in sorted({*PLATFORM_MODULES, *pipeline_modules}):
        folder = Path(own_folders.get(module, root / module))
        variables = (folder / "variables.tf").read_bytes()
        declared = sorted(_VARIABLE.findall(variables.decode()))
        up = "../.." if module in _ONE_LEVEL_DEEP else "../../.."
        values = {
            "label": PLATFORM_MODULES.get(module, "pipeline"),
            "source": up if module == ROOT_MODULE else f"{up}/{module}",
            "variables": declared,
            "width": max(map(len, declared), default=0),
        }
        rendered = {
            name.removesuffix(".j2"): templates.get_template(name).render(values).encode()
            for name in ("main.tf.j2", "outputs.tf.j2", "workspace.tf.j2")
        }
        workspaces[module] = {**fixed, **rendered, "variables.tf": variables}
        names[module] = frozenset(declared)
        if module != ROOT_MODULE:
            sources[module] = {f"{module}/{path}": content for path, content in _module_files(folder).items()}
    runner = _module_files(Path(__file__).parent / "delivery")
    return Structure(workspaces, names, sources, {f"delivery/{path}": content for path, content in runner.items()})


def _module_files(folder: Path) -> dict[str, bytes]:
    """Return what of a module travels with its workspaces, by path in its folder: no tests, no READMEs. Reads it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        hidden = any(part in _NOT_IN_A_BUNDLE or part.startswith(".") for part in relative.parts)
        if path.is_file() and not hidden and path.suffix != ".md":
            found[relative.as_posix()] = path.read_bytes()
    return found


def _texts(files: Mapping[str, bytes]) -> dict[str, str | list[str]]:
    """Return text as text, and what is not UTF-8 (a module's own zip) as a list of one base64 text."""
    texts: dict[str, str | list[str]] = {}
    for path, content in files.items():
        try:
            texts[path] = content.decode()
        except UnicodeDecodeError:
            texts[path] = [base64.b64encode(content).decode()]
    return texts


def _contents(files: Mapping[str, str | list[str]]) -> dict[str, bytes]:
    return {
        path: text.encode() if isinstance(text, str) else base64.b64decode(text[0])
        for path, text in files.items()
    }
