# What the state machine may do: run its own jobs with its own model. A transform job works with the
# model's role, so none is handed over.

locals {
  # SageMaker writes names in ARNs in lower case.
  transform_job_arns = [for prefix in distinct([local.job_prefix, lower(local.job_prefix)]) : "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:transform-job/${prefix}-*"]
}

data "aws_iam_policy_document" "run" {
  statement {
    sid       = "RunJobs"
    actions   = ["sagemaker:AddTags", "sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"]
    resources = local.transform_job_arns
  }

  # Step Functions learns that a job has ended from a rule of this name, which it makes itself.
  statement {
    sid       = "HearOfTheEnd"
    actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = ["arn:${local.partition}:events:${local.region}:${var.account_id}:rule/StepFunctionsGetEventsForSageMakerTransformJobsRule"]
  }

  dynamic "statement" {
    for_each = local.volume_kms_key[*]

    content {
      sid       = "EncryptVolumes"
      actions   = ["kms:CreateGrant", "kms:DescribeKey"]
      resources = [statement.value]
    }
  }
}
