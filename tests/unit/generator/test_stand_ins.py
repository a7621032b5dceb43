"""Stand-ins fit the config that names them."""

from __future__ import annotations

import csv
import gzip
import json
from typing import Any

import pytest

from generator.demo.stand_ins import records, stand_in


def header(key: str, config: dict[str, Any]) -> list[str]:
    return next(csv.reader(stand_in(key, "s3://bucket/data", config)[0].decode().splitlines()))


def test_an_autopilot_table_has_its_target() -> None:
    assert "churned" in header("training_data", {"target_attribute": "churned"})
    assert "churned" in header("validation_data", {"target_attribute": "churned"})


def test_training_rows_have_no_header() -> None:
    content, _ = stand_in("channels.extra.location", "s3://bucket/extra/", {})
    assert [float(cell) for cell in content.decode().splitlines()[0].split(",")]


@pytest.mark.parametrize("facets", ["age", ["age", "sex"]])
def test_a_baseline_has_the_columns_that_the_config_names(facets: Any) -> None:
    config = {
        "baseline_ground_truth_attribute": "truth",
        "baseline_inference_attribute": "guess",
        "baseline_probability_attribute": "2",
        "bias_config": {"facet_name": facets, "group_name": "region"},
    }
    columns = header("baseline_data", config)
    assert columns[:2] == ["truth", "guess"]
    assert {"age", "region"} <= set(columns)
    assert len(columns) == len(set(columns))


def test_labels_are_classes() -> None:
    rows = list(csv.reader(stand_in("baseline_data", "s3://bucket/x.csv", {})[0].decode().splitlines()))
    assert {row[0] for row in rows[1:]} == {"0", "1"}


def test_rows_to_score_follow_type_compression_and_filter() -> None:
    plain = stand_in("batch_inference_data", "s3://bucket/in/", {})[0].decode().splitlines()
    packed = stand_in("batch_inference_data", "s3://bucket/in/", {"compression_type": "Gzip"})[0]
    filtered = stand_in("batch_inference_data", "s3://bucket/in/", {"input_filter": "$[1:]"})[0].decode().splitlines()
    lines = stand_in("batch_inference_data", "s3://bucket/in/", {"content_type": "application/jsonlines"})[0]
    assert gzip.decompress(packed).decode().splitlines() == plain
    assert len(filtered[0].split(",")) == len(plain[0].split(",")) + 1
    assert len(json.loads(lines.splitlines()[0])["features"]) == len(plain[0].split(","))
    assert records() == plain[:3]


def test_what_no_key_explains_goes_by_its_ending() -> None:
    assert stand_in("seed", "s3://bucket/seed.json", {})[0] == b"{}\n"
    assert stand_in("model_artifact_location", "s3://bucket/model", {})[0][:2] == b"\x1f\x8b"
