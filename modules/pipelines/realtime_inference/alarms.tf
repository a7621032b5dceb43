# Alarms: one that rolls a bad update back (always), and those that tell people (with a topic).

locals {
  variant_names = keys(var.variants)

  # Errors are counted 1 or 0 a request, so their average is the share of requests that failed.
  # Each figure is put against its limit; the worst one above 1 rolls the update back.
  rollback_figures = concat(
    [for index, name in local.variant_names : {
      id      = "e${index}", variant = name, metric = "Invocation5XXErrors", stat = "Average"
      percent = format("FILL(e%d, 0) * 100 / %s", index, var.rollout.error_percent)
    }],
    var.rollout.latency_milliseconds == null ? [] : [for index, name in local.variant_names : {
      id      = "l${index}", variant = name, metric = "ModelLatency", stat = "p99"
      percent = format("FILL(l%d, 0) / 1000 / %s", index, var.rollout.latency_milliseconds)
    }],
  )
  notify = var.alarms == null ? [] : [var.alarms.topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "rollback" {
  count = local.serverless ? 0 : 1

  alarm_name          = "${var.name}-rollback"
  alarm_description   = "Rolls an update of endpoint ${local.endpoint_name} back while it is under way: the new configuration fails or answers too slowly"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  tags                = var.tags

  # Only the new configuration is looked at: an endpoint that fails already can still be mended.
  dynamic "metric_query" {
    for_each = local.rollback_figures

    content {
      id          = metric_query.value.id
      return_data = false

      metric {
        namespace   = "AWS/SageMaker"
        metric_name = metric_query.value.metric
        stat        = metric_query.value.stat
        period      = 60

        dimensions = {
          EndpointName       = local.endpoint_name
          VariantName        = metric_query.value.variant
          EndpointConfigName = aws_sagemaker_endpoint_configuration.this[local.configuration_key].name
        }
      }
    }
  }

  dynamic "metric_query" {
    for_each = local.rollback_figures

    content {
      id          = "of_${metric_query.value.id}"
      expression  = metric_query.value.percent
      label       = "${metric_query.value.metric} of ${metric_query.value.variant} against its limit"
      return_data = false
    }
  }

  metric_query {
    id          = "worst"
    expression  = "MAX([${join(", ", [for figure in local.rollback_figures : "of_${figure.id}"])}])"
    label       = "Worst figure against its limit"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  count = var.alarms == null ? 0 : 1

  alarm_name          = "${var.name}-errors"
  alarm_description   = "Endpoint ${local.endpoint_name} answers more than ${var.alarms.error_percent} % of its requests with an error"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.error_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
  tags                = var.tags

  dynamic "metric_query" {
    for_each = local.variant_names

    content {
      id          = "e${metric_query.key}"
      return_data = false

      metric {
        namespace   = "AWS/SageMaker"
        metric_name = "Invocation5XXErrors"
        stat        = "Average"
        period      = 60
        dimensions  = { EndpointName = local.endpoint_name, VariantName = metric_query.value }
      }
    }
  }

  metric_query {
    id          = "percent"
    expression  = "MAX([${join(", ", [for index in range(length(local.variant_names)) : "e${index}"])}]) * 100"
    label       = "Requests answered with an error (%)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  count = try(var.alarms.latency_milliseconds, null) == null ? 0 : 1

  alarm_name          = "${var.name}-latency"
  alarm_description   = "The model behind endpoint ${local.endpoint_name} takes longer than ${var.alarms.latency_milliseconds} ms (p99)"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.alarms.latency_milliseconds
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
  tags                = var.tags

  dynamic "metric_query" {
    for_each = local.variant_names

    content {
      id          = "l${metric_query.key}"
      return_data = false

      metric {
        namespace   = "AWS/SageMaker"
        metric_name = "ModelLatency"
        stat        = "p99"
        period      = 60
        dimensions  = { EndpointName = local.endpoint_name, VariantName = metric_query.value }
      }
    }
  }

  metric_query {
    id          = "milliseconds"
    expression  = "MAX([${join(", ", [for index in range(length(local.variant_names)) : "l${index}"])}]) / 1000"
    label       = "Slowest variant, p99 (ms)"
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "no_request" {
  count = try(var.alarms.no_request_minutes, null) == null ? 0 : 1

  alarm_name          = "${var.name}-no-request"
  alarm_description   = "Endpoint ${local.endpoint_name} has had no request for ${var.alarms.no_request_minutes} minutes"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = var.alarms.no_request_minutes / 5
  datapoints_to_alarm = var.alarms.no_request_minutes / 5
  treat_missing_data  = "breaching"
  alarm_actions       = local.notify
  ok_actions          = local.notify
  tags                = var.tags

  dynamic "metric_query" {
    for_each = local.variant_names

    content {
      id          = "r${metric_query.key}"
      return_data = false

      metric {
        namespace   = "AWS/SageMaker"
        metric_name = "Invocations"
        stat        = "Sum"
        period      = 300
        dimensions  = { EndpointName = local.endpoint_name, VariantName = metric_query.value }
      }
    }
  }

  metric_query {
    id          = "requests"
    expression  = "SUM([${join(", ", [for index in range(length(local.variant_names)) : "r${index}"])}])"
    label       = "Requests in five minutes"
    return_data = true
  }
}
