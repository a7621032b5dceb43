"""Endpoints answer with the model's own predictions, and data capture keeps what was asked and answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_world import EXAMPLE, World, archive, wait

from sandbox import control

LINES = (EXAMPLE / "test.csv").read_text().splitlines()
ROWS = [line.split(",", 1)[1] for line in LINES]
LABELS = [float(line.split(",", 1)[0]) for line in LINES]


@pytest.fixture
def world(connect: Callable[..., Any], account: str) -> World:
    return World(connect, account)


@pytest.fixture
def runtime(connect: Callable[..., Any], account: str) -> Any:
    return connect("sagemaker-runtime", account)


def capture_config(world: World, percentage: int = 100, modes: tuple[str, ...] = ("Input", "Output")) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percentage,
        "DestinationS3Uri": world.uri("capture"),
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }


def test_the_example_model_predicts_as_xgboost_does(world: World, runtime: Any) -> None:
    world.model()
    world.config()
    world.endpoint()

    answer = runtime.invoke_endpoint(EndpointName="endpoint", ContentType="text/csv", Body="\n".join(ROWS[:3]).encode())

    assert answer["InvokedProductionVariant"] == "AllTraffic"
    scores = [float(line) for line in answer["Body"].read().decode().splitlines()]
    # What xgboost 3.4 predicts for these rows.
    assert scores == pytest.approx([0.014825, 0.019859, 0.743981], abs=2e-6)


def test_the_example_model_is_right_about_most_rows(world: World, runtime: Any) -> None:
    world.model()
    world.config()
    world.endpoint()

    body = runtime.invoke_endpoint(
        EndpointName="endpoint", ContentType="text/csv", Accept="application/json", Body="\n".join(ROWS).encode()
    )["Body"].read()

    scores = [item["score"] for item in json.loads(body)["predictions"]]
    right = sum((score > 0.5) == bool(label) for score, label in zip(scores, LABELS, strict=True))
    assert right >= 18


def test_a_label_left_in_the_payload_is_a_model_error(world: World, runtime: Any) -> None:
    world.model()
    world.config()
    world.endpoint()

    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="endpoint", ContentType="text/csv", Body=LINES[0].encode())

    assert caught.value.response["Error"]["Code"] == "ModelError"
    assert "Feature shape mismatch, expected: 30, got 31" in str(caught.value)
    assert caught.value.response["OriginalStatusCode"] == 400


def test_another_container_answers_with_a_stand_in_that_depends_on_payload_and_artifact(
    world: World, runtime: Any
) -> None:
    for name, content in (("one", b"1"), ("two", b"2")):
        url = world.put(f"{name}.tar.gz", archive("weights", content))
        image = "763104351884.dkr.ecr.eu-central-1.amazonaws.com/pytorch-inference:2.1-cpu-py310"
        container = {"Image": image, "ModelDataUrl": url}
        world.sm.create_model(ModelName=name, ExecutionRoleArn=world.role, PrimaryContainer=container)
        world.config(name, name)
        world.endpoint(name, name)

    def ask(endpoint: str, body: str) -> bytes:
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=body.encode())
        content: bytes = answer["Body"].read()
        return content

    assert ask("one", '{"a": 1}') == ask("one", '{"a": 1}')
    assert ask("one", '{"a": 1}') != ask("one", '{"a": 2}')
    assert ask("one", '{"a": 1}') != ask("two", '{"a": 1}')


def test_an_endpoint_that_does_not_exist_is_a_validation_error(runtime: Any, account: str) -> None:
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="nobody", Body=b"1")

    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (
        "ValidationError",
        f"Endpoint nobody of account {account} not found.",
    )


def test_a_captured_invocation_lies_where_the_monitors_look_for_it(world: World, runtime: Any) -> None:
    world.model()
    world.config(DataCaptureConfig=capture_config(world))
    world.endpoint()
    runtime.invoke_endpoint(
        EndpointName="endpoint", ContentType="text/csv", Body=ROWS[0].encode(), InferenceId="order-7"
    )

    [key] = wait(lambda: world.keys("capture/"), lambda keys: keys)

    folder, name = key.rsplit("/", 1)
    assert folder.startswith("capture/endpoint/AllTraffic/20")
    assert len(folder.split("/")) == 7
    assert name.endswith(".jsonl")
    line = json.loads(world.get(world.uri(key)))
    assert line["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": ROWS[0],
        "encoding": "CSV",
    }
    assert float(line["captureData"]["endpointOutput"]["data"]) == pytest.approx(0.014825, abs=2e-6)
    assert line["eventMetadata"]["inferenceId"] == "order-7"
    assert line["eventVersion"] == "0"


def test_half_of_the_invocations_are_captured_at_fifty_percent(world: World, runtime: Any) -> None:
    world.model()
    world.config(DataCaptureConfig=capture_config(world, 50, ("Input",)))
    world.endpoint()
    for _ in range(6):
        runtime.invoke_endpoint(EndpointName="endpoint", ContentType="text/csv", Body=ROWS[0].encode())

    keys = wait(lambda: world.keys("capture/"), lambda keys: len(keys) >= 3)

    assert len(keys) == 3
    assert list(json.loads(world.get(world.uri(keys[0])))["captureData"]) == ["endpointInput"]


def test_variants_share_the_traffic_by_weight_and_can_be_asked_for(world: World, runtime: Any) -> None:
    world.model()
    variants = [
        {
            "VariantName": name,
            "ModelName": "model",
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": weight,
        }
        for name, weight in (("new", 1.0), ("old", 3.0))
    ]
    world.config(ProductionVariants=variants)
    world.endpoint()

    def serve(**more: str) -> str:
        answer = runtime.invoke_endpoint(EndpointName="endpoint", ContentType="text/csv", Body=ROWS[0].encode(), **more)
        return str(answer["InvokedProductionVariant"])

    served = [serve() for _ in range(8)]
    assert (served.count("new"), served.count("old")) == (2, 6)
    assert serve(TargetVariant="new") == "new"


def test_an_asynchronous_invocation_leaves_its_answer_in_s3(world: World, runtime: Any) -> None:
    world.model()
    world.config(AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": world.uri("answers/")}})
    world.endpoint()
    source = world.put("in/rows.csv", "\n".join(ROWS[:2]))

    answer = runtime.invoke_endpoint_async(EndpointName="endpoint", InputLocation=source, ContentType="text/csv")

    wait(lambda: world.keys("answers/"), lambda keys: keys)
    assert len(world.get(answer["OutputLocation"]).decode().splitlines()) == 2


def test_an_invocation_can_fail_on_purpose(world: World, runtime: Any, sandbox: control.Running) -> None:
    world.model()
    world.config()
    world.endpoint("moody")
    sandbox.request(
        "faults",
        {"kind": "sagemaker.invocation", "match": {"name": "moody"}, "error": {"status": 503, "message": "tired"}},
    )

    with pytest.raises(ClientError, match="tired"):
        runtime.invoke_endpoint(EndpointName="moody", ContentType="text/csv", Body=ROWS[0].encode())

    assert runtime.invoke_endpoint(EndpointName="moody", ContentType="text/csv", Body=ROWS[0].encode())
