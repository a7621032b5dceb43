"""Image builder: byom_image_builder builds an own algorithm's image from a zip (or a git repository) and pushes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..blueprint import PipelineType, Reference, StageContext
from ..contract.check import Rule, View
from ..contract.composite import Items, Mapped, Record
from ..contract.field import Field, unless
from ..contract.kinds import Choice, Kind, Text, Whole
from ..contract.s3 import S3Key
from ..contract.scalars import ECR_REPOSITORY, IMAGE_TAG, PARTITION, REGION
from ..platform import VPC
from . import job_keys, keys, mapping

_PATH = Text(
    "a path within the source",
    r"[A-Za-z0-9._][A-Za-z0-9._/-]*",
    longest=255,
    also=lambda text: "leaves the source" if ".." in text.split("/") else "",
)
_SECRET_ARN = Text(
    "the ARN of a Secrets Manager secret",
    rf"arn:{PARTITION}:secretsmanager:{REGION}:[0-9]{{12}}:secret:[A-Za-z0-9/_+=.@-]+",
    code="bad-arn",
)
_REPOSITORY_ARN = Text(
    "the ARN of an ECR repository",
    rf"arn:{PARTITION}:ecr:{REGION}:[0-9]{{12}}:repository/[a-z0-9][a-z0-9._/-]*",
    code="bad-arn",
)
_CONNECTION_ARN = Text(
    "the ARN of a CodeConnections connection",
    rf"arn:{PARTITION}:(?:codeconnections|codestar-connections):{REGION}:[0-9]{{12}}:connection/[a-f0-9-]{{36}}",
    code="bad-arn",
)
_GIT = Record(
    (
        Field(
            "host",
            Choice("github", "gitlab", "bitbucket", "codecommit"),
            "Where the repository is.",
            required=True,
            example="github",
        ),
        Field(
            "url",
            Text("an https:// URL without a login in it", r"https://[^\s@]+", longest=1024),
            "Address of the repository.",
            required=True,
            example="https://github.com/acme/algorithms.git",
        ),
        Field(
            "ref",
            Text("a branch, tag or commit", r"[A-Za-z0-9_.][A-Za-z0-9_./-]{0,254}"),
            "Branch, tag or commit.",
            default="main",
        ),
        Field("connection_arn", _CONNECTION_ARN, "Connection that may read it; a public repository needs none."),
    ),
    expects="an object with host and url",
)
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")


def _ours(name: str, kind: Kind, meaning: str, *, default: Any = None, example: Any = None) -> Field:
    return Field(name, kind, meaning, default=default, example=example, ours=True)


FIELDS = (
    Field(
        "custom_algorithm_docker",
        S3Key("the key of a zip with a Dockerfile at its root", "images/forest.zip"),
        "Key, inside the assets bucket, of a zip with the Dockerfile and its files at its root.",
        required=unless("git_source"),
        example="images/forest.zip",
    ),
    Field(
        "ecr_repo_name",
        ECR_REPOSITORY,
        "ECR repository of the orchestrator account to push to; it must exist.",
        required=True,
        example="acme-ml-algorithms",
    ),
    Field("image_tag", IMAGE_TAG, "Tag of the image; also names the pipeline.", required=True, example="forest-1"),
    keys.PIPELINE_NAME,
    _ours(
        "git_source",
        _GIT,
        "A git repository to build from instead of a zip.",
        example={"host": "github", "url": "https://github.com/acme/algorithms.git"},
    ),
    _ours("dockerfile", _PATH, "Dockerfile within the source.", default="Dockerfile"),
    _ours("build_context", _PATH, "Build context within the source.", default="."),
    _ours(
        "build_target", Text("the name of a build stage", r"[A-Za-z][A-Za-z0-9._-]{0,127}"), "Build stage to stop at."
    ),
    _ours(
        "build_arguments",
        Mapped(
            Text("the name of a build argument", r"(?!(?:AWS|CODEBUILD|MLOPS)_)[A-Za-z_][A-Za-z0-9_]{0,127}"),
            Text("text of at most 2,048 characters", r"[^\x00]{0,2048}", shortest=0, numbers=True),
            most=50,
            expects="an object of argument names and texts",
        ),
        "Build arguments.",
        example={"VERSION": "1"},
    ),
    _ours("architecture", Choice("x86_64", "arm64"), "Processor that the image is for.", default="x86_64"),
    _ours(
        "build_machine",
        Choice("small", "medium", "large", "xlarge", "2xlarge"),
        "Size of the build machine.",
        default="small",
    ),
    _ours("build_timeout_minutes", Whole(5, 480, "minutes"), "Longest build.", default=60),
    _ours(
        "scan_max_findings",
        Mapped(
            Text(f"a severity ({', '.join(_SEVERITIES)})", "|".join(_SEVERITIES)),
            Whole(0, 100000),
            most=len(_SEVERITIES),
            expects="an object of severities and counts",
        ),
        "Findings that the image's scan may have at most; with more, the image is not tagged.",
        example={"CRITICAL": 0, "HIGH": 0},
    ),
    _ours("docker_hub_secret_arn", _SECRET_ARN, "Secret with a Docker Hub login (username, password)."),
    _ours(
        "base_image_repository_arns",
        Items(_REPOSITORY_ARN, most=50, unique=True, lone=True),
        "ECR repositories that base images are pulled from.",
    ),
    Field(job_keys.SCHEDULE.name, job_keys.SCHEDULE.kind, "When to build again.", example="rate(7 days)", ours=True),
    _ours(
        "vpc",
        Record(
            (
                Field(
                    "vpc_id",
                    Text("a VPC id", r"vpc-[0-9a-f]{8,17}"),
                    "VPC.",
                    required=True,
                    example="vpc-0123456789abcdef0",
                ),
                *VPC.fields.values(),
            ),
            expects="an object with vpc_id, subnet_ids and security_group_ids",
        ),
        "VPC that builds run in.",
    ),
    Field(
        job_keys.DATA_KMS_KEYS.name,
        job_keys.DATA_KMS_KEYS.kind,
        "KMS keys that the zip is encrypted with.",
        ours=True,
    ),
    keys.TAGS_FIELD,
)


def _check_source(view: View) -> None:
    if "custom_algorithm_docker" in view.values:
        view.report.add_at(
            "git_source",
            "cannot-combine",
            "cannot be combined with custom_algorithm_docker: an image has one source",
            "remove one of them",
        )
    git = view.get("git_source")
    if git["host"] == "codecommit" and "connection_arn" in git:
        view.report.add_at("git_source.connection_arn", "cannot-combine", "has no effect with codecommit", "remove it")


def variables(config: Mapping[str, Any], context: StageContext) -> dict[str, Any]:
    """Return the variables of modules/pipelines/image_builder. Pure."""
    git = config.get("git_source")
    found = {
        **job_keys.job_variables(config, context),
        "build": mapping.renamed(
            config,
            dockerfile="dockerfile",
            build_context="context",
            build_target="target",
            build_arguments="arguments",
            architecture="architecture",
            build_machine="machine",
            build_timeout_minutes="timeout_minutes",
        ),
        "docker_hub_secret_arn": config.get("docker_hub_secret_arn"),
        "image_tag": config["image_tag"],
        "repository_name": config["ecr_repo_name"],
        "source_code": {"git": git}
        if git
        else {"s3_uri": mapping.assets_uri(context, config["custom_algorithm_docker"])},
        "tags": config.get("tags", {}),
    }
    if "scan_max_findings" in config:
        found["scan"] = {"max_findings": config["scan_max_findings"]}
    if "base_image_repository_arns" in config:
        found["base_image_repository_arns"] = config["base_image_repository_arns"]
    return found


def references(config: Mapping[str, Any], context: StageContext) -> list[Reference]:
    """Return what an image builder's config points to. Pure."""
    owner = context.platform.orchestrator_account_id
    found = [Reference("ecr_repository", config["ecr_repo_name"], "", "ecr_repo_name", owner)]
    if "custom_algorithm_docker" in config:
        source = mapping.assets_uri(context, config["custom_algorithm_docker"])
        found.append(Reference("s3_object", source, "source_code.s3_uri", "custom_algorithm_docker", owner))
    return found


TYPES = {
    "byom_image_builder": PipelineType(
        name="byom_image_builder",
        suffix="image-builder",
        blueprint="image_builder",
        summary="Builds the container image of an own algorithm and pushes it to ECR.",
        fields=FIELDS,
        rules=(
            Rule(
                ("git_source", "custom_algorithm_docker"),
                "An image has one source.",
                ("cannot-combine",),
                _check_source,
            ),
        ),
        variables=variables,
        references=references,
        runs_in="orchestrator",
        label="image_tag",
    )
}
