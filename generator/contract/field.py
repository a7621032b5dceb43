"""A key of a config: its kind, when it is required, whether it may differ per stage, and what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .kinds import Kind, Schema

if TYPE_CHECKING:
    from .check import Context


class When:
    """A condition under which a key is required.

    Attributes:
        text: The condition in words that follow "required", e.g. "for problem_type Regression".
        holds: Predicate over the raw config and the context.
        registry: True or False when the condition is that the registry is on or off, else None.
        problem_types: The problem types that need the key, or ().
        unless: The key whose presence lifts the requirement, or "".
    """

    __slots__ = ("holds", "problem_types", "registry", "text", "unless")

    def __init__(
        self,
        text: str,
        holds: Callable[[Any, Context], bool],
        *,
        registry: bool | None = None,
        problem_types: tuple[str, ...] = (),
        unless: str = "",
    ) -> None:
        self.text = text
        self.holds = holds
        self.registry = registry
        self.problem_types = problem_types
        self.unless = unless


WITH_REGISTRY = When(
    "while the platform uses the model registry", lambda _, context: context.use_model_registry, registry=True
)
WITHOUT_REGISTRY = When(
    "while the platform does not use the model registry",
    lambda _, context: not context.use_model_registry,
    registry=False,
)


def in_registry_mode(on: bool, *, unless: str) -> When:
    """Return the condition that the registry is on (or off), and that another key is not given."""
    mode = WITH_REGISTRY if on else WITHOUT_REGISTRY

    def holds(config: Any, context: Context) -> bool:
        return mode.holds(config, context) and config.get(unless) in (None, "")

    return When(f"{mode.text}, unless {unless} is given", holds, registry=on, unless=unless)


def for_problem_types(*names: str) -> When:
    """Return the condition that ``problem_type`` is one of ``names``."""

    def holds(config: Any, _: Context) -> bool:
        given = config.get("problem_type")
        return isinstance(given, str) and given.strip() in names

    return When(f"for problem_type {' or '.join(names)}", holds, problem_types=names)


def unless(key: str) -> When:
    """Return the condition that another key is not given."""
    return When(f"unless {key} is given", lambda config, _: config.get(key) in (None, ""), unless=key)


class Field:
    """A key of a config. Immutable by convention; made once at import.

    Attributes:
        name: The key.
        kind: What values it takes.
        meaning: One sentence for people, ending in a full stop.
        required: True, False, or the condition under which it is required.
        per_stage: Whether an object of stage names to values is accepted.
        default: What applies when the key is left out, as a JSON value; None for nothing.
        default_text: The default in words where it is computed.
        aliases: Other accepted spellings.
        example: A value for documentation and starter files.
        ours: Whether the AWS solution did not have the key.
    """

    __slots__ = (
        "aliases",
        "default",
        "default_text",
        "example",
        "kind",
        "meaning",
        "name",
        "ours",
        "per_stage",
        "required",
    )

    def __init__(
        self,
        name: str,
        kind: Kind,
        meaning: str,
        *,
        required: bool | When = False,
        per_stage: bool = False,
        default: Any = None,
        default_text: str = "",
        aliases: tuple[str, ...] = (),
        example: Any = None,
        ours: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.meaning = meaning
        self.required = required
        self.per_stage = per_stage
        self.default = default
        self.default_text = default_text
        self.aliases = aliases
        self.example = example
        self.ours = ours

    @property
    def advice(self) -> str:
        """Return how to add the key, for the problem that it is missing."""
        if self.example is None:
            return f'add "{self.name}"'
        from .kinds import show

        return f'add it, for example "{self.name}": {show(self.example)}'

    def schema(self) -> Schema:
        """Return the JSON Schema of the value, without the per-stage form."""
        schema: Schema = {"description": self.meaning, **self.kind.schema()}
        if not self.required:
            schema = _or_absent(schema)
        elif self.required is True and self.kind.nothing_when_empty:
            for form in schema["anyOf"]:
                if form.get("type") == "object":
                    form["minProperties"] = 1
        if self.default is not None:
            schema["default"] = self.default
        if self.example is not None:
            schema["examples"] = [self.example]
        return schema


def _or_absent(schema: Schema) -> Schema:
    """Return a schema that also accepts null and empty text, which mean that the key is absent. Pure."""
    body = {name: value for name, value in schema.items() if name != "description"}
    if not body:
        return schema
    alternatives = body["anyOf"] if set(body) == {"anyOf"} else [body]
    return {"description": schema["description"], "anyOf": [*alternatives, {"type": "null"}, {"const": ""}]}
