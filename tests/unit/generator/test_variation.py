"""The change that a rehearsal makes to a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.demo.variation import changed_config
from generator.project import load_project, load_requests, source_root

EXAMPLES = source_root() / "examples"
CONFIGS = sorted({*EXAMPLES.glob("byom_*.yaml"), *EXAMPLES.glob("model_*.yaml")})


@pytest.mark.parametrize("file", CONFIGS, ids=lambda path: path.stem)
def test_every_type_has_a_change_that_is_accepted(file: Path) -> None:
    single = "platform-single-account" if "single" in file.stem else "platform"
    project = load_project(EXAMPLES / f"{single}.yaml")
    (loaded,) = load_requests([file], project)
    changed, what = changed_config(loaded.request, project)
    assert changed is not None
    assert {key for key in changed if changed[key] != loaded.request.config.get(key)} == {what.split()[0]}


def test_a_team_s_own_type_gets_a_higher_number_in_every_stage() -> None:
    project = load_project(EXAMPLES / "platform-own-blueprints.yaml")
    (loaded,) = load_requests([EXAMPLES / "acme_feature_table.yaml"], project)
    changed, what = changed_config(loaded.request, project)
    assert changed is not None
    assert changed["read_capacity"] == {"dev": 6, "prod": 51}
    assert what == "read_capacity becomes {'dev': 6, 'prod': 51}"
