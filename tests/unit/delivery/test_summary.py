"""A plan's summary: the counts, what comes first, what stays secret."""

from __future__ import annotations

from typing import Any

import pytest

from generator.delivery.summary import (
    EMPTY,
    TEXT_LIMIT,
    ResourceChange,
    Summary,
    summarise,
    summarise_text,
    summary_text,
)


def change(address: str, *actions: str, **details: Any) -> dict[str, Any]:
    """Return a resource change as `terraform show -json` writes it."""
    top = {key: details.pop(key) for key in ("mode", "previous_address") if key in details}
    body = {"before": None, "after": None, "after_unknown": {}, "before_sensitive": {}, "after_sensitive": {}}
    return {"address": address, "mode": "managed", **top, "change": {**body, "actions": list(actions), **details}}


def plan(*changes: dict[str, Any], **outputs: list[str]) -> dict[str, Any]:
    """Return a plan document."""
    return {
        "resource_changes": list(changes),
        "output_changes": {name: {"actions": actions} for name, actions in outputs.items()},
    }


def test_counts_are_those_of_terraforms_last_line() -> None:
    summary = summarise(
        plan(
            change("a.added", "create"),
            change("a.changed", "update"),
            change("a.gone", "delete"),
            change("a.replaced", "create", "delete"),
            change("a.same", "no-op"),
            change("data.x", "read", mode="data"),
            pipeline=["update"],
        )
    )
    assert (summary.add, summary.change, summary.destroy, summary.replace) == (2, 1, 2, 1)
    assert summary.outputs == 1
    assert summary.changes == 5


def test_empty_plan_has_no_changes() -> None:
    assert EMPTY.changes == 0
    assert summary_text(EMPTY, "dev", destroy=False) == "dev: nothing to change."
    assert summary_text(EMPTY, "dev", destroy=True) == "dev: nothing is left to destroy."


def test_output_only_change_is_a_change_because_jobs_are_an_output() -> None:
    summary = summarise(plan(pipeline=["update"]))
    assert summary.changes == 1
    assert summary_text(summary, "dev", destroy=False) == ("dev: 0 to add, 0 to change, 0 to destroy, outputs change.")


def test_plan_that_terraform_does_not_call_empty_is_never_counted_as_empty() -> None:
    assert summarise(plan()).changes == 1


def test_moved_resource_is_named() -> None:
    summary = summarise(plan(change("a.new", "no-op", previous_address="a.old")))
    assert summary_text(summary, "dev", destroy=False).endswith("Moves: a.new.")


def test_replaced_and_destroyed_come_first_then_what_people_decide_by() -> None:
    before = {"production_variants": [{"instance_type": "ml.m5.large", "initial_instance_count": 1}]}
    after = {"production_variants": [{"instance_type": "ml.m5.xlarge", "initial_instance_count": 2}]}
    summary = summarise(
        plan(
            change("module.pipeline.aws_x.added", "create"),
            change("module.pipeline.aws_sagemaker_endpoint.this", "update"),
            change('module.pipeline.aws_alarm.this["errors"]', "delete"),
            change(
                "module.pipeline.aws_sagemaker_endpoint_configuration.this",
                "create",
                "delete",
                before=before,
                after=after,
            ),
        )
    )
    assert summary_text(summary, "prod", destroy=False) == (
        "prod: 2 to add, 1 to change, 2 to destroy (1 replaced)."
        " REPLACES: aws_sagemaker_endpoint_configuration.this."
        " DESTROYS: aws_alarm.this['errors']."
        " Settings: initial_instance_count 1 -> 2, instance_type ml.m5.large -> ml.m5.xlarge."
        " Changes: aws_sagemaker_endpoint.this."
        " Adds: aws_x.added."
    )


def test_instance_that_comes_for_one_that_goes_is_one_thing_with_other_settings() -> None:
    before = {"production_variants": [{"instance_type": "ml.m5.large"}]}
    after = {"production_variants": [{"instance_type": "ml.m5.xlarge"}]}
    summary = summarise(
        plan(
            change('module.pipeline.aws_x.config["old"]', "delete", before=before),
            change('module.pipeline.aws_x.config["new"]', "create", after=after),
            change(
                "module.pipeline.terraform_data.contents",
                "update",
                before={"input": {"old": {"instance_type": "a"}}},
                after={"input": {"new": {"instance_type": "b"}}},
            ),
        )
    )
    assert (summary.add, summary.change, summary.destroy, summary.replace) == (1, 1, 1, 0)
    assert summary_text(summary, "dev", destroy=False) == (
        "dev: 1 to add, 1 to change, 1 to destroy."
        " Settings: instance_type ml.m5.large -> ml.m5.xlarge."
        " Renews: aws_x.config['old' -> 'new']."
        " Changes: terraform_data.contents."
    )


def test_several_instances_that_come_and_go_are_not_paired() -> None:
    changes = [change(f"a.b[{number}]", "delete") for number in range(2)] + [change("a.b[2]", "create")]
    text = summary_text(summarise(plan(*changes)), "dev", destroy=False)
    assert text == "dev: 1 to add, 0 to change, 2 to destroy. DESTROYS: a.b[0], a.b[1]. Adds: a.b[2]."


def test_values_outside_the_safe_list_never_appear() -> None:
    summary = summarise(
        plan(change("a.b", "update", before={"password": "old-secret"}, after={"password": "new-secret"}))
    )
    assert "secret" not in str(summary.to_json())


def test_sensitive_values_never_appear_even_under_a_safe_name() -> None:
    summary = summarise(
        plan(
            change(
                "a.b",
                "update",
                before={"image": "old-secret"},
                after={"image": "new-secret"},
                before_sensitive={"image": True},
                after_sensitive={"image": True},
            )
        )
    )
    assert "secret" not in str(summary.to_json())


def test_sensitive_block_hides_what_is_in_it() -> None:
    before, after = {"container": [{"image": "old-secret"}]}, {"container": [{"image": "new-secret"}]}
    summary = summarise(plan(change("a.b", "update", before=before, after=after, before_sensitive={"container": True})))
    assert "old-secret" not in str(summary.to_json())


def test_tag_or_variable_with_the_name_of_a_safe_attribute_is_left_out() -> None:
    before = {"tags_all": {"model_name": "a"}, "environment": [{"variables": {"image": "a"}}], "image": None}
    after = {"tags_all": {"model_name": "b"}, "environment": [{"variables": {"image": "b"}}], "image": ""}
    assert summarise(plan(change("a.b", "update", before=before, after=after))).resources[0].attributes == ()


def test_value_that_aws_fills_in_is_left_out() -> None:
    summary = summarise(
        plan(change("a.b", "update", before={"volume_size_in_gb": 0}, after_unknown={"volume_size_in_gb": True}))
    )
    assert summary.resources[0].attributes == ()


def test_unknown_value_is_said_to_be_unknown() -> None:
    summary = summarise(
        plan(
            change("a.b", "update", before={"image": "x:1"}, after={}, after_unknown={"image": True}),
        )
    )
    assert "image x:1 -> (known after apply)" in summary_text(summary, "dev", destroy=False)


def test_image_is_told_by_repository_and_tag() -> None:
    host = "111111111111.dkr.ecr.eu-central-1.amazonaws.com"
    summary = summarise(
        plan(change("a.b", "update", before={"image": f"{host}/xgb:1"}, after={"image": f"{host}/xgb:2"}))
    )
    assert "image xgb:1 -> xgb:2" in summary_text(summary, "dev", destroy=False)


def test_long_value_keeps_its_end() -> None:
    summary = summarise(
        plan(change("a.b", "update", before={"model_data_url": None}, after={"model_data_url": "s3://" + "x" * 90}))
    )
    value = summary.resources[0].attributes[0]
    assert value.before == "(none)"
    assert len(value.after) == 60
    assert value.after.startswith("...x")


def test_text_is_short_plain_ascii_and_says_what_it_left_out() -> None:
    names = [change(f"aws_thing.näme_{number:03}", "create") for number in range(200)]
    text = summary_text(summarise(plan(*names)), "dev", destroy=False)
    assert len(text) <= TEXT_LIMIT
    assert text.isascii()
    assert text.isprintable()
    assert text.startswith("dev: 200 to add")
    assert text.endswith("more.")
    shown = text.count("aws_thing.")
    assert f"and {200 - shown} more." in text


def test_text_fits_whatever_the_mix() -> None:
    for count in range(1, 60, 3):
        mixed = [
            change(f"aws_thing.{action}_{number}_{'x' * (count % 17)}", *actions)
            for number in range(count)
            for action, actions in (
                ("r", ("create", "delete")),
                ("d", ("delete",)),
                ("u", ("update",)),
                ("a", ("create",)),
            )
        ]
        assert len(summary_text(summarise(plan(*mixed)), "pre-production", destroy=False)) <= TEXT_LIMIT


CREATES = """\
Terraform will perform the following actions:

  # module.pipeline.data.aws_iam_policy_document.trust will be read during apply
  # (depends on a resource or a module with changes pending)
 <= data "aws_iam_policy_document" "trust" {
    }

  # module.pipeline.aws_iam_role.execution will be created
  + resource "aws_iam_role" "execution" {
      + name = "x # y will be created"
    }

  # module.pipeline.aws_x.this["a b"] will be created
  + resource "aws_x" "this" {
    }

Plan: 2 to add, 0 to change, 0 to destroy.

Changes to Outputs:
  + pipeline = {}
"""
DESTROYS = (
    CREATES.replace("will be created\n", "will be destroyed\n")
    .replace("2 to add", "0 to add")
    .replace("0 to destroy", "2 to destroy")
)


def test_text_of_a_plan_that_only_adds_is_enough() -> None:
    resources = (ResourceChange("aws_iam_role.execution", "add"), ResourceChange("aws_x.this['a b']", "add"))
    assert summarise_text(CREATES) == Summary(2, 0, 0, 0, 1, 3, resources)


def test_text_of_a_plan_that_only_destroys_is_enough() -> None:
    summary = summarise_text(DESTROYS)
    assert summary is not None
    assert (summary.add, summary.destroy, {change.action for change in summary.resources}) == (0, 2, {"destroy"})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No changes.",
        CREATES.replace("0 to change", "1 to change"),
        CREATES.replace("0 to destroy", "1 to destroy"),
        CREATES.replace("2 to add", "3 to add"),
        CREATES.replace("Plan: ", "Plan: 1 to import, "),
        CREATES.replace("\nPlan:", "\n  # a.b has moved to a.c\n\nPlan:"),
        CREATES.replace("\nPlan:", "\n  # a.b will no longer be managed by Terraform, but\n\nPlan:"),
    ],
)
def test_text_that_does_not_say_all_or_does_not_add_up_takes_the_json(text: str) -> None:
    assert summarise_text(text) is None


def test_a_blueprint_names_attributes_that_are_shown_as_well() -> None:
    change = {
        "address": "module.pipeline.aws_dynamodb_table.this",
        "mode": "managed",
        "change": {
            "actions": ["update"],
            "before": {"read_capacity": 5, "write_capacity": 5, "hash_key": "a"},
            "after": {"read_capacity": 10, "write_capacity": 6, "hash_key": "b"},
            "before_sensitive": {},
            "after_sensitive": {"write_capacity": True},
            "after_unknown": {},
        },
    }
    plan = {"resource_changes": [change]}
    assert summarise(plan).resources[0].attributes == ()
    shown = summarise(plan, ["read_capacity", "write_capacity"]).resources[0].attributes
    assert [(it.attribute, it.before, it.after) for it in shown if it.attribute == "read_capacity"] == [
        ("read_capacity", "5", "10")
    ]
    assert all(it.after != "6" for it in shown)
