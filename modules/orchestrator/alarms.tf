# What people are told when requests cannot be answered.

locals {
  alarms = {
    api-errors = {
      description = "The API answers with status 5xx."
      dimensions  = { ApiName = local.function_name, Stage = local.stage }
      metric      = "5XXError"
      namespace   = "AWS/ApiGateway"
    }
    function-errors = {
      description = "The orchestrator's function fails."
      dimensions  = { FunctionName = local.function_name }
      metric      = "Errors"
      namespace   = "AWS/Lambda"
    }
    function-throttles = {
      description = "The orchestrator's function is throttled: the account's concurrency is used up."
      dimensions  = { FunctionName = local.function_name }
      metric      = "Throttles"
      namespace   = "AWS/Lambda"
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-orchestrator-${each.key}"
  alarm_actions       = [var.topic_arn]
  alarm_description   = each.value.description
  comparison_operator = "GreaterThanThreshold"
  dimensions          = each.value.dimensions
  evaluation_periods  = 1
  metric_name         = each.value.metric
  namespace           = each.value.namespace
  ok_actions          = [var.topic_arn]
  period              = 300
  statistic           = "Sum"
  tags                = var.tags
  threshold           = 0
  treat_missing_data  = "notBreaching"
}
