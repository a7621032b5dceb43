"""One run of Terraform for every test that looks at plans of modules."""

from __future__ import annotations

import pytest

from tests.terraform.job_cases import CASES as JOBS
from tests.terraform.monitor_cases import CASES as MONITORS
from tools.fidelity.everything import Emitted, emit
from tools.fidelity.planning import Planned, plan


@pytest.fixture(scope="session")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Emitted:
    """Everything that is held against AWS's definitions, planned."""
    return emit(tmp_path_factory.mktemp("everything"))


@pytest.fixture(scope="session")
def planned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Planned]:
    """The job modules' and the monitor's cases, planned: beside everything else if that is planned anyway."""
    if any(item.path.name == "test_fidelity.py" for item in request.session.items):
        found: Emitted = request.getfixturevalue("emitted")
        return found.planned
    cases = {
        name: (f"modules/pipelines/{module}", variables) for name, (module, variables) in (JOBS | MONITORS).items()
    }
    return plan(tmp_path_factory.mktemp("jobs"), cases)
