"""Pipeline types, and the registry that finds them by name.

A blueprint is what one or more pipeline types are made of: keys, rules, a mapping to variables, and the Terraform
module. The twelve types of the AWS solution are registered here the same way as a team's own: by the
``blueprints`` list of the platform file. Blueprint modules are imported when a config first names one of their types,
so that a Lambda that serves one request does not pay for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from .contract.field import Field, When

if TYPE_CHECKING:
    from pathlib import Path

    from .contract.check import Rule
    from .platform import Platform, Stage

# Type name to the module of blueprints/ that has it in TYPES (type name to PipelineType).
BUILT_IN: Mapping[str, str] = {
    "byom_realtime_builtin": "realtime_inference",
    "byom_realtime_custom": "realtime_inference",
    "byom_batch_builtin": "batch_transform",
    "byom_batch_custom": "batch_transform",
    "byom_data_quality_monitor": "monitors",
    "byom_model_quality_monitor": "monitors",
    "byom_model_bias_monitor": "monitors",
    "byom_model_explainability_monitor": "monitors",
    "byom_image_builder": "image_builder",
    "model_training_builtin": "training",
    "model_tuner_builtin": "tuning",
    "model_autopilot_training": "autopilot",
}
ORCHESTRATOR_STAGE = "orchestrator"


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that a config points to and that exists outside of its workspaces.

    It is checked, and where its content can change it is pinned, before a request has its first side effect.

    Attributes:
        kind: ``s3_object`` (one object that is read), ``s3_prefix`` (objects that are read), ``s3_location`` (a place
            that is written to), ``ecr_image``, ``model_package``, ``kms_key``, ``endpoint`` or ``ecr_repository``.
        source: ``s3://bucket/key``, image URI, ARN or name.
        variable: Dotted path of the Terraform variable that a pinned value replaces, or "" if it is not pinned.
        key: Config key, for messages.
        account_id: Account where it lives.
    """

    kind: str
    source: str
    variable: str
    key: str
    account_id: str


@dataclass(frozen=True, slots=True)
class StageContext:
    """Where one workspace of a request goes.

    Attributes:
        platform: The platform.
        stage: The stage.
        pipeline: The pipeline's name.
        name: Base name (at most 44 characters) of the resources.
    """

    platform: Platform
    stage: Stage
    pipeline: str
    name: str


class PipelineType:
    """One pipeline type: its keys, rules, and mapping to the variables of its Terraform module.

    Attributes:
        name: Type name, e.g. ``byom_realtime_builtin``.
        suffix: End of the pipeline's name, e.g. ``realtime-builtin``.
        blueprint: Name of its blueprint, e.g. ``realtime_inference``.
        module: Path of its Terraform module from the root of the repository or of a bundle.
        folder: Absolute path of the module's sources if they are a team's own, else "".
        passes: Variables that a team's own type passes to its module, each with whether it always does.
        summary_attributes: What a team's own type wants shown of changed resources to whoever approves.
        permissions: What a team's own module needs the platform's roles to may do, as declared.
        runs_in: ``stages``: one workspace per stage; ``orchestrator``: one, in the orchestrator account.
        label: Key whose value names the pipeline (``model_name`` or ``image_tag``).
        fields: Its keys, in the order of documentation and of the normal form.
        rules: Rules across keys.
        variables: (config of one stage, context) to variables of the module; pure.
        references: (config of one stage, context) to what the config points to; pure.
        summary: What the pipeline does, in one sentence.
        by_name: Key or alias to field.
        order: Keys in order.
    """

    __slots__ = (
        "always_required",
        "blueprint",
        "by_name",
        "fields",
        "folder",
        "label",
        "module",
        "name",
        "order",
        "passes",
        "permissions",
        "references",
        "rules",
        "runs_in",
        "sometimes_required",
        "suffix",
        "summary",
        "summary_attributes",
        "variables",
    )

    def __init__(
        self,
        *,
        name: str,
        suffix: str,
        blueprint: str,
        summary: str,
        fields: Iterable[Field],
        variables: Callable[[Mapping[str, Any], StageContext], dict[str, Any]],
        references: Callable[[Mapping[str, Any], StageContext], list[Reference]] = lambda config, context: [],
        rules: Iterable[Rule] = (),
        module: str = "",
        folder: str = "",
        passes: Mapping[str, bool] = MappingProxyType({}),
        summary_attributes: Iterable[str] = (),
        permissions: Mapping[str, Any] = MappingProxyType({}),
        runs_in: Literal["stages", "orchestrator"] = "stages",
        label: str = "model_name",
    ) -> None:
        self.name = name
        self.suffix = suffix
        self.blueprint = blueprint
        self.summary = summary
        self.module = module or f"modules/pipelines/{blueprint}"
        self.folder = folder
        self.passes = passes
        self.summary_attributes = tuple(summary_attributes)
        self.permissions = permissions
        self.runs_in = runs_in
        self.label = label
        self.fields = tuple(fields)
        self.rules = tuple(rules)
        self.variables = variables
        self.references = references
        self.order = tuple(field.name for field in self.fields)
        self.by_name: dict[str, Field] = {}
        for field in self.fields:
            for spelling in (field.name, *field.aliases):
                if spelling in self.by_name:
                    raise ValueError(f"{name}: key {spelling} is declared twice")
                self.by_name[spelling] = field
        self.always_required = frozenset(field.name for field in self.fields if field.required is True)
        self.sometimes_required: list[tuple[Field, When]] = [
            (field, field.required) for field in self.fields if isinstance(field.required, When)
        ]

    def __repr__(self) -> str:
        return f"PipelineType({self.name!r})"


class Registry:
    """The pipeline types that a platform knows: the built-in ones and a team's own."""

    def __init__(self, own: Mapping[str, PipelineType] | None = None) -> None:
        self._types: dict[str, PipelineType] = dict(own or {})

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all types, the built-in ones first."""
        return (*BUILT_IN, *(name for name in self._types if name not in BUILT_IN))

    def get(self, name: str) -> PipelineType | None:
        """Return the type of that name, or None. Imports its blueprint on first use."""
        found = self._types.get(name)
        if found is None and name in BUILT_IN:
            types: dict[str, PipelineType] = import_module(f"{__package__}.blueprints.{BUILT_IN[name]}").TYPES
            for type_name, pipeline_type in types.items():
                self._types.setdefault(type_name, pipeline_type)
            found = self._types[name]
        return found

    def all(self) -> list[PipelineType]:
        """Return every type; imports all blueprints."""
        return [found for name in self.names if (found := self.get(name)) is not None]

    def modules(self) -> list[str]:
        """Return the path of every Terraform module, sorted; imports all blueprints."""
        return sorted({pipeline_type.module for pipeline_type in self.all()})

    def own(self) -> list[PipelineType]:
        """Return a team's own types, in the order of the platform file."""
        return [pipeline_type for name, pipeline_type in self._types.items() if name not in BUILT_IN]

    def own_folders(self) -> dict[str, str]:
        """Return where the sources of a team's own modules are, by module path."""
        return {pipeline_type.module: pipeline_type.folder for pipeline_type in self.own()}


def load_blueprints(platform: Platform, folder: Path | None = None) -> Registry:
    """Return the registry of a platform. Reads the folders of a team's own blueprints.

    Args:
        platform: The platform.
        folder: What the blueprints' paths are relative to: the platform file's folder, by default the current one.

    Raises:
        ConfigError: A folder named under ``blueprints`` is missing or is not a blueprint.
    """
    if not platform.blueprints:
        return Registry()
    from .own_blueprints import load_own

    return Registry(load_own(platform.blueprints, folder))
