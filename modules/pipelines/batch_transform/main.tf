# One model and the transform jobs that score data with it, each run by a Step Functions state machine
# that a release or a schedule starts.
# In: a model (image and artifact, or a registered version), data in S3. Out: predictions in S3.
#
#   definition.tf     the job and what follows it, as states
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

  # A model cannot be changed in AWS, so its name carries a hash of its content: a change makes a new one
  # before the old one goes.
  model_name = "${var.name}-${substr(sha256(jsonencode([var.model, var.vpc])), 0, 8)}"
  # SageMaker takes an object as an archive and a folder as it is.
  artifact_is_folder = var.model.artifact_s3_uri == null ? false : endswith(var.model.artifact_s3_uri, "/")

  # 52 characters, a hyphen and the 10 of a run: 63, SageMaker's limit for transform jobs.
  _label     = coalesce(var.job_name, var.name)
  job_prefix = length(local._label) <= 52 ? local._label : "${trimsuffix(substr(local._label, 0, 43), "-")}-${substr(sha256(local._label), 0, 8)}"

  job = {
    kind          = "transform job"
    status_member = "TransformJobStatus"
    more_reasons  = []
  }

  # A manifest names objects anywhere; unless told where, they may be anywhere in the manifest's bucket.
  manifest_uris = (
    var.input.s3_data_type == "S3Prefix" ? []
    : length(var.input.referenced_s3_uris) > 0 ? sort(var.input.referenced_s3_uris)
    : ["s3://${split("/", trimprefix(var.input.s3_uri, "s3://"))[0]}/"]
  )
  artifact_uris  = concat(var.model.artifact_s3_uri[*], sort(var.model.package_artifact_s3_uris))
  capture_s3_uri = var.data_capture == null ? null : trimsuffix(var.data_capture.destination_s3_uri, "/")

  execution = {
    read_s3_uris        = concat([var.input.s3_uri], local.manifest_uris, [for uri in local.artifact_uris : uri if endswith(uri, "/")])
    read_object_s3_uris = [for uri in local.artifact_uris : uri if !endswith(uri, "/")]
    write_s3_uris       = concat([var.output.s3_uri], local.capture_s3_uri[*])
    image_uris          = concat(var.model.image_uri[*], sort(var.model.package_image_uris))
    log_groups          = ["TransformJobs"]
    log_stream_prefix   = "${local.job_prefix}-"
    data_kms_key_arns   = setunion(var.data_kms_key_arns, var.model.artifact_kms_key_arns)
    instance_type       = var.instances.type
    more_policies       = []
  }

  stopped_machine_arn = null
}

resource "aws_sagemaker_model" "this" {
  name                     = local.model_name
  execution_role_arn       = local.execution_role_arn
  enable_network_isolation = var.model.network_isolation
  tags                     = var.tags

  primary_container {
    image              = var.model.image_uri
    model_data_url     = local.artifact_is_folder ? null : var.model.artifact_s3_uri
    model_package_name = var.model.model_package_arn
    environment        = var.model.environment

    dynamic "model_data_source" {
      for_each = local.artifact_is_folder ? [var.model.artifact_s3_uri] : []

      content {
        s3_data_source {
          compression_type = "None"
          s3_data_type     = "S3Prefix"
          s3_uri           = model_data_source.value
        }
      }
    }
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnets            = vpc_config.value.subnet_ids
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  # SageMaker looks at the image and the artifact with this role when the model is made, and again
  # whenever an instance starts: the permission comes first and goes last.
  depends_on = [aws_iam_role_policy.execution]
}
