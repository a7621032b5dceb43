"""The one platform of all end-to-end tests: two stages in two accounts, installed by the commands of the README."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import control
from tests.e2e.installation import (
    ACCOUNTS,
    ARTIFACT,
    ORCHESTRATOR,
    PREFIX,
    REGION,
    ROOT,
    Installation,
    build_environment,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The platform, with the model artifact uploaded and the capture buckets made; nothing delivered yet."""
    folder = tmp_path_factory.mktemp("platform")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in build_environment().items():
            if value is None:
                patch.delenv(name, raising=False)
            else:
                patch.setenv(name, value)
        sandbox = control.start(home=folder / ".sandbox", region=REGION)
    try:
        installation = Installation(folder, sandbox)
        _install(installation)
        yield installation
    finally:
        sandbox.stop()


def _install(installation: Installation) -> None:
    installation.write_config("mlops-config.json", model_name="plain")
    _prepare_accounts(installation)
    installation.mlops("generate")
    installation.mlops("package")
    installation.mlops("bootstrap")
    accounts = [f"environments/{stage}/account" for stage in ACCOUNTS]
    installation.mlops("apply", "environments/orchestrator", *accounts)
    installation.client("s3", ORCHESTRATOR).put_object(
        Bucket=f"{PREFIX}-assets-{ORCHESTRATOR}-{REGION}",
        Key=ARTIFACT,
        Body=(ROOT / "examples/assets" / ARTIFACT).read_bytes(),
    )


def _prepare_accounts(installation: Installation) -> None:
    """Make what a platform finds in its accounts: the role of AWS Organizations, and the teams' own buckets."""
    from generator.demo.world import open_accounts
    from generator.project import load_project

    open_accounts(installation.sandbox, load_project(installation.folder / "platform.yaml").platform)
    for stage, account in ACCOUNTS.items():
        installation.client("s3", account).create_bucket(
            Bucket=f"tiny-capture-{stage}", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
