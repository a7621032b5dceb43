# The role that SageMaker works with. The same file in every module whose jobs SageMaker runs: the
# module says in local.execution what is read (S3 objects, and prefixes: every key that begins so),
# written (S3 folders), pulled (images), logged (groups under /aws/sagemaker/), and which KMS keys or aliases
# the buckets encrypt with; nothing else is allowed.

locals {
  execution_role_arn = "arn:${local.partition}:iam::${var.account_id}:role/${aws_iam_role.execution.name}"

  # s3://bucket/some/key -> bucket, and the pattern of the keys that may be read or written.
  read_places = concat(
    [for uri in distinct(local.execution.read_s3_uris) : { bucket = split("/", uri)[2], keys = "${join("/", slice(split("/", uri), 3, length(split("/", uri))))}*" }],
    [for uri in distinct(local.execution.read_object_s3_uris) : { bucket = split("/", uri)[2], keys = join("/", slice(split("/", uri), 3, length(split("/", uri)))) }],
  )
  write_places = [for uri in distinct(local.execution.write_s3_uris) : { bucket = split("/", uri)[2], keys = join("/", concat(slice(split("/", uri), 3, length(split("/", uri))), ["*"])) }]

  pulled_repositories = distinct([
    for uri in local.execution.image_uris :
    format("arn:%s:ecr:%s:%s:repository/%s", local.partition, regex(local._image, uri).region, regex(local._image, uri).account, regex(local._image, uri).repository)
  ])
  _image = "^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.[^/]+/(?P<repository>[^:@]+)"

  data_key_arns    = [for arn in local.execution.data_kms_key_arns : arn if !strcontains(arn, ":alias/")]
  data_key_aliases = [for arn in local.execution.data_kms_key_arns : arn if strcontains(arn, ":alias/")]

  # Volumes on the instance's own NVMe disks are encrypted in hardware, and SageMaker refuses a key for
  # them. In the type's name such disks show as a d after the generation; these families have them too.
  has_local_storage = can(regex("^ml\\.([a-z]+[0-9]+[a-z]*d[a-z]*|dl[0-9]+[a-z]*|g[5-7]e?|gr6|i[0-9]+[a-z]*|p[56][a-z0-9-]*|trn[0-9]+[a-z]*|x1e?)\\.", local.execution.instance_type))
  volume_kms_key    = local.has_local_storage ? null : var.kms_key_arn

  vpc_config = var.vpc == null ? null : {
    SecurityGroupIds = sort(var.vpc.security_group_ids)
    Subnets          = sort(var.vpc.subnet_ids)
  }
}

resource "aws_iam_role" "execution" {
  name                 = "${var.name}-execution"
  description          = "SageMaker: works on the jobs of ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.execution_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name   = "work"
  role   = aws_iam_role.execution.name
  policy = data.aws_iam_policy_document.execution.json
}

data "aws_iam_policy_document" "execution_trust" {
  statement {
    sid     = "SageMaker"
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
  source_policy_documents = local.execution.more_policies

  dynamic "statement" {
    for_each = length(local.read_places) == 0 ? [] : [true]

    content {
      sid       = "Read"
      actions   = ["s3:GetObject"]
      resources = sort(distinct([for place in local.read_places : "arn:${local.partition}:s3:::${place.bucket}/${place.keys}"]))
    }
  }

  dynamic "statement" {
    for_each = sort(distinct(local.read_places[*].bucket))

    content {
      sid       = "List${statement.key}"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${statement.value}"]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = sort(distinct([for place in local.read_places : place.keys if place.bucket == statement.value]))
      }
    }
  }

  statement {
    sid       = "Write"
    actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
    resources = sort(distinct([for place in local.write_places : "arn:${local.partition}:s3:::${place.bucket}/${place.keys}"]))
  }

  dynamic "statement" {
    for_each = length(local.pulled_repositories) == 0 ? [] : [true]

    content {
      sid       = "PullImages"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = sort(local.pulled_repositories)
    }
  }

  dynamic "statement" {
    for_each = length(local.pulled_repositories) == 0 ? [] : [true]

    content {
      sid     = "LogInToRegistries"
      actions = ["ecr:GetAuthorizationToken"]
      # wildcard: ECR has no resource level for logging in.
      resources = ["*"]
    }
  }

  statement {
    sid     = "Log"
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = flatten([
      for group in local.execution.log_groups : [
        "arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:/aws/sagemaker/${group}",
        "arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:/aws/sagemaker/${group}:log-stream:${local.execution.log_stream_prefix}*",
      ]
    ])
  }

  statement {
    sid     = "PutMetrics"
    actions = ["cloudwatch:PutMetricData"]
    # wildcard: CloudWatch has no resource level for metrics; the namespace is the limit.
    resources = ["*"]

    condition {
      test     = "StringLike"
      variable = "cloudwatch:namespace"
      values   = ["/aws/sagemaker/*"]
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "Encrypt"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "EncryptVolumes"
      actions   = ["kms:CreateGrant"]
      resources = [statement.value]

      condition {
        test     = "Bool"
        variable = "kms:GrantIsForAWSResource"
        values   = ["true"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.data_key_arns) == 0 ? [] : [true]

    content {
      sid       = "UseDataKeys"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
      resources = sort(local.data_key_arns)
    }
  }

  dynamic "statement" {
    for_each = sort(local.data_key_aliases)

    content {
      sid       = "UseDataKeyByAlias${statement.key}"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
      resources = [replace(statement.value, "/:alias/.*$/", ":key/*")]

      condition {
        test     = "ForAnyValue:StringEquals"
        variable = "kms:ResourceAliases"
        values   = [regex("alias/.*$", statement.value)]
      }
    }
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
      actions   = ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterfacePermission"]
      resources = ["arn:${local.partition}:ec2:${local.region}:${var.account_id}:network-interface/*"]
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
