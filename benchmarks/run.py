"""`make bench`: every figure side by side in one run, written to benchmarks/results.md with the machine.

    python benchmarks/run.py [--quick] [--folder DIR]

Figures are ratios within one run; absolute times depend on the machine and are given for orientation only.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import bench_generate, bench_lambda  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results.md"


def main() -> None:
    """Run every benchmark and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, at most 100 pipelines")
    parser.add_argument("--folder", type=Path, help="where to write; default: a temporary folder")
    options = parser.parse_args()
    counts = (1, 10, 100) if options.quick else (1, 10, 100, 1000)
    rounds = 3 if options.quick else 5
    lines = [
        "# Results of `make bench`",
        "",
        "Written by `benchmarks/run.py`; medians of whole processes, cases in turn, one run. Ratios are what counts.",
        "",
        f"Machine: {os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}. Load when it began: {os.getloadavg()[0]:.1f}.",
        "",
    ]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        base = Path(name)
        lines += _generate(base, counts, rounds)
        lines += _validate(base, max(counts))
        lines += _lambda(base, rounds)
    RESULTS.write_text("\n".join(lines) + "\n")
    print(f"wrote {RESULTS.relative_to(ROOT)}")


def _generate(base: Path, counts: tuple[int, ...], rounds: int) -> list[str]:
    lines = [
        "## Generate N pipelines x 3 stages",
        "",
        "`x` is against bare writes of the same bytes by a process that has them ready; no change and one changed "
        "are against generating afresh.",
        "",
        "| N | config | bare writes s | afresh s | x | no change s | x afresh | one changed s | x no change |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for form in ("json", "yaml"):
        for count in counts:
            print(f"generate {count} {form}", file=sys.stderr)
            seen = bench_generate.measure(base, count, form, rounds)
            bare, fresh, same, one = (seen[key] for key in ("bare writes", "afresh", "no change", "one changed"))
            lines.append(
                f"| {count} | {form} | {bare:.3f} | {fresh:.3f} | {fresh / bare:.2f} | {same:.3f} | {same / fresh:.2f} "
                f"| {one:.3f} | {one / same:.2f} |"
            )
    return [*lines, ""]


def _validate(base: Path, count: int) -> list[str]:
    print(f"validate {count}", file=sys.stderr)
    lines = ["## Validate", "", "| configs | form | s | ms a config |", "|---|---|---|---|"]
    for form in ("json", "yaml"):
        seconds = bench_generate.measure_validate(base, count, form)
        lines.append(f"| {count} | {form} | {seconds:.2f} | {seconds * 1000 / count:.2f} |")
    return [*lines, ""]


def _lambda(base: Path, rounds: int) -> list[str]:
    print("lambda", file=sys.stderr)
    command = [sys.executable, "-m", "generator", "package", "--out", str(base / "package")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    figures = bench_lambda.measure(base / "package" / "orchestrator.zip", base / "unpacked", rounds)
    found = bench_lambda.ratios(figures)
    return [
        "## The orchestrator's Lambda",
        "",
        "As shipped: the AWS solution's function, 1.77 s to import, 42.8 MB, 141 MiB, measured in another run.",
        "",
        "| what | here | ratio | goal |",
        "|---|---|---|---|",
        f"| import of the handler with its clients | {figures['handler with clients']:.3f} s | "
        f"{found['import / boto3']:.2f} x boto3 with the same clients ({figures['boto3 with clients']:.3f} s) | 1.25 |",
        f"| the same | | {found['import / as shipped']:.2f} x as shipped | 0.15 |",
        f"| package | {figures['package bytes'] / 1000:.0f} kB | "
        f"{found['package / as shipped']:.4f} x as shipped | 0.006 |",
        f"| memory after import | {figures['MiB after import']:.0f} MiB | "
        f"{found['memory / as shipped']:.2f} x as shipped | 0.45 |",
        "",
    ]


if __name__ == "__main__":
    main()
