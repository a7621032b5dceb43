"""IAM policies held against the policy language, the Service Authorization Reference and their documented sizes.

What is found: actions that do not exist; ARNs that no action of the statement takes, and actions that take none of the
statement's ARNs (such a statement allows nothing); ``*`` where nobody said why; condition keys that an action
never carries; values that an operator never matches; principals that are none; documents that are too large.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import cfnlint.data.schemas.other.iam as language
import jsonschema  # type: ignore[import-untyped]
import referencing
from referencing.jsonschema import DRAFT202012

from tools.fidelity import iam_list
from tools.fidelity.findings import Finding
from tools.fidelity.iam_list import Action

KIND = "iam"
Sort = Literal["identity", "trust", "resource", "resource_ecr"]

# Characters or bytes, white space left out. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html,
# .../AmazonS3/latest/userguide/bucket-policies.html, .../kms/latest/developerguide/resource-limits.html,
# .../AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html, .../sns/latest/dg/sns-access-policy-language-...
LONGEST = {
    "managed policy": 6144,
    "inline policies of a role": 10240,
    "trust policy": 2048,
    "bucket policy": 20 * 1024,
    "key policy": 32 * 1024,
    "repository policy": 10240,
    "topic policy": 30 * 1024,
    "model package group policy": 20480,
}
# The services that something of ours is handed to, as the services' own documentation spells their principals.
SERVICE_PRINCIPALS = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "apigateway", "cloudwatch", "codebuild", "codepipeline", "delivery.logs", "events", "lambda", "logging.s3",
        "s3", "sagemaker", "scheduler", "sns", "states",
    )
)  # fmt: skip
_OPERATOR = re.compile(r"^(?:ForAllValues:|ForAnyValue:)?(\w+?)(IfExists)?$")
_NEGATED = ("Not", "Null")


def check(document: Mapping[str, Any], place: str, sort: Sort, reasons: Collection[str] = ()) -> Iterator[Finding]:
    """Yield what is wrong with a policy.

    Args:
        document: The policy.
        place: Where it stands.
        sort: Whether it says what an identity may do, who may assume a role, or who may use a resource (ECR's
            name no resource).
        reasons: Sids of the statements whose ``*`` has its reason beside it in the source.
    """
    yield from _structure(document, place, sort)
    for number, statement in enumerate(statements(document)):
        where = f"{place}/{statement.get('Sid', number)}"
        known = list(_actions(statement))
        for pattern, found in known:
            if not found:
                yield Finding(where, f"there is no action {pattern}", KIND)
        if sort == "trust":
            yield from _principals(statement, where)
            yield from _conditions(statement, known, where)
            continue
        if sort.startswith("resource"):
            yield from _principals(statement, where)
        if "Resource" in statement:
            yield from _resources(statement, known, where, explained=sort != "identity" or where_sid(where) in reasons)
        yield from _conditions(statement, known, where)


def too_long(text: str, what: str, place: str, spoken: Iterable[str] = ()) -> Iterator[Finding]:
    """Yield that a policy, together with others that count with it, is larger than AWS takes."""
    size = sum(len("".join(document.split())) for document in (text, *spoken))
    if size > LONGEST[what]:
        yield Finding(place, f"{size} characters of {what} are more than {LONGEST[what]}", KIND)


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a policy's statements."""
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def where_sid(place: str) -> str:
    """The last part of a place."""
    return place.rpartition("/")[2]


def as_list(value: Any) -> list[Any]:
    """Return a member of a statement, which may be one or many, as many."""
    return value if isinstance(value, list) else [value]


def _actions(statement: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Action, ...]]]:
    for pattern in as_list(statement.get("Action", statement.get("NotAction", []))):
        if pattern != "*":
            yield pattern, iam_list.actions(pattern)


def _resources(
    statement: Mapping[str, Any], known: list[tuple[str, tuple[Action, ...]]], place: str, explained: bool
) -> Iterator[Finding]:
    resources = as_list(statement["Resource"])
    if "*" in resources:
        narrower = [pattern for pattern, found in known if any(action.arns for action in found)]
        if narrower and statement["Effect"] == "Allow" and not explained:
            text = f"{', '.join(narrower[:3])} can be allowed on an ARN; say beside the * why it is not"
            yield Finding(place, text, KIND)
        return
    for pattern, found in known:
        if found and not any(action.takes(resource) for action in found for resource in resources):
            without = all(not action.arns for action in found)
            text = "has no resource level: it needs *" if without else f"is never asked of {', '.join(resources)[:160]}"
            yield Finding(place, f"{pattern} {text}", KIND)
    for resource in resources:
        if known and not any(action.takes(resource) for _, found in known for action in found):
            yield Finding(place, f"none of its actions is ever asked of {resource}", KIND)


def _conditions(
    statement: Mapping[str, Any], known: list[tuple[str, tuple[Action, ...]]], place: str
) -> Iterator[Finding]:
    for operator, tests in statement.get("Condition", {}).items():
        matched = _OPERATOR.match(operator)
        name = matched[1] if matched else operator
        for key, values in tests.items():
            yield from _values(name, key, as_list(values), place)
            if (matched and matched[2]) or any(word in name for word in _NEGATED):
                continue
            for pattern, found in known:
                if found and not any(action.knows(key) for action in found):
                    yield Finding(place, f"{pattern} never carries {key}: the condition is never met", KIND)


def _values(operator: str, key: str, values: list[Any], place: str) -> Iterator[Finding]:
    forms = {
        "Bool": r"true|false",
        "Null": r"true|false",
        "Arn": r"arn:[^:]*:[^:]*:[^:]*:[^:]*:.*|\*",
        "Numeric": r"-?\d+(\.\d+)?",
        "Date": r"\d{4}-\d\d-\d\dT.*|\d+",
    }
    form = next((form for start, form in forms.items() if operator.startswith(start)), r"(?s).*")
    for value in values:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if not re.fullmatch(form, text):
            yield Finding(place, f"{operator} never matches {value!r} of {key}", KIND)


def _principals(statement: Mapping[str, Any], place: str) -> Iterator[Finding]:
    principal = statement.get("Principal", {})
    if principal == "*" or (isinstance(principal, dict) and principal.get("AWS") == "*"):
        if statement["Effect"] == "Allow" and not statement.get("Condition"):
            yield Finding(place, "everybody in the world is allowed this", KIND)
        return
    for service in as_list(principal.get("Service", [])):
        # Only CloudWatch Logs has a principal in each region.
        general = re.sub(r"^logs\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$", "logging.s3.amazonaws.com", service)
        if general.removesuffix(".cn") not in SERVICE_PRINCIPALS:
            yield Finding(place, f"{service} is the principal of no service that is known here", KIND)


def _structure(document: Mapping[str, Any], place: str, sort: Sort) -> Iterator[Finding]:
    if document.get("Version") != "2012-10-17":
        yield Finding(place, "a policy's version is 2012-10-17", KIND)
    for error in _validator(sort).iter_errors(document):
        where = "/".join(map(str, error.absolute_path))
        yield Finding(f"{place}/{where}", error.message[:300], KIND)


@cache
def _validator(sort: Sort) -> Any:
    """cfn-lint's schema of a policy; the two words that only its own validator knows are given their meaning.

    It has words beside ``$ref``, which count since the draft of 2019 only.
    """
    folder = Path(language.__file__ or "").parent
    known = {name: json.loads((folder / f"{name}.json").read_text()) for name in ("policy", f"policy_{sort}")}
    registry: Any = referencing.Registry().with_resources(
        (document["$id"], DRAFT202012.create_resource(document)) for document in known.values()
    )
    return jsonschema.validators.extend(
        jsonschema.Draft202012Validator, {"requiredXor": _required_xor, "uniqueKeys": _unique_keys}
    )(known[f"policy_{sort}"], registry=registry)


def _required_xor(validator: Any, names: list[str], value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, dict) and sum(name in value for name in names) != 1:
        yield jsonschema.ValidationError(f"exactly one of {', '.join(names)} is needed")


def _unique_keys(validator: Any, names: list[str], value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, list):
        found = [tuple(item.get(name) for name in names) for item in value if names[0] in item]
        for twice in sorted({item for item in found if found.count(item) > 1}):
            yield jsonschema.ValidationError(f"{', '.join(map(str, twice))} is there twice")
