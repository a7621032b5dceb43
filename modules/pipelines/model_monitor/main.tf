# One monitor of an endpoint: its baseline, what SageMaker does at each run, and when it runs.
# In: the endpoint, a baseline data set, where things stand in it. Out: reports in S3, alarms.
#
#   release ──► state machine: schedule stopped ─► baseline ─► schedule started
#   schedule ─► job definition ─► reports ─► metrics and alarms
#
#   definition.tf      the state machine: the baseline first, then the schedule (or one run, NOW)
#   baseline.tf        the job that makes the baseline
#   analysis.tf        what Clarify is told (bias, explainability)
#   job_definition.tf  what SageMaker does at each run; schedule.tf when
#   results.tf         runs that found something: metrics and alarms
#   follow.tf          a baseline of Clarify's is made anew when the endpoint gets another model
#   execution.tf, machine.tf, notifications.tf, outcome.tf
#                      the same files in every job module: roles, the machine, how it ends

data "aws_default_tags" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_sagemaker_prebuilt_ecr_image" "this" {
  count = var.image_uri == null ? 1 : 0

  repository_name = local.is_clarify ? "sagemaker-clarify-processing" : "sagemaker-model-monitor-analyzer"
  image_tag       = local.is_clarify ? "1.0" : ""
}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  tags      = merge(data.aws_default_tags.current.tags, var.tags)

  is_clarify = contains(["model_bias", "model_explainability"], var.kind)
  is_once    = var.schedule.expression == "NOW"
  # DataQuality, ModelBias, ...: what SageMaker calls the kind.
  type      = join("", [for word in split("_", var.kind) : title(word)])
  image_uri = var.image_uri == null ? trimsuffix(data.aws_sagemaker_prebuilt_ecr_image.this[0].registry_path, ":") : var.image_uri

  endpoint_arns = distinct([
    for name in [lower(var.endpoint_name), var.endpoint_name] :
    "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:endpoint/${name}"
  ])

  # Baseline results stand in a folder of their own, named by what they are made from: a change makes
  # them anew and leaves the old ones, and what a person put right by hand in a file here stays.
  baseline_content = {
    kind        = var.kind
    dataset     = var.baseline.dataset_s3_uri
    environment = jsonencode(local.baseline_environment)
    analysis    = local.analysis
    headers     = var.baseline.headers
    image       = local.image_uri
    scripts     = var.scripts
    variant     = var.prediction.variant_name
    revision    = var.baseline.revision
  }
  baseline_s3_uri = "${trimsuffix(var.baseline.output_s3_uri, "/")}/${var.name}-${substr(sha256(jsonencode(local.baseline_content)), 0, 8)}"
  baseline_bucket = split("/", local.baseline_s3_uri)[2]
  baseline_prefix = join("/", slice(split("/", local.baseline_s3_uri), 3, length(split("/", local.baseline_s3_uri))))
  report_s3_uri   = trimsuffix(var.output_s3_uri, "/")

  dataset_bucket = split("/", var.baseline.dataset_s3_uri)[2]
  dataset_key    = join("/", slice(split("/", var.baseline.dataset_s3_uri), 3, length(split("/", var.baseline.dataset_s3_uri))))
  script_uris    = compact([var.scripts.record_preprocessor_s3_uri, var.scripts.post_analytics_processor_s3_uri])

  # 44 characters at most, a hyphen and the 10 of a run.
  job_prefix = var.name

  job = {
    kind          = "baseline job"
    status_member = "ProcessingJobStatus"
    more_reasons  = [{ Variable = "$.cause.description.ExitMessage", IsPresent = true, Next = "GiveExitMessage" }]
  }

  execution = {
    read_s3_uris        = [for uri in concat([var.data_capture_s3_uri, local.baseline_s3_uri, local.report_s3_uri], var.ground_truth[*].s3_uri) : "${trimsuffix(uri, "/")}/"]
    read_object_s3_uris = concat([var.baseline.dataset_s3_uri], local.script_uris, compact([try(var.explainability.baseline_s3_uri, null)]))
    write_s3_uris       = [local.baseline_s3_uri, local.report_s3_uri]
    image_uris          = [local.image_uri]
    log_groups          = ["ProcessingJobs"]
    # SageMaker names the jobs of a schedule itself.
    log_stream_prefix = ""
    data_kms_key_arns = var.data_kms_key_arns
    instance_type     = var.instances.type
    more_policies     = concat([data.aws_iam_policy_document.metrics.json], data.aws_iam_policy_document.clarify[*].json)
  }

  stopped_machine_arn = null
}

# Model quality, bias and explainability publish below aws/sagemaker/, without the leading slash.
data "aws_iam_policy_document" "metrics" {
  statement {
    sid     = "PutMonitoringMetrics"
    actions = ["cloudwatch:PutMetricData"]
    # wildcard: CloudWatch has no resource level for metrics; the namespace is the limit.
    resources = ["*"]

    condition {
      test     = "StringLike"
      variable = "cloudwatch:namespace"
      values   = ["aws/sagemaker/*"]
    }
  }
}

# Clarify asks the model through an endpoint that it makes for the time of a job.
data "aws_iam_policy_document" "clarify" {
  count = local.is_clarify ? 1 : 0

  statement {
    sid = "AskTheModel"
    actions = [
      "sagemaker:AddTags",
      "sagemaker:CreateEndpoint",
      "sagemaker:CreateEndpointConfig",
      "sagemaker:DeleteEndpoint",
      "sagemaker:DeleteEndpointConfig",
      "sagemaker:DescribeEndpoint",
      "sagemaker:DescribeEndpointConfig",
      "sagemaker:InvokeEndpoint",
    ]
    resources = flatten([
      for prefix in [local.shadow_prefix, "sagemaker-clarify-"] : [
        "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:endpoint/${prefix}*",
        "arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:endpoint-config/${prefix}*",
      ]
    ])
  }

  statement {
    sid     = "LookAtTheModel"
    actions = ["sagemaker:DescribeModel"]
    # Which model the endpoint has is only known when the job runs.
    resources = ["arn:${local.partition}:sagemaker:${local.region}:${var.account_id}:model/*"]
  }
}
