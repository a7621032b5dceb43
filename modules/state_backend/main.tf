# The bucket that every workspace keeps its Terraform state in: versioned, encrypted, TLS only.
# In: whose stages exist. Out: the bucket; a stage's account reaches the states of its own stages.
#
# The policies name accounts and narrow them by aws:PrincipalArn, because a policy that names a role
# is refused while the role does not exist, and this bucket comes before every role.

locals {
  arn       = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket}"
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name

  # The orchestrator account owns bucket and key: there, the roles' own policies decide.
  _other_accounts = setsubtract(values(var.stages), [var.account_id])
  stages_by_account = {
    for account_id in local._other_accounts :
    account_id => sort([for stage, owner in var.stages : stage if owner == account_id])
  }
  stage_roots = [for account_id in keys(local.stages_by_account) :
    "arn:${local.partition}:iam::${account_id}:root"
  ]
  stage_role_arns = flatten([
    for account_id in keys(local.stages_by_account) : [
      for role in ["plan", "deploy"] :
      "arn:${local.partition}:iam::${account_id}:role/${var.name}-${role}"
    ]
  ])
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "RefusePlainHttp"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.arn, "${local.arn}/*"]

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

  # The account workspaces make the roles: no role may rewrite the state that its own rights are in.
  statement {
    sid       = "RefuseStatesOfTheRolesThemselves"
    effect    = "Deny"
    actions   = ["s3:GetObject*", "s3:PutObject*", "s3:DeleteObject*"]
    resources = ["${local.arn}/${var.name}/*/account/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values = [
        for role in ["plan", "deploy"] : "arn:${local.partition}:iam::*:role/${var.name}-${role}"
      ]
    }
  }

  dynamic "statement" {
    for_each = length(local.stage_roots) == 0 ? [] : [1]

    content {
      # Without it a state that does not exist yet is answered with 403 instead of 404.
      sid       = "ListStates"
      actions   = ["s3:ListBucket"]
      resources = [local.arn]

      principals {
        type        = "AWS"
        identifiers = local.stage_roots
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:PrincipalArn"
        values   = local.stage_role_arns
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.stage_roots) == 0 ? [] : [1]

    content {
      sid       = "LockStates"
      actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      resources = ["${local.arn}/${var.name}/*.tflock"]

      principals {
        type        = "AWS"
        identifiers = local.stage_roots
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:PrincipalArn"
        values   = local.stage_role_arns
      }
    }
  }

  dynamic "statement" {
    for_each = local.stages_by_account

    content {
      sid     = "ReadStatesOf${statement.key}"
      actions = ["s3:GetObject"]
      resources = [
        for stage in statement.value : "${local.arn}/${var.name}/${stage}/*/terraform.tfstate"
      ]

      principals {
        type        = "AWS"
        identifiers = ["arn:${local.partition}:iam::${statement.key}:root"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:PrincipalArn"
        values = [
          for role in ["plan", "deploy"] :
          "arn:${local.partition}:iam::${statement.key}:role/${var.name}-${role}"
        ]
      }
    }
  }

  dynamic "statement" {
    for_each = local.stages_by_account

    content {
      sid     = "WriteStatesOf${statement.key}"
      actions = ["s3:PutObject"]
      resources = [
        for stage in statement.value : "${local.arn}/${var.name}/${stage}/*/terraform.tfstate"
      ]

      principals {
        type        = "AWS"
        identifiers = ["arn:${local.partition}:iam::${statement.key}:root"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:PrincipalArn"
        values   = ["arn:${local.partition}:iam::${statement.key}:role/${var.name}-deploy"]
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

  dynamic "statement" {
    for_each = length(local.stage_roots) == 0 ? [] : [1]

    content {
      sid     = "UseThroughS3FromTheStages"
      actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
      # wildcard: in a key's own policy "*" is that key.
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = local.stage_roots
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:PrincipalArn"
        values   = local.stage_role_arns
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.amazonaws.com"]
      }
    }
  }
}

resource "aws_s3_bucket" "this" {
  bucket        = var.bucket
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.kms_key_arn == null ? aws_kms_key.this[0].arn : var.kms_key_arn
      sse_algorithm     = "aws:kms"
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket = aws_s3_bucket.this.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id
  policy = data.aws_iam_policy_document.bucket.json

  # S3 refuses a policy while it is changing the bucket's public access block.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_kms_key" "this" {
  count = var.kms_key_arn == null ? 1 : 0

  description             = "Terraform states of ${var.name}"
  deletion_window_in_days = var.force_destroy ? 7 : 30
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = var.tags
}

# Workspaces know the key by this alias, a given one of this account too: Terraform's S3 backend takes only ids that are
# UUIDs of certain versions.
resource "aws_kms_alias" "this" {
  count = var.kms_key_arn == null || can(regex(":${var.account_id}:key/", var.kms_key_arn)) ? 1 : 0

  name          = "alias/${var.name}-state"
  target_key_id = var.kms_key_arn == null ? aws_kms_key.this[0].key_id : var.kms_key_arn
}
