# What the state machine may do: run its own jobs, hand SageMaker its role, register in one group.

locals {
  automl_job_arns = [for prefix in local.job_prefixes : "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:automl-job/${prefix}-*"]
}

locals {
  # The metrics that a registered version points to are encrypted like the artifact beside them.
  metrics_key_arns = sort(distinct(concat(var.kms_key_arn[*], local.data_key_arns)))
}

data "aws_iam_policy_document" "run" {
  statement {
    sid       = "RunJobs"
    actions   = ["sagemaker:AddTags", "sagemaker:CreateAutoMLJob", "sagemaker:DescribeAutoMLJob"]
    resources = local.automl_job_arns
  }

  statement {
    sid       = "PassRole"
    actions   = ["iam:PassRole"]
    resources = [local.execution_role_arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = local.volume_kms_key[*]

    content {
      sid       = "EncryptVolumes"
      actions   = ["kms:CreateGrant", "kms:DescribeKey"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.registration[*]

    content {
      sid     = "Register"
      actions = ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackageGroup"]
      resources = [
        "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:model-package-group/${lower(statement.value.model_package_group_name)}",
        "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:model-package/${lower(statement.value.model_package_group_name)}/*",
      ]
    }
  }

  # The Model Registry looks at what is registered with the rights of whoever registers it.
  dynamic "statement" {
    for_each = var.registration[*]

    content {
      sid       = "ShowArtifact"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["arn:${local.partition}:s3:::${local.output_bucket}/${local.output_folder}${local.job_prefix}-*"]
    }
  }

  # Which of AWS's own images a candidate uses is not known before; their accounts differ by region.
  dynamic "statement" {
    for_each = var.registration[*]

    content {
      sid       = "ShowImages"
      actions   = ["ecr:BatchGetImage", "ecr:DescribeImages"]
      resources = local.aws_image_arns
    }
  }

  dynamic "statement" {
    for_each = var.registration == null || length(local.metrics_key_arns) == 0 ? [] : [local.metrics_key_arns]

    content {
      sid       = "EncryptMetrics"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = var.registration == null ? [] : sort(local.data_key_aliases)

    content {
      sid       = "EncryptMetricsByAlias${statement.key}"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = [replace(statement.value, "/:alias/.*$/", ":key/*")]

      condition {
        test     = "ForAnyValue:StringEquals"
        variable = "kms:ResourceAliases"
        values   = [regex("alias/.*$", statement.value)]
      }
    }
  }
}
