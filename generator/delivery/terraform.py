"""Adapter to the ``terraform`` command: run it in a workspace, show what it says, keep what it said."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .errors import DeliveryError

_ERROR = re.compile(r"^Error: ", re.MULTILINE)
# The frame that Terraform draws on terminals, and within an error what it shows of the source and of values.
_FRAME = re.compile(r"^[│╷╵] ?")
_EXCERPT = re.compile(r"\s*(\d+:\s|on \S+ line \d+|[├│])")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Completed:
    """Exit code and output (both streams, in order) of a finished command."""

    code: int
    output: str


class Terraform(Protocol):
    """The terraform command in one workspace."""

    def run(self, *arguments: str) -> Completed:
        """Run a command that shows its output as it goes."""

    def read(self, *arguments: str) -> str:
        """Run a command quietly and return its standard output; a failure is a DeliveryError."""


class CommandLine:
    """The real command, run in ``folder`` with ``environ``."""

    def __init__(self, program: str, folder: Path, environ: Mapping[str, str]) -> None:
        self._program = program
        self._folder = folder
        self._environ = {
            **environ,
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            # A short-lived process gains more from less garbage collection than it costs in memory.
            "GOGC": environ.get("GOGC", "400"),
        }

    def run(self, *arguments: str) -> Completed:
        """Run a command; its output goes to ours line by line."""
        lines = []
        with subprocess.Popen(
            [self._program, *arguments],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line)
                sys.stdout.write(line)
                sys.stdout.flush()
        return Completed(process.returncode, "".join(lines))

    def read(self, *arguments: str) -> str:
        """Run a command quietly."""
        done = subprocess.run(
            [self._program, *arguments],
            cwd=self._folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            reasons = errors_in(done.stderr) or [done.stderr.strip() or f"exit code {done.returncode}"]
            raise DeliveryError(f"terraform {arguments[0]} failed: {'; '.join(reasons)}")
        return done.stdout


def errors_in(output: str) -> list[str]:
    """Return the errors that terraform reported, each on one line, in order and without repetition. Pure.

    An error is told as ``summary (address): detail``, without the excerpts of source and values around it.
    """
    text = "\n".join(_FRAME.sub("", line).rstrip() for line in _COLOUR.sub("", output).splitlines())
    found: dict[str, None] = {}
    for start in [match.end() for match in _ERROR.finditer(text)]:
        block = re.split(r"\n(?=Error: |Warning: )", text[start:], maxsplit=1)[0]
        summary, *rest = [line.strip() for line in block.splitlines() if line.strip() and not _EXCERPT.match(line)]
        address = next((match[1] for line in rest if (match := re.fullmatch(r"with (.+),", line))), "")
        detail = " ".join(line for line in rest if line != f"with {address},").rstrip(".")
        place = f" ({address})" if address else ""
        found[f"{summary}{place}{': ' if detail else ''}{detail}"[:1500]] = None
    return list(found)


def initialise(terraform: Terraform) -> None:
    """Prepare a workspace with exactly the providers of its lock file.

    Raises:
        DeliveryError: Terraform could not reach its state or its providers.
    """
    done = terraform.run("init", "-input=false", "-no-color", "-lockfile=readonly")
    if done.code == 0:
        return
    reasons = errors_in(done.output)
    text = "; ".join(reasons) or f"exit code {done.code}"
    fix = "read the log above"
    if re.search(r"provider|registry", text, re.IGNORECASE):
        fix = "the build must reach registry.terraform.io, or a provider mirror named by TF_CLI_CONFIG_FILE"
    elif re.search(r"AccessDenied|Forbidden|403|NoSuchBucket", text):
        fix = (
            "the role needs its place in the state bucket and the bucket's key: apply environments/bootstrap"
            " again after stages or accounts changed"
        )
    raise DeliveryError(f"terraform init failed: {text}", fix)
