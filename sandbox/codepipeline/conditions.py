"""Stage conditions: rules that are looked at before a stage is entered, and after it succeeded or failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.codepipeline.definition import Declaration
from sandbox.codepipeline.state import ConditionRun, Execution, Pipeline, RuleRun, StageRun, now
from sandbox.codepipeline.variables import Namespaces, UnresolvedVariable, resolve

DEFAULT_RESULT = "FAIL"


class RuleError(Exception):
    """A rule cannot be evaluated; neither met nor unmet."""


def evaluate(
    pipeline: Pipeline, execution: Execution, run: StageRun, stage: Declaration, when: str, values: Namespaces
) -> str | None:
    """Evaluate a stage's conditions of one kind and record them; None if all are met, else the result that follows.

    A condition whose rule cannot be evaluated at all fails the stage, whatever its result says: a gate must not open
    because a variable has gone missing. Holds `pipeline.changed` throughout.
    """
    declared = (stage.get(when) or {}).get("conditions", [])
    outcome: str | None = None
    with pipeline.changed:
        run.conditions[when] = []
        for condition in declared:
            record = ConditionRun(condition.get("result"), [])
            run.conditions[when].append(record)
            for rule in condition.get("rules", []):
                rule_run = RuleRun(rule, run.stage, execution.id, execution.definition["version"])
                pipeline.rule_runs.append(rule_run)
                record.rules.append(rule_run)
                _run_rule(rule_run, values)
            record.updated = now()
            if any(rule.error_code for rule in record.rules):
                record.status = "Errored"
            elif all(rule.status == "Succeeded" for rule in record.rules):
                record.status = "Succeeded"
            else:
                record.status = "Failed"
            record.summary = "; ".join(rule.summary for rule in record.rules if rule.summary) or None
            if record.status != "Succeeded" and outcome is None:
                result = record.result or (stage.get(when) or {}).get("result") or DEFAULT_RESULT
                outcome = result if record.status == "Failed" else DEFAULT_RESULT
        pipeline.changed.notify_all()
    return outcome


def status_of(conditions: list[ConditionRun]) -> str:
    """The status of a stage's conditions taken together. Pure."""
    for status in ("InProgress", "Errored", "Failed", "Overridden"):
        if any(condition.status == status for condition in conditions):
            return status
    return "Succeeded"


def _run_rule(run: RuleRun, values: Namespaces) -> None:
    try:
        run.resolved = {key: resolve(value, values) for key, value in run.declaration.get("configuration", {}).items()}
        met, run.summary = _check(run.declaration, run.resolved)
        run.status = "Succeeded" if met else "Failed"
    except UnresolvedVariable as error:
        _fail(run, f"The rule {run.declaration['name']} refers to the variable {error}, which has no value.")
    except RuleError as error:
        _fail(run, str(error))
    run.updated = now()


def _fail(run: RuleRun, message: str) -> None:
    run.status, run.error_code, run.error_message, run.summary = "Failed", "ConfigurationError", message, message


def _check(rule: Declaration, configuration: Mapping[str, str]) -> tuple[bool, str]:
    provider = rule["ruleTypeId"]["provider"]
    if provider != "VariableCheck":
        raise RuleError(f"The local AWS does not evaluate rules of the provider {provider}.")
    return check_variable(configuration)


def check_variable(configuration: Mapping[str, Any]) -> tuple[bool, str]:
    """VariableCheck: whether the rule is met, and why in one sentence. Pure.

    Raises:
        RuleError: The configuration is not complete, or the expression no regular expression.
    """
    missing = [key for key in ("Variable", "Operator", "Value") if key not in configuration]
    if missing:
        raise RuleError(f"A VariableCheck rule needs {', '.join(missing)}.")
    variable, operator, value = (configuration[key] for key in ("Variable", "Operator", "Value"))
    if operator == "EQ":
        met = variable == value
    elif operator == "NE":
        met = variable != value
    elif operator == "CONTAINS":
        met = value in variable
    elif operator == "MATCHES":
        try:
            met = re.fullmatch(value, variable) is not None
        except re.error as error:
            raise RuleError(f"{value} is not a regular expression: {error}") from None
    else:
        raise RuleError(f"VariableCheck knows EQ, NE, CONTAINS and MATCHES, not {operator}.")
    return met, f"Variable check {'passed' if met else 'failed'}: '{variable}' {operator} '{value}'"
