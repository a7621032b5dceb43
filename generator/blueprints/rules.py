"""Rules across keys that several blueprints share."""

from __future__ import annotations

from .. import images, instances
from ..contract.check import Rule, View
from ..contract.scalars import arn_account, arn_region, ecr_region
from ..problems import listed
from .mapping import uses_package


def image_rules(job: str, instance_key: str) -> tuple[Rule, Rule]:
    """Return the rules that AWS publishes an image for framework and version, and for instance and region."""
    words = ("model_framework", "model_framework_version", "model_base_framework", "model_python_version")

    def look_up(view: View, instance: str, region: str) -> images.Fault | None:
        framework = view.get("model_framework")
        version = view.get("model_framework_version")
        if framework is None or version is None or (job == "inference" and ignores_image(view)):
            return None
        python, base = view.get("model_python_version", ""), view.get("model_base_framework", "")
        found = images.find(framework, version, job, instance, region, python, base)
        return found if isinstance(found, images.Fault) else None

    def check_version(view: View) -> None:
        fault = look_up(view, "", "")
        # What depends on the instance is the other rule's.
        if fault is not None and fault.key != "inference_instance":
            view.report.add_at(fault.key, fault.code, fault.message, fault.fix)

    def check_instance(view: View) -> None:
        reported = {problem.key for problem in view.report.problems}
        for stage, (instance, serverless) in view.each(instance_key, "serverless"):
            if instance is None and serverless is None:
                continue
            fault = look_up(view, instance or "", view.context.region)
            if fault is None:
                continue
            key = fault.key
            if key == "inference_instance":
                key = view.place(stage, instance_key) if instance else view.place(stage, "serverless")
            if key not in reported:
                reported.add(key)
                view.report.add_at(key, fault.code, fault.message, fault.fix)

    return (
        Rule(
            words,
            "AWS publishes images for that framework and version.",
            ("unknown-framework", "unknown-framework-version", "no-image"),
            check_version,
        ),
        Rule(
            (instance_key, *words),
            "AWS publishes that image for the instance's processor and for the platform's region.",
            ("no-image", "no-image-in-region"),
            check_instance,
            always=True,
        ),
    )


def ignores_image(view: View) -> bool:
    """Tell whether image and artifact are without effect because the model comes from the registry."""
    return view.context.use_model_registry or uses_package(view.values)


def storage_rule(*instance_keys: str) -> Rule:
    """Return the rule against a KMS key for a volume that hardware encrypts."""

    def check(view: View) -> None:
        if view.get("accept_hardware_encryption"):
            return
        for instance_key in instance_keys:
            for stage, (instance, key) in view.each(instance_key, "kms_key_arn"):
                if instance and key and instances.local_storage_gb(instance):
                    view.report.add_at(
                        view.place(stage, instance_key),
                        "kms-local-storage",
                        f"{instance} keeps its data on local storage that the hardware encrypts; "
                        "AWS refuses a KMS key for its volume",
                        'choose a type without local storage, or add "accept_hardware_encryption": true '
                        "to use kms_key_arn for everything but the volume",
                    )

    return Rule(
        ("kms_key_arn", *instance_keys, "accept_hardware_encryption"),
        "A KMS key is not combined with an instance type whose local storage the hardware encrypts.",
        ("kms-local-storage",),
        check,
    )


def _check_kms(view: View) -> None:
    platform = view.context.platform
    if platform.assumed:
        return
    accounts = {stage.name: stage.account_id for stage in platform.stages}
    known = {platform.orchestrator_account_id, *platform.options.shared_account_ids}
    every = set(accounts.values())
    for stage, (arn,) in view.each("kms_key_arn"):
        if not arn:
            continue
        place = view.place(stage, "kms_key_arn")
        if arn_region(arn) != platform.region:
            view.report.add_at(
                place,
                "arn-region",
                f"is a key of {arn_region(arn)}, but the platform is in {platform.region}",
                "name a key of the platform's region",
            )
        account = arn_account(arn)
        if account in known:
            continue
        if "kms_key_arn" in view.staged:
            wrong = account != accounts[stage]
        else:
            # One key for several accounts is taken for a shared one, unless it is one stage's own.
            wrong = every != {account} and (account in every or len(every) == 1)
        if wrong:
            mine = [name for name, owner in accounts.items() if owner == account]
            whose = f", the account of stage {listed(mine)}" if mine else ""
            others = accounts[stage] if "kms_key_arn" in view.staged else listed(sorted(every - {account}))
            view.report.add_at(
                place,
                "arn-account",
                f"is a key of account {account}{whose}, but is used in account {others}",
                "give each stage a key of its own account, or list the account under options.shared_account_ids "
                "of the platform file",
            )


KMS_RULE = Rule(
    ("kms_key_arn",),
    "The key is in the platform's region, and in the stage's account, the orchestrator's or a shared one.",
    ("arn-region", "arn-account"),
    _check_kms,
)


def _check_regions(view: View) -> None:
    region = view.context.region
    if not region:
        return
    package = view.get("model_package_name")
    if package and arn_region(package) != region:
        view.report.add_at(
            "model_package_name",
            "arn-region",
            f"is in {arn_region(package)}, but the platform is in {region}: SageMaker reads packages of its own region",
            "register the model in the platform's region",
        )
    image = view.get("custom_image_uri")
    if image and ecr_region(image) not in ("", region) and not uses_package(view.values):
        view.report.add_at(
            "custom_image_uri",
            "arn-region",
            f"is in {ecr_region(image)}, but the platform is in {region}: SageMaker pulls from its own region",
            "replicate the image to the platform's region",
        )


REGION_RULE = Rule(
    ("model_package_name", "custom_image_uri"),
    "Model package and image are in the platform's region.",
    ("arn-region",),
    _check_regions,
    always=True,
)


def _check_group(view: View) -> None:
    if view.get("model_package_name"):
        view.report.add_at(
            "model_package_group_name",
            "cannot-combine",
            "stands beside model_package_name: one says the newest approved version, the other a fixed one",
            "keep one of them",
        )


def _check_deploy_on_approval(view: View) -> None:
    if view.get("deploy_on_approval") and not view.get("model_package_group_name"):
        view.report.add_at(
            "deploy_on_approval",
            "needs-key",
            "needs model_package_group_name: the group whose approved versions are deployed",
            'add "model_package_group_name" and leave model_package_name out',
        )


REGISTRY_RULES = (
    Rule(
        ("model_package_group_name", "model_package_name"),
        "A model package group and a fixed version exclude each other.",
        ("cannot-combine",),
        _check_group,
    ),
    Rule(
        ("deploy_on_approval", "model_package_group_name"),
        "Deploying on approval needs a model package group.",
        ("needs-key",),
        _check_deploy_on_approval,
    ),
)


def _check_endpoint_names(view: View) -> None:
    taken: dict[tuple[str, str], str] = {}
    for stage in view.context.platform.stages:
        name = view.at(stage.name, "endpoint_name")
        if name is None:
            continue
        first = taken.setdefault((stage.account_id, name), stage.name)
        if first != stage.name:
            view.report.add_at(
                view.place(stage.name, "endpoint_name"),
                "name-collision",
                f'"{name}" would be made twice in account {stage.account_id}: stages {first} and {stage.name} share it',
                "give each stage a name of its own: "
                + f'{{"{first}": "{name}-{first}", "{stage.name}": "{name}-{stage.name}"}}',
            )
            if "endpoint_name" not in view.staged:
                return


ENDPOINT_NAMES_RULE = Rule(
    ("endpoint_name",),
    "Stages that share an account have endpoint names of their own.",
    ("name-collision",),
    _check_endpoint_names,
)
