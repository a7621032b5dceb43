"""Images and instance types: what the tables say, against values known from AWS's own documentation and SDK."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator import images, instances
from generator.contract.report import Report
from generator.contract.scalars import ECR_IMAGE


@pytest.mark.parametrize(
    ("framework", "version", "job", "instance", "region", "image"),
    [
        ("xgboost", "1.7-1", "inference", "ml.m5.large", "eu-west-1", "141502667606/sagemaker-xgboost:1.7-1"),
        ("xgboost", "0.90-1", "inference", "ml.m5.large", "us-east-1", "683313688378/sagemaker-xgboost:0.90-1-cpu-py3"),
        ("xgboost", "latest", "training", "ml.m5.large", "us-east-1", "811284229777/xgboost:latest"),
        ("xgboost", "1.5-1", "inference", "ml.m6g.large", "us-east-1", "683313688378/sagemaker-xgboost:1.5-1-arm64"),
        (
            "sklearn",
            "1.2-1",
            "inference",
            "ml.m5.large",
            "us-east-1",
            "683313688378/sagemaker-scikit-learn:1.2-1-cpu-py3",
        ),
        (
            "sklearn",
            "1.4-2",
            "inference",
            "ml.m5.large",
            "us-east-1",
            "683313688378/sagemaker-scikit-learn:1.4-2-cpu-py3",
        ),
        ("kmeans", "1", "training", "ml.m5.large", "eu-central-1", "664544806723/kmeans:1"),
        ("kmeans", "latest", "inference", "", "eu-central-1", "664544806723/kmeans:1"),
        ("pytorch", "2.0.0", "inference", "ml.m5.large", "us-east-1", "763104351884/pytorch-inference:2.0.0-cpu-py310"),
        ("pytorch", "2.0", "inference", "ml.g5.xlarge", "us-east-1", "763104351884/pytorch-inference:2.0-gpu-py310"),
        ("pytorch", "2.0.0", "training", "ml.g5.xlarge", "cn-north-1", "727897471807/pytorch-training:2.0.0-gpu-py310"),
        (
            "tensorflow",
            "2.12",
            "inference",
            "ml.m5.large",
            "me-central-1",
            "914824155844/tensorflow-inference:2.12-cpu",
        ),
        (
            "tensorflow",
            "2.12",
            "training",
            "ml.m5.large",
            "il-central-1",
            "780543022126/tensorflow-training:2.12-cpu-py310",
        ),
        (
            "huggingface",
            "4.26.0",
            "inference",
            "ml.g4dn.xlarge",
            "us-east-1",
            "763104351884/huggingface-pytorch-inference:1.13.1-transformers4.26.0-gpu-py39-cu117-ubuntu20.04",
        ),
        ("blazingtext", "1", "training", "ml.c5.xlarge", "af-south-1", "455444449433/blazingtext:1"),
    ],
)
def test_image_is_the_one_that_aws_publishes(
    framework: str, version: str, job: str, instance: str, region: str, image: str
) -> None:
    found = images.find(framework, version, job, instance, region)

    assert isinstance(found, images.Image)
    account, _, name = image.partition("/")
    china = ".cn" if region.startswith("cn-") else ""
    assert found.uri == f"{account}.dkr.ecr.{region}.amazonaws.com{china}/{name}"
    assert found.account_id == account


def test_python_and_base_framework_can_be_chosen() -> None:
    python = images.find("pytorch", "1.7.1", "inference", "ml.m5.large", "us-east-1", "py3")
    base = images.find("huggingface", "4.26.0", "inference", "ml.m5.large", "us-east-1", "", "tensorflow2.11.0")

    assert isinstance(python, images.Image)
    assert python.uri.endswith(":1.7.1-cpu-py3")
    assert isinstance(base, images.Image)
    assert "huggingface-tensorflow-inference:2.11.0-transformers4.26.0-cpu" in base.uri


def test_any_region_will_do_where_none_is_known() -> None:
    found = images.find("xgboost", "1.7-1", "inference", "ml.m5.large", "")

    assert isinstance(found, images.Image)


SPREAD = ("ml.m5.large", "ml.g5.xlarge", "ml.inf2.xlarge", "ml.inf1.xlarge", "ml.trn1.2xlarge", "ml.m6g.large")


def test_every_version_of_every_framework_has_an_image_or_a_reason() -> None:
    table = json.loads((Path(images.__file__).parent / "data" / "images.json").read_bytes())
    count = 0
    for framework in images.framework_names():
        for scope, facts in table["frameworks"][framework].items():
            job = {"any": "inference", "inference_graviton": "inference"}.get(scope, scope)
            for version in [*facts["versions"], *facts.get("aliases", {})]:
                found = [images.find(framework, version, job, instance, "") for instance in SPREAD]
                good = [image for image in found if isinstance(image, images.Image)]
                assert good, (framework, scope, version, found)
                for image in good:
                    count += 1
                    assert image.uri[:12].isdigit()
                    assert not image.uri.endswith(("-", ":"))
                    assert "None" not in image.uri
    assert count > 1000


def test_faults_name_what_would_do() -> None:
    fault = images.find("pytorch", "2.0.9", "inference", "ml.m5.large", "us-east-1")

    assert isinstance(fault, images.Fault)
    assert fault.code == "unknown-framework-version"
    assert 'did you mean "2.0.' in fault.fix


@pytest.mark.parametrize(
    ("name", "jobs"),
    [
        ("ml.m5.large", {"endpoint", "transform", "training", "processing"}),
        ("ml.t2.medium", {"endpoint"}),
        ("ml.t3.medium", {"processing"}),
        ("ml.p3dn.24xlarge", {"training"}),
    ],
)
def test_instance_types_exist_for_the_jobs_that_take_them(name: str, jobs: set[str]) -> None:
    assert {job for job in instances.JOB_KINDS if name in instances.types_for(job)} >= jobs
    assert instances.is_known(name)


@pytest.mark.parametrize(
    ("name", "processor", "local"),
    [
        ("ml.m5.large", "cpu", False),
        ("ml.m5d.large", "cpu", True),
        ("ml.c6g.large", "arm", False),
        ("ml.g4dn.xlarge", "gpu", True),
        ("ml.g5.xlarge", "gpu", True),
        ("ml.p3.2xlarge", "gpu", False),
        ("ml.p4d.24xlarge", "gpu", True),
        ("ml.inf2.xlarge", "neuron", False),
        ("ml.trn1.2xlarge", "neuron", True),
    ],
)
def test_hardware_of_instance_types(name: str, processor: str, local: bool) -> None:
    assert instances.processor(name) == processor
    assert (instances.local_storage_gb(name) > 0) is local


def test_instance_table_is_what_botocores_model_says() -> None:
    import botocore.session

    shapes = {
        "endpoint": "ProductionVariantInstanceType",
        "transform": "TransformInstanceType",
        "training": "TrainingInstanceType",
        "processing": "ProcessingInstanceType",
    }
    model = botocore.session.get_session().get_service_model("sagemaker")
    for job, shape in shapes.items():
        listed = set(model.shape_for(shape).enum)
        # A newer botocore may list more than the table that was made from an older one, never less.
        assert instances.types_for(job) <= listed, job


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("us-iso-east-1", "c2s.ic.gov"),
        ("us-isof-south-1", "csp.hci.ic.gov"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-gov-west-1", "amazonaws.com"),
    ],
)
def test_hosts_are_those_of_the_partition_and_are_taken_as_custom_images(region: str, suffix: str) -> None:
    found = images.find("xgboost", "1.5-1", "inference", "ml.m5.large", region)

    assert isinstance(found, images.Image)
    assert found.uri.startswith(f"{found.account_id}.dkr.ecr.{region}.{suffix}/")
    assert ECR_IMAGE.check(found.uri, Report()) == found.uri
