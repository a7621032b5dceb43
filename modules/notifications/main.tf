# One topic that tells people what happens: deliveries that end, actions that fail, provisioning that
# fails, alarms, jobs that end, and approvals that wait. In: who reads. Out: the topic's ARN.
#
#   CodePipeline, CodeBuild --> EventBridge rules --> topic --> e-mail
#   CloudWatch alarms, CodePipeline approvals ------>
#   the stages' alarms, and roles of their jobs ---->

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  topic_arn = "arn:${local.partition}:sns:${local.region}:${var.account_id}:${var.name}-notifications"

  other_account_ids = sort([for account_id in var.stage_account_ids : account_id if account_id != var.account_id])

  # Where a person looks further, by partition.
  _console_domain = {
    aws        = "console.aws.amazon.com"
    aws-cn     = "console.amazonaws.cn"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }
  console = "https://${local.region}.${lookup(local._console_domain, local.partition, "console.aws.amazon.com")}"

  # What is reported: a rule each, with the sentence that it sends.
  reports = {
    delivery-ended = {
      description = "A delivery pipeline's execution ended."
      detail_type = "CodePipeline Pipeline Execution State Change"
      source      = "aws.codepipeline"
      detail = {
        pipeline = [{ prefix = "${var.name}-" }]
        state    = ["FAILED", "STOPPED", "SUCCEEDED"]
      }
      paths = {
        execution = "$.detail.execution-id"
        pipeline  = "$.detail.pipeline"
        state     = "$.detail.state"
      }
      sentence = "Delivery pipeline <pipeline>: <state> (execution <execution>). ${local.console}/codesuite/codepipeline/pipelines/<pipeline>/executions/<execution>/timeline?region=${local.region}"
    }
    action-failed = {
      description = "An action of a delivery pipeline failed."
      detail_type = "CodePipeline Action Execution State Change"
      source      = "aws.codepipeline"
      detail = {
        pipeline = [{ prefix = "${var.name}-" }]
        state    = ["FAILED"]
      }
      paths = {
        action    = "$.detail.action"
        execution = "$.detail.execution-id"
        pipeline  = "$.detail.pipeline"
        reason    = "$.detail.execution-result.external-execution-summary"
        stage     = "$.detail.stage"
      }
      sentence = "Delivery pipeline <pipeline>: action <action> of <stage> FAILED: <reason> (execution <execution>). ${local.console}/codesuite/codepipeline/pipelines/<pipeline>/executions/<execution>/timeline?region=${local.region}"
    }
    provisioning-failed = {
      description = "Making, changing or removing a delivery pipeline failed."
      detail_type = "CodeBuild Build State Change"
      source      = "aws.codebuild"
      detail = {
        build-status = ["FAILED", "FAULT", "STOPPED", "TIMED_OUT"]
        project-name = ["${var.name}-provision"]
      }
      paths = {
        bundle = "$.detail.additional-information.source.location"
        log    = "$.detail.additional-information.logs.deep-link"
        status = "$.detail.build-status"
      }
      sentence = "Provisioning of <bundle>: <status>. Its log: <log>"
    }
  }
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_iam_policy_document" "publish" {
  statement {
    sid       = "LetTheRulesPublish"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${var.account_id}:rule/${var.name}-*"]
    }
  }

  statement {
    sid       = "LetTheAlarmsPublish"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = sort(setunion([var.account_id], var.stage_account_ids))
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:cloudwatch:${local.region}:*:alarm:${var.name}-*"]
    }
  }

  # Jobs end in the stages' accounts: state machines and EventBridge tell of it with roles of their own.
  dynamic "statement" {
    for_each = length(local.other_account_ids) == 0 ? [] : [local.other_account_ids]

    content {
      sid       = "LetTheStagesPublish"
      actions   = ["sns:Publish"]
      resources = [local.topic_arn]

      principals {
        type        = "AWS"
        identifiers = [for account_id in statement.value : "arn:${local.partition}:iam::${account_id}:root"]
      }

      # A policy that named a role would be refused while the role does not exist.
      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = [for account_id in statement.value : "arn:${local.partition}:iam::${account_id}:role/${var.name}-*"]
      }
    }
  }
}

resource "aws_sns_topic" "this" {
  name              = "${var.name}-notifications"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.publish.json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  endpoint  = each.value
  protocol  = "email"
  topic_arn = aws_sns_topic.this.arn
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.reports

  name        = "${var.name}-${each.key}"
  description = each.value.description
  tags        = var.tags

  event_pattern = jsonencode({
    account     = [var.account_id]
    detail      = each.value.detail
    detail-type = [each.value.detail_type]
    source      = [each.value.source]
  })
}

resource "aws_cloudwatch_event_target" "topic" {
  for_each = local.reports

  arn  = aws_sns_topic.this.arn
  rule = aws_cloudwatch_event_rule.this[each.key].name

  input_transformer {
    input_paths    = each.value.paths
    input_template = "\"${each.value.sentence}\""
  }
}
