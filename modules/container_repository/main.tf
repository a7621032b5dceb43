# The repository of the teams' own algorithm images: scanned on push, tags never move.
# In: the stages' accounts. Out: the repository; the stages' roles pull from it.

locals {
  partition = data.aws_partition.current.partition
  reader_roots = sort([
    for account_id in var.reader_account_ids : "arn:${local.partition}:iam::${account_id}:root"
  ])
  reader_role_arns = sort([
    for account_id in var.reader_account_ids :
    "arn:${local.partition}:iam::${account_id}:role/${var.role_prefix}-*"
  ])
}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "pull" {
  count = length(var.reader_account_ids) == 0 ? 0 : 1

  # The stages' roles come and go with their pipelines, so their accounts are named, narrowed by role.
  statement {
    sid = "LetTheStagesPull"
    actions = [
      "ecr:BatchCheckLayerAvailability",
      "ecr:BatchGetImage",
      "ecr:DescribeImages",
      "ecr:DescribeRepositories",
      "ecr:GetDownloadUrlForLayer",
    ]

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

resource "aws_ecr_repository" "this" {
  name                 = var.name
  force_delete         = var.force_destroy
  image_tag_mutability = "IMMUTABLE"
  tags                 = var.tags

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_repository_policy" "this" {
  count = length(var.reader_account_ids) == 0 ? 0 : 1

  policy     = data.aws_iam_policy_document.pull[0].json
  repository = aws_ecr_repository.this.name
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Images that no tag names any more"
      selection = {
        countNumber = var.untagged_expiry_days
        countType   = "sinceImagePushed"
        countUnit   = "days"
        tagStatus   = "untagged"
      }
      action = { type = "expire" }
    }]
  })
}
