"""The platform file: name prefix, region, accounts, ordered stages, options. Validated like every config. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from .contract.composite import Items, Mapped, Record
from .contract.field import Field
from .contract.kinds import Choice, Flag, Kind, Numbered, Schema, Text, Whole, show, type_name
from .contract.report import INVALID, Report
from .contract.s3 import BUCKET_NAME
from .contract.scalars import (
    ACCOUNT_ID,
    ECR_REPOSITORY,
    KMS_KEY_ARN,
    LOG_PERIODS,
    PARTITION,
    REGION_NAME,
    arn_region,
    sagemaker_name,
)
from .names import RESERVED_STAGE_NAMES
from .problems import Problem

Approval = Literal["manual", "none"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One environment in its own account (or in one that it shares).

    Attributes:
        name: Name in per-stage values, workspace paths and resource names.
        account_id: Its 12-digit account.
        approval: ``manual``: a person approves the plan; ``none``: the plan is applied at once.
        organizational_unit_id: Where the account is in the organisation, or None.
    """

    name: str
    account_id: str
    approval: Approval = "manual"
    organizational_unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """Everything optional about a platform; the meaning of each is in ``OPTION_FIELDS``."""

    notification_emails: tuple[str, ...] = ()
    use_model_registry: bool = False
    create_model_package_group: bool = False
    model_package_groups: tuple[str, ...] = ()
    existing_assets_bucket: str | None = None
    existing_ecr_repository: str | None = None
    config_bucket: str | None = None
    git_source: dict[str, Any] | None = None
    allow_detailed_error_messages: bool = True
    kms_key_arn: str | None = None
    vpc: dict[str, Any] | None = None
    permissions_boundary_arn: str | None = None
    external_id: str | None = None
    shared_account_ids: tuple[str, ...] = ()
    account_access_role: str | None = "OrganizationAccountAccessRole"
    operator_principal_arns: tuple[str, ...] | None = None
    operations: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform file's content.

    Attributes:
        name: Prefix of every cloud name.
        region: Region of everything.
        orchestrator_account_id: Account of the API, the builds and the delivery pipelines.
        stages: In the order of promotion; at least one.
        options: Everything optional.
        blueprints: Paths of a team's own blueprints.
        assumed: Whether it stands in for a platform file that was not given: its accounts and region are made up,
            so rules about accounts and regions do not apply.
    """

    name: str
    region: str
    orchestrator_account_id: str
    stages: tuple[Stage, ...]
    options: Options = field(default_factory=Options)
    blueprints: tuple[str, ...] = ()
    assumed: bool = False

    def stage(self, name: str) -> Stage:
        """Return the stage of that name.

        Raises:
            KeyError: There is none.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)


def default_platform() -> Platform:
    """Return the platform that a config alone is judged with: dev, staging, prod; the model registry is off."""
    return Platform(
        name="mlops",
        region="us-east-1",
        orchestrator_account_id="000000000000",
        stages=(
            Stage("dev", "000000000001", "none"),
            Stage("staging", "000000000002"),
            Stage("prod", "000000000003"),
        ),
        assumed=True,
    )


def _prefix_fault(text: str) -> str:
    return "has two hyphens in a row" if "--" in text else ""


def _stage_fault(text: str) -> str:
    if text in RESERVED_STAGE_NAMES:
        return f"is a reserved name ({', '.join(sorted(RESERVED_STAGE_NAMES))})"
    return "has two hyphens in a row" if "--" in text else ""


STAGE_NAME = Text(
    "a stage name (a lower-case letter, then at most 19 lower-case letters, digits and hyphens)",
    r"[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?",
    code="bad-stage-name",
    also=_stage_fault,
)
STAGE_FIELDS = (
    Field(
        "name", STAGE_NAME, "Name of the stage in per-stage values and workspace paths.", required=True, example="dev"
    ),
    Field("account_id", ACCOUNT_ID, "Account of the stage.", required=True, example="222222222222"),
    Field(
        "approval",
        Choice("manual", "none"),
        "Whether a person approves each plan of this stage.",
        default_text="none for the first stage, manual for every later one",
    ),
    Field(
        "organizational_unit_id",
        Text("an organisational unit id", r"(?:ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32})", code="bad-format"),
        "Organisational unit that the account belongs to.",
        example="ou-abcd-11111111",
    ),
)
_EMAIL = Text("an e-mail address", r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+", longest=320, code="bad-format")
_PATH_PATTERN = Text("a path pattern", r"[A-Za-z0-9._*?-][A-Za-z0-9._/*?-]*", longest=255)
_GIT_SOURCE = Record(
    (
        Field(
            "connection_arn",
            Text(
                "the ARN of a CodeConnections connection",
                rf"arn:{PARTITION}:code(?:connections|star-connections):[a-z0-9-]+:[0-9]{{12}}:connection/[0-9a-f-]{{36}}",
                code="bad-arn",
            ),
            "Connection to GitHub, GitLab or Bitbucket; leave it out for a CodeCommit repository.",
        ),
        Field(
            "repository",
            Text("a repository (owner/name, or the name of a CodeCommit repository)", r"[A-Za-z0-9._/-]+", longest=256),
            "Repository with the config files.",
            required=True,
            example="acme/ml-configs",
        ),
        Field(
            "branch",
            Text("a branch name", r"[A-Za-z0-9._/-]+", longest=255),
            "Branch whose pushes provision pipelines.",
            default="main",
            example="main",
        ),
        Field(
            "paths",
            Items(_PATH_PATTERN, fewest=1, most=4, unique=True),
            "Files that are configs, as patterns: * stays within a folder, ** does not.",
            default=["**/mlops-config*.json", "**/mlops-config*.yml", "**/mlops-config*.yaml"],
        ),
    ),
    expects="an object with a repository and a branch",
)
VPC = Record(
    (
        Field(
            "subnet_ids",
            Items(Text("a subnet id", r"subnet-[0-9a-f]{8,17}", code="bad-format"), fewest=1, most=16, unique=True),
            "Subnets of the platform's own functions and builds.",
            required=True,
            example=["subnet-0123456789abcdef0"],
        ),
        Field(
            "security_group_ids",
            Items(Text("a security group id", r"sg-[0-9a-f]{8,17}", code="bad-format"), fewest=1, most=5, unique=True),
            "Security groups.",
            required=True,
            example=["sg-0123456789abcdef0"],
        ),
    ),
    expects="an object with subnet_ids and security_group_ids",
)
TAGS = Mapped(
    Text("a tag key", r"(?!aws:)[A-Za-z0-9 _.:/=+@-]{1,128}", code="bad-tag"),
    Text("a tag value of at most 256 characters", r"[\w .:/=+@-]{0,256}", shortest=0, code="bad-tag", numbers=True),
    most=40,
    expects="an object of tag names and values",
)
PERMISSIONS_BOUNDARY_ARN = Text(
    "the ARN of an IAM policy", rf"arn:{PARTITION}:iam::(?:[0-9]{{12}}|aws):policy/[\w+=,.@/-]+", code="bad-arn"
)
_PRINCIPAL_ARN = Text(
    "the ARN of a principal, * in it for any text",
    rf"arn:{PARTITION}:(?:iam::[0-9]{{12}}:(?:root|(?:role|user)/[\w+=,.@/*?-]+)|sts::[0-9]{{12}}:assumed-role/[\w+=,.@/*?-]+)",
    code="bad-arn",
    fix="write arn:aws:iam::<account>:role/<name>",
)
_OPERATIONS = Record(
    (
        Field("api_rate_limit", Whole(1, 10_000), "Requests a second that the API answers on average.", default=10),
        Field("api_burst_limit", Whole(1, 5_000), "Requests that the API answers at once.", default=20),
        Field(
            "artifact_expiry_days",
            Whole(1, 365, "days"),
            "Time that saved plans are kept: a release that waits longer for its approval must be submitted again.",
            default=14,
        ),
        Field(
            "build_timeout_minutes",
            Whole(5, 2160, "minutes"),
            "Longest build, which waits for the jobs of the release that it applies.",
            default=120,
        ),
        Field(
            "config_trigger",
            Choice("notification", "eventbridge"),
            "How the config bucket tells of objects: its own notifications (a bucket has one set) or EventBridge.",
            default="notification",
        ),
        Field("lambda_memory_mb", Whole(128, 10_240, "MB"), "Memory of the orchestrator's function.", default=512),
        Field(
            "lambda_timeout_seconds",
            Whole(1, 900, "seconds"),
            "Time limit of the orchestrator's function; the API gives up after 29 seconds.",
            default=29,
        ),
        Field("log_retention_days", Numbered(*LOG_PERIODS), "Days that the platform's logs are kept.", default=365),
        Field(
            "manage_api_gateway_log_role",
            Flag(),
            "Whether the role that API Gateway logs with, one an account and region, is made in each account.",
            default=True,
        ),
    ),
    expects="an object of limits and periods",
)
OPTION_FIELDS = (
    Field(
        "notification_emails",
        Items(_EMAIL, most=100, unique=True, lone=True),
        "Addresses that get approvals and results; each must confirm its subscription.",
        aliases=("notification_email",),
        example=["ml-platform@example.com"],
    ),
    Field(
        "use_model_registry",
        Flag(),
        "Whether bring-your-own-model types take a model package version instead of an image and an artifact.",
        default=False,
    ),
    Field(
        "create_model_package_group",
        Flag(),
        "Whether the platform makes a model package group, <name>-registry.",
        default=False,
        aliases=("create_model_registry",),
    ),
    Field(
        "model_package_groups",
        Items(sagemaker_name("the name of a model package group", 63), most=100, unique=True),
        "More model package groups to make, one a model: what deploys from a group takes its newest version.",
        example=["churn", "fraud"],
    ),
    Field(
        "existing_assets_bucket",
        BUCKET_NAME,
        "Existing versioned bucket for models and data, in the orchestrator account; else one is made.",
        aliases=("existing_s3_bucket",),
        example="acme-ml-assets",
    ),
    Field(
        "existing_ecr_repository",
        ECR_REPOSITORY,
        "Existing ECR repository for own images; else one is made.",
        aliases=("existing_ecr_repo",),
        example="algorithms",
    ),
    Field(
        "config_bucket",
        BUCKET_NAME,
        "Existing bucket whose object mlops-config.json starts a request.",
        aliases=("config_s3_bucket",),
        example="acme-ml-configs",
    ),
    Field("git_source", _GIT_SOURCE, "Repository whose pushed config files start requests."),
    Field(
        "allow_detailed_error_messages",
        Flag(),
        "Whether error answers of the API carry details.",
        default=True,
        aliases=("allow_detailed_error_message",),
    ),
    Field("kms_key_arn", KMS_KEY_ARN, "Key for the platform's own buckets, topic and logs; else keys are made."),
    Field("vpc", VPC, "Where the platform's own functions and builds run; else outside of any VPC."),
    Field(
        "permissions_boundary_arn",
        PERMISSIONS_BOUNDARY_ARN,
        "Boundary of every role that is made. A policy of that name is in every account, since IAM takes a boundary "
        "from the role's own; the ARN's account does not matter.",
    ),
    Field(
        "external_id",
        Text("an external id", r"[\w+=,.@:/-]{2,1224}"),
        "External id that the stage accounts' roles ask for.",
    ),
    Field(
        "shared_account_ids",
        Items(ACCOUNT_ID, most=50, unique=True),
        "Accounts outside the platform whose KMS keys configs may name for a stage.",
    ),
    Field(
        "account_access_role",
        Text("the name of an IAM role", r"[\w+=,.@-]{1,64}"),
        "Role that sets up a stage's account: assumed in it to make the plan and deploy roles.",
        default="OrganizationAccountAccessRole",
        example="OrganizationAccountAccessRole",
    ),
    Field(
        "operator_principal_arns",
        Items(_PRINCIPAL_ARN, most=50, unique=True),
        "People and CI that may assume every account's plan and deploy roles beside the builds; [] for nobody.",
        default_text="every principal of the orchestrator account whose own policies allow it",
        example=["arn:aws:iam::111111111111:role/ml-operators"],
    ),
    Field("operations", _OPERATIONS, "Limits and periods of the installation."),
    Field("tags", TAGS, "Tags of everything that is made.", example={"cost-centre": "ml"}),
)


class _Stages(Items):
    """The list of stages: unique names, in order."""

    __slots__ = ()

    def check(self, value: Any, report: Report) -> Any:
        checked = super().check(value, report)
        if not isinstance(value, list):
            return checked
        seen: set[str] = set()
        good = True
        for index, member in enumerate(value):
            name = member.get("name") if isinstance(member, dict) else None
            if not isinstance(name, str):
                continue
            if name in seen:
                report.add_at(
                    f"{report.key}[{index}].name",
                    "repeated",
                    f"{show(name)} is the name of an earlier stage too",
                    "give every stage a name of its own",
                )
                good = False
            seen.add(name)
        return checked if good else INVALID


_PREFIX: Kind = Text(
    "a name prefix (a lower-case letter, then 1 to 19 lower-case letters, digits and hyphens)",
    r"[a-z][a-z0-9-]{0,18}[a-z0-9]",
    code="bad-platform-name",
    fix="use a short name such as acme-ml",
    also=_prefix_fault,
)
PLATFORM_FIELDS = (
    Field("name", _PREFIX, "Prefix of every cloud name.", required=True, example="acme-ml"),
    Field("region", REGION_NAME, "Region of everything.", required=True, example="eu-central-1"),
    Field(
        "orchestrator_account_id",
        ACCOUNT_ID,
        "Account of the API, the builds and the delivery pipelines.",
        required=True,
        example="111111111111",
    ),
    Field(
        "stages",
        _Stages(Record(STAGE_FIELDS), fewest=1, most=16, expects="a list of stages"),
        "Environments in the order of promotion.",
        required=True,
        example=[{"name": "dev", "account_id": "222222222222"}],
    ),
    Field("options", Record(OPTION_FIELDS), "Everything optional."),
    Field(
        "blueprints",
        Items(Text("a path", longest=1024), most=100, unique=True, expects="a list of paths"),
        "Folders of a team's own blueprints, relative to the platform file.",
    ),
)
_RECORD = Record(PLATFORM_FIELDS, expects="a platform file: an object with name, region, accounts and stages")


def parse_platform(value: Any) -> tuple[Platform | None, list[Problem]]:
    """Return the platform that a document describes, or every problem with it."""
    report = Report()
    if not isinstance(value, dict):
        report.add("not-an-object", f"must be {_RECORD.expects}, but is {type_name(value)}")
        return None, report.problems
    document = {key: member for key, member in value.items() if key != "$schema"}
    checked = _RECORD.check(document, report)
    if checked is INVALID or report.problems:
        return None, report.problems
    options = document.get("options") or {}
    if "account_access_role" in options and options["account_access_role"] is None:
        checked["options"]["account_access_role"] = None
    platform = _built(checked)
    _check_across(platform, report)
    return (None if report.problems else platform), report.problems


def _built(checked: dict[str, Any]) -> Platform:
    stages = tuple(
        Stage(
            stage["name"],
            stage["account_id"],
            stage.get("approval") or ("manual" if index else "none"),
            stage.get("organizational_unit_id"),
        )
        for index, stage in enumerate(checked["stages"])
    )
    given = dict(checked.get("options") or {})
    for name in ("model_package_groups", "notification_emails", "operator_principal_arns", "shared_account_ids"):
        if name in given:
            given[name] = tuple(given[name])
    return Platform(
        name=checked["name"],
        region=checked["region"],
        orchestrator_account_id=checked["orchestrator_account_id"],
        stages=stages,
        options=Options(**given),
        blueprints=tuple(checked.get("blueprints") or ()),
    )


def _check_across(platform: Platform, report: Report) -> None:
    """Report contradictions between keys."""
    key_arn = platform.options.kms_key_arn
    if key_arn and arn_region(key_arn) != platform.region:
        report.add_at(
            "options.kms_key_arn",
            "arn-region",
            f"is a key of {arn_region(key_arn)}, but the platform is in {platform.region}",
            "name a key of the platform's region",
        )
    connection = (platform.options.git_source or {}).get("connection_arn")
    if platform.options.git_source and not connection and "/" in platform.options.git_source["repository"]:
        report.add_at(
            "options.git_source",
            "missing-key",
            "has a repository of the form owner/name, which needs a connection_arn",
            "add connection_arn, or name a CodeCommit repository",
        )


def platform_schema() -> Schema:
    """Return the JSON Schema of the platform file."""
    schema = _RECORD.schema()
    schema["properties"]["$schema"] = {"type": "string", "description": "For editors; without effect."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Platform file",
        "description": "Accounts, stages and options of an ML delivery platform.",
        **schema,
    }
