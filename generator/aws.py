"""The one adapter of the CLI to AWS: the orchestrator's API, delivery pipelines, states and logs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from generator.errors import GeneratorError, ToolError
from generator.names import dns_suffix

if TYPE_CHECKING:
    import boto3

_API_STAGE = "prod"


class Aws:
    """AWS as the person's own credentials see it, in one region.

    Raises:
        ToolError: AWS refused or could not be reached; the message carries AWS's own words.
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Any] = {}

    @cached_property
    def _session(self) -> boto3.Session:
        import boto3

        return boto3.Session(region_name=self.region)

    def client(self, service: str) -> Any:
        """Return a client of a service, made at its first use."""
        if service not in self._clients:
            from botocore.config import Config

            config = Config(retries={"mode": "standard", "max_attempts": 3}, user_agent_extra="mlops-orchestrator")
            self._clients[service] = self._session.client(service, config=config)  # type: ignore[call-overload]
        return self._clients[service]

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation; AWS's refusal becomes a ToolError."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self.client(service), operation)(**parameters)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            raise AwsError(f"{service} {operation}: {error}", code=code) from error
        except BotoCoreError as error:
            raise AwsError(f"{service} {operation}: {error}", code=type(error).__name__) from error
        return answer

    def pages(self, service: str, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield every page of a listing."""
        token: dict[str, Any] = {}
        while True:
            page = self.call(service, operation, **parameters, **token)
            yield page
            following = page.get("nextToken") or page.get("NextToken")
            if not following:
                return
            token = {"nextToken" if "nextToken" in page else "NextToken": following}

    def state_version(self, bucket: str, key: str) -> str | None:
        """Return the ETag of a state object, or None when there is none."""
        try:
            return str(self.call("s3", "head_object", Bucket=bucket, Key=key)["ETag"])
        except AwsError as error:
            if error.code in {"404", "NoSuchKey", "NotFound", "NoSuchBucket"}:
                return None
            raise

    def object_pages(self, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
        """Yield every page of a bucket's listing below a prefix."""
        token: dict[str, str] = {}
        while True:
            page = self.call("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix, **token)
            yield page
            if not page.get("NextContinuationToken"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def read_object(self, bucket: str, key: str) -> bytes:
        """Return an object's bytes."""
        content: bytes = self.call("s3", "get_object", Bucket=bucket, Key=key)["Body"].read()
        return content

    def bucket_exists(self, name: str) -> bool:
        """Whether a bucket exists and is ours to see."""
        try:
            self.call("s3", "head_bucket", Bucket=name)
        except AwsError as error:
            if error.code in {"404", "NoSuchBucket", "NotFound"}:
                return False
            raise
        return True

    def api_url(self, prefix: str) -> str:
        """Return the base URL of the orchestrator's API, without a slash at its end.

        It is ``$MLOPS_API_URL`` if set; else found by the API's name. With ``AWS_ENDPOINT_URL`` (the
        sandbox), the API is below that address.
        """
        given = os.environ.get("MLOPS_API_URL")
        if given:
            return given.rstrip("/")
        name = f"{prefix}-orchestrator"
        found = [
            item["id"]
            for page in self._rest_apis()
            for item in page.get("items", ())
            if item["name"] == name
        ]
        if not found:
            raise GeneratorError(
                f"there is no API named {name} in {self.region}",
                hint="apply the orchestrator workspace first, check your credentials, or set MLOPS_API_URL",
            )
        endpoint = os.environ.get("AWS_ENDPOINT_URL_EXECUTE_API") or os.environ.get("AWS_ENDPOINT_URL")
        if endpoint:
            return f"{endpoint.rstrip('/')}/_aws/execute-api/{found[0]}/{_API_STAGE}"
        suffix = dns_suffix(self.region)
        return f"https://{found[0]}.execute-api.{self.region}.{suffix}/{_API_STAGE}"

    def _rest_apis(self) -> Iterator[dict[str, Any]]:
        position: dict[str, str] = {}
        while True:
            page = self.call("apigateway", "get_rest_apis", limit=500, **position)
            yield page
            if not page.get("position"):
                return
            position = {"position": page["position"]}

    def request(
        self, prefix: str, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a SigV4-signed request to the API of the platform ``prefix``; return its status and JSON answer."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError
        from botocore.httpsession import URLLib3Session

        credentials = self._session.get_credentials()
        if credentials is None:
            raise ToolError("no AWS credentials were found", hint="set AWS_PROFILE or run `aws sso login`")
        request = AWSRequest(
            method=method,
            url=f"{self.api_url(prefix)}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        SigV4Auth(credentials.get_frozen_credentials(), "execute-api", self.region).add_auth(request)
        try:
            answer = URLLib3Session(timeout=60).send(request.prepare())
        except BotoCoreError as error:
            raise ToolError(f"the orchestrator's API cannot be reached: {error}") from error
        try:
            document = json.loads(answer.text or "{}")
        except ValueError:
            document = {"message": answer.text}
        return answer.status_code, document if isinstance(document, dict) else {"message": document}

    def build_log(self, build_id: str, lines: int = 40) -> list[str]:
        """Return the last lines of a build's log, oldest first; empty when there is none."""
        builds = self.call("codebuild", "batch_get_builds", ids=[build_id]).get("builds", [])
        logs = builds[0].get("logs", {}) if builds else {}
        if not logs.get("groupName") or not logs.get("streamName"):
            return []
        events = self.call(
            "logs",
            "get_log_events",
            logGroupName=logs["groupName"],
            logStreamName=logs["streamName"],
            limit=lines,
            startFromHead=False,
        )["events"]
        return [event["message"].rstrip("\n") for event in events]


class AwsError(ToolError):
    """AWS refused a call.

    Attributes:
        code: AWS's error code, e.g. ``AccessDenied``.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code
