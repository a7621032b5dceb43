"""Cloud Control: schemas, requests with states, and resources that SageMaker itself describes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_world import World, wait

from sandbox import control
from sandbox.cloudcontrol import patches

CARD = "AWS::SageMaker::ModelCard"
QUALITY = "AWS::SageMaker::ModelQualityJobDefinition"


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> World:
    return World(connect, account)


@pytest.fixture
def cloud(connect: Callable[..., Any], account: str) -> Any:
    return connect("cloudcontrol", account)


def finished(cloud: Any, answer: dict[str, Any]) -> dict[str, Any]:
    token = answer["ProgressEvent"]["RequestToken"]
    event: dict[str, Any] = wait(
        lambda: cloud.get_resource_request_status(RequestToken=token)["ProgressEvent"],
        lambda e: e["OperationStatus"] in ("SUCCESS", "FAILED"),
    )
    return event


def create(cloud: Any, type_name: str, model: dict[str, Any]) -> dict[str, Any]:
    return finished(cloud, cloud.create_resource(TypeName=type_name, DesiredState=json.dumps(model)))


def card(**more: Any) -> dict[str, Any]:
    content = {
        "ModelOverview": {"ModelDescription": "churn"},
        "AdditionalInformation": {"CustomDetails": {"Some Key": "kept"}},
    }
    return {"ModelCardName": "card", "ModelCardStatus": "Draft", "Content": content, **more}


def quality(world: World, **more: Any) -> dict[str, Any]:
    world.model()
    world.config()
    world.endpoint()
    output = {"S3Uri": world.uri("reports"), "LocalPath": "/opt/ml/processing/output"}
    return {
        "JobDefinitionName": "quality",
        "RoleArn": world.role,
        "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}},
        "ModelQualityAppSpecification": {"ImageUri": "image", "ProblemType": "Regression"},
        "ModelQualityJobInput": {
            "EndpointInput": {"EndpointName": "endpoint", "LocalPath": "/opt/ml/processing/input"},
            "GroundTruthS3Input": {"S3Uri": world.uri("truth")},
        },
        "ModelQualityJobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        **more,
    }


def test_a_job_definition_made_here_is_described_by_sagemaker(world: World, cloud: Any) -> None:
    model = quality(world, Tags=[{"Key": "a", "Value": "b"}])

    event = create(cloud, QUALITY, model)

    assert event["OperationStatus"] == "SUCCESS"
    described = world.sm.describe_model_quality_job_definition(JobDefinitionName="quality")
    assert described["JobDefinitionArn"] == event["Identifier"]
    assert described["ModelQualityJobInput"] == model["ModelQualityJobInput"]
    properties = cloud.get_resource(TypeName=QUALITY, Identifier=event["Identifier"])["ResourceDescription"]
    read = json.loads(properties["Properties"])
    assert {key: read[key] for key in model} == model


def test_a_job_definition_cannot_be_updated_but_deleted(world: World, cloud: Any) -> None:
    arn = create(cloud, QUALITY, quality(world))["Identifier"]

    with pytest.raises(ClientError) as caught:
        cloud.update_resource(TypeName=QUALITY, Identifier=arn, PatchDocument="[]")
    assert caught.value.response["Error"]["Code"] == "UnsupportedActionException"

    assert finished(cloud, cloud.delete_resource(TypeName=QUALITY, Identifier=arn))["OperationStatus"] == "SUCCESS"
    with pytest.raises(ClientError) as caught:
        cloud.get_resource(TypeName=QUALITY, Identifier=arn)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_what_sagemaker_refuses_fails_the_request_with_the_reason(world: World, cloud: Any) -> None:
    model = quality(world)
    model["ModelQualityJobInput"]["EndpointInput"]["EndpointName"] = "nobody"

    event = create(cloud, QUALITY, model)

    assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "InvalidRequest")
    assert "Endpoint 'nobody' does not exist" in event["StatusMessage"]


def test_a_document_that_breaks_the_schema_is_refused_at_once(cloud: Any) -> None:
    wrong = {"ModelCardName": "a_b", "ModelCardStatus": "Maybe", "Content": {"Nonsense": 1}}

    with pytest.raises(ClientError) as caught:
        cloud.create_resource(TypeName=CARD, DesiredState=json.dumps(wrong))

    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    assert error["Message"].splitlines() == [
        "Model validation failed (#/Content: extraneous key [Nonsense] is not permitted",
        "#/ModelCardName: string [a_b] does not match pattern ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$",
        "#/ModelCardStatus: Maybe is not a valid enum value)",
    ]


def test_a_cards_content_is_snake_case_for_sagemaker_and_free_names_stay(world: World, cloud: Any) -> None:
    create(cloud, CARD, card())

    content = json.loads(world.sm.describe_model_card(ModelCardName="card")["Content"])

    assert content == {
        "model_overview": {"model_description": "churn"},
        "additional_information": {"custom_details": {"Some Key": "kept"}},
    }


def test_a_card_is_updated_by_a_patch(world: World, cloud: Any) -> None:
    create(cloud, CARD, card())
    patch = [
        {"op": "replace", "path": "/ModelCardStatus", "value": "Approved"},
        {"op": "replace", "path": "/Content/ModelOverview/ModelDescription", "value": "new"},
        {"op": "add", "path": "/Tags", "value": [{"Key": "a", "Value": "b"}]},
    ]

    event = finished(cloud, cloud.update_resource(TypeName=CARD, Identifier="card", PatchDocument=json.dumps(patch)))

    assert event["OperationStatus"] == "SUCCESS"
    described = world.sm.describe_model_card(ModelCardName="card")
    assert (described["ModelCardStatus"], described["ModelCardVersion"]) == ("Approved", 2)
    assert world.sm.list_tags(ResourceArn=described["ModelCardArn"])["Tags"] == [{"Key": "a", "Value": "b"}]


def test_a_create_only_property_cannot_be_patched(cloud: Any) -> None:
    create(cloud, CARD, card())
    patch = json.dumps([{"op": "replace", "path": "/ModelCardName", "value": "other"}])

    with pytest.raises(ClientError) as caught:
        cloud.update_resource(TypeName=CARD, Identifier="card", PatchDocument=patch)

    assert caught.value.response["Error"]["Code"] == "NotUpdatableException"


def test_the_same_client_token_creates_once(cloud: Any) -> None:
    state = json.dumps(card())
    first = cloud.create_resource(TypeName=CARD, DesiredState=state, ClientToken="t")
    second = cloud.create_resource(TypeName=CARD, DesiredState=state, ClientToken="t")

    assert first["ProgressEvent"]["RequestToken"] == second["ProgressEvent"]["RequestToken"]
    assert finished(cloud, second)["OperationStatus"] == "SUCCESS"


def test_the_handler_acts_with_the_callers_own_permissions(
    world: World, connect: Callable[..., Any], make_role: Callable[..., dict[str, str]], account: str
) -> None:
    may_ask = [{"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}]
    caller = connect("cloudcontrol", make_role(account, "asker", may_ask))

    event = create(caller, CARD, card())

    assert (event["OperationStatus"], event["ErrorCode"]) == ("FAILED", "AccessDenied")
    assert "sagemaker:CreateModelCard" in event["StatusMessage"]


def test_a_request_can_fail_on_purpose(cloud: Any, sandbox: control.Running) -> None:
    sandbox.request(
        "faults", {"kind": "cloudcontrol.request", "match": {"type_name": CARD}, "error": {"message": "not today"}}
    )

    event = create(cloud, CARD, card())

    assert (event["OperationStatus"], event["StatusMessage"]) == ("FAILED", "not today")


def test_the_registry_shows_the_schema(connect: Callable[..., Any], account: str) -> None:
    formation = connect("cloudformation", account)

    described = formation.describe_type(Type="RESOURCE", TypeName=QUALITY)

    assert described["ProvisioningType"] == "IMMUTABLE"
    assert json.loads(described["Schema"])["primaryIdentifier"] == ["/properties/JobDefinitionArn"]
    with pytest.raises(ClientError, match="cannot be found"):
        formation.describe_type(Type="RESOURCE", TypeName="AWS::SageMaker::Nothing")


def test_a_card_is_exported_as_a_pdf(world: World, cloud: Any) -> None:
    create(cloud, CARD, card())
    arn = world.sm.create_model_card_export_job(
        ModelCardName="card", ModelCardExportJobName="export", OutputConfig={"S3OutputPath": world.uri("cards")}
    )["ModelCardExportJobArn"]

    job = world.sm.describe_model_card_export_job(ModelCardExportJobArn=arn)

    assert job["Status"] == "Completed"
    pdf = world.get(job["ExportArtifacts"]["S3ExportArtifacts"])
    assert pdf.startswith(b"%PDF-1.4")
    assert b"churn" in pdf


def test_content_that_is_no_model_card_is_refused(world: World) -> None:
    with pytest.raises(ClientError, match=r"extraneous key \[modeloverview\]"):
        world.sm.create_model_card(
            ModelCardName="card", ModelCardStatus="Draft", Content=json.dumps({"modeloverview": {}})
        )


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ([{"op": "add", "path": "/a/-", "value": 3}], {"a": [1, 2, 3]}),
        ([{"op": "add", "path": "/a/0", "value": 0}], {"a": [0, 1, 2]}),
        ([{"op": "remove", "path": "/a/0"}], {"a": [2]}),
        ([{"op": "move", "from": "/a", "path": "/b~1c"}], {"b/c": [1, 2]}),
        ([{"op": "copy", "from": "/a/1", "path": "/d"}], {"a": [1, 2], "d": 2}),
        ([{"op": "test", "path": "/a/1", "value": 2}], {"a": [1, 2]}),
    ],
)
def test_a_patch_does_what_rfc_6902_says(patch: list[Any], expected: dict[str, Any]) -> None:
    assert patches.apply({"a": [1, 2]}, patch) == expected


@pytest.mark.parametrize(
    "step",
    [
        {"op": "remove", "path": "/x"},
        {"op": "replace", "path": "/x", "value": 1},
        {"op": "test", "path": "/a/0", "value": 9},
        {"op": "turn", "path": "/a"},
        {"op": "add", "path": "a", "value": 1},
    ],
)
def test_a_patch_that_does_not_fit_is_refused(step: dict[str, Any]) -> None:
    with pytest.raises(patches.BadPatch):
        patches.apply({"a": [1, 2]}, [step])
