# The policies of the buckets and of the key. They name accounts and narrow them by
# aws:PrincipalArn: a policy that names a role is refused while that role does not exist, and the
# stages' roles come and go with their pipelines.

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  reader_account_ids = sort([
    for account_id in var.reader_account_ids : account_id if account_id != var.account_id
  ])
  reader_roots = [
    for account_id in local.reader_account_ids : "arn:${local.partition}:iam::${account_id}:root"
  ]
  # Plan, deploy and every execution role of a pipeline carry the prefix.
  reader_role_arns = [
    for account_id in local.reader_account_ids :
    "arn:${local.partition}:iam::${account_id}:role/${var.name}-*"
  ]

  # What the stages may read, by bucket: all assets, and of the artifacts only the pinned copies.
  readable_keys = { artifacts = "objects/*", assets = "*" }
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_iam_policy_document" "bucket" {
  for_each = merge(local.buckets, { assets = local.assets_bucket })

  statement {
    sid     = "RefusePlainHttp"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      "arn:${local.partition}:s3:::${each.value}",
      "arn:${local.partition}:s3:::${each.value}/*",
    ]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "logs" ? [1] : []

    content {
      sid       = "ReceiveAccessLogs"
      actions   = ["s3:PutObject"]
      resources = ["arn:${local.partition}:s3:::${each.value}/*"]

      principals {
        type        = "Service"
        identifiers = ["logging.s3.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.account_id]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values = [
          for name in concat(values(local.data_buckets), compact([var.state_bucket])) :
          "arn:${local.partition}:s3:::${name}"
        ]
      }
    }
  }

  dynamic "statement" {
    for_each = each.key != "logs" && length(local.reader_roots) > 0 ? [1] : []

    content {
      sid       = "LetTheStagesRead"
      actions   = ["s3:GetObject", "s3:GetObjectAttributes", "s3:GetObjectTagging", "s3:GetObjectVersion"]
      resources = ["arn:${local.partition}:s3:::${each.value}/${local.readable_keys[each.key]}"]

      principals {
        type        = "AWS"
        identifiers = local.reader_roots
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = local.reader_role_arns
      }
    }
  }

  dynamic "statement" {
    for_each = each.key != "logs" && length(local.reader_roots) > 0 ? [1] : []

    content {
      sid       = "LetTheStagesList"
      actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${each.value}"]

      principals {
        type        = "AWS"
        identifiers = local.reader_roots
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = local.reader_role_arns
      }

      # Absent when S3 only asks whether a missing object may be answered with 404.
      condition {
        test     = "StringLikeIfExists"
        variable = "s3:prefix"
        values   = [local.readable_keys[each.key]]
      }
    }
  }
}

data "aws_iam_policy_document" "key" {
  statement {
    sid     = "LetTheAccountsPoliciesDecide"
    actions = ["kms:*"]
    # wildcard: in a key's own policy "*" is that key.
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${var.account_id}:root"]
    }
  }

  # EventBridge and CloudWatch alarms publish to the encrypted topic with their own names, alarms of the
  # stages too; CodePipeline's approvals publish with the delivery pipelines' role, whose policy allows it.
  dynamic "statement" {
    for_each = {
      Alarms = { service = "cloudwatch", account_ids = concat([var.account_id], local.reader_account_ids) }
      Rules  = { service = "events", account_ids = [var.account_id] }
    }

    content {
      sid     = "LetMessagesOf${statement.key}BeEncrypted"
      actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
      # wildcard: in a key's own policy "*" is that key.
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["${statement.value.service}.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = statement.value.account_ids
      }
    }
  }

  statement {
    sid = "LetLogGroupsBeEncrypted"
    actions = [
      "kms:Decrypt*",
      "kms:Encrypt*",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    # wildcard: in a key's own policy "*" is that key.
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${var.account_id}:log-group:*"]
    }
  }

  # The stages' roles read what is theirs in the buckets, and tell the topic how their jobs ended.
  dynamic "statement" {
    for_each = length(local.reader_roots) == 0 ? {} : {
      ReadThroughS3  = { service = "s3", actions = ["kms:Decrypt", "kms:DescribeKey"] }
      TellThroughSns = { service = "sns", actions = ["kms:Decrypt", "kms:GenerateDataKey*"] }
    }

    content {
      sid     = "${statement.key}FromTheStages"
      actions = statement.value.actions
      # wildcard: in a key's own policy "*" is that key.
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = local.reader_roots
      }

      condition {
        test     = "ArnLike"
        variable = "aws:PrincipalArn"
        values   = local.reader_role_arns
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["${statement.value.service}.${local.region}.amazonaws.com"]
      }
    }
  }
}
