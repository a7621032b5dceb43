"""Workspaces are what they were, byte for byte; `make golden` renews them when they are meant to change."""

from __future__ import annotations

from generator.blueprint import BUILT_IN

from .golden import GOLDEN, cases, tree


def test_workspaces_are_those_that_are_kept() -> None:
    made = tree()
    kept = {path.relative_to(GOLDEN).as_posix(): path.read_bytes() for path in GOLDEN.rglob("*") if path.is_file()}

    assert sorted(made) == sorted(kept), "run `make golden` and look at what it changes"
    for path, content in made.items():
        assert content == kept[path], f"{path} has changed: run `make golden` and look at what it changes"


def test_every_pipeline_type_is_among_them() -> None:
    assert {config["pipeline_type"] for _, _, config in cases()} == set(BUILT_IN)
