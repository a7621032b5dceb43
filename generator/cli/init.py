"""`mlops init`: a first platform file and a first config."""

from __future__ import annotations

from pathlib import Path

import click

from generator.blueprint import Registry
from generator.docs import pages
from generator.errors import ConflictError

_SCHEMA_FOLDER = ".schema"
_FILES = {
    "platform.yaml": """\
# yaml-language-server: $schema=.schema/platform.schema.json
# Your platform: put your own account ids and region in, then `mlops validate`.
name: acme-ml
region: eu-central-1
orchestrator_account_id: "111111111111"
stages: # in the order of promotion
  - {name: dev, account_id: "222222222222"}
  - {name: staging, account_id: "333333333333", approval: manual}
  - {name: prod, account_id: "444444444444", approval: manual}
options:
  notification_emails: [ml-platform@example.com]
# blueprints: [blueprints/feature_table] # pipeline types of your own, each a folder: see docs/blueprints.md
""",
    "configs/churn.yaml": """\
# yaml-language-server: $schema=../.schema/byom_realtime_builtin.schema.json
# A realtime endpoint for a trained model that is in the assets bucket.
pipeline_type: byom_realtime_builtin
model_name: churn
model_framework: xgboost
model_framework_version: "1.7-1"
model_artifact_location: churn/model.tar.gz
inference_instance: {dev: ml.t2.medium, staging: ml.m5.large, prod: ml.m5.xlarge}
data_capture_location:
  dev: acme-ml-capture-dev/churn
  staging: acme-ml-capture-staging/churn
  prod: acme-ml-capture-prod/churn
""",
}


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(folder: Path) -> None:
    """Write a starter platform file and one config into DIR (default: here). Overwrites nothing."""
    present = [str(folder / name) for name in _FILES if (folder / name).exists()]
    if present:
        raise ConflictError(f"{', '.join(present)} exists already; nothing was written")
    for name, text in _FILES.items():
        _write(folder / name, text.encode())
        click.echo(str(folder / name))
    write_schemas(folder)
    click.echo(f"next: edit them, then `cd {folder} && mlops validate && mlops demo`", err=True)


def write_schemas(folder: Path) -> None:
    """Write every JSON Schema below ``folder/.schema``: editors that know the YAML language server use them."""
    for name, content in pages(Registry()).items():
        if name.startswith("schema/"):
            _write(folder / _SCHEMA_FOLDER / name.removeprefix("schema/"), content)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
