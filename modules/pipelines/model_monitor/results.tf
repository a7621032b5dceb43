# What the runs of the schedule found: counted, and told through alarms. SageMaker sends no event about a
# run, only about its job; whether it found violations stands in the job's exit message.
#
#   job ended ─► rule ─► state machine: whose job, how did it end ─► metrics ─► alarms ─► topic

locals {
  watch = var.notifications == null ? [] : [var.notifications.topic_arn]
  # SageMaker's metrics of the kind, as the jobs publish them.
  published_namespace = {
    data_quality         = "aws/sagemaker/Endpoints/data-metrics"
    model_quality        = "aws/sagemaker/Endpoints/model-metrics"
    model_bias           = "aws/sagemaker/Endpoints/bias-metrics"
    model_explainability = "aws/sagemaker/Endpoints/explainability-metrics"
  }[var.kind]
  counted_namespace = "MLOps/Monitoring"
  counted_dimension = { Monitor = var.name }

  results_arn = "arn:${local.partition}:states:${local.region}:${var.account_id}:stateMachine:${var.name}-results"

  results_definition = {
    Comment = "Counts the runs of ${var.name}: all, those that found violations, those that failed."
    StartAt = "LookAtTheJob"
    States = {
      LookAtTheJob = {
        Type       = "Task"
        Resource   = "${local.sdk}:sagemaker:describeProcessingJob"
        Parameters = { "ProcessingJobName.$" = "$.detail.ProcessingJobName" }
        ResultPath = "$.job"
        Retry      = local.call_retry
        Next       = "IsItARun"
      }
      IsItARun = {
        Comment = "The baseline's job has the same role, but no schedule."
        Type    = "Choice"
        Choices = [
          { Variable = "$.job.MonitoringScheduleArn", IsPresent = false, Next = "NoRun" },
          { Variable = "$.job.ProcessingJobStatus", StringEquals = "Failed", Next = "CountFailure" },
          { And = [{ Variable = "$.job.ExitMessage", IsPresent = true }, { Variable = "$.job.ExitMessage", StringMatches = "CompletedWithViolations*" }], Next = "CountViolations" },
        ]
        Default = "CountRun"
      }
      NoRun           = { Type = "Succeed" }
      CountRun        = merge(local.count, { Parameters = { Namespace = local.counted_namespace, MetricData = [for metric in local.counted : merge(metric, { Value = metric.MetricName == "Runs" ? 1 : 0 })] } })
      CountViolations = merge(local.count, { Parameters = { Namespace = local.counted_namespace, MetricData = [for metric in local.counted : merge(metric, { Value = metric.MetricName == "FailedRuns" ? 0 : 1 })] } })
      CountFailure    = merge(local.count, { Parameters = { Namespace = local.counted_namespace, MetricData = [for metric in local.counted : merge(metric, { Value = metric.MetricName == "RunsWithViolations" ? 0 : 1 })] } })
    }
  }

  count = {
    Type     = "Task"
    Resource = "${local.sdk}:cloudwatch:putMetricData"
    Retry    = local.call_retry
    End      = true
  }
  counted = [
    for name in ["Runs", "RunsWithViolations", "FailedRuns"] :
    { MetricName = name, Unit = "Count", Dimensions = [for key, value in local.counted_dimension : { Name = key, Value = value }] }
  ]
}

resource "aws_sfn_state_machine" "results" {
  count = length(local.watch)

  name       = "${var.name}-results"
  role_arn   = "arn:${local.partition}:iam::${var.account_id}:role/${aws_iam_role.results[0].name}"
  type       = "EXPRESS"
  definition = jsonencode(local.results_definition)
  tags       = var.tags

  depends_on = [aws_iam_role_policy.results]
}

resource "aws_iam_role" "results" {
  count = length(local.watch)

  name                 = "${var.name}-results"
  description          = "Step Functions: counts the runs of ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.machine_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "results" {
  count = length(local.watch)

  name   = "count"
  role   = aws_iam_role.results[0].name
  policy = data.aws_iam_policy_document.results.json
}

data "aws_iam_policy_document" "results" {
  statement {
    sid     = "LookAtTheJob"
    actions = ["sagemaker:DescribeProcessingJob"]
    # SageMaker names the jobs of a schedule itself.
    resources = ["${local.sagemaker_arn}:processing-job/*"]
  }

  statement {
    sid     = "Count"
    actions = ["cloudwatch:PutMetricData"]
    # wildcard: CloudWatch has no resource level for metrics; the namespace is the limit.
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.counted_namespace]
    }
  }
}

resource "aws_cloudwatch_event_rule" "job_ended" {
  count = length(local.watch)

  name        = "${var.name}-job-ended"
  description = "Jobs of monitor ${var.name} that ended."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.sagemaker"]
    detail-type = ["SageMaker Processing Job State Change"]
    detail = {
      RoleArn             = [local.execution_role_arn]
      ProcessingJobStatus = ["Completed", "Failed"]
    }
  })
}

resource "aws_cloudwatch_event_target" "job_ended" {
  count = length(local.watch)

  rule      = aws_cloudwatch_event_rule.job_ended[0].name
  target_id = "count"
  arn       = aws_sfn_state_machine.results[0].arn
  role_arn  = "arn:${local.partition}:iam::${var.account_id}:role/${aws_iam_role.watch[0].name}"

  depends_on = [aws_iam_role_policy.watch]
}

resource "aws_cloudwatch_metric_alarm" "violations" {
  count = var.alarms.violations ? length(local.watch) : 0

  alarm_name          = "${var.name}-violations"
  alarm_description   = "Monitor ${var.name} of endpoint ${var.endpoint_name} found violations of its baseline; the reports are below ${local.report_s3_uri}"
  namespace           = local.counted_namespace
  metric_name         = "RunsWithViolations"
  dimensions          = local.counted_dimension
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  # Between two runs nothing is known anew: the alarm stands until a run finds nothing.
  treat_missing_data = "ignore"
  alarm_actions      = local.watch
  ok_actions         = local.watch
  tags               = var.tags
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  count = var.alarms.violations ? length(local.watch) : 0

  alarm_name          = "${var.name}-failures"
  alarm_description   = "A run of monitor ${var.name} of endpoint ${var.endpoint_name} failed; /aws/sagemaker/ProcessingJobs has its log"
  namespace           = local.counted_namespace
  metric_name         = "FailedRuns"
  dimensions          = local.counted_dimension
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "ignore"
  alarm_actions       = local.watch
  ok_actions          = local.watch
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "no_run" {
  count = var.alarms.no_execution_hours == null || local.is_once ? 0 : length(local.watch)

  alarm_name          = "${var.name}-no-run"
  alarm_description   = "Monitor ${var.name} of endpoint ${var.endpoint_name} has not run for ${var.alarms.no_execution_hours} hours: is its schedule there, and does the endpoint capture data?"
  namespace           = local.counted_namespace
  metric_name         = "Runs"
  dimensions          = local.counted_dimension
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.alarms.no_execution_hours
  datapoints_to_alarm = var.alarms.no_execution_hours
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = local.watch
  ok_actions          = local.watch
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = { for name, metric in var.alarms.metrics : name => metric if length(local.watch) > 0 }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.metric_name} of monitor ${var.name}, endpoint ${var.endpoint_name}; the reports are below ${local.report_s3_uri}"
  namespace           = each.value.namespace == null ? local.published_namespace : each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = merge({ Endpoint = var.endpoint_name, MonitoringSchedule = local.schedule_name }, each.value.dimensions)
  statistic           = each.value.statistic
  period              = each.value.period_seconds
  evaluation_periods  = 1
  threshold           = each.value.threshold
  comparison_operator = each.value.comparison
  treat_missing_data  = "ignore"
  alarm_actions       = local.watch
  ok_actions          = local.watch
  tags                = var.tags
}
