# The trigger with a mocked provider: both ways a bucket can tell.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  account_id = "111111111111"
  bucket     = "acme-ml-configs"
  function = {
    arn  = "arn:aws:lambda:eu-west-1:111111111111:function:acme-ml-orchestrator"
    name = "acme-ml-orchestrator"
  }
  name = "acme-ml"
}

run "calls_the_function_for_every_config_object" {
  command = apply

  assert {
    condition = {
      for it in aws_s3_bucket_notification.this[0].lambda_function : it.filter_suffix => [it.lambda_function_arn, tolist(it.events)]
      } == {
      for suffix in ["mlops-config.json", "mlops-config.yaml", "mlops-config.yml"] :
      suffix => [var.function.arn, tolist(["s3:ObjectCreated:*"])]
    }
    error_message = "every way an object comes into being, for keys that end like a config"
  }
  assert {
    condition = (
      aws_lambda_permission.bucket[0].source_arn == "arn:aws:s3:::acme-ml-configs"
      && aws_lambda_permission.bucket[0].source_account == "111111111111"
      && aws_lambda_permission.bucket[0].principal == "s3.amazonaws.com"
    )
    error_message = "this bucket of this account, no other"
  }
  assert {
    condition     = length(aws_cloudwatch_event_rule.this) == 0
    error_message = "one way is enough"
  }
}

run "listens_to_eventbridge_and_leaves_the_bucket_alone" {
  command = apply

  variables {
    through = "eventbridge"
  }

  assert {
    condition     = length(aws_s3_bucket_notification.this) == 0 && length(aws_lambda_permission.bucket) == 0
    error_message = "the bucket's own settings stay its owner's"
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this[0].event_pattern).detail == {
      bucket = { name = ["acme-ml-configs"] }
      object = { key = [for suffix in var.suffixes : { suffix = suffix }] }
    }
    error_message = "the same objects"
  }
  assert {
    condition     = aws_cloudwatch_event_target.this[0].arn == var.function.arn && aws_lambda_permission.rule[0].source_arn == aws_cloudwatch_event_rule.this[0].arn
    error_message = "the rule may call the function"
  }
}

run "refuses_an_unknown_way" {
  command = plan

  variables {
    through = "sqs"
  }

  expect_failures = [var.through]
}

run "refuses_to_listen_to_nothing" {
  command = plan

  variables {
    suffixes = []
  }

  expect_failures = [var.suffixes]
}
