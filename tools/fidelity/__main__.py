"""`python -m tools.fidelity`: plan everything, hold it against the public definitions, print what does not fit."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from tools.fidelity.everything import Emitted, check, emit
from tools.fidelity.findings import Finding, merged


def main(arguments: list[str] | None = None, emit: Callable[[Path], Emitted] = emit) -> int:
    """Print the findings, one a line, and return 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tools.fidelity", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="fidelity-") as folder:
        print("Planning everything that is emitted, offline (about two minutes)", file=sys.stderr)
        emitted = emit(Path(folder))
        findings = merged(check(emitted))
    text = report(findings, as_json=options.json)
    if text:
        print(text)
    count = sum(len(plan.resources) for plan in emitted.every.values())
    print(f"{count} resources of {len(emitted.every)} configurations: {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


def report(findings: Iterable[Finding], *, as_json: bool) -> str:
    """Return findings as they are printed. Pure."""
    if as_json:
        return json.dumps([asdict(finding) for finding in findings], indent=2)
    return "\n".join(map(str, findings))


if __name__ == "__main__":
    sys.exit(main())
