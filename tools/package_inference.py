"""Zip the inference API's Lambda into the realtime_inference module: python tools/package_inference.py [--check].

The zip is committed beside the module's files, so that the module works alone, with plain Terraform, in any
account. A test runs ``--check``, which exits 3 when the zip is not what lambda_src/inference makes.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from generator.bundle import build_bundle  # noqa: E402

SOURCE = ROOT / "lambda_src" / "inference"
TARGET = ROOT / "modules" / "pipelines" / "realtime_inference" / "inference.zip"


def package() -> bytes:
    """Return the zip: every Python file of the source, under ``inference/``; equal sources, equal bytes."""
    return build_bundle({f"inference/{path.name}": path.read_bytes() for path in SOURCE.glob("*.py")}).data


def main() -> int:
    """Write the zip, or with ``--check`` only compare it."""
    if sys.argv[1:] not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    data = package()
    if TARGET.is_file() and TARGET.read_bytes() == data:
        return 0
    if sys.argv[1:]:
        print(f"{TARGET.relative_to(ROOT)} is stale: run python tools/package_inference.py", file=sys.stderr)
        return 3
    TARGET.write_bytes(data)
    print(TARGET.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
