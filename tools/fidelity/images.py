"""The table of image accounts by region, and the images that plans name, held against the AWS provider's own list.

Two lists that were made apart from each other: ours comes from the SageMaker SDK's data, the provider's from the
documentation. https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tools.fidelity.findings import Finding
from tools.fidelity.planning import ROOT, Planned

KIND = "image"
# Repositories and regions that both lists have: of each group that shares its accounts, one or two.
REPOSITORIES = (
    "blazingtext", "factorization-machines", "forecasting-deepar", "huggingface-pytorch-training", "lda",
    "pytorch-inference", "sagemaker-clarify-processing", "sagemaker-model-monitor-analyzer", "sagemaker-scikit-learn",
    "sagemaker-xgboost", "tensorflow-inference",
)  # fmt: skip
REGIONS = ("ap-southeast-2", "eu-central-1", "eu-west-1", "us-east-1")
SOURCES: Mapping[str, Any] = {
    "data": {
        "aws_sagemaker_prebuilt_ecr_image": {
            "known": {
                "for_each": {
                    f"{name}/{region}": {"name": name, "region": region} for name in REPOSITORIES for region in REGIONS
                },
                "repository_name": "${each.value.name}",
                "region": "${each.value.region}",
            }
        }
    }
}
"""Terraform's configuration, as JSON, that asks the provider for its list."""

_URI = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([a-z0-9./_-]+?)(?=[:@]|$)")

Table = Mapping[str, Mapping[str, frozenset[str]]]
"""Repository to region to the accounts that publish it there."""


def our_table() -> Table:
    """Return our table of images. Reads ``generator/data/images.json``."""
    document = json.loads((ROOT / "generator" / "data" / "images.json").read_bytes())
    found: dict[str, dict[str, set[str]]] = {}
    for scopes in document["frameworks"].values():
        for scope in scopes.values():
            for version in scope["versions"].values():
                for row in version if isinstance(version[0], list) else [version]:
                    accounts = found.setdefault(document["repositories"][row[0]], {})
                    for region, account in document["accounts"][row[1]].items():
                        accounts.setdefault(region, set()).add(account)
    return {name: {region: frozenset(ids) for region, ids in accounts.items()} for name, accounts in found.items()}


def provider_table(shown: Mapping[str, Any]) -> Table:
    """Return the provider's list from a plan, as ``terraform show -json`` has it, of SOURCES. Pure."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for resource in shown["prior_state"]["values"]["root_module"]["resources"]:
        values = resource["values"]
        found.setdefault(values["repository_name"], {})[values["region"]] = frozenset({values["registry_id"]})
    return found


def check_table(ours: Table, theirs: Table) -> Iterator[Finding]:
    """Yield where the two lists contradict each other."""
    for name, accounts in theirs.items():
        for region, ids in accounts.items():
            mine = ours.get(name, {}).get(region)
            if mine is not None and not mine & ids:
                place = f"generator/data/images.json: {name} in {region}"
                yield Finding(place, f"account {', '.join(sorted(mine))}; the provider says {', '.join(ids)}", KIND)


def check_plan(case: str, plan: Planned, ours: Table) -> Iterator[Finding]:
    """Yield images of AWS's repositories that are named with an account that does not publish them there."""
    for address, values in plan.resources.items():
        for account, region, name in sorted(set(_URI.findall(_text(values)))):
            known = ours.get(name, {})
            if known and account not in known.get(region, frozenset()):
                where = ", ".join(sorted(known.get(region, ()))) or "nobody"
                yield Finding(f"{case}: {address}", f"{name} in {region} is published by {where}, not {account}", KIND)


def _text(value: Any) -> str:
    return json.dumps(value, default=str)
