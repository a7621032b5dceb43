# What no pipeline may change, whatever its stage is called: the platform's own parts, which share the
# prefix and, in the orchestrator account, the account.

data "aws_iam_policy_document" "guard" {
  statement {
    sid    = "KeepOffThePlatformsRoles"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:Delete*",
      "iam:DetachRolePolicy",
      "iam:PassRole",
      "iam:Put*",
      "iam:Update*",
    ]
    resources = [
      for role in ["api-log", "build-apply", "build-plan", "build-provision", "codepipeline", "deploy", "orchestrator", "plan"] :
      "${local.iam_arn}:role/${var.name}-${role}"
    ]
  }

  statement {
    sid    = "KeepOffThePlatformsParts"
    effect = "Deny"
    actions = [
      "cloudwatch:Delete*",
      "cloudwatch:Put*",
      "codebuild:Delete*",
      "codebuild:StartBuild",
      "codebuild:Update*",
      "events:Delete*",
      "events:Disable*",
      "events:Put*",
      "events:Remove*",
      "lambda:Add*",
      "lambda:Delete*",
      "lambda:Invoke*",
      "lambda:Put*",
      "lambda:Update*",
      "logs:Delete*",
      "sagemaker:DeleteModelPackageGroup",
      "sns:Delete*",
      "sns:Set*",
    ]
    resources = concat(
      [for alarm in ["api-errors", "function-errors", "function-throttles"] : "${local.service_arn.cloudwatch}:alarm:${var.name}-orchestrator-${alarm}"],
      [for project in ["apply", "plan", "provision", "verify"] : "${local.service_arn.codebuild}:project/${var.name}-${project}"],
      [for rule in ["action-failed", "config-object", "delivery-ended", "delivery-succeeded", "provisioning-failed"] : "${local.service_arn.events}:rule/${var.name}-${rule}"],
      [
        "${local.service_arn.lambda}:function:${var.name}-orchestrator",
        "${local.service_arn.logs}:log-group:/aws/*/${var.name}-orchestrator",
        "${local.service_arn.logs}:log-group:/aws/*/${var.name}-orchestrator:*",
        "${local.service_arn.sagemaker}:model-package-group/${var.name}-registry",
        "${local.service_arn.sns}:${var.name}-notifications",
      ],
    )
  }

  # A blueprint of a team's own may make buckets under the prefix, which the platform's share.
  statement {
    sid     = "KeepOffThePlatformsBuckets"
    effect  = "Deny"
    actions = ["s3:Delete*", "s3:Put*"]
    resources = [
      "arn:${local.partition}:s3:::${var.orchestrator.artifacts_bucket}",
      "arn:${local.partition}:s3:::${var.orchestrator.artifacts_bucket}/*",
      "arn:${local.partition}:s3:::${var.orchestrator.assets_bucket}",
      local.state_arn,
    ]
  }
}
