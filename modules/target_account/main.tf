# The two roles through which an account is delivered to: plan reads, deploy changes.
# In: the orchestrator account and the stages that live here. Out: the roles' ARNs.
#
#   <prefix>-build-plan  --assumes--> <prefix>-plan    reads what blueprints make, locks state
#   <prefix>-build-apply --assumes--> <prefix>-deploy  makes and removes <prefix>-<stage>-* only
#   operators            --assume---> both

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  roles = {
    deploy = {
      description = "Terraform changes what the pipelines of ${var.name} own in this account."
      builder     = "build-apply"
      policies    = merge(local.deploy_policies, var.additional_policies.deploy)
    }
    plan = {
      description = "Terraform reads what the pipelines of ${var.name} own in this account."
      builder     = "build-plan"
      policies    = merge(local.plan_policies, var.additional_policies.plan)
    }
  }

  # One policy a role and topic; a path keeps them out of the names that pipelines may use.
  policies = merge([
    for role, it in local.roles : {
      for topic, document in it.policies : "${role}-${topic}" => { role = role, document = document }
    }
  ]...)
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.name}-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  description          = each.value.description
  max_session_duration = 3600
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_policy" "this" {
  for_each = local.policies

  name        = "${var.name}-${each.key}"
  path        = "/${var.name}/"
  description = "What ${var.name}-${each.value.role} may do here."
  policy      = each.value.document
  tags        = var.tags
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = local.policies

  policy_arn = aws_iam_policy.this[each.key].arn
  role       = aws_iam_role.this[each.value.role].name
}
