# A table of features in DynamoDB, and a role that reads it and nothing else.
# In: what identifies a record, who reads. Out: the table, the reader's role, what must be live.

locals {
  is_provisioned = var.capacity_read != null

  keys = concat([var.record_key], var.sort_key[*])

  # Accounts are named and narrowed by condition: a trust policy that names a missing role is refused.
  reader_roots = sort(distinct([
    for arn in var.reader_arns : "arn:${data.aws_partition.current.partition}:iam::${split(":", arn)[4]}:root"
  ]))
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

resource "aws_dynamodb_table" "this" {
  name                        = var.name
  billing_mode                = local.is_provisioned ? "PROVISIONED" : "PAY_PER_REQUEST"
  deletion_protection_enabled = var.deletion_protection
  hash_key                    = var.record_key.name
  range_key                   = one(var.sort_key[*].name)
  read_capacity               = var.capacity_read
  tags                        = var.tags
  write_capacity              = var.capacity_write

  dynamic "attribute" {
    for_each = local.keys

    content {
      name = attribute.value.name
      type = attribute.value.type
    }
  }

  point_in_time_recovery {
    enabled = var.point_in_time_recovery
  }

  # Without a key of one's own, DynamoDB encrypts with a key that AWS manages.
  server_side_encryption {
    enabled     = true
    kms_key_arn = var.kms_key_arn
  }

  dynamic "ttl" {
    for_each = var.expiry_attribute[*]

    content {
      attribute_name = ttl.value
      enabled        = true
    }
  }
}

data "aws_iam_policy_document" "reader_trust" {
  count = length(var.reader_arns) == 0 ? 0 : 1

  statement {
    sid     = "LetTheReadersIn"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = local.reader_roots
    }

    condition {
      test     = "ArnLike"
      variable = "aws:PrincipalArn"
      values   = var.reader_arns
    }
  }
}

data "aws_iam_policy_document" "read" {
  count = length(var.reader_arns) == 0 ? 0 : 1

  statement {
    sid = "ReadTheTable"
    actions = [
      "dynamodb:BatchGetItem",
      "dynamodb:DescribeTable",
      "dynamodb:GetItem",
      "dynamodb:Query",
    ]
    resources = [
      "arn:${data.aws_partition.current.partition}:dynamodb:${data.aws_region.current.name}:${var.account_id}:table/${var.name}",
    ]
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "DecryptItThroughDynamoDB"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["dynamodb.${data.aws_region.current.name}.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_role" "reader" {
  count = length(var.reader_arns) == 0 ? 0 : 1

  name                 = "${var.name}-reader"
  assume_role_policy   = data.aws_iam_policy_document.reader_trust[0].json
  description          = "Reads the table ${var.name}."
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

resource "aws_iam_role_policy" "reader" {
  count = length(var.reader_arns) == 0 ? 0 : 1

  name   = "read"
  policy = data.aws_iam_policy_document.read[0].json
  role   = aws_iam_role.reader[0].name
}
