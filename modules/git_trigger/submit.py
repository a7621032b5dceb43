"""Submit every config of the repository that fits a pattern; fail with all problems, after all were tried.

Runs in a build, from the repository's root. CONFIG_PATHS lists the patterns as JSON, FUNCTION_NAME the orchestrator's
function, which answers as it answers the API. A config that did not change starts nothing there.
"""

import json
import os
import pathlib
import re
import sys

KINDS = (".json", ".yaml", ".yml")


def requests_in(path):
    """Return the requests that a file holds: one, or each of a list or of several YAML documents."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".json":
        documents = [json.loads(text)]
    else:
        import yaml

        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    return [request for document in documents for request in (document if isinstance(document, list) else [document])]


def submit(request, client, function):
    """Submit one request; return the status and the decoded answer."""
    event = {"httpMethod": "POST", "path": "/provisionpipeline", "body": json.dumps(request)}
    answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        return 500, {"message": payload.get("errorMessage", "the function failed")}
    return payload["statusCode"], json.loads(payload["body"])


def expression_of(pattern):
    """Return the regular expression of a path pattern: * and ? stay within a folder, ** does not."""
    parts = re.split(r"(\*\*|\*|\?)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part)) for part in parts))


def submit_all(folder, patterns, client, function, say=print):
    """Submit all configs below a folder whose path in it fits a pattern; return how many problems there were."""
    problems = 0
    fits = [expression_of(pattern) for pattern in patterns]
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in KINDS
        and path.is_file()
        and any(fit.fullmatch(path.relative_to(folder).as_posix()) for fit in fits)
    )
    if not files:
        say(f"no config fits {', '.join(patterns)}")
    for path in files:
        try:
            requests = requests_in(path)
        except Exception as error:
            problems += 1
            say(f"{path}: cannot be read: {error}")
            continue
        for request in requests:
            status, answer = submit(request, client, function)
            say(f"{path}: {answer.get('message', status)}")
            if status >= 300:
                problems += 1
                for problem in answer.get("problems") or []:
                    say(f"{path}: {problem.get('key') or ''}: {problem.get('message')} [{problem.get('code')}]")
                    if problem.get("fix"):
                        say(f"  fix: {problem['fix']}")
    return problems


if __name__ == "__main__":
    import boto3

    found = submit_all(
        pathlib.Path("."), json.loads(os.environ["CONFIG_PATHS"]), boto3.client("lambda"), os.environ["FUNCTION_NAME"]
    )
    sys.exit(f"{found} problems" if found else 0)
