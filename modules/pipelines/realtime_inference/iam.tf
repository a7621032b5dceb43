# The execution role: SageMaker runs the containers with it. It may touch what this endpoint uses.

locals {
  # Image URIs that the models name, as repository ARNs.
  images = distinct(flatten([for model in values(local.models) : concat(compact([model.image_uri]), tolist(model.package_image_uris))]))
  repository_arns = distinct([
    for image in local.images : format(
      "arn:%s:ecr:%s:%s:repository/%s",
      local.partition,
      regex("\\.ecr\\.([a-z0-9-]+)\\.", image)[0],
      substr(image, 0, 12),
      regex("^[^/]+/([^:@]+)", image)[0],
    )
  ])

  # Artifacts by bucket: the exact keys, or all below a folder.
  artifacts = distinct(flatten([for model in values(local.models) : concat(compact([model.artifact_s3_uri]), tolist(model.package_artifact_s3_uris))]))
  artifact_paths = [
    for uri in local.artifacts : {
      bucket  = split("/", trimprefix(uri, "s3://"))[0]
      pattern = endswith(uri, "/") ? "${join("/", slice(split("/", trimprefix(uri, "s3://")), 1, length(split("/", uri)) - 2))}*" : join("/", slice(split("/", trimprefix(uri, "s3://")), 1, length(split("/", uri)) - 2))
    }
  ]
  artifact_buckets = { for path in local.artifact_paths : path.bucket => path.pattern... }

  artifact_key_arns    = distinct(flatten([for model in values(local.models) : tolist(model.artifact_kms_key_arns)]))
  plain_key_arns       = [for arn in local.artifact_key_arns : arn if can(regex(":key/", arn))]
  key_aliases          = { for arn in local.artifact_key_arns : arn => regex("alias/.+$", arn) if can(regex(":alias/", arn)) }
  package_arns         = compact([for model in values(local.models) : model.model_package_arn])
  async_write_uris     = var.async_inference == null ? [] : compact([var.async_inference.output_s3_uri, var.async_inference.failure_s3_uri])
  written_s3_arns      = [for uri in concat(compact([local.capture_s3_uri]), local.async_write_uris) : "arn:${local.partition}:s3:::${trimsuffix(trimprefix(uri, "s3://"), "/")}/*"]
  async_topic_arns     = var.async_inference == null ? [] : distinct(compact([var.async_inference.success_topic_arn, var.async_inference.error_topic_arn]))
  endpoint_log_group   = "arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:/aws/sagemaker/Endpoints/${local.endpoint_name}"
  network_interface_id = "arn:${local.partition}:ec2:${local.region}:${var.account_id}:network-interface/*"
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "SageMakerOfThisAccount"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.account_id]
    }
  }
}

data "aws_iam_policy_document" "execution" {
  dynamic "statement" {
    for_each = length(local.repository_arns) == 0 ? [] : [local.repository_arns]

    content {
      sid       = "PullTheImages"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.repository_arns) == 0 ? [] : ["*"]

    content {
      sid     = "LogInToTheRegistry"
      actions = ["ecr:GetAuthorizationToken"]
      # wildcard: the token is the registry's; ECR knows no resource for it.
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = length(local.artifact_paths) == 0 ? [] : [local.artifact_paths]

    content {
      sid       = "ReadTheArtifacts"
      actions   = ["s3:GetObject"]
      resources = [for path in statement.value : "arn:${local.partition}:s3:::${path.bucket}/${path.pattern}"]
    }
  }

  # Without it S3 answers "forbidden" for an object that is not there, and the error misleads.
  dynamic "statement" {
    for_each = local.artifact_buckets

    content {
      sid       = "FindTheArtifacts${index(keys(local.artifact_buckets), statement.key)}"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${statement.key}"]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = distinct(statement.value)
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.plain_key_arns) == 0 ? [] : [local.plain_key_arns]

    content {
      sid       = "UseTheBucketsKeys"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = statement.value

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = local.key_aliases

    content {
      sid     = "UseTheBucketsKeyByAlias${index(keys(local.key_aliases), statement.key)}"
      actions = ["kms:Decrypt", "kms:GenerateDataKey"]
      # wildcard: a key that is known by its alias; the condition narrows it to that one.
      resources = ["${trimsuffix(statement.key, statement.value)}key/*"]

      condition {
        test     = "ForAnyValue:StringEquals"
        variable = "kms:ResourceAliases"
        values   = [statement.value]
      }
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.package_arns) == 0 ? [] : [local.package_arns]

    content {
      sid       = "ReadTheModelPackage"
      actions   = ["sagemaker:DescribeModelPackage"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(local.written_s3_arns) == 0 ? [] : [local.written_s3_arns]

    content {
      sid       = "WriteCaptureAndAnswers"
      actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = var.async_inference == null ? [] : [var.async_inference.input_s3_uri]

    content {
      sid       = "ReadAsynchronousInput"
      actions   = ["s3:GetObject"]
      resources = ["arn:${local.partition}:s3:::${trimsuffix(trimprefix(statement.value, "s3://"), "/")}/*"]
    }
  }

  dynamic "statement" {
    for_each = length(local.async_topic_arns) == 0 ? [] : [local.async_topic_arns]

    content {
      sid       = "TellAsynchronousOutcomes"
      actions   = ["sns:Publish"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "UseTheKey"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.volume_key_arn == null ? [] : [local.volume_key_arn]

    content {
      sid       = "LendTheKeyToVolumes"
      actions   = ["kms:CreateGrant"]
      resources = [statement.value]

      condition {
        test     = "Bool"
        variable = "kms:GrantIsForAWSResource"
        values   = ["true"]
      }
    }
  }

  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = [local.endpoint_log_group, "${local.endpoint_log_group}:*"]
  }

  statement {
    sid     = "PublishMetrics"
    actions = ["cloudwatch:PutMetricData"]
    # wildcard: CloudWatch knows no resource for it; the condition names SageMaker's namespaces.
    resources = ["*"]

    condition {
      test     = "StringLike"
      variable = "cloudwatch:namespace"
      values   = ["AWS/SageMaker", "/aws/sagemaker/*", "aws/sagemaker/*"]
    }
  }

  # SageMaker asks for the alarm that rolls an update back with this role.
  dynamic "statement" {
    for_each = local.serverless ? [] : ["arn:${local.partition}:cloudwatch:${local.region}:${var.account_id}:alarm:${var.name}-rollback"]

    content {
      sid       = "WatchTheRollbackAlarm"
      actions   = ["cloudwatch:DescribeAlarms"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.vpc == null ? [] : [var.vpc]

    content {
      sid = "AttachToTheVpc"
      actions = [
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
      ]
      resources = concat(
        [local.network_interface_id],
        [for id in statement.value.subnet_ids : "arn:${local.partition}:ec2:${local.region}:${var.account_id}:subnet/${id}"],
        [for id in statement.value.security_group_ids : "arn:${local.partition}:ec2:${local.region}:${var.account_id}:security-group/${id}"],
      )
    }
  }

  dynamic "statement" {
    for_each = var.vpc == null ? [] : ["*"]

    content {
      sid = "LookAtTheVpc"
      actions = [
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
      ]
      # wildcard: EC2 describes know no resource.
      resources = ["*"]
    }
  }
}

resource "aws_iam_role" "execution" {
  name                 = "${var.name}-execution"
  description          = "Runs the containers of endpoint ${local.endpoint_name}"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

# Named by its content: while an update runs, and after one that was rolled back, the old instances
# still need the old permissions.
resource "aws_iam_role_policy" "execution" {
  for_each = toset([var.revision == null ? substr(sha256(data.aws_iam_policy_document.execution.json), 0, 8) : var.revision])

  name   = "execution-${each.key}"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.execution.json

  lifecycle {
    create_before_destroy = true
  }
}
