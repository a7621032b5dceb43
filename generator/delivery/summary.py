"""A saved plan in a few words: what an approver must know, and no value that could be a secret. Pure.

Only addresses and actions are told, and the before and after of a short list of attributes
(``SAFE_ATTRIBUTES``) that are never secret and are what people decide by: instance types, counts, images,
artifacts, schedules. Everything else stays in the plan, which only the apply role may read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

TEXT_LIMIT = 700
VALUE_LIMIT = 60

SAFE_ATTRIBUTES = frozenset(
    {
        "desired_capacity",
        "endpoint_config_name",
        "engine_version",
        "image",
        "image_identifier",
        "image_uri",
        "initial_instance_count",
        "initial_sampling_percentage",
        "initial_variant_weight",
        "instance_count",
        "instance_type",
        "job_definition_name",
        "max_capacity",
        "max_concurrency",
        "memory_size",
        "memory_size_in_mb",
        "min_capacity",
        "model_data_url",
        "model_name",
        "model_package_name",
        "monitoring_job_definition_name",
        "provisioned_concurrency",
        "runtime",
        "s3_uri",
        "schedule_expression",
        "timeout",
        "training_image",
        "volume_size_in_gb",
    }
)


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """One safe attribute of a resource before and after, as text."""

    attribute: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """What happens to one resource: ``add``, ``change``, ``replace``, ``renew``, ``destroy``, ``forget`` or ``move``.

    A resource is renewed when one instance of it goes and one comes under another key, as where names carry a hash
    of their content: one to add and one to destroy for Terraform, one thing with other settings for people.
    """

    address: str
    action: str
    attributes: tuple[AttributeChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """A plan's changes.

    ``add`` and ``destroy`` count as Terraform's own last line does: a replaced or renewed resource is in both.
    ``changes`` is 0 exactly when Terraform says that the plan is empty (``-detailed-exitcode`` 0). A changed
    output makes a plan not empty: the pipeline's jobs are an output, and a job costs money.
    """

    add: int
    change: int
    destroy: int
    replace: int
    outputs: int
    changes: int
    resources: tuple[ResourceChange, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return asdict(self)


EMPTY = Summary(0, 0, 0, 0, 0, 0, ())


def summarise(plan: Mapping[str, Any], also_safe: Iterable[str] = ()) -> Summary:
    """Return what a plan that is not empty does; ``plan`` is the document of ``terraform show -json``.

    Args:
        plan: The plan.
        also_safe: Attributes that a team's own blueprint wants shown beside ``SAFE_ATTRIBUTES``.
    """
    found = _resources(plan, SAFE_ATTRIBUTES.union(also_safe))
    resources = tuple(sorted(found, key=lambda change: (_ORDER.index(change.action), change.address)))
    counts = {action: sum(1 for change in resources if change.action == action) for action in _ORDER}
    changed_outputs = sum(1 for change in plan.get("output_changes", {}).values() if change["actions"] != ["no-op"])
    return Summary(
        add=counts["add"] + counts["replace"] + counts["renew"],
        change=counts["change"],
        destroy=counts["destroy"] + counts["replace"] + counts["renew"],
        replace=counts["replace"],
        outputs=changed_outputs,
        changes=max(1, len(resources) + changed_outputs),
        resources=resources,
    )


def summarise_text(output: str) -> Summary | None:
    """Return what a plan does from what ``terraform plan`` printed, or None if that takes the plan's JSON.

    Printing a plan as JSON costs as much as planning, and for plans that only make or only destroy things it says
    no more than the text. The text counts only if its lines add up to Terraform's own totals.
    """
    totals = _TOTALS.search(output)
    if totals is None:
        return None
    add, change, destroy = map(int, totals.groups())
    if change or (add and destroy):
        return None
    action, verb = ("add", "created") if add else ("destroy", "destroyed")
    found = re.findall(rf"^  # (.+) will be {verb}$", output, re.MULTILINE)
    if len(found) != add + destroy or re.search(r"^  # .+ (has moved|will no longer be managed)", output, re.MULTILINE):
        return None
    outputs = int("\nChanges to Outputs:\n" in output)
    resources = tuple(ResourceChange(address, action) for address in sorted(map(_short, found)))
    return Summary(add, 0, destroy, 0, outputs, len(resources) + outputs, resources)


def summary_text(summary: Summary, stage: str, *, destroy: bool) -> str:
    """Return the summary as one line of plain ASCII of at most 700 characters.

    What is replaced and destroyed comes first, then what an approver decides by, then the rest by name.
    """
    if summary.changes == 0:
        return f"{stage}: {'nothing is left to destroy' if destroy else 'nothing to change'}."
    head = f"{stage}: {summary.add} to add, {summary.change} to change, {summary.destroy} to destroy"
    if summary.replace:
        head += f" ({summary.replace} replaced)"
    if not summary.resources and summary.outputs:
        head += ", outputs change"
    lists = [
        ("REPLACES", [change.address for change in summary.resources if change.action == "replace"]),
        ("DESTROYS", [change.address for change in summary.resources if change.action == "destroy"]),
        ("Settings", list(dict.fromkeys(_settings(summary)))),
        ("Renews", [change.address for change in summary.resources if change.action == "renew"]),
        ("Changes", [change.address for change in summary.resources if change.action == "change"]),
        ("Adds", [change.address for change in summary.resources if change.action == "add"]),
        ("Moves", [change.address for change in summary.resources if change.action == "move"]),
        ("Forgets", [change.address for change in summary.resources if change.action == "forget"]),
    ]
    text = _ascii(f"{head}.")
    for title, items in lists:
        if items:
            text += _listed(f" {title}: ", [_ascii(item) for item in items], TEXT_LIMIT - len(text))
    return text


_TOTALS = re.compile(r"^Plan: (\d+) to add, (\d+) to change, (\d+) to destroy\.$", re.MULTILINE)
_ORDER = ("replace", "destroy", "renew", "change", "add", "forget", "move")
# Terraform's own bookkeeping, which repeats what the real resources say.
_BOOKKEEPING = ("terraform_data.", "null_resource.")
# What people fill with words of their own; a name there may be that of a safe attribute.
_FREE_TEXT = frozenset({"environment", "tags", "tags_all", "variables"})
_INSTANCE = re.compile(r"(.+)\[([^\[\]]+)\]")
_ACTIONS = {
    ("create",): "add",
    ("delete",): "destroy",
    ("update",): "change",
    ("forget",): "forget",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("create", "forget"): "replace",
}


def _resources(plan: Mapping[str, Any], safe: frozenset[str]) -> Iterator[ResourceChange]:
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    for resource in plan.get("resource_changes", []):
        if resource.get("mode") == "data":
            continue
        change = resource["change"]
        action = _ACTIONS.get(tuple(change["actions"]))
        if action is None and resource.get("previous_address"):
            action = "move"
        if action is not None:
            found.append((_short(resource["address"]), action, change))
    pairs = _renewals(found)
    paired = {address for old, new in pairs for address in (old[0], new[0])}
    for old, new in pairs:
        both = {key: old[2].get(key) for key in ("before", "before_sensitive")} | {
            key: new[2].get(key) for key in ("after", "after_sensitive", "after_unknown")
        }
        base, _, key = new[0].rpartition("[")
        yield ResourceChange(f"{old[0].removesuffix(']')} -> {key}", "renew", tuple(_attributes(base, both, safe)))
    for address, action, change in found:
        if address not in paired:
            attributes = tuple(_attributes(address, change, safe)) if action in ("change", "replace") else ()
            yield ResourceChange(address, action, attributes)


_Found = tuple[str, str, Mapping[str, Any]]


def _renewals(found: Sequence[_Found]) -> list[tuple[_Found, _Found]]:
    """Return (what goes, what comes) where exactly one instance of a resource goes and one comes."""
    going: dict[str, list[_Found]] = {}
    coming: dict[str, list[_Found]] = {}
    for entry in found:
        match = _INSTANCE.fullmatch(entry[0])
        if match is not None and entry[1] in ("destroy", "add"):
            (going if entry[1] == "destroy" else coming).setdefault(match[1], []).append(entry)
    return [
        (going[base][0], coming[base][0])
        for base in going.keys() & coming.keys()
        if len(going[base]) == len(coming[base]) == 1
    ]


def _short(address: str) -> str:
    """Return an address without the workspace's one module, and without quotes that mails would escape."""
    return address.removeprefix("module.pipeline.").removeprefix("module.delivery.").replace('"', "'")


def _attributes(address: str, change: Mapping[str, Any], safe: frozenset[str]) -> Iterator[AttributeChange]:
    if address.rpartition("module.")[2].startswith(_BOOKKEEPING) or address.startswith(_BOOKKEEPING):
        return
    before = dict(_leaves(change.get("before"), change.get("before_sensitive")))
    after = dict(_leaves(change.get("after"), change.get("after_sensitive")))
    unknown = {path for path, value in _leaves(change.get("after_unknown"), None) if value is True}
    for path in sorted(before.keys() | after.keys() | unknown):
        name = [part for part in path if isinstance(part, str)][-1:]
        if not name or name[0] not in safe or _FREE_TEXT.intersection(path):
            continue
        # What AWS fills in itself is unknown in every plan, and nothing to decide by.
        if path in unknown and not before.get(path):
            continue
        old = _value(before.get(path))
        new = "(known after apply)" if path in unknown else _value(after.get(path))
        if old != new:
            yield AttributeChange(".".join(map(str, path)), old, new)


def _leaves(value: Any, sensitive: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield every scalar with its path, leaving out what is sensitive."""
    if sensitive is True:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            below = sensitive.get(key) if isinstance(sensitive, Mapping) else None
            yield from _leaves(item, below, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            below = sensitive[index] if isinstance(sensitive, list) and index < len(sensitive) else None
            # Sets come as lists in no particular order, and most blocks have one item: leave its number out.
            yield from _leaves(item, below, path if len(value) == 1 else (*path, index))
    else:
        yield path, value


def _value(value: Any) -> str:
    if value is None or value == "":
        return "(none)"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if ".dkr.ecr." in text:
        text = text.rsplit("/", 1)[-1]
    return text if len(text) <= VALUE_LIMIT else f"...{text[3 - VALUE_LIMIT :]}"


def _settings(summary: Summary) -> Iterator[str]:
    for change in summary.resources:
        for attribute in change.attributes:
            name = attribute.attribute.rsplit(".", 1)[-1]
            yield f"{name} {attribute.before} -> {attribute.after}"


def _listed(title: str, items: list[str], room: int) -> str:
    """Return ``title`` and as many items as fit into ``room`` characters, and how many were left out."""
    text = ""
    for number, item in enumerate(items):
        more = len(items) - number
        piece = f"{', ' if text else title}{item}"
        reserve = len(f" and {more} more.")
        if len(text) + len(piece) + reserve > room:
            left_out = f"{title}{more} resources." if not text else f" and {more} more."
            return text + left_out if len(text) + len(left_out) <= room else text
        text += piece
    return f"{text}."


def _ascii(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text)
