# The training module with the provider mocked: what is made when, names, what is refused.

mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  account_id    = "111111111111"
  name          = "acme-ml-orchestrator-churn-training-builtin"
  algorithm     = { image_uri = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1" }
  channels      = { train = { s3_uri = "s3://acme-ml-assets/train/data.csv" } }
  instances     = { type = "ml.m5.xlarge" }
  output_s3_uri = "s3://acme-ml-assets/training-output"
}

run "makes_a_machine_and_nothing_that_was_not_asked_for" {
  assert {
    condition     = aws_sfn_state_machine.this.name == var.name && aws_sfn_state_machine.this.type == "STANDARD"
    error_message = "the machine carries the base name"
  }
  assert {
    condition     = length(aws_scheduler_schedule.this) + length(aws_cloudwatch_event_rule.stopped) + length(aws_iam_role.events) + length(aws_iam_role.schedule) == 0
    error_message = "no schedule, no rule and no role for them unless asked for"
  }
  assert {
    condition     = length(output.jobs) == 1 && output.jobs[0].kind == "state_machine" && output.jobs[0].arn == aws_sfn_state_machine.this.arn
    error_message = "the delivery starts the machine"
  }
  assert {
    condition     = [for item in output.live : item.kind] == ["state_machine_execution"]
    error_message = "live is a run that succeeded"
  }
  assert {
    condition     = output.job_name_prefix == var.name
    error_message = "a name of up to 52 characters is kept whole"
  }
}

run "a_schedule_and_a_topic_bring_what_they_need" {
  variables {
    schedule      = { expression = "cron(0 4 ? * MON *)", timezone = "Europe/Berlin" }
    notifications = { topic_arn = "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications" }
    tags          = { Team = "churn" }
  }

  assert {
    condition     = aws_scheduler_schedule.this[0].schedule_expression == "cron(0 4 ? * MON *)" && aws_scheduler_schedule.this[0].schedule_expression_timezone == "Europe/Berlin" && aws_scheduler_schedule.this[0].state == "ENABLED"
    error_message = "the schedule is as given"
  }
  assert {
    condition     = aws_cloudwatch_event_target.stopped["tell"].arn == var.notifications.topic_arn && aws_cloudwatch_event_target.stopped["tell"].role_arn == null
    error_message = "a topic of this account is reached without a role"
  }
  assert {
    condition = { for item in output.live : item.kind => try(values(item.expect), null) } == {
      state_machine_execution = null
      aws_api                 = ["cron(0 4 ? * MON *)", "ENABLED", aws_sfn_state_machine.this.arn]
    }
    error_message = "the schedule is checked too"
  }
  assert {
    condition     = aws_sfn_state_machine.this.tags == tomap({ Team = "churn" })
    error_message = "tags reach the machine"
  }
}

run "a_topic_of_another_account_is_reached_with_a_role" {
  variables {
    notifications = { topic_arn = "arn:aws:sns:eu-west-1:999999999999:acme-ml-notifications" }
  }

  assert {
    condition     = aws_cloudwatch_event_target.stopped["tell"].role_arn == "arn:aws:iam::111111111111:role/${var.name}-events"
    error_message = "EventBridge needs a role across accounts"
  }
}

run "long_job_names_keep_their_beginning" {
  variables {
    job_name = "Churn-model-of-the-retention-team-trained-every-single-Monday"
  }

  assert {
    condition     = output.job_name_prefix == "Churn-model-of-the-retention-team-trained-e-${substr(sha256(var.job_name), 0, 8)}" && length(output.job_name_prefix) == 52
    error_message = "43 characters, a hyphen and 8 digits"
  }
}

run "refuses_a_name_that_is_too_long" {
  command = plan

  variables {
    name = "acme-ml-orchestrator-churn-training-builtin12"
  }

  expect_failures = [var.name]
}

run "refuses_to_wait_for_spot_capacity_less_than_a_run_may_take" {
  command = plan

  variables {
    instances = { type = "ml.m5.xlarge", max_runtime_seconds = 7200, spot = { max_wait_seconds = 3600 } }
  }

  expect_failures = [var.instances]
}

run "refuses_attribute_names_without_an_augmented_manifest" {
  command = plan

  variables {
    channels = { train = { s3_uri = "s3://acme-ml-assets/train", attribute_names = ["label"] } }
  }

  expect_failures = [var.channels]
}

run "refuses_a_hyperparameter_that_would_be_read_as_a_path" {
  command = plan

  variables {
    algorithm = { image_uri = "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1", hyperparameters = { "eta.$" = "$.secret" } }
  }

  expect_failures = [var.algorithm]
}

run "refuses_an_image_that_is_not_in_ecr" {
  command = plan

  variables {
    algorithm = { image_uri = "docker.io/library/xgboost:1.7" }
  }

  expect_failures = [var.algorithm]
}

run "refuses_an_output_that_could_break_out_of_an_expression" {
  command = plan

  variables {
    output_s3_uri = "s3://acme-ml-assets/it's"
  }

  expect_failures = [var.output_s3_uri]
}

run "refuses_an_alias_as_key" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:alias/acme"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_a_schedule_that_eventbridge_would_refuse" {
  command = plan

  variables {
    schedule = { expression = "every Monday" }
  }

  expect_failures = [var.schedule]
}

run "refuses_a_registration_without_a_content_type" {
  command = plan

  variables {
    registration = { model_package_group_name = "acme-ml-registry", content_types = [] }
  }

  expect_failures = [var.registration]
}
