# The function that turns requests into bundles and deliveries, and what wakes it besides the API.
# In: its package, buckets, key. Out: the function's name and ARN, the API's address.
#
#   POST /provisionpipeline ... (api.tf) --> function --> bundle --> provisioner, delivery pipeline
#   a delivery pipeline succeeded ---------> function --> after a destroy: remove the pipeline itself
#   a model version was approved ----------> function --> as a request; the rules are the delivery pipelines'

locals {
  partition     = data.aws_partition.current.partition
  region        = data.aws_region.current.name
  function_name = "${var.name}-orchestrator"
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_lambda_function" "this" {
  function_name    = local.function_name
  architectures    = ["arm64"]
  description      = "Answers the requests of ${var.name}: validates, bundles, starts the delivery."
  filename         = var.lambda.package_path
  handler          = "orchestrator.handler.handler"
  memory_size      = var.lambda.memory_mb
  role             = aws_iam_role.this.arn
  runtime          = "python3.12"
  source_code_hash = filebase64sha256(var.lambda.package_path)
  tags             = var.tags
  timeout          = var.lambda.timeout_seconds

  dynamic "environment" {
    for_each = length(var.lambda.environment) == 0 ? [] : [var.lambda.environment]

    content {
      variables = environment.value
    }
  }

  tracing_config {
    mode = "Active"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnet_ids         = vpc_config.value.subnet_ids
    }
  }

  # A function that runs before them would log into a group without retention, or not at all.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.this]
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${local.function_name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# Nobody waits for the answer to an event, so its failure goes to the topic.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_event_age_in_seconds = 3600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = var.topic_arn
    }
  }
}

resource "aws_cloudwatch_event_rule" "delivery_succeeded" {
  name        = "${var.name}-delivery-succeeded"
  description = "A delivery pipeline succeeded; after a destroy the pipeline itself is removed."
  tags        = var.tags

  event_pattern = jsonencode({
    account     = [var.account_id]
    detail      = { pipeline = [{ prefix = "${var.name}-" }], state = ["SUCCEEDED"] }
    detail-type = ["CodePipeline Pipeline Execution State Change"]
    source      = ["aws.codepipeline"]
  })
}

resource "aws_cloudwatch_event_target" "function" {
  arn  = aws_lambda_function.this.arn
  rule = aws_cloudwatch_event_rule.delivery_succeeded.name
}

resource "aws_lambda_permission" "delivery_succeeded" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "events.amazonaws.com"
  source_account = var.account_id
  source_arn     = aws_cloudwatch_event_rule.delivery_succeeded.arn
  statement_id   = "delivery-succeeded"
}

# A delivery pipeline that deploys on approval brings its own rule, for exactly its group.
resource "aws_lambda_permission" "model_approved" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = "events.amazonaws.com"
  source_account = var.account_id
  source_arn     = "arn:${local.partition}:events:${local.region}:${var.account_id}:rule/${var.name}.approved-*"
  statement_id   = "model-approved"
}
