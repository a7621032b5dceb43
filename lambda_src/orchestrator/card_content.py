"""The content of a model card: sections of a request to SageMaker's JSON schema, and how an update joins in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Members that a request gives to have others looked up; they are no content.
LOOKUP_MEMBERS = frozenset({"metric_file_s3_url", "metric_type"})


def overview(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section ``model_overview`` of a request as content."""
    return _with_images(section, "inference_environment")


def training(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the section ``training_details`` of a request as content, without what is to be looked up."""
    content: dict[str, Any] = {}
    objective = section.get("objective_function")
    if objective:
        function = {key: objective[key] for key in ("function", "facet", "condition") if key in objective}
        content["objective_function"] = {
            **({"function": function} if function else {}),
            **({"notes": objective["notes"]} if "notes" in objective else {}),
        }
    if "training_observations" in section:
        content["training_observations"] = section["training_observations"]
    if section.get("training_job_details"):
        content["training_job_details"] = _with_images(section["training_job_details"], "training_environment")
    return content


def evaluation(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an evaluation of a request as content, without what is to be looked up."""
    return {key: value for key, value in entry.items() if key not in LOOKUP_MEMBERS}


def merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return content with changes: objects are joined member by member, evaluations by name, the rest is replaced."""
    result = dict(before)
    for key, value in changes.items():
        old = before.get(key)
        if key == "evaluation_details" and isinstance(old, list):
            by_name = {entry["name"]: entry for entry in old}
            for entry in value:
                by_name[entry["name"]] = {**by_name.get(entry["name"], {}), **entry}
            result[key] = list(by_name.values())
        elif isinstance(old, Mapping) and isinstance(value, Mapping):
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result


def _with_images(section: Mapping[str, Any], key: str) -> dict[str, Any]:
    content = dict(section)
    if key in content:
        content[key] = {"container_image": list(content[key])}
    return content
