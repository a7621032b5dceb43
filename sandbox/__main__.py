"""`python -m sandbox serve`: run one sandbox in the foreground."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until it is told to stop; the first line on stdout is JSON with the port.

    Returns the exit code.
    """
    parser = argparse.ArgumentParser(prog="sandbox", description="A local AWS for rehearsals.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="run a sandbox in the foreground")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    serve.add_argument("--port", type=int, default=0, help="port to listen on; 0 (default) takes a free one")
    serve.add_argument("--region", default="eu-central-1", help="region of requests that name none")
    serve.add_argument("--state-dir", type=Path, required=True, help="folder for logs and working files")
    serve.add_argument("--no-iam", action="store_true", help="do not enforce IAM policies (trust is still checked)")
    serve.add_argument(
        "--with-parent",
        action="store_true",
        help="stop when standard input ends, so no parent leaves it behind",
    )
    options = parser.parse_args(arguments)

    from sandbox import server

    return server.serve(
        host=options.host,
        port=options.port,
        region=options.region,
        state_dir=options.state_dir,
        enforce_iam=not options.no_iam,
        with_parent=options.with_parent,
    )


if __name__ == "__main__":
    sys.exit(main())
