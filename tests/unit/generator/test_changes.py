"""Generating over a tree: only what changed is written, and nothing that a person edited is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.changes import MANIFEST, compare
from generator.errors import ConflictError
from generator.files import GeneratedTree
from generator.generate import plan_changes, write_changes

DESIRED = {"dev/churn": {"main.tf": b"module {}\n", "terraform.tfvars.json": b"{}\n"}}


def generate(root: Path, desired: dict[str, dict[str, bytes]], **options: bool) -> list[tuple[str, str]]:
    changes = plan_changes(desired, root, **options)
    write_changes(changes, root)
    return [(change.kind, change.path) for change in changes.changes]


def test_everything_is_created_in_an_empty_folder(tmp_path: Path) -> None:
    assert generate(tmp_path, DESIRED) == [
        ("create", "dev/churn/main.tf"),
        ("create", "dev/churn/terraform.tfvars.json"),
        ("create", f"dev/churn/{MANIFEST}"),
    ]
    assert (tmp_path / "dev/churn/main.tf").read_bytes() == b"module {}\n"


def test_a_second_run_touches_no_file(tmp_path: Path) -> None:
    generate(tmp_path, DESIRED)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert generate(tmp_path, DESIRED) == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_one_changed_value_writes_that_file_and_its_manifest(tmp_path: Path) -> None:
    generate(tmp_path, DESIRED)
    changed = {"dev/churn": {**DESIRED["dev/churn"], "terraform.tfvars.json": b'{"a": 1}\n'}}
    assert generate(tmp_path, changed) == [
        ("update", "dev/churn/terraform.tfvars.json"),
        ("update", f"dev/churn/{MANIFEST}"),
    ]


def test_a_file_edited_by_hand_is_a_conflict_and_nothing_is_written(tmp_path: Path) -> None:
    generate(tmp_path, DESIRED)
    edited = tmp_path / "dev/churn/main.tf"
    edited.write_text("# mine\n")
    changed = {"dev/churn": {"main.tf": b"new\n", "terraform.tfvars.json": b"new\n"}}
    with pytest.raises(ConflictError, match=r"dev/churn/main\.tf"):
        generate(tmp_path, changed)
    assert edited.read_text() == "# mine\n"
    assert (tmp_path / "dev/churn/terraform.tfvars.json").read_bytes() == b"{}\n"


def test_a_file_of_somebody_else_is_a_conflict(tmp_path: Path) -> None:
    (tmp_path / "dev/churn").mkdir(parents=True)
    (tmp_path / "dev/churn/main.tf").write_text("# here first\n")
    with pytest.raises(ConflictError):
        generate(tmp_path, DESIRED)
    assert not (tmp_path / "dev/churn" / MANIFEST).exists()


def test_a_file_that_is_no_longer_generated_is_removed(tmp_path: Path) -> None:
    generate(tmp_path, DESIRED)
    assert ("delete", "dev/churn/main.tf") in generate(
        tmp_path, {"dev/churn": {"terraform.tfvars.json": b"{}\n"}}
    )
    assert not (tmp_path / "dev/churn/main.tf").exists()


def test_a_workspace_without_config_goes_only_with_prune(tmp_path: Path) -> None:
    generate(tmp_path, {**DESIRED, "dev/old": {"main.tf": b"x"}})
    assert plan_changes(DESIRED, tmp_path).stale == ("dev/old",)
    assert (tmp_path / "dev/old/main.tf").exists()
    generate(tmp_path, DESIRED, prune=True)
    assert not (tmp_path / "dev/old").exists()
    assert (tmp_path / "dev/churn/main.tf").exists()


def test_prune_keeps_what_a_person_put_beside_the_generated_files(tmp_path: Path) -> None:
    generate(tmp_path, {**DESIRED, "dev/old": {"main.tf": b"x"}})
    (tmp_path / "dev/old/notes.txt").write_text("keep me")
    generate(tmp_path, DESIRED, prune=True)
    assert sorted(path.name for path in (tmp_path / "dev/old").iterdir()) == ["notes.txt"]


def test_an_unreadable_manifest_owns_nothing() -> None:
    stored = {f"dev/churn/{MANIFEST}": b"not json", "dev/churn/main.tf": b"other"}
    found = compare(DESIRED, stored.get, ["dev/churn"])
    assert found.conflicts == ("dev/churn/main.tf",)


def test_hidden_folders_are_no_workspaces(tmp_path: Path) -> None:
    generate(tmp_path, {"dev/.terraform": {"main.tf": b"x"}, "dev/churn": {"main.tf": b"x"}})
    assert list(GeneratedTree(tmp_path).workspaces()) == ["dev/churn"]


def test_what_an_interrupted_run_left_is_completed(tmp_path: Path) -> None:
    (tmp_path / "dev/churn").mkdir(parents=True)
    (tmp_path / "dev/churn/main.tf").write_bytes(DESIRED["dev/churn"]["main.tf"][:5])
    assert generate(tmp_path, DESIRED)[0] == ("update", "dev/churn/main.tf")
    assert (tmp_path / "dev/churn/main.tf").read_bytes() == b"module {}\n"
    assert plan_changes(DESIRED, tmp_path).changes == ()


def test_two_runs_that_remove_and_update_the_same_do_not_disturb_each_other(tmp_path: Path) -> None:
    generate(tmp_path, {**DESIRED, "dev/old": {"main.tf": b"x"}})
    changed = {"dev/churn": {**DESIRED["dev/churn"], "main.tf": b"module {} # new\n"}}
    first, second = (plan_changes(changed, tmp_path, prune=True) for _ in range(2))
    write_changes(first, tmp_path)
    write_changes(second, tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        MANIFEST, "churn", "dev", "main.tf", "terraform.tfvars.json",
    ]  # fmt: skip
