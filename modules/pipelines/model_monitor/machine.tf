# The state machine that runs the job, its role and its log. The same file in every job module: what it
# does is local.definition, what it may do beside telling about it is the policy document "run".

locals {
  machine_arn      = "arn:${local.partition}:states:${local.region}:${var.account_id}:stateMachine:${var.name}"
  machine_role_arn = "arn:${local.partition}:iam::${var.account_id}:role/${aws_iam_role.machine.name}"
}

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  role_arn   = local.machine_role_arn
  type       = "STANDARD"
  definition = jsonencode(local.definition)
  tags       = var.tags

  logging_configuration {
    include_execution_data = true
    level                  = "ERROR"
    log_destination        = "${aws_cloudwatch_log_group.machine.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  # An execution must find every right in place, and at the end nothing may be taken from a running one.
  depends_on = [aws_iam_role_policy.machine]
}

resource "aws_cloudwatch_log_group" "machine" {
  name              = "/aws/vendedlogs/states/${var.name}"
  retention_in_days = 90
  tags              = var.tags
}

resource "aws_iam_role" "machine" {
  name                 = "${var.name}-machine"
  description          = "Step Functions: runs the jobs of ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.machine_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "machine" {
  name   = "run"
  role   = aws_iam_role.machine.name
  policy = data.aws_iam_policy_document.machine.json
}

data "aws_iam_policy_document" "machine_trust" {
  statement {
    sid     = "StepFunctions"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:states:${local.region}:${var.account_id}:*"]
    }
  }
}

data "aws_iam_policy_document" "machine" {
  source_policy_documents = [data.aws_iam_policy_document.run.json]

  statement {
    sid = "Log"

    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]

    # wildcard: CloudWatch Logs has no resource level for log deliveries.
    resources = ["*"]
  }

  statement {
    sid = "Trace"

    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]

    # wildcard: X-Ray has no resource level.
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.notifications[*]

    content {
      sid       = "Tell"
      actions   = ["sns:Publish"]
      resources = [statement.value.topic_arn]
    }
  }

  dynamic "statement" {
    for_each = compact(var.notifications[*].kms_key_arn)

    content {
      sid       = "EncryptWhatIsTold"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = [replace(statement.value, "/:alias/.*$/", ":key/*")]

      # An alias stands for the key that it names.
      dynamic "condition" {
        for_each = regexall("alias/.*$", statement.value)

        content {
          test     = "ForAnyValue:StringEquals"
          variable = "kms:ResourceAliases"
          values   = [condition.value]
        }
      }
    }
  }
}
