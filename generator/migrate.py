"""Moving over from the AWS solution: its stack's description and config files to ours, with a report. Pure.

What comes in: the JSON of ``aws cloudformation describe-stacks`` for the orchestrator stack, and mlops-config files.
What goes out: a platform file, the configs (unchanged but for keys that had no effect), and a report of what will
differ and why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from . import names
from .blueprint import Registry
from .errors import GeneratorError
from .load import Document, load_text
from .model_cards import OPERATIONS
from .platform import Platform, default_platform, parse_platform
from .problems import Problem
from .request import Request, validate

SCHEMAS = ".schema"  # the folder that `mlops init` and `mlops migrate` write
PLATFORM_FILE = "platform.yaml"
REPORT_FILE = "report.md"
_STACK_ID = re.compile(r"arn:aws[a-z-]*:cloudformation:([a-z0-9-]+):([0-9]{12}):stack/([^/]+)")
_BUCKET_IN_URL = re.compile(r"/buckets?/([a-z0-9.-]{3,63})|^([a-z0-9.-]{3,63})$")
_STAGES = (("dev", "Dev"), ("staging", "Staging"), ("prod", "Prod"))
_SINGLE_STAGE = "prod"


@dataclass(frozen=True, slots=True)
class Migration:
    """What a user of the AWS solution starts with.

    Attributes:
        files: Path to content of everything to write: platform file, configs, report.
        report: The report as text (Markdown), the same as in ``files``.
    """

    files: dict[str, bytes]
    report: str


@dataclass(slots=True)
class _Notes:
    """What the report says, by section."""

    platform: list[str] = field(default_factory=list)
    configs: list[str] = field(default_factory=list)
    hand: list[str] = field(default_factory=list)
    types: set[str] = field(default_factory=set)
    pipelines: dict[str, str] = field(default_factory=dict)
    endpoints: bool = False


def migrate(stack: bytes | None, files: Iterable[tuple[str, bytes]]) -> Migration:
    """Return the files to write and the report.

    Args:
        stack: Answer of describe-stacks as JSON, or None to move over configs only.
        files: (name, content) of config files.

    Raises:
        GeneratorError: The stack's description is not one of the AWS solution's orchestrator.
    """
    notes = _Notes()
    written: dict[str, bytes] = {}
    platform = default_platform()
    if stack is not None:
        document = _platform_document(stack, notes)
        parsed, problems = parse_platform(document)
        written[PLATFORM_FILE] = _platform_yaml(document)
        if parsed is None:
            notes.hand += [f"`{PLATFORM_FILE}`: {_sentence(problem)}" for problem in problems]
        else:
            platform = parsed
    registry = Registry()
    for name, data in files:
        _take_config(name, data, platform, registry, written, notes)
    report = _report(notes, with_stack=stack is not None)
    written[REPORT_FILE] = report.encode()
    return Migration(written, report)


# The orchestrator stack -----------------------------------------------------------------------------------------


def _platform_document(stack: bytes, notes: _Notes) -> dict[str, Any]:
    found = _stack(stack)
    region, account, stack_name = found["place"]
    parameters, outputs = found["parameters"], found["outputs"]
    name = _prefix(stack_name)
    notes.platform.append(
        f"Name prefix `{name}`, from the stack's name; every cloud name starts with it. Change it now or never."
    )
    stages: list[dict[str, Any]] = []
    if "DevAccountId" in parameters:
        for stage, prefix in _STAGES:
            entry = {"name": stage, "account_id": parameters.get(f"{prefix}AccountId", "")}
            if stages:
                entry["approval"] = "manual"
            if parameters.get(f"{prefix}OrgId"):
                entry["organizational_unit_id"] = parameters[f"{prefix}OrgId"]
            stages.append(entry)
        notes.platform.append(
            "Stages dev, staging and prod, each one account. The AWS solution deployed to every account of the "
            "organisational unit; here a stage is exactly its account. More accounts are more stages."
        )
        notes.platform.append(
            "Accounts are entered through the roles `<prefix>-plan` and `<prefix>-deploy` (workspace "
            "`<stage>/account`), "
            "not through StackSets: DelegatedAdminAccount has no counterpart."
        )
    else:
        stages.append({"name": _SINGLE_STAGE, "account_id": account})
        notes.platform.append(
            f"A single-account installation: one stage, `{_SINGLE_STAGE}`, in the orchestrator's own account, without "
            "approval as before. Add `approval: manual` to be asked."
        )
    options: dict[str, Any] = {}
    if parameters.get("NotificationEmail"):
        options["notification_emails"] = [parameters["NotificationEmail"]]
        notes.platform.append("The address must confirm its subscription to the new topic.")
    options["use_model_registry"] = parameters.get("UseModelRegistry", "No") == "Yes"
    _take_registry(parameters, outputs, options, notes)
    _take_buckets(parameters, outputs, options, notes)
    options["allow_detailed_error_messages"] = parameters.get("AllowDetailedErrorMessage", "Yes") == "Yes"
    return {
        "name": name,
        "region": region,
        "orchestrator_account_id": account,
        "stages": stages,
        "options": options,
    }


def _stack(data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise GeneratorError(
            f"the stack's description is not JSON: {error}",
            hint="save the answer of `aws cloudformation describe-stacks --stack-name <orchestrator stack>`",
        ) from None
    stacks = answer.get("Stacks") if isinstance(answer, dict) else None
    described = [found for found in stacks or () if isinstance(found, dict) and _is_orchestrator(found)]
    if len(described) != 1:
        raise GeneratorError(
            f"{len(described)} of {len(stacks or ())} stacks in the description look like the AWS solution's "
            "orchestrator",
            hint="describe exactly the orchestrator's own stack, with --stack-name",
        )
    stack = described[0]
    match = _STACK_ID.match(str(stack.get("StackId", "")))
    if match is None:
        raise GeneratorError("the stack's description has no StackId that names region and account")
    return {
        "place": match.groups(),
        "parameters": _pairs(stack, "Parameters", "ParameterKey", "ParameterValue"),
        "outputs": _pairs(stack, "Outputs", "OutputKey", "OutputValue"),
    }


def _is_orchestrator(stack: Mapping[str, Any]) -> bool:
    return "UseModelRegistry" in _pairs(stack, "Parameters", "ParameterKey", "ParameterValue")


def _pairs(stack: Mapping[str, Any], part: str, key: str, value: str) -> dict[str, str]:
    return {
        str(item[key]): str(item.get(value, "")).strip()
        for item in stack.get(part) or ()
        if isinstance(item, dict) and key in item
    }


def _prefix(stack_name: str) -> str:
    prefix = names.slug(stack_name)[:20].strip("-")
    return prefix if re.fullmatch(r"[a-z][a-z0-9-]+", prefix) else f"m-{prefix}"[:20].strip("-")


def _take_registry(
    parameters: Mapping[str, str], outputs: Mapping[str, str], options: dict[str, Any], notes: _Notes
) -> None:
    if parameters.get("CreateModelRegistry", "No") == "Yes":
        options["create_model_package_group"] = True
        arn = outputs.get("ModelRegistryArn", "")
        old = f" `{arn.rpartition('/')[2]}`" if ":model-package-group/" in arn else ""
        notes.platform.append(
            f"A new model package group `<prefix>-registry` is made. The old group{old} stays, and its packages "
            "can still "
            "be deployed: configs name packages by ARN."
        )


def _take_buckets(
    parameters: Mapping[str, str], outputs: Mapping[str, str], options: dict[str, Any], notes: _Notes
) -> None:
    assets = parameters.get("ExistingS3Bucket") or _bucket_of(outputs.get("AssetsBucket", ""))
    if assets:
        options["existing_assets_bucket"] = assets
        notes.platform.append(
            f"The assets bucket `{assets}` is kept, so that every model and data set stays where configs say. It "
            "must be "
            "versioned; the module `artifact_store` describes the grants that the stages' accounts need on it."
        )
    else:
        notes.hand.append(
            "The stack's description names no assets bucket; a new one is made. Copy models and data, or set "
            "`options.existing_assets_bucket`."
        )
    repository = parameters.get("ExistingECRRepo") or outputs.get("ECRRepoName", "")
    if repository:
        options["existing_ecr_repository"] = repository
        notes.platform.append(f"The ECR repository `{repository}` is kept.")
    if parameters.get("ConfigS3Bucket"):
        options["config_bucket"] = parameters["ConfigS3Bucket"]
        notes.platform.append(
            f"`{parameters['ConfigS3Bucket']}` starts requests here as well. Remove the old stack's notification "
            "first, or "
            "both systems answer. Only `mlops-config.json` itself does (the old prefix filter also took "
            "`mlops-config.json.bak`), and errors are told to the topic instead of vanishing."
        )


def _bucket_of(output: str) -> str:
    """Return the bucket that an output names, by name or as console URL; "" if it names none."""
    match = _BUCKET_IN_URL.search(output.split("?")[0])
    return (match[1] or match[2]) if match else ""


def _platform_yaml(document: Mapping[str, Any]) -> bytes:
    """Return a platform file as YAML. Scalars are written as JSON, which YAML reads as it is meant."""
    lines = [f"# yaml-language-server: $schema={SCHEMAS}/platform.schema.json"]
    for key, value in document.items():
        if key == "stages":
            lines += ["stages:", *(f"  - {_flow(stage)}" for stage in value)]
        elif isinstance(value, dict):
            lines += [f"{key}:", *(f"  {name}: {_flow(member)}" for name, member in value.items())]
        else:
            lines.append(f"{key}: {_flow(value)}")
    return ("\n".join(lines) + "\n").encode()


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# Configs --------------------------------------------------------------------------------------------------------


def _take_config(
    name: str, data: bytes, platform: Platform, registry: Registry, written: dict[str, bytes], notes: _Notes
) -> None:
    loaded = load_text(data, name=name)
    notes.hand += [f"`{name}`: {_sentence(problem)}" for problem in loaded.problems]
    for document in loaded.documents:
        place = f"`{name}`{document.key_prefix and ' ' + document.key_prefix}"
        given = document.value.get("pipeline_type") if isinstance(document.value, dict) else None
        if isinstance(given, str) and given.strip().lower() in OPERATIONS:
            notes.configs.append(f"{place}: a model-card operation; send it to the API as before. It is not copied.")
            continue
        config, ignored = _without_ignored(document.value, platform, registry)
        request, problems = validate(config, platform, registry)
        path = _free_path(written, request, name, document)
        written[path] = (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()
        notes.hand += [
            f"`{path}` (from {place}): `{problem.key}` is left out: the AWS solution ignored it, as it did every key "
            f"that it did not know{f' ({problem.fix})' if problem.fix.startswith('did you') else ''}."
            for problem in ignored
        ]
        if request is None:
            notes.hand += [f"`{path}` (from {place}): {_sentence(problem)}" for problem in problems]
            continue
        notes.types.add(request.pipeline_type.blueprint)
        twin = notes.pipelines.setdefault(request.pipeline, path)
        if twin != path:
            notes.hand.append(
                f"`{path}` (from {place}): asks for pipeline `{request.pipeline}`, as `{twin}` does; in the AWS "
                'solution the later one replaced the earlier. Keep one, or add a "pipeline_name" to one.'
            )
        notes.configs.append(f"{place} is `{path}`: pipeline `{request.pipeline}`.{_endpoint_note(request, notes)}")


def _without_ignored(config: Any, platform: Platform, registry: Registry) -> tuple[Any, list[Problem]]:
    """Return a config without the keys that had no effect in the AWS solution, and the problems with those.

    A key that most likely is a misspelt required one stays: without it that solution took the config no more than we.
    """
    ignored = [
        problem
        for problem in validate(config, platform, registry)[1]
        if problem.code == "unknown-key" and problem.key in config
    ]
    if not ignored:
        return config, []
    names_ignored = {problem.key for problem in ignored}
    kept = {key: value for key, value in config.items() if key not in names_ignored}
    if any(problem.code == "missing-key" for problem in validate(kept, platform, registry)[1]):
        return config, []
    return kept, ignored


def _free_path(written: Mapping[str, bytes], request: Request | None, name: str, document: Document) -> str:
    stem = request.pipeline if request else names.slug(PurePath(name).stem) + document.key_prefix.strip("[]")
    path, number = f"configs/{stem}.json", 2
    while path in written:
        path, number = f"configs/{stem}-{number}.json", number + 1
    return path


def _endpoint_note(request: Request, notes: _Notes) -> str:
    if request.pipeline_type.blueprint != "realtime_inference":
        return ""
    if "endpoint_name" in request.config:
        notes.endpoints = True
        return " Its endpoint name is taken while the old stack exists: see below."
    return " Its endpoint gets a new, fixed name (`<prefix>-<stage>-<pipeline>`, shortened to 44 characters)."


def _sentence(problem: Problem) -> str:
    key = f"`{problem.key}` " if problem.key else ""
    fix = f" ({problem.fix})" if problem.fix else ""
    return f"{key}{problem.message}{fix} [{problem.code}]"


# Report ---------------------------------------------------------------------------------------------------------

_DIFFERENCES = {
    "realtime_inference": (
        "Data capture keeps JSON as text too; the AWS solution kept it as base64.",
        "A KMS key with an instance type that has local storage is refused unless `accept_hardware_encryption` "
        "says so.",
        "New bytes under the same artifact key are a new release; before, they were not noticed.",
    ),
    "batch_transform": (
        "The job runs after each release, and the stage fails with the job's reason; before, a failed start was "
        "not seen.",
        "An identical request can be run again with `schedule`, or by starting its state machine.",
    ),
    "training": (
        "The job's name begins with `job_name` or the pipeline's name and ends in digits that are the same for "
        "the same "
        "release: a retry starts no second job.",
        "A failed job fails the release. Encryption, spot waiting time and names are checked before anything starts.",
    ),
    "autopilot": ("`kms_key_arn` now encrypts the job's output and volumes; before, it had no effect.",),
    "image_builder": ("Findings of the image's scan can fail the build (`scan_max_findings`).",),
    "monitor": (
        "Baseline job and schedule have fixed names: an unchanged request changes nothing and computes no new "
        "baseline.",
        "The schedule starts when the baseline is done, not while it runs.",
    ),
}


def _report(notes: _Notes, *, with_stack: bool) -> str:
    lines = ["# Moving over from the AWS solution", ""]
    if with_stack:
        lines += ["## Platform", "", *(f"- {note}" for note in notes.platform), ""]
    lines += ["## Configs", "", *(f"- {note}" for note in notes.configs or ["None could be taken over as it is."]), ""]
    if notes.hand:
        lines += ["## Needs your hand", "", *(f"- {note}" for note in notes.hand), ""]
    lines += [
        "## What will differ, and why",
        "",
        "- Pipelines are Terraform workspaces with states of their own, not CloudFormation stacks; `pipeline_id` "
        "is the ARN "
        "of the delivery pipeline.",
        "- Every stage shows a plan; what is approved is exactly what is applied, and then checked to be live.",
        "- All values are checked before anything starts, and every problem is told at once. Unknown keys, which were "
        "ignored, are problems from now on.",
        "- Nothing has a random name: sending an unchanged request again starts nothing and says so.",
    ]
    for blueprint, differences in _DIFFERENCES.items():
        if any(blueprint in name for name in notes.types):
            lines += [f"- {difference}" for difference in differences]
    lines += ["", "## Next", "", "1. Read `platform.yaml`, then `mlops validate --platform platform.yaml configs/*`."]
    lines += ["2. Rehearse it without an account: `mlops demo --platform platform.yaml configs/*`."]
    lines += ["3. Install (`docs/migrating.md`), then submit one config at a time."]
    if notes.endpoints:
        lines += [
            "4. Endpoints with a name of their own: delete the old pipeline's stack just before the new one is applied "
            "(the endpoint is away meanwhile), or give the new one another `endpoint_name`, switch callers, then "
            "delete "
            "the old stack."
        ]
    lines += ["", "The old stacks are untouched: nothing here deletes or changes anything in AWS.", ""]
    return "\n".join(lines)
