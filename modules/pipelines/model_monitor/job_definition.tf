# What SageMaker does at each run. A job definition cannot be changed in AWS, so its name (and its key here)
# carries a hash of its content: a change makes a new one, moves the schedule over, then removes the old.
#
# Data quality is the provider's own resource; the other kinds (and excluded features and runs of more than
# an hour, which the provider lacks) go through Cloud Control with the schema that AWS publishes, so that a
# plan needs no call.

locals {
  job_definition_key  = substr(sha256(jsonencode(local.job_definition)), 0, 8)
  job_definition_name = "${var.name}-${local.job_definition_key}"
  is_native           = var.kind == "data_quality" && length(var.attributes.excluded_features) == 0 && var.max_runtime_seconds <= 3600

  # The document, as Cloud Control takes it; the names of its parts begin with the kind.
  job_definition = merge(
    {
      RoleArn                         = "arn:${local.partition}:iam::${var.account_id}:role/${var.name}-execution"
      JobResources                    = { ClusterConfig = local.cluster }
      StoppingCondition               = { MaxRuntimeInSeconds = var.max_runtime_seconds }
      "${local.type}AppSpecification" = local.app_specification
      "${local.type}BaselineConfig"   = local.baseline_config
      "${local.type}JobInput"         = local.job_input
      "${local.type}JobOutputConfig"  = local.job_output
    },
    { for member, network in { NetworkConfig = local.network } : member => network if length(network) > 0 },
  )

  app_specification = { for member, value in {
    ImageUri                        = local.image_uri
    ConfigUri                       = local.is_clarify ? "${local.baseline_s3_uri}/monitor/analysis_config.json" : null
    ProblemType                     = var.kind == "model_quality" ? var.attributes.problem_type : null
    RecordPreprocessorSourceUri     = var.scripts.record_preprocessor_s3_uri
    PostAnalyticsProcessorSourceUri = var.scripts.post_analytics_processor_s3_uri
    Environment                     = { publish_cloudwatch_metrics = "Enabled" }
  } : member => value if value != null }

  baseline_config = { for member, file in {
    ConstraintsResource = local.is_clarify ? "analysis.json" : "constraints.json"
    StatisticsResource  = var.kind == "data_quality" ? "statistics.json" : null
  } : member => { S3Uri = "${local.baseline_s3_uri}/${file}" } if file != null }

  # Probability and threshold only say something about two classes, the threshold nothing about why.
  endpoint_input = { for member, value in {
    EndpointName                  = var.endpoint_name
    LocalPath                     = "${local.container}/input/${var.kind}_input"
    S3DataDistributionType        = "FullyReplicated"
    S3InputMode                   = "File"
    FeaturesAttribute             = local.is_clarify ? var.attributes.features_attribute : null
    InferenceAttribute            = var.kind == "data_quality" ? null : var.attributes.inference_attribute
    ProbabilityAttribute          = var.kind != "data_quality" && local.is_binary ? var.attributes.probability_attribute : null
    ProbabilityThresholdAttribute = contains(["model_quality", "model_bias"], var.kind) && local.is_binary ? var.attributes.probability_threshold : null
    StartTimeOffset               = try(var.ground_truth.start_time_offset, null)
    EndTimeOffset                 = try(var.ground_truth.end_time_offset, null)
    ExcludeFeaturesAttribute      = length(var.attributes.excluded_features) == 0 ? null : join(",", var.attributes.excluded_features)
  } : member => value if value != null }

  job_input = merge(
    { EndpointInput = local.endpoint_input },
    { for member, uri in { GroundTruthS3Input = try(trimsuffix(var.ground_truth.s3_uri, "/"), null) } : member => { S3Uri = uri } if uri != null },
  )

  job_output = merge(
    {
      MonitoringOutputs = [{
        S3Output = {
          S3Uri        = local.report_s3_uri
          LocalPath    = "${local.container}/output/${var.kind}_output"
          S3UploadMode = "EndOfJob"
        }
      }]
    },
    { for member, key in { KmsKeyId = var.kms_key_arn } : member => key if key != null },
  )
}

resource "aws_sagemaker_data_quality_job_definition" "this" {
  for_each = toset(local.is_native ? [local.job_definition_key] : [])

  name     = local.job_definition_name
  role_arn = local.execution_role_arn
  tags     = var.tags

  data_quality_app_specification {
    image_uri                           = local.app_specification.ImageUri
    environment                         = local.app_specification.Environment
    record_preprocessor_source_uri      = var.scripts.record_preprocessor_s3_uri
    post_analytics_processor_source_uri = var.scripts.post_analytics_processor_s3_uri
  }

  data_quality_baseline_config {
    constraints_resource {
      s3_uri = local.baseline_config.ConstraintsResource.S3Uri
    }

    statistics_resource {
      s3_uri = try(local.baseline_config.StatisticsResource.S3Uri, null)
    }
  }

  data_quality_job_input {
    endpoint_input {
      endpoint_name             = var.endpoint_name
      local_path                = local.endpoint_input.LocalPath
      s3_data_distribution_type = local.endpoint_input.S3DataDistributionType
      s3_input_mode             = local.endpoint_input.S3InputMode
    }
  }

  data_quality_job_output_config {
    kms_key_id = var.kms_key_arn

    monitoring_outputs {
      s3_output {
        s3_uri         = local.report_s3_uri
        local_path     = "${local.container}/output/${var.kind}_output"
        s3_upload_mode = "EndOfJob"
      }
    }
  }

  job_resources {
    cluster_config {
      instance_type     = var.instances.type
      instance_count    = var.instances.count
      volume_size_in_gb = var.instances.volume_size_gb
      volume_kms_key_id = local.volume_kms_key
    }
  }

  dynamic "network_config" {
    for_each = length(local.network) == 0 ? [] : [var.vpc]

    content {
      enable_network_isolation                  = var.network.isolation
      enable_inter_container_traffic_encryption = var.network.encrypt_inter_container_traffic

      dynamic "vpc_config" {
        for_each = network_config.value[*]

        content {
          security_group_ids = vpc_config.value.security_group_ids
          subnets            = vpc_config.value.subnet_ids
        }
      }
    }
  }

  stopping_condition {
    max_runtime_in_seconds = var.max_runtime_seconds
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.execution]
}

resource "aws_cloudcontrolapi_resource" "job_definition" {
  for_each = toset(local.is_native ? [] : [local.job_definition_key])

  type_name = "AWS::SageMaker::${local.type}JobDefinition"
  schema    = file("${path.module}/schemas/${local.type}JobDefinition.json")
  desired_state = jsonencode(merge(local.job_definition, {
    JobDefinitionName = local.job_definition_name
    RoleArn           = local.execution_role_arn
    Tags              = [for key, value in local.tags : { Key = key, Value = value }]
  }))

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.execution]
}
