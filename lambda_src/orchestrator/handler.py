"""What AWS Lambda calls: ``orchestrator.handler.handler``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from .app import App

app = App(Path(__file__).resolve().parent.parent, sys.stdout)
if "AWS_LAMBDA_INITIALIZATION_TYPE" in os.environ:
    # Lambda lends a starting function far more processor than a running one: load everything now.
    app.warm()


def handler(event: Any, context: Any) -> Any:
    """Answer one event: an API request with an API answer, other events with a summary of what was done."""
    return app.handle(event, str(getattr(context, "aws_request_id", "")))
