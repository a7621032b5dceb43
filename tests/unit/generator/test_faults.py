"""Faults as people write them on the command line."""

from __future__ import annotations

import pytest

from generator.demo.faults import fault_of, planned_fault
from generator.errors import GeneratorError


def test_a_fault_has_what_the_sandbox_asks_for() -> None:
    fault = planned_fault("sagemaker.endpoint", ["name=acme-*", "operation=update"], "alarm", '{"rollback": true}', 0)
    assert fault == {
        "kind": "sagemaker.endpoint",
        "match": {"name": "acme-*", "operation": "update"},
        "error": {"rollback": True, "reason": "alarm"},
        "times": None,
    }
    assert planned_fault("build") == {"kind": "build", "match": {}, "error": {}, "times": 1}


def test_a_fault_is_a_kind_with_a_reason_or_with_all_its_members() -> None:
    assert fault_of("sagemaker.training_job=out of memory = bad") == planned_fault(
        "sagemaker.training_job", reason="out of memory = bad"
    )
    assert fault_of('build={"match": {"project": "x"}, "times": null}') == {
        "kind": "build",
        "match": {"project": "x"},
        "error": {},
        "times": None,
    }
    for text in ('build={"reason": "x"}', "build={"):
        with pytest.raises(GeneratorError, match="build"):
            fault_of(text)


@pytest.mark.parametrize(
    ("patterns", "error", "told"), [(["name"], None, "--match name"), ([], "{", "--error"), ([], "[]", "object")]
)
def test_what_cannot_be_read_is_refused(patterns: list[str], error: str | None, told: str) -> None:
    with pytest.raises(GeneratorError, match=told):
        planned_fault("build", patterns, error=error)
