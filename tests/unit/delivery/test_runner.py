"""The runner as a program: steps, exit codes, installation, and that it stands on its own in a bundle."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from generator.delivery import install as installing
from generator.delivery.__main__ import main
from generator.delivery.errors import DeliveryError
from generator.delivery.install import find_terraform, install

SOURCE = Path(installing.__file__).parent
STEPS = ("plan", "apply", "verify", "provision")


@pytest.mark.parametrize("arguments", [[], ["deploy"], ["plan", "apply"], ["install"], ["install", "x"]])
def test_unknown_step_is_a_usage_error(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments, {}, tmp_path) == 2
    assert "usage: python3 -m delivery [install] plan|apply|verify|provision" in capsys.readouterr().out


def test_failure_is_the_last_thing_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan"], {"STAGE": "dev"}, tmp_path) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("FAILED: the bundle's manifest.json cannot be read")


def test_fix_follows_the_failure(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan"], {"STAGE": "qa"}, bundle) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("FAILED: this bundle has no stage 'qa'")
    assert lines[-1].startswith("FAILED:   fix: ")


def test_runner_in_a_bundle_needs_nothing_but_itself(bundle: Path) -> None:
    (bundle / "delivery").mkdir()
    for file in SOURCE.glob("*.py"):
        (bundle / "delivery" / file.name).write_bytes(file.read_bytes())
    program = "import runpy, sys; sys.argv = ['delivery', 'plan']; sys.modules.update(generator=None, boto3=None)\n"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"{program}runpy.run_module('delivery', run_name='__main__')"],
        cwd=bundle,
        env={"STAGE": "qa", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "FAILED: this bundle has no stage 'qa'" in done.stdout
    assert done.stderr == ""


def test_runner_imports_only_itself_boto3_and_the_standard_library() -> None:
    allowed = {*sys.stdlib_module_names, "boto3", "botocore", "jmespath"}
    for file in SOURCE.glob("*.py"):
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] == ["from"] and not words[1].startswith("."):
                assert words[1].split(".")[0] in allowed, f"{file.name}: {line}"
            if words[:1] == ["import"]:
                assert words[1].split(".")[0] in allowed, f"{file.name}: {line}"


@pytest.mark.parametrize("step", STEPS)
def test_buildspec_runs_its_step(step: str) -> None:
    document = yaml.safe_load((SOURCE / f"buildspec-{step}.yml").read_text())
    assert document["version"] == 0.2
    assert document["phases"]["install"]["commands"] == [f"python3 -m delivery install {step}"]
    assert document["phases"]["build"]["commands"][0] == f"python3 -m delivery {step}"


def test_buildspec_of_plan_exports_what_the_plan_writes() -> None:
    document = yaml.safe_load((SOURCE / "buildspec-plan.yml").read_text())
    source = (SOURCE / "plan.py").read_text()
    for name in document["env"]["exported-variables"]:
        assert f'"{name}": ' in source
    assert document["phases"]["build"]["commands"][1] == ". ./plan-variables.sh"
    assert document["artifacts"] == {"base-directory": "plan-output", "files": ["tfplan", "summary.json"]}


def fake_terraform(folder: Path, version: str) -> dict[str, str]:
    """Return an environment whose PATH has a Terraform of a version."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\necho 'Terraform v{version}'\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_terraform_on_path_is_used_when_new_enough(tmp_path: Path) -> None:
    environ = fake_terraform(tmp_path / "bin", "1.12.0")
    assert find_terraform(environ, tmp_path) == str(tmp_path / "bin" / "terraform")
    install(environ, tmp_path, fetch=lambda url: pytest.fail("nothing is to be downloaded"))


@pytest.mark.parametrize("version", ["1.10.5", "0.15.0", "nonsense"])
def test_terraform_on_path_is_passed_over_when_too_old(tmp_path: Path, version: str) -> None:
    assert find_terraform(fake_terraform(tmp_path / "bin", version), tmp_path) is None


def release(content: bytes = b"#!/bin/sh\necho Terraform v1.11.4\n") -> bytes:
    """Return a release zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("terraform", content)
    return buffer.getvalue()


def test_missing_terraform_is_installed_beside_the_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = release()
    machine = "linux_arm64" if os.uname().machine == "aarch64" else "linux_amd64"
    monkeypatch.setitem(installing.SHA256, machine, hashlib.sha256(archive).hexdigest())
    urls: list[str] = []
    install({"PATH": str(tmp_path)}, tmp_path, fetch=lambda url: urls.append(url) or archive)
    assert urls == [f"https://releases.hashicorp.com/terraform/1.11.4/terraform_1.11.4_{machine}.zip"]
    assert find_terraform({"PATH": str(tmp_path)}, tmp_path) == str(tmp_path / ".tools" / "terraform")
    assert os.access(tmp_path / ".tools" / "terraform", os.X_OK)


def test_download_with_another_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="expected was"):
        install({"PATH": str(tmp_path)}, tmp_path, fetch=lambda url: release(b"something else"))
    assert not (tmp_path / ".tools").exists()


def test_download_that_fails_says_what_to_do(tmp_path: Path) -> None:
    def fetch(url: str) -> bytes:
        raise OSError("name or service not known")

    with pytest.raises(DeliveryError) as caught:
        install({"PATH": str(tmp_path)}, tmp_path, fetch=fetch)
    assert "cannot be downloaded: name or service not known" in caught.value.message
    assert "build image with Terraform >= 1.11" in caught.value.fix
