# Word of runs that were stopped from outside or ran out of time: the state machine itself can no longer
# tell then. The same file in every job module.

locals {
  # A topic of this account lets EventBridge in by its own policy; one of another account is reached
  # with a role.
  topic_is_elsewhere = try(split(":", var.notifications.topic_arn)[4] != var.account_id, false)
}

resource "aws_cloudwatch_event_rule" "stopped" {
  count = length(local.stopped_targets) == 0 ? 0 : 1

  name        = "${var.name}-stopped"
  description = "Runs of ${var.name} that were stopped or ran out of time."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [local.machine_arn]
      status          = ["ABORTED", "TIMED_OUT"]
    }
  })
}

resource "aws_cloudwatch_event_target" "stopped" {
  for_each = local.stopped_targets

  rule      = aws_cloudwatch_event_rule.stopped[0].name
  target_id = each.key
  arn       = each.value.arn
  role_arn  = each.value.role_arn

  dynamic "input_transformer" {
    for_each = each.key == "tell" ? [true] : []

    content {
      input_paths = {
        execution = "$.detail.executionArn"
        run       = "$.detail.name"
        status    = "$.detail.status"
      }
      input_template = "\"${var.name}: the ${local.job.kind} of run <run> was ended from outside (<status>). Execution: <execution>\""
    }
  }

  depends_on = [aws_iam_role_policy.events]
}

resource "aws_iam_role" "events" {
  count = length(local.events_statements) == 0 ? 0 : 1

  name                 = "${var.name}-events"
  description          = "EventBridge: tells of stopped runs of ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.events_trust[0].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "events" {
  count = length(local.events_statements) == 0 ? 0 : 1

  name   = "targets"
  role   = aws_iam_role.events[0].name
  policy = data.aws_iam_policy_document.events[0].json
}

data "aws_iam_policy_document" "events_trust" {
  count = length(local.events_statements) == 0 ? 0 : 1

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
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:events:${local.region}:${var.account_id}:rule/${var.name}-stopped"]
    }
  }
}

data "aws_iam_policy_document" "events" {
  count = length(local.events_statements) == 0 ? 0 : 1

  dynamic "statement" {
    for_each = local.events_statements

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = [for arn in statement.value.resources : replace(arn, "/:alias/.*$/", ":key/*")]

      # An alias stands for the key that it names.
      dynamic "condition" {
        for_each = flatten([for arn in statement.value.resources : regexall("alias/.*$", arn)])

        content {
          test     = "ForAnyValue:StringEquals"
          variable = "kms:ResourceAliases"
          values   = [condition.value]
        }
      }
    }
  }
}

locals {
  events_role_arn = "arn:${local.partition}:iam::${var.account_id}:role/${var.name}-events"

  # local.stopped_machine_arn: another state machine that clears up after a stopped run, or null.
  stopped_targets = {
    for key, target in {
      tell  = { arn = try(var.notifications.topic_arn, null), role_arn = local.topic_is_elsewhere ? local.events_role_arn : null }
      clear = { arn = local.stopped_machine_arn, role_arn = local.events_role_arn }
    } : key => target if target.arn != null
  }

  events_statements = {
    for sid, statement in {
      Tell              = { actions = ["sns:Publish"], resources = local.topic_is_elsewhere ? [var.notifications.topic_arn] : [] }
      EncryptWhatIsTold = { actions = ["kms:Decrypt", "kms:GenerateDataKey*"], resources = local.topic_is_elsewhere ? compact(var.notifications[*].kms_key_arn) : [] }
      Clear             = { actions = ["states:StartExecution"], resources = compact([local.stopped_machine_arn == null ? "" : local.stopped_machine_arn]) }
    } : sid => statement if length(statement.resources) > 0
  }
}
