"""Container images as SageMaker meets them: ECR URIs, whether they are there, and their digest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from botocore.exceptions import ClientError
from moto.ecr.models import ecr_backends

from sandbox.iam.sessions import AssumeRoleRefused
from sandbox.sagemaker.access import Role
from sandbox.sagemaker.store import invalid

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True, slots=True)
class Image:
    """An image in ECR, taken apart."""

    uri: str
    account_id: str
    region: str
    repository: str
    tag: str | None
    digest: str | None


def parse_image(uri: str) -> Image | None:
    """The parts of an ECR image URI; None if it is none. Pure."""
    found = _ECR.fullmatch(uri)
    if found is None:
        return None
    return Image(uri, found["account"], found["region"], found["repository"], found["tag"], found["digest"])


def require_image(uri: str, role: Role) -> None:
    """Check that an image can be pulled with a role.

    Images of AWS's own registries (built-in algorithms, framework containers, monitors) are taken to exist:
    they belong to accounts that nothing in the sandbox has used. An image in the caller's account, or in an
    account that holds repositories here, must be there.

    Raises:
        SandboxFault: ValidationException: no ECR image, not found, or the role may not pull it.
    """
    image = parse_image(uri)
    if image is None:
        raise invalid(
            f"Invalid image URI {uri}. Please provide a valid Amazon Elastic Container Registry path of the "
            "Docker image to run."
        )
    if not _is_simulated(image, role):
        return
    wanted = {"imageDigest": image.digest} if image.digest else {"imageTag": image.tag or "latest"}
    repositories = ecr_backends[image.account_id][image.region].repositories
    if image.repository not in repositories:
        raise invalid(f"Requested image {uri} not found.")
    if image.account_id != role.account_id:
        found = any(
            held.image_digest == image.digest if image.digest else (image.tag or "latest") in held.image_tags
            for held in repositories[image.repository].images
        )
    else:
        try:
            answer = role.client("ecr").batch_get_image(
                registryId=image.account_id, repositoryName=image.repository, imageIds=[wanted]
            )
            found = bool(answer["images"])
        except (ClientError, AssumeRoleRefused) as error:
            raise invalid(
                f'The role "{role.arn}" cannot pull {uri}. Ensure that the role exists and is granted '
                f"ecr:GetDownloadUrlForLayer, ecr:BatchGetImage and ecr:BatchCheckLayerAvailability: {error}"
            ) from None
    if not found:
        raise invalid(f"Requested image {uri} not found.")


def digest_of(uri: str) -> str:
    """The digest that a URI resolves to: its own, the repository's, or one made from the URI for AWS's
    images.
    """
    image = parse_image(uri)
    if image is not None:
        if image.digest:
            return image.digest
        repository = ecr_backends[image.account_id][image.region].repositories.get(image.repository)
        for held in repository.images if repository else ():
            if (image.tag or "latest") in held.image_tags:
                return str(held.image_digest)
    return f"sha256:{hashlib.sha256(uri.encode()).hexdigest()}"


def resolved(uri: str) -> str:
    """The URI with the digest in the place of the tag, as DescribeEndpoint shows it."""
    return f"{re.split(r'@|:(?=[^/]*$)', uri)[0]}@{digest_of(uri)}"


def _is_simulated(image: Image, role: Role) -> bool:
    """True if the registry is one of this sandbox, not one of AWS's own."""
    if image.account_id == role.account_id:
        return True
    accounts = list(ecr_backends)
    return image.account_id in accounts and bool(ecr_backends[image.account_id][image.region].repositories)
