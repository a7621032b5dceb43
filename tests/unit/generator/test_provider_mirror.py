"""Finding Terraform and its provider on any machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import ToolError
from generator.provider_mirror import find_terraform


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """A machine with a terraform that answers its version, an empty home, and nothing else."""
    write_terraform(tmp_path / "bin", "1.11.4")
    (tmp_path / "home").mkdir()
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path / "home")}


def write_terraform(folder: Path, version: str) -> None:
    folder.mkdir()
    binary = folder / "terraform"
    binary.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
    binary.chmod(0o755)


def make_mirror(folder: Path) -> Path:
    (folder / "registry.terraform.io/hashicorp/aws").mkdir(parents=True)
    return folder


def test_without_any_mirror_the_registry_is_used(machine: dict[str, str]) -> None:
    setup = find_terraform(machine, searched=())
    assert setup.version == "1.11.4"
    assert setup.environment == {}
    assert "registry" in setup.provider_source


def test_no_terraform_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="not on PATH") as raised:
        find_terraform({"PATH": str(tmp_path)}, searched=())
    assert raised.value.exit_code == 4


def test_an_old_terraform_is_refused(tmp_path: Path) -> None:
    write_terraform(tmp_path / "bin", "1.5.7")
    with pytest.raises(ToolError, match=r"1\.5\.7"):
        find_terraform({"PATH": str(tmp_path / "bin")}, searched=())


def test_a_cli_configuration_that_is_missing_counts_as_unset(machine: dict[str, str], tmp_path: Path) -> None:
    machine["TF_CLI_CONFIG_FILE"] = str(tmp_path / "missing.tfrc")
    assert find_terraform(machine, searched=()).environment["TF_CLI_CONFIG_FILE"] is None


def test_the_users_own_configuration_goes_first(machine: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / "own.tfrc"
    own.write_text("")
    mirror = make_mirror(tmp_path / "shared" / "mirror")
    setup = find_terraform(machine | {"TF_CLI_CONFIG_FILE": str(own)}, searched=(str(mirror.parent),))
    assert setup.environment == {}
    assert str(own) in setup.provider_source


def test_the_named_mirror_is_written_into_a_configuration(machine: dict[str, str], tmp_path: Path) -> None:
    mirror = make_mirror(tmp_path / "mirror")
    setup = find_terraform(machine | {"MLOPS_PROVIDER_MIRROR": str(mirror)}, searched=())
    written = setup.environment["TF_CLI_CONFIG_FILE"]
    assert written is not None
    assert str(mirror) in Path(written).read_text()


def test_a_named_mirror_without_the_provider_is_refused(machine: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="holds no"):
        find_terraform(machine | {"MLOPS_PROVIDER_MIRROR": str(tmp_path)}, searched=())


def test_an_implied_mirror_needs_no_configuration(machine: dict[str, str]) -> None:
    make_mirror(Path(machine["HOME"]) / ".terraform.d/plugins")
    setup = find_terraform(machine, searched=())
    assert setup.environment == {}
    assert "implied mirror" in setup.provider_source


def test_a_mirror_below_a_searched_folder_is_found(machine: dict[str, str], tmp_path: Path) -> None:
    make_mirror(tmp_path / "opt" / "anything")
    setup = find_terraform(machine, searched=(str(tmp_path / "opt"),))
    assert "TF_CLI_CONFIG_FILE" in setup.environment
