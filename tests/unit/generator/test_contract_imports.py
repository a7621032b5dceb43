"""What judging a JSON config may import: the standard library and this package, and of that only what it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
JUDGE = """
import json, sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
from generator.load import load_text
from generator.platform import default_platform
from generator.blueprint import load_blueprints
from generator.request import resolve, validate
platform = default_platform()
registry = load_blueprints(platform)
(document,) = load_text(sys.argv[2].encode(), name="body.json").documents
request, problems = validate(document.value, platform, registry)
assert request is not None, problems
resolve(request, platform)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
BODY = {
    "pipeline_type": "byom_realtime_builtin",
    "model_name": "churn",
    "model_framework": "xgboost",
    "model_framework_version": "1.7-1",
    "model_artifact_location": "churn/model.tar.gz",
    "inference_instance": "ml.m5.large",
    "data_capture_location": "capture-bucket/churn",
}


def test_a_json_config_is_judged_without_yaml_templates_aws_or_other_blueprints() -> None:
    result = subprocess.run(
        [sys.executable, "-I", "-c", JUDGE, str(ROOT), json.dumps(BODY)], capture_output=True, text=True, check=True
    )
    imported = set(json.loads(result.stdout))

    others = {name.partition(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert others == {"generator"}
    assert not imported & {"difflib", "generator.load_yaml", "generator.model_cards", "generator.own_blueprints"}
    assert {name for name in imported if name.startswith("generator.blueprints.")} == {
        "generator.blueprints.keys",
        "generator.blueprints.mapping",
        "generator.blueprints.realtime_inference",
        "generator.blueprints.realtime_mapping",
        "generator.blueprints.realtime_options",
        "generator.blueprints.realtime_rules",
        "generator.blueprints.rules",
    }
