"""The files that SageMaker Clarify's container leaves: analysis.json and the report, from an analysis
configuration. Pure.

Their shape is Clarify's. The figures are stand-ins made from the configuration and the data, the same for the
same input; no bias is measured and no feature attribution computed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

_PRE = ("CI", "DPL", "JS", "KL", "KS", "LP", "TVD")
_POST = ("AD", "DAR", "DCA", "DCR", "DI", "DPPL", "DRR", "RD", "TE")


class BadConfiguration(Exception):
    """An analysis configuration that Clarify refuses; the text says why."""


def analysis(config: dict[str, Any], columns: list[str], digest: str) -> dict[str, Any]:
    """The content of analysis.json.

    Args:
        config: The analysis configuration.
        columns: The data set's column names.
        digest: Identifies the data, for figures that depend on it.

    Raises:
        BadConfiguration: No method, or a label or facet that the data set does not have.
    """
    methods = config.get("methods")
    if not isinstance(methods, dict) or not methods:
        raise BadConfiguration("analysis_config.json: methods: at least one method is required")
    names = [str(name) for name in config.get("headers") or columns]
    result: dict[str, Any] = {"version": "1.0"}
    for method in ("pre_training_bias", "post_training_bias"):
        if method in methods:
            result[f"{method}_metrics"] = _bias(config, names, _PRE if method.startswith("pre") else _POST, digest)
    if "shap" in methods:
        label = config.get("label")
        features = [name for index, name in enumerate(names) if label not in (name, index)]
        values = {name: _number(f"{digest} {name}") for name in features}
        explanation = {"global_shap_values": values, "expected_value": _number(digest)}
        result["explanations"] = {"kernel_shap": {"label0": explanation}}
    if "post_training_bias" in methods or "shap" in methods:
        predictor = config.get("predictor", {})
        if not (predictor.get("model_name") or predictor.get("endpoint_name")):
            raise BadConfiguration("analysis_config.json: predictor: model_name or endpoint_name is required")
    return result


def report(result: dict[str, Any]) -> dict[str, str]:
    """The files beside analysis.json: name to text."""
    text = json.dumps(result, indent=2)
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    files = {"report.html": f"<html><body><pre>{text}</pre></body></html>", "report.ipynb": json.dumps(notebook)}
    if "explanations" in result:
        values = result["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
        row = ",".join(str(value) for value in values.values())
        files["explanations_shap/out.csv"] = f"{','.join(values)}\n{row}\n"
    return files


def _bias(config: dict[str, Any], names: list[str], metrics: tuple[str, ...], digest: str) -> dict[str, Any]:
    label = config.get("label")
    facets = config.get("facet")
    if label is None or not facets:
        raise BadConfiguration("analysis_config.json: label and facet are required for bias metrics")
    for wanted in (label, *(facet.get("name_or_index") for facet in facets)):
        known = wanted in names if isinstance(wanted, str) else isinstance(wanted, int) and wanted < len(names)
        if names and not known:
            raise BadConfiguration(f"analysis_config.json: {wanted} is no column of the data set")
    return {
        "label": label,
        "label_value_or_threshold": ",".join(map(str, config.get("label_values_or_threshold", []))),
        "facets": {
            str(facet["name_or_index"]): [
                {
                    "value_or_threshold": ",".join(map(str, facet.get("value_or_threshold", []))),
                    "metrics": [
                        {"name": name, "description": name, "value": _number(f"{digest} {facet} {name}")}
                        for name in metrics
                    ],
                }
            ]
            for facet in facets
        },
    }


def _number(seed: str) -> float:
    return round(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:6], "big") / 2**47 - 1, 6)
