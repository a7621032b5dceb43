# Four service roles, each for one job: reading stages, changing stages, owning the delivery
# pipelines, and running them. None of them may do another's.

locals {
  artifacts_arn = "arn:${local.partition}:s3:::${var.buckets.artifacts}"
  assets_arn    = "arn:${local.partition}:s3:::${var.buckets.assets}"
  state_arn     = "arn:${local.partition}:s3:::${var.buckets.state}"

  # CodePipeline's keys start with the first 20 characters of a pipeline's name: <prefix>-<pipeline>.
  codepipeline_objects = "${local.artifacts_arn}/${substr("${var.name}-", 0, 20)}*"

  roles = {
    build-apply     = { service = "codebuild", source_arns = [local.project_arns.apply], policy = "apply" }
    build-plan      = { service = "codebuild", source_arns = [local.project_arns.plan, local.project_arns.verify], policy = "plan" }
    build-provision = { service = "codebuild", source_arns = [local.project_arns.provision], policy = "provision" }
    codepipeline    = { service = "codepipeline", source_arns = [local.pipeline_arn_pattern], policy = "pipeline" }
  }
  policies = {
    apply     = data.aws_iam_policy_document.apply.json
    pipeline  = data.aws_iam_policy_document.pipeline.json
    plan      = data.aws_iam_policy_document.plan.json
    provision = data.aws_iam_policy_document.provision.json
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.name}-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.value.policy
  policy = local.policies[each.value.policy]
  role   = aws_iam_role.this[each.key].name
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles

  statement {
    sid     = "LetTheServiceRun"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["${each.value.service}.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = each.value.source_arns
    }
  }
}

# What every build needs: its log, the key, and in a VPC its network interface.
data "aws_iam_policy_document" "build" {
  for_each = toset(["apply", "plan", "provision"])

  statement {
    sid     = "WriteOwnLog"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      for project, it in local.projects :
      "arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:/aws/codebuild/${var.name}-${project}:*"
      if it.role == "build-${each.key}"
    ]
  }

  statement {
    sid       = "UseTheArtifactsKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = [var.kms_key_arn]
  }

  dynamic "statement" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      sid = "SeeTheNetwork"
      actions = [
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ]
      # wildcard: CodeBuild needs these on all network interfaces (its own documented policy).
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      sid       = "LendTheInterfaceToCodeBuild"
      actions   = ["ec2:CreateNetworkInterfacePermission"]
      resources = ["arn:${local.partition}:ec2:${local.region}:${var.account_id}:network-interface/*"]

      condition {
        test     = "StringEquals"
        variable = "ec2:AuthorizedService"
        values   = ["codebuild.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "ec2:Subnet"
        values = [
          for id in statement.value.subnet_ids :
          "arn:${local.partition}:ec2:${local.region}:${var.account_id}:subnet/${id}"
        ]
      }
    }
  }
}

data "aws_iam_policy_document" "plan" {
  source_policy_documents = [data.aws_iam_policy_document.build["plan"].json]

  statement {
    sid     = "ReadTheStages"
    actions = ["sts:AssumeRole"]
    resources = sort([
      for account_id in setunion(var.stage_account_ids, [var.account_id]) :
      "arn:${local.partition}:iam::${account_id}:role/${var.name}-plan"
    ])
  }

  statement {
    sid       = "PassArtifactsOn"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = [local.codepipeline_objects]
  }

  statement {
    sid       = "FindTheArtifacts"
    actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation"]
    resources = [local.artifacts_arn]
  }

  # Verify records what it saw, and who had approved it.
  statement {
    sid       = "WriteTheEvidence"
    actions   = ["s3:PutObject"]
    resources = ["${local.artifacts_arn}/releases/*"]
  }

  statement {
    sid       = "SeeWhoApproved"
    actions   = ["codepipeline:ListActionExecutions"]
    resources = [local.pipeline_arn_pattern]
  }
}

data "aws_iam_policy_document" "apply" {
  source_policy_documents = [data.aws_iam_policy_document.build["apply"].json]

  statement {
    sid     = "ChangeTheStages"
    actions = ["sts:AssumeRole"]
    resources = sort([
      for account_id in setunion(var.stage_account_ids, [var.account_id]) :
      "arn:${local.partition}:iam::${account_id}:role/${var.name}-deploy"
    ])
  }

  statement {
    sid       = "TakeArtifacts"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [local.codepipeline_objects]
  }

  statement {
    sid       = "FindTheArtifacts"
    actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation"]
    resources = [local.artifacts_arn]
  }
}

data "aws_iam_policy_document" "provision" {
  source_policy_documents = [data.aws_iam_policy_document.build["provision"].json]

  statement {
    sid = "OwnTheDeliveryPipelines"
    actions = [
      "codepipeline:CreatePipeline",
      "codepipeline:DeletePipeline",
      "codepipeline:GetPipeline",
      "codepipeline:GetPipelineExecution",
      "codepipeline:GetPipelineState",
      "codepipeline:ListPipelineExecutions",
      "codepipeline:ListTagsForResource",
      "codepipeline:StartPipelineExecution",
      "codepipeline:TagResource",
      "codepipeline:UntagResource",
      "codepipeline:UpdatePipeline",
    ]
    resources = [local.pipeline_arn_pattern]
  }

  statement {
    sid       = "HandThemTheirRole"
    actions   = ["iam:PassRole"]
    resources = ["arn:${local.partition}:iam::${var.account_id}:role/${var.name}-codepipeline"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["codepipeline.amazonaws.com"]
    }
  }

  # What starts releases of a model that was approved: one rule a delivery pipeline, to one function.
  statement {
    sid = "OwnTheRulesThatHearOfApprovals"
    actions = [
      "events:DeleteRule",
      "events:DescribeRule",
      "events:ListTagsForResource",
      "events:ListTargetsByRule",
      "events:PutRule",
      "events:PutTargets",
      "events:RemoveTargets",
      "events:TagResource",
      "events:UntagResource",
    ]
    resources = ["arn:${local.partition}:events:${local.region}:${var.account_id}:rule/${var.name}.approved-*"]
  }

  statement {
    sid       = "ReadBundles"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = ["${local.artifacts_arn}/bundles/*"]
  }

  # What a request pointed to is copied once and never overwritten or deleted again.
  statement {
    sid       = "ReadAssets"
    actions   = ["s3:GetObject", "s3:GetObjectAttributes", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"]
    resources = ["${local.assets_arn}/*"]
  }

  statement {
    sid = "PinObjects"
    actions = [
      "s3:AbortMultipartUpload",
      "s3:GetObject",
      "s3:GetObjectAttributes",
      "s3:ListMultipartUploadParts",
      "s3:PutObject",
    ]
    resources = ["${local.artifacts_arn}/objects/*"]
  }

  statement {
    sid       = "SeeWhatIsThere"
    actions   = ["s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"]
    resources = [local.artifacts_arn, local.assets_arn, local.state_arn]
  }

  statement {
    sid       = "KeepTheDeliveryPipelinesStates"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${local.state_arn}/${var.name}/delivery/*"]
  }

  statement {
    sid       = "UnlockTheDeliveryPipelinesStates"
    actions   = ["s3:DeleteObject"]
    resources = ["${local.state_arn}/${var.name}/delivery/*.tflock"]
  }

  statement {
    sid     = "UseTheStatesKey"
    actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    # wildcard: without a given key, the one under the platform's alias, whose id is not known here.
    resources = [coalesce(
      var.state_kms_key_arn,
      "arn:${local.partition}:kms:${local.region}:${var.account_id}:key/*",
    )]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }

    dynamic "condition" {
      for_each = var.state_kms_key_arn == null ? ["alias/${var.name}-state"] : []

      content {
        test     = "ForAnyValue:StringEquals"
        variable = "kms:ResourceAliases"
        values   = [condition.value]
      }
    }
  }
}

data "aws_iam_policy_document" "pipeline" {
  statement {
    sid       = "TakeBundles"
    actions   = ["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"]
    resources = ["${local.artifacts_arn}/bundles/*"]
  }

  statement {
    sid       = "PassArtifactsOn"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = [local.codepipeline_objects]
  }

  statement {
    sid       = "FindTheArtifacts"
    actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBucket"]
    resources = [local.artifacts_arn]
  }

  statement {
    sid       = "RunTheBuilds"
    actions   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild"]
    resources = [for project, it in local.projects : local.project_arns[project] if it.in_pipeline]
  }

  statement {
    sid       = "AnnounceApprovals"
    actions   = ["sns:Publish"]
    resources = [var.topic_arn]
  }

  # The artifacts, and the encrypted topic that approvals are announced on.
  statement {
    sid       = "UseTheArtifactsKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = [var.kms_key_arn]
  }
}
