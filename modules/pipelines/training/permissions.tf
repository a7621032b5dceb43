# What the state machine may do: run its own jobs, hand SageMaker its role, register in one group.

locals {
  # SageMaker writes names in ARNs in lower case.
  training_job_arns = [for prefix in distinct([local.job_prefix, lower(local.job_prefix)]) : "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:training-job/${prefix}-*"]

  _inference_image     = try(regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.[^/]+/(?P<repository>[^:@]+)", coalesce(var.registration.image_uri, var.algorithm.image_uri)), null)
  inference_repository = local._inference_image == null ? null : "arn:${local.partition}:ecr:${local._inference_image.region}:${local._inference_image.account}:repository/${local._inference_image.repository}"
}

locals {
  # The metrics that a registered version points to are encrypted like the artifact beside them.
  metrics_key_arns = sort(distinct(concat(var.kms_key_arn[*], local.data_key_arns)))
}

data "aws_iam_policy_document" "run" {
  statement {
    sid       = "RunJobs"
    actions   = ["sagemaker:AddTags", "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
    resources = local.training_job_arns
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

  # Step Functions learns that a job has ended from a rule of this name, which it makes itself.
  statement {
    sid       = "HearOfTheEnd"
    actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = ["arn:${local.partition}:events:${local.region}:${var.account_id}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"]
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

  dynamic "statement" {
    for_each = var.registration[*]

    content {
      sid       = "ShowImage"
      actions   = ["ecr:BatchGetImage", "ecr:DescribeImages"]
      resources = [local.inference_repository]
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
