"""The resource handlers: what each type's create, read, update, delete and list do with SageMaker's API.

A model is the type's document in CloudFormation's member names, which are SageMaker's own except in a model
card's
content: there the API has JSON text with snake_case names.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

Model = dict[str, Any]

_WAIT_SECONDS = 60


class Handler:
    """One type's handlers; `sagemaker` clients carry the caller's credentials.

    Args:
        schema: The type's schema.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    @property
    def is_updatable(self) -> bool:
        """False if every change replaces the resource."""
        return "update" in self.schema.get("handlers", {})

    def create(self, client: Any, model: Model) -> str:
        """Make the resource; returns its primary identifier."""
        raise NotImplementedError

    def read(self, client: Any, identifier: str) -> Model:
        """The resource's model."""
        raise NotImplementedError

    def update(self, client: Any, identifier: str, model: Model) -> None:
        """Bring the resource to the model."""
        raise NotImplementedError

    def delete(self, client: Any, identifier: str) -> None:
        """Delete the resource."""
        raise NotImplementedError

    def identifiers(self, client: Any) -> list[str]:
        """The primary identifiers of all resources of the type."""
        raise NotImplementedError

    def described(self, client: Any, answer: dict[str, Any], arn: str) -> Model:
        """A Describe answer and the tags as a model: what the schema knows, times as text."""
        model: Model = self.keep(self.schema, answer)
        tags = client.list_tags(ResourceArn=arn)["Tags"]
        if tags and "Tags" in self.schema["properties"]:
            model["Tags"] = tags
        return model

    def keep(self, schema: dict[str, Any], value: Any) -> Any:
        """The part of a value that a schema knows. Pure."""
        schema = self.resolve(schema)
        if isinstance(value, datetime):
            return str(value)
        if isinstance(value, dict) and "properties" in schema:
            known = schema["properties"]
            return {key: self.keep(known[key], item) for key, item in value.items() if key in known}
        if isinstance(value, list) and "items" in schema:
            return [self.keep(schema["items"], item) for item in value]
        return value

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema that a `$ref` points to, or the schema itself. Pure."""
        while "$ref" in schema:
            schema = self.schema["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
        return schema


class JobDefinition(Handler):
    """Data quality, model quality, bias and explainability job definitions, by ARN."""

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__(schema)
        self.type = schema["typeName"].rsplit("::", 1)[-1]
        self.call = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.type).lower()

    def create(self, client: Any, model: Model) -> str:
        request = {key: value for key, value in model.items() if key != "EndpointName"}
        request.setdefault("JobDefinitionName", f"{self.type}-{uuid.uuid4().hex[:12]}")
        return str(getattr(client, f"create_{self.call}")(**request)["JobDefinitionArn"])

    def read(self, client: Any, identifier: str) -> Model:
        answer = getattr(client, f"describe_{self.call}")(JobDefinitionName=_name(identifier))
        model = self.described(client, answer, identifier)
        model.pop("EndpointName", None)
        return model

    def delete(self, client: Any, identifier: str) -> None:
        self.read(client, identifier)
        getattr(client, f"delete_{self.call}")(JobDefinitionName=_name(identifier))

    def identifiers(self, client: Any) -> list[str]:
        pages = client.get_paginator(f"list_{self.call}s").paginate()
        return [item["MonitoringJobDefinitionArn"] for page in pages for item in page["JobDefinitionSummaries"]]


class MonitoringSchedule(Handler):
    """Monitoring schedules, by ARN; made and changed once they are Scheduled."""

    def create(self, client: Any, model: Model) -> str:
        request = self._request(model)
        if model.get("Tags"):
            request["Tags"] = model["Tags"]
        arn = str(client.create_monitoring_schedule(**request)["MonitoringScheduleArn"])
        self._wait(client, arn)
        return arn

    def read(self, client: Any, identifier: str) -> Model:
        answer = client.describe_monitoring_schedule(MonitoringScheduleName=_name(identifier))
        return self.described(client, answer, identifier)

    def update(self, client: Any, identifier: str, model: Model) -> None:
        client.update_monitoring_schedule(**self._request(model))
        self._wait(client, identifier)

    def delete(self, client: Any, identifier: str) -> None:
        self.read(client, identifier)
        client.delete_monitoring_schedule(MonitoringScheduleName=_name(identifier))

    def identifiers(self, client: Any) -> list[str]:
        pages = client.get_paginator("list_monitoring_schedules").paginate()
        return [item["MonitoringScheduleArn"] for page in pages for item in page["MonitoringScheduleSummaries"]]

    def _request(self, model: Model) -> dict[str, Any]:
        return {key: model[key] for key in ("MonitoringScheduleName", "MonitoringScheduleConfig")}

    def _wait(self, client: Any, arn: str) -> None:
        limit = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < limit:
            answer = client.describe_monitoring_schedule(MonitoringScheduleName=_name(arn))
            if answer["MonitoringScheduleStatus"] == "Failed":
                raise NotStabilized(answer.get("FailureReason", "the schedule failed"))
            if answer["MonitoringScheduleStatus"] != "Pending":
                return
            time.sleep(0.05)
        raise NotStabilized("the schedule stayed Pending")


class ModelCard(Handler):
    """Model cards, by name."""

    def create(self, client: Any, model: Model) -> str:
        request = {**model, "Content": self._to_text(model["Content"])}
        client.create_model_card(**request)
        return str(model["ModelCardName"])

    def read(self, client: Any, identifier: str) -> Model:
        answer = client.describe_model_card(ModelCardName=identifier)
        content = self._from_json(self.schema["properties"]["Content"], json.loads(answer["Content"]))
        return self.described(client, {**answer, "Content": content}, answer["ModelCardArn"])

    def update(self, client: Any, identifier: str, model: Model) -> None:
        before = self.read(client, identifier)
        # SageMaker takes content and status in separate calls only.
        if model["Content"] != before["Content"]:
            client.update_model_card(ModelCardName=identifier, Content=self._to_text(model["Content"]))
        if model["ModelCardStatus"] != before["ModelCardStatus"]:
            client.update_model_card(ModelCardName=identifier, ModelCardStatus=model["ModelCardStatus"])
        old, new = (_tags(known) for known in (before, model))
        arn = before["ModelCardArn"]
        if new != old:
            gone = [key for key in old if key not in new]
            if gone:
                client.delete_tags(ResourceArn=arn, TagKeys=gone)
            if new:
                client.add_tags(ResourceArn=arn, Tags=[{"Key": k, "Value": v} for k, v in new.items()])

    def delete(self, client: Any, identifier: str) -> None:
        client.delete_model_card(ModelCardName=identifier)

    def identifiers(self, client: Any) -> list[str]:
        pages = client.get_paginator("list_model_cards").paginate()
        return [item["ModelCardName"] for page in pages for item in page["ModelCardSummaries"]]

    def _to_text(self, content: Any) -> str:
        return json.dumps(self._rename(self.schema["properties"]["Content"], content, snake))

    def _rename(self, schema: dict[str, Any], value: Any, rename: Callable[[str], str]) -> Any:
        schema = self.resolve(schema)
        if isinstance(value, dict) and "properties" in schema:
            known = schema["properties"]
            return {
                rename(key) if key in known else key: self._rename(known.get(key, {}), item, rename)
                for key, item in value.items()
            }
        if isinstance(value, list) and "items" in schema:
            return [self._rename(schema["items"], item, rename) for item in value]
        return value

    def _from_json(self, schema: dict[str, Any], value: Any) -> Any:
        schema = self.resolve(schema)
        if isinstance(value, dict) and "properties" in schema:
            names = {snake(key): key for key in schema["properties"]}
            return {
                names.get(key, key): self._from_json(schema["properties"].get(names.get(key, ""), {}), item)
                for key, item in value.items()
            }
        if isinstance(value, list) and "items" in schema:
            return [self._from_json(schema["items"], item) for item in value]
        return value


class NotStabilized(Exception):
    """A resource that was made and did not become ready."""


def handler(schema: dict[str, Any]) -> Handler:
    """The handlers of a type. Pure."""
    kind = schema["typeName"].rsplit("::", 1)[-1]
    return {"ModelCard": ModelCard, "MonitoringSchedule": MonitoringSchedule}.get(kind, JobDefinition)(schema)


def error_code(error: Exception) -> str:
    """Cloud Control's code for what a handler raised. Pure."""
    if isinstance(error, NotStabilized):
        return "NotStabilized"
    if not isinstance(error, ClientError):
        return "InternalFailure"
    return {
        "AccessDeniedException": "AccessDenied",
        "ConflictException": "ResourceConflict",
        "ResourceInUse": "AlreadyExists",
        "ResourceLimitExceeded": "ServiceLimitExceeded",
        "ResourceNotFound": "NotFound",
        "SerializationException": "InvalidRequest",
        "ThrottlingException": "Throttling",
        "ValidationException": "InvalidRequest",
    }.get(error.response["Error"]["Code"], "GeneralServiceException")


def snake(name: str) -> str:
    """`ModelOverview` as `model_overview`, `XAxisName` as `x_axis_name`. Pure."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _name(identifier: str) -> str:
    return identifier.rsplit("/", 1)[-1]


def _tags(model: Model) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in model.get("Tags", [])}
