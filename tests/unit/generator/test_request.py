"""From a config to a request and its stage plans: names, normal forms, per-stage values, references, reports."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from generator.blueprint import Reference
from generator.request import resolve, validate, validate_files

from .contract_cases import PACKAGE, REGISTRY, RICH, assumed, platform

REALTIME: dict[str, Any] = {
    "pipeline_type": "byom_realtime_builtin",
    "model_name": "churn",
    "model_framework": "xgboost",
    "model_framework_version": "1.7-1",
    "model_artifact_location": "churn/model.tar.gz",
    "inference_instance": "ml.m5.large",
    "data_capture_location": "my-capture-bucket/churn/capture",
}


def accepted(config: Any, where: Any = None) -> Any:
    request, problems = validate(config, where or platform(), REGISTRY)
    assert problems == []
    assert request is not None
    return request


def faults(config: Any, where: Any = None) -> list[tuple[str, str]]:
    request, problems = validate(config, where or platform(), REGISTRY)
    assert request is None
    return [(problem.key, problem.code) for problem in problems]


def test_the_pipeline_is_named_after_model_and_type() -> None:
    assert accepted(REALTIME).pipeline == "churn-realtime-builtin"
    assert accepted({**REALTIME, "model_name": " Churn-EU "}).pipeline == "churn-eu-realtime-builtin"
    assert accepted({**REALTIME, "pipeline_name": "mine"}).pipeline == "mine"


def test_equal_requests_have_equal_normal_forms_whatever_their_spelling() -> None:
    plain = {
        "pipeline_type": "model_tuner_builtin",
        "model_name": "churn",
        "training_data": "train",
        "job_output_location": "out",
        "model_framework": "xgboost",
        "model_framework_version": "1.7-1",
        "algo_hyperparamaters": {"eta": 0.1},
        "instance_count": 2,
        "use_spot_instances": True,
        "attribute_names": None,
        "tuner_configs": {"objective_metric_name": "validation:auc", "max_jobs": 3},
        "hyperparamaters_ranges": {"eta": ["continuous", [0.1, 0.5]]},
    }
    other = {
        "hyperparameter_ranges": {"eta": ["continuous", ["0.1", "0.5"]]},
        "tuner_config": '{"objective_metric_name": "validation:auc", "max_jobs": "3"}',
        "use_spot_instances": "True",
        "instance_count": "2",
        "algo_hyperparameters": '{"eta": 0.1}',
        "model_framework_version": " 1.7-1 ",
        "model_framework": "XGBoost",
        "job_output_location": "out/",
        "training_data": "train/",
        "model_name": "churn",
        "kms_key_arn": "",
        "pipeline_type": "Model_Tuner_Builtin ",
        "$schema": "https://example.com/x.json",
    }

    assert accepted(plain).config == accepted(other).config
    assert list(accepted(plain).config) == list(accepted(other).config)


def test_absent_values_and_defaults_are_left_out_of_the_normal_form() -> None:
    found = accepted({**REALTIME, "endpoint_name": "", "kms_key_arn": None}).config

    assert found == REALTIME


def test_per_stage_values_reach_their_stage_and_others_all_stages() -> None:
    config = {
        **REALTIME,
        "inference_instance": {"prod": "ml.m5.xlarge", "dev": "ml.t2.medium", "staging": "ml.m5.large"},
        "kms_key_arn": {"dev": "", "staging": None, "prod": "arn:aws:kms:eu-west-1:444444444444:key/1"},
    }
    plans = resolve(accepted(config), platform())

    types = [plan.variables["variants"]["AllTraffic"]["instance_type"] for plan in plans]
    assert types == ["ml.t2.medium", "ml.m5.large", "ml.m5.xlarge"]
    assert [plan.variables["kms_key_arn"] for plan in plans] == [None, None, config["kms_key_arn"]["prod"]]
    assert [plan.variables["account_id"] for plan in plans] == ["222222222222", "333333333333", "444444444444"]
    assert plans[0].variables["name"] == "acme-ml-dev-churn-realtime-builtin"


@pytest.mark.parametrize("stages", [("prod",), ("try", "dev", "qa", "canary", "prod")])
def test_stages_may_have_any_names_and_number(stages: tuple[str, ...]) -> None:
    where = platform(*stages)
    config = {**REALTIME, "inference_instance": dict.fromkeys(stages, "ml.m5.large")}

    assert [plan.stage.name for plan in resolve(accepted(config, where), where)] == list(stages)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"dev": "ml.m5.large"}, [("inference_instance", "missing-stage")]),
        (
            {"dev": "ml.m5.large", "stagin": "ml.m5.large", "prod": "ml.m5.large"},
            [("inference_instance.stagin", "unknown-stage")],
        ),
        (
            {"dev": "ml.m5.large", "staging": "", "prod": "ml.m5.larg", "qa": "ml.m5.large"},
            [
                ("inference_instance.staging", "empty-value"),
                ("inference_instance.prod", "unknown-instance-type"),
                ("inference_instance.qa", "unknown-stage"),
            ],
        ),
        ({}, [("inference_instance", "missing-stage")]),
        ({"x": 1}, [("inference_instance", "missing-stage")]),
    ],
)
def test_faulty_per_stage_objects_are_explained(value: Any, expected: list[tuple[str, str]]) -> None:
    assert faults({**REALTIME, "inference_instance": value}) == expected


def test_a_misnamed_stage_is_put_together_with_the_one_that_lacks() -> None:
    _, problems = validate(
        {
            **REALTIME,
            "inference_instance": {"dev": "ml.m5.large", "staging": "ml.m5.large", "production": "ml.m5.large"},
        },
        platform(),
        REGISTRY,
    )

    assert [(problem.key, problem.fix) for problem in problems] == [
        ("inference_instance.production", 'did you mean "prod"?')
    ]


def test_objects_for_keys_that_cannot_differ_per_stage_are_explained() -> None:
    stages = {"dev": "a", "staging": "b", "prod": "c"}
    training = {
        "pipeline_type": "model_training_builtin",
        "model_name": "churn",
        "training_data": "train",
        "job_output_location": "out",
        "model_framework": "xgboost",
        "model_framework_version": "1.7-1",
        "algo_hyperparamaters": {"eta": 0.1},
        "instance_type": {"dev": "ml.m5.large", "staging": "ml.m5.large", "prod": "ml.m5.large"},
    }

    assert faults({**REALTIME, "model_name": stages}) == [("model_name", "not-per-stage")]
    assert faults(training) == [("instance_type", "not-per-stage")]


def test_object_keys_may_be_given_once_or_per_stage() -> None:
    scaling = {"max_count": 4}
    where = platform()
    once = resolve(accepted({**REALTIME, "autoscaling": scaling}), where)
    each = {"dev": None, "staging": scaling, "prod": {"max_count": 9}}
    per_stage = resolve(accepted({**REALTIME, "autoscaling": each}), where)

    assert [plan.variables["variants"]["AllTraffic"].get("autoscaling") for plan in once] == [scaling] * 3
    found = [plan.variables["variants"]["AllTraffic"].get("autoscaling") for plan in per_stage]
    assert found == [None, scaling, {"max_count": 9}]


def test_types_of_the_orchestrator_account_have_one_stage_there() -> None:
    config = {
        "pipeline_type": "byom_image_builder",
        "custom_algorithm_docker": "images/forest.zip",
        "ecr_repo_name": "algos",
        "image_tag": "v1.0",
    }
    (plan,) = resolve(accepted(config), platform())

    assert (plan.stage.name, plan.stage.account_id, plan.stage.approval) == ("orchestrator", "111111111111", "none")
    assert plan.variables["name"] == "acme-ml-orchestrator-v1-0-image-builder"


def test_references_name_what_the_config_points_to_and_the_variables_that_pins_replace() -> None:
    where = platform(existing_assets_bucket="acme-assets")
    config = {
        "pipeline_type": "byom_realtime_custom",
        "model_name": "churn",
        "custom_image_uri": "999999999999.dkr.ecr.eu-west-1.amazonaws.com/algos:churn",
        **{key: REALTIME[key] for key in ("model_artifact_location", "inference_instance", "data_capture_location")},
        "kms_key_arn": "arn:aws:kms:eu-west-1:111111111111:key/1",
    }
    plan = resolve(accepted(config, where), where)[0]

    artifact = "s3://acme-assets/churn/model.tar.gz"
    assert plan.references == (
        Reference("s3_object", artifact, "model.artifact_s3_uri", "model_artifact_location", "111111111111"),
        Reference("ecr_image", config["custom_image_uri"], "model.image_uri", "custom_image_uri", "999999999999"),
        Reference("s3_location", "s3://my-capture-bucket/churn/capture", "", "data_capture_location", "222222222222"),
        Reference("kms_key", config["kms_key_arn"], "", "kms_key_arn", "111111111111"),
    )
    for reference in plan.references:
        value: Any = plan.variables
        for part in filter(None, reference.variable.split(".")):
            value = value[part]
        assert not reference.variable or value == reference.source


def test_a_model_package_takes_the_place_of_image_and_artifact_in_both_registry_modes() -> None:
    for registry in (True, False):
        where = platform(registry=registry)
        plan = resolve(accepted({**REALTIME, "model_package_name": PACKAGE}, where), where)[0]

        assert plan.variables["model"] == {"model_package_arn": PACKAGE}
        assert plan.references[0] == Reference("model_package", PACKAGE, "model", "model_package_name", "111122223333")


@pytest.mark.parametrize("registry", [True, False])
def test_a_model_package_group_stands_for_image_and_artifact_and_leaves_the_version_open(registry: bool) -> None:
    where = platform(registry=registry)
    arn = "arn:aws:sagemaker:eu-west-1:111111111111:model-package-group/churn"
    config = RICH["realtime, approved versions"]
    plan = resolve(accepted({**config, "network_isolation": True}, where), where)[0]

    assert plan.variables["model"] == {"network_isolation": True}
    assert plan.references[0] == Reference(
        "model_package_group", arn, "model", "model_package_group_name", "111111111111"
    )
    assert ("model_framework" in [key for key, _ in faults({**config, "model_package_group_name": ""}, where)]) is (
        not registry
    )


def test_what_has_no_effect_with_the_registry_is_not_looked_up() -> None:
    where = platform(registry=True)

    accepted({**REALTIME, "model_package_name": PACKAGE, "model_framework_version": "0.0"}, where)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, ("", "not-an-object")),
        ([], ("", "not-an-object")),
        ("text", ("", "not-an-object")),
        ({}, ("pipeline_type", "missing-key")),
        ({"pipeline_type": 3}, ("pipeline_type", "wrong-type")),
        ({"pipeline_type": "byom_realtime"}, ("pipeline_type", "unknown-pipeline-type")),
        ({"pipeline_type": "list_model_cards"}, ("pipeline_type", "model-card-operation")),
        ({"pipline_type": "byom_realtime"}, ("pipline_type", "unknown-key")),
    ],
)
def test_without_a_pipeline_type_only_that_is_told(config: Any, expected: tuple[str, str]) -> None:
    assert faults(config) == [expected]


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        ({"pipeline_type": "byom_realtime_bultin"}, ("pipeline_type", "unknown-pipeline-type")),
        ({"pipline_type": "byom_realtime_builtin"}, ("pipline_type", "unknown-key")),
    ],
)
def test_a_misspelt_pipeline_type_is_told_with_what_is_wrong_with_the_rest(
    mistake: dict[str, str], expected: tuple[str, str]
) -> None:
    rest = {name: value for name, value in REALTIME.items() if name != "pipeline_type"}

    assert faults({**mistake, **rest}) == [expected]
    assert faults({**mistake, **rest, "model_name": 7}) == [expected, ("model_name", "wrong-type")]
    fix = 'did you mean "byom_realtime_builtin"?' if "pipeline_type" in mistake else 'did you mean "pipeline_type"?'
    assert validate({**mistake, **rest}, platform(), REGISTRY)[1][0].fix == fix


def test_a_type_of_an_earlier_version_comes_with_what_became_of_it() -> None:
    _, (problem,) = validate({"pipeline_type": "byom_model_monitor"}, platform(), REGISTRY)

    assert problem.code == "unknown-pipeline-type"
    assert "byom_data_quality_monitor" in problem.fix


def test_a_key_of_another_type_is_not_taken_for_a_misspelt_one() -> None:
    _, (problem,) = validate({**REALTIME, "monitor_inference_attribute": "0"}, platform(), REGISTRY)

    assert (problem.key, problem.code, problem.fix) == ("monitor_inference_attribute", "unknown-key", "remove it")
    assert "byom_model_quality_monitor" in problem.message


def test_two_misspelt_keys_are_each_put_together_with_the_likest() -> None:
    config = {name: value for name, value in REALTIME.items() if not name.startswith("model_framework")}
    _, problems = validate(
        {**config, "model_frameworkversion": "1.7-1", "model_framwork": "xgboost"}, platform(), REGISTRY
    )

    assert [(problem.key, problem.fix) for problem in problems] == [
        ("model_frameworkversion", 'did you mean "model_framework_version"?'),
        ("model_framwork", 'did you mean "model_framework"?'),
    ]


def test_a_misspelt_key_that_lifts_a_requirement_is_one_mistake() -> None:
    lifted = ("inference_instance", "data_capture_location")
    config = {name: value for name, value in REALTIME.items() if name not in lifted}

    assert faults({**config, "serverles": {"memory_mb": 2048}}) == [("serverles", "unknown-key")]


def test_every_problem_of_a_config_is_told_at_once() -> None:
    config = {
        "pipeline_type": "byom_realtime_builtin",
        "modle_name": "churn",
        "model_framework": "xgbost",
        "model_framework_version": 1.7,
        "model_artifact_location": "s3://bucket/model.tar.gz",
        "inference_instance": "ml.m5.larg",
        "data_capture_location": "My_Bucket/x",
        "endpoint_name": "under_score",
        "kms_key_arn": "alias/mine",
        "instance_count": "many",
        "no_such_key": 1,
    }

    assert sorted(faults(config)) == [
        ("data_capture_location", "bad-s3-location"),
        ("endpoint_name", "bad-name"),
        ("inference_instance", "unknown-instance-type"),
        ("instance_count", "wrong-type"),
        ("kms_key_arn", "bad-kms-key"),
        ("model_artifact_location", "bad-s3-key"),
        ("model_framework", "unknown-framework"),
        ("modle_name", "unknown-key"),
        ("no_such_key", "unknown-key"),
    ]


def test_both_spellings_of_a_key_are_one_too_many() -> None:
    config = {
        "pipeline_type": "model_training_builtin",
        "model_name": "churn",
        "training_data": "train",
        "job_output_location": "out",
        "model_framework": "xgboost",
        "model_framework_version": "1.7-1",
        "algo_hyperparamaters": {"eta": 0.1},
        "algo_hyperparameters": {"eta": 0.2},
    }

    assert faults(config) == [("algo_hyperparameters", "repeated-key")]


def test_the_report_of_files_has_every_problem_with_its_place() -> None:
    good = json.dumps(REALTIME).encode()
    bad = b'[\n {"pipeline_type": "byom_image_builder", "image_tag": "x"},\n 7,\n'
    bad += b' {"pipeline_type": "list_model_cards"}\n]'
    report = validate_files([("good.json", good), ("bad.json", bad), ("broken.yaml", b"a: 'x")], assumed(), REGISTRY)

    assert report["ok"] is False
    assert [(file["file"], file["requests"]) for file in report["files"]] == [
        ("good.json", 1),
        ("bad.json", 3),
        ("broken.yaml", 0),
    ]
    assert report["files"][0]["problems"] == []
    found = [
        (problem["line"], problem["column"], problem["key"], problem["code"])
        for problem in report["files"][1]["problems"]
    ]
    assert found == [
        (2, 2, "[0].custom_algorithm_docker", "missing-key"),
        (2, 2, "[0].ecr_repo_name", "missing-key"),
        (3, 2, "[1]", "not-an-object"),
    ]
    assert set(report["files"][1]["problems"][0]) == {"line", "column", "key", "code", "message", "fix"}
    assert report["files"][2]["problems"][0]["code"] == "bad-yaml"


def test_a_control_character_is_told_once() -> None:
    text = json.dumps({**REALTIME, "model_name": "a\u0001b", "endpoint_name": "x_y"}).encode()
    (file,) = validate_files([("x.json", text)], assumed(), REGISTRY)["files"]

    assert [(problem["key"], problem["code"]) for problem in file["problems"]] == [
        ("model_name", "control-character"),
        ("endpoint_name", "bad-name"),
    ]


def test_the_report_of_good_files_is_ok() -> None:
    assert validate_files([("x.json", json.dumps([REALTIME, REALTIME]).encode())], assumed(), REGISTRY) == {
        "ok": True,
        "files": [{"file": "x.json", "requests": 2, "problems": []}],
    }


def test_numbers_for_versions_keep_their_text() -> None:
    text = b"pipeline_type: byom_realtime_builtin\nmodel_name: m\n"
    text += b"model_framework: pytorch\nmodel_framework_version: 1.10\n"
    text += b"model_artifact_location: a\ninference_instance: ml.m5.large\ndata_capture_location: bucket-a\n"

    assert validate_files([("x.yaml", text)], assumed(), REGISTRY)["ok"] is True


def test_names_stay_within_their_limits_however_long_the_labels_are() -> None:
    where = replace(platform(), name="a-very-long-platform")
    plan = resolve(accepted({**REALTIME, "model_name": "m" * 86}, where), where)[0]

    assert len(plan.variables["name"]) <= 44
    assert faults({**REALTIME, "model_name": "m" * 87}) == [("model_name", "too-long")]
