"""CodePipeline definitions held against the API's shape, the quotas, and the reference of actions and rules.

https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html, .../action-reference.html,
.../reference-pipeline-structure.html, .../rule-reference.html, .../reference-variables.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tools.fidelity import shapes
from tools.fidelity.findings import Finding
from tools.fidelity.planning import UNKNOWN

KIND = "codepipeline"
STAGES = (2, 50)
ACTIONS_OF_A_STAGE = 50
LONGEST_VALUE = 1000


@dataclass(frozen=True, slots=True)
class ActionType:
    """What the action reference says of one provider.

    Attributes:
        category: The stage of work that it belongs to.
        needed: Configuration keys that it must be given.
        known: All others that it takes.
        inputs: Fewest and most input artifacts.
        outputs: Fewest and most output artifacts.
        variables: Variables that its namespace has; None: what the build exports.
    """

    category: str
    needed: frozenset[str]
    known: frozenset[str] = frozenset()
    inputs: tuple[int, int] = (0, 0)
    outputs: tuple[int, int] = (0, 0)
    variables: frozenset[str] | None = frozenset()


_COMMIT = frozenset({"AuthorDate", "BranchName", "CommitId", "CommitMessage", "CommitterDate", "RepositoryName"})
ACTIONS = {
    "S3": ActionType(
        "Source",
        frozenset({"S3Bucket", "S3ObjectKey"}),
        frozenset({"AllowOverrideForS3ObjectKey", "PollForSourceChanges"}),
        outputs=(1, 1),
        variables=frozenset({"BucketName", "ETag", "ObjectKey", "VersionId"}),
    ),
    "CodeCommit": ActionType(
        "Source",
        frozenset({"BranchName", "RepositoryName"}),
        frozenset({"OutputArtifactFormat", "PollForSourceChanges"}),
        outputs=(1, 1),
        variables=_COMMIT,
    ),
    "CodeStarSourceConnection": ActionType(
        "Source",
        frozenset({"BranchName", "ConnectionArn", "FullRepositoryId"}),
        frozenset({"DetectChanges", "OutputArtifactFormat"}),
        outputs=(1, 1),
        variables=frozenset(
            {"AuthorDate", "BranchName", "CommitId", "CommitMessage", "ConnectionArn", "FullRepositoryName"}
        ),
    ),
    "CodeBuild": ActionType(
        "Build",
        frozenset({"ProjectName"}),
        frozenset({"BatchEnabled", "CombineArtifacts", "EnvironmentVariables", "PrimarySource"}),
        inputs=(1, 5),
        outputs=(0, 5),
        variables=None,
    ),
    "Manual": ActionType(
        "Approval",
        frozenset(),
        frozenset({"CustomData", "ExternalEntityLink", "NotificationArn"}),
        variables=frozenset({"ApprovalSummary"}),
    ),
}
RULES = {
    "VariableCheck": (frozenset({"Operator", "Value", "Variable"}), frozenset({"EQ", "NE", "CONTAINS", "MATCHES"}))
}
_REFERENCE = re.compile(r"#\{([^.}]+)\.([^}]+)\}")


def declaration(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a planned ``aws_codepipeline`` as the API's PipelineDeclaration."""
    store = values["artifact_store"][0]
    key = store["encryption_key"][0] if store.get("encryption_key") else None
    found: dict[str, Any] = {
        "name": values["name"],
        "roleArn": values["role_arn"],
        "artifactStore": {"location": store["location"], "type": store["type"]}
        | ({"encryptionKey": key} if key else {}),
        "executionMode": values["execution_mode"],
        "pipelineType": values["pipeline_type"],
        "stages": [_stage(stage) for stage in values["stage"]],
        "variables": [
            _present(name=item["name"], defaultValue=item["default_value"], description=item["description"])
            for item in values.get("variable") or []
        ],
    }
    if values.get("trigger"):
        found["triggers"] = [_trigger(trigger) for trigger in values["trigger"]]
    return found


def check(pipeline: Mapping[str, Any], place: str, exported: Mapping[str, set[str]] | None = None) -> Iterator[Finding]:
    """Yield what is wrong with a PipelineDeclaration.

    Args:
        pipeline: As the API takes it.
        place: Where it stands.
        exported: Name of a CodeBuild project to the variables that its buildspec exports.
    """
    shape = shapes.service("codepipeline").shape_for("PipelineDeclaration")
    yield from shapes.check(pipeline, shape, place)
    stages = pipeline["stages"]
    if not STAGES[0] <= len(stages) <= STAGES[1]:
        yield Finding(place, f"{len(stages)} stages are not {STAGES[0]} to {STAGES[1]}", KIND)
    yield from _twice([stage["name"] for stage in stages], "stage", place)
    made: set[str] = set()
    namespaces: dict[str, set[str] | frozenset[str] | None] = {
        "codepipeline": {"PipelineExecutionId"},
        "variables": {item["name"] for item in pipeline.get("variables", [])},
    }
    for number, stage in enumerate(stages):
        where = f"{place}/{stage['name']}"
        if len(stage["actions"]) > ACTIONS_OF_A_STAGE:
            yield Finding(where, f"{len(stage['actions'])} actions are more than {ACTIONS_OF_A_STAGE}", KIND)
        yield from _twice([action["name"] for action in stage["actions"]], "action", where)
        for condition in stage.get("beforeEntry", {}).get("conditions", []):
            for rule in condition["rules"]:
                yield from _rule(rule, namespaces, f"{where}/{rule['name']}")
        for action in sorted(stage["actions"], key=lambda action: _order(action)):
            at = f"{where}/{action['name']}"
            yield from _action(action, number == 0, made, namespaces, at)
            for artifact in action.get("outputArtifacts", []):
                if artifact["name"] in made:
                    yield Finding(at, f"artifact {artifact['name']} is made twice", KIND)
                made.add(artifact["name"])
            if "namespace" in action:
                if action["namespace"] in namespaces:
                    yield Finding(at, f"namespace {action['namespace']} is taken", KIND)
                namespaces[action["namespace"]] = _variables(action, exported or {})


def _variables(action: Mapping[str, Any], exported: Mapping[str, set[str]]) -> set[str] | frozenset[str] | None:
    kind = ACTIONS.get(action["actionTypeId"]["provider"])
    if kind is None or kind.variables is not None:
        return kind.variables if kind else None
    return exported.get(action["configuration"].get("ProjectName", ""))


def _action(
    action: Mapping[str, Any], is_first: bool, made: set[str], namespaces: Mapping[str, Any], place: str
) -> Iterator[Finding]:
    identity = action["actionTypeId"]
    kind = ACTIONS.get(identity["provider"])
    if kind is None:
        yield Finding(place, f"provider {identity['provider']} is not in tools/fidelity/pipelines.py", KIND)
        return
    if identity["category"] != kind.category:
        yield Finding(place, f"{identity['provider']} is of category {kind.category}, not {identity['category']}", KIND)
    if (kind.category == "Source") != is_first:
        yield Finding(place, "the first stage holds sources, and no other stage does", KIND)
    configuration = action.get("configuration", {})
    for key in sorted(set(configuration) - kind.needed - kind.known):
        yield Finding(place, f"{identity['provider']} has no configuration {key}", KIND)
    for key in sorted(kind.needed - set(configuration)):
        yield Finding(place, f"{identity['provider']} needs configuration {key}", KIND)
    inputs = [artifact["name"] for artifact in action.get("inputArtifacts", [])]
    for what, count, (least, most) in (
        ("input", len(inputs), kind.inputs),
        ("output", len(action.get("outputArtifacts", [])), kind.outputs),
    ):
        if not least <= count <= most:
            yield Finding(place, f"{count} {what} artifacts are not {least} to {most}", KIND)
    for name in inputs:
        if name not in made:
            yield Finding(place, f"nothing before it makes artifact {name}", KIND)
    if identity["provider"] == "CodeBuild" and len(inputs) > 1 and configuration.get("PrimarySource") not in inputs:
        yield Finding(place, "several inputs need a PrimarySource that is one of them", KIND)
    for key, value in configuration.items():
        yield from _references(value, namespaces, f"{place}/{key}")
    yield from _environment(configuration.get("EnvironmentVariables"), place)


def _environment(text: Any, place: str) -> Iterator[Finding]:
    if not isinstance(text, str):
        return
    shape = shapes.service("codebuild").shape_for("EnvironmentVariables")
    yield from shapes.check(json.loads(text), shape, f"{place}/EnvironmentVariables")


def _rule(rule: Mapping[str, Any], namespaces: Mapping[str, Any], place: str) -> Iterator[Finding]:
    provider = rule["ruleTypeId"]["provider"]
    if provider not in RULES:
        yield Finding(place, f"rule {provider} is not in tools/fidelity/pipelines.py", KIND)
        return
    keys, operators = RULES[provider]
    if set(rule["configuration"]) != keys:
        yield Finding(place, f"{provider} takes {', '.join(sorted(keys))}", KIND)
    if rule["configuration"].get("Operator") not in operators:
        yield Finding(place, f"Operator is one of {', '.join(sorted(operators))}", KIND)
    for value in rule["configuration"].values():
        yield from _references(value, namespaces, place)


def _references(value: Any, namespaces: Mapping[str, Any], place: str) -> Iterator[Finding]:
    for namespace, name in _REFERENCE.findall(value if isinstance(value, str) else ""):
        if namespace not in namespaces:
            yield Finding(place, f"#{{{namespace}.{name}}}: no action before it has this namespace", KIND)
        elif namespaces[namespace] is not None and name not in namespaces[namespace]:
            yield Finding(place, f"#{{{namespace}.{name}}}: the namespace has no such variable", KIND)


def _twice(found: list[str], what: str, place: str) -> Iterator[Finding]:
    for name in sorted({name for name in found if found.count(name) > 1}):
        yield Finding(place, f"{what} {name} is there twice", KIND)


def _order(action: Mapping[str, Any]) -> int:
    order = action.get("runOrder", 1)
    return 1 if order is UNKNOWN else int(order)


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": stage["name"], "actions": [_declared(action) for action in stage["action"]]}
    for entry in stage.get("before_entry") or []:
        found["beforeEntry"] = {
            "conditions": [
                {
                    "result": condition["result"],
                    "rules": [
                        {
                            "name": rule["name"],
                            "ruleTypeId": _present(**rule["rule_type_id"][0]),
                            "configuration": rule["configuration"],
                        }
                        for rule in condition["rule"]
                    ],
                }
                for condition in entry["condition"]
            ]
        }
    return found


def _declared(action: Mapping[str, Any]) -> dict[str, Any]:
    found = _present(
        name=action["name"],
        actionTypeId={key: action[key] for key in ("category", "owner", "provider", "version")},
        configuration=action["configuration"],
        namespace=action["namespace"],
        roleArn=action["role_arn"],
        runOrder=action["run_order"],
        timeoutInMinutes=action["timeout_in_minutes"],
    )
    for key in ("input_artifacts", "output_artifacts"):
        if action[key]:
            found["inputArtifacts" if key.startswith("input") else "outputArtifacts"] = [
                {"name": name} for name in action[key]
            ]
    return found


def _trigger(trigger: Mapping[str, Any]) -> dict[str, Any]:
    git = trigger["git_configuration"][0]
    pushes = [
        {
            member: _present(includes=given[0]["includes"], excludes=given[0]["excludes"])
            for member, given in (
                ("branches", push["branches"]),
                ("filePaths", push["file_paths"]),
                ("tags", push["tags"]),
            )
            if given
        }
        for push in git.get("push") or []
    ]
    return {
        "providerType": trigger["provider_type"],
        "gitConfiguration": {"sourceActionName": git["source_action_name"], "push": pushes},
    }


def _present(**members: Any) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value not in (None, "", [], {})}
