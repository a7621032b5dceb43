# The function and its API with a mocked provider: routes, limits, what wakes it, what is refused.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id       = "111111111111"
  api_log_role_arn = "arn:aws:iam::111111111111:role/acme-ml-api-log"
  buckets = {
    artifacts = "acme-ml-artifacts-111111111111-eu-west-1"
    assets    = "acme-ml-assets-111111111111-eu-west-1"
  }
  kms_key_arn = "arn:aws:kms:eu-west-1:111111111111:key/k"
  # Any file will do: nothing here looks into the package.
  lambda    = { package_path = "versions.tf" }
  name      = "acme-ml"
  topic_arn = "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
}

run "answers_four_signed_routes" {
  command = apply

  assert {
    condition = {
      for route, it in aws_api_gateway_method.this : route => [it.http_method, it.authorization]
      } == {
      deprovisionpipeline = ["POST", "AWS_IAM"]
      pipelines           = ["GET", "AWS_IAM"]
      pipelinestatus      = ["POST", "AWS_IAM"]
      provisionpipeline   = ["POST", "AWS_IAM"]
    }
    error_message = "every caller signs"
  }
  assert {
    condition = alltrue([
      for it in aws_api_gateway_integration.this :
      it.type == "AWS_PROXY" && it.integration_http_method == "POST" && it.uri == aws_lambda_function.this.invoke_arn
    ])
    error_message = "the function answers all of them"
  }
  assert {
    condition     = aws_api_gateway_rest_api.this.endpoint_configuration[0].types == tolist(["REGIONAL"]) && aws_api_gateway_stage.this.stage_name == "prod"
    error_message = "one regional API, stage prod"
  }
  assert {
    condition     = aws_lambda_permission.api.source_arn == "${aws_api_gateway_rest_api.this.execution_arn}/prod/*/*"
    error_message = "this API's stage calls the function, no other"
  }
}

run "limits_logs_and_traces_requests" {
  command = apply

  assert {
    condition = (
      aws_api_gateway_method_settings.this.settings[0].throttling_rate_limit == 10
      && aws_api_gateway_method_settings.this.settings[0].throttling_burst_limit == 20
      && aws_api_gateway_method_settings.this.settings[0].logging_level == "OFF"
    )
    error_message = "throttled; bodies are not logged"
  }
  assert {
    condition = (
      aws_api_gateway_stage.this.xray_tracing_enabled
      && aws_lambda_function.this.tracing_config[0].mode == "Active"
      && aws_api_gateway_stage.this.access_log_settings[0].destination_arn == aws_cloudwatch_log_group.api.arn
      && contains(keys(jsondecode(aws_api_gateway_stage.this.access_log_settings[0].format)), "caller")
    )
    error_message = "who asked what, and how it went"
  }
  assert {
    condition = alltrue([
      for it in [aws_cloudwatch_log_group.api, aws_cloudwatch_log_group.function] :
      it.retention_in_days == 365 && it.kms_key_id == "arn:aws:kms:eu-west-1:111111111111:key/k"
    ])
    error_message = "logs are encrypted and expire"
  }
}

run "runs_the_given_package" {
  command = apply

  assert {
    condition = (
      aws_lambda_function.this.handler == "orchestrator.handler.handler"
      && aws_lambda_function.this.runtime == "python3.12"
      && aws_lambda_function.this.architectures == tolist(["arm64"])
      && aws_lambda_function.this.source_code_hash == filebase64sha256("versions.tf")
      && aws_lambda_function.this.timeout == 29
    )
    error_message = "a changed package is a changed function; it answers before the API gives up"
  }
}

run "hears_of_deliveries_that_succeeded" {
  command = apply

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.delivery_succeeded.event_pattern) == {
      account     = ["111111111111"]
      detail      = { pipeline = [{ prefix = "acme-ml-" }], state = ["SUCCEEDED"] }
      detail-type = ["CodePipeline Pipeline Execution State Change"]
      source      = ["aws.codepipeline"]
    }
    error_message = "our delivery pipelines, when they succeed"
  }
  assert {
    condition = (
      aws_cloudwatch_event_target.function.arn == aws_lambda_function.this.arn
      && aws_lambda_permission.delivery_succeeded.source_arn == aws_cloudwatch_event_rule.delivery_succeeded.arn
    )
    error_message = "the rule calls the function"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == "arn:aws:sns:eu-west-1:111111111111:acme-ml-notifications"
    error_message = "an event that fails is told to people"
  }
}

run "hears_of_approved_models_from_the_delivery_pipelines_rules" {
  command = apply

  assert {
    condition = (
      aws_lambda_permission.model_approved.source_arn == "arn:aws:events:eu-west-1:111111111111:rule/acme-ml.approved-*"
      && aws_lambda_permission.model_approved.source_account == "111111111111"
      && aws_lambda_permission.model_approved.principal == "events.amazonaws.com"
    )
    error_message = "only EventBridge, only from this account, only from rules of that name"
  }
}

run "tells_people_when_requests_fail" {
  command = apply

  assert {
    condition = {
      for it in aws_cloudwatch_metric_alarm.this : it.alarm_name => it.metric_name
      } == {
      acme-ml-orchestrator-api-errors         = "5XXError"
      acme-ml-orchestrator-function-errors    = "Errors"
      acme-ml-orchestrator-function-throttles = "Throttles"
    }
    error_message = "three alarms"
  }
  assert {
    condition     = alltrue([for it in aws_cloudwatch_metric_alarm.this : it.alarm_actions == toset([var.topic_arn])])
    error_message = "to the topic"
  }
}

run "runs_in_a_vpc_within_a_boundary" {
  command = apply

  variables {
    permissions_boundary_arn = "arn:aws:iam::111111111111:policy/boundary"
    vpc = {
      security_group_ids = ["sg-0123456789abcdef0"]
      subnet_ids         = ["subnet-0123456789abcdef0"]
    }
  }

  assert {
    condition     = aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-0123456789abcdef0"]) && aws_iam_role.this.permissions_boundary == "arn:aws:iam::111111111111:policy/boundary"
    error_message = "where and as far as it was told"
  }
}

run "refuses_a_package_that_is_not_there" {
  command = plan

  variables {
    lambda = { package_path = "no-such.zip" }
  }

  expect_failures = [var.lambda]
}

run "refuses_memory_that_lambda_refuses" {
  command = plan

  variables {
    lambda = { package_path = "versions.tf", memory_mb = 64 }
  }

  expect_failures = [var.lambda]
}

run "refuses_a_time_that_lambda_refuses" {
  command = plan

  variables {
    lambda = { package_path = "versions.tf", timeout_seconds = 901 }
  }

  expect_failures = [var.lambda]
}

run "refuses_limits_that_refuse_everyone" {
  command = plan

  variables {
    api_limits = { rate = 0 }
  }

  expect_failures = [var.api_limits]
}

run "refuses_a_name_that_is_no_prefix" {
  command = plan

  variables {
    name = "9ml"
  }

  expect_failures = [var.name]
}

run "refuses_a_short_account_id" {
  command = plan

  variables {
    account_id = "1"
  }

  expect_failures = [var.account_id]
}
