# The four builds that do the delivery's work, and the role of the pipelines that start them.
# In: buckets, key, the stages' accounts. Out: project names and role ARNs.
#
#   plan, verify  run as <prefix>-build-plan   and assume <prefix>-plan   (reads)
#   apply         runs as <prefix>-build-apply and assumes <prefix>-deploy (changes)
#   provision     runs as <prefix>-build-provision and owns the delivery pipelines themselves

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  # The builds by name: whose rights each has, and whether a delivery pipeline starts it.
  projects = {
    apply     = { role = "build-apply", in_pipeline = true, description = "Apply the approved plan of a stage." }
    plan      = { role = "build-plan", in_pipeline = true, description = "Plan a stage and say what would change." }
    provision = { role = "build-provision", in_pipeline = false, description = "Make, change or remove a delivery pipeline." }
    verify    = { role = "build-plan", in_pipeline = true, description = "See that what was applied is live." }
  }

  project_arns = {
    for project in keys(local.projects) :
    project => "arn:${local.partition}:codebuild:${local.region}:${var.account_id}:project/${var.name}-${project}"
  }
  pipeline_arn_pattern = "arn:${local.partition}:codepipeline:${local.region}:${var.account_id}:${var.name}-*"
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_codebuild_project" "this" {
  for_each = local.projects

  name           = "${var.name}-${each.key}"
  build_timeout  = var.build_timeout_minutes
  description    = each.value.description
  encryption_key = var.kms_key_arn
  queued_timeout = 480
  service_role   = aws_iam_role.this[each.value.role].arn
  tags           = var.tags

  artifacts {
    type = each.value.in_pipeline ? "CODEPIPELINE" : "NO_ARTIFACTS"
  }

  environment {
    compute_type                = "BUILD_GENERAL1_SMALL"
    image                       = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    image_pull_credentials_type = "CODEBUILD"
    privileged_mode             = false
    type                        = "LINUX_CONTAINER"
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.this[each.key].name
    }
  }

  # The provisioner is always started with a bundle in place of this location.
  source {
    buildspec = "delivery/buildspec-${each.key}.yml"
    location  = each.value.in_pipeline ? null : "${var.buckets.artifacts}/bundles/none-given.zip"
    type      = each.value.in_pipeline ? "CODEPIPELINE" : "S3"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnets            = vpc_config.value.subnet_ids
      vpc_id             = vpc_config.value.id
    }
  }

  # CodeBuild checks that the role may use the VPC when a project is made.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = local.projects

  name              = "/aws/codebuild/${var.name}-${each.key}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}
