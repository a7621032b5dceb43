"""The orchestrator's Lambda package: a zip with the function, the core it needs, and its platform. Reproducible.

What is heavy is done here, once, instead of in each start of the function: the workspaces' structure is rendered
(no template engine in the zip), the platform file is read, tables are stripped of blanks and code of its comments
(lines keep their numbers, so that tracebacks point to the sources). Which modules of the core go in is found by
following imports from the function's own code, so nothing of the CLI can.

    orchestrator/      lambda_src/orchestrator
    generator/         the modules of the core that it imports, with their data tables
    yaml/              what of PyYAML reads YAML, for configs in the bucket
    blueprints/        the definitions of a team's own blueprints, if the platform has any
    platform.json      the platform
    structure.json.xz  rendered structure, sources of modules and runner; every text once
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import tokenize
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .blueprint import BUILT_IN
from .canonical import compact_json
from .errors import ToolError
from .own_blueprints import FILE as BLUEPRINT_FILE
from .platform import Platform
from .structure import DELIVERY_MODULE, PLATFORM_MODULES, Structure

if TYPE_CHECKING:
    from .project import Project

_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE_0644 = 0o100644 << 16
_COMPRESSION_LEVEL = 9
# Imported only if the platform names blueprints of the team's own.
_FOR_OWN_BLUEPRINTS = "generator.own_blueprints"
_YAML = ("error", "events", "parser", "reader", "scanner", "tokens")
_ENTRY = "orchestrator"
STRUCTURE = "structure.json.xz"


def write_package(project: Project, path: Path) -> tuple[str, int]:
    """Write the package of a project's platform if it is not there already.

    Returns:
        The package's SHA-256 in hexadecimal and its size in bytes.
    """
    data = build_package(project.platform, project.structure(project.registry.modules()))
    if not path.is_file() or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return hashlib.sha256(data).hexdigest(), len(data)


def build_package(platform: Platform, structure: Structure) -> bytes:
    """Return the zip: same sources and platform, same bytes. Reads the sources of this package and the function.

    Args:
        platform: The platform that the function will serve.
        structure: Rendered structure of the delivery pipeline's module and of every blueprint's.
    """
    root = Path(__file__).resolve().parent.parent
    sources = _sources(root, frozenset() if platform.blueprints else frozenset({_FOR_OWN_BLUEPRINTS}))
    members = {
        **{path: bare(content) if path.endswith(".py") else content for path, content in sources.items()},
        **{_blueprint_place(path): (Path(path) / BLUEPRINT_FILE).read_bytes() for path in platform.blueprints},
        "platform.json": compact_json(platform_document(platform)).encode(),
        STRUCTURE: _packed(compact_json(structure_document(structure)).encode()),
    }
    return _zipped(members)


def platform_document(platform: Platform) -> dict[str, Any]:
    """Return a platform as the JSON values of a platform file, its blueprints' folders those of the package. Pure."""
    document = asdict(platform)
    del document["assumed"]
    document["blueprints"] = [_blueprint_place(path).rpartition("/")[0] for path in platform.blueprints]
    return document


def structure_document(structure: Structure) -> dict[str, Any]:
    """Return a structure as JSON values in which every text stands once. Pure.

    What only the CLI needs (the platform's own workspaces) is left out. The function's ``expand_structure`` is
    the inverse.
    """
    document = structure.to_document()
    modules = [module for module in document["workspaces"] if _is_delivered(module)]
    wanted = {
        "workspaces": {module: document["workspaces"][module] for module in modules},
        "modules": {module: document["modules"][module] for module in modules},
        "runner": {"": document["runner"]},
    }
    texts: dict[str, int] = {}

    def number(text: str | list[str]) -> int:
        return texts.setdefault(json.dumps(text), len(texts))

    numbered = {
        part: {
            module: {path: number(text) for path, text in sorted(files.items())}
            for module, files in sorted(groups.items())
        }
        for part, groups in wanted.items()
    }
    return {
        **numbered,
        "variables": {module: document["variables"][module] for module in modules},
        "texts": [json.loads(text) for text in texts],
    }


def _is_delivered(module: str) -> bool:
    return module == DELIVERY_MODULE or module not in PLATFORM_MODULES


def _blueprint_place(folder: str) -> str:
    """Return the path in the package of the definition of a team's own blueprint."""
    return f"blueprints/{Path(folder).name}/{BLUEPRINT_FILE}"


def _sources(root: Path, left_out: Set[str]) -> dict[str, bytes]:
    """Return the function's code and what it imports of the core, by path in the zip."""
    function = {
        f"{_ENTRY}/{path.name}": path.read_bytes() for path in sorted((root / "lambda_src" / _ENTRY).glob("*.py"))
    }
    seeds = [f"generator.blueprints.{module}" for module in BUILT_IN.values()]
    for content in function.values():
        seeds += _imported(content, _ENTRY)
    members = dict(function)
    for module in sorted(core_modules(root, seeds, left_out)):
        path = _file_of(root, module)
        if path is not None:
            members[path.relative_to(root).as_posix()] = path.read_bytes()
    members |= _yaml_reader()
    for table in sorted((root / "generator" / "data").glob("*.json")):
        stripped = json.dumps(json.loads(table.read_bytes()), separators=(",", ":"), ensure_ascii=False)
        members[table.relative_to(root).as_posix()] = stripped.encode()
    return members


def _yaml_reader() -> dict[str, bytes]:
    """Return the modules of PyYAML that read YAML, in a package of their own, with its licence."""
    import yaml

    folder = Path(yaml.__file__).parent
    licence = next(folder.parent.glob("[pP][yY][yY][aA][mM][lL]-*/**/LICENSE"))
    return {
        "yaml/LICENSE": licence.read_bytes(),
        "yaml/__init__.py": b"",
        **{f"yaml/{name}.py": (folder / f"{name}.py").read_bytes() for name in _YAML},
    }


def bare(source: bytes) -> bytes:
    """Return Python code without comments and docstrings, on lines of the same numbers. Pure."""
    lines = source.decode().splitlines(keepends=True)
    for token in tokenize.generate_tokens(io.StringIO(source.decode()).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = f"{lines[row - 1][:column].rstrip()}\n"
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno or node.body[0].lineno
            lines[first - 1] = f'{lines[first - 1][: node.body[0].col_offset]}""\n'
            lines[first:last] = ["\n"] * (last - first)
    return "".join(lines).encode()


def core_modules(root: Path, seeds: Iterable[str], left_out: Set[str] = frozenset()) -> set[str]:
    """Return the names of all modules of ``generator`` that are imported, directly or not, from the seeds."""
    found: set[str] = set()
    open_names = [name for name in seeds if name.startswith("generator")]
    while open_names:
        name = open_names.pop()
        if name in found or name in left_out or _file_of(root, name) is None:
            continue
        found.add(name)
        file = _file_of(root, name)
        assert file is not None
        package = name if file.name == "__init__.py" else name.rpartition(".")[0]
        open_names += _imported(file.read_bytes(), package)
        open_names += [name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)]
    return found


def _file_of(root: Path, module: str) -> Path | None:
    folder = root.joinpath(*module.split("."))
    for candidate in (folder.with_suffix(".py"), folder / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _imported(source: bytes, package: str) -> Iterator[str]:
    """Yield the absolute name of everything a module imports at run time; of ``from x import y`` both x and x.y."""
    for node in _running_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
                base = f"{parent}.{base}" if base else parent
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield every node except those that only type checkers see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _running_nodes(node)


def _packed(data: bytes) -> bytes:
    """Return data as xz: many similar files lie further apart than a zip's own compression looks back.

    Raises:
        ToolError: This Python was built without xz.
    """
    try:
        import lzma
    except ImportError as error:
        raise ToolError(
            "this Python cannot write xz", hint="use a Python that was built with liblzma (the module lzma)"
        ) from error
    return lzma.compress(data, lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME)


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(members):
            member = zipfile.ZipInfo(path, _EPOCH)
            member.create_system = 3
            member.external_attr = _REGULAR_FILE_0644
            # The archive's own level is ignored for members given as ZipInfo.
            method = zipfile.ZIP_STORED if path.endswith(".xz") else zipfile.ZIP_DEFLATED
            archive.writestr(member, members[path], method, _COMPRESSION_LEVEL)
    return buffer.getvalue()
