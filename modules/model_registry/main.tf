# The model package group that models are registered in and deployed from.
# In: the stages' accounts. Out: the group; the stages may describe and deploy its packages.

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  arn       = "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:model-package-group/${var.name}"
  packages  = "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:model-package/${var.name}/*"

  reader_roots = sort([
    for account_id in var.reader_account_ids :
    "arn:${local.partition}:iam::${account_id}:root" if account_id != var.account_id
  ])
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_iam_policy_document" "deploy" {
  count = length(local.reader_roots) == 0 ? 0 : 1

  statement {
    sid       = "DescribeTheGroup"
    actions   = ["sagemaker:DescribeModelPackageGroup"]
    resources = [local.arn]

    principals {
      type        = "AWS"
      identifiers = local.reader_roots
    }
  }

  # Stages read and deploy; who approves a package is decided in this account alone.
  statement {
    sid = "DeployThePackages"
    actions = [
      "sagemaker:CreateModel",
      "sagemaker:DescribeModelPackage",
      "sagemaker:ListModelPackages",
    ]
    resources = [local.packages]

    principals {
      type        = "AWS"
      identifiers = local.reader_roots
    }
  }
}

resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = var.name
  model_package_group_description = "Models that the delivery pipelines deploy."
  tags                            = var.tags
}

resource "aws_sagemaker_model_package_group_policy" "this" {
  count = length(local.reader_roots) == 0 ? 0 : 1

  model_package_group_name = aws_sagemaker_model_package_group.this.model_package_group_name
  resource_policy          = data.aws_iam_policy_document.deploy[0].json
}
