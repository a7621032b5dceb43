"""Workspaces: structure plus the data of one platform, one stage or one request. Pure.

Every value that comes from a config or a platform file goes into ``terraform.tfvars.json``, which
Terraform reads literally; the backend's address goes into ``backend.tf.json``. Nothing is rendered
into HCL from a value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from generator import names, structure
from generator.canonical import canonical_json
from generator.platform import Platform, Stage
from generator.request import Request, StagePlan
from generator.structure import Structure

BUNDLE_FORMAT = 1
DEPLOY_ROLE = "deploy"
_GENERATOR_OPTIONS = frozenset({"account_access_role", "shared_account_ids"})

Tree = dict[str, bytes]
"""Path (POSIX, relative) to content."""


def pipeline_workspace(
    platform: Platform, fixed: Structure, request: Request, plan: StagePlan
) -> Mapping[str, bytes]:
    """Return one stage's workspace of a request as {file name: content}."""
    stage = plan.stage
    return _workspace(
        platform,
        fixed,
        module=request.pipeline_type.module,
        place=(stage.name, request.pipeline),
        account_id=stage.account_id,
        assume_role=_deploy_role(platform, stage.account_id),
        tags={"Environment": stage.name, "Pipeline": request.pipeline},
        variables=plan.variables,
    )


def platform_workspaces(
    platform: Platform,
    fixed: Structure,
    lambda_package_path: str,
    own_policies: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> dict[str, Mapping[str, bytes]]:
    """Return the workspaces that the platform itself needs, by folder below ``environments/``.

    They are ``bootstrap`` (state bucket), ``orchestrator``, and ``<stage>/account`` for every account
    other than the orchestrator's, under the first stage that names it.

    Args:
        platform: The platform.
        fixed: Rendered structure.
        lambda_package_path: Path of the Lambda's zip as the orchestrator workspace sees it.
        own_policies: What a team's own types need to be allowed, by account; the value of ``additional_policies``.
    """
    account = platform.orchestrator_account_id
    found: dict[str, Mapping[str, bytes]] = {
        "bootstrap": _workspace(
            platform,
            fixed,
            module=structure.BOOTSTRAP_MODULE,
            place=("bootstrap",),
            account_id=account,
            assume_role=None,
            tags={"Environment": "orchestrator"},
            variables=bootstrap_variables(platform),
        ),
        "orchestrator": _workspace(
            platform,
            fixed,
            module=structure.ROOT_MODULE,
            place=("orchestrator",),
            account_id=account,
            assume_role=None,
            tags={"Environment": "orchestrator"},
            variables=_with_policies(orchestrator_variables(platform, lambda_package_path), own_policies.get(account)),
        ),
    }
    for stage in account_stages(platform):
        found[f"{stage.name}/account"] = _workspace(
            platform,
            fixed,
            module=structure.ACCOUNT_MODULE,
            place=(stage.name, "account"),
            account_id=stage.account_id,
            assume_role=_access_role(platform, stage.account_id),
            tags={"Environment": stage.name},
            variables=_with_policies(account_variables(platform, stage), own_policies.get(stage.account_id)),
        )
    return found


def account_stages(platform: Platform) -> list[Stage]:
    """Return the first stage of each account that is not the orchestrator's, in order."""
    first: dict[str, Stage] = {}
    for stage in platform.stages:
        if stage.account_id != platform.orchestrator_account_id:
            first.setdefault(stage.account_id, stage)
    return list(first.values())


def bundle_tree(
    platform: Platform,
    fixed: Structure,
    request: Request,
    plans: Sequence[StagePlan],
    pins: Iterable[Mapping[str, Any]] = (),
) -> Tree:
    """Return everything that one request's bundle holds, as {path: content}.

    Args:
        platform: The platform.
        fixed: Rendered structure.
        request: The validated request.
        plans: One entry for each stage of this request, in order.
        pins: What the config points to, as found at submit: {variable, kind, source, version_id,
            checksum, target}; ``target`` is the immutable value that replaces the variable's. One
            without a variable only makes what it describes part of the digest.
    """
    pins = sorted((dict(pin) for pin in pins), key=lambda pin: (pin.get("stage", ""), pin["variable"]))
    tree: Tree = {"config.json": canonical_json(request.config)}
    stages = []
    for plan in plans:
        folder = f"environments/{plan.stage.name}/{request.pipeline}"
        files = pipeline_workspace(platform, fixed, request, plan)
        tree.update((f"{folder}/{name}", content) for name, content in files.items())
        tree[f"{folder}/release.auto.tfvars.json"] = canonical_json(
            {"assume_role": None, **_pinned_variables(plan, pins)}
        )
        stages.append(
            {
                "name": plan.stage.name,
                "account_id": plan.stage.account_id,
                "approval": plan.stage.approval,
                "workspace": folder,
            }
        )
    delivery = f"environments/delivery/{request.pipeline}"
    files = _workspace(
        platform,
        fixed,
        module=structure.DELIVERY_MODULE,
        place=("delivery", request.pipeline),
        account_id=platform.orchestrator_account_id,
        assume_role=None,
        tags={"Environment": "orchestrator", "Pipeline": request.pipeline},
        variables=delivery_variables(platform, request, stages),
    )
    tree.update((f"{delivery}/{name}", content) for name, content in files.items())
    for module in (request.pipeline_type.module, structure.DELIVERY_MODULE):
        tree.update(fixed.modules[module])
    tree.update(fixed.runner)
    tree["manifest.json"] = canonical_json(
        {
            "format": BUNDLE_FORMAT,
            "pipeline": request.pipeline,
            "pipeline_type": request.pipeline_type.name,
            "blueprint": request.pipeline_type.blueprint,
            "prefix": platform.name,
            "region": platform.region,
            "orchestrator_account_id": platform.orchestrator_account_id,
            "artifacts_bucket": names.bucket(platform, "artifacts"),
            "delivery_pipeline": names.delivery_pipeline_name(platform, request.pipeline),
            "delivery_workspace": delivery,
            "external_id": platform.options.external_id,
            "summary_attributes": list(request.pipeline_type.summary_attributes),
            "stages": stages,
            "pins": pins,
            "files": {path: _sha256(content) for path, content in tree.items()},
        }
    )
    return tree


def bootstrap_variables(platform: Platform) -> dict[str, Any]:
    """Return the variables of the state backend's module."""
    return {
        "account_id": platform.orchestrator_account_id,
        "bucket": names.bucket(platform, "state"),
        "kms_key_arn": platform.options.kms_key_arn,
        "name": platform.name,
        "stages": {stage.name: stage.account_id for stage in platform.stages},
    }


def orchestrator_variables(platform: Platform, lambda_package_path: str) -> dict[str, Any]:
    """Return the variables of the root module."""
    options = asdict(platform.options)
    options["permissions_boundary_arn"] = names.boundary_arn(
        platform.options.permissions_boundary_arn, platform.orchestrator_account_id
    )
    return {
        "account_id": platform.orchestrator_account_id,
        "external_id": options.pop("external_id"),
        "lambda_package_path": lambda_package_path,
        "name": platform.name,
        "operations": options.pop("operations"),
        "operator_principal_arns": options.pop("operator_principal_arns"),
        "options": {name: value for name, value in options.items() if name not in _GENERATOR_OPTIONS},
        "stages": [asdict(stage) for stage in platform.stages],
    }


def account_variables(platform: Platform, stage: Stage) -> dict[str, Any]:
    """Return the variables of a target account's module; ``stage`` is the first that names the account."""
    options = platform.options
    return {
        "account_id": stage.account_id,
        "external_id": options.external_id,
        "manage_api_gateway_log_role": options.operations.get("manage_api_gateway_log_role", True),
        "name": platform.name,
        "operator_principal_arns": options.operator_principal_arns,
        "orchestrator": {
            "account_id": platform.orchestrator_account_id,
            "artifacts_bucket": names.bucket(platform, "artifacts"),
            "assets_bucket": assets_bucket(platform),
            "kms_key_arn": options.kms_key_arn,
            "state_bucket": names.bucket(platform, "state"),
        },
        "permissions_boundary_arn": names.boundary_arn(options.permissions_boundary_arn, stage.account_id),
        "stages": [other.name for other in platform.stages if other.account_id == stage.account_id],
    }


def _with_policies(variables: dict[str, Any], policies: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**variables, "additional_policies": policies} if policies else variables


def delivery_variables(
    platform: Platform, request: Request, stages: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the variables of the delivery pipeline's module, all but the bundle's key."""
    account = platform.orchestrator_account_id
    return {
        "artifacts_bucket": names.bucket(platform, "artifacts"),
        "kms_key_arn": platform.options.kms_key_arn or names.key_alias_arn(platform, platform.name),
        "name": names.delivery_pipeline_name(platform, request.pipeline),
        "pipeline": request.pipeline,
        "on_approval": _on_approval(platform, request),
        "project_names": {role: f"{platform.name}-{role}" for role in ("apply", "plan", "verify")},
        "role_arn": names.role_arn(platform, account, "codepipeline"),
        "stages": [{key: stage[key] for key in ("account_id", "approval", "name")} for stage in stages],
        "topic_arn": names.topic_arn(platform),
    }


def state_key_arn(platform: Platform) -> str:
    """Return the ARN by which backends know the states' key: its alias, for any key of the orchestrator account.

    The S3 backend refuses key ids that are no UUIDs of version 1 to 5, as they stand in much of AWS's documentation.
    """
    given = platform.options.kms_key_arn
    if given is None or f":{platform.orchestrator_account_id}:key/" in given:
        return names.key_alias_arn(platform, f"{platform.name}-state")
    return given


def _on_approval(platform: Platform, request: Request) -> dict[str, Any] | None:
    """Return what starts a release when a model version is approved, None for requests that do not want that."""
    if not request.config.get("deploy_on_approval"):
        return None
    return {
        "function_arn": names.orchestrator_function_arn(platform),
        "model_package_group_name": request.config["model_package_group_name"],
        "rule_name": names.approval_rule_name(platform, request.pipeline),
    }


def assets_bucket(platform: Platform) -> str:
    """Return the bucket that users' model artifacts and data are in."""
    return platform.options.existing_assets_bucket or names.bucket(platform, "assets")


def _workspace(
    platform: Platform,
    fixed: Structure,
    *,
    module: str,
    place: tuple[str, ...],
    account_id: str,
    assume_role: Mapping[str, Any] | None,
    tags: Mapping[str, str],
    variables: Mapping[str, Any],
) -> Mapping[str, bytes]:
    unknown = variables.keys() - fixed.variables[module]
    if unknown:
        raise ValueError(f"{module} has no variable {', '.join(sorted(unknown))}")
    backend = {
        "bucket": names.bucket(platform, "state"),
        "encrypt": True,
        # Without a key, `encrypt` would ask S3 for its own encryption and pass the bucket's key over.
        "kms_key_id": state_key_arn(platform),
        "key": names.state_key(platform, *place),
        "region": platform.region,
        "use_lockfile": True,
    }
    workspace = {
        "account_id": account_id,
        "region": platform.region,
        "tags": {**platform.options.tags, **tags, "ManagedBy": "Terraform", "Project": platform.name},
    }
    return {
        **fixed.workspaces[module],
        "backend.tf.json": canonical_json({"terraform": {"backend": {"s3": backend}}}),
        "terraform.tfvars.json": canonical_json(
            {**variables, "workspace": workspace, "assume_role": assume_role}
        ),
    }


def _pinned_variables(plan: StagePlan, pins: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the variables of a stage with every pinned value in place of what the config said."""
    pinned: dict[str, Any] = {}
    for pin in pins:
        if not pin["variable"] or pin.get("stage", plan.stage.name) != plan.stage.name:
            continue
        top, *path = pin["variable"].split(".")
        pinned[top] = _replaced(pinned.get(top, plan.variables.get(top)), path, pin["target"])
    return pinned


def _replaced(value: Any, path: Sequence[str], target: Any) -> Any:
    """Return a copy of nested mappings and lists in which the value at ``path`` is ``target``."""
    if not path:
        return target
    head, *rest = path
    if isinstance(value, list):
        index = int(head)
        return [*value[:index], _replaced(value[index], rest, target), *value[index + 1 :]]
    return {**value, head: _replaced(value.get(head), rest, target)}


def _access_role(platform: Platform, account_id: str) -> dict[str, Any] | None:
    """Return the role that sets an account up: by default the one AWS Organizations makes in its accounts."""
    role = platform.options.account_access_role
    if role is None:
        return None
    return {"role_arn": f"arn:{names.partition(platform.region)}:iam::{account_id}:role/{role}"}


def _deploy_role(platform: Platform, account_id: str) -> dict[str, Any]:
    return {
        "role_arn": names.role_arn(platform, account_id, DEPLOY_ROLE),
        "external_id": platform.options.external_id,
    }


@lru_cache(maxsize=4096)
def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
