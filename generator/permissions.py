"""What a team's own blueprint needs the platform's two roles to may do: declared as data, judged, and rendered. Pure.

The deploy and plan roles of an account reach what the built-in blueprints make. A blueprint that makes anything else
brings statements for them in ``blueprint.json``:

    "permissions": {
      "deploy": [{"actions": ["dynamodb:CreateTable"], "resources": ["arn:$partition:dynamodb:...:table/$name"]}],
      "plan":   [{"actions": ["dynamodb:DescribeTable"], "resources": ["arn:$partition:dynamodb:...:table/$name"]}]
    }

``$name`` stands for the names that pipelines of the account's stages have (``acme-ml-dev-*``). A statement that is not
limited by it has to be limited by a condition, and to say why. What would reach beyond the platform is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from . import names
from .blueprint import ORCHESTRATOR_STAGE
from .canonical import compact_json
from .contract.composite import Items, Mapped, Record
from .contract.field import Field
from .contract.kinds import Text, show
from .contract.report import INVALID, Report
from .errors import GeneratorError
from .problems import listed

if TYPE_CHECKING:
    from .blueprint import PipelineType
    from .platform import Platform

PLACEHOLDERS = ("account_id", "name", "partition", "prefix", "region")
# IAM's limits: characters of a policy, and policies that a role takes beside those of modules/target_account.
POLICY_LIMIT = 6144
MOST_POLICIES = {"deploy": 4, "plan": 8}

_ACTION = Text("an action such as dynamodb:CreateTable", r"[a-z0-9-]+:[A-Za-z*]+")
_PLACEHOLDER = re.compile(r"\$([a-z_]+)")
# $name has to begin a name: table/$name, log-group:/acme/$name.
_NAMED = re.compile(r"[:/]\$name(?![a-z_])")
_ARN = re.compile(r"arn:\$partition:[a-z0-9-]+:(?:\$region)?:(?:\$account_id)?:\S+")
_OPERATORS = re.compile(r"(?:ForAllValues:|ForAnyValue:)?(?:String|Arn|Numeric|Date|Bool|IpAddress|NotIp|Null)\w*")
_EXACT = ("StringEquals", "ArnEquals")
_OWN_TAGS = ("aws:ResourceTag/Project", "aws:RequestTag/Project")
_IDENTITY = frozenset({"account", "iam", "identitystore", "organizations", "ram", "sso", "sso-directory", "sts"})
_READS = ("BatchDescribe", "BatchGet", "Describe", "Get", "List", "Lookup", "Search", "Validate")
# Reads that answer with data, secrets or credentials instead of settings.
_DATA = (
    "appconfig:GetConfiguration",
    "appconfig:GetLatestConfiguration",
    "athena:GetQueryResults*",
    "codeartifact:GetAuthorizationToken",
    "cognito-identity:Get*",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:GetRecords",
    "ecr:GetAuthorizationToken",
    "kinesis:GetRecords",
    "logs:GetLogEvents",
    "logs:GetLogRecord",
    "logs:GetQueryResults",
    "redshift:GetClusterCredentials*",
    "s3:GetObject*",
    "sagemaker:BatchGetRecord",
    "sagemaker:GetRecord",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
)

_STATEMENT = Record(
    (
        Field("actions", Items(_ACTION, fewest=1, most=60, unique=True), "IAM actions.", required=True),
        Field("resources", Items(Text("an ARN", longest=512), fewest=1, most=20, unique=True), "ARNs.", required=True),
        Field(
            "conditions",
            Mapped(
                Text("an operator", longest=64),
                Mapped(Text("a condition key", longest=256), Items(Text(longest=512), fewest=1, most=50, lone=True)),
                fewest=1,
            ),
            "Conditions as in a policy: operator to key to values.",
        ),
        Field("reason", Text("a reason", longest=300), "Why its resources are not named by $name."),
    ),
    expects="a statement: an object with actions and resources",
)
PERMISSIONS = Record(
    (
        Field("deploy", Items(_STATEMENT, most=20), "What applying and destroying needs beside what planning needs."),
        Field("plan", Items(_STATEMENT, most=20), "What reading needs: planning, and verifying."),
    ),
    expects="an object with deploy and plan",
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with its placeholders; ``conditions`` is operator to key to values."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a blueprint brings for each of the two roles."""

    deploy: tuple[Statement, ...] = ()
    plan: tuple[Statement, ...] = ()


# Judging ----------------------------------------------------------------------------------------------------------


def parse_permissions(declared: Mapping[str, Any], report: Report) -> Permissions:
    """Return what a definition's ``permissions`` say, and report every statement that reaches too far.

    Args:
        declared: The member as it stands in ``blueprint.json``.
        report: Gets the problems, below the key ``permissions``.
    """
    report.key = "permissions"
    checked = PERMISSIONS.check(dict(declared), report)
    if checked is INVALID:
        return Permissions()
    for role in ("deploy", "plan"):
        for index, statement in enumerate(checked.get(role, ())):
            key = f"permissions.{role}[{index}]"
            for place, message, fix in _faults(role, statement):
                report.add_at(f"{key}.{place}" if place else key, "unsafe-permission", message, fix)
    return Permissions(*(tuple(map(_statement, checked.get(role, ()))) for role in ("deploy", "plan")))


def _statement(checked: Mapping[str, Any]) -> Statement:
    return Statement(tuple(checked["actions"]), tuple(checked["resources"]), checked.get("conditions", {}))


_Fault = tuple[str, str, str]


def _faults(role: str, statement: Mapping[str, Any]) -> Iterator[_Fault]:
    """Yield (place, message, fix) of everything that is wrong with a statement."""
    conditions: Mapping[str, Mapping[str, Sequence[str]]] = statement.get("conditions", {})
    yield from _form_faults(statement["resources"], conditions)
    identity = [action for action in statement["actions"] if action.partition(":")[0] in _IDENTITY]
    if identity:
        yield from _identity_faults(role, identity, statement["resources"], conditions)
    if role == "plan":
        yield from _read_faults(statement["actions"])
    if all(_NAMED.search(resource) for resource in statement["resources"]):
        return
    if not statement.get("reason"):
        yield "reason", "is missing: a resource is not named by $name", "name it so, or say why it cannot be"
    broad = [action for action in statement["actions"] if "*" in action]
    if broad and role == "deploy":
        yield "actions", f"has {listed(map(show, broad))} on what is not named by $name", "name each action"
    if role == "deploy" and not identity and not _is_limited(statement["actions"], conditions):
        yield (
            "",
            "reaches what does not belong to this platform's pipelines",
            "name its resources by $name, or add a condition: StringEquals with aws:ResourceTag/Project or "
            "aws:RequestTag/Project and $prefix, or for kms with kms:ViaService",
        )


def _form_faults(
    resources: Iterable[str], conditions: Mapping[str, Mapping[str, Sequence[str]]]
) -> Iterator[_Fault]:
    for index, resource in enumerate(resources):
        if resource != "*" and not _ARN.fullmatch(resource):
            yield (
                f"resources[{index}]",
                f"{show(resource)} is not an ARN of this account and region",
                "write it as arn:$partition:SERVICE:$region:$account_id:KIND/$name",
            )
    texts = [(f"resources[{index}]", resource) for index, resource in enumerate(resources)]
    for operator, keys in conditions.items():
        if not _OPERATORS.fullmatch(operator):
            yield f"conditions.{operator}", "is no operator of IAM conditions", "use one such as StringEquals"
        for key, values in keys.items():
            texts += [(f"conditions.{operator}.{key}", value) for value in values]
    for place, text in texts:
        unknown = sorted({name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS})
        if unknown:
            known = listed(f"${name}" for name in PLACEHOLDERS)
            yield place, f"names {listed(f'${name}' for name in unknown)}, which does not exist", f"use {known}"


def _identity_faults(
    role: str,
    actions: Iterable[str],
    resources: Sequence[str],
    conditions: Mapping[str, Mapping[str, Sequence[str]]],
) -> Iterator[_Fault]:
    """Identities are how one would climb: all but two narrow actions are the platform's own."""
    for action in actions:
        if role == "deploy" and action == "iam:PassRole":
            named = all(re.fullmatch(r"arn:\$partition:iam::\$account_id:role/\$name\S*", one) for one in resources)
            if not named or not _services(conditions, "iam:PassedToService"):
                yield (
                    "",
                    "iam:PassRole hands on more than the pipelines' own roles",
                    "limit it to arn:$partition:iam::$account_id:role/$name and to the services of a condition "
                    "StringEquals iam:PassedToService",
                )
        elif role == "deploy" and action == "iam:CreateServiceLinkedRole":
            if not _services(conditions, "iam:AWSServiceName"):
                yield (
                    "",
                    "iam:CreateServiceLinkedRole is not limited to a service",
                    "add a condition StringEquals iam:AWSServiceName with the service",
                )
        else:
            yield (
                "actions",
                f"{show(action)} is not for blueprints",
                "drop it: the roles and policies that a pipeline makes under its own name are covered already; "
                "of the identity services only iam:PassRole and iam:CreateServiceLinkedRole can be added, for deploy",
            )


def _services(conditions: Mapping[str, Mapping[str, Sequence[str]]], key: str) -> bool:
    values = conditions.get("StringEquals", {}).get(key, ())
    return bool(values) and all(re.fullmatch(r"[a-z0-9.-]+", value) for value in values)


def _read_faults(actions: Iterable[str]) -> Iterator[_Fault]:
    for action in actions:
        if not action.partition(":")[2].startswith(_READS):
            yield "actions", f"{show(action)} is not a read", f"move it to deploy; reads begin with {listed(_READS)}"
            continue
        data = [known for known in _DATA if fnmatchcase(known.rstrip("*"), action) or fnmatchcase(action, known)]
        if data:
            yield (
                "actions",
                f"{show(action)} reads data or secrets ({listed(data)}), and a plan reads settings",
                "name the actions that read settings one by one",
            )


def _is_limited(actions: Iterable[str], conditions: Mapping[str, Mapping[str, Sequence[str]]]) -> bool:
    """Whether a condition keeps a statement to the platform, or to keys that a service uses for it."""
    exact = [(key, values) for operator in _EXACT for key, values in conditions.get(operator, {}).items()]
    if any(key in _OWN_TAGS and list(values) == ["$prefix"] for key, values in exact):
        return True
    only_keys = all(action.startswith("kms:") for action in actions)
    return only_keys and any(key == "kms:ViaService" for key, _ in exact)


# Rendering --------------------------------------------------------------------------------------------------------


def additional_policies(
    types: Iterable[PipelineType], platform: Platform, account_id: str
) -> dict[str, dict[str, str]]:
    """Return the policies that the two roles of an account need for a team's own types: role to name to JSON.

    Statements share documents as far as IAM's limits reach; deploying includes what planning needs.

    Raises:
        GeneratorError: They take more policies than a role has room for.
    """
    found: dict[str, dict[str, str]] = {}
    rendered: dict[str, list[dict[str, Any]]] = {"deploy": [], "plan": []}
    for pipeline_type in types:
        stages = _stages(pipeline_type, platform, account_id)
        if not stages:
            continue
        brought = parse_permissions(pipeline_type.permissions, Report())
        label = "".join(word.title() for word in pipeline_type.name.split("_"))
        reads = [
            _rendered(f"{label}Plan{index}", statement, stages, platform, account_id)
            for index, statement in enumerate(brought.plan)
        ]
        rendered["plan"] += reads
        rendered["deploy"] += reads
        rendered["deploy"] += [
            _rendered(f"{label}Deploy{index}", statement, stages, platform, account_id)
            for index, statement in enumerate(brought.deploy)
        ]
    for role, documents in rendered.items():
        packed = _packed(documents)
        for document in documents:
            if len(_policy([document])) > POLICY_LIMIT:
                raise GeneratorError(
                    f"the blueprints' statement {document['Sid']} is longer than a policy ({POLICY_LIMIT} characters)",
                    hint="divide it into several",
                )
        if len(packed) > MOST_POLICIES[role]:
            raise GeneratorError(
                f"the blueprints' permissions take {len(packed)} policies for the {role} role of account {account_id}, "
                f"but IAM has room for {MOST_POLICIES[role]} more",
                hint="name fewer actions, or use patterns such as dynamodb:Describe*",
            )
        if packed:
            found[role] = {f"blueprints-{index}": text for index, text in enumerate(packed, 1)}
    return found


def _stages(pipeline_type: PipelineType, platform: Platform, account_id: str) -> list[str]:
    if pipeline_type.runs_in == "orchestrator":
        return [ORCHESTRATOR_STAGE] if account_id == platform.orchestrator_account_id else []
    return [stage.name for stage in platform.stages if stage.account_id == account_id]


def _rendered(
    sid: str, statement: Statement, stages: Sequence[str], platform: Platform, account_id: str
) -> dict[str, Any]:
    values = {
        "account_id": account_id,
        "partition": names.partition(platform.region),
        "prefix": platform.name,
        "region": platform.region,
    }

    def filled(text: str) -> list[str]:
        patterns = [names.resource_pattern(platform, stage) for stage in stages] if "$name" in text else [""]
        return [_filled(text, {**values, "name": pattern}).replace("**", "*") for pattern in patterns]

    document: dict[str, Any] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(statement.actions),
        "Resource": [one for resource in statement.resources for one in filled(resource)],
    }
    if statement.conditions:
        document["Condition"] = {
            operator: {key: [one for value in given for one in filled(value)] for key, given in keys.items()}
            for operator, keys in statement.conditions.items()
        }
    return document


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with every placeholder's value; IAM's own variables, ``${...}``, stay."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _packed(statements: Iterable[dict[str, Any]]) -> list[str]:
    """Return as few policy documents as hold the statements in their order."""
    groups: list[list[dict[str, Any]]] = []
    for statement in statements:
        if groups and len(_policy([*groups[-1], statement])) <= POLICY_LIMIT:
            groups[-1].append(statement)
        else:
            groups.append([statement])
    return [_policy(group) for group in groups]


def _policy(statements: Sequence[dict[str, Any]]) -> str:
    return compact_json({"Version": "2012-10-17", "Statement": list(statements)})
