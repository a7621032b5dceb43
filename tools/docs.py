"""Write the generated pages of docs/ and the JSON Schemas of docs/schema/.

Usage: python tools/docs.py [--check]     with --check, write nothing and exit 3 if a page would change
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from generator.blueprint import Registry  # noqa: E402
from generator.docs import pages  # noqa: E402


def main(check: bool) -> int:
    """Write or compare every page; return the exit code."""
    changed = []
    for path, content in pages(Registry()).items():
        target = ROOT / "docs" / path
        if target.is_file() and target.read_bytes() == content:
            continue
        changed.append(path)
        if not check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for path in changed:
        print(f"{'stale' if check else 'wrote'} docs/{path}")
    return 3 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
