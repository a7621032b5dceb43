# Where everything that is delivered lies: users' assets, bundles and pinned copies, access logs, and
# the one key that encrypts them. In: bucket names and the stages' accounts. Out: buckets and key.
#
#   assets     model artifacts and data that users upload
#   artifacts  bundles/ (immutable, kept), objects/ (pinned copies), releases/ (evidence), and
#              CodePipeline's own artifacts under the first 20 characters of its names, which expire
#   logs       access logs of both, and of the state bucket

locals {
  assets_bucket = var.existing_assets_bucket == null ? var.bucket_names.assets : var.existing_assets_bucket
  key_arn       = var.kms_key_arn == null ? aws_kms_key.this[0].arn : var.kms_key_arn

  # The buckets that hold data, by role; the log bucket differs in encryption and policy.
  data_buckets = merge(
    { artifacts = var.bucket_names.artifacts },
    var.existing_assets_bucket == null ? { assets = var.bucket_names.assets } : {},
  )
  buckets = merge(local.data_buckets, { logs = var.bucket_names.logs })
  logged_buckets = merge(
    { for role, name in local.data_buckets : role => aws_s3_bucket.this[role].id },
    var.state_bucket == null ? {} : { state = var.state_bucket },
  )

  # CodePipeline's keys start with the first 20 characters of a pipeline's name: <prefix>-<pipeline>
  # of the delivery pipelines, <prefix>.git-source of the one that listens to a repository.
  codepipeline_prefixes = distinct([substr("${var.name}-", 0, 20), substr("${var.name}.", 0, 20)])
}

resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket        = each.value
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    bucket_key_enabled = each.key == "logs" ? null : true

    # S3 delivers access logs only to buckets that encrypt with its own keys.
    apply_server_side_encryption_by_default {
      kms_master_key_id = each.key == "logs" ? null : local.key_arn
      sse_algorithm     = each.key == "logs" ? "AES256" : "aws:kms"
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  # S3 refuses a policy while it is changing the bucket's public access block.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_logging" "this" {
  for_each = local.logged_buckets

  bucket        = each.value
  target_bucket = aws_s3_bucket.this["logs"].id
  target_prefix = "${each.key}/"

  # S3 checks that it may write before it accepts the target.
  depends_on = [aws_s3_bucket_policy.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  bucket = aws_s3_bucket.this["artifacts"].id

  # Never bundles/, objects/ or releases/: a prefix ends in a hyphen or a dot, or fills 20 characters.
  dynamic "rule" {
    for_each = local.codepipeline_prefixes

    content {
      id     = "expire-${rule.value}"
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      expiration {
        days = var.artifact_expiry_days
      }

      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  rule {
    id     = "abort-broken-uploads"
    status = "Enabled"

    # All objects.
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.this["logs"].id

  rule {
    id     = "expire-access-logs"
    status = "Enabled"

    # All objects.
    filter {}

    expiration {
      days = var.log_retention_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

resource "aws_kms_key" "this" {
  count = var.kms_key_arn == null ? 1 : 0

  description             = "Artifacts, messages and logs of ${var.name}"
  deletion_window_in_days = var.force_destroy ? 7 : 30
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.kms_key_arn == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}
