"""Requests to the packaged function, AWS answered at once inside botocore; prints its figures as JSON.

    PYTHONPATH=<unpacked package> python benchmarks/warm_requests.py STAGE...

Run by bench_lambda.py in a process of its own, as Lambda would run it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

WARM_UP, ROUNDS = 20, 200
_JSON = {"Content-Type": "application/x-amz-json-1.1"}
_ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "HeadObject": (
        200,
        {"ETag": '"e"', "Content-Length": "10", "x-amz-version-id": "v1", "x-amz-checksum-sha256": "abc="},
        b"",
    ),
    "PutObject": (200, {"ETag": '"e"', "x-amz-version-id": "b1"}, b""),
    "ListPipelineExecutions": (400, _JSON, b'{"__type": "PipelineNotFoundException", "message": "none"}'),
    "StartBuild": (200, _JSON, b'{"build": {"id": "p:1", "buildStatus": "IN_PROGRESS"}}'),
}


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content


def event(number: int, stages: list[str]) -> dict[str, Any]:
    """Return the API event of a new pipeline's request."""
    config = {
        "pipeline_type": "byom_realtime_builtin",
        "model_name": f"model-{number}",
        "model_framework": "xgboost",
        "model_framework_version": "1.7-1",
        "model_artifact_location": f"model-{number}/model.tar.gz",
        "inference_instance": dict.fromkeys(stages, "ml.m5.large"),
        "data_capture_location": {stage: f"capture-{stage}/model-{number}" for stage in stages},
    }
    return {"httpMethod": "POST", "path": "/provisionpipeline", "body": json.dumps(config)}


def main(stages: list[str]) -> None:
    """Warm the function up, ask it, and print the figures."""
    from botocore.awsrequest import AWSResponse
    from orchestrator import handler

    calls = 0

    def answered(request: Any, event_name: str, **_: Any) -> Any:
        nonlocal calls
        calls += 1
        status, headers, content = _ANSWERS[event_name.rpartition(".")[2]]
        return AWSResponse(request.url, status, headers, _Body(content))

    handler.app.warm()
    for service in ("s3", "codepipeline", "codebuild"):
        handler.app.core.clients.client(service).meta.events.register("before-send", answered)
    seconds, processor = [], 0.0
    for number in range(WARM_UP + ROUNDS):
        asked = event(number, stages)
        started, busy = time.perf_counter(), time.process_time()
        answer = handler.handler(asked, None)
        seconds.append(time.perf_counter() - started)
        processor += time.process_time() - busy if number >= WARM_UP else 0.0
        if answer["statusCode"] != 200:
            raise SystemExit(answer["body"])
    measured = sorted(seconds[WARM_UP:])
    figures = {
        "median": statistics.median(measured),
        "p95": measured[int(0.95 * len(measured))],
        "processor": processor / ROUNDS,
        "calls": calls / len(seconds),
    }
    print(json.dumps(figures), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
