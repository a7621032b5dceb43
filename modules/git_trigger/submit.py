"""Submit every config below a folder of the repository; fail with all problems, after all were tried.

Runs in a build, from the repository's root. CONFIG_FOLDER names the folder, FUNCTION_NAME the orchestrator's
function, which answers as it answers the API. A config that did not change starts nothing there.
"""

import json
import os
import pathlib
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


def submit_folder(folder, client, function, say=print):
    """Submit all configs below a folder; return how many problems there were."""
    problems = 0
    files = sorted(path for path in folder.rglob("*") if path.suffix in KINDS and path.is_file())
    if not files:
        say(f"{folder} holds no config")
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

    found = submit_folder(
        pathlib.Path(os.environ["CONFIG_FOLDER"]), boto3.client("lambda"), os.environ["FUNCTION_NAME"]
    )
    sys.exit(f"{found} problems" if found else 0)
