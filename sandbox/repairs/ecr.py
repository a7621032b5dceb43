"""ECR: digests, tags that cannot be overwritten, and scans.

moto makes an image's digest from its layers' (ECR: from the manifest), says of a tag that another image has in a
repository with immutable tags what ECR says of the very same image, never scans on push, and finds one
invented HIGH vulnerability in every image. Here a scan finds nothing unless a fault `ecr.scan`, matched by
`repository`, `tag` and `account_id`, says what: `{"findings": {"CRITICAL": 2}}`, or `{"status": "FAILED"}`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from moto.ecr.exceptions import ImageAlreadyExistsException
from moto.ecr.models import ECRBackend, Image

from sandbox.context import Context
from sandbox.errors import SandboxFault

_INVENTED = "CVE-9999-9999"


def install(context: Context) -> None:
    """Digests of manifests, scans with findings of their own, ECR's word for a tag that is taken."""
    put_image, start_image_scan = ECRBackend.put_image, ECRBackend.start_image_scan
    find = ECRBackend.describe_image_scan_findings

    def create_digest(self: Any) -> None:
        self._image_digest = "sha256:" + hashlib.sha256(self.image_manifest.encode()).hexdigest()

    def put(self: Any, repository_name: str, image_manifest: str, image_tag: str, *more: Any, **named: Any) -> Any:
        try:
            image = put_image(self, repository_name, image_manifest, image_tag, *more, **named)
        except ImageAlreadyExistsException:
            images = self.repositories[repository_name].images
            if any(image_tag in it.image_tags and it.image_manifest == image_manifest for it in images):
                raise
            raise SandboxFault(
                "ImageTagAlreadyExistsException",
                f"The image tag '{image_tag}' already exists in the '{repository_name}' repository and cannot be "
                "overwritten because the tag is immutable.",
            ) from None
        repository = self.repositories[repository_name]
        if repository.image_scanning_configuration.get("scanOnPush") and image.last_scan is None:
            image.last_scan = datetime.today()
            _scan(context, self.account_id, repository_name, image)
        return image

    def start(self: Any, registry_id: str, repository_name: str, image_id: dict[str, str]) -> Any:
        answer = start_image_scan(self, registry_id, repository_name, image_id)
        repository = self._get_repository(repository_name, registry_id)
        image = repository._get_image(image_id.get("imageTag"), image_id.get("imageDigest"))
        _scan(context, repository.registry_id, repository_name, image)
        return answer

    def findings(self: Any, registry_id: str, repository_name: str, image_id: dict[str, str]) -> Any:
        answer = find(self, registry_id, repository_name, image_id)
        found = answer["imageScanFindings"]
        if [item.get("name") for item in found.get("findings", [])] != [_INVENTED]:
            return answer
        image = self._get_repository(repository_name, registry_id)._get_image(
            image_id.get("imageTag"), image_id.get("imageDigest")
        )
        counts, status = getattr(image, "sandbox_scan", ({}, "COMPLETE"))
        found["findingSeverityCounts"] = dict(counts)
        found["findings"] = [
            {"name": f"CVE-0000-{number:04}", "severity": severity, "description": "Planted in the sandbox."}
            for severity, count in counts.items()
            for number in range(1, int(count) + 1)
        ]
        answer["imageScanStatus"] = {"status": status, "description": f"The scan ended {status}."}
        return answer

    Image._create_digest = create_digest
    ECRBackend.put_image = put
    ECRBackend.start_image_scan = start
    ECRBackend.describe_image_scan_findings = findings


def _scan(context: Context, account_id: str, repository: str, image: Any) -> None:
    """Remember what this scan of the image finds."""
    fault = context.faults.take("ecr.scan", repository=repository, tag=image.image_tag, account_id=account_id)
    error = fault.error if fault else {}
    image.sandbox_scan = (error.get("findings", {}), error.get("status", "COMPLETE"))
