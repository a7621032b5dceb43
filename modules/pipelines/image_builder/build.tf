# The CodeBuild project: build the image, push it under the tag that the state machine gives.

locals {
  project_arn = "arn:${local.partition}:codebuild:${local.region}:${var.account_id}:project/${var.name}"

  source_bucket = var.source_code.s3_uri == null ? null : split("/", var.source_code.s3_uri)[2]
  source_key    = var.source_code.s3_uri == null ? null : trimprefix(var.source_code.s3_uri, "s3://${local.source_bucket}/")

  # Registries to log in to before the build: the image's own, and those of its base images.
  registries = distinct(concat([local.registry], [
    for arn in sort(var.base_image_repository_arns) :
    "${split(":", arn)[4]}.dkr.ecr.${split(":", arn)[3]}.${data.aws_partition.current.dns_suffix}"
  ]))

  data_key_arns    = [for arn in var.data_kms_key_arns : arn if !strcontains(arn, ":alias/")]
  data_key_aliases = [for arn in var.data_kms_key_arns : arn if strcontains(arn, ":alias/")]

  platform = { arm64 = "linux/arm64", x86_64 = "linux/amd64" }[var.build.architecture]

  # Names in these flags are checked by the variables; values travel in the environment.
  docker_build = join(" ", concat(
    ["docker build --pull", "--platform ${local.platform}", "--file \"$DOCKERFILE\"", "--tag \"$IMAGE_URI\""],
    ["--cache-from \"$REPOSITORY_URI:${var.image_tag}\"", "--build-arg BUILDKIT_INLINE_CACHE=1"],
    var.build.target == null ? [] : ["--target ${var.build.target}"],
    [for name in keys(var.build.arguments) : "--build-arg ${name}=\"$BUILD_ARGUMENT_${name}\""],
    ["\"$CONTEXT\""],
  ))

  environment = merge(
    {
      # An attestation would make the image an index, which neither scans nor SageMaker take.
      BUILDX_NO_DEFAULT_ATTESTATIONS = "1"
      CONTEXT                        = var.build.context
      DOCKER_BUILDKIT                = "1"
      DOCKERFILE                     = var.build.dockerfile
      IMAGE_TAG                      = "${var.image_tag}-unchecked"
      REGISTRIES                     = join(" ", local.registries)
      REPOSITORY_URI                 = local.repository_uri
    },
    { for name, value in var.build.arguments : "BUILD_ARGUMENT_${name}" => value },
  )
}

resource "aws_codebuild_project" "this" {
  name           = var.name
  description    = "Builds ${local.repository_uri}:${var.image_tag}."
  service_role   = "arn:${local.partition}:iam::${var.account_id}:role/${aws_iam_role.build.name}"
  source_version = var.source_code.git == null ? var.source_code.s3_version_id : var.source_code.git.ref
  build_timeout  = var.build.timeout_minutes
  queued_timeout = 480
  tags           = var.tags

  artifacts {
    type = "NO_ARTIFACTS"
  }

  cache {
    type  = "LOCAL"
    modes = ["LOCAL_DOCKER_LAYER_CACHE", "LOCAL_SOURCE_CACHE"]
  }

  environment {
    type            = var.build.architecture == "arm64" ? "ARM_CONTAINER" : "LINUX_CONTAINER"
    image           = var.build.architecture == "arm64" ? "aws/codebuild/amazonlinux-aarch64-standard:3.0" : "aws/codebuild/amazonlinux-x86_64-standard:5.0"
    compute_type    = "BUILD_GENERAL1_${upper(var.build.machine)}"
    privileged_mode = true

    dynamic "environment_variable" {
      for_each = local.environment

      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }

    dynamic "environment_variable" {
      for_each = var.docker_hub_secret_arn == null ? [] : ["username", "password"]

      content {
        name  = "DOCKER_HUB_${upper(environment_variable.value)}"
        type  = "SECRETS_MANAGER"
        value = "${var.docker_hub_secret_arn}:${environment_variable.value}"
      }
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.build.name
    }
  }

  source {
    type            = var.source_code.git == null ? "S3" : upper(var.source_code.git.host)
    location        = var.source_code.git == null ? "${local.source_bucket}/${local.source_key}" : var.source_code.git.url
    git_clone_depth = var.source_code.git == null ? null : 0

    buildspec = jsonencode({
      version = 0.2
      env     = { shell = "bash" }
      phases = {
        pre_build = {
          commands = concat(
            [
              "set -o pipefail",
              "export IMAGE_URI=\"$REPOSITORY_URI:$IMAGE_TAG\"",
              "for registry in $REGISTRIES; do aws ecr get-login-password --region \"$(echo \"$registry\" | cut -d. -f4)\" | docker login --username AWS --password-stdin \"$registry\" || exit 1; done",
            ],
            var.docker_hub_secret_arn == null ? [] : ["echo \"$DOCKER_HUB_PASSWORD\" | docker login --username \"$DOCKER_HUB_USERNAME\" --password-stdin"],
          )
        }
        build = {
          commands = [
            # SageMaker starts its containers with these two commands; a zip often loses their mode.
            "find . -type f \\( -name serve -o -name train \\) -exec chmod a+x {} +",
            local.docker_build,
            "docker push \"$IMAGE_URI\"",
          ]
        }
      }
    })

    dynamic "auth" {
      for_each = try(var.source_code.git.connection_arn, null)[*]

      content {
        type     = "CODECONNECTIONS"
        resource = auth.value
      }
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      vpc_id             = vpc_config.value.vpc_id
      subnets            = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  depends_on = [aws_iam_role_policy.build]
}

resource "aws_cloudwatch_log_group" "build" {
  name              = "/aws/codebuild/${var.name}"
  retention_in_days = 90
  tags              = var.tags
}

resource "aws_iam_role" "build" {
  name                 = "${var.name}-build"
  description          = "CodeBuild: builds ${var.repository_name}:${var.image_tag}."
  assume_role_policy   = data.aws_iam_policy_document.build_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "build" {
  name   = "build"
  role   = aws_iam_role.build.name
  policy = data.aws_iam_policy_document.build.json
}

data "aws_iam_policy_document" "build_trust" {
  statement {
    sid     = "CodeBuild"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["codebuild.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.project_arn]
    }
  }
}

data "aws_iam_policy_document" "build" {
  statement {
    sid     = "LogInToRegistries"
    actions = ["ecr:GetAuthorizationToken"]
    # wildcard: ECR has no resource level for logging in.
    resources = ["*"]
  }

  # Reading is for the cache: the layers of the image that has the tag now.
  statement {
    sid = "Push"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:CompleteLayerUpload",
      "ecr:GetDownloadUrlForLayer",
      "ecr:InitiateLayerUpload",
      "ecr:PutImage",
      "ecr:UploadLayerPart",
    ]
    resources = [local.repository_arn]
  }

  dynamic "statement" {
    for_each = length(var.base_image_repository_arns) == 0 ? [] : [sort(var.base_image_repository_arns)]

    content {
      sid       = "PullBaseImages"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = local.source_key[*]

    content {
      sid       = "ReadSource"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = ["arn:${local.partition}:s3:::${local.source_bucket}/${statement.value}"]
    }
  }

  dynamic "statement" {
    for_each = local.source_bucket[*]

    content {
      sid       = "FindSource"
      actions   = ["s3:GetBucketLocation"]
      resources = ["arn:${local.partition}:s3:::${statement.value}"]
    }
  }

  dynamic "statement" {
    for_each = length(local.data_key_arns) == 0 ? [] : [sort(local.data_key_arns)]

    content {
      sid       = "Decrypt"
      actions   = ["kms:Decrypt", "kms:DescribeKey"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = sort(local.data_key_aliases)

    content {
      sid       = "DecryptByAlias${statement.key}"
      actions   = ["kms:Decrypt", "kms:DescribeKey"]
      resources = [replace(statement.value, "/:alias/.*$/", ":key/*")]

      condition {
        test     = "ForAnyValue:StringEquals"
        variable = "kms:ResourceAliases"
        values   = [regex("alias/.*$", statement.value)]
      }
    }
  }

  dynamic "statement" {
    for_each = try(var.source_code.git.connection_arn, null)[*]

    content {
      sid = "UseConnection"
      actions = [
        "codeconnections:GetConnection",
        "codeconnections:GetConnectionToken",
        "codeconnections:UseConnection",
        "codestar-connections:GetConnection",
        "codestar-connections:GetConnectionToken",
        "codestar-connections:UseConnection",
      ]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = try(var.source_code.git.host, null) == "codecommit" ? [split("/", var.source_code.git.url)] : []

    content {
      sid       = "PullSource"
      actions   = ["codecommit:GitPull"]
      resources = ["arn:${local.partition}:codecommit:${local.region}:${var.account_id}:${element(statement.value, length(statement.value) - 1)}"]
    }
  }

  dynamic "statement" {
    for_each = var.docker_hub_secret_arn[*]

    content {
      sid       = "ReadLogin"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:/aws/codebuild/${var.name}:log-stream:*"]
  }

  dynamic "statement" {
    for_each = var.vpc[*]

    content {
      sid     = "ReachVpc"
      actions = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]
      resources = concat(
        ["arn:${local.partition}:ec2:${local.region}:${var.account_id}:network-interface/*"],
        # A shared subnet belongs to another account; its id is unique.
        [for id in sort(statement.value.subnet_ids) : "arn:${local.partition}:ec2:${local.region}:*:subnet/${id}"],
        [for id in sort(statement.value.security_group_ids) : "arn:${local.partition}:ec2:${local.region}:*:security-group/${id}"],
      )
    }
  }

  dynamic "statement" {
    for_each = var.vpc[*]

    content {
      sid       = "HandOverInterface"
      actions   = ["ec2:CreateNetworkInterfacePermission"]
      resources = ["arn:${local.partition}:ec2:${local.region}:${var.account_id}:network-interface/*"]

      condition {
        test     = "StringEquals"
        variable = "ec2:AuthorizedService"
        values   = ["codebuild.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = var.vpc[*]

    content {
      sid = "LookAtVpc"
      actions = [
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ]
      # wildcard: EC2 has no resource level for Describe calls.
      resources = ["*"]
    }
  }
}
