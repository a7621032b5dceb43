"""Synthesis of the same pipelines by aws-cdk-lib, downloaded for it; needs node. Called by run.py --with-cdk."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import bench_generate

_ROUNDS = 3
_APP = '''\
import sys
import aws_cdk as cdk
from aws_cdk import aws_iam as iam, aws_sagemaker as sagemaker

app = cdk.App(outdir=sys.argv[2])
for number in range(int(sys.argv[1])):
    for stage, account, instance in (
        ("dev", "222222222222", "ml.t2.medium"),
        ("staging", "333333333333", "ml.m5.large"),
        ("prod", "444444444444", "ml.m5.xlarge"),
    ):
        name = f"model-{number:05}-{stage}"
        stack = cdk.Stack(app, name, env=cdk.Environment(account=account, region="eu-central-1"))
        role = iam.Role(stack, "role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        model = sagemaker.CfnModel(
            stack,
            "model",
            execution_role_arn=role.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image="492215442770.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                model_data_url=f"s3://assets/model-{number:05}/model.tar.gz",
            ),
        )
        variant = sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            model_name=model.attr_model_name,
            variant_name="AllTraffic",
            initial_variant_weight=1,
            initial_instance_count=1,
            instance_type=instance,
        )
        settings = sagemaker.CfnEndpointConfig(stack, "settings", production_variants=[variant])
        sagemaker.CfnEndpoint(stack, "endpoint", endpoint_config_name=settings.attr_endpoint_config_name)
app.synth()
'''


def measure(base: Path, count: int) -> tuple[float, float, str]:
    """Return median wall seconds of synthesis and of `mlops generate`, taking turns, and aws-cdk-lib's version.

    Args:
        base: A folder that does not exist yet.
        count: Number of pipelines, each for three stages.

    Raises:
        RuntimeError: There is no node.
    """
    if shutil.which("node") is None:
        raise RuntimeError("aws-cdk-lib needs node on PATH")
    base.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", str(base / "venv")], check=True)
    python = str(base / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", "aws-cdk-lib"], check=True)
    version = subprocess.run(
        [python, "-c", "from importlib.metadata import version; print(version('aws-cdk-lib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (base / "app.py").write_text(_APP)
    synthesis, ours = [], []
    for number in range(_ROUNDS):
        command = [python, str(base / "app.py"), str(count), str(base / f"out-{number}")]
        synthesis.append(bench_generate.timed(command, base)[0])
        project = base / f"project-{number}"
        bench_generate.write_project(project, count, "yaml")
        ours.append(bench_generate.timed([sys.executable, "-m", "generator", "generate"], project)[0])
    return statistics.median(synthesis), statistics.median(ours), version
