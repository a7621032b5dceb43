"""The operations of CodeBuild's API that the sandbox serves."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.codebuild import projects
from sandbox.codebuild.build import RUNNING, Build
from sandbox.codebuild.events import publish_state
from sandbox.codebuild.projects import invalid
from sandbox.codebuild.requests import initiator_of, new_build
from sandbox.codebuild.runner import PRINCIPAL, run_build
from sandbox.codebuild.store import Store, store_of
from sandbox.context import Context
from sandbox.iam.sessions import trusts_service
from sandbox.operations import ApiError, Call, Handler, page

_PAGE = 100


def handlers(context: Context) -> dict[str, Handler]:
    """Each operation's function, by its name."""
    return {
        "CreateProject": create_project,
        "UpdateProject": update_project,
        "DeleteProject": delete_project,
        "BatchGetProjects": batch_get_projects,
        "ListProjects": list_projects,
        "InvalidateProjectCache": lambda call: _store(call).project(call.get("projectName")) and {},
        "StartBuild": lambda call: start_build(context, call),
        "RetryBuild": lambda call: retry_build(context, call),
        "StopBuild": stop_build,
        "BatchGetBuilds": batch_get_builds,
        "BatchDeleteBuilds": batch_delete_builds,
        "ListBuilds": list_builds,
        "ListBuildsForProject": list_builds_for_project,
    }


def _store(call: Call) -> Store:
    return store_of(call.account_id, call.region)


# Projects


def create_project(call: Call) -> dict[str, Any]:
    """CreateProject."""
    name = call.parameters["name"]
    base = f"arn:{call.partition}"
    arn = f"{base}:codebuild:{call.region}:{call.account_id}:project/{name}"
    project = projects.new_project(
        call.parameters,
        arn=arn,
        default_key_arn=f"{base}:kms:{call.region}:{call.account_id}:alias/aws/s3",
        now=datetime.now(UTC),
    )
    _check_role(project)
    store = _store(call)
    with store.lock:
        if name in store.projects:
            raise ApiError("ResourceAlreadyExistsException", f"Project already exists: {arn}")
        store.projects[name] = project
    return {"project": project}


def update_project(call: Call) -> dict[str, Any]:
    """UpdateProject."""
    store = _store(call)
    with store.lock:
        old = store.project(call.parameters["name"])
        project = projects.changed_project(old, call.parameters, now=datetime.now(UTC))
        if project["serviceRole"] != old["serviceRole"]:
            _check_role(project)
        store.projects[project["name"]] = project
    return {"project": project}


def _check_role(project: dict[str, Any]) -> None:
    role = project["serviceRole"]
    if not trusts_service(role, PRINCIPAL, project["arn"]):
        raise invalid(f"CodeBuild is not authorized to perform: sts:AssumeRole on {role}")


def delete_project(call: Call) -> dict[str, Any]:
    """DeleteProject: no error if there is none; its builds stay known."""
    _store(call).projects.pop(call.parameters["name"].rpartition(":project/")[2], None)
    return {}


def batch_get_projects(call: Call) -> dict[str, Any]:
    """BatchGetProjects."""
    store, found, missing = _store(call), [], []
    for name in call.parameters["names"]:
        project = store.projects.get(name.rpartition(":project/")[2])
        if project is None:
            missing.append(name)
        else:
            found.append(project)
    return {"projects": found, "projectsNotFound": missing}


def list_projects(call: Call) -> dict[str, Any]:
    """ListProjects."""
    key = {"CREATED_TIME": "created", "LAST_MODIFIED_TIME": "lastModified"}.get(call.get("sortBy", ""), "name")
    found = sorted(_store(call).projects.values(), key=lambda project: project[key])
    if call.get("sortOrder") == "DESCENDING":
        found.reverse()
    names, token = page(
        [project["name"] for project in found], call.get("nextToken"), _PAGE, error="InvalidInputException"
    )
    return {"projects": names, "nextToken": token}


# Builds


def start_build(context: Context, call: Call) -> dict[str, Any]:
    """StartBuild."""
    store, token = _store(call), call.get("idempotencyToken")
    with store.lock:
        project = store.project(call.parameters["projectName"])
        if token is not None:
            build = store.repeated(token, call.parameters, time.monotonic())
            if build is not None:
                return {"build": build.view()}
        order = store.orders.pop(token, None) if token is not None else None
        initiator = f"codepipeline/{order.pipeline}" if order is not None else initiator_of(call.caller)
        _check_limit(store, project)
        if not trusts_service(call.get("serviceRoleOverride", project["serviceRole"]), PRINCIPAL, project["arn"]):
            raise invalid(f"CodeBuild is not authorized to perform: sts:AssumeRole on {project['serviceRole']}")
        build = new_build(
            project,
            call.parameters,
            build_uuid=str(uuid.uuid4()),
            number=store.next_number(project["name"]),
            initiator=initiator,
            order=order,
        )
        store.builds[build.record["id"]] = build
        if token is not None:
            store.remember(token, call.parameters, build, time.monotonic())
    _run(context, build)
    return {"build": build.view()}


def _run(context: Context, build: Build) -> None:
    publish_state(context, build)
    context.run_thread(f"build {build.record['id']}", run_build, context, build)


def _check_limit(store: Store, project: dict[str, Any]) -> None:
    limit = project.get("concurrentBuildLimit")
    running = [build for build in store.builds_of(project["name"]) if not build.done.is_set()]
    if limit is not None and len(running) >= limit:
        raise ApiError("AccountLimitExceededException", f"Project-level concurrent build limit cannot exceed {limit}")


def retry_build(context: Context, call: Call) -> dict[str, Any]:
    """RetryBuild: the same build once more, with the source and settings it had."""
    store = _store(call)
    with store.lock:
        old = store.build(call.get("id", ""))
        if not old.done.is_set():
            raise invalid(f"Build {old.record['id']} is still in progress")
        if old.order is not None:
            raise invalid("A build that CodePipeline started cannot be retried here")
        project, record = store.project(old.record["projectName"]), old.view()
        _check_limit(store, project)
        build = new_build(
            project | {"source": record["source"], "environment": record["environment"]},
            {"sourceVersion": record.get("sourceVersion")},
            build_uuid=str(uuid.uuid4()),
            number=store.next_number(project["name"]),
            initiator=initiator_of(call.caller),
        )
        build.targets = old.targets
        store.builds[build.record["id"]] = build
    _run(context, build)
    return {"build": build.view()}


def stop_build(call: Call) -> dict[str, Any]:
    """StopBuild: returns once the build is over, so its status says STOPPED."""
    build = _store(call).build(call.parameters["id"])
    build.stop("STOPPED")
    build.done.wait(10)
    return {"build": build.view()}


def batch_get_builds(call: Call) -> dict[str, Any]:
    """BatchGetBuilds."""
    store, found, missing = _store(call), [], []
    for build_id in call.parameters["ids"]:
        try:
            found.append(store.build(build_id).view())
        except ApiError as error:
            if error.code != "ResourceNotFoundException":
                raise
            missing.append(build_id)
    return {"builds": found, "buildsNotFound": missing}


def batch_delete_builds(call: Call) -> dict[str, Any]:
    """BatchDeleteBuilds: finished builds only."""
    store, deleted, kept = _store(call), [], []
    for build_id in call.parameters["ids"]:
        build = store.builds.get(build_id.rpartition(":build/")[2])
        if build is not None and build.record["buildStatus"] != RUNNING:
            del store.builds[build.record["id"]]
            deleted.append(build.record["arn"])
        else:
            kept.append({"id": build_id, "statusCode": "BUILD_IN_PROGRESS" if build else "BUILD_NOT_FOUND"})
    return {"buildsDeleted": deleted, "buildsNotDeleted": kept}


def list_builds(call: Call) -> dict[str, Any]:
    """ListBuilds."""
    return _listed(call, list(_store(call).builds.values()))


def list_builds_for_project(call: Call) -> dict[str, Any]:
    """ListBuildsForProject: newest first unless asked otherwise."""
    store, name = _store(call), call.parameters["projectName"].rpartition(":project/")[2]
    builds = store.builds_of(name)
    if not builds:
        store.project(name)
    return _listed(call, builds)


def _listed(call: Call, builds: list[Build]) -> dict[str, Any]:
    ids = [build.record["id"] for build in builds]
    if call.get("sortOrder", "DESCENDING") == "DESCENDING":
        ids.reverse()
    shown, token = page(ids, call.get("nextToken"), _PAGE, error="InvalidInputException")
    return {"ids": shown, "nextToken": token}
