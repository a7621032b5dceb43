"""One config against the keys and rules of its type: every problem at once, or its normal form. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..problems import closest, listed, paired
from .composite import report_unknown
from .field import Field
from .kinds import show
from .report import INVALID, Report

if TYPE_CHECKING:
    from ..blueprint import PipelineType
    from ..platform import Platform

# Accepted in every document and without effect: editors read it.
_FOR_EDITORS = "$schema"


class Context:
    """What a config is judged against.

    Attributes:
        platform: The platform.
        stages: The names of its stages, in order; what a per-stage object must name.
        stage_set: The same as a set.
        use_model_registry: Whether bring-your-own-model types take model packages.
        region: The region of every stage, or "" when the platform is assumed and none is known.
    """

    __slots__ = ("platform", "region", "stage_set", "stages", "use_model_registry")

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.stages = tuple(stage.name for stage in platform.stages)
        self.stage_set = frozenset(self.stages)
        self.use_model_registry: bool = platform.options.use_model_registry
        self.region: str = "" if platform.assumed else platform.region


class View:
    """A config's normal form as rules see it. Values that were refused are absent.

    Attributes:
        values: Key to normal form; a per-stage key has an object of stage name to value (None for absent).
        staged: The keys that were given per stage.
        context: What the config is judged against.
        report: Where rules report.
    """

    __slots__ = ("context", "report", "staged", "values")

    def __init__(self, values: dict[str, Any], staged: frozenset[str], context: Context, report: Report) -> None:
        self.values = values
        self.staged = staged
        self.context = context
        self.report = report

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key that is never per stage."""
        return self.values.get(key, default)

    def at(self, stage: str, key: str, default: Any = None) -> Any:
        """Return the value of a key in one stage, or ``default`` if it is absent there."""
        value = self.values.get(key)
        if value is not None and key in self.staged:
            value = value[stage]
        return default if value is None else value

    def place(self, stage: str, key: str) -> str:
        """Return the dotted key to report a value of one stage against."""
        return f"{key}.{stage}" if key in self.staged else key

    def each(self, *keys: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
        """Yield (stage, values of ``keys`` there), once if none of the keys is given per stage."""
        if self.staged.isdisjoint(keys):
            yield self.context.stages[0], tuple(self.values.get(key) for key in keys)
            return
        for stage in self.context.stages:
            yield stage, tuple(self.at(stage, key) for key in keys)


class Rule:
    """A rule across keys.

    Attributes:
        keys: The keys it looks at; it is skipped when one of them has a problem of its own, and when the first of
            them is absent.
        summary: The rule in one sentence, for documentation.
        codes: The codes it reports.
        check: Reports what is wrong to the view's report.
        always: Whether it applies although its first key is absent.
    """

    __slots__ = ("always", "check", "codes", "keys", "summary")

    def __init__(
        self,
        keys: tuple[str, ...],
        summary: str,
        codes: tuple[str, ...],
        check: Callable[[View], None],
        *,
        always: bool = False,
    ) -> None:
        self.keys = keys
        self.always = always
        self.summary = summary
        self.codes = codes
        self.check = check


def check_config(
    pipeline_type: PipelineType, config: Mapping[str, Any], context: Context
) -> tuple[dict[str, Any], frozenset[str], Report]:
    """Check a config of a known type.

    Returns:
        Its normal form (keys in the order of the type's fields, absent ones left out), the keys that were
        given per stage, and the report. The normal form is complete only if the report has no problem.
    """
    report = Report()
    fields = pipeline_type.by_name
    per_stage_type = pipeline_type.runs_in == "stages"
    found: dict[str, Any] = {}
    staged: set[str] = set()
    present: set[str] = set()
    unknown: list[str] = []
    for given, value in config.items():
        field = fields.get(given)
        if field is None:
            if given != _FOR_EDITORS and given != "pipeline_type":
                unknown.append(given)
            continue
        name = field.name
        if name in present:
            other = next(key for key in config if key != given and fields.get(key) is field)
            report.add_at(
                given, "repeated-key", f'is another spelling of "{other}", which is given too', "keep one of them"
            )
            continue
        present.add(name)
        if value is None or value == "" or (value == {} and field.kind.nothing_when_empty):
            required = field.required
            if required is True or (required and required.holds(config, context)):
                report.add_at(given, "empty-value", f"is empty; {field.kind.expects} is expected", field.advice)
            continue
        report.key = given
        if field.per_stage and per_stage_type and value.__class__ is dict and _is_per_stage(field, value, context):
            staged.add(name)
            result = _per_stage(field, value, config, context, report, given)
        elif value.__class__ is dict and not field.kind.is_object and not context.stage_set.isdisjoint(value):
            result = report.add(
                "not-per-stage",
                f"cannot differ per stage: {field.kind.expects} is expected",
                "give one value for all stages"
                if per_stage_type
                else "give one value; pipelines of this type run once, in the orchestrator account",
            )
        else:
            result = field.kind.check(value, report)
        if result is not INVALID:
            found[name] = result
    _report_missing(pipeline_type, config, context, present, unknown, report)
    values = {name: found[name] for name in pipeline_type.order if name in found}
    view = View(values, frozenset(staged), context, report)
    if report.problems:
        _apply_untainted_rules(pipeline_type, view, report)
    else:
        for rule in pipeline_type.rules:
            if rule.always or rule.keys[0] in values:
                rule.check(view)
    if report.problems:
        # A rule that goes through the stages finds the same fault of a value for all stages once in each.
        report.problems = list(dict.fromkeys(report.problems))
    return values, view.staged, report


def _apply_untainted_rules(pipeline_type: PipelineType, view: View, report: Report) -> None:
    first = list(report.problems)
    fields = pipeline_type.by_name
    tainted = set()
    for problem in first:
        top = problem.key.partition(".")[0].partition("[")[0]
        tainted.add(fields[top].name if top in fields else top)
        # A misspelt key may have been meant for any key that is missing: rules must not call that missing too.
        if problem.code == "unknown-key" and problem.fix.startswith("did you mean"):
            tainted.add(problem.fix.split('"')[1])
    for rule in pipeline_type.rules:
        if (rule.always or rule.keys[0] in view.values) and tainted.isdisjoint(rule.keys):
            rule.check(view)


def _report_missing(
    pipeline_type: PipelineType,
    config: Mapping[str, Any],
    context: Context,
    present: set[str],
    unknown: list[str],
    report: Report,
) -> None:
    if not unknown and pipeline_type.always_required <= present:
        missing = [
            field.name
            for field, when in pipeline_type.sometimes_required
            if field.name not in present and when.holds(config, context)
        ]
        if not missing:
            return
    else:
        missing = [
            field.name
            for field in pipeline_type.fields
            if field.name not in present
            and field.required
            and (field.required is True or field.required.holds(config, context))
        ]
    if unknown:
        absent = [name for name, field in pipeline_type.by_name.items() if field.name not in present]
        # A misspelt key that would have lifted a requirement is one mistake, not two.
        meant = {closest(given, absent) for given in unknown} - {None}
        missing = [
            name for name in missing if getattr(pipeline_type.by_name[name].required, "unless", None) not in meant
        ]
        report_unknown(report, "", unknown, absent, missing, _types_that_know)
    for name in missing:
        field = pipeline_type.by_name[name]
        when = field.required
        because = f" {when.text}" if when and when is not True else ""
        report.add_at(
            name, "missing-key", f"is required{because}, but missing; expected: {field.kind.expects}", field.advice
        )


def _types_that_know(key: str) -> list[str]:
    """Return the names of the built-in pipeline types that have a key; imports all blueprints."""
    from ..blueprint import Registry

    return [pipeline_type.name for pipeline_type in Registry().all() if key in pipeline_type.by_name]


def _is_per_stage(field: Field, value: Mapping[str, Any], context: Context) -> bool:
    """Tell whether an object holds one value per stage rather than being the value itself."""
    if not field.kind.is_object:
        return True
    members = getattr(field.kind, "fields", None)
    if members is None:
        return context.stage_set == set(value)
    return not context.stage_set.isdisjoint(value) and members.keys().isdisjoint(value)


def _per_stage(
    field: Field, value: Mapping[str, Any], config: Mapping[str, Any], context: Context, report: Report, given: str
) -> Any:
    checked: dict[str, Any] = {}
    good = True
    required = field.required is True or (field.required and field.required.holds(config, context))
    unknown = [stage for stage in value if stage not in context.stage_set]
    missing = [stage for stage in context.stages if stage not in value]
    meant = paired(unknown, missing) if unknown else {}
    if len(unknown) == len(missing) == 1:
        meant = {unknown[0]: missing[0]}
    elif len(missing) == len(context.stages) and not meant:
        report.key = given
        return report.add(
            "missing-stage",
            f"is an object, but not of the stages {listed(context.stages)}: {show(value)}",
            f"give {field.kind.expects}, or an object with one for each stage",
        )
    for stage in context.stages:
        if stage not in value:
            continue
        member = value[stage]
        if member is None or member == "":
            if required:
                report.add_at(f"{given}.{stage}", "empty-value", f"is empty; {field.kind.expects} is expected", "")
                good = False
            checked[stage] = None
            continue
        report.key = f"{given}.{stage}"
        result = field.kind.check(member, report)
        good = good and result is not INVALID
        checked[stage] = result
    for stage in unknown:
        report.add_at(
            f"{given}.{stage}",
            "unknown-stage",
            f"{show(stage)} is not a stage of the platform ({listed(context.stages)})"
            + (f'; stage "{meant[stage]}" has no value' if stage in meant else ""),
            f'did you mean "{meant[stage]}"?' if stage in meant else "remove it, or add the stage to the platform file",
        )
        good = False
    missing = [stage for stage in missing if stage not in meant.values()]
    if missing:
        report.key = given
        report.add(
            "missing-stage",
            f"has no value for stage{'' if len(missing) == 1 else 's'} {listed(missing)}",
            "add "
            + ", ".join(f'"{stage}"' for stage in missing)
            + " to the object"
            + ("" if field.kind.is_object else ", or give one value for all stages"),
        )
        good = False
    return checked if good else INVALID
