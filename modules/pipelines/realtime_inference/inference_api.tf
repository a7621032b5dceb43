# The endpoint's front door: a REST API (POST /inference, IAM auth) and the Lambda behind it, which
# turns {"payload": ..., "content_type": ...} into a request of the endpoint and answers with its text.

locals {
  # An asynchronous endpoint takes its input from S3: there is nothing that such an API could carry.
  api      = var.inference_api == null || var.async_inference != null ? [] : [var.inference_api]
  api_name = "${var.name}-inference"
  # The code of lambda_src/inference, zipped by tools/package_inference.py and kept beside this file:
  # the module then works alone, and every account gets the very same bytes.
  package_path = "${path.module}/inference.zip"
}

data "aws_iam_policy_document" "lambda_trust" {
  statement {
    sid     = "Lambda"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "lambda" {
  statement {
    sid       = "InvokeTheEndpoint"
    actions   = ["sagemaker:InvokeEndpoint"]
    resources = local.endpoint_arns
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:/aws/lambda/${local.api_name}:*"]
  }

  dynamic "statement" {
    for_each = anytrue([for api in local.api : api.tracing]) ? ["*"] : []

    content {
      sid     = "SendTraces"
      actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      # wildcard: X-Ray knows no resource for it.
      resources = ["*"]
    }
  }
}

resource "aws_iam_role" "lambda" {
  count = length(local.api)

  name                 = local.api_name
  description          = "Runs the inference API of endpoint ${local.endpoint_name}"
  assume_role_policy   = data.aws_iam_policy_document.lambda_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "lambda" {
  count = length(local.api)

  name   = "inference"
  role   = aws_iam_role.lambda[0].name
  policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_cloudwatch_log_group" "lambda" {
  count = length(local.api)

  name              = "/aws/lambda/${local.api_name}"
  retention_in_days = local.api[0].log_retention_days
  tags              = var.tags
}

resource "aws_lambda_function" "inference" {
  count = length(local.api)

  function_name    = local.api_name
  description      = "POST /inference of endpoint ${local.endpoint_name}"
  role             = aws_iam_role.lambda[0].arn
  handler          = "inference.handler.handler"
  runtime          = "python3.12"
  architectures    = ["arm64"]
  filename         = local.package_path
  source_code_hash = filebase64sha256(local.package_path)
  timeout          = local.api[0].timeout_seconds
  memory_size      = local.api[0].memory_mb
  tags             = var.tags

  environment {
    variables = {
      ENDPOINT_NAME           = local.endpoint_name
      DETAILED_ERROR_MESSAGES = tostring(local.api[0].detailed_error_messages)
      TIMEOUT_SECONDS         = tostring(local.api[0].timeout_seconds)
    }
  }

  tracing_config {
    mode = local.api[0].tracing ? "Active" : "PassThrough"
  }

  depends_on = [aws_cloudwatch_log_group.lambda, aws_iam_role_policy.lambda]
}

resource "aws_api_gateway_rest_api" "inference" {
  count = length(local.api)

  name        = local.api_name
  description = "Inference API of endpoint ${local.endpoint_name}"
  tags        = var.tags

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_resource" "inference" {
  count = length(local.api)

  rest_api_id = aws_api_gateway_rest_api.inference[0].id
  parent_id   = aws_api_gateway_rest_api.inference[0].root_resource_id
  path_part   = "inference"
}

resource "aws_api_gateway_method" "post" {
  count = length(local.api)

  rest_api_id   = aws_api_gateway_rest_api.inference[0].id
  resource_id   = aws_api_gateway_resource.inference[0].id
  http_method   = "POST"
  authorization = "AWS_IAM"
}

resource "aws_api_gateway_integration" "lambda" {
  count = length(local.api)

  rest_api_id             = aws_api_gateway_rest_api.inference[0].id
  resource_id             = aws_api_gateway_resource.inference[0].id
  http_method             = aws_api_gateway_method.post[0].http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.inference[0].invoke_arn
}

resource "aws_lambda_permission" "api" {
  count = length(local.api)

  statement_id  = "InferenceApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.inference[0].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.inference[0].execution_arn}/prod/POST/inference"
}

resource "aws_api_gateway_deployment" "this" {
  count = length(local.api)

  rest_api_id = aws_api_gateway_rest_api.inference[0].id
  # A deployment is a snapshot: a new one when any part of the API changes.
  triggers = {
    api = sha256(jsonencode([
      aws_api_gateway_resource.inference[0].path_part,
      aws_api_gateway_method.post[0].http_method,
      aws_api_gateway_method.post[0].authorization,
      aws_api_gateway_integration.lambda[0].type,
      aws_api_gateway_integration.lambda[0].uri,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "access" {
  count = length([for api in local.api : api if api.access_logs])

  name              = "/aws/apigateway/${local.api_name}"
  retention_in_days = local.api[0].log_retention_days
  tags              = var.tags
}

resource "aws_api_gateway_stage" "prod" {
  count = length(local.api)

  rest_api_id          = aws_api_gateway_rest_api.inference[0].id
  deployment_id        = aws_api_gateway_deployment.this[0].id
  stage_name           = "prod"
  xray_tracing_enabled = local.api[0].tracing
  tags                 = var.tags

  # Needs the account's one CloudWatch role for API Gateway; the account's workspace sets it.
  dynamic "access_log_settings" {
    for_each = aws_cloudwatch_log_group.access

    content {
      destination_arn = access_log_settings.value.arn
      format = jsonencode({
        requestId       = "$context.requestId"
        requestTime     = "$context.requestTime"
        httpMethod      = "$context.httpMethod"
        path            = "$context.path"
        status          = "$context.status"
        responseLatency = "$context.responseLatency"
        responseLength  = "$context.responseLength"
        sourceIp        = "$context.identity.sourceIp"
        caller          = "$context.identity.userArn"
        error           = "$context.error.message"
      })
    }
  }
}

resource "aws_api_gateway_method_settings" "inference" {
  count = length(local.api)

  rest_api_id = aws_api_gateway_rest_api.inference[0].id
  stage_name  = aws_api_gateway_stage.prod[0].stage_name
  method_path = "inference/POST"

  settings {
    throttling_rate_limit  = local.api[0].rate_limit
    throttling_burst_limit = local.api[0].burst_limit
  }
}
