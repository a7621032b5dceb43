# The REST API: regional, IAM-signed, throttled, logged and traced; every route ends in the function.

locals {
  stage = "prod"
  routes = {
    deprovisionpipeline = "POST"
    pipelines           = "GET"
    pipelinestatus      = "POST"
    provisionpipeline   = "POST"
  }
}

resource "aws_api_gateway_rest_api" "this" {
  name        = local.function_name
  description = "Requests to ${var.name}; callers sign with their AWS credentials."
  tags        = var.tags

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_resource" "this" {
  for_each = local.routes

  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = each.key
  rest_api_id = aws_api_gateway_rest_api.this.id
}

resource "aws_api_gateway_method" "this" {
  for_each = local.routes

  authorization = "AWS_IAM"
  http_method   = each.value
  resource_id   = aws_api_gateway_resource.this[each.key].id
  rest_api_id   = aws_api_gateway_rest_api.this.id
}

resource "aws_api_gateway_integration" "this" {
  for_each = local.routes

  http_method             = aws_api_gateway_method.this[each.key].http_method
  integration_http_method = "POST"
  resource_id             = aws_api_gateway_resource.this[each.key].id
  rest_api_id             = aws_api_gateway_rest_api.this.id
  type                    = "AWS_PROXY"
  uri                     = aws_lambda_function.this.invoke_arn
}

resource "aws_lambda_permission" "api" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${local.stage}/*/*"
  statement_id  = "api"
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # A deployment is a snapshot: whatever the API is made of must lead to a new one.
  triggers = {
    redeployment = sha256(jsonencode([
      for route, method in aws_api_gateway_method.this : [
        route,
        method.id,
        method.authorization,
        aws_api_gateway_integration.this[route].id,
        aws_api_gateway_integration.this[route].uri,
      ]
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "this" {
  deployment_id        = aws_api_gateway_deployment.this.id
  rest_api_id          = aws_api_gateway_rest_api.this.id
  stage_name           = local.stage
  tags                 = var.tags
  xray_tracing_enabled = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api.arn

    format = jsonencode({
      caller       = "$context.identity.userArn"
      error        = "$context.error.message"
      ip           = "$context.identity.sourceIp"
      latency_ms   = "$context.responseLatency"
      method       = "$context.httpMethod"
      path         = "$context.path"
      request_id   = "$context.requestId"
      request_time = "$context.requestTime"
      status       = "$context.status"
      trace_id     = "$context.xrayTraceId"
    })
  }

  # API Gateway refuses access logs while the account has no role to write them with.
  depends_on = [terraform_data.api_log_role]
}

resource "aws_api_gateway_method_settings" "this" {
  method_path = "*/*"
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name

  # Execution logs stay off: they would hold the requests' bodies in a group without retention.
  settings {
    logging_level          = "OFF"
    metrics_enabled        = true
    throttling_burst_limit = var.api_limits.burst
    throttling_rate_limit  = var.api_limits.rate
  }
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/aws/apigateway/${local.function_name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "terraform_data" "api_log_role" {
  input = var.api_log_role_arn
}
