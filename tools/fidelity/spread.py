"""What is planned to see everything that the project emits: the tests' own configs, and platforms option by option."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from generator import names
from generator.blueprint import Registry
from generator.platform import Options, Platform, Stage
from generator.request import resolve, validate
from generator.structure import ACCOUNT_MODULE, BOOTSTRAP_MODULE, DELIVERY_MODULE, ROOT_MODULE
from generator.workspaces import account_stages, account_variables, bootstrap_variables, orchestrator_variables
from tests.terraform.job_cases import CASES as JOBS
from tests.terraform.monitor_cases import CASES as MONITORS
from tests.unit.generator.contract_cases import RICH, assumed, examples, pinned, platform

ORCHESTRATOR = "111111111111"
_KEY = f"arn:aws:kms:eu-west-1:{ORCHESTRATOR}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_BOUNDARY = f"arn:aws:iam::{ORCHESTRATOR}:policy/boundary"
_OPERATORS = [f"arn:aws:iam::{ORCHESTRATOR}:role/ml-operators"]
_CONNECTION = f"arn:aws:codeconnections:eu-west-1:{ORCHESTRATOR}:connection/11111111-2222-3333-4444-555555555555"
LONG_NAME = "churn-of-all-customers-in-all-of-europe"
_OWN_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Own",
                "Effect": "Allow",
                "Action": ["dynamodb:CreateTable", "dynamodb:DescribeTable"],
                "Resource": "arn:aws:dynamodb:eu-west-1:222222222222:table/acme-ml-*",
            }
        ],
    }
)

# Another partition, whose ARNs and addresses are others: what is fixed in a source shows.
FAR = "cn-north-1"
_FAR_WORDS = {"arn:aws:": "arn:aws-cn:", "amazonaws.com": "amazonaws.com.cn", "eu-west-1": FAR}
_FAR_CASES = (
    "training_most", "autopilot_most", "batch_most", "image_most", "root_everything", "state_plain",
    "account_plain", "orchestrator_alone", "delivery_three", "config_realtime__instances", "config_tuner",
)  # fmt: skip

Case = tuple[str, Mapping[str, Any]]
"""A module's path from the root of the repository, and its variables."""


def platforms() -> dict[str, tuple[Platform, dict[str, Any]]]:
    """Return platforms by name: each with what an operator adds to the root module by hand."""
    stages = (Stage("dev", "222222222222", "none"), Stage("staging", "333333333333"), Stage("prod", "444444444444"))
    # Names as long as a platform file takes them, and as many stages as someone will ever have.
    many = tuple(
        Stage(f"stage-{index}-of-an-{'x' * 4}", f"{500000000000 + index // 2}", "manual" if index % 3 else "none")
        for index in range(12)
    )
    everything = Options(
        notification_emails=("ml-platform@example.com", "on-call@example.com"),
        use_model_registry=True,
        create_model_package_group=True,
        existing_assets_bucket="their-models",
        existing_ecr_repository="their-images",
        config_bucket="their-configs",
        git_source={"repository": "acme/ml-configs", "connection_arn": _CONNECTION, "branch": "release/1"},
        allow_detailed_error_messages=False,
        kms_key_arn=_KEY,
        vpc={"id": "vpc-0123", "subnet_ids": ["subnet-0aaaaaaa", "subnet-0bbbbbbb"], "security_group_ids": ["sg-0cc"]},
        permissions_boundary_arn=_BOUNDARY,
        external_id="acme_ml/2024+a",
        tags={"team": "ml", "cost-centre": "4711"},
    )
    by_hand = {
        "additional_policies": {"deploy": {"own": _OWN_POLICY}, "plan": {"own": _OWN_POLICY}},
        "force_destroy": True,
        "operations": {
            "config_trigger": "eventbridge",
            "lambda_memory_mb": 1024,
            "manage_api_gateway_log_role": False,
        },
        "operator_principal_arns": _OPERATORS,
    }
    codecommit = Options(
        create_model_package_group=True, config_bucket="their-configs", git_source={"repository": "ml-configs"}
    )
    region = "eu-west-1"
    return {
        "plain": (Platform("acme-ml", region, ORCHESTRATOR, stages), {}),
        "everything": (Platform("acme-ml", region, ORCHESTRATOR, stages, everything), by_hand),
        "codecommit": (Platform("ml", region, ORCHESTRATOR, stages[:1], codecommit), {}),
        "one_account": (Platform("acme-ml", region, ORCHESTRATOR, tuple(
            Stage(stage.name, ORCHESTRATOR, stage.approval) for stage in stages
        )), {}),
        "many_stages": (Platform("acme-ml-orchestrator", region, ORCHESTRATOR, many), {}),
    }  # fmt: skip


def cases() -> dict[str, Case]:
    """Return every configuration to plan, by a name that is a valid Terraform identifier."""
    found: dict[str, Case] = {}
    for name, (module, variables) in {**JOBS, **MONITORS}.items():
        found[name] = (f"modules/pipelines/{module}", variables)
    found.update(_platform_cases())
    seen = {_fingerprint(case) for case in found.values()}
    for name, case in _config_cases():
        fingerprint = _fingerprint(case)
        if fingerprint not in seen:
            seen.add(fingerprint)
            found[f"config_{_identifier(name)}"] = case
    return found


def elsewhere() -> dict[str, Case]:
    """Return a configuration of each module as it is in FAR: same variables, with that region's ARNs and addresses."""
    here = cases()
    found = {}
    for name in _FAR_CASES:
        module, variables = here[name]
        text = json.dumps(variables)
        for word, other in _FAR_WORDS.items():
            text = text.replace(word, other)
        found[f"far_{name}"] = (module, json.loads(text))
    return found


def _platform_cases() -> Iterator[tuple[str, Case]]:
    for name, (where, by_hand) in platforms().items():
        yield f"root_{name}", (ROOT_MODULE, orchestrator_variables(where, str(_any_file())) | by_hand)
        yield f"state_{name}", (BOOTSTRAP_MODULE, bootstrap_variables(where))
        for stage in account_stages(where)[:1]:
            own = {"additional_policies": by_hand["additional_policies"]} if by_hand else {}
            yield f"account_{name}", (ACCOUNT_MODULE, account_variables(where, stage) | own)
    # Alone, so that no ARN of what it is given is unknown yet.
    yield "orchestrator_alone", ("modules/orchestrator", _orchestrator_variables())
    for name, (pipeline, count, approval) in {
        "one": ("churn-realtime-builtin", 1, "none"),
        "three": ("churn-realtime-builtin", 3, "manual"),
        # Names at their limits, and more stages than any organisation has.
        "long": ("c" * 63 + "-model-explainability-monitor", 12, "manual"),
    }.items():
        yield f"delivery_{name}", (DELIVERY_MODULE, _delivery_variables(pipeline, count, approval))


def _orchestrator_variables() -> dict[str, Any]:
    prefix = "acme-ml"
    return {
        "account_id": ORCHESTRATOR,
        "api_log_role_arn": f"arn:aws:iam::{ORCHESTRATOR}:role/{prefix}-api-log",
        "buckets": {role: f"{prefix}-{role}-{ORCHESTRATOR}-eu-west-1" for role in ("artifacts", "assets", "config")},
        "kms_key_arn": _KEY,
        "lambda": {"package_path": str(_any_file())},
        "name": prefix,
        "topic_arn": f"arn:aws:sns:eu-west-1:{ORCHESTRATOR}:{prefix}-notifications",
        "vpc": {"subnet_ids": ["subnet-0aaaaaaa", "subnet-0bbbbbbb"], "security_group_ids": ["sg-0cc"]},
    }


def _delivery_variables(pipeline: str, count: int, approval: str) -> dict[str, Any]:
    prefix = "acme-ml"
    arn = f"arn:aws:{{}}:eu-west-1:{ORCHESTRATOR}:{{}}"
    return {
        "artifacts_bucket": f"{prefix}-artifacts-{ORCHESTRATOR}-eu-west-1",
        "bundle_key": f"bundles/{pipeline}/{'0' * 64}.zip",
        "kms_key_arn": arn.format("kms", f"alias/{prefix}"),
        "name": names.shorten(f"{prefix}-{pipeline}", names.CODEPIPELINE_NAME_LIMIT),
        "pipeline": pipeline,
        "project_names": {role: f"{prefix}-{role}" for role in ("apply", "plan", "verify")},
        "role_arn": f"arn:aws:iam::{ORCHESTRATOR}:role/{prefix}-codepipeline",
        "stages": [
            {"name": f"stage-{index}-{'x' * 11}"[:20], "account_id": "222222222222", "approval": approval}
            for index in range(count)
        ],
        "topic_arn": arn.format("sns", f"{prefix}-notifications"),
    }


def _config_cases() -> Iterator[tuple[str, Case]]:
    """Yield the first stage of an example of each type and mode, and of configs with every key of ours."""
    registry = Registry()
    modes: dict[tuple[str, bool], tuple[str, Platform, dict[str, Any]]] = {}
    for kind, name, on, config in examples():
        modes.setdefault((kind, on), (f"{kind} {name}", assumed(registry=on), config))
    # Names as long as they become: a resource's base name is cut at 44 characters.
    rich = [(name, platform(), {**config, "pipeline_name": LONG_NAME}) for name, config in RICH.items()]
    for name, where, config in (*modes.values(), *rich):
        request, problems = validate(config, where, registry)
        assert request is not None, problems
        plan = pinned(resolve(request, where)[0])
        yield name, (request.pipeline_type.module, plan.variables)


def _fingerprint(case: Case) -> str:
    return json.dumps(case, sort_keys=True)


def _identifier(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())


def _any_file() -> Path:
    """The Lambda's package as a plan sees it: any file will do, nothing looks into it."""
    return Path(__file__).resolve()
