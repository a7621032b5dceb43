# The baseline job: SageMaker's own image reads the data set and writes what is normal.

locals {
  container = "/opt/ml/processing"

  baseline_states = {
    MakeTheBaseline = {
      Type       = "Task"
      Resource   = "arn:${local.partition}:states:::sagemaker:createProcessingJob.sync"
      Parameters = local.baseline_job
      ResultPath = "$.result"
      Retry      = local.start_retry
      Catch      = local.caught
      Next       = "LookHowItEnded"
    }
    LookHowItEnded = {
      Comment = "A job that somebody stopped has made no baseline."
      Type    = "Choice"
      Choices = [{ Not = { Variable = "$.result.ProcessingJobStatus", StringEquals = "Completed" }, Next = "GiveStatus" }]
      Default = local.is_clarify ? "RememberTheModel" : local.with_baseline
    }
  }

  baseline_job = merge(
    {
      "ProcessingJobName.$" = "$.job"
      RoleArn               = local.execution_role_arn
      AppSpecification      = { ImageUri = local.image_uri }
      Environment           = local.baseline_environment
      ProcessingInputs      = local.baseline_inputs
      ProcessingOutputConfig = merge(
        {
          Outputs = [{
            OutputName = local.is_clarify ? "analysis_result" : "monitoring_output"
            S3Output   = { S3Uri = local.baseline_s3_uri, LocalPath = "${local.container}/output", S3UploadMode = "EndOfJob" }
          }]
        },
        { for member, key in { KmsKeyId = var.kms_key_arn } : member => key if key != null },
      )
      ProcessingResources = { ClusterConfig = local.cluster }
      Tags                = [for key, value in local.tags : { Key = key, Value = value }]
    },
    { for member, seconds in { StoppingCondition = var.baseline.max_runtime_seconds } : member => { MaxRuntimeInSeconds = seconds } if seconds != null },
    { for member, network in { NetworkConfig = local.network } : member => network if length(network) > 0 },
  )

  cluster = merge(
    { InstanceType = var.instances.type, InstanceCount = var.instances.count, VolumeSizeInGB = var.instances.volume_size_gb },
    { for member, key in { VolumeKmsKeyId = local.volume_kms_key } : member => key if key != null },
  )

  network = merge(
    { for member, on in { EnableNetworkIsolation = var.network.isolation, EnableInterContainerTrafficEncryption = var.network.encrypt_inter_container_traffic } : member => on if on },
    { for member, vpc in { VpcConfig = local.vpc_config } : member => vpc if vpc != null },
  )

  # What the image is told by its environment; Clarify reads a file instead.
  baseline_environment = local.is_clarify ? {} : { for name, value in {
    dataset_format                  = jsonencode({ csv = { header = true, output_columns_position = "START" } })
    dataset_source                  = "${local.container}/input/baseline_dataset_input"
    output_path                     = "${local.container}/output"
    publish_cloudwatch_metrics      = "Disabled"
    record_preprocessor_script      = local.script_paths.record_preprocessor
    post_analytics_processor_script = local.script_paths.post_analytics_processor
    analysis_type                   = var.kind == "model_quality" ? "MODEL_QUALITY" : null
    problem_type                    = var.kind == "model_quality" ? var.attributes.problem_type : null
    ground_truth_attribute          = var.kind == "model_quality" ? var.attributes.baseline_ground_truth_column : null
    inference_attribute             = var.kind == "model_quality" && !local.judges_probability ? var.attributes.baseline_inference_column : null
    probability_attribute           = var.kind == "model_quality" && local.judges_probability ? var.attributes.baseline_probability_column : null
    probability_threshold_attribute = var.kind == "model_quality" && local.judges_probability ? tostring(var.attributes.probability_threshold) : null
  } : name => value if value != null }

  # Of a binary classification the probabilities are judged if column and threshold are known.
  is_binary          = var.attributes.problem_type == "BinaryClassification"
  judges_probability = local.is_binary && var.attributes.baseline_probability_column != null && var.attributes.probability_threshold != null

  script_paths = {
    record_preprocessor      = var.scripts.record_preprocessor_s3_uri == null ? null : "${local.container}/input/record_preprocessor_script_input/${basename(var.scripts.record_preprocessor_s3_uri)}"
    post_analytics_processor = var.scripts.post_analytics_processor_s3_uri == null ? null : "${local.container}/input/post_analytics_processor_script_input/${basename(var.scripts.post_analytics_processor_s3_uri)}"
  }

  baseline_inputs = [
    for input in [
      { name = local.is_clarify ? "dataset" : "baseline_dataset_input", uri = var.baseline.dataset_s3_uri, path = local.is_clarify ? "input/data" : "input/baseline_dataset_input" },
      { name = "analysis_config", uri = local.is_clarify ? "${local.baseline_s3_uri}/analysis_config.json" : null, path = "input/config" },
      { name = "record_preprocessor_script_input", uri = var.scripts.record_preprocessor_s3_uri, path = "input/record_preprocessor_script_input" },
      { name = "post_analytics_processor_script_input", uri = var.scripts.post_analytics_processor_s3_uri, path = "input/post_analytics_processor_script_input" },
      ] : {
      InputName = input.name
      S3Input = {
        S3Uri                  = input.uri
        LocalPath              = "${local.container}/${input.path}"
        S3DataType             = "S3Prefix"
        S3InputMode            = "File"
        S3DataDistributionType = "FullyReplicated"
        S3CompressionType      = "None"
      }
    } if input.uri != null
  ]
}
