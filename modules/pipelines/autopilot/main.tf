# One Autopilot (AutoML) job, run by a Step Functions state machine that a release or a schedule starts.
# In: a table with a column to predict. Out: candidate models in S3 and, if asked, the best one as a
# version in the Model Registry with its metrics.
#
#   definition.tf     the job and what follows it, as states; Step Functions cannot wait for an AutoML
#                     job by itself, so the machine looks again and again
#   stop.tf           a second machine that stops the job when a run is stopped
#   permissions.tf    what the state machine may do
#   execution.tf, live.tf, machine.tf, notifications.tf, outcome.tf, schedule.tf
#                     the same files in every job module: roles, the machine, how it ends, the clock

data "aws_default_tags" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  tags      = merge(data.aws_default_tags.current.tags, var.tags)

  # 21 characters, a hyphen and the 10 of a run: 32, SageMaker's limit for AutoML jobs. The jobs that
  # Autopilot starts append to that.
  _label     = coalesce(var.job_name, var.name)
  job_prefix = length(local._label) <= 21 ? local._label : "${trimsuffix(substr(local._label, 0, 12), "-")}-${substr(sha256(local._label), 0, 8)}"
  # SageMaker writes names in ARNs in lower case.
  job_prefixes = distinct([local.job_prefix, lower(local.job_prefix)])

  output_bucket = split("/", trimprefix(var.output_s3_uri, "s3://"))[0]
  output_prefix = trimprefix(trimprefix(var.output_s3_uri, "s3://${local.output_bucket}"), "/")
  # What each run writes beside Autopilot's own results, by its job's name: metrics.
  output_folder = local.output_prefix == "" ? "" : "${local.output_prefix}/"

  # Candidates' images, whichever account publishes them in this region.
  aws_image_arns = [
    for repository in ["autogluon-*", "linear-learner", "sagemaker-*"] : "arn:${local.partition}:ecr:${local.region}:*:repository/${repository}"
  ]

  job = {
    kind          = "AutoML job"
    status_member = "AutoMLJobStatus"
    more_reasons  = []
  }

  # A manifest names objects anywhere; unless told where, they may be anywhere in the manifest's bucket.
  manifest_uris = (
    var.data.s3_data_type == "S3Prefix" ? []
    : length(var.data.referenced_s3_uris) > 0 ? sort(var.data.referenced_s3_uris)
    : ["s3://${split("/", trimprefix(var.data.s3_uri, "s3://"))[0]}/"]
  )

  execution = {
    # Each step of Autopilot reads what the one before wrote.
    read_s3_uris        = concat([var.data.s3_uri], var.data.validation_s3_uri[*], local.manifest_uris, ["${var.output_s3_uri}/"])
    read_object_s3_uris = []
    write_s3_uris       = [var.output_s3_uri]
    image_uris          = []
    log_groups          = ["Endpoints", "ProcessingJobs", "TrainingJobs", "TransformJobs"]
    log_stream_prefix   = ""
    data_kms_key_arns   = var.data_kms_key_arns
    # Autopilot picks the instances itself, and such with local storage are not among them.
    instance_type = "ml.m5.large"
    more_policies = [data.aws_iam_policy_document.candidates.json]
  }
}

# What AWS names as the least of an AutoML job's role, beside data and logs: for its explainability report
# Autopilot makes, asks and removes a short-lived endpoint of its own, and it pulls AWS's images.
data "aws_iam_policy_document" "candidates" {
  statement {
    sid = "AskOwnEndpoints"
    actions = [
      "sagemaker:CreateEndpoint",
      "sagemaker:CreateEndpointConfig",
      "sagemaker:CreateModel",
      "sagemaker:DeleteEndpoint",
      "sagemaker:DeleteEndpointConfig",
      "sagemaker:DeleteModel",
      "sagemaker:DescribeEndpoint",
      "sagemaker:DescribeEndpointConfig",
      "sagemaker:DescribeModel",
      "sagemaker:InvokeEndpoint",
      "sagemaker:ListTags",
    ]
    resources = flatten([
      for prefix in local.job_prefixes : [
        for kind in ["endpoint", "endpoint-config", "model"] : "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:${kind}/${prefix}-*"
      ]
    ])
  }
  statement {
    sid       = "PassItself"
    actions   = ["iam:PassRole"]
    resources = [local.execution_role_arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  # Which of AWS's own images a candidate uses is not known before; their accounts differ by region.
  statement {
    sid       = "PullAwsImages"
    actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    resources = local.aws_image_arns
  }

  statement {
    sid     = "LogInToAwsRegistries"
    actions = ["ecr:GetAuthorizationToken"]
    # wildcard: ECR has no resource level for logging in.
    resources = ["*"]
  }
}
