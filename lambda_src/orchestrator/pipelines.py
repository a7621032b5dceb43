"""Which pipeline a request means: by ARN, by the name of its delivery pipeline, or by its own name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from generator import names
from generator.problems import Problem

from .replies import BadRequest

if TYPE_CHECKING:
    from generator.platform import Platform

KEYS = ("pipeline_id", "pipeline")


def wanted(body: Mapping[str, Any], platform: Platform) -> tuple[str, str]:
    """Return the name of the delivery pipeline that a body means, and the pipeline's own name.

    The own name is "" if a delivery pipeline's shortened name does not tell it.

    Raises:
        BadRequest: No pipeline is named, or it is another account's or region's.
    """
    given = {key: body[key] for key in KEYS if body.get(key) not in (None, "")}
    unknown = [key for key in body if key not in KEYS]
    problems = [Problem("unknown-key", key, "is not a key of this request", f"use {KEYS[0]}") for key in unknown]
    if len(given) != 1:
        what = "is required and missing" if not given else f"stands beside {' and '.join(KEYS[1:])}; one is enough"
        problems.append(Problem("missing-key", KEYS[0], what, "give the pipeline_id that /provisionpipeline answered"))
        raise BadRequest(problems)
    key, value = next(iter(given.items()))
    if not isinstance(value, str):
        problems.append(Problem("wrong-type", key, "must be text"))
    if problems:
        raise BadRequest(problems)
    prefix = f"{platform.name}-"
    name = value
    if value.startswith("arn:"):
        own = names.delivery_pipeline_arn(platform, "x").rpartition(":")[0]
        place, _, name = value.rpartition(":")
        if place != own:
            raise BadRequest([Problem("bad-arn", key, f"is not a pipeline of this platform ({own}:...)")])
    elif not value.startswith(prefix) or key == "pipeline":
        return names.delivery_pipeline_name(platform, value), value
    if not name.startswith(prefix):
        raise BadRequest([Problem("bad-arn", key, f"is not a pipeline of this platform ({prefix}...)")])
    pipeline = name.removeprefix(prefix)
    return name, pipeline if names.delivery_pipeline_name(platform, pipeline) == name else ""


def unknown_pipeline(name: str) -> BadRequest:
    """Return the error that nothing was ever requested under a name."""
    return BadRequest([Problem("unknown-pipeline", KEYS[0], f"there is no pipeline {name}", "see GET /pipelines")])
