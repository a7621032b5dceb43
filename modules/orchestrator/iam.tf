# What the function may do: look at what requests point to, store bundles, start deliveries. It makes
# no infrastructure and assumes no role of a stage.

locals {
  artifacts_arn        = "arn:${local.partition}:s3:::${var.buckets.artifacts}"
  assets_arn           = "arn:${local.partition}:s3:::${var.buckets.assets}"
  config_arns          = var.buckets.config == null ? [] : ["arn:${local.partition}:s3:::${var.buckets.config}"]
  pipeline_arn_pattern = "arn:${local.partition}:codepipeline:${local.region}:${var.account_id}:${var.name}-*"
  provision_arn        = "arn:${local.partition}:codebuild:${local.region}:${var.account_id}:project/${var.name}-provision"
}

resource "aws_iam_role" "this" {
  name                 = local.function_name
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  name   = "orchestrate"
  policy = data.aws_iam_policy_document.orchestrate.json
  role   = aws_iam_role.this.name
}

# Lambda documents no SourceAccount for the roles of functions: a role is tied to its function by
# iam:PassRole, which only this account's own principals can be given.
data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "LetTheFunctionRun"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "orchestrate" {
  statement {
    sid       = "WriteOwnLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:/aws/lambda/${local.function_name}:*"]
  }

  statement {
    sid     = "Trace"
    actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    # wildcard: X-Ray has no resource level.
    resources = ["*"]
  }

  statement {
    sid       = "StoreBundles"
    actions   = ["s3:GetObject", "s3:GetObjectAttributes", "s3:GetObjectVersion", "s3:PutObject"]
    resources = ["${local.artifacts_arn}/bundles/*"]
  }

  statement {
    sid       = "ReadTheEvidence"
    actions   = ["s3:GetObject"]
    resources = ["${local.artifacts_arn}/releases/*"]
  }

  # What a request points to is looked at (version, checksum) before anything starts.
  statement {
    sid = "LookAtAssets"
    actions = [
      "s3:GetObject",
      "s3:GetObjectAttributes",
      "s3:GetObjectVersion",
      "s3:GetObjectVersionAttributes",
    ]
    resources = ["${local.assets_arn}/*"]
  }

  # Without the right to list, a missing object is answered with 403 instead of 404.
  statement {
    sid       = "TellMissingFromForbidden"
    actions   = ["s3:GetBucketVersioning", "s3:ListBucket"]
    resources = concat([local.artifacts_arn, local.assets_arn], local.config_arns)
  }

  dynamic "statement" {
    for_each = length(local.config_arns) == 0 ? [] : [1]

    content {
      sid       = "ReadConfigs"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = [for arn in local.config_arns : "${arn}/*"]
    }
  }

  statement {
    sid       = "ExportModelCards"
    actions   = ["s3:PutObject"]
    resources = ["${local.assets_arn}/model_card_exports/*"]
  }

  statement {
    sid       = "UseTheArtifactsKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]
  }

  statement {
    sid     = "LookAtImages"
    actions = ["ecr:BatchGetImage", "ecr:DescribeImages"]
    # wildcard: a request names its repository; this reads tags and digests, no layer.
    resources = ["arn:${local.partition}:ecr:${local.region}:${var.account_id}:repository/*"]
  }

  statement {
    sid     = "LookAtModels"
    actions = ["sagemaker:DescribeModelPackage"]
    # wildcard: a request names its model package, possibly another account's, whose policy decides.
    resources = ["arn:${local.partition}:sagemaker:${local.region}:*:model-package/*"]
  }

  statement {
    sid     = "FindTheNewestModel"
    actions = ["sagemaker:ListModelPackages"]
    # wildcard: a request names its model package group; the versions of one are listed, nothing of them is read.
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:model-package/*"]
  }

  statement {
    sid = "KeepModelCards"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:CreateModelCard",
      "sagemaker:CreateModelCardExportJob",
      "sagemaker:DeleteModelCard",
      "sagemaker:DescribeModelCard",
      "sagemaker:DescribeModelCardExportJob",
      "sagemaker:ListModelCardVersions",
      "sagemaker:UpdateModelCard",
    ]
    # wildcard: requests name their cards.
    resources = [
      "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:model-card/*",
    ]
  }

  statement {
    sid = "FillModelCards"
    actions = [
      "sagemaker:DescribeModel",
      "sagemaker:DescribeTrainingJob",
    ]
    # wildcard: requests name the models and jobs that a card is about.
    resources = [
      "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:model/*",
      "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:training-job/*",
    ]
  }

  statement {
    sid     = "ListCardsJobsAndDeliveries"
    actions = ["codepipeline:ListPipelines", "sagemaker:ListModelCards", "sagemaker:Search"]
    # wildcard: lists have no resource level.
    resources = ["*"]
  }

  statement {
    sid = "StartAndFollowDeliveries"
    actions = [
      "codepipeline:GetPipeline",
      "codepipeline:GetPipelineExecution",
      "codepipeline:GetPipelineState",
      "codepipeline:ListActionExecutions",
      "codepipeline:ListPipelineExecutions",
      "codepipeline:ListTagsForResource",
      "codepipeline:StartPipelineExecution",
    ]
    resources = [local.pipeline_arn_pattern]
  }

  statement {
    sid       = "StartTheProvisioner"
    actions   = ["codebuild:BatchGetBuilds", "codebuild:ListBuildsForProject", "codebuild:StartBuild"]
    resources = [local.provision_arn]
  }

  statement {
    sid       = "ReportFailedEvents"
    actions   = ["sns:Publish"]
    resources = [var.topic_arn]
  }

  dynamic "statement" {
    for_each = var.vpc == null ? [] : [1]

    content {
      sid = "RunInTheVpc"
      actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "ec2:UnassignPrivateIpAddresses",
      ]
      # wildcard: Lambda checks these on all network interfaces (its own managed policy).
      resources = ["*"]
    }
  }
}
