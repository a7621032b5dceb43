# What the state machine may do: make the baseline, hand SageMaker its role, stop and start this schedule.

locals {
  # SageMaker writes names in ARNs in lower case; ours are.
  sagemaker_arn = "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}"
}

data "aws_iam_policy_document" "run" {
  statement {
    sid       = "RunJobs"
    actions   = ["sagemaker:AddTags", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"]
    resources = ["${local.sagemaker_arn}:processing-job/${local.job_prefix}-*"]
  }

  statement {
    sid       = "PassRole"
    actions   = ["iam:PassRole"]
    resources = [local.execution_role_arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  # Step Functions learns that a job has ended from a rule of this name, which it makes itself.
  statement {
    sid       = "HearOfTheEnd"
    actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = ["arn:${local.partition}:events:${local.region}:${var.account_id}:rule/StepFunctionsGetEventsForSageMakerProcessingJobsRule"]
  }

  dynamic "statement" {
    for_each = local.is_once ? [] : [local.schedule_name]

    content {
      sid       = "StopAndStartTheSchedule"
      actions   = ["sagemaker:DescribeMonitoringSchedule", "sagemaker:StartMonitoringSchedule", "sagemaker:StopMonitoringSchedule"]
      resources = ["${local.sagemaker_arn}:monitoring-schedule/${statement.value}"]
    }
  }

  dynamic "statement" {
    for_each = local.is_once ? ["${var.name}-now-*"] : []

    content {
      sid       = "RunOnce"
      actions   = ["sagemaker:AddTags", "sagemaker:CreateMonitoringSchedule", "sagemaker:DeleteMonitoringSchedule", "sagemaker:DescribeMonitoringSchedule"]
      resources = ["${local.sagemaker_arn}:monitoring-schedule/${statement.value}"]
    }
  }

  statement {
    sid       = "LookForTheBaseline"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${local.baseline_bucket}"]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.baseline_prefix}/*"]
    }
  }

  dynamic "statement" {
    for_each = local.is_clarify ? [local.endpoint_arns] : []

    content {
      sid     = "FindTheModel"
      actions = ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig"]
      # Which configuration the endpoint has is only known when the state machine runs.
      resources = concat(statement.value, ["${local.sagemaker_arn}:endpoint-config/*"])
    }
  }

  dynamic "statement" {
    for_each = local.is_clarify && local.given_header == null ? [true] : []

    content {
      sid       = "ReadTheHeader"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${local.dataset_bucket}/${local.dataset_key}"]
    }
  }

  dynamic "statement" {
    for_each = local.is_clarify ? [true] : []

    content {
      sid     = "WriteTheAnalysis"
      actions = ["s3:PutObject"]
      resources = [
        "arn:${local.partition}:s3:::${local.baseline_bucket}/${local.baseline_prefix}/analysis_config.json",
        "arn:${local.partition}:s3:::${local.baseline_bucket}/${local.baseline_prefix}/made-for/*",
        "arn:${local.partition}:s3:::${local.baseline_bucket}/${local.baseline_prefix}/monitor/analysis_config.json",
      ]
    }
  }

  dynamic "statement" {
    for_each = local.is_clarify ? [true] : []

    content {
      sid       = "ForgetTheModel"
      actions   = ["s3:DeleteObject"]
      resources = ["arn:${local.partition}:s3:::${local.baseline_bucket}/${local.baseline_prefix}/made-for/*"]
    }
  }

  dynamic "statement" {
    for_each = local.is_clarify ? var.kms_key_arn[*] : []

    content {
      sid       = "EncryptTheAnalysis"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.is_clarify && length(local.data_key_arns) > 0 ? [local.data_key_arns] : []

    content {
      sid       = "UseDataKeys"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = sort(statement.value)
    }
  }

  dynamic "statement" {
    for_each = { for index, arn in local.is_clarify ? local.data_key_aliases : [] : index => arn }

    content {
      sid       = "UseDataKeyByAlias${statement.key}"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [replace(statement.value, "/:alias/.*$/", ":key/*")]

      condition {
        test     = "ForAnyValue:StringEquals"
        variable = "kms:ResourceAliases"
        values   = [regex("alias/.*$", statement.value)]
      }
    }
  }

  dynamic "statement" {
    for_each = local.volume_kms_key[*]

    content {
      sid       = "EncryptVolumes"
      actions   = ["kms:CreateGrant", "kms:DescribeKey"]
      resources = [statement.value]
    }
  }
}
