# Three roles at most: the pipeline's, the build's, and EventBridge's where a rule starts the pipeline.

locals {
  artifacts_arn = "arn:${local.partition}:s3:::${var.artifacts_bucket}"
  # CodePipeline's keys start with the first 20 characters of a pipeline's name.
  artifacts = "${local.artifacts_arn}/${substr(local.pipeline_name, 0, 20)}*"

  roles = merge(
    {
      pipeline = { name = "git-source", service = "codepipeline", source_arn = local.pipeline_arn }
      submit   = { name = "build-submit", service = "codebuild", source_arn = local.project_arn }
    },
    local.connected ? {} : {
      push = {
        name       = "git-push"
        service    = "events"
        source_arn = "arn:${local.partition}:events:${local.region}:${var.account_id}:rule/${var.name}-git-push"
      }
    },
  )
  policies = {
    pipeline = data.aws_iam_policy_document.pipeline.json
    push     = data.aws_iam_policy_document.push.json
    submit   = data.aws_iam_policy_document.submit.json
  }
}

resource "aws_iam_role" "this" {
  for_each = local.roles

  name                 = "${var.name}-${each.value.name}"
  assume_role_policy   = data.aws_iam_policy_document.trust[each.key].json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.roles

  name   = each.key
  policy = local.policies[each.key]
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
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [each.value.source_arn]
    }
  }
}

data "aws_iam_policy_document" "pipeline" {
  dynamic "statement" {
    for_each = local.connected ? [var.git_source.connection_arn] : []

    content {
      sid       = "ReadThroughTheConnection"
      actions   = ["codeconnections:UseConnection", "codestar-connections:UseConnection"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.connected ? [] : [1]

    content {
      sid = "ReadTheRepository"
      actions = [
        "codecommit:CancelUploadArchive",
        "codecommit:GetBranch",
        "codecommit:GetCommit",
        "codecommit:GetRepository",
        "codecommit:GetUploadArchiveStatus",
        "codecommit:UploadArchive",
      ]
      resources = [local.repository_arn]
    }
  }

  statement {
    sid       = "PassTheSourceOn"
    actions   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
    resources = [local.artifacts]
  }

  statement {
    sid       = "FindTheArtifacts"
    actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"]
    resources = [local.artifacts_arn]
  }

  statement {
    sid       = "RunTheBuild"
    actions   = ["codebuild:BatchGetBuilds", "codebuild:StartBuild"]
    resources = [local.project_arn]
  }

  statement {
    sid       = "UseTheArtifactsKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = [var.kms_key_arn]
  }
}

data "aws_iam_policy_document" "submit" {
  statement {
    sid       = "SubmitConfigs"
    actions   = ["lambda:InvokeFunction"]
    resources = [var.function.arn]
  }

  statement {
    sid       = "TakeTheSource"
    actions   = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [local.artifacts]
  }

  statement {
    sid       = "FindTheArtifacts"
    actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation"]
    resources = [local.artifacts_arn]
  }

  statement {
    sid     = "WriteOwnLog"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:/aws/codebuild/${local.project_name}:*",
    ]
  }

  statement {
    sid       = "UseTheArtifactsKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
    resources = [var.kms_key_arn]
  }
}

data "aws_iam_policy_document" "push" {
  statement {
    sid       = "StartThePipeline"
    actions   = ["codepipeline:StartPipelineExecution"]
    resources = [local.pipeline_arn]
  }
}
