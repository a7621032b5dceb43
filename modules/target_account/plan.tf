# What the plan role may do: read the settings, never the data, of what blueprints make.
# The deploy role gets the same, because Terraform reads before it changes.

locals {
  plan_policies = {
    read  = data.aws_iam_policy_document.read.json
    state = data.aws_iam_policy_document.state["plan"].json
  }

  state_arn = "arn:${local.partition}:s3:::${var.orchestrator.state_bucket}"
  # The two keys of the platform; their ids are not known here, so their own policies narrow this.
  platform_key_arns = (
    var.orchestrator.kms_key_arn == null
    ? ["arn:${local.partition}:kms:${local.region}:${var.orchestrator.account_id}:key/*"]
    : [var.orchestrator.kms_key_arn]
  )

  # All stages that live here; jobs of the orchestrator account are a stage of their own.
  stages = sort(setunion(
    var.stages,
    var.account_id == var.orchestrator.account_id ? ["orchestrator"] : [],
  ))
  # A policy holds 6,144 characters: more than eight stages are named together.
  state_keys = [
    for stage in length(local.stages) > 8 ? ["*"] : local.stages : "${var.name}/${stage}/*/terraform.tfstate"
  ]
}

data "aws_iam_policy_document" "read" {
  statement {
    sid = "ReadSettings"
    actions = [
      "application-autoscaling:Describe*",
      "application-autoscaling:ListTagsForResource",
      "cloudformation:DescribeType",
      "cloudformation:GetResource",
      "cloudformation:GetResourceRequestStatus",
      "cloudformation:ListResources",
      "cloudwatch:Describe*",
      "cloudwatch:GetDashboard",
      "cloudwatch:GetMetricData",
      "cloudwatch:GetMetricStatistics",
      "cloudwatch:List*",
      "codebuild:BatchGet*",
      "codebuild:List*",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcEndpoints",
      "ec2:DescribeVpcs",
      "ecr:BatchGetImage",
      "ecr:Describe*",
      "ecr:GetLifecyclePolicy",
      "ecr:GetRepositoryPolicy",
      "ecr:List*",
      "events:Describe*",
      "events:List*",
      "kms:DescribeKey",
      "kms:ListAliases",
      "lambda:Get*",
      "lambda:List*",
      "logs:Describe*",
      "logs:ListTagsForResource",
      "sagemaker:Describe*",
      "sagemaker:GetModelPackageGroupPolicy",
      "sagemaker:List*",
      "scheduler:Get*",
      "scheduler:List*",
      "sns:Get*",
      "sns:List*",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:ListQueueTags",
      "states:Describe*",
      "states:GetExecutionHistory",
      "states:List*",
      "states:ValidateStateMachineDefinition",
    ]
    # wildcard: settings only, and most of these calls have no resource level.
    resources = ["*"]
  }

  statement {
    sid       = "ReadApis"
    actions   = ["apigateway:GET"]
    resources = ["arn:${local.partition}:apigateway:${local.region}::/*"]
  }

  statement {
    sid = "ReadRoles"
    actions = [
      "iam:GetPolicy",
      "iam:GetPolicyVersion",
      "iam:GetRole",
      "iam:GetRolePolicy",
      "iam:ListAttachedRolePolicies",
      "iam:ListInstanceProfilesForRole",
      "iam:ListPolicyTags",
      "iam:ListPolicyVersions",
      "iam:ListRolePolicies",
      "iam:ListRoleTags",
    ]
    resources = [
      "arn:${local.partition}:iam::${var.account_id}:policy/${var.name}*",
      "arn:${local.partition}:iam::${var.account_id}:role/${var.name}-*",
    ]
  }

  statement {
    sid = "ReadBuckets"
    actions = [
      "s3:GetBucket*",
      "s3:GetEncryptionConfiguration",
      "s3:GetLifecycleConfiguration",
      "s3:ListBucket",
    ]
    # wildcard: a config may point to any bucket; this reads settings and names, no object.
    resources = ["arn:${local.partition}:s3:::*"]
  }

  # The objects that pipelines were given, to see that they are there.
  statement {
    sid     = "ReadPinnedObjects"
    actions = ["s3:GetObject", "s3:GetObjectAttributes", "s3:GetObjectTagging", "s3:GetObjectVersion"]
    resources = [
      "arn:${local.partition}:s3:::${var.orchestrator.artifacts_bucket}/objects/*",
      "arn:${local.partition}:s3:::${var.orchestrator.assets_bucket}/*",
    ]
  }
}

data "aws_iam_policy_document" "state" {
  for_each = toset(["deploy", "plan"])

  # Without the right to list, a state that does not exist yet is answered with 403 instead of 404.
  statement {
    sid       = "ListStates"
    actions   = ["s3:ListBucket"]
    resources = [local.state_arn]
  }

  # Always one folder deeper than the stage: never the orchestrator's own state.
  statement {
    sid       = "ReadStates"
    actions   = ["s3:GetObject"]
    resources = [for key in local.state_keys : "${local.state_arn}/${key}*"]
  }

  statement {
    sid       = "LockStates"
    actions   = ["s3:DeleteObject", "s3:PutObject"]
    resources = [for key in local.state_keys : "${local.state_arn}/${key}.tflock"]
  }

  dynamic "statement" {
    for_each = each.key == "deploy" ? [1] : []

    content {
      sid       = "WriteStates"
      actions   = ["s3:PutObject"]
      resources = [for key in local.state_keys : "${local.state_arn}/${key}"]
    }
  }

  # The account workspaces make these very roles; the delivery pipelines are the provisioner's.
  statement {
    sid     = "KeepOffThePlatformsStates"
    effect  = "Deny"
    actions = ["s3:DeleteObject*", "s3:GetObject*", "s3:PutObject*"]
    resources = [
      "${local.state_arn}/${var.name}/*/account/*",
      "${local.state_arn}/${var.name}/delivery/*",
    ]
  }

  statement {
    sid       = "UseThePlatformsKeysThroughS3"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = local.platform_key_arns

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }
}
