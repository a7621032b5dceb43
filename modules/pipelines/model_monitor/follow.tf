# A Clarify baseline is of one model: when the endpoint gets another, the state machine runs again, sees
# that there is none for it, and makes it (and writes anew what the runs ask that model).

locals {
  watched = concat(
    length(local.watch) == 0 ? [] : [local.results_arn],
    local.is_clarify ? [local.machine_arn] : [],
  )
}

resource "aws_cloudwatch_event_rule" "endpoint" {
  count = local.is_clarify ? 1 : 0

  name        = "${var.name}-endpoint"
  description = "Endpoint ${var.endpoint_name} is in service, perhaps with another model."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.sagemaker"]
    detail-type = ["SageMaker Endpoint State Change"]
    detail = {
      EndpointName   = [var.endpoint_name]
      EndpointStatus = ["IN_SERVICE", "InService"]
    }
  })
}

resource "aws_cloudwatch_event_target" "endpoint" {
  count = local.is_clarify ? 1 : 0

  rule      = aws_cloudwatch_event_rule.endpoint[0].name
  target_id = "baseline"
  arn       = aws_sfn_state_machine.this.arn
  role_arn  = "arn:${local.partition}:iam::${var.account_id}:role/${aws_iam_role.watch[0].name}"
  input     = jsonencode({ started_by = "endpoint" })

  depends_on = [aws_iam_role_policy.watch]
}

# EventBridge starts state machines with this role: for jobs that ended, and for the endpoint's changes.
resource "aws_iam_role" "watch" {
  count = length(local.watched) == 0 ? 0 : 1

  name                 = "${var.name}-watch"
  description          = "EventBridge: starts the state machines of monitor ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.watch_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "watch" {
  count = length(local.watched) == 0 ? 0 : 1

  name   = "start"
  role   = aws_iam_role.watch[0].name
  policy = data.aws_iam_policy_document.watch[0].json
}

data "aws_iam_policy_document" "watch_trust" {
  statement {
    sid     = "EventBridge"
    actions = ["sts:AssumeRole"]

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
}

data "aws_iam_policy_document" "watch" {
  count = length(local.watched) == 0 ? 0 : 1

  statement {
    sid       = "StartStateMachines"
    actions   = ["states:StartExecution"]
    resources = local.watched
  }
}
