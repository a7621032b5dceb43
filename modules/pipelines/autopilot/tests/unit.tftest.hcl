# The autopilot module with the provider mocked: names, what clears up, what is refused.

mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  account_id    = "111111111111"
  name          = "acme-ml-orchestrator-churn-autopilot"
  data          = { s3_uri = "s3://acme-ml-assets/train/data.csv", target_attribute = "churned" }
  output_s3_uri = "s3://acme-ml-assets/autopilot-output"
}

run "a_stopped_run_has_its_job_stopped_also_when_nobody_is_told" {
  assert {
    condition     = aws_sfn_state_machine.stop.name == "${var.name}-stop"
    error_message = "a second machine stops the job"
  }
  assert {
    condition     = keys(aws_cloudwatch_event_target.stopped) == ["clear"] && aws_cloudwatch_event_target.stopped["clear"].arn == "arn:aws:states:eu-west-1:111111111111:stateMachine:${var.name}-stop" && aws_cloudwatch_event_target.stopped["clear"].role_arn == "arn:aws:iam::111111111111:role/${var.name}-events"
    error_message = "EventBridge starts it with its own role"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.stopped[0].event_pattern).detail == { stateMachineArn = ["arn:aws:states:eu-west-1:111111111111:stateMachine:${var.name}"], status = ["ABORTED", "TIMED_OUT"] }
    error_message = "for runs of this machine only"
  }
  assert {
    condition     = length(output.job_name_prefix) + 11 <= 32
    error_message = "an AutoML job's name has at most 32 characters"
  }
}

run "refuses_an_objective_that_does_not_fit_the_problem" {
  command = plan

  variables {
    problem = { type = "Regression", objective = "AUC" }
  }

  expect_failures = [var.problem]
}

run "refuses_to_register_what_is_only_defined" {
  command = plan

  variables {
    job          = { definitions_only = true }
    registration = { model_package_group_name = "acme-ml-registry" }
  }

  expect_failures = [var.job]
}

run "refuses_a_job_longer_than_the_whole" {
  command = plan

  variables {
    job = { max_runtime_per_job_seconds = 7200, max_total_runtime_seconds = 3600 }
  }

  expect_failures = [var.job]
}

run "refuses_two_kinds_of_validation_data" {
  command = plan

  variables {
    data = { s3_uri = "s3://acme-ml-assets/train", target_attribute = "churned", validation_s3_uri = "s3://acme-ml-assets/validation", validation_fraction = 0.2 }
  }

  expect_failures = [var.data]
}
