# A push to a repository becomes requests: a CodePipeline of its own hands every config that fits
# its patterns to the orchestrator's function. In: the repository and the function. Out: the pipeline.
#
#   push --> source --> build "submit" (submit.py) --> function, one request a config
#
# A config that did not change starts nothing, so all of them are submitted on every push. The
# pipeline's name has a dot after the prefix, which keeps it apart from the delivery pipelines.

locals {
  partition     = data.aws_partition.current.partition
  region        = data.aws_region.current.name
  pipeline_name = "${var.name}.git-source"
  project_name  = "${var.name}-submit"
  connected     = var.git_source.connection_arn != null

  project_arn  = "arn:${local.partition}:codebuild:${local.region}:${var.account_id}:project/${local.project_name}"
  pipeline_arn = "arn:${local.partition}:codepipeline:${local.region}:${var.account_id}:${local.pipeline_name}"
  # In CodePipeline's patterns a leading "**/" asks for a folder: files at the root are named beside.
  file_patterns = distinct(flatten([for path in var.git_source.paths : startswith(path, "**/") ? [path, trimprefix(path, "**/")] : [path]]))

  repository_arn = "arn:${local.partition}:codecommit:${local.region}:${var.account_id}:${var.git_source.repository}"

  source = local.connected ? {
    provider = "CodeStarSourceConnection"
    configuration = {
      BranchName       = var.git_source.branch
      ConnectionArn    = var.git_source.connection_arn
      DetectChanges    = "false"
      FullRepositoryId = var.git_source.repository
    }
    } : {
    provider = "CodeCommit"
    configuration = {
      BranchName           = var.git_source.branch
      PollForSourceChanges = "false"
      RepositoryName       = var.git_source.repository
    }
  }
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_codepipeline" "this" {
  name           = local.pipeline_name
  execution_mode = "QUEUED"
  pipeline_type  = "V2"
  role_arn       = aws_iam_role.this["pipeline"].arn
  tags           = var.tags

  artifact_store {
    location = var.artifacts_bucket
    type     = "S3"

    encryption_key {
      id   = var.kms_key_arn
      type = "KMS"
    }
  }

  stage {
    name = "Source"

    action {
      name             = "Repository"
      category         = "Source"
      owner            = "AWS"
      provider         = local.source.provider
      version          = "1"
      configuration    = local.source.configuration
      namespace        = "Source"
      output_artifacts = ["repository"]
    }
  }

  stage {
    name = "Submit"

    action {
      name            = "Submit"
      category        = "Build"
      owner           = "AWS"
      provider        = "CodeBuild"
      version         = "1"
      input_artifacts = ["repository"]

      configuration = {
        ProjectName = aws_codebuild_project.submit.name
      }
    }
  }

  # CodeCommit has no such trigger: a rule starts the pipeline.
  dynamic "trigger" {
    for_each = local.connected ? [1] : []

    content {
      provider_type = "CodeStarSourceConnection"

      git_configuration {
        source_action_name = "Repository"

        push {
          branches {
            includes = [var.git_source.branch]
          }

          file_paths {
            includes = local.file_patterns
          }
        }
      }
    }
  }

  # CodePipeline tries the role as soon as a pipeline names it.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_codebuild_project" "submit" {
  name           = local.project_name
  build_timeout  = 15
  description    = "Submit every config of a push."
  encryption_key = var.kms_key_arn
  service_role   = aws_iam_role.this["submit"].arn
  tags           = var.tags

  artifacts {
    type = "CODEPIPELINE"
  }

  environment {
    compute_type                = "BUILD_GENERAL1_SMALL"
    image                       = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    image_pull_credentials_type = "CODEBUILD"
    privileged_mode             = false
    type                        = "LINUX_CONTAINER"

    environment_variable {
      name  = "CONFIG_PATHS"
      value = jsonencode(local.file_patterns)
    }

    environment_variable {
      name  = "FUNCTION_NAME"
      value = var.function.name
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.submit.name
    }
  }

  # JSON is YAML; the program travels in the buildspec, not in the repository that is pushed to.
  source {
    type = "CODEPIPELINE"

    buildspec = jsonencode({
      version = 0.2
      phases = {
        install = {
          runtime-versions = { python = 3.12 }
          commands         = ["python3 -c 'import boto3, yaml' || python3 -m pip install --quiet boto3==1.40.0 pyyaml==6.0.2"]
        }
        build = {
          commands = ["python3 - <<'END_OF_PROGRAM'\n${file("${path.module}/submit.py")}\nEND_OF_PROGRAM"]
        }
      }
    })
  }
}

resource "aws_cloudwatch_log_group" "submit" {
  name              = "/aws/codebuild/${local.project_name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_cloudwatch_event_rule" "push" {
  count = local.connected ? 0 : 1

  name        = "${var.name}-git-push"
  description = "A push to ${var.git_source.branch} of ${var.git_source.repository}."
  tags        = var.tags

  event_pattern = jsonencode({
    account     = [var.account_id]
    detail      = { event = ["referenceCreated", "referenceUpdated"], referenceName = [var.git_source.branch], referenceType = ["branch"] }
    detail-type = ["CodeCommit Repository State Change"]
    resources   = [local.repository_arn]
    source      = ["aws.codecommit"]
  })
}

resource "aws_cloudwatch_event_target" "pipeline" {
  count = local.connected ? 0 : 1

  arn      = aws_codepipeline.this.arn
  role_arn = aws_iam_role.this["push"].arn
  rule     = aws_cloudwatch_event_rule.push[0].name
}

resource "aws_cloudwatch_event_rule" "refused" {
  name        = "${var.name}-git-refused"
  description = "A push could not be submitted in full."
  tags        = var.tags

  event_pattern = jsonencode({
    account     = [var.account_id]
    detail      = { build-status = ["FAILED", "FAULT", "STOPPED", "TIMED_OUT"], project-name = [local.project_name] }
    detail-type = ["CodeBuild Build State Change"]
    source      = ["aws.codebuild"]
  })
}

resource "aws_cloudwatch_event_target" "topic" {
  arn  = var.topic_arn
  rule = aws_cloudwatch_event_rule.refused.name

  input_transformer {
    input_paths = {
      log    = "$.detail.additional-information.logs.deep-link"
      status = "$.detail.build-status"
    }
    input_template = "\"Configs of ${var.git_source.repository} (${var.git_source.branch}): <status>. Every problem is in the log: <log>\""
  }
}
