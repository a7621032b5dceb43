"""`make bench`: every figure side by side in one run, written to benchmarks/results.md with the machine.

    python benchmarks/run.py [--quick] [--with-cdk] [--folder DIR]

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

from benchmarks import bench_generate, bench_lambda, bench_synthesis  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "results.md"


def main() -> None:
    """Run every benchmark and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, at most 100 pipelines")
    parser.add_argument("--with-cdk", action="store_true", help="synthesis by aws-cdk-lib too: downloads it")
    parser.add_argument("--folder", type=Path, help="where to write; default: a temporary folder")
    options = parser.parse_args()
    counts = (1, 10, 100) if options.quick else (1, 10, 100, 1000)
    rounds = 3 if options.quick else 5
    lines = [
        "# Results of `make bench`",
        "",
        "Written by `benchmarks/run.py`; medians of whole processes, cases in turn, one run. Ratios are what counts.",
        "",
        f"Machine: {os.cpu_count()} cores, {_processor()}, {platform.system()} {_kernel()}, "
        f"Python {platform.python_version()}. Load when it began: {os.getloadavg()[0]:.1f}; `python -c pass` took "
        f"{bench_lambda.unit_seconds() * 1000:.0f} ms (6 ms where the AWS solution was measured). The more of either, "
        "the less wall times say: `cpu` columns count the processor's time alone.",
        "",
    ]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        base = Path(name)
        os.environ["XDG_CACHE_HOME"] = str(base / "cache")
        lines += _generate(base, counts, rounds)
        lines += _validate(base, max(counts))
        lines += _lambda(base, rounds)
        lines += _requests(base)
        if options.with_cdk:
            lines += _synthesis(base, min(max(counts), 100))
    RESULTS.write_text("\n".join(lines) + "\n")
    print(f"wrote {RESULTS.relative_to(ROOT)}")


def _processor() -> str:
    """Return the processor's name as Linux tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _kernel() -> str:
    return ".".join(platform.release().split(".")[:2])


def _generate(base: Path, counts: tuple[int, ...], rounds: int) -> list[str]:
    lines = [
        "## Generate N pipelines x 3 stages",
        "",
        "`x` is against bare writes of the same bytes by a process that has them ready (goal 2 for JSON, 3.5 for "
        "YAML); no change (goal 0.3) and one changed are against generating afresh.",
        "",
        "| N | config | bare writes s | afresh s | x | cpu x | no change s | x | cpu x | one changed s | x |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for form in ("json", "yaml"):
        for count in counts:
            print(f"generate {count} {form}", file=sys.stderr)
            wall, cpu = bench_generate.measure(base, count, form, rounds if count < 1000 else 3)
            bare, fresh, same, one = (wall[key] for key in ("bare writes", "afresh", "no change", "one changed"))
            lines.append(
                f"| {count} | {form} | {bare:.3f} | {fresh:.3f} | {fresh / bare:.2f} "
                f"| {cpu['afresh'] / cpu['bare writes']:.2f} | {same:.3f} | {same / fresh:.2f} "
                f"| {cpu['no change'] / cpu['afresh']:.2f} | {one:.3f} | {one / fresh:.2f} |"
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
        "As shipped: the AWS solution's function, 1.77 s to import, 42.8 MB, 141 MiB, measured in another run; "
        "`scaled` puts both machines on the same footing by their `python -c pass`.",
        "",
        "| what | here | ratio | goal |",
        "|---|---|---|---|",
        f"| import of the handler with its clients | {figures['handler with clients']:.3f} s | "
        f"{found['import / boto3']:.2f} x boto3 with the same clients ({figures['boto3 with clients']:.3f} s) | 1.25 |",
        f"| the same | | {found['import / as shipped']:.3f} x as shipped, scaled | 0.15 |",
        f"| package | {figures['package bytes'] / 1000:.0f} kB | "
        f"{found['package / as shipped']:.4f} x as shipped | 0.006 |",
        f"| memory after import | {figures['MiB after import']:.0f} MiB | "
        f"{found['memory / as shipped']:.2f} x as shipped | 0.45 |",
        "",
    ]


def _requests(base: Path) -> list[str]:
    print("requests", file=sys.stderr)
    lines = [
        "## Warm requests",
        "",
        "A new realtime pipeline through the packaged function, AWS answered at once inside botocore. The "
        "AWS solution made 6 or 7 calls one after another, and left two folders.",
        "",
        "| stages | median ms | p95 ms | processor ms | AWS calls | files left | as shipped ms | x | x scaled | goal |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for stages, goal in ((1, 0.15), (3, 0.03)):
        unit = bench_lambda.unit_seconds()
        found = bench_lambda.measure_requests(base / f"requests-{stages}", stages)
        shipped = bench_lambda.AS_SHIPPED_REQUEST_SECONDS[stages]
        scaled = found["median"] / unit / (shipped / bench_lambda.AS_SHIPPED_UNIT_SECONDS)
        lines.append(
            f"| {stages} | {found['median'] * 1000:.2f} | {found['p95'] * 1000:.2f} | {found['processor'] * 1000:.2f} "
            f"| {found['calls']:.0f} | {found['files left']:.0f} | {shipped * 1000:.1f} "
            f"| {found['median'] / shipped:.3f} | {scaled:.3f} | {goal} |"
        )
    return [*lines, ""]


def _synthesis(base: Path, count: int) -> list[str]:
    print(f"synthesis {count}", file=sys.stderr)
    seconds, ours, version = bench_synthesis.measure(base / "synthesis", count)
    return [
        "## Synthesis by aws-cdk-lib",
        "",
        f"{count} pipelines x 3 stages, each a role, a model, an endpoint configuration and an endpoint; aws-cdk-lib "
        f"{version}.",
        "",
        "| aws-cdk-lib s | mlops generate s | x |",
        "|---|---|---|",
        f"| {seconds:.2f} | {ours:.2f} | {seconds / ours:.1f} |",
        "",
    ]


if __name__ == "__main__":
    main()
