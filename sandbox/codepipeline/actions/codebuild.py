"""The CodeBuild action: a build of a project, with artifacts in and out and variables both ways."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from sandbox.codebuild import Build, PipelineOrder, store_of
from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.failure import ActionFailure, refused
from sandbox.codepipeline.work import Work

# The size of an action's output variables, names and values together, in bytes.
MOST_VARIABLE_BYTES = 122_880


def entity_url(action: Declaration, region: str) -> str:
    """The project's page."""
    project = action["configuration"].get("ProjectName", "")
    return f"https://console.aws.amazon.com/codebuild/home?region={region}#/projects/{project}/view"


def run(work: Work) -> None:
    """Start the build as the action's role, wait for its end, take over its variables."""
    client, store = work.client("codebuild"), store_of(work.account_id, work.region)
    store.orders[work.run.id] = _order(work)
    try:
        answer = client.start_build(
            projectName=work.configuration["ProjectName"],
            idempotencyToken=work.run.id,
            environmentVariablesOverride=_variables(work),
        )
    except ClientError as error:
        raise ActionFailure("JobFailed", f"Error calling startBuild: {refused('', error)}") from None
    finally:
        store.orders.pop(work.run.id, None)
    build_id = answer["build"]["id"]
    region = work.region
    work.note(
        external_id=build_id,
        external_url=f"https://console.aws.amazon.com/codebuild/home?region={region}#/builds/{quote(build_id)}/view/new",
    )
    # AWS asks again and again; here the build tells, so that the answer comes at once.
    build = store.build(build_id)
    build.on_done(lambda: _wake(work))
    work.wait(build.done.is_set)
    _take_over(work, _describe(client, build))


def _wake(work: Work) -> None:
    with work.pipeline.changed:
        work.pipeline.changed.notify_all()


def _order(work: Work) -> PipelineOrder:
    names = list(work.run.inputs)
    revisions = work.execution.revisions
    return PipelineOrder(
        pipeline=work.pipeline.name,
        inputs=dict(work.run.inputs),
        primary=work.configuration.get("PrimarySource") or names[0],
        outputs=dict(work.run.outputs),
        revision=revisions[0].id if revisions else None,
    )


def _variables(work: Work) -> list[dict[str, str]]:
    text = work.configuration.get("EnvironmentVariables")
    if not text:
        return []
    try:
        values = json.loads(text)
        return [
            {"name": item["name"], "value": item["value"], "type": item.get("type", "PLAINTEXT")} for item in values
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise ActionFailure(
            "ConfigurationError",
            f"The EnvironmentVariables of the action {work.run.name} are not a JSON list of objects with name,"
            f" value and type once their variables are resolved: {error}",
        ) from None


def _describe(client: Any, build: Build) -> dict[str, Any]:
    try:
        record: dict[str, Any] = client.batch_get_builds(ids=[build.record["id"]])["builds"][0]
    except ClientError as error:
        raise ActionFailure("JobFailed", f"Error calling batchGetBuilds: {refused('', error)}") from None
    return record


def _take_over(work: Work, record: dict[str, Any]) -> None:
    if record["buildStatus"] != "SUCCEEDED":
        raise ActionFailure("JobFailed", _reason(record))
    variables = {item["name"]: item["value"] for item in record["exportedEnvironmentVariables"]}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())
    if size > MOST_VARIABLE_BYTES:
        raise ActionFailure("JobFailed", f"The output variables exceed {MOST_VARIABLE_BYTES} bytes: {size}")
    work.note(output_variables=variables)


def _reason(record: dict[str, Any]) -> str:
    text = f"Build terminated with state: {record['buildStatus']}"
    for phase in record["phases"]:
        context = (phase.get("contexts") or [{}])[0]
        if phase.get("phaseStatus") not in (None, "SUCCEEDED") and context.get("statusCode"):
            return f"{text}. Phase: {phase['phaseType']}, Code: {context['statusCode']}, Message: {context['message']}"
    return text
