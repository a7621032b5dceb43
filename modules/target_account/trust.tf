# Who may assume the roles. Accounts are named and narrowed by aws:PrincipalArn: a trust policy that
# names a role is refused while that role does not exist, and this account may come before it.

locals {
  orchestrator_root = "arn:${local.partition}:iam::${var.orchestrator.account_id}:root"
  orchestrator_role = "arn:${local.partition}:iam::${var.orchestrator.account_id}:role/${var.name}"

  # The platform's own service roles are no operators, whatever their policies come to say.
  service_role_arns = [
    for role in ["build-apply", "build-plan", "build-provision", "codepipeline", "orchestrator"] :
    "${local.orchestrator_role}-${role}"
  ]
  operator_roots = (
    var.operator_principal_arns == null
    ? [local.orchestrator_root]
    : sort(distinct([
      for arn in var.operator_principal_arns : "arn:${local.partition}:iam::${split(":", arn)[4]}:root"
    ]))
  )
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    sid     = "LetTheBuildsIn"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [local.orchestrator_root]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = ["${local.orchestrator_role}-${each.value.builder}"]
    }

    dynamic "condition" {
      for_each = var.external_id == null ? [] : [var.external_id]

      content {
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.operator_roots) == 0 ? [] : [1]

    content {
      sid     = "LetTheOperatorsIn"
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = local.operator_roots
      }

      condition {
        test     = var.operator_principal_arns == null ? "ArnNotEquals" : "ArnLike"
        variable = "aws:PrincipalArn"
        values   = coalesce(var.operator_principal_arns, local.service_role_arns)
      }

      dynamic "condition" {
        for_each = var.external_id == null ? [] : [var.external_id]

        content {
          test     = "StringEquals"
          variable = "sts:ExternalId"
          values   = [condition.value]
        }
      }
    }
  }
}
