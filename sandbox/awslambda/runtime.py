"""The Lambda runtime inside a worker process: loads the handler once, then answers events until its input
ends.

Run as a script by the launcher's Python with `-I -S -B`, so that nothing but the standard library is
importable. Then the package, its layers and, last, the libraries that AWS's runtime ships (boto3 and what
it needs) are added; a dependency that the zip lacks fails here as it fails on AWS.

Input: JSON lines, the first the set-up, each further one an invocation. Output: JSON lines, `{"ready":
true}` or `{"init_error": {...}}` first, then one answer an invocation. The function's own output goes to
standard error, where a line of NUL and the request id marks the end of each invocation.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import json
import linecache
import logging
import os
import sys
import time
import traceback
from typing import Any

# What AWS's Python runtime has beside the standard library.
RUNTIME_PACKAGES = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"})
MAX_RESPONSE_BYTES = 6 * 1024 * 1024


class RuntimePackages:
    """A finder, asked after every other, that offers only the packages that AWS's runtime ships."""

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if path is None and name in RUNTIME_PACKAGES:
            return importlib.machinery.PathFinder.find_spec(name, self.folders)
        return None


class Context:
    """The handler's second argument."""

    def __init__(self, setup: dict[str, Any], invocation: dict[str, Any]) -> None:
        self.function_name = setup["function_name"]
        self.function_version = setup["function_version"]
        self.memory_limit_in_mb = str(setup["memory_mb"])
        self.log_group_name = setup["log_group"]
        self.log_stream_name = setup["log_stream"]
        self.invoked_function_arn = invocation["function_arn"]
        self.aws_request_id = invocation["request_id"]
        self.identity = None
        self.client_context = None
        self._deadline = invocation["deadline"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        sys.stdout.write(str(message))


class LogHandler(logging.Handler):
    """The root logger's handler: AWS's text format, or its JSON format."""

    request_id = ""

    def __init__(self, log_format: str) -> None:
        super().__init__()
        self.is_json = log_format == "JSON"
        text = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(request)s\t%(message)s"
        self.setFormatter(logging.Formatter(text, "%Y-%m-%dT%H:%M:%S"))
        logging.Formatter.converter = time.gmtime

    def emit(self, record: logging.LogRecord) -> None:
        record.request = self.request_id
        if self.is_json:
            line = self._json(record)
        else:
            line = self.format(record)
        sys.stdout.write(line + "\n")

    def _json(self, record: logging.LogRecord) -> str:
        value: dict[str, Any] = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": self.request_id,
        }
        if record.exc_info and record.exc_info[0] is not None:
            value["errorType"] = record.exc_info[0].__name__
            value["errorMessage"] = str(record.exc_info[1])
            value["stackTrace"] = traceback.format_tb(record.exc_info[2])
        return json.dumps(value, default=str)


def main() -> None:
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # From here on, whatever the function prints, by whatever means, is its log.
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    requests = os.fdopen(os.dup(0), "rb")
    os.dup2(null, 0)

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value).encode() + b"\n")

    setup = json.loads(requests.readline())
    sys.path[:0] = [setup["task_root"], *setup["layers"]]
    sys.meta_path.append(RuntimePackages(setup["runtime_folders"]))
    os.chdir(setup["task_root"])
    logs = LogHandler(setup["log_format"])
    root = logging.getLogger()
    root.addHandler(logs)
    if setup["log_level"]:
        root.setLevel(setup["log_level"])
    handler, error = load_handler(setup["handler"])
    if error is not None:
        print_error(error)
        mark("init")
        answer({"init_error": error})
        return
    mark("init")
    answer({"ready": True})
    for line in requests:
        invocation = json.loads(line)
        logs.request_id = invocation["request_id"]
        result = invoke(handler, invocation, Context(setup, invocation))
        mark(invocation["request_id"])
        answer(result)


def load_handler(name: str) -> tuple[Any, dict[str, Any] | None]:
    """The handler function of `module.function`, or the error that AWS reports instead."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        return None, failure("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        return None, failure("Runtime.ImportModuleError", message)
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        return None, failure("Runtime.UserCodeSyntaxError", message)
    except BaseException as error:
        return None, described(error)
    handler = getattr(module, function_name, None)
    if handler is None:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        return None, failure("Runtime.HandlerNotFound", message)
    return handler, None


def invoke(handler: Any, invocation: dict[str, Any], context: Context) -> dict[str, Any]:
    """One answer: `{"payload": text}` or `{"error": {...}}`."""
    try:
        value = handler(invocation["event"], context)
    except BaseException as error:
        problem = described(error, invocation["request_id"])
        print_error(problem)
        return {"error": problem}
    try:
        payload = json.dumps(value)
    except (TypeError, ValueError) as error:
        problem = failure("Runtime.MarshalError", f"Unable to marshal response: {error}", invocation["request_id"])
        print_error(problem)
        return {"error": problem}
    if len(payload.encode()) > MAX_RESPONSE_BYTES:
        message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
        return {"error": failure("Function.ResponseSizeTooLarge", message)}
    return {"payload": payload}


def described(error: BaseException, request_id: str = "") -> dict[str, Any]:
    """An exception of the function's, as AWS reports it: without the frames of this runtime."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__ and not frame.filename.startswith("<frozen")]
    linecache.checkcache()
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(own),
    }


def failure(kind: str, message: str, request_id: str = "") -> dict[str, Any]:
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": []}


def print_error(error: dict[str, Any]) -> None:
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}"]
    if error["stackTrace"]:
        lines += ["Traceback (most recent call last):", "".join(error["stackTrace"]).rstrip()]
    sys.stdout.write("\n".join(lines) + "\n")


def mark(request_id: str) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(2, b"\0" + request_id.encode() + b"\n")


if __name__ == "__main__":
    main()
