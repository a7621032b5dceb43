"""Documented limits that no service model states, each with the page that does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tools.fidelity.findings import Finding
from tools.fidelity.planning import UNKNOWN

KIND = "limit"
# https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
TAGS = 50
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: of all variables together, as JSON.
LAMBDA_ENVIRONMENT = 4096
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
POLICIES_OF_A_ROLE = 10
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: milliseconds of a REST API's integration.
INTEGRATION = (50, 29000)
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
EVENT_PATTERN = 2048
TARGETS_OF_A_RULE = 5
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)"
)
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html: those that still take updates.
RUNTIMES = frozenset({"python3.10", "python3.11", "python3.12", "python3.13", "python3.14"})
_TAG = re.compile(r"[\w\s.:/=+\-@]*", re.UNICODE)


def check(kind: str, values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    """Yield what of one planned resource is beyond a limit."""
    yield from _tags(values.get("tags_all") or {}, place)
    if kind in _CHECKS:
        yield from _CHECKS[kind](values, place)


def check_together(resources: Mapping[str, tuple[str, Mapping[str, Any]]], place: str) -> Iterator[Finding]:
    """Yield what of a whole plan, address to (type, values), is beyond a limit that several resources share."""
    attached = Counter(
        values["role"] for kind, values in resources.values() if kind == "aws_iam_role_policy_attachment"
    )
    for role, count in attached.items():
        if role is not UNKNOWN and count > POLICIES_OF_A_ROLE:
            yield Finding(f"{place}: role {role}", f"{count} policies are more than {POLICIES_OF_A_ROLE}", KIND)
    targets = Counter(values["rule"] for kind, values in resources.values() if kind == "aws_cloudwatch_event_target")
    for rule, count in targets.items():
        if count > TARGETS_OF_A_RULE:
            yield Finding(f"{place}: rule {rule}", f"{count} targets are more than {TARGETS_OF_A_RULE}", KIND)


def _tags(tags: Any, place: str) -> Iterator[Finding]:
    if tags is UNKNOWN:
        return
    if len(tags) > TAGS:
        yield Finding(place, f"{len(tags)} tags are more than {TAGS}", KIND)
    for key, value in tags.items():
        if key.lower().startswith("aws:") or not 1 <= len(key) <= 128 or not _TAG.fullmatch(key):
            yield Finding(place, f"{key!r} is no key of a tag", KIND)
        if value is not UNKNOWN and (len(value) > 256 or not _TAG.fullmatch(value)):
            yield Finding(place, f"{value!r} is no value of a tag", KIND)


def _bucket(values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    if not BUCKET.fullmatch(values["bucket"]) or ".." in values["bucket"]:
        yield Finding(place, f"{values['bucket']} is no name of a bucket", KIND)


def _function(values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    for environment in values.get("environment") or []:
        variables = {key: value for key, value in environment["variables"].items() if value is not UNKNOWN}
        size = sum(len(key.encode()) + len(value.encode()) for key, value in variables.items())
        if size > LAMBDA_ENVIRONMENT:
            yield Finding(place, f"{size} bytes of environment are more than {LAMBDA_ENVIRONMENT}", KIND)
    if values.get("runtime") not in RUNTIMES:
        yield Finding(place, f"{values.get('runtime')} is none of {', '.join(sorted(RUNTIMES))}", KIND)


def _integration(values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    least, most = INTEGRATION
    if not least <= values["timeout_milliseconds"] <= most:
        yield Finding(place, f"{values['timeout_milliseconds']} ms are not {least} to {most}", KIND)


def _log_group(values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    if values["retention_in_days"] not in RETENTION:
        yield Finding(place, f"CloudWatch Logs keeps nothing for {values['retention_in_days']} days", KIND)


def _rule(values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    size = len(values.get("event_pattern") or "") if values.get("event_pattern") is not UNKNOWN else 0
    if size > EVENT_PATTERN:
        yield Finding(place, f"a pattern of {size} characters is longer than {EVENT_PATTERN}", KIND)


_CHECKS = {
    "aws_api_gateway_integration": _integration,
    "aws_cloudwatch_event_rule": _rule,
    "aws_cloudwatch_log_group": _log_group,
    "aws_lambda_function": _function,
    "aws_s3_bucket": _bucket,
}
