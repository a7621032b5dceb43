# One hyperparameter tuning job, run by a Step Functions state machine that a release or a schedule starts.
# In: an image, data, ranges, what to run on. Out: the artifacts of its training jobs in S3 and, if asked,
# the best one as a version in the Model Registry with its metrics.
#
#   definition.tf     the job and what follows it, as states
#   permissions.tf    what the state machine may do
#   execution.tf, machine.tf, notifications.tf, outcome.tf, schedule.tf
#                     the same files in every job module: roles, the machine, how it ends, the clock

data "aws_default_tags" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  tags      = merge(data.aws_default_tags.current.tags, var.tags)

  # 21 characters, a hyphen and the 10 of a run: 32, SageMaker's limit for tuning jobs. Their training
  # jobs append to that.
  _label     = coalesce(var.job_name, var.name)
  job_prefix = length(local._label) <= 21 ? local._label : "${trimsuffix(substr(local._label, 0, 12), "-")}-${substr(sha256(local._label), 0, 8)}"

  output_bucket = split("/", trimprefix(var.output_s3_uri, "s3://"))[0]
  output_prefix = trimprefix(trimprefix(var.output_s3_uri, "s3://${local.output_bucket}"), "/")
  # What each run writes beside the artifacts, by its training job's name: metrics.
  output_folder = local.output_prefix == "" ? "" : "${local.output_prefix}/"

  job = {
    kind          = "tuning job"
    status_member = "HyperParameterTuningJobStatus"
    more_reasons  = []
  }

  # A manifest names objects anywhere; unless told where, they may be anywhere in the manifest's bucket.
  manifest_uris = flatten([
    for channel in var.channels :
    channel.s3_data_type == "S3Prefix" ? []
    : length(channel.referenced_s3_uris) > 0 ? sort(channel.referenced_s3_uris)
    : ["s3://${split("/", trimprefix(channel.s3_uri, "s3://"))[0]}/"]
  ])

  # SageMaker gives every training job of a tuning job the same checkpoint prefix. An interrupted job that
  # found another's checkpoint there would go on with the wrong hyperparameters, so there is none unless
  # the algorithm keeps its checkpoints apart by itself.
  shared_checkpoint_s3_uri = try(var.instances.spot.shared_checkpoint_s3_uri, null)

  execution = {
    read_s3_uris        = concat(values(var.channels)[*].s3_uri, local.manifest_uris, local.shared_checkpoint_s3_uri[*])
    read_object_s3_uris = []
    write_s3_uris       = concat([var.output_s3_uri], local.shared_checkpoint_s3_uri[*])
    image_uris          = [var.algorithm.image_uri]
    log_groups          = ["TrainingJobs"]
    log_stream_prefix   = "${local.job_prefix}-"
    data_kms_key_arns   = var.data_kms_key_arns
    instance_type       = var.instances.type
    more_policies       = []
  }

  stopped_machine_arn = null
}
